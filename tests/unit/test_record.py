"""The record: what was refused is on it beside what was done, whoever was refused and however; and who asks is answered."""

import ast
import inspect
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest

from core import services
from core.desk import Desk, Tx, record
from core.errors import AppError, Invalid, NotPermitted, Unauthenticated
from core.ids import new_id
from core.model import (
    SYSTEM,
    Caller,
    Category,
    Reason,
    RecordEntry,
    RecordFilter,
    Refusal,
    Role,
    Scope,
    Topic,
    ValueMode,
)
from core.services.record import ACTIONS as TOPICS
from core.services.record import EVERYTHING
from core.ui.record import ACTIONS, REFUSALS
from tests.conftest import NOW, Team, change_user, write
from tests.unit.test_groups import together

CORE = Path(services.__file__).resolve().parents[1]
MINUTE = timedelta(minutes=1)
CANNOT = "not_permitted"


def refusals(desk: Desk) -> list[tuple[Any, ...]]:
    """User, action, subject and code of what was refused, in the order of the actions."""
    return desk.read(
        lambda tx: tx.rows("SELECT user_id, action, subject_id, code FROM refusals ORDER BY action")
    )


def count(desk: Desk) -> int:
    return len(refusals(desk))


def refused(ask: Callable[[], object], error: type[AppError] = NotPermitted) -> None:
    with pytest.raises(error):
        ask()


@pytest.fixture
def with_ana(desk: Desk, team: Team) -> UUID:
    """A conversation that Ana has."""
    opened = write(desk, "m1").conversation_id
    services.assign(desk, team.ana, opened, now=NOW)
    return opened


# What was refused ---------------------------------------------------------------------------------


def test_a_refused_command_is_on_record_and_changes_nothing(desk: Desk, team: Team, with_ana: UUID) -> None:
    number = desk.number
    at = NOW + timedelta(hours=1)
    refused(lambda: services.conclude(desk, team.bruno, with_ana, now=at))
    assert refusals(desk) == [(team.bruno.user_id, "conclude", with_ana, CANNOT)]
    assert desk.read(lambda tx: tx.value("SELECT occurred_at FROM refusals")) == at
    assert desk.number == number == desk.read(lambda tx: tx.value("SELECT max(number) FROM history"))


def test_a_refused_query_is_on_record_at_the_time_of_the_desks_clock(
    desk: Desk, team: Team, with_ana: UUID
) -> None:
    desk.clock = lambda: NOW + timedelta(days=3)
    refused(lambda: services.conversation(desk, team.bruno, with_ana))
    refused(lambda: services.outcomes_for(desk, team.bruno))
    assert refusals(desk) == [
        (team.bruno.user_id, "conversation", with_ana, CANNOT),
        (team.bruno.user_id, "outcomes_for", None, CANNOT),
    ]
    assert desk.read(lambda tx: tx.value("SELECT min(occurred_at) FROM refusals")) == NOW + timedelta(days=3)


def test_it_survives_the_transaction_that_it_ended(desk: Desk, team: Team, with_ana: UUID) -> None:
    def work(tx: Tx) -> None:
        services.reopen(tx, team.marta, other, now=NOW)
        services.conclude(tx, team.bruno, with_ana, now=NOW)

    other = write(desk, "m2", address="another").conversation_id
    services.conclude(desk, team.ana, other, now=NOW)
    number = desk.number
    refused(lambda: desk.transact(work))
    assert refusals(desk) == [(team.bruno.user_id, "conclude", with_ana, CANNOT)]
    assert desk.number == number
    assert not services.conversation(desk, team.ana, other).conversation.is_open


def test_other_refusals_are_not_on_record(desk: Desk, team: Team) -> None:
    refused(lambda: services.conclude(desk, team.ana, new_id(NOW), value="1", now=NOW), AppError)
    refused(lambda: services.change_organisation(desk, team.clara, currency="REAL", now=NOW), Invalid)
    assert refusals(desk) == []


