"""The list of conversations: folders with counts, search, filters, pages of rows."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import streamlit as st

from core import rules, services
from core.errors import AppError
from core.model import ConversationSummary, Direction, Folder, Listing, Order
from core.ui import chat, components, escape
from core.ui.session import Session
from core.ui.switch import switch

ROWS = 20
LONG_WAIT = timedelta(minutes=30)
WINDOW_CLOSES = timedelta(hours=4)
FOLDER, SEARCH, PAGE = "folder", "q", "page"  # in the session
ORDER, CHANNEL, AGENT, WAITING, REOPENED = "order", "channel", "agent", "waiting", "reopened"
PLACE = "place-in-list"  # in the session: the open conversation's neighbours
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


def _folder() -> Folder:
    return Folder(st.session_state.get(FOLDER) or Folder.NEW)


def listing(session: Session) -> Listing:
    """What the list shows, as the person has asked for it."""
    chosen = st.session_state
    return Listing(
        folder=_folder(),
        agent=chosen.get(AGENT),
        q=rules.clean_name(chosen.get(SEARCH)),
        channel=chosen.get(CHANNEL),
        waiting=bool(chosen.get(WAITING)),
        reopened=bool(chosen.get(REOPENED)),
        order=Order(chosen.get(ORDER) or Order.RECENT),
        window_after=session.now - rules.SERVICE_WINDOW,
    )


Shown = tuple[dict[Folder, int], list[ConversationSummary]]


def look_up(session: Session) -> Shown:
    """How many conversations each folder has, and the rows of the page that is shown."""
    which = listing(session)
    counts = services.count_conversations(session.desk, session.caller, which)
    page = min(int(st.session_state.get(PAGE, 1)), _pages(counts))
    rows = services.list_conversations(
        session.desk, session.caller, which, limit=ROWS, offset=(page - 1) * ROWS
    )
    return counts, rows


def _pages(counts: dict[Folder, int]) -> int:
    return max(1, -(-counts[_folder()] // ROWS))


def inbox(session: Session) -> Shown:
    """Show the folders and the chosen one's conversations; return what was shown."""
    text = session.text
    counts, rows = shown = look_up(session)
    _keep_place([row.id for row in rows])
    switch(
        text,
        text("Folder"),
        {folder: text.label(folder) for folder in Folder},
        counts,
        key=FOLDER,
        on_change=_first_page,
        width="stretch",
        wrap=False,
    )
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.text_input(
            text("Search"),
            placeholder=text("Search by name, number or text"),
            key=SEARCH,
            max_chars=rules.NAME_LENGTH,
            icon=":material/search:",
            on_change=_first_page,
            label_visibility="collapsed",
        )
        _filters(session)
    if not rows:
        head, rest = _nothing(session, listing(session))
        st.html(f'<div class="df-empty"><strong>{head}</strong>{rest}</div>')
        return shown
    with st.container(key="inbox-rows"):
        components.rows(
            key="rows",
            data={"label": text("Conversations"), "rows": [row_data(session, row) for row in rows]},
            on_open_change=_open,
        )
    if _pages(counts) > 1:
        st.pagination(_pages(counts), key=PAGE, max_visible_pages=5)
    return shown


def _open() -> None:
    try:
        open_conversation(UUID(str(st.session_state["rows"]["open"])))
    except ValueError:
        return  # not what the list sends


