"""Registro: who did what and when, and what was refused, for administrators."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.errors import AppError, NotPermitted
from core.ids import new_id
from core.model import SYSTEM, Caller, Category, Reason, RecordFilter, Role, Topic, ValueMode
from core.ui import record
from core.ui.pages import PAGES
from tests.conftest import NOW, Team, add_user, change_user, write
from tests.pages.conftest import Clock, Look

PAGE = str(PAGES / "admin" / "record.py")


def refused(ask: Callable[[], object]) -> None:
    with pytest.raises(NotPermitted):
        ask()


def shown(test: AppTest) -> pd.DataFrame:
    assert not test.exception
    (table,) = test.dataframe
    return table.value


@pytest.fixture
def day(desk: Desk, team: Team, sale: Reason) -> UUID:
    opened = write(desk, "m1").conversation_id
    services.assign(desk, team.ana, opened, now=NOW)
    refused(lambda: services.conclude(desk, team.bruno, opened, now=NOW + timedelta(minutes=1)))
    services.conclude(desk, team.ana, opened, sale.id, "10", now=NOW + timedelta(minutes=2))
    return opened


def test_who_did_what_about_what_and_when(look: Look, team: Team, day: UUID) -> None:
    table = shown(look(team.clara, page=PAGE))
    newest = table.head(3)
    assert list(newest["Quem"]) == ["Ana", "Bruno", "Ana"]
    assert list(newest["O quê"]) == [
        "Concluir atendimento",
        "Concluir atendimento",
        "Assumir ou atribuir atendimento",
    ]
    assert list(newest["Sobre"]) == ["João"] * 3
    assert all(f"c={day}" in link for link in newest["Atendimento"])
    assert list(newest["Recusa"].fillna("")) == ["", "Sem permissão", ""]
    assert f"{newest['Quando'][0]:%d/%m/%Y %H:%M %Z}" == "02/03/2026 10:02 -03"
    assert "Receber mensagem" not in set(table["O quê"])


def test_the_filters_narrow_it(look: Look, team: Team, day: UUID) -> None:
    test = look(team.clara, page=PAGE)
    test.toggle(key="record-refused").set_value(True).run()
    assert list(shown(test)["Quem"]) == ["Bruno"]
    test.toggle(key="record-refused").set_value(False)
    test.selectbox(key="record-topic").set_value(Topic.SETTINGS).run()
    assert list(shown(test)["Sobre"]) == ["Venda"]
    test.selectbox(key="record-topic").set_value(None)
    test.selectbox(key="record-person").set_value(team.ana.user_id).run()
    assert set(shown(test)["Quem"]) == {"Ana"}
    test.selectbox(key="record-person").set_value(None)
    test.toggle(key="record-messages").set_value(True)
    for said in (
        str(day),
        f" http://desk/?as={team.ana.user_id}&c={day} ",
        f"./?c={day}&as={team.ana.user_id}",
    ):
        test.text_input(key="record-conversation").set_value(said).run()
        assert len(shown(test)) == 4
    assert sorted(shown(test)["O quê"])[-1] == "Receber mensagem"
    for said in ("nonsense", str(new_id(NOW))):
        test.text_input(key="record-conversation").set_value(said).run()
        assert not test.exception and not test.dataframe


def test_days_are_those_of_the_organisation(look: Look, clock: Clock, team: Team, day: UUID) -> None:
    clock.now = NOW + timedelta(days=1)
    test = look(team.clara, page=PAGE)
    test.selectbox(key="record-period").set_value("1").run()
    assert not test.dataframe and any("Nada no registro" in html.value for html in test.html)
    clock.now = NOW + timedelta(hours=13, minutes=59)  # 23:59 in São Paulo
    assert len(shown(test.run())) > 0
    test.selectbox(key="record-period").set_value("free").run()
    test.date_input(key="record-days").set_value((NOW.date(), NOW.date())).run()
    assert len(shown(test)) > 0
    test.date_input(key="record-days").set_value(
        (NOW.date() - timedelta(days=2), NOW.date() - timedelta(days=1))
    ).run()
    assert not test.dataframe
    test.date_input(key="record-days").set_value(()).run()  # while somebody is choosing
    assert not test.exception


def test_older_and_newer(look: Look, desk: Desk, team: Team) -> None:
    for n in range(record.ROWS * 2):
        services.create_reason(
            desk, SYSTEM, f"Motivo {n:03}", Category.LOST, ValueMode.NONE, now=NOW + timedelta(seconds=n)
        )
    test = look(team.clara, page=PAGE)
    assert test.button(key="record-newer").disabled
    assert shown(test)["Sobre"][0] == "Motivo 099"
    test.button(key="record-older").click().run()
    assert shown(test)["Sobre"][0] == "Motivo 049"
    services.create_reason(
        desk, SYSTEM, "Mais um", Category.LOST, ValueMode.NONE, now=NOW + timedelta(hours=1)
    )
    test.button(key="record-older").click().run()
    assert test.button(key="record-older").disabled
    assert len(shown(test)) == 5  # the team
    test.button(key="record-newer").click().run()
    assert shown(test)["Sobre"][0] == "Motivo 049"
    test.selectbox(key="record-topic").set_value(Topic.SETTINGS).run()
    assert shown(test)["Sobre"][0] == "Mais um"  # other filters begin at the first page


def test_a_refused_page_is_on_record(look: Look, team: Team, clock: Clock) -> None:
    clock.now += timedelta(minutes=1)
    look(team.ana, page=PAGE)
    row = shown(look(team.clara, page=PAGE)).iloc[0]
    assert (row["Quem"], row["O quê"], row["Sobre"], row["Recusa"]) == (
        "Ana",
        "Abrir página",
        "Registro",
        "Sem permissão",
    )


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bytes]:
    """What a button for a kind of file would give."""
    made: dict[str, Any] = {}

    def catch(label: str, data: Any, *_: object, key: str, **__: object) -> None:
        made[key.rpartition("-")[2]] = data

    monkeypatch.setattr(record.downloads.st, "download_button", catch)
    return lambda ending: made[ending]()


def test_files_hold_what_the_filters_show_and_no_contact(
    look: Look, desk: Desk, team: Team, day: UUID, written: Callable[[str], bytes]
) -> None:
    look(team.clara, page=PAGE)
    table = pq.read_table(io.BytesIO(written("parquet")))
    rows = services.record_entries(desk, team.clara, RecordFilter())
    assert table.num_rows == len(rows)
    assert table["Ação"].to_pylist() == [row.action for row in rows]
    assert table["Atendimento"].to_pylist()[:3] == [str(day)] * 3
    assert "João" not in str(table.to_pydict())
    assert "João" not in written("csv").decode("utf-8-sig")
    assert written("xlsx")


def test_hostile_names_are_text_and_no_formulas(
    look: Look, desk: Desk, team: Team, written: Callable[[str], bytes]
) -> None:
    for said in ("=1+1", "<b>\u202e**", "[x](http://x)"):
        services.create_reason(desk, SYSTEM, said, Category.OTHER, ValueMode.NONE, now=NOW)
    zoe = Caller(add_user(desk, "=Zoe", Role.AGENT).id)
    refused(lambda: services.outcomes_for(desk, zoe))
    table = shown(look(team.clara, page=PAGE))
    assert {"=1+1", "<b>\ufffd**", "[x](http://x)"} <= set(table["Sobre"])
    assert "=Zoe" in set(table["Quem"])
    csv = written("csv").decode("utf-8-sig")
    assert ",'=Zoe," in csv and ",'=1+1," in csv


def test_who_is_no_longer_an_administrator_gets_no_file(
    look: Look, desk: Desk, team: Team, day: UUID, written: Callable[[str], bytes]
) -> None:
    add_user(desk, "Carla", Role.ADMIN)  # one there must be
    look(team.clara, page=PAGE)
    change_user(desk, team.clara, Role.MANAGER)
    with pytest.raises(AppError):
        written("csv")


@pytest.mark.parametrize("language", ["en", "es"])
def test_in_other_languages(look: Look, team: Team, day: UUID, language: str) -> None:
    test = look(team.clara, page=PAGE, language=language)
    assert "Ana" in set(shown(test).iloc[:, 1])