def test_who_may_no_longer_come_in_is_on_record_and_nobody_is_not(desk: Desk, team: Team) -> None:
    change_user(desk, team.ana, active=False)
    refused(lambda: services.me(desk, team.ana), Unauthenticated)
    refused(lambda: services.me(desk, Caller(new_id(NOW))), Unauthenticated)
    assert refusals(desk) == [(team.ana.user_id, "me", None, "unauthenticated")]


def test_a_token_that_is_good_no_more_is_on_record_as_its_users(desk: Desk, team: Team) -> None:
    made = services.create_token(desk, team.clara, "ana@example.com", "old", Scope.API, now=NOW)
    services.revoke_token(desk, team.clara, "old", now=NOW)
    refused(lambda: services.authenticate(desk, made.secret, now=NOW), Unauthenticated)
    refused(lambda: services.authenticate(desk, "desfecho_unknown", now=NOW), Unauthenticated)
    assert refusals(desk) == [(team.ana.user_id, "authenticate", made.token.id, "unauthenticated")]


def test_a_sign_in_of_nobody_here_is_on_record_by_its_e_mail(desk: Desk) -> None:
    desk.transact(lambda tx: record.refused_sign_in(tx, " Who@Example.com ", "unauthenticated", NOW))
    row = desk.read(lambda tx: tx.row("SELECT occurred_at, user_id, who, action, code FROM refusals"))
    assert row == (NOW, None, "who@example.com", "sign_in", "unauthenticated")


# Beside other commands ----------------------------------------------------------------------------


def test_each_of_a_group_has_its_own(desk: Desk, team: Team, with_ana: UUID) -> None:
    before = desk.number
    first, none, second = together(
        desk,
        lambda: services.conclude(desk, team.bruno, with_ana, now=NOW),
        lambda: write(desk, "m2", address="another"),
        lambda: services.create_reason(desk, team.ana, "X", Category.LOST, ValueMode.NONE, now=NOW),
    )
    assert (first.code, none.outcome, second.code) == (CANNOT, "opened", CANNOT)
    assert {row[:2] for row in refusals(desk)} == {
        (team.bruno.user_id, "conclude"),
        (team.ana.user_id, "create_reason"),
    }
    assert desk.number == before + 1


def test_what_was_refused_only_in_a_group_that_was_given_up_is_not_on_record(desk: Desk, team: Team) -> None:
    """Bruno's assignment fails as the group is committed; so in the end nobody has what Ana concludes."""

    def fails_at_commit(tx: Tx) -> None:
        services.assign(tx, team.bruno, opened, now=NOW)
        tx.insert("migrations", None, NOW)

    opened = write(desk, "m1").conversation_id
    broken, concluded = together(
        desk,
        lambda: desk.transact(fails_at_commit),
        lambda: services.conclude(desk, team.ana, opened, now=NOW),
    )
    assert isinstance(broken, duckdb.ConstraintException)
    assert concluded.cycle == 1
    assert refusals(desk) == []


