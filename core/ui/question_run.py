"""A question on its way: asked in a thread, so that the page goes on, one at a time for each session."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import streamlit as st

from core.analysts import Answer
from core.errors import AppError
from core.ui.session import Session, still_in

ROWS_SHOWN = 10_000
ROWS_IN_FILES = 100_000
LARGEST_KEPT = 32_000_000  # bytes
AT_ONCE = 16  # questions of all sessions; they wait, and others do the work
QUICK = 0.7  # seconds in which most are answered: the page waits for those, and shows nothing in between
LOOK = timedelta(seconds=0.5)
RUNNING, ASKED = "question-running", "question-asked"  # in the session: never more than one of each

_threads = ThreadPoolExecutor(AT_ONCE, "question")


@dataclass(frozen=True, slots=True)
class Running:
    sql: str
    by: UUID
    answer: Future[Answer]
    stop: threading.Event
    since: float  # on the clock of time.monotonic

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question: an answer, or why there is none."""

    sql: str
    by: UUID
    seconds: float
    answer: Answer | None = None
    refused: AppError | None = None
    stopped: bool = False  # by the person


def start(session: Session, sql: str) -> None:
    """Ask; whatever was still being asked is stopped, and the answer before is let go."""
    before: Running | None = st.session_state.get(RUNNING)
    if before:
        before.stop.set()
    st.session_state.pop(ASKED, None)
    stop = threading.Event()
    answer = _threads.submit(
        session.application.analysts.ask, session.caller, sql, rows=ROWS_SHOWN, stop=stop
    )
    st.session_state[RUNNING] = Running(sql, session.user.id, answer, stop, time.monotonic())
    wait([answer], QUICK)


def now(session: Session) -> Running | Asked | None:
    """The question of this session, as far as it is by now; one of somebody else, who was here before, is let go."""
    running: Running | None = st.session_state.get(RUNNING)
    if running and running.answer.done():
        del st.session_state[RUNNING]
        st.session_state[ASKED] = _ended(running)
        running = None
    found: Running | Asked | None = running or st.session_state.get(ASKED)
    if found and found.by != session.user.id:
        if running:
            running.stop.set()
        for key in (RUNNING, ASKED):
            st.session_state.pop(key, None)
        return None
    return found


def _ended(running: Running) -> Asked:
    try:
        answer = running.answer.result()
    except AppError as error:
        stopped = running.stop.is_set()
        return Asked(running.sql, running.by, running.seconds, refused=error, stopped=stopped)
    return Asked(running.sql, running.by, answer.seconds, _bearable(answer))


def _bearable(answer: Answer) -> Answer:
    """As much of an answer as the application keeps for a session; who wants more asks again, for a file."""
    table = answer.table
    if table.nbytes <= LARGEST_KEPT:
        return answer
    first = range(max(1, table.num_rows * LARGEST_KEPT // table.nbytes))
    return replace(answer, table=table.take(list(first)), more=len(first) < table.num_rows or answer.more)


@st.fragment(run_every=LOOK)
def follow(session: Session, show: Callable[[Session, Running], None]) -> None:
    """Show a question that runs, and the page anew once it ended."""
    still_in(session)
    running: Running | None = st.session_state.get(RUNNING)
    if running is None or running.answer.done():
        st.rerun()
    else:
        show(session, running)
