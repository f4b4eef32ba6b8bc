"""One conversation on screen: who, the chat, and what may be done with it."""

from uuid import UUID

import streamlit as st

from core import rules, services
from core.errors import OpenConversationExists
from core.model import (
    ArchivePreference,
    Classification,
    Conclusion,
    Conversation,
    ConversationDetail,
    Folder,
    User,
)
from core.text import N_
from core.ui import chat, classify, escape, inbox
from core.ui.session import Session, attempt

NEWEST = 100
SHOWN = "messages-shown"

ARCHIVE_EXPLAINED = {
    ArchivePreference.AFTER_12H: N_(
        "If the contact writes within 12 hours, the conversation comes back to whoever concluded it."
    ),
    ArchivePreference.IMMEDIATELY: N_(
        "Whenever the contact writes, a new conversation begins and the chatbot greets them again."
    ),
}


def conversation(session: Session, conversation_id: UUID) -> None:
    """Show a conversation with everything the person may do about it."""
    text = session.text
    newest = st.session_state.get(SHOWN, {}).get(conversation_id, NEWEST)
    detail = services.conversation(session.desk, session.caller, conversation_id, newest)
    _way(session)
    _head(session, detail)
    with st.container(height=460, border=True, autoscroll=True, key="chat"):
        if detail.earlier_messages:
            st.button(
                text.n("{n} earlier message", "{n} earlier messages", detail.earlier_messages),
                icon=":material/history:", type="tertiary", on_click=_show_more, args=(conversation_id, newest),
            )  # fmt: skip
        st.html(chat.chat(detail, text))
    if detail.conversation.folder is Folder.NEW:
        with st.container(horizontal=True, horizontal_alignment="right", key="new-actions"):
            st.button(
                text("Take it"), key="take", icon=":material/front_hand:", on_click=_take,
                args=(session, conversation_id), shortcut="t",
            )  # fmt: skip
            if session.user.handles_any_conversation:
                _assign(session, detail)
            _conclude(session, detail)
    if detail.conversation.folder is Folder.CONCLUDED:
        _footer(session, detail)
    classify.show(session, detail.conclusions, conversation_id)


def _way(session: Session) -> None:
    """Back to the list on a phone; to the neighbours in the list everywhere."""
    text = session.text
    following, before = inbox.neighbours()
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall", key="way"):
        st.button(
            text("Back to the list"), key="back", icon=":material/arrow_back:", type="tertiary",
            on_click=inbox.close_conversation,
        )  # fmt: skip
        st.button(
            text("Previous"), key="previous", icon=":material/keyboard_arrow_up:", type="tertiary",
            on_click=_go, args=(1,), disabled=before is None, shortcut="p",
        )  # fmt: skip
        st.button(
            text("Next"), key="next", icon=":material/keyboard_arrow_down:", type="tertiary",
            on_click=_go, args=(0,), disabled=following is None, shortcut="n",
        )  # fmt: skip


def _go(which: int) -> None:
    """To a neighbour in the list as it is now: what the button was drawn with may be older."""
    to = inbox.neighbours()[which]
    if to:
        inbox.open_conversation(to)


def _show_more(conversation_id: UUID, newest: int) -> None:
    st.session_state[SHOWN] = {conversation_id: newest + 5 * NEWEST}


def _head(session: Session, detail: ConversationDetail) -> None:
    """Name and state at the left; at the right, of one in progress, what ends it."""
    text, of = session.text, detail.conversation
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        with st.container(width="stretch", gap=None):
            name = chat.plain(chat.name(detail.contact, text))
            facts = chat.plain(" · ".join(_facts(session, detail)))
            st.html(f'<h2 class="df-name">{name}</h2><div class="df-muted">{facts}</div>')
        if of.folder is Folder.IN_PROGRESS:
            if session.user.handles_any_conversation:
                _assign(session, detail)
            if of.assigned_to == session.user.id or session.user.handles_any_conversation:
                _conclude(session, detail)
        if of.folder is Folder.CONCLUDED and rules.may_reopen(session.user, of):
            st.button(
                text("Recover"), key="recover", icon=":material/undo:", on_click=_recover, args=(session, of.id),
                help=text("Take this conversation up again; it becomes yours."),
            )  # fmt: skip


def _facts(session: Session, detail: ConversationDetail) -> list[str]:
    text, of = session.text, detail.conversation
    facts = [text.label(of.folder), of.channel]
    if not detail.contact.erased_at:
        facts.append(detail.contact.address)
    if of.is_open and of.assigned_to_name:
        facts.append(text("with {agent}", agent=of.assigned_to_name))
    ends = detail.service_window_ends_at
    if ends and ends > session.now:
        facts.append(text("24-hour window: {left} left", left=text.span(ends - session.now)))
    elif ends:
        facts.append(text("24-hour window closed"))
    return facts