def test_a_reading_within_a_transaction_is_refused_without_waiting_for_itself(
    desk: Desk, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    refused(lambda: desk.transact(lambda _: services.outcomes_for(desk, team.ana)))
    assert "outcomes_for" in caplog.text


def test_one_that_cannot_be_written_down_stays_what_it_is_and_is_logged(
    desk: Desk, team: Team, with_ana: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(record, "add_refusals", full)
    with caplog.at_level(logging.ERROR):
        refused(lambda: services.conclude(desk, team.bruno, with_ana, now=NOW))
        refused(lambda: services.outcomes_for(desk, team.bruno))
        desk.transact(lambda tx: record.refused_sign_in(tx, "who@example.com", "unauthenticated", NOW))
    assert [r.message for r in caplog.records if "disk" not in r.message] == [
        f"Refused, but not on record: {action}." for action in ("conclude", "outcomes_for", "sign_in")
    ]
    assert "who@" not in caplog.text
    services.conclude(desk, team.ana, with_ana, now=NOW)  # and everything goes on


# Floods -------------------------------------------------------------------------------------------


def test_the_same_is_written_once_a_minute(desk: Desk, team: Team, with_ana: UUID) -> None:
    for at in [NOW] * 100 + [NOW + MINUTE] * 100:
        refused(partial(services.conclude, desk, team.bruno, with_ana, now=at))
    assert refusals(desk) == [(team.bruno.user_id, "conclude", with_ana, CANNOT)] * 2


def test_a_flood_writes_little_keeps_little_in_memory_and_hides_nobody_else(desk: Desk, team: Team) -> None:
    desk.clock = lambda: NOW
    for _ in range(10_000):
        refused(lambda: services.conclude(desk, team.nadia, new_id(NOW), now=NOW))
    assert count(desk) == record.MOST
    refused(lambda: services.outcomes_for(desk, team.ana))
    assert sum(row[0] == team.ana.user_id for row in refusals(desk)) == 1
    refused(lambda: services.list_tokens(desk, team.nadia))
    assert [row[1] for row in refusals(desk) if row[0] == team.nadia.user_id].count("list_tokens") == 1, (
        "noise hides nothing else that the same person tries"
    )
    for n in range(1_000):
        desk.note(Refusal("sign_in", "unauthenticated", who=f"{n}@example.com"))
    assert count(desk) == 2 * record.MOST + 2
    assert sum(map(len, desk._lately._seen.values())) == count(desk)


# What is on record --------------------------------------------------------------------------------


def everything(desk: Desk, which: RecordFilter = EVERYTHING, **more: Any) -> list[RecordEntry]:
    return services.record_entries(desk, SYSTEM, which, **more)


def done(desk: Desk, which: RecordFilter) -> list[str]:
    """The actions found, oldest first, without what made the team."""
    return [
        e.action for e in reversed(everything(desk, which)) if e.action not in ("add_user", "invite_user")
    ]


@pytest.fixture
def day(desk: Desk, team: Team, sale: Reason, with_ana: UUID) -> UUID:
    """A day of Ana's conversation: concluded, and both what Bruno and Clara were refused about it."""
    concluded = services.conclude(desk, team.ana, with_ana, sale.id, "10", now=NOW + MINUTE)
    refused(lambda: services.reopen(desk, team.bruno, with_ana, now=NOW + 2 * MINUTE))
    refused(
        lambda: services.edit_classification(
            desk, team.clara, concluded.id, sale.id, "11", now=NOW + 3 * MINUTE
        )
    )
    services.change_reason(desk, team.clara, sale.id, in_use=False, now=NOW + 4 * MINUTE)
    return with_ana


def test_it_says_who_did_what_and_about_what(desk: Desk, team: Team, day: UUID) -> None:
    newest = everything(desk, limit=4)
    assert [(e.occurred_at - NOW, e.who, e.action, e.refused) for e in newest] == [
        (4 * MINUTE, "Clara", "change_reason", None),
        (3 * MINUTE, "Clara", "edit_classification", CANNOT),
        (2 * MINUTE, "Bruno", "reopen", CANNOT),
        (MINUTE, "Ana", "conclude", None),
    ]
    assert [(e.subject, e.contact, e.conversation_id) for e in newest] == [
        ("Venda", None, None),
        (None, "João", day),
        (None, "João", day),
        (None, "João", day),
    ]


def test_people_and_tokens_are_named(desk: Desk, team: Team) -> None:
    services.create_token(desk, team.clara, "ana@example.com", "webchat", Scope.API, now=NOW + MINUTE)
    change_user(desk, team.bruno, Role.MANAGER)
    assert {(e.who, e.action): e.subject for e in everything(desk, limit=2)} == {
        ("Clara", "create_token"): "webchat",
        ("system", "change_user"): "Bruno",
    }


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (RecordFilter(), ["create_reason", "assign", "conclude", "reopen", "edit_classification", "change_reason"]),
        (RecordFilter(topic=Topic.SETTINGS), ["create_reason", "change_reason"]),
        (RecordFilter(topic=Topic.PERSONAL_DATA), []),
        (RecordFilter(refused=True), ["reopen", "edit_classification"]),
        (RecordFilter(since=NOW + 2 * MINUTE, until=NOW + 4 * MINUTE), ["reopen", "edit_classification"]),
        (RecordFilter(topic=Topic.CONVERSATIONS, messages=True), ["receive_message", "assign", "conclude", "reopen", "edit_classification"]),
    ],
    ids=lambda case: None if isinstance(case, list) else str(case)[13:40],
)  # fmt: skip
def test_filters(desk: Desk, day: UUID, which: RecordFilter, expected: list[str]) -> None:
    assert sorted(done(desk, which)) == sorted(expected)