def _filters(session: Session) -> None:
    """The order and what the list is narrowed to, behind one button that says how many are set."""
    text = session.text
    narrowed = sum(bool(st.session_state.get(key)) for key in (CHANNEL, AGENT, WAITING, REOPENED))
    label = text("Sort and filter")
    with st.popover(
        f"{label} **{text.number(narrowed)}**" if narrowed else label,  # the words are for those who listen
        icon=":material/tune:", help=label, width="content", key="filters",
    ):  # fmt: skip
        st.selectbox(text("Order"), list(Order), format_func=text.label, key=ORDER, on_change=_first_page)
        st.toggle(text("Only those waiting for an answer"), key=WAITING, on_change=_first_page)
        st.toggle(text("Only those that came back"), key=REOPENED, on_change=_first_page)
        st.selectbox(
            text("Channel"), services.list_channels(session.desk, session.caller), index=None, key=CHANNEL,
            placeholder=text("All channels"), on_change=_first_page,
        )  # fmt: skip
        if session.user.handles_any_conversation:
            names = {
                user.id: escape.printable(user.name)
                for user in services.list_users(session.desk, session.caller)
                if user.handles_conversations or user.id == st.session_state.get(AGENT)
            }
            st.selectbox(
                text("Agent"), list(names), index=None, key=AGENT, format_func=names.__getitem__,
                placeholder=text("All agents"), on_change=_first_page,
            )  # fmt: skip


def _first_page() -> None:
    st.session_state.pop(PAGE, None)


def _keep_place(ids: list[UUID]) -> None:
    """Remember what comes after and before the open conversation, also once it has left the list."""
    here = opened()
    if here in ids:
        at = ids.index(here)
        place = (at, ids[at + 1] if at + 1 < len(ids) else None, ids[at - 1] if at else None)
    else:
        at = min(st.session_state.get(PLACE, (0,))[0], max(len(ids) - 1, 0))
        place = (at, ids[at] if ids else None, ids[at - 1] if at else None)
    st.session_state[PLACE] = place


def neighbours() -> tuple[UUID | None, UUID | None]:
    """The next conversation of the list and the one before, as the last run drew it."""
    _, following, before = st.session_state.get(PLACE, (0, None, None))
    return following, before


def _nothing(session: Session, which: Listing) -> tuple[str, str]:
    text = session.text
    if which.q or which.channel or which.agent or which.waiting or which.reopened:
        head, rest = text("Nothing found"), text("Try fewer words or filters, or another folder.")
    elif which.folder is Folder.NEW:
        head, rest = text("Nobody is waiting"), text("New conversations appear here.")
    elif which.folder is Folder.IN_PROGRESS:
        head, rest = text("Nothing in progress"), text("Take a conversation from the new ones.")
    else:
        head, rest = text("Nothing concluded yet"), text("What you conclude is kept here.")
    return head, rest


def row_data(session: Session, row: ConversationSummary) -> dict[str, Any]:
    """A row as the list draws it: words only."""
    text = session.text
    said = text("Text erased") if row.last_message == "" else row.last_message or ""
    said = escape.printable(" ".join(said.split()))
    return {
        "id": str(row.id),
        "opened": row.id == opened(),
        "name": escape.printable(chat.name(row.contact, text)),
        "when": text.when(row.active_at, session.now),
        "ours": text("Team:") if row.last_message_direction is Direction.OUT else "",
        "said": said[:120] or "—",
        "marks": marks(session, row, session.now),
    }


def marks(session: Session, row: ConversationSummary, now: datetime) -> list[tuple[str, str]]:
    """What matters about a row at a glance: its kind, and the words."""
    text = session.text
    found = []
    if row.waiting_since is not None:
        waited = now - row.waiting_since
        kind = "late" if waited >= LONG_WAIT else "waiting"
        found.append((kind, text("waiting {time}", time=text.span(waited))))
    ends = row.service_window_ends_at
    if row.folder is not Folder.CONCLUDED and ends is not None:
        if ends > now:
            kind = "closing" if ends - now < WINDOW_CLOSES else "window"
            found.append((kind, text("window: {left}", left=text.span(ends - now))))
        else:
            found.append(("window", text("window closed")))
    if row.reopened:
        found.append(("reopened", text("reopened")))
    if row.assigned_to_name and row.assigned_to != session.user.id and row.folder is not Folder.NEW:
        found.append(("agent", escape.printable(row.assigned_to_name.split()[0])))
    return found
