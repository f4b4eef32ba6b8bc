"""The dialogs of a page of lists: which one is asked for, why what it said was refused, and closing it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import AppError, NotPermitted
from core.ui import escape
from core.ui.session import Session, say, still_in

ASKED = "dialog"  # in the session: (what, about whom or what)
REFUSED = "dialog-refused"  # in the session: why not


def ask(what: str, target: Any = None) -> None:
    """Open the dialog on the next run."""
    st.session_state[ASKED] = (what, target)
    st.session_state.pop(REFUSED, None)


def asked() -> tuple[str, Any]:
    """The dialog that is open; ("", None): none."""
    found: tuple[str, Any] = st.session_state.get(ASKED, ("", None))
    return found


def forget() -> None:
    """Let go of the dialog and all it says: it is done, or the person went somewhere else."""
    st.session_state.pop(ASKED, None)
    st.session_state.pop(REFUSED, None)


def show(session: Session, title: str, body: Callable[[], None], *, dismissible: bool = True) -> None:
    """Show a dialog, which is drawn anew alone while it is open and lets the page go on when it is done."""

    opened = asked()

    def drawn() -> None:
        still_in(session)
        if asked() != opened:
            st.rerun()
        try:
            body()
        except NotPermitted:  # their role has changed since the page was drawn, which tells them
            st.rerun()

    st.dialog(title, on_dismiss=forget, dismissible=dismissible)(drawn)()


def refusal() -> None:
    """Where it belongs in the dialog: why what was asked last was refused."""
    if said := st.session_state.get(REFUSED):
        st.warning(escape.markdown(said), icon=":material/info:")


def attempt(session: Session, work: Callable[[], Any], done: str) -> Any:
    """Run a command for a dialog: close it and tell so, or keep why not for it to show. Returns what the command did."""
    st.session_state.pop(REFUSED, None)
    try:
        result = work()
    except AppError as error:
        st.session_state[REFUSED] = session.text.error(error)
        return None
    forget()
    if done:
        say(done)
    return result
