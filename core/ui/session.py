"""Who is looking at this page, and what they may: the gate every page passes first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from core import identity, services
from core.application import Application
from core.desk import Desk
from core.errors import AppError, NotPermitted, Unauthenticated
from core.model import Caller, Organisation, Role, User
from core.services import Standing
from core.text import LANGUAGES, Text, language_for
from core.ui import escape, runtime

PERSON = "person"  # in the session: the id of the user somebody acts as in the demonstration
LANGUAGE = "language"  # in the session: the language chosen
LANGUAGE_CHOICE = "language-choice"  # of the widget
AS = "as"  # in the address, in the demonstration: the same person after a reload
PLACE = "place"  # in the session: the page and the conversation that the shell found in the address
HERE = "here"  # in the session: who the shell found looking, anew in each run
FLASH = "flash"  # in the session: sentences for the next run


@dataclass(frozen=True, slots=True)
class Session:
    """One person's run of one page."""

    application: Application
    user: User
    organisation: Organisation
    text: Text
    cookie: Mapping[str, Any] = field(repr=False, compare=False)  # what the browser's says of who signed in

    @property
    def desk(self) -> Desk:
        return self.application.desk

    @property
    def caller(self) -> Caller:
        """Who acts, looked up anew each time: callbacks, fragments and files come without passing the shell.

        Errors: `Unauthenticated` where they are not in any more.
        """
        found = _looking(self.application, self.cookie, self.user)
        if isinstance(found, Standing):
            raise Unauthenticated("Your session has ended. Please sign in again.")
        return identity.act_as(self.user)

    @property
    def now(self) -> datetime:
        return self.application.clock()


def current() -> Session | Standing | None:
    """The person looking, or why it is nobody; None on a demonstration's desk without users."""
    application, cookie = runtime.application(), st.user.to_dict()
    found = _looking(application, cookie, _acting_as(application) if application.settings.demo else None)
    if not isinstance(found, User):
        return found
    organisation = services.get_organisation(application.desk, identity.act_as(found))
    return Session(application, found, organisation, Text(language(), organisation.timezone), cookie)


def _looking(
    application: Application, cookie: Mapping[str, Any], acting_as: User | None
) -> User | Standing | None:
    if application.settings.demo:
        return acting_as
    return identity.signed_in(application.desk, application.settings, cookie, application.clock())


def _acting_as(application: Application) -> User | None:
    """Whom somebody chose to be in the demonstration."""
    people = identity.people_to_be(application.desk)
    chosen = str(st.session_state.get(PERSON) or st.query_params.get(AS))
    return next((person for person in people if str(person.id) == chosen), people[0] if people else None)


def still_in(session: Session) -> None:
    """Where a fragment begins: it runs without the shell, which shows who is not in any more what there is for them."""
    try:
        services.me(session.desk, session.caller)
    except Unauthenticated:
        st.rerun()


def language() -> str:
    """The one chosen in this session, or the browser's, or the one of the settings."""
    otherwise = runtime.application().settings.language
    return str(st.session_state.get(LANGUAGE) or language_for(st.context.locale, otherwise))


def choose_language(text: Text) -> None:
    """Offer the languages; a choice counts from the next run on, which it causes."""
    st.session_state[LANGUAGE_CHOICE] = language()
    st.selectbox(
        text("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=LANGUAGE_CHOICE,
        on_change=_speak,
    )


def _speak() -> None:
    st.session_state[LANGUAGE] = st.session_state[LANGUAGE_CHOICE]


def enter(*roles: Role) -> Session:
    """Let the page begin for a person of these roles, whom the shell has looked up in this run.

    Errors: `Unauthenticated`, `NotPermitted`, which the shell shows instead of the page.
    """
    session: Session | None = st.session_state.get(HERE)
    if session is None:
        raise Unauthenticated("Nobody is signed in.")
    if session.user.role not in roles:
        page, _ = st.session_state[PLACE]
        services.note_refused_page(session.desk, session.caller, page, session.now)
        raise NotPermitted("This page is not for your role.")
    return session


def attempt(session: Session, work: Callable[[], Any], done: str | None = None) -> Any:
    """Run a command for a page: what it returns, or None after keeping its refusal for the next run."""
    try:
        result = work()
    except AppError as error:
        say(session.text.error(error), kind="warning")
        return None
    if done:
        say(done)
    return result


def say(sentence: str, kind: str = "success") -> None:
    """Keep a sentence, which may hold outside text, for the person to see on the next run."""
    st.session_state.setdefault(FLASH, []).append((kind, sentence))


def show_said() -> None:
    """Show what was kept: successes pass by, refusals stay until the next run."""
    for kind, sentence in st.session_state.pop(FLASH, []):
        if kind == "success":
            st.toast(escape.markdown(sentence), icon=":material/check:")
        else:
            st.warning(escape.markdown(sentence), icon=":material/info:")
