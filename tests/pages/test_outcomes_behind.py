"""What is behind a figure: the dialog with its conclusions, and the files of every table."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.errors import NotPermitted
from core.model import SYSTEM, Category, Reason, Role, ValueMode
from core.reports import behind
from core.ui import inbox, outcome_details
from core.ui.outcome_topics import TOPICS
from tests.conftest import NOW, Team, change_user, write
from tests.pages.conftest import Look
from tests.pages.outcomes import HOSTILE, PAGE, at_address, conclude
from tests.pages.test_conversations import ended

HEADS = 9  # of the dialog's table, but for the conversation


@pytest.fixture
def price(desk: Desk) -> Reason:
    return services.create_reason(desk, SYSTEM, HOSTILE, Category.LOST, ValueMode.OPTIONAL, now=NOW)


@pytest.fixture
def some(desk: Desk, team: Team, sale: Reason, price: Reason) -> list[Any]:
    made = [
        conclude(desk, team, 1, sale, "100.50"),
        conclude(desk, team, 2, sale, "50", days=3),
        conclude(desk, team, 3, price, "9.90", days=5),
        conclude(desk, team, 4, price, days=6),
        conclude(desk, team, 5, days=7),
    ]
    write(desk, "again", NOW - timedelta(days=2, hours=20), address="552")  # came back
    return made


def open_(test: AppTest, what: str) -> AppTest:
    test.button(key=f"behind-{what}").click().run()
    ended(test)
    return test


def shown(test: AppTest) -> Any:
    """The dialog's table; None where there is no dialog, or nothing in it."""
    found = [f.value for f in test.dataframe if f.value.shape[1] >= HEADS]
    return found[0] if found else None


def reasons(test: AppTest) -> list[str]:
    rows = shown(test)
    return [] if rows is None else rows.iloc[:, -5].fillna("").tolist()


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("conclusions", ["Venda", "Venda", HOSTILE, HOSTILE, ""]),
        ("classified_share", [""]),
        ("achieved_rate", ["Venda", HOSTILE, HOSTILE]),
        ("value_achieved", ["Venda"]),
        ("value_lost", [HOSTILE]),
        ("reopened_share", ["Venda"]),
        ("median_time", ["Venda", "Venda", HOSTILE, HOSTILE, ""]),
    ],
)
def test_each_figure_opens_its_conclusions(
    desk: Desk, team: Team, some: list[Any], look: Look, what: str, expected: list[str]
) -> None:
    test = look(team.marta, page=PAGE)
    ended(test)
    assert shown(test) is None
    assert reasons(open_(test, what)) == expected
    test.run()
    assert shown(test) is None  # it was asked for once


def test_a_row_says_everything_exactly(desk: Desk, team: Team, some: list[Any], look: Look) -> None:
    test = open_(look(team.marta, page=PAGE), "conclusions")
    rows = shown(test)
    first = rows.iloc[0].tolist()[1:]
    assert first[0].to_pydatetime() == NOW + timedelta(minutes=10)
    assert [first[1], first[3], first[4], first[6], first[7]] == [
        "Ana", "Venda", "R$\xa0100,50", "10 min", "whatsapp",
    ]  # fmt: skip
    assert rows.iloc[1].tolist()[6].to_pydatetime() == NOW - timedelta(days=2, hours=20)  # when it came back


def test_who_may_see_conversations_opens_them(desk: Desk, team: Team, some: list[Any], look: Look) -> None:
    for who in (team.marta, team.clara):
        rows = shown(open_(look(who, page=PAGE), "conclusions"))
        assert rows.shape[1] == HEADS
        links = rows.iloc[:, 0].tolist()
        for link, conversation_id in zip(links, some, strict=True):
            parts = urlsplit(link)
            assert (parts.scheme, parts.netloc, parts.path) == ("", "", "./")  # where these roles begin
            assert parse_qs(parts.query)[inbox.OPENED] == [str(conversation_id)]


def test_an_analyst_sees_no_conversation(desk: Desk, team: Team, some: list[Any], look: Look) -> None:
    test = open_(look(team.nadia, page=PAGE), "conclusions")
    (rows,) = (f.value for f in test.dataframe if f.value.shape[1] == HEADS - 1 and len(f.value) == len(some))
    said = rows.to_csv() + "".join(str(frame.proto) for frame in test.dataframe)
    assert not any(str(conversation_id) in said for conversation_id in some)


def test_pages_of_many(
    desk: Desk, team: Team, sale: Reason, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_details, "ROWS", 4)
    made = [str(conclude(desk, team, n, sale, str(n), days=n / 10)) for n in range(10)]
    test = open_(look(team.marta, page=PAGE), "conclusions")

    def ids() -> list[str]:
        return [parse_qs(urlsplit(link).query)[inbox.OPENED][0] for link in shown(test).iloc[:, 0]]

    assert ids() == made[:4]
    assert any("10" in caption.value for caption in test.caption)
    for page in (2, 3):
        test.session_state[outcome_details.OPEN] = (
            "conclusions"  # here all of the page runs, not the dialog alone
        )
        test.pagination(key=outcome_details.PAGE).set_value(page).run()
        ended(test)
        assert ids() == made[4 * page - 4 : 4 * page]
    open_(test, "value_achieved")
    assert ids() == made[:4]  # from the beginning


