"""Drawing the page anew when colleagues or contacts have changed what it shows, without anybody's reload."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import streamlit as st

from core import services
from core.errors import AppError
from core.ui import classify, inbox
from core.ui.session import Session, still_in

EVERY = timedelta(seconds=5)
TIMES_STAY = timedelta(minutes=1)  # then "waiting 5 minutes" is no longer so
LISTS = 3.0  # a second, of all sessions together, that are looked up because somebody did something
DRAWN = "drawn"  # in the session: the number of the desk, the moment, and what the page shows


class Turns:
    """So many a second, and no more: who comes too early is told to come again."""

    def __init__(self, per_second: float) -> None:
        self._every = 1 / per_second
        self._lock = threading.Lock()
        self._next = 0.0

    def taken(self, now: float) -> bool:
        """Whether there is a turn, which then is taken. `now`: seconds of a clock that never goes back."""
        with self._lock:
            if now < self._next:
                return False
            self._next = max(self._next, now - 1) + self._every  # a second's worth may come at once
            return True


turns = Turns(LISTS)


def keep_up(session: Session, shown: inbox.Shown, number: int) -> None:
    """Look every few seconds whether the page still shows what is so. `number`: the desk's before it was drawn."""
    st.session_state[DRAWN] = (number, session.now, (shown, _besides(session)))
    _look(session)


@st.fragment(run_every=EVERY)
def _look(session: Session) -> None:
    still_in(session)
    if classify.asked():
        return  # a page drawn anew would begin its dialog anew
    number, at, drawn = st.session_state[DRAWN]
    if session.now - at >= TIMES_STAY:
        st.rerun()
    reached = session.desk.number
    if reached == number:  # nobody did anything: this costs next to nothing, and is what happens mostly
        return
    # What a person has open is followed at each look. The list is by turns: where dozens of people look at lists that
    # change all the time, drawing them would leave the clicks of these people no time.
    shown, besides = drawn
    if _unless_refused(_besides, session) != besides:
        st.rerun()
    if not turns.taken(time.monotonic()):
        return
    if _unless_refused(inbox.look_up, session) != shown:
        st.rerun()
    st.session_state[DRAWN] = (reached, at, drawn)


def _unless_refused(look: Callable[[Session], Any], session: Session) -> Any:
    """What is so now; None where the page would refuse."""
    try:
        return look(session)
    except AppError:
        return None


def _besides(session: Session) -> tuple[Any, ...]:
    """Who the person is by now, how the organisation wants it, and the last change of the open conversation."""
    opened = inbox.opened()
    return (
        services.me(session.desk, session.caller),
        services.get_organisation(session.desk, session.caller),
        services.last_change(session.desk, session.caller, opened) if opened else None,
    )
