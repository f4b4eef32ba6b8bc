"""The dialog with the conclusions behind a figure."""

from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core import services
from core.errors import AppError
from core.reports import behind as reports
from core.reports.filter import ReportFilter
from core.text import N_
from core.ui import escape, inbox
from core.ui.outcome_tables import Column, categories, downloads, in_file, money, on_page
from core.ui.pages import NAVIGATION
from core.ui.session import AS, Session, still_in

OPEN, PAGE = "behind", "behind-page"  # in the session: the figure asked about; the page that is shown
ROWS = 50
CONVERSATIONS = "agent/conversations.py"
# What each figure's button says and its dialog is called: the conclusions that explain it.
TITLES = {
    "conclusions": N_("All conclusions"),
    "classified_share": N_("Not classified"),
    "achieved_rate": N_("Achieved and lost"),
    "value_achieved": N_("Achieved, with a value"),
    "value_lost": N_("Lost, with a value"),
    "reopened_share": N_("Came back"),
    "median_time": N_("Longest first"),
}


def button(session: Session, what: str) -> None:
    """Under a figure: see what is behind it."""
    text = session.text
    st.button(
        text(TITLES[what]), key=f"behind-{what}", icon=":material/list:", type="tertiary", on_click=ask, args=(what,)
    )  # fmt: skip


def ask(what: str) -> None:
    """Open the dialog in this run; what happens inside it reruns it alone."""
    st.session_state[OPEN] = what
    st.session_state.pop(PAGE, None)


def show(session: Session, chosen: ReportFilter) -> None:
    """Show the dialog where it was just asked for."""
    what = st.session_state.pop(OPEN, None)
    if what in TITLES:
        st.dialog(session.text(TITLES[what]), width="large")(_body)(session, chosen, what)


def _body(session: Session, chosen: ReportFilter, what: str) -> None:
    still_in(session)
    try:  # also of who has had it open for long (R16)
        services.outcomes_for(session.desk, session.caller)
        conversations = services.me(session.desk, session.caller).handles_any_conversation
    except AppError as error:
        st.error(escape.markdown(session.text.error(error)), icon=":material/block:")
        return
    text, facts = session.text, session.application.facts
    total = reports.how_many_behind(facts, chosen, what)
    st.caption(text.n("{n} conclusion", "{n} conclusions", total))
    if not total:
        return
    pages = -(-total // ROWS)
    page = min(int(st.session_state.get(PAGE, 1)), pages)
    found = reports.conclusions_behind(facts, chosen, what, offset=(page - 1) * ROWS, limit=ROWS)
    st.dataframe(
        on_page(columns(session, found, conversations=conversations)),
        hide_index=True,
        column_config=drawn(session),
        placeholder="",
        height="content" if len(found) < 12 else 460,
    )
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=5)

    def every() -> pd.DataFrame:
        conversations = services.me(session.desk, session.caller).handles_any_conversation
        rows = reports.conclusions_behind(facts, chosen, what, limit=reports.MOST_ROWS)
        return in_file(columns(session, rows, conversations=conversations))

    downloads(session, "behind", text(TITLES[what]), chosen, every)
    if total > reports.MOST_ROWS:
        st.caption(text("The files hold the first {n} of these.", n=reports.MOST_ROWS))


def columns(session: Session, found: pd.DataFrame, *, conversations: bool) -> list[Column]:
    """The rows as the dialog shows them and as files hold them; `conversations`: with these, for who may see them
    (R18)."""
    text = session.text
    concluded, back = (found[name].dt.tz_localize("UTC") for name in ("concluded_at", "reopened_at"))

    def worth() -> list[str | None]:
        amounts = zip(found["value"], found["currency"], strict=True)
        return [None if pd.isna(amount) else text.money(amount, currency) for amount, currency in amounts]

    def took() -> list[str | None]:
        return [None if pd.isna(time) else text.duration(float(time)) for time in found["handling_seconds"]]

    def links() -> list[str]:
        return [address(session, key) for key in found["conversation_id"]]

    time = text("Time to conclusion")
    return [
        *([Column(text("Conversation"), found["conversation_id"], links)] if conversations else []),
        Column(text("Concluded at"), concluded.dt.tz_convert(text.timezone), concluded),
        Column(text("Agent"), [name or text("Unknown") for name in found["agent"]]),
        categories(text("Category"), found["category"], text),
        Column(text("Reason"), found["reason"]),
        Column(text("Value"), money(found["value"]), worth),
        Column(text("Currency"), found["currency"], file_only=True),
        Column(text("Came back at"), back.dt.tz_convert(text.timezone), back),
        Column(time, found["handling_seconds"], took, text("{what}, in seconds", what=time)),
        Column(text("Channel"), found["channel"]),
    ]


def drawn(session: Session) -> dict[str, Any]:
    """How the dialog draws its columns."""
    text = session.text
    moment = st.column_config.DatetimeColumn(format="DD/MM/YYYY HH:mm", timezone=text.timezone, width=150)
    right = st.column_config.TextColumn(alignment="right", width=140)
    return {
        text("Conversation"): st.column_config.LinkColumn(display_text=text("Open"), width=110),
        text("Concluded at"): moment,
        text("Came back at"): moment,
        text("Value"): right,
        text("Time to conclusion"): right,
        text("Reason"): st.column_config.TextColumn(width=200),
    }


def address(session: Session, conversation_id: str) -> str:
    """Where a conversation is read, from this page's own address; the page where a role begins has none of its own."""
    begin = next(file for file, *_, roles in NAVIGATION if session.user.role in roles)
    page = next(address for file, address, *_ in NAVIGATION if file == CONVERSATIONS)
    query = {inbox.OPENED: conversation_id}
    if AS in st.query_params:  # in the demonstration, as who one is here
        query[AS] = st.query_params[AS]
    return f"./{'' if begin == CONVERSATIONS else page}?{urlencode(query)}"