def test_nothing_behind(desk: Desk, team: Team, sale: Reason, look: Look) -> None:
    conclude(desk, team, 1, sale, "1")
    assert shown(open_(look(team.marta, page=PAGE), "reopened_share")) is None


# Files ---------------------------------------------------------------------------------------------


@dataclass
class Files:
    """The download buttons of the last run, by key."""

    names: dict[str, str]
    makers: dict[str, Callable[[], bytes]]

    def csv(self, key: str) -> list[list[str]]:
        content = self.makers[f"file-{key}-csv"]().decode("utf-8-sig")
        return list(csv.reader(io.StringIO(content, newline="")))


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    seen = Files({}, {})
    draw = st.download_button

    def remember(label: str, data: Any, file_name: str, *others: Any, key: str, **more: Any) -> Any:
        seen.names[key], seen.makers[key] = file_name, data
        return draw(label, data, file_name, *others, key=key, **more)

    monkeypatch.setattr(st, "download_button", remember)
    return seen


TABLES = {
    "outcomes": ("over-time", "reasons"),
    "agents": ("agents",),
    "back": ("reopening", "reopened-reasons"),
    "unclassified": ("unclassified", "unclassified-agents"),
    "times": ("times", "hours"),
    "changes": ("edits",),
}


def test_every_table_has_its_files(
    desk: Desk, team: Team, sale: Reason, some: list[Any], look: Look, files: Files
) -> None:
    write(desk, "again", NOW + timedelta(minutes=11), address="553")
    lost = services.conversation(desk, SYSTEM, some[1]).conclusions[0]
    services.edit_classification(desk, team.ana, lost.id, sale.id, "51", now=NOW)
    assert set(TABLES) == set(TOPICS)
    for topic, tables in TABLES.items():
        files.names.clear()
        ended(at_address(look, team.marta, {"topic": topic}))
        assert set(files.names) == {
            f"file-{of}-{kind}" for of in tables for kind in ("csv", "xlsx", "parquet")
        }
    for key, make in files.makers.items():
        assert make()[:2] == {"csv": b"\xef\xbb", "xlsx": b"PK", "parquet": b"PA"}[key.split("-")[-1]]


def test_files_hold_what_is_shown(desk: Desk, team: Team, some: list[Any], look: Look, files: Files) -> None:
    for topic in ("outcomes", "agents"):
        ended(at_address(look, team.marta, {"topic": topic}))
    assert files.names["file-reasons-csv"] == "desfecho-motivos-2026-02-03-2026-03-02.csv"
    assert (
        files.names["file-over-time-xlsx"]
        == "desfecho-desfechos-ao-longo-do-tempo-2026-02-03-2026-03-02.xlsx"
    )
    (_, *over_time) = files.csv("over-time")
    assert len(over_time) == 28
    assert over_time[-1] == ["2026-03-02", "1", "0", "0", "0", "0"]
    (_, *by_reason) = files.csv("reasons")
    assert [row[1:5] for row in by_reason] == [
        [f"'{HOSTILE}", "2", "9.90", "BRL"], ["Venda", "1", "100.50", "BRL"],
    ]  # fmt: skip
    (_, agent) = files.csv("agents")
    assert (agent[0], agent[1], agent[2], agent[7]) == ("Ana", "5", "0.8", "100.50")


def test_the_file_behind_a_figure_holds_all_of_them(
    desk: Desk, team: Team, some: list[Any], look: Look, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_details, "ROWS", 2)
    open_(look(team.marta, page=PAGE), "conclusions")
    (head, *rows) = files.csv("behind")
    assert [row[0] for row in rows] == [str(conversation_id) for conversation_id in some]
    assert rows[0][1] == "2026-03-02 10:10:00" and head[1].endswith(" (America/Sao_Paulo)")
    assert rows[2][4] == f"'{HOSTILE}"
    found = pq.read_table(io.BytesIO(files.makers["file-behind-parquet"]())).to_pylist()
    assert list(found[0].values())[1] == NOW + timedelta(minutes=10)
    assert len(found) == len(some)

    open_(look(team.nadia, page=PAGE), "conclusions")
    (of_analysts, *rows) = files.csv("behind")
    assert of_analysts == head[1:]
    assert not any(str(conversation_id) in " ".join(row) for row in rows for conversation_id in some)


def test_it_is_said_where_a_file_holds_not_all(
    desk: Desk, team: Team, some: list[Any], look: Look, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(open_(look(team.marta, page=PAGE), "conclusions").caption)
    monkeypatch.setattr(behind, "MOST_ROWS", 3)
    test = open_(look(team.marta, page=PAGE), "conclusions")
    assert len(test.caption) == before + 1
    assert len(files.csv("behind")) == 1 + 3


def test_who_sees_outcomes_no_more_gets_no_file(
    desk: Desk, team: Team, some: list[Any], look: Look, files: Files
) -> None:
    look(team.marta, page=PAGE)
    change_user(desk, team.marta, Role.AGENT)
    with pytest.raises(NotPermitted):
        files.makers["file-reasons-csv"]()
