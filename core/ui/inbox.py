"""The list of conversations: folders with counts, search, pages of rows."""

from uuid import UUID

import streamlit as st

from core import rules, services
from core.errors import AppError
from core.model import ConversationSummary, Direction, Folder, Listing
from core.ui import escape
from core.ui.session import Session

ROWS = 20
FOLDER, SEARCH, PAGE = "folder", "q", "page"  # in the session
OPENED = "c"  # in the address: the conversation that is open


def opened() -> UUID | None:
    """The conversation the address names."""
    try:
        return UUID(st.query_params[OPENED])
    except (KeyError, ValueError):
        return None


def open_conversation(conversation_id: UUID) -> None:
    st.query_params[OPENED] = str(conversation_id)


def show_conversation(session: Session, conversation_id: UUID) -> None:
    """Open a conversation and the folder it is in."""
    try:
        detail = services.conversation(session.desk, session.caller, conversation_id, 1)
    except AppError:
        return  # not this person's to see
    st.session_state[FOLDER] = detail.conversation.folder
    _first_page()
    open_conversation(conversation_id)


def close_conversation() -> None:
    st.query_params.pop(OPENED, None)


def inbox(session: Session) -> None:
    """Show the folders and the chosen one's conversations."""
    text = session.text
    q = rules.clean_name(st.session_state.get(SEARCH))
    counts = services.count_conversations(session.desk, session.caller, Listing(q=q))
    st.session_state.setdefault(FOLDER, Folder.NEW)
    folder = st.segmented_control(
        text("Folder"),
        list(Folder),
        required=True,
        format_func=lambda f: f"{text.label(f)} **{text.number(counts[f])}**",
        key=FOLDER,
        on_change=_first_page,
        label_visibility="collapsed",
        width="stretch",
        wrap=False,
    )
    st.text_input(
        text("Search"),
        placeholder=text("Search by name, number or text"),
        key=SEARCH,
        max_chars=rules.NAME_LENGTH,
        icon=":material/search:",
        on_change=_first_page,
        label_visibility="collapsed",
    )
    folder = Folder(folder or Folder.NEW)
    pages = max(1, -(-counts[folder] // ROWS))
    page = min(int(st.session_state.get(PAGE, 1)), pages)
    rows = services.list_conversations(
        session.desk, session.caller, Listing(folder, q=q), limit=ROWS, offset=(page - 1) * ROWS
    )
    if not rows:
        head, rest = _nothing(session, folder, q)
        st.html(f'<div class="df-empty"><strong>{head}</strong>{rest}</div>')
        return
    with st.container(key="inbox-rows", gap="xxsmall"):
        for row in rows:
            st.button(
                label(session, row),
                key=f"open-{row.id}",
                on_click=open_conversation,
                args=(row.id,),
                type="secondary" if row.id == opened() else "tertiary",
                width="stretch",
            )
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=5)


def _first_page() -> None:
    st.session_state.pop(PAGE, None)


def _nothing(session: Session, folder: Folder, q: str | None) -> tuple[str, str]:
    text = session.text
    if q:
        head, rest = text("Nothing found"), text("Try fewer words, or another folder.")
    elif folder is Folder.NEW:
        head, rest = text("Nobody is waiting"), text("New conversations appear here.")
    elif folder is Folder.IN_PROGRESS:
        head, rest = text("Nothing in progress"), text("Take a conversation from the new ones.")
    else:
        head, rest = text("Nothing concluded yet"), text("What you conclude is kept here.")
    return head, rest


def label(session: Session, row: ConversationSummary) -> str:
    """A row in two lines of Markdown: who and when; what was last said."""
    text = session.text
    name = escape.markdown(row.contact.name or row.contact.address)
    marks = [text.when(row.active_at, session.now)]
    if row.reopened:
        marks.append(text("reopened"))
    if row.assigned_to_name and row.assigned_to != session.user.id:
        marks.append(row.assigned_to_name.split()[0])
    said = (row.last_message or "")[:80]
    arrow = "↩ " if row.last_message_direction is Direction.OUT else ""
    return f"**{name}**  ·  {escape.markdown(' · '.join(marks))}\n{arrow}{escape.markdown(said) or '—'}"
