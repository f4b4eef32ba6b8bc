"""The demonstration data: the same for a seed, believable, and inside the rules."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import demo
from core.desk import Desk, Tx, people
from core.desk.check import faults
from core.errors import Invalid
from core.facts import Facts
from core.model import Role
from tests.conftest import NOW, add_user, answer

MANY = 1_000


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Facts]]:
    folder = tmp_path_factory.mktemp("demo")
    desk, facts = Desk.open(folder, NOW), Facts.open(folder)
    report = demo.fill(desk, facts, now=NOW, conversations=MANY)
    assert (report.rejected, report.conversations) == (0, MANY)
    yield desk, facts
    facts.close()
    desk.close()


def rows(desk: Desk, question: str, *params: Any) -> list[tuple[Any, ...]]:
    return desk.read(lambda tx: tx.rows(question, *params))


def test_it_holds_what_every_desk_must(filled: tuple[Desk, Facts]) -> None:
    assert filled[0].read(faults) == []


def story(folder: Path, seed: int) -> list[list[tuple[Any, ...]]]:
    desk = Desk.open(folder, NOW)
    demo.fill(desk, now=NOW, seed=seed, conversations=40)
    found = [
        rows(desk, question)
        for question in (
            "SELECT id, folder, channel, opened_at, since FROM conversations ORDER BY id",
            "SELECT id, sent_at, direction, body FROM messages ORDER BY id",
            "SELECT c.id, c.concluded_at, u.name FROM conclusions AS c JOIN users AS u ON u.id = c.concluded_by ORDER BY 1",
            "SELECT id, version, reason, value, currency, classified_at FROM classifications ORDER BY id",
            "SELECT name, address FROM contacts ORDER BY address",
        )
    ]
    desk.close()
    return found


def test_a_seed_gives_the_same_story(tmp_path: Path) -> None:
    first = story(tmp_path / "1", seed=1)
    assert first == story(tmp_path / "again", seed=1)
    assert first != story(tmp_path / "2", seed=2)


def test_only_an_empty_desk_is_filled(desk: Desk) -> None:
    add_user(desk, "Ana", Role.ADMIN)
    with pytest.raises(Invalid, match="empty desk"):
        demo.fill(desk, now=NOW, conversations=10)


def test_the_team_has_every_role_and_one_has_left(filled: tuple[Desk, Facts]) -> None:
    team = filled[0].read(people.users)
    assert {user.role for user in team} == {Role.AGENT, Role.MANAGER, Role.ANALYST, Role.ADMIN}
    assert all((user.email or "").endswith("@exemplo.com.br") for user in team)
    [left] = [user for user in team if not user.active]
    [(last,)] = rows(filled[0], "SELECT max(concluded_at) FROM conclusions WHERE concluded_by = ?", left.id)
    assert last < NOW - demo.LEFT[1]


def test_the_reasons_are_in_use_in_all_four_categories(filled: tuple[Desk, Facts]) -> None:
    found = rows(filled[0], "SELECT category, count(*), bool_and(in_use) FROM reasons GROUP BY 1 ORDER BY 1")
    assert [(category, in_use) for category, _, in_use in found] == [
        ("achieved", True),
        ("lost", True),
        ("other", True),
        ("question", True),
    ]
    assert sum(count for _, count, _ in found) == len(demo.ENDINGS)


def test_values_go_with_the_reasons_that_ask_for_them(filled: tuple[Desk, Facts]) -> None:
    wrong = rows(
        filled[0],
        "SELECT count(*) FROM classifications AS c JOIN reasons AS r ON r.id = c.reason_id"
        " WHERE (r.value_mode = 'required' AND c.value IS NULL) OR (r.value_mode = 'none' AND c.value IS NOT NULL)",
    )
    assert wrong == [(0,)]
    assert rows(filled[0], "SELECT DISTINCT currency FROM classifications WHERE value IS NOT NULL") == [
        ("BRL",)
    ]


def test_at_most_one_open_conversation_of_a_contact(filled: tuple[Desk, Facts]) -> None:
    """R13, also in the past: no conversation begins while another of the contact goes on."""
    open_twice = "SELECT contact_id FROM conversations WHERE folder <> 'concluded' GROUP BY contact_id, channel HAVING count(*) > 1"  # fmt: skip
    assert rows(filled[0], open_twice) == []
    overlapping = """
        SELECT count(*) FROM (
            SELECT opened_at, lag(CASE WHEN folder = 'concluded' THEN since ELSE TIMESTAMP '9999-01-01' END)
                OVER (PARTITION BY contact_id, channel ORDER BY opened_at) AS before FROM conversations
        ) WHERE before > opened_at
    """
    assert rows(filled[0], overlapping) == [(0,)]


def test_a_message_reopened_inside_twelve_hours(filled: tuple[Desk, Facts]) -> None:
    """R10 would have done the same."""
    wrong = """
        SELECT count(*) FROM reopenings AS r JOIN conclusions AS c ON c.id = r.conclusion_id
        WHERE r.cause <> 'message' OR r.reopened_at > c.concluded_at + INTERVAL 12 HOUR
           OR c.archive_preference = 'immediately'
           OR NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = r.conversation_id
                          AND m.sent_at = r.reopened_at AND m.direction = 'in')
    """
    assert rows(filled[0], wrong) == [(0,)]


def test_the_open_ones_are_recent_and_with_active_agents(filled: tuple[Desk, Facts]) -> None:
    found = rows(
        filled[0],
        "SELECT c.folder, u.active, c.last_inbound_at FROM conversations AS c LEFT JOIN users AS u ON u.id = c.assigned_to"
        " WHERE c.folder <> 'concluded'",
    )
    assert 4 <= len(found) <= 120
    assert {(folder, active) for folder, active, _ in found} == {("new", None), ("in_progress", True)}
    assert sum(last > NOW - timedelta(hours=24) for *_, last in found) > len(found) / 2
    assert rows(filled[0], "SELECT max(sent_at) <= ? FROM messages", NOW) == [(True,)]


def test_the_figures_are_believable(filled: tuple[Desk, Facts]) -> None:
    [(reopened, classified, edited, at_once, categories, channels)] = answer(filled[1],
        "SELECT avg(reopened::INT), avg(classified::INT), avg((edits > 0)::INT), avg((archive_preference = 'immediately')::INT),"
        " count(DISTINCT category), count(DISTINCT channel) FROM analytics.conclusions"
    )  # fmt: skip
    assert 0.07 < reopened < 0.13
    assert 0.90 < classified < 0.97
    assert 0 < edited < 0.1
    assert 0.05 < at_once < 0.15
    assert (categories, channels) == (4, 3)


def test_a_week_has_its_rhythm(filled: tuple[Desk, Facts]) -> None:
    local = "(opened_at AT TIME ZONE 'UTC' AT TIME ZONE 'America/Sao_Paulo')"
    days = dict(rows(filled[0], f"SELECT isodow({local}), count(*) FROM conversations GROUP BY 1"))
    assert days[7] < days[6] < days[3]
    [(by_day,)] = rows(filled[0], f"SELECT avg((hour({local}) BETWEEN 8 AND 18)::INT) FROM conversations")
    assert by_day > 0.75


def test_the_work_goes_on_afterwards(filled: tuple[Desk, Facts]) -> None:
    def later(tx: Tx) -> int:
        return tx.number

    assert filled[0].read(later) == filled[0].number == filled[1].number
