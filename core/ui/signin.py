"""What somebody sees who is not in: why, and the way in."""

from html import escape as html
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import Standing
from core.text import N_, Text
from core.ui import escape, session
from core.ui.pages import NAVIGATION
from core.ui.session import Session

FAILED = ("signin", "failed")  # in the address, after the provider let nobody in (core/http/signin.py)
TRIED = "signin-failed"  # in the session: so it was

# Why, what to do about it, and what the button says.
SENTENCES: dict[Standing, tuple[str, str, str]] = {
    Standing.SIGNED_OUT: (
        N_("Sign in to go on"),
        N_("Use your organisation's account."),
        N_("Sign in"),
    ),
    Standing.ENDED: (
        N_("Your session has ended"),
        N_("Sign in again to go on from here."),
        N_("Sign in"),
    ),
    Standing.NO_EMAIL: (
        N_("Your account names no e-mail"),
        N_("Here people are known by their e-mail. Ask an administrator how to sign in."),
        N_("Sign in with another account"),
    ),
    Standing.UNVERIFIED: (
        N_("Your e-mail is not verified"),
        N_("{email} may be yours, but who keeps your account has not made sure. Verify it there, then sign in again."),
        N_("Sign in again"),
    ),
    Standing.UNKNOWN: (
        N_("You are not on this team yet"),
        N_("Nobody invited {email}. Ask an administrator to, then sign in again."),
        N_("Sign in with another account"),
    ),
    Standing.DEACTIVATED: (
        N_("Your access was deactivated"),
        N_("{email} cannot be used here any more. If that is a mistake, ask an administrator."),
        N_("Sign in with another account"),
    ),
}  # fmt: skip


def gate(standing: Standing) -> None:
    """Show the whole of what there is for somebody who is not in, at whatever address."""
    st.navigation(
        [
            st.Page(_nothing, title="Desfecho", url_path=address, default=not number)
            for number, (_, address, *_) in enumerate(NAVIGATION)
        ],
        position="hidden",
    )
    text = Text(session.language(), "UTC")
    why, then, button = SENTENCES[standing]
    middle = st.container(horizontal_alignment="center")
    with middle, st.container(key="signin", width=420, gap="medium"):
        st.image(Path(__file__).with_name("logo.svg"), width=168, alt="Desfecho")
        st.header(text(why), anchor=False)
        if forget_failure():
            st.session_state[TRIED] = True
        if TRIED in st.session_state:
            st.warning(
                text("Signing in did not work. Please try again; if it stays so, tell an administrator."),
                icon=":material/info:",
            )
        st.html(f"<p>{text(then, email=_whole(st.user.get('email')))}</p>")
        st.button(text(button), key="signin-enter", type="primary", on_click=st.login, width="stretch")
        if standing not in (Standing.SIGNED_OUT, Standing.ENDED):
            st.button(text("Sign out"), key="signin-leave", on_click=st.logout, width="stretch")
        session.choose_language(text)


def forget_failure() -> bool:
    """Take it from the address, where a reload would say it again; whether it was there."""
    name, value = FAILED
    return st.query_params.pop(name, None) == value


def sidebar(here: Session) -> None:
    """Who is in, and the way out."""
    role = here.text.label(here.user.role)
    with st.sidebar, st.container(key="signed-in", gap="small"):
        st.html(
            f'<p class="df-signed-in">{_whole(here.user.name)} · {role}<br>{html(here.user.email or "")}</p>'
        )
        st.button(
            here.text("Sign out"),
            key="sign-out",
            icon=":material/logout:",
            on_click=st.logout,
            width="stretch",
        )


def _whole(said: Any) -> str:
    """A name or an e-mail as it is, so that it can be copied, too."""
    return f"<strong>{html(escape.printable(str(said or '')))}</strong>"


def _nothing() -> None:
    """A page of which nothing is shown."""
