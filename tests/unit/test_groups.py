"""Commands that wait at the same time are committed together, and none suffers from another."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import duckdb
import pytest

from core import services
from core.desk import Desk, Tx
from core.desk.store import TOGETHER
from core.errors import AppError, Invalid
from core.ids import new_id
from core.model import SYSTEM, Category, Reason, ReceivedMessage, ValueMode
from tests.conftest import NOW, Team, write


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers reached by each commit."""
    reached: list[int] = []
    commit = Tx.commit

    def counted(tx: Tx) -> None:
        commit(tx)
        reached.append(tx.number)

    monkeypatch.setattr(Tx, "commit", counted)
    return reached


def together(desk: Desk, *works: Callable[[], Any]) -> list[Any]:
    """Have the works wait, in this order, while another command is under way; what each returned or raised."""
    under_way, go_on = threading.Event(), threading.Event()

    def busy(_: Tx) -> None:
        under_way.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(len(works) + 1) as threads:
        first = threads.submit(desk.transact, busy)
        assert under_way.wait(30)
        waiting: list[Future[Any]] = []
        for n, work in enumerate(works, start=1):
            waiting.append(threads.submit(work))
            while len(desk._line) < n:
                threading.Event().wait(0.001)
        go_on.set()
        first.result(30)
        return [one.exception(30) or one.result() for one in waiting]


def test_what_waits_together_is_committed_together(desk: Desk, commits: list[int]) -> None:
    before = desk.number
    answers = together(desk, *(lambda n=n: write(desk, f"m{n}", address=f"551{n}") for n in range(10)))  # type: ignore[misc]
    assert all(isinstance(answer, ReceivedMessage) for answer in answers)
    assert commits == [before, before + 10]  # the busy one, then all the others
    numbers = desk.read(lambda tx: tx.rows("SELECT number FROM history ORDER BY number"))
    assert [n for (n,) in numbers] == list(range(1, before + 11))


def test_each_sees_what_those_before_it_did(desk: Desk, team: Team) -> None:
    opened = write(desk, "m1").conversation_id
    taken, refused, concluded, again = together(
        desk,
        lambda: services.assign(desk, team.ana, opened, now=NOW),
        lambda: services.conclude(desk, team.bruno, opened, now=NOW),
        lambda: services.conclude(desk, team.ana, opened, now=NOW),
        lambda: write(desk, "m2"),
    )
    assert taken.assigned_to == team.ana.user_id
    assert refused.code == "not_permitted"
    assert concluded.cycle == 1
    assert (again.outcome, again.conversation_id) == ("reopened", opened)


def test_a_role_taken_away_counts_for_the_next_in_the_same_group(desk: Desk, team: Team) -> None:
    def retire() -> Reason:
        return services.change_reason(desk, SYSTEM, venda.id, in_use=False, now=NOW)

    venda = services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.NONE, now=NOW)
    opened = write(desk, "m1").conversation_id
    assert services.list_reasons(desk, team.ana) == [venda]  # remembered
    retired, refused = together(
        desk, retire, lambda: services.conclude(desk, team.ana, opened, venda.id, now=NOW)
    )
    assert not retired.in_use
    assert isinstance(refused, Invalid)
    assert [r.in_use for r in services.list_reasons(desk, team.ana)] == [False]


def test_a_failure_is_only_its_own(desk: Desk, team: Team) -> None:
    opened = write(desk, "m1").conversation_id
    key = new_id(NOW)

    def fails_at_commit() -> None:
        desk.transact(lambda tx: tx.insert("contacts", key, None, None, NOW, None))  # an address is NOT NULL

    def fails() -> None:
        desk.transact(lambda tx: tx.rows("SELECT 1 / 'nothing'::INT"))

    before = desk.number
    first, broken, wrong, last = together(
        desk,
        lambda: services.conclude(desk, team.ana, opened, now=NOW),
        fails_at_commit,
        fails,
        lambda: write(desk, "m2", address="another"),
    )
    assert first.cycle == 1
    assert isinstance(broken, duckdb.ConstraintException)
    assert isinstance(wrong, duckdb.ConversionException)
    assert last.outcome == "opened"
    assert desk.number == before + 2


def test_who_refuses_after_writing_takes_it_back_and_nothing_else(desk: Desk, team: Team) -> None:
    def changes_its_mind() -> None:
        def work(tx: Tx) -> None:
            tx.record(team.ana.user_id, "change_its_mind", NOW)
            raise Invalid("No.", field="mind")

        desk.transact(work)

    before = desk.number
    first, refused, last = together(
        desk,
        lambda: write(desk, "m1", address="one"),
        changes_its_mind,
        lambda: write(desk, "m2", address="two"),
    )
    assert (first.outcome, last.outcome) == ("opened", "opened")
    assert isinstance(refused, AppError)
    actions = desk.read(lambda tx: tx.rows("SELECT action FROM history WHERE number > ?", before))
    assert actions == [("receive_message",), ("receive_message",)]
    assert desk.number == before + 2


def test_more_than_fit_in_one_group_are_all_served(desk: Desk, commits: list[int]) -> None:
    many = TOGETHER + 5
    answers = together(desk, *(lambda n=n: write(desk, f"m{n}", address=f"551{n}") for n in range(many)))  # type: ignore[misc]
    assert len({answer.conversation_id for answer in answers}) == many
    assert len(commits) == 3


def test_an_interrupted_leader_leaves_the_others_to_the_next(desk: Desk) -> None:
    def interrupted() -> None:
        def work(_: Tx) -> None:
            raise KeyboardInterrupt

        desk.transact(work)

    gone, served = together(desk, interrupted, lambda: write(desk, "m1"))
    assert isinstance(gone, KeyboardInterrupt)
    assert served.outcome == "opened"
    assert write(desk, "m2").outcome == "appended"