def test_filters_by_person_and_conversation(desk: Desk, team: Team, day: UUID) -> None:
    other = write(desk, "m9", address="another").conversation_id
    services.assign(desk, team.ana, other, now=NOW)
    assert done(desk, RecordFilter(user_id=team.clara.user_id)) == ["edit_classification", "change_reason"]
    assert done(desk, RecordFilter(conversation_id=day)) == [
        "assign",
        "conclude",
        "reopen",
        "edit_classification",
    ]
    assert done(desk, RecordFilter(conversation_id=other, messages=True)) == ["receive_message", "assign"]
    assert done(desk, RecordFilter(conversation_id=new_id(NOW), messages=True)) == []


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_pages_leave_nothing_out_and_repeat_nothing(desk: Desk, team: Team, day: UUID, rows: int) -> None:
    """Also where much has the same time: they are what the view holds, in its order."""
    for user in (team.ana, team.bruno, team.nadia):
        refused(
            lambda user=user: services.create_reason(desk, user, "X", Category.LOST, ValueMode.NONE, now=NOW)
        )  # type: ignore[misc]
    which = RecordFilter(messages=True)
    found: list[RecordEntry] = []
    while page := everything(desk, which, limit=rows, after=found[-1].key if found else None):
        assert len(page) <= rows
        found += page
    view = desk.read(
        lambda tx: tx.rows(
            "SELECT occurred_at, number, refusal_id, user_id, action, subject_id, refused FROM record"
            " ORDER BY occurred_at DESC, number DESC, refusal_id DESC"
        )
    )
    assert [(*e.key, e.user_id, e.action, e.subject_id, e.refused) for e in found] == view


# Every action has its place and its text ------------------------------------------------------------


def actions() -> set[str]:
    """Those that the code records, and the services that somebody may be refused."""
    services_ = (what for what in vars(services).values() if hasattr(what, "__wrapped__"))
    found = {what.__name__ for what in services_ if "caller" in inspect.signature(what).parameters}
    for file in CORE.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", None))
            said = call.args[1:2] if name == "record" else call.args[:1] if name == "Refusal" else []
            found |= {one.value for one in said if isinstance(one, ast.Constant)}
    return found


def test_every_action_has_a_text_and_a_topic() -> None:
    assert {"conclude", "import", "open_page", "sign_in", "conversation"} <= actions()
    assert actions() - set(ACTIONS) == set()
    placed = [action for of_topic in TOPICS.values() for action in of_topic]
    assert sorted(placed) == sorted(ACTIONS), "each in one topic"
    assert set(TOPICS) == set(Topic)


def test_every_refusal_on_record_has_a_text() -> None:
    assert {NotPermitted.code, Unauthenticated.code} <= set(REFUSALS)


def test_times_are_utc(desk: Desk, team: Team) -> None:
    assert {type(e.occurred_at) for e in everything(desk)} == {datetime}
    assert {e.occurred_at.tzinfo for e in everything(desk)} == {UTC}
