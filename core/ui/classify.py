"""The dialog in which a conversation is concluded, or a classification changed."""

from functools import partial
from typing import Any
from uuid import UUID

import streamlit as st

from core import services
from core.errors import AlreadyConcluded, AppError, Invalid
from core.model import Category, Classification, Conclusion, Reason, Role, ValueMode
from core.ui import components, escape
from core.ui.pages import PAGES
from core.ui.session import Session, attempt, say, still_in

ASKED = "classify"  # in the session: ("conclude", conversation id) or ("edit", conclusion id)
REFUSED = "classify-refused"  # in the session: why not


def ask(what: str, target: UUID) -> None:
    """Open the dialog on the next run."""
    st.session_state[ASKED] = (what, target)
    st.session_state.pop(REFUSED, None)


def asked() -> bool:
    """Is a dialog open?"""
    return ASKED in st.session_state


def forget() -> None:
    """Let go of a dialog asked for: it is done, or the person went somewhere else."""
    st.session_state.pop(ASKED, None)


def show(session: Session, conclusions: tuple[Conclusion, ...], conversation_id: UUID) -> None:
    """Show the dialog where it was asked for about this conversation."""
    what, target = st.session_state.get(ASKED, (None, None))
    edited = next((c for c in conclusions if c.id == target), None)
    if what == "conclude" and target == conversation_id:
        title = session.text("Conclude conversation")
    elif what == "edit" and edited and edited.concluded_by == session.user.id:
        title = session.text("Edit classification")
    else:
        return
    st.dialog(title, width="large", on_dismiss=forget)(_body)(session, target, edited)


def _body(session: Session, target: UUID, edited: Conclusion | None) -> None:
    still_in(session)
    if not asked():
        st.rerun()  # done: what is said inside the dialog reruns the dialog alone, and the page shall go on
    key = f"classify-{target}"
    components.classify(
        key=key,
        data=data(session, edited.classification if edited else None, editing=edited is not None),
        on_done_change=partial(_done, session, key, target, editing=edited is not None),
    )
    if session.user.role is Role.ADMIN:
        st.page_link(
            PAGES / "admin" / "settings.py",
            label=session.text("Change conversation classification"),
            icon=":material/edit:",
        )


def data(session: Session, before: Classification | None, *, editing: bool) -> dict[str, Any]:
    """What the dialog shows: words and keys only. `before`: what an edit begins with."""
    text = session.text
    kept = before.reason_id if before else None
    offered = [r for r in services.list_reasons(session.desk, session.caller) if r.in_use or r.id == kept]
    currency = text.currency_symbol(session.organisation.currency)
    return {
        "categories": [{"id": category, "label": text.label(category)} for category in Category],
        "reasons": [
            {
                "id": str(reason.id),
                "category": reason.category,
                "category_label": text.label(reason.category),
                "text": escape.printable(reason.description),
                "value": reason.value,
                "value_label": text.label(reason.value),
            }
            for reason in offered
        ],
        "frequent": [str(id_) for id_ in services.usual_reasons(session.desk, session.caller)],
        "chosen": str(kept) if kept else None,
        "value": text.typed_value(before.value) if before and before.value is not None else "",
        "editing": editing,
        "refusal": st.session_state.get(REFUSED),
        "texts": {
            "search": text("Search a reason"),
            "reasons": text("Reasons"),
            "frequent": text("What you use most"),
            "nothing": text("No reason has these words."),
            "more": text("There are more: type on."),
            "none": text("No reasons yet."),
            "chosen": text("Chosen"),
            "value_required": text(
                "Value ({currency}, {needed})", currency=currency, needed=text("required")
            ),
            "value_optional": text(
                "Value ({currency}, {needed})", currency=currency, needed=text("optional")
            ),
            "example": text.value_example(),
            "classify": text("Classify and conclude"),
            "only": text("Only conclude"),
            "save": text("Save"),
        },
    }


def _done(session: Session, key: str, target: UUID, *, editing: bool) -> None:
    said = st.session_state[key].get("done")
    if isinstance(said, dict) and isinstance(said.get("classified"), bool):
        decide(session, target, said, editing=editing)


def decide(session: Session, target: UUID, said: dict[str, Any], *, editing: bool) -> None:
    """Do what the dialog said about a conversation, or when `editing` a conclusion; keep a refusal for it to show."""
    text, done = session.text, ""
    try:
        reason_id, value = read(session, said) if editing or said.get("classified") else (None, None)
        if editing:
            if reason_id is None:
                return
            services.edit_classification(
                session.desk, session.caller, target, reason_id, value, now=session.now
            )
            done = text("Classification saved.")
        elif _conclude_once(session, target, reason_id, value):
            done = text("Conversation concluded.")
    except AlreadyConcluded as error:
        forget()
        say(text.error(error), kind="warning")
    except AppError as error:
        st.session_state[REFUSED] = text.error(error)
    else:
        forget()
        if done:
            say(done)


def read(session: Session, said: dict[str, Any]) -> tuple[UUID | None, str | None]:
    """The reason and the value as commands take them, from what a browser sent.

    Errors: `Invalid` for a reason that is none, or a value that is not written as the language writes one.
    """
    reasons: dict[str, Reason] = {str(r.id): r for r in services.list_reasons(session.desk, session.caller)}
    chosen = reasons.get(str(said.get("reason_id")))
    if chosen is None:
        raise Invalid("There is no such reason.", field="reason_id")
    typed = str(said.get("value") or "").strip()
    carries = chosen.value is not ValueMode.NONE
    return chosen.id, session.text.read_value(typed) if typed and carries else None


def _conclude_once(
    session: Session, conversation_id: UUID, reason_id: UUID | None = None, value: str | None = None
) -> bool:
    """Conclude; one's own second click does nothing, and is no reason for a sentence."""
    try:
        services.conclude(session.desk, session.caller, conversation_id, reason_id, value, now=session.now)
    except AlreadyConcluded as error:
        if error.facts["concluded_by"]["id"] != session.user.id:
            raise
        return False
    return True


def conclude_at_once(session: Session, conversation_id: UUID) -> None:
    """What "Conclude" does where the classification app is off (R2)."""
    if attempt(session, lambda: _conclude_once(session, conversation_id)):
        say(session.text("Conversation concluded."))
