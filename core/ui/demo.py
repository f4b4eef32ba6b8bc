"""The demonstration's own tools: be anybody, write as the contact, move the clock on."""

from datetime import timedelta
from uuid import uuid4

import streamlit as st

from core import identity, services
from core.clock import DemoClock
from core.errors import AppError
from core.model import SYSTEM, Contact, Outcome, ReceivedMessage
from core.rules import Incoming
from core.ui import escape, inbox
from core.ui.session import AS, PERSON, Session, say

MESSAGE, NEW_NAME = "demo-message", "demo-name"
CHOICE = "person-choice"  # of the widget
SOMEBODY_ELSE = "somebody-else"  # in the session, for one run
STEPS = {"+1 h": timedelta(hours=1), "+12 h": timedelta(hours=12), "+1 d": timedelta(days=1)}


def banner(session: Session) -> None:
    said = session.text(
        "Demonstration: the people and the conversations are invented, and anybody may be anyone."
    )
    st.html(f'<div class="df-banner" role="note">{said}</div>')


def sidebar(session: Session) -> None:
    text = session.text
    with st.sidebar:
        people = identity.people_to_be(session.desk)
        ids = [person.id for person in people]
        names = {
            person.id: f"{escape.printable(person.name)} · {text.label(person.role)}" for person in people
        }
        st.session_state[CHOICE] = session.user.id
        st.query_params[AS] = str(session.user.id)
        st.selectbox(
            text("You are"),
            ids,
            format_func=names.__getitem__,
            key=CHOICE,
            on_change=_be,
        )
        with st.expander(text("Write as the contact"), icon=":material/chat:"):
            _contact(session)
        with st.expander(text("Move the clock on"), icon=":material/schedule:"):
            _clock(session)


def _be() -> None:
    """Begin as somebody else, on a page that is for them."""
    inbox.close_conversation()
    # What a widget holds is lost where a run ends before it: kept under a key of its own.
    st.session_state[PERSON] = st.session_state[CHOICE]
    st.session_state[SOMEBODY_ELSE] = True


def _contact(session: Session) -> None:
    text = session.text
    opened = inbox.opened()
    detail = None
    if opened and session.user.handles_conversations:
        try:
            detail = services.conversation(session.desk, session.caller, opened, 1)
        except AppError:
            detail = None
    known = None
    if detail and not detail.contact.erased_at:  # who was erased is somebody new
        known = (detail.conversation.channel, detail.contact)
        st.caption(
            text("As {contact}", contact=escape.markdown(detail.contact.name or detail.contact.address))
        )
    else:
        st.session_state.setdefault(NEW_NAME, "Visitante")
        st.text_input(text("Name of somebody new"), key=NEW_NAME, max_chars=60)
    st.text_area(text("Message"), key=MESSAGE, height=90, max_chars=2000)
    st.button(
        text("Send as the contact"), key="demo-send", on_click=_send, args=(session, known), width="stretch"
    )


def _send(session: Session, known: tuple[str, Contact] | None) -> None:
    """Write as a contact that is known, or as whoever is named in the field now."""
    text = session.text
    body = st.session_state.get(MESSAGE) or ""
    if known:
        channel, contact = known
        name, address = contact.name, contact.address
    else:
        channel, name = "webchat", str(st.session_state[NEW_NAME])
        address = f"visitante-{escape.printable(name).casefold()}"
    message = Incoming(channel, (address,), name, f"demo-{uuid4()}", session.now, body)
    try:
        received = services.receive_message(session.desk, SYSTEM, message, now=session.now)
    except AppError as error:
        say(text.error(error), kind="warning")
        return
    st.session_state[MESSAGE] = ""
    say(_told(session, received))
    if received.outcome is not Outcome.APPENDED:
        inbox.show_conversation(session, received.conversation_id)


def _told(session: Session, received: ReceivedMessage) -> str:
    text = session.text
    if received.outcome is Outcome.REOPENED:
        return text("The message reopened the conversation.")
    if received.outcome is Outcome.OPENED:
        return text("The message opened a new conversation, and the chatbot greeted the contact.")
    return text("The message joined the open conversation.")


def _clock(session: Session) -> None:
    text = session.text
    st.caption(text("It is {at} here.", at=session.now))
    with st.container(horizontal=True):
        for label, step in STEPS.items():
            st.button(
                label, key=f"clock-{step // timedelta(hours=1)}h", on_click=_move_on, args=(session, step)
            )


def _move_on(session: Session, step: timedelta) -> None:
    clock = session.application.clock
    if isinstance(clock, DemoClock):
        clock.move_on(step)
        say(session.text("It is {at} here.", at=session.now))