def _conclude(session: Session, detail: ConversationDetail) -> None:
    """The button, and the arrow beside it with the archive preference (R9)."""
    text, of = session.text, detail.conversation
    with st.container(horizontal=True, gap="xxsmall", width="content"):
        asks = session.organisation.classification_on
        st.button(
            text("Conclude"), key="conclude", type="primary", icon=":material/task_alt:", shortcut="f",
            on_click=classify.ask if asks else classify.conclude_at_once,
            args=("conclude", of.id) if asks else (session, of.id),
        )  # fmt: skip
        archive = text("Archive preference")
        with st.popover(archive, icon=":material/archive:", help=archive, key="archive"):
            archive_preference(session)


def archive_preference(session: Session) -> None:
    """Both choices explained, the current one marked; kept at once (R9)."""
    text = session.text
    key = "archive-preference"
    current = services.get_archive_preference(session.desk, session.caller)
    st.session_state[key] = current
    st.radio(
        text("After I conclude"),
        list(ArchivePreference),
        format_func=text.label,
        captions=[text(ARCHIVE_EXPLAINED[choice]) for choice in ArchivePreference],
        key=key,
        on_change=_prefer,
        args=(session, key),
    )
    st.caption(text("Applies to all your later conclusions, until you change it."))


def _prefer(session: Session, key: str) -> None:
    chosen = ArchivePreference(st.session_state[key])
    attempt(
        session,
        lambda: services.set_archive_preference(session.desk, session.caller, chosen, now=session.now),
        session.text("Preference saved."),
    )


def _assign(session: Session, detail: ConversationDetail) -> None:
    text = session.text
    label = text("Assign")
    with st.popover(label, icon=":material/person_add:", help=label, key="assign"):
        colleagues: list[User] = [
            user for user in services.list_users(session.desk, session.caller) if user.handles_conversations
        ]
        st.selectbox(
            text("Assign to"),
            colleagues,
            index=None,
            format_func=lambda user: escape.printable(user.name),
            key=f"assign-{detail.conversation.id}",
            on_change=_hand_over,
            args=(session, detail.conversation.id),
        )


def _hand_over(session: Session, conversation_id: UUID) -> None:
    to: User | None = st.session_state[f"assign-{conversation_id}"]
    st.session_state[f"assign-{conversation_id}"] = None
    if to:
        attempt(
            session,
            lambda: services.assign(session.desk, session.caller, conversation_id, to.id, now=session.now),
            session.text("The conversation is with {agent} now.", agent=to.name),
        )


def _take(session: Session, conversation_id: UUID) -> None:
    taken = attempt(
        session,
        lambda: services.assign(session.desk, session.caller, conversation_id, now=session.now),
        session.text("The conversation is yours."),
    )
    if taken:
        inbox.show_conversation(session, conversation_id)


def _recover(session: Session, conversation_id: UUID) -> None:
    def work() -> Conversation | None:
        try:
            return services.reopen(session.desk, session.caller, conversation_id, now=session.now)
        except OpenConversationExists as error:  # the one to go on with
            inbox.show_conversation(session, error.facts["conversation_id"])
            raise

    if attempt(session, work, session.text("The conversation is open again, with you.")):
        inbox.show_conversation(session, conversation_id)


def _footer(session: Session, detail: ConversationDetail) -> None:
    """How it ended: category, reason, value, who, when; the edit where it is one's own; the versions (R7, R8)."""
    text, last = session.text, detail.conclusions[-1]
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center", key="footer"):
        version = last.classification
        said = (
            chat.summary(version, text) if version else chat.plain(text("Concluded without a classification"))
        )
        st.html(
            f'<div class="df-footer">{said}<div class="df-muted">{chat.plain(_who(session, last))}</div></div>'
        )
        if last.concluded_by == session.user.id and session.organisation.classification_on:
            st.button(
                text("Edit classification") if version else text("Classify"), key="edit", icon=":material/edit:",
                on_click=classify.ask, args=("edit", last.id),
            )  # fmt: skip
        if len(last.classifications) > 1:
            with st.popover(text.n("{n} version", "{n} versions", len(last.classifications))):
                for one in reversed(last.classifications):
                    st.html(f'<div class="df-footer">{_version(session, one)}</div>')


def _who(session: Session, last: Conclusion) -> str:
    text = session.text
    kept = text.label(last.archive_preference).lower()
    if last.concluded_by_name:
        said = text("Concluded by {agent} on {at}", agent=last.concluded_by_name, at=last.concluded_at)
    else:
        said = text("Concluded on {at}", at=last.concluded_at)
    return f"{said} · {kept}"


def _version(session: Session, one: Classification) -> str:
    text = session.text
    who = text("{agent}, {at}", agent=one.classified_by_name or "—", at=one.classified_at)
    return f'{chat.summary(one, text)}<div class="df-muted">{chat.plain(who)}</div>'


def nothing_open(session: Session) -> None:
    """What stands where a conversation will be."""
    head = session.text("No conversation selected")
    rest = session.text("Choose one from the list to read it and to conclude it.")
    st.html(f'<div class="df-empty"><strong>{head}</strong>{rest}</div>')
