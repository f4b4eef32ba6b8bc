"""When a page draws itself anew: where what it shows has changed, and only then."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core import services
from core.desk import Desk
from core.model import SYSTEM, ArchivePreference
from core.ui import inbox, live
from tests.conftest import NOW, Team, change_user, write
from tests.pages.conftest import Clock, Look

Change = Callable[[Desk, Team, dict[str, object]], object]

CHANGES: dict[str, tuple[Change, bool]] = {
    "nothing": (lambda *_: None, False),
    "a message in the open conversation": (lambda desk, team, its: write(desk, "x", address="mine"), True),
    "a message further down the list": (
        lambda desk, team, its: write(desk, "x", address="new", body="Mais"),
        True,
    ),
    "a new conversation": (lambda desk, team, its: write(desk, "x", address="somebody else"), True),
    "somebody takes one from the list": (
        lambda desk, team, its: services.assign(desk, team.bruno, its["new"], now=NOW),
        True,
    ),
    "a message to a colleague": (lambda desk, team, its: write(desk, "x", address="bruno's"), False),
    "a colleague concludes": (
        lambda desk, team, its: services.conclude(desk, team.bruno, its["bruno's"], now=NOW),
        False,
    ),
    "a manager concludes the open one": (
        lambda desk, team, its: services.conclude(desk, team.marta, its["mine"], now=NOW),
        True,
    ),
    "the classification app is switched off": (
        lambda desk, team, its: services.change_organisation(desk, SYSTEM, classification_on=False, now=NOW),
        True,
    ),
    "the account is closed": (lambda desk, team, its: change_user(desk, team.ana, active=False), True),
    "a colleague's preference": (
        lambda desk, team, its: services.set_archive_preference(
            desk, team.bruno, ArchivePreference.IMMEDIATELY, now=NOW
        ),
        False,
    ),
}


OF_THE_LIST = ("a message further down the list", "a new conversation", "somebody takes one from the list")


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("q", ["", "olá"])
@pytest.mark.parametrize("turn", [True, False])
def test_a_page_follows_what_it_shows_and_without_a_turn_only_what_is_open(
    desk: Desk, team: Team, look: Look, monkeypatch: pytest.MonkeyPatch, what: str, q: str, turn: bool
) -> None:
    its = {name: write(desk, name, address=name).conversation_id for name in ("new", "mine", "bruno's")}
    services.assign(desk, team.ana, its["mine"], now=NOW)
    services.assign(desk, team.bruno, its["bruno's"], now=NOW)
    change, follows = CHANGES[what]
    drawn_anew: list[bool] = []
    really_look = live._look

    def look_after_the_change(session: live.Session) -> None:
        change(desk, team, its)
        monkeypatch.setattr(live.st, "rerun", lambda: drawn_anew.append(True))
        really_look(session)

    test = look(team.ana, its["mine"])
    test.text_input(key=inbox.SEARCH).set_value(q).run()
    monkeypatch.setattr(live, "turns", live.Turns(1000 if turn else 1e-9))
    live.turns.taken(2.0)
    monkeypatch.setattr(live, "_look", look_after_the_change)
    test.run()
    assert not test.exception
    assert bool(drawn_anew) == (follows and (turn or what not in OF_THE_LIST))


def test_turns_come_at_their_pace_and_some_at_once() -> None:
    turns = live.Turns(4)
    assert [turns.taken(100.0) for _ in range(6)] == [True] * 5 + [False]
    assert [turns.taken(100.1), turns.taken(100.25), turns.taken(100.3)] == [False, True, False]
    assert [turns.taken(200.0) for _ in range(6)] == [True] * 5 + [False], (
        "what was not taken is not saved up"
    )


def test_times_are_drawn_anew_each_minute(desk: Desk, team: Team, look: Look, clock: Clock) -> None:
    write(desk, "m1")
    test = look(team.ana)
    drawn = test.session_state[live.DRAWN]
    assert drawn[:2] == (desk.number, NOW)
    clock.now = NOW + timedelta(minutes=2)
    test.run()
    assert test.session_state[live.DRAWN][1] == clock.now
