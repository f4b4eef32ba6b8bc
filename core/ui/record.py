"""The record as administrators see it: narrowed, a page of rows at a time, and as files."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from core import services
from core.desk.record import Key
from core.model import SYSTEM_USER_ID, RecordEntry, RecordFilter, Topic
from core.reports import files
from core.text import N_, Text
from core.ui import downloads, escape, inbox
from core.ui.outcome_details import address
from core.ui.outcome_filters import AHEAD, EARLIEST
from core.ui.outcome_tables import Column, in_file, on_page
from core.ui.pages import NAVIGATION
from core.ui.session import Session

ROWS = 50
ROWS_IN_FILES = 100_000
FEW_ROWS, HEIGHT = 12, 560  # a longer table scrolls, in so many pixels
WIDTH = 216  # of a filter
NO_CONVERSATION = UUID(int=0)
PAGES = "record-pages"  # in the session: what is asked for, and the entries that its pages so far began after
CONVERSATION = re.compile(
    rf"(?:^|[?&]{inbox.OPENED}=)([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})", re.IGNORECASE
)

FREE = "free"
DAYS: dict[str, str] = {
    "1": N_("Today"),
    "7": N_("Last 7 days"),
    "28": N_("Last 28 days"),
    "all": N_("Since the beginning"),
    FREE: N_("Choose days"),
}
USUAL = "7"

TOPICS: dict[Topic, str] = {
    Topic.CONVERSATIONS: N_("Conversations"),
    Topic.OUTCOMES: N_("Outcomes and questions"),
    Topic.SETTINGS: N_("Settings and preferences"),
    Topic.PEOPLE: N_("People and tokens"),
    Topic.SIGN_INS: N_("Sign-ins"),
    Topic.PERSONAL_DATA: N_("Personal data"),
}

# Everything that can be done, or refused, as the record says it.
ACTIONS: dict[str, str] = {
    "add_user": N_("Add a person"),
    "assign": N_("Take or assign a conversation"),
    "authenticate": N_("Use a token"),
    "change_organisation": N_("Change settings"),
    "change_reason": N_("Change a reason"),
    "change_user": N_("Change a person"),
    "check_asks_sql": N_("Ask a question in SQL"),
    "conclude": N_("Conclude a conversation"),
    "contact_to_erase": N_("See what is held about a contact"),
    "conversation": N_("Read a conversation"),
    "count_conversations": N_("See the list of conversations"),
    "create_reason": N_("Create a reason"),
    "create_token": N_("Create a token"),
    "edit_classification": N_("Classify, or change a classification"),
    "erase_contact": N_("Erase a contact's data"),
    "erase_old_contacts": N_("Erase the data of contacts of long ago"),
    "export_contact": N_("Export a contact's data"),
    "forget_old_answers": N_("Delete answers kept for repeated requests"),
    "forget_strangers": N_("Forget who was refused to sign in long ago"),
    "get_archive_preference": N_("See one's own preference"),
    "get_organisation": N_("See the settings of the organisation"),
    "import": N_("Import history"),
    "invite_user": N_("Invite a person"),
    "last_change": N_("Read a conversation"),
    "list_channels": N_("See the list of conversations"),
    "list_conversations": N_("See the list of conversations"),
    "list_reasons": N_("See the reasons"),
    "list_tokens": N_("See the tokens"),
    "list_users": N_("See the people of the team"),
    "me": N_("See one's own account"),
    "move_clock": N_("Move the demonstration's clock"),
    "note_token_uses": N_("Note the use of tokens"),
    "old_contacts": N_("See which contacts are of long ago"),
    "open_page": N_("Open a page"),
    "outcomes_for": N_("See the outcomes"),
    "receive_message": N_("Take a message in"),
    "record_entries": N_("See the record"),
    "reopen": N_("Recover a conversation"),
    "revoke_token": N_("Revoke a token"),
    "set_archive_preference": N_("Change the archive preference"),
    "sign_in": N_("Sign in"),
    "sign_out": N_("Sign out"),
    "sql_tokens": N_("See the tokens"),
    "usual_reasons": N_("See the reasons"),
}

# Why something was refused, by the error's code.
REFUSALS: dict[str, str] = {
    "deactivated": N_("The account is not active"),
    "no_email": N_("The provider named no e-mail"),
    "not_permitted": N_("Not permitted"),
    "unauthenticated": N_("Not admitted: account or token not valid"),
    "unknown": N_("Nobody here has this e-mail"),
    "unverified": N_("The e-mail is not verified"),
}


def show(session: Session) -> None:
    text = session.text
    chosen = _filters(session)
    begins = _begins(chosen)
    found = services.record_entries(
        session.desk, session.caller, chosen, limit=ROWS + 1, after=begins[-1] if begins else None
    )
    rows = found[:ROWS]
    if not rows:
        head, rest = text("Nothing on record"), text("Other days or fewer filters may show something.")
        st.html(f'<div class="df-empty"><strong>{head}</strong>{rest}</div>')
        return
    st.dataframe(
        on_page(_columns(session, rows)), hide_index=True, column_config=_drawn(text), placeholder="",
        height="content" if len(rows) <= FEW_ROWS else HEIGHT, alt=text("The record as a table"),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="record-below"):
        if len(found) > ROWS or begins:
            st.button(
                text("Newer entries"), key="record-newer", icon=":material/chevron_left:", disabled=not begins,
                on_click=_turn, args=(chosen, begins[:-1]),
            )  # fmt: skip
            st.button(
                text("Older entries"), key="record-older", icon=":material/chevron_right:", icon_position="right",
                disabled=len(found) <= ROWS, on_click=_turn, args=(chosen, [*begins, rows[-1].key]),
            )  # fmt: skip
        _files(session, chosen)
    st.caption(text("A file holds the newest {n} of what the filters show.", n=ROWS_IN_FILES))


def _begins(chosen: RecordFilter) -> list[Key]:
    """The entries that the pages up to this one begin after; none on the first page, which other filters lead back to."""
    filters, begins = st.session_state.get(PAGES, (None, []))
    return list(begins) if filters == chosen else []


def _turn(chosen: RecordFilter, begins: list[Key]) -> None:
    st.session_state[PAGES] = (chosen, begins)


# The filters --------------------------------------------------------------------------------------


def _filters(session: Session) -> RecordFilter:
    text = session.text
    names = {
        user.id: escape.printable(user.name) for user in services.list_users(session.desk, session.caller)
    }
    names[SYSTEM_USER_ID] = text("System")
    with st.container(horizontal=True, vertical_alignment="bottom", key="record-filters"):
        period = st.selectbox(
            text("Period"), list(DAYS), list(DAYS).index(USUAL), key="record-period", width=WIDTH,
            format_func=lambda days: text(DAYS[days]),
        )  # fmt: skip
        since, until = _period(session, period)
        user_id = st.selectbox(
            text("Person"), list(names), None, key="record-person", width=WIDTH, format_func=names.__getitem__,
            placeholder=text("Everybody"),
        )  # fmt: skip
        topic = st.selectbox(
            text("What"), list(Topic), None, key="record-topic", width=WIDTH,
            format_func=lambda topic: text(TOPICS[topic]), placeholder=text("Everything"),
        )  # fmt: skip
        typed = st.text_input(
            text("Conversation"), key="record-conversation", width=WIDTH,
            placeholder=text("Its address or its id"),
        )  # fmt: skip
        refused = st.toggle(text("Refused only"), key="record-refused")
        messages = st.toggle(
            text("Messages too"), key="record-messages",
            help=text("Those of contacts come in by themselves; without them the record shows what people did."),
        )  # fmt: skip
    named = CONVERSATION.search(typed.strip())
    conversation_id = UUID(named[1]) if named else NO_CONVERSATION if typed.strip() else None
    return RecordFilter(since, until, user_id, topic, refused, conversation_id, messages)


def _period(session: Session, said: str) -> tuple[datetime | None, datetime | None]:
    """From when, and before when, in days of the organisation's time zone; None where there is no end."""
    text = session.text
    today = text.local_day(session.now)
    if said == "all":
        return None, None
    if said != FREE:
        return _midnight(today - timedelta(days=int(said) - 1), text), None
    days = st.date_input(
        text("Days"),
        (today, today),
        EARLIEST,
        today + AHEAD,
        key="record-days",
        width=WIDTH,
        format="DD/MM/YYYY",
    )
    first, last = (days[0], days[-1]) if days else (today, today)
    return _midnight(first, text), _midnight(last + timedelta(days=1), text)


