"""R14: many at once about one thing; each takes effect once, or is refused with a reason."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import TypeVar

import pytest

from core import services
from core.desk import Desk, Tx
from core.errors import AlreadyConcluded, AppError
from core.model import (
    SYSTEM,
    ArchivePreference,
    Caller,
    Category,
    Conclusion,
    Conversation,
    Outcome,
    Reason,
    Role,
    ValueMode,
)
from tests.conftest import NOW, Team, add_user, write

T = TypeVar("T")
pytestmark = pytest.mark.usefixtures("sound")


def at_once(*works: Callable[[], T]) -> list[T | AppError]:
    """Run all of them at the same moment; what each returned, or its refusal. Anything else is a failure."""
    ready = Barrier(len(works))

    def run(work: Callable[[], T]) -> T | AppError:
        ready.wait()
        try:
            return work()
        except AppError as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def count(desk: Desk, table: str) -> int:
    found: int = desk.read(lambda tx: tx.value(f"SELECT count(*) FROM {table}"))
    return found


def test_of_twenty_conclusions_one_wins_and_the_others_name_it(desk: Desk, sale: Reason) -> None:
    managers = [Caller(add_user(desk, f"M{n}", Role.MANAGER).id) for n in range(20)]
    opened = write(desk, "m1").conversation_id
    answers = at_once(
        *(lambda who=who: services.conclude(desk, who, opened, sale.id, "1", now=NOW) for who in managers)  # type: ignore[misc]
    )
    winners = [answer for answer in answers if isinstance(answer, Conclusion)]
    assert len(winners) == 1
    for answer in answers:
        if answer is not winners[0]:
            assert isinstance(answer, AlreadyConcluded)
            assert answer.facts["concluded_by"] == {
                "id": winners[0].concluded_by,
                "name": winners[0].concluded_by_name,
            }
            assert answer.facts["conclusion_id"] == winners[0].id
    assert (count(desk, "conclusions"), count(desk, "classifications")) == (1, 1)


def test_of_many_who_take_one_conversation_one_has_it(desk: Desk) -> None:
    agents = [Caller(add_user(desk, f"A{n}", Role.AGENT).id) for n in range(10)]
    opened = write(desk, "m1").conversation_id
    answers = at_once(*(lambda who=who: services.assign(desk, who, opened, now=NOW) for who in agents))  # type: ignore[misc]
    taken = [answer.assigned_to for answer in answers if not isinstance(answer, AppError)]
    assert len(taken) == 1
    assert services.conversation(desk, SYSTEM, opened).conversation.assigned_to == taken[0]
    assert {a.code for a in answers if isinstance(a, AppError)} == {"not_permitted"}


def test_the_first_messages_of_a_contact_open_one_conversation(desk: Desk) -> None:
    """R13."""
    answers = at_once(*(lambda n=n: write(desk, f"m{n}") for n in range(20)))  # type: ignore[misc]
    outcomes = Counter(answer.outcome for answer in answers if not isinstance(answer, AppError))
    assert outcomes == {Outcome.OPENED: 1, Outcome.APPENDED: 19}
    assert (count(desk, "conversations"), count(desk, "contacts"), count(desk, "messages")) == (1, 1, 20)


def test_messages_after_a_conclusion_reopen_once(desk: Desk, team: Team) -> None:
    opened = write(desk, "m0").conversation_id
    services.conclude(desk, team.ana, opened, now=NOW)
    answers = at_once(*(lambda n=n: write(desk, f"m{n}") for n in range(1, 11)))  # type: ignore[misc]
    outcomes = Counter(answer.outcome for answer in answers if not isinstance(answer, AppError))
    assert outcomes == {Outcome.REOPENED: 1, Outcome.APPENDED: 9}
    assert (count(desk, "conversations"), count(desk, "reopenings")) == (1, 1)


def test_a_message_delivered_ten_times_at_once_is_stored_once(desk: Desk) -> None:
    answers = at_once(*(lambda: write(desk, "same") for _ in range(10)))
    outcomes = Counter(answer.outcome for answer in answers if not isinstance(answer, AppError))
    assert outcomes == {Outcome.OPENED: 1, Outcome.DUPLICATE: 9}
    assert len({answer.conversation_id for answer in answers if not isinstance(answer, AppError)}) == 1
    assert (count(desk, "messages"), desk.number) == (1, 1)


def test_edits_at_once_are_each_a_version(desk: Desk, team: Team, sale: Reason) -> None:
    opened = write(desk, "m1").conversation_id
    concluded = services.conclude(desk, team.ana, opened, sale.id, "0", now=NOW)
    answers = at_once(
        *(
            lambda n=n: services.edit_classification(desk, team.ana, concluded.id, sale.id, str(n), now=NOW)  # type: ignore[misc]
            for n in range(1, 16)
        )
    )
    assert not [answer for answer in answers if isinstance(answer, AppError)]
    (kept,) = services.conversation(desk, team.ana, opened).conclusions
    assert [version.version for version in kept.classifications] == list(range(1, 17))
    assert sorted(version.value or 0 for version in kept.classifications) == list(range(16))


def test_a_conclusion_and_messages_at_once_lose_no_message(desk: Desk, team: Team) -> None:
    """Whichever comes first: the message is in it, or reopens it."""
    opened = write(desk, "first").conversation_id
    for turn in range(10):
        at = NOW + timedelta(minutes=turn)
        concluded, message = at_once(
            lambda at=at: services.conclude(desk, team.marta, opened, now=at),  # type: ignore[misc]
            lambda at=at, turn=turn: write(desk, f"m{turn}", at),  # type: ignore[misc]
        )
        assert isinstance(concluded, Conclusion)
        assert not isinstance(message, AppError | Conclusion)
        assert message.conversation_id == opened
        told = services.conversation(desk, SYSTEM, opened)
        assert len(told.messages) == turn + 2
        assert told.conversation.is_open == (message.outcome is Outcome.REOPENED)
        if not told.conversation.is_open:
            services.reopen(desk, team.marta, opened, now=at)


def test_reopened_by_hand_and_by_a_message_at_once_there_is_one_open(desk: Desk, team: Team) -> None:
    """R12, R13."""
    services.set_archive_preference(desk, team.ana, ArchivePreference.IMMEDIATELY, now=NOW)
    for turn in range(5):
        address = f"contact {turn}"
        opened = write(desk, f"a{turn}", address=address).conversation_id
        services.conclude(desk, team.ana, opened, now=NOW)
        reopened, message = at_once(
            lambda: services.reopen(desk, team.ana, opened, now=NOW),  # noqa: B023
            lambda: write(desk, f"b{turn}", address=address),  # noqa: B023
        )
        refused = isinstance(reopened, AppError)
        assert not isinstance(message, AppError | Conversation)
        assert message.outcome is (Outcome.OPENED if refused else Outcome.APPENDED)
        assert not refused or reopened.code == "open_conversation_exists"  # type: ignore[union-attr]
    open_of = desk.read(
        lambda tx: tx.rows(
            "SELECT count(*) FROM conversations WHERE folder <> 'concluded' GROUP BY contact_id"
        )
    )
    assert open_of == [(1,)] * 5


def test_the_same_reason_defined_at_once_exists_once(desk: Desk, team: Team) -> None:
    answers = at_once(
        *(
            lambda name=name: services.create_reason(  # type: ignore[misc]
                desk, team.clara, name, Category.OTHER, ValueMode.NONE, now=NOW
            )
            for name in ("Ação", "ação", "ACAO", "acao", "Açao")
        )
    )
    assert len([answer for answer in answers if isinstance(answer, Reason)]) == 1
    assert {answer.code for answer in answers if isinstance(answer, AppError)} == {"invalid"}


def test_readers_see_whole_states_only(desk: Desk, team: Team, sale: Reason) -> None:
    """R6: never a conclusion without its classification, nor a folder that its conclusions deny."""
    opened = write(desk, "m0").conversation_id
    done = Event()

    def look() -> int:
        looks = 0
        while not done.is_set() or looks == 0:
            looks += 1
            told = services.conversation(desk, SYSTEM, opened)
            assert all(conclusion.classification for conclusion in told.conclusions)
            ended = len(told.conclusions) > len(told.reopenings)
            assert told.conversation.is_open is not ended
            (row,) = services.list_conversations(desk, SYSTEM)
            assert row.last_message is not None
            desk.read(whole)
        return looks

    def whole(tx: Tx) -> None:
        newest = tx.value("SELECT max(number) FROM history")
        assert newest >= tx.value("SELECT max(number) FROM conversations")
        assert tx.value("SELECT count(*) FROM conclusions") == tx.value(
            "SELECT count(*) FROM classifications"
        )

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(look) for _ in range(3)]
        try:
            for turn in range(15):
                at = NOW + timedelta(minutes=turn)
                services.conclude(desk, team.marta, opened, sale.id, str(turn), now=at)
                write(desk, f"m{turn + 1}", at)
        finally:
            done.set()
        assert all(reader.result() > 0 for reader in readers)
    assert count(desk, "conclusions") == 15
    assert count(desk, "reopenings") == 15
