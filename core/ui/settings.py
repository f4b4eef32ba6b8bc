"""What administrators define: reasons, and the settings of the organisation."""

from uuid import UUID
from zlib import crc32

import streamlit as st
from babel.numbers import list_currencies

from core import rules, services
from core.model import Category, Reason, ValueMode
from core.ui import escape
from core.ui.session import Session, attempt

NEW = "new-reason"
JUST_SAVED = "new-reason-saved"  # in the session
CHANGEABLE = ("description", "category", "value")
USUAL_CURRENCIES = ("BRL", "USD", "EUR", "ARS", "CLP", "COP", "MXN", "PEN", "PYG", "UYU", "GBP", "CAD")

ICONS = {
    Category.ACHIEVED: ":green[:material/check_circle:]",
    Category.LOST: ":red[:material/cancel:]",
    Category.QUESTION: ":blue[:material/help:]",
    Category.OTHER: ":violet[:material/more_horiz:]",
}


def reasons(session: Session) -> None:
    """The four categories side by side, each with its reasons; those retired stay at hand below."""
    text = session.text
    st.caption(
        text(
            "The four categories are fixed. The reasons inside them are yours; a saved one is offered to everybody at once."
        )
    )
    _add(session)
    everything = services.list_reasons(session.desk, session.caller)
    for category, column in zip(Category, st.columns(len(Category)), strict=True):
        with column:
            st.markdown(f"{ICONS[category]} **{escape.markdown(text.label(category))}**")
            in_use = [r for r in everything if r.category is category and r.in_use]
            if not in_use:
                st.caption(text("No reasons yet."))
            for reason in in_use:
                _edit(session, reason)
    retired = [r for r in everything if not r.in_use]
    if retired:
        with st.expander(text.n("{n} retired reason", "{n} retired reasons", len(retired))):
            for reason in retired:
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.text(f"{escape.printable(reason.description)} · {text.label(reason.category)}")
                    st.button(
                        text("Bring back"), key=f"back-{reason.id}", on_click=_set_in_use,
                        args=(session, reason.id, True),
                    )  # fmt: skip


def _add(session: Session) -> None:
    text = session.text
    with st.form(NEW, clear_on_submit=False), st.container():
        st.subheader(text("New reason"), anchor=False)
        first, second, third, fourth = st.columns([3, 2, 2, 1], vertical_alignment="bottom")
        with first:
            st.text_input(text("Description"), key=f"{NEW}-description", max_chars=rules.DESCRIPTION_LENGTH)
        with second:
            st.selectbox(text("Category"), list(Category), key=f"{NEW}-category", format_func=text.label)
        with third:
            st.selectbox(text("Value"), list(ValueMode), key=f"{NEW}-value", format_func=text.label)
        with fourth:
            st.form_submit_button(
                text("Save"), type="primary", on_click=_create, args=(session,), width="stretch"
            )


def _create(session: Session) -> None:
    said = {name: st.session_state[f"{NEW}-{name}"] for name in CHANGEABLE}
    if not said["description"].strip() and st.session_state.pop(JUST_SAVED, False):
        return  # the second click of two
    created = attempt(
        session,
        lambda: services.create_reason(session.desk, session.caller, **said, now=session.now),
        session.text("Reason saved."),
    )
    if created:
        st.session_state[f"{NEW}-description"] = ""
    st.session_state[JUST_SAVED] = created is not None


def reason_key(reason: Reason) -> str:
    """What the fields of a reason are called: another name once it is another, so that they begin with what it is.

    A field in a popover is not in the browser before that is opened, and would never hear of a value set for it.
    """
    return f"reason-{reason.id}-{crc32(repr(reason).encode())}"


def _edit(session: Session, reason: Reason) -> None:
    """One reason: its name opens what may be changed about it."""
    text, key = session.text, reason_key(reason)
    carries = reason.value is not ValueMode.NONE
    with st.popover(
        escape.markdown(reason.description), width="stretch", help=text.label(reason.value),
        icon=":material/payments:" if carries else None,
        wrap=True,
    ):  # fmt: skip
        with st.form(key, border=False):
            st.text_input(
                text("Description"),
                reason.description,
                key=f"{key}-description",
                max_chars=rules.DESCRIPTION_LENGTH,
            )
            categories, modes = list(Category), list(ValueMode)
            st.selectbox(
                text("Category"), categories, categories.index(reason.category), format_func=text.label,
                key=f"{key}-category",
            )  # fmt: skip
            st.selectbox(
                text("Value"), modes, modes.index(reason.value), format_func=text.label, key=f"{key}-value"
            )
            st.form_submit_button(
                text("Save"), type="primary", on_click=_change, args=(session, reason), width="stretch"
            )
        st.button(
            text("Retire"), key=f"{key}-retire", on_click=_set_in_use, args=(session, reason.id, False),
            help=text("It is offered no more; what was classified with it stays as it is."), width="stretch",
        )  # fmt: skip


def _change(session: Session, drawn: Reason) -> None:
    """Save what the person changed, and nothing of what they only saw."""
    said = {name: st.session_state[f"{reason_key(drawn)}-{name}"] for name in CHANGEABLE}
    changed = {name: value for name, value in said.items() if value != getattr(drawn, name)}
    attempt(
        session,
        lambda: services.change_reason(session.desk, session.caller, drawn.id, **changed, now=session.now),
        session.text("Reason saved."),
    )


def _set_in_use(session: Session, reason_id: UUID, in_use: bool) -> None:
    attempt(
        session,
        lambda: services.change_reason(
            session.desk, session.caller, reason_id, in_use=in_use, now=session.now
        ),
        session.text("Reason brought back.") if in_use else session.text("Reason retired."),
    )


def organisation(session: Session) -> None:
    """The classification app and the currency: kept as they are chosen (R2, R5)."""
    text, now_is = session.text, session.organisation
    st.session_state["classification-on"] = now_is.classification_on
    st.toggle(
        text("Classification app"), key="classification-on", on_change=_keep,
        args=(session, "classification_on", "classification-on"),
        help=text("Off: conversations are only concluded; older classifications stay visible."),
    )  # fmt: skip
    others = sorted(list_currencies() - set(USUAL_CURRENCIES))
    st.session_state["currency"] = now_is.currency
    st.selectbox(
        text("Currency of new values"), [*USUAL_CURRENCIES, *others], key="currency", on_change=_keep,
        args=(session, "currency", "currency"), width=320, help=text("Values already given keep theirs."),
    )  # fmt: skip


def _keep(session: Session, setting: str, key: str) -> None:
    """Save a setting of the organisation as its widget has it."""
    changed = {setting: st.session_state[key]}
    attempt(
        session,
        lambda: services.change_organisation(session.desk, session.caller, **changed, now=session.now),
        session.text("Setting saved."),
    )