def _midnight(day: date, text: Text) -> datetime:
    return datetime.combine(day, time(), text.zone)


# The rows -----------------------------------------------------------------------------------------


def _columns(session: Session, rows: list[RecordEntry]) -> list[Column]:
    """The rows as the page shows them and as files hold them, which name no contact: their conversation is enough."""
    text = session.text
    titles = {address: title for _, address, title, _, _ in NAVIGATION}

    def who(row: RecordEntry) -> str:
        if row.user_id == SYSTEM_USER_ID:
            return text("System")
        return row.who or text("Unknown")

    def subject(row: RecordEntry) -> str | None:
        return text(titles[row.subject]) if row.subject in titles else row.subject

    def about() -> list[str | None]:
        said = (subject(row) or row.contact for row in rows)
        return [escape.printable(one) if one else None for one in said]

    def links() -> list[str | None]:
        return [address(session, str(row.conversation_id)) if row.conversation_id else None for row in rows]

    people = [who(row) for row in rows]
    moments = pd.Series([row.occurred_at for row in rows], dtype="datetime64[us, UTC]")
    ids = [str(row.conversation_id) if row.conversation_id else None for row in rows]
    return [
        Column(text("When"), moments.dt.tz_convert(text.timezone)),
        Column(text("Who"), people, lambda: [escape.printable(one) for one in people]),
        Column(text("What"), [text(ACTIONS.get(row.action, row.action)) for row in rows]),
        Column(text("Action"), [row.action for row in rows], file_only=True),
        Column(
            text("Refused"),
            [text(REFUSALS.get(row.refused, row.refused)) if row.refused else None for row in rows],
        ),
        Column(text("About"), [subject(row) for row in rows], about),
        Column(text("Conversation"), ids, links),
    ]


def _drawn(text: Text) -> dict[str, Any]:
    return {
        text("When"): st.column_config.DatetimeColumn(
            format="DD/MM/YYYY HH:mm:ss", timezone=text.timezone, width=165
        ),
        text("Who"): st.column_config.TextColumn(width=155),
        text("What"): st.column_config.TextColumn(width=250),
        text("Refused"): st.column_config.TextColumn(width=130),
        text("About"): st.column_config.TextColumn(width=160),
        text("Conversation"): st.column_config.LinkColumn(display_text=text("Open"), width=110),
    }


def _files(session: Session, chosen: RecordFilter) -> None:
    text = session.text

    def every() -> pd.DataFrame:
        rows = services.record_entries(session.desk, session.caller, chosen, limit=ROWS_IN_FILES)
        return in_file(_columns(session, rows))

    noun, day = text("Record"), text.local_day(session.now)
    downloads.buttons(text, "record", f"{noun} {day}", every, files.WRITERS)
