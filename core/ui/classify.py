"""The dialog in which a conversation is concluded, or a classification changed."""

from uuid import UUID

import streamlit as st

from core import services
from core.errors import AlreadyConcluded, AppError
from core.model import Category, Classification, Conclusion, Reason, Role, ValueMode
from core.text import Text
from core.ui import escape
from core.ui.pages import PAGES
from core.ui.session import Session, attempt, say

ASKED = "classify"  # in the session: ("conclude", conversation id) or ("edit", conclusion id)
VALUE, REFUSED, SEEDED = "classify-value", "classify-refused", "classify-seeded"
ICONS = {
    Category.ACHIEVED: ":green[:material/check_circle:]",
    Category.LOST: ":red[:material/cancel:]",
    Category.QUESTION: ":blue[:material/help:]",
    Category.OTHER: ":violet[:material/more_horiz:]",
}


def _choice(category: Category) -> str:
    return f"classify-{category}"


def ask(what: str, target: UUID) -> None:
    """Open the dialog on the next run."""
    st.session_state[ASKED] = (what, target)
    for category in Category:
        st.session_state.pop(_choice(category), None)
    for key in (VALUE, REFUSED, SEEDED):
        st.session_state.pop(key, None)


def forget() -> None:
    """Let go of a dialog asked for: it is done, or the person went somewhere else."""
    st.session_state.pop(ASKED, None)


def _seed(before: Classification, offered: list[Reason], text: Text) -> None:
    """Begin an edit with what the version before says."""
    st.session_state[SEEDED] = True
    reason = next((r for r in offered if r.id == before.reason_id), None)
    if reason:
        st.session_state[_choice(reason.category)] = reason.id
    if before.value is not None:
        st.session_state[VALUE] = text.typed_value(before.value)


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
    if ASKED not in st.session_state:
        st.rerun()  # done: a click inside the dialog reruns the dialog alone, and the page shall go on
    text = session.text
    before = edited.classification if edited else None
    reasons = services.list_reasons(session.desk, session.caller)
    offered = [r for r in reasons if r.in_use or (before and r.id == before.reason_id)]
    if before and SEEDED not in st.session_state:
        _seed(before, offered, text)
    for category, column in zip(Category, st.columns(len(Category)), strict=True):
        with column:
            _category(session, category, [r for r in offered if r.category is category])
    chosen = next((r for r in offered if r.id in [st.session_state.get(_choice(c)) for c in Category]), None)
    if chosen and chosen.value is not ValueMode.NONE:
        organisation = session.organisation
        needed = text("required") if chosen.value is ValueMode.REQUIRED else text("optional")
        st.text_input(
            text(
                "Value ({currency}, {needed})",
                currency=text.currency_symbol(organisation.currency),
                needed=needed,
            ),
            key=VALUE,
            placeholder=text.value_example(),
            max_chars=24,
            width=260,
        )
    if refusal := st.session_state.get(REFUSED):
        st.warning(escape.markdown(refusal), icon=":material/info:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if edited:
            st.button(
                text("Save"), key="classify-save", type="primary", disabled=chosen is None,
                on_click=_save, args=(session, target),
            )  # fmt: skip
        else:
            st.button(
                text("Classify and conclude"), key="classify-conclude", type="primary", disabled=chosen is None,
                icon=":material/check:", on_click=_conclude, args=(session, target, True),
            )  # fmt: skip
            st.button(
                text("Only conclude"), key="conclude-only", help=text("Conclude without a classification"),
                on_click=_conclude, args=(session, target, False),
            )  # fmt: skip
        if session.user.role is Role.ADMIN:
            st.page_link(
                PAGES / "admin" / "settings.py",
                label=text("Change conversation classification"),
                icon=":material/edit:",
            )


def _category(session: Session, category: Category, reasons: list[Reason]) -> None:
    """One of the four columns: its name, and the reasons to choose from."""
    text = session.text
    st.markdown(f"{ICONS[category]} **{escape.markdown(text.label(category))}**")
    if not reasons:
        st.caption(text("No reasons yet."))
        return
    key = _choice(category)
    ids = [reason.id for reason in reasons]
    names = {r.id: escape.markdown(r.description) for r in reasons}
    with st.container(height=300 if len(reasons) > 9 else "content", border=False):
        st.radio(
            text.label(category), ids, index=None, key=key, format_func=names.__getitem__,
            label_visibility="collapsed", on_change=_only, args=(category,),
        )  # fmt: skip


def _only(category: Category) -> None:
    """One reason in all: choosing in one category lets go of the others."""
    for other in Category:
        if other is not category and _choice(other) in st.session_state:
            st.session_state[_choice(other)] = None
    st.session_state.pop(REFUSED, None)


def _said(session: Session) -> tuple[UUID | None, str | None]:
    """What the dialog holds: the reason, and the value as commands take it.

    Errors: `Invalid` for a value that is not written as the language writes one.
    """
    chosen = next((st.session_state[k] for c in Category if st.session_state.get(k := _choice(c))), None)
    typed = (st.session_state.get(VALUE) or "").strip()
    reasons = {r.id: r for r in services.list_reasons(session.desk, session.caller)}
    carries = chosen in reasons and reasons[chosen].value is not ValueMode.NONE
    return chosen, session.text.read_value(typed) if typed and carries else None


def _conclude(session: Session, conversation_id: UUID, classified: bool) -> None:
    try:
        reason_id, value = _said(session) if classified else (None, None)
        done = _conclude_once(session, conversation_id, reason_id, value)
    except AlreadyConcluded as error:
        forget()
        say(session.text.error(error), kind="warning")
    except AppError as error:
        st.session_state[REFUSED] = session.text.error(error)
    else:
        forget()
        if done:
            say(session.text("Conversation concluded."))


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


def _save(session: Session, conclusion_id: UUID) -> None:
    try:
        reason_id, value = _said(session)
        if reason_id is None:
            return
        services.edit_classification(
            session.desk, session.caller, conclusion_id, reason_id, value, now=session.now
        )
    except AppError as error:
        st.session_state[REFUSED] = session.text.error(error)
    else:
        forget()
        say(session.text("Classification saved."))


def conclude_at_once(session: Session, conversation_id: UUID) -> None:
    """What "Conclude" does where the classification app is off (R2)."""
    if attempt(session, lambda: _conclude_once(session, conversation_id)):
        say(session.text("Conversation concluded."))
