"""What the outcomes page tells, by topic: each a few charts, each with its table and files."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import altair
import pandas as pd
import streamlit as st

from core.model import Category
from core.reports import classifying, outcomes, reopenings, times
from core.reports.charts import categories, category_name
from core.reports.filter import ReportFilter
from core.reports.metrics import FEW, NOTHING, Unit, shown
from core.text import N_, Text
from core.ui import chat, escape, outcome_filters, outcome_tables
from core.ui.outcome_tables import Column, downloads, in_file, money, on_page, table
from core.ui.session import Session

ROWS_SHOWN = 12
AMOUNTS = {"conclusions": N_("By number"), "value": N_("By value")}


def show(session: Session, chosen: ReportFilter) -> None:
    """The topic that the address names."""
    label = session.text("Topic")
    topic = outcome_filters.one_of(
        outcome_filters.TOPIC, label, {name: title for name, (title, _) in TOPICS.items()}, session
    )
    for part in TOPICS[topic][1]:
        part(session, chosen)


def _chart(
    drawn: altair.Chart | altair.LayerChart, name: str, *fields: str, alt: str,
    clicked: Callable[[dict[str, Any]], outcome_filters.Narrower] | None = None,
) -> None:  # fmt: skip
    """A chart; where `clicked` says what a mark means, told by these fields of its data, a click narrows the page."""
    if clicked is None:
        st.altair_chart(drawn, width="stretch", alt=alt)
        return
    key = outcome_filters.clickable(name)
    mark = altair.selection_point(name=outcome_filters.MARK, fields=list(fields))
    st.altair_chart(
        drawn.add_params(mark).configure_mark(cursor="pointer"),
        width="stretch", key=key, alt=alt, selection_mode=outcome_filters.MARK,
        on_select=outcome_filters.on_mark(key, clicked),
    )  # fmt: skip


def _shares(head: str, of: pd.Series, text: Text) -> Column:
    return Column(head, of, [shown(share, Unit.SHARE, text, "") for share in of])


def _times(head: str, of: pd.Series, text: Text) -> Column:
    said = [shown(seconds, Unit.TIME, text, "") for seconds in of]
    return Column(head, of, said, text("{what}, in seconds", what=head))


def _values(head: str, of: pd.Series, text: Text, currency: str) -> Column:
    return Column(head, money(of), [shown(value, Unit.MONEY, text, currency) for value in of])


def _names(found: pd.DataFrame, text: Text) -> Column:
    return Column(text("Agent"), [name or text("Unknown") for name in found["name"]])


def _reasons(found: pd.DataFrame, text: Text) -> list[Column]:
    return [
        outcome_tables.categories(text("Category"), found["category"], text),
        Column(text("Reason"), found["reason"]),
        Column(text("Conclusions"), found["conclusions"]),
    ]


def _currency(found: pd.DataFrame, text: Text, chosen: ReportFilter) -> Column:
    """Of the values beside it, in files."""
    return Column(text("Currency"), [chosen.currency] * len(found), file_only=True)


def _periods(found: pd.DataFrame, text: Text, step: str) -> Column:
    head = text("Day") if step == "day" else text("From")
    return Column(head, found["period"], [text.calendar_day(period) for period in found["period"]])


# What it comes to ---------------------------------------------------------------------------------


def over_time(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("Outcomes over time")
    st.subheader(title, anchor=False)
    found = outcomes.outcomes_over_time(session.application.facts, chosen)
    entries = "".join(
        f'<li><i style="background:{colour}"></i>{chat.plain(name)}</li>'
        for name, colour in zip(*categories(text), strict=True)
    )
    st.html(f'<ul class="df-legend">{entries}</ul>')
    _chart(
        outcomes.outcomes_over_time_chart(found, text, chosen.step), "over-time", "period", "category",
        alt=title, clicked=partial(outcome_filters.by_bar, chosen=chosen),
    )  # fmt: skip
    st.caption(text("Click a bar to look at it alone."))
    first = found.drop_duplicates("period")
    columns = [_periods(first, text, chosen.step)]
    for category in (*Category, None):
        of_it = found["category"].isna() if category is None else found["category"] == category
        counts = found.loc[of_it, "conclusions"].tolist()
        columns.append(Column(outcome_tables.category(category, text), counts))
    table(session, "over-time", title, chosen, columns)


def by_reason(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("Reasons")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(title, anchor=False, width="content")
        amount = outcome_filters.one_of(outcome_filters.AMOUNT, text("Reasons by"), AMOUNTS, session)
    found = outcomes.outcomes_by_reason(session.application.facts, chosen, amount)
    with_any = [category for category in Category if (found["category"] == category).any()]
    if not with_any:
        words = text("Nothing with a value.") if amount == "value" else text("Nothing was classified.")
        st.caption(words)
        return
    for pair in (with_any[:2], with_any[2:]):
        for category, column in zip(pair, st.columns(2), strict=False):
            with column:
                rows = found[found["category"] == category]
                total = (
                    text.money(Decimal(rows["value"].sum()), chosen.currency)
                    if amount == "value"
                    else text.number(int(rows["conclusions"].sum()))
                )
                name = category_name(category, text)
                st.markdown(f"**{escape.markdown(name)}** · {escape.markdown(total)}")
                drawn = outcomes.outcomes_by_reason_chart(found, category, text, chosen.currency, amount)
                _chart(
                    drawn, f"reasons-{category}", "category", "reason",
                    alt=f"{title}: {name}", clicked=outcome_filters.by_reason,
                )  # fmt: skip
    columns = [
        *_reasons(found, text),
        _values(text("Value"), found["value"], text, chosen.currency),
        _currency(found, text, chosen),
        _shares(text("Share"), found["share"], text),
        _shares(text("With those before"), found["cumulative"], text),
    ]
    table(session, "reasons", title, chosen, columns)


# With whom ----------------------------------------------------------------------------------------


def by_agent(session: Session, chosen: ReportFilter) -> None:
    """Side by side, not ranked; where a rate is of few, it says so."""
    text, title = session.text, session.text("Agents")
    st.subheader(title, anchor=False)
    found = outcomes.outcomes_by_agent(session.application.facts, chosen)

    def rate(row: Any) -> str:
        if not row.decided:
            return NOTHING
        said = f"{text.percent(row.achieved_rate)} ({text.percent(row.low)}–{text.percent(row.high)})"
        return " · ".join((said, text("few"))) if row.decided < FEW else said

    columns = [
        _names(found, text),
        Column(text("Conclusions"), found["conclusions"]),
        _shares(text("Classified"), found["classified_share"], text),
        Column(text("Achieved or lost"), found["decided"], file_only=True),
        Column(text("Achieved rate"), found["achieved_rate"], [rate(row) for row in found.itertuples()]),
        Column(text("Achieved rate, at least"), found["low"], file_only=True),
        Column(text("Achieved rate, at most"), found["high"], file_only=True),
        _values(text("Value achieved"), found["value"], text, chosen.currency),
        _currency(found, text, chosen),
        _shares(text("Came back"), found["reopened_share"], text),
        _times(text("Time to conclusion"), found["median_seconds"], text),
    ]
    if len(found) > 1 and found["decided"].any():
        drawn = outcomes.outcomes_by_agent_chart(found, text)
        _chart(drawn, "agents-chart", "user_id", alt=title, clicked=outcome_filters.by_user)
        if (found["decided"] > 0).sum() > outcomes.MOST_AGENTS:
            st.caption(text("Above, the {n} with most decided.", n=outcomes.MOST_AGENTS))
    key = outcome_filters.clickable("agents")
    users = [None if pd.isna(user) else str(user) for user in found["user_id"]]
    st.dataframe(
        on_page(columns), hide_index=True, height="content" if len(found) <= ROWS_SHOWN else 36 * ROWS_SHOWN,
        key=key, selection_mode="single-row", on_select=outcome_filters.on_row(key, users),
    )  # fmt: skip
    st.caption(
        text("In brackets, where the true rate lies in 95 of 100 cases. few: fewer than {n} decided.", n=FEW)
        + " "
        + text("Choose a row to look at an agent alone.")
    )
    downloads(session, "agents", title, chosen, lambda: in_file(columns))


# What comes back ----------------------------------------------------------------------------------


def came_back(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("How soon they came back")
    found = reopenings.time_to_reopening(session.application.facts, chosen)
    st.subheader(title, anchor=False)
    if not found["reopened"].sum():
        st.caption(text("Nothing came back."))
        return
    _chart(reopenings.time_to_reopening_chart(found, text), "reopening", alt=title)
    st.caption(
        text("The line marks 12 hours: until then a message brings back what was not archived at once.")
    )
    hours = [text("any time") if pd.isna(h) else text.duration(h * 3600) for h in found["hours"]]
    within = text("Came back within")
    columns = [
        Column(within, found["hours"], hours, text("{what}, in hours", what=within)),
        Column(text("Conclusions"), found["cumulative"]),
        _shares(text("Share"), found["share"], text),
    ]
    table(session, "reopening", title, chosen, columns)


def reasons_that_come_back(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("Reasons that come back")
    found = reopenings.reopened_by_reason(session.application.facts, chosen)
    if not found["reopened"].sum():
        return  # came_back has said so
    st.subheader(title, anchor=False)
    drawn = reopenings.reopened_by_reason_chart(found, text)
    _chart(drawn, "reopened-reasons", "category", "reason", alt=title, clicked=outcome_filters.by_reason)
    columns = [
        *_reasons(found, text),
        Column(text("Came back"), found["reopened"]),
        _shares(text("Share"), found["reopened_share"], text),
        Column(text("Within 1 hour"), found["within_1h"]),
        Column(text("Within 12 hours"), found["within_12h"]),
        _times(
            text("Half of them came back within"),
            found["median_seconds"],
            text,
        ),
    ]
    table(session, "reopened-reasons", title, chosen, columns)


# What was not classified --------------------------------------------------------------------------


def unclassified_over_time(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("Not classified, over time")
    st.subheader(title, anchor=False)
    found = classifying.unclassified_over_time(session.application.facts, chosen)
    _chart(classifying.unclassified_over_time_chart(found, text, chosen.step), "unclassified", alt=title)
    columns = [_periods(found, text, chosen.step), *_unclassified(found, text)]
    table(session, "unclassified", title, chosen, columns)


def unclassified_by_agent(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("Not classified, by agent")
    st.subheader(title, anchor=False)
    found = classifying.unclassified_by_agent(session.application.facts, chosen)
    if not found["unclassified"].sum():
        st.caption(text("Everything was classified."))
        return
    drawn = classifying.unclassified_by_agent_chart(found, text)
    _chart(drawn, "unclassified-agents", "user_id", alt=title, clicked=outcome_filters.by_user)
    table(session, "unclassified-agents", title, chosen, [_names(found, text), *_unclassified(found, text)])


def _unclassified(found: pd.DataFrame, text: Text) -> list[Column]:
    return [
        Column(text("Conclusions"), found["conclusions"]),
        Column(text("Not classified"), found["unclassified"]),
        _shares(text("Share"), found["share"], text),
    ]


# How long, and when -------------------------------------------------------------------------------


def time_by_category(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("Time to conclusion, by category")
    st.subheader(title, anchor=False)
    found = times.time_by_category(session.application.facts, chosen)
    drawn = times.time_by_category_chart(found, text)
    _chart(drawn, "times", "category", alt=title, clicked=outcome_filters.by_category)
    st.caption(text("The bar is the middle half; the mark in it, the time that half of them took at most."))
    columns = [
        outcome_tables.categories(text("Category"), found["category"], text),
        Column(text("Conclusions"), found["conclusions"]),
        _times(text("A quarter took at most"), found["p25"], text),
        _times(text("Half took at most"), found["median"], text),
        _times(
            text("Three quarters took at most"), found["p75"], text
        ),
        _times(text("Nine in ten took at most"), found["p90"], text),
    ]  # fmt: skip
    table(session, "times", title, chosen, columns)


def weekday_by_hour(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("When they were concluded")
    st.subheader(title, anchor=False)
    found = times.weekday_by_hour(session.application.facts, chosen)
    _chart(times.weekday_by_hour_chart(found, text), "hours", alt=title)
    columns = [
        Column(text("Weekday"), found["weekday"], [text.weekday(number) for number in found["weekday"]]),
        Column(text("Hour"), found["hour"]),
        Column(text("Conclusions"), found["conclusions"]),
    ]
    table(session, "hours", title, chosen, columns)


# Changed afterwards -------------------------------------------------------------------------------


def edits(session: Session, chosen: ReportFilter) -> None:
    text, title = session.text, session.text("Classifications changed afterwards")
    st.subheader(title, anchor=False)
    found = classifying.edits(session.application.facts, chosen)
    if not len(found):
        st.caption(text("No classification was changed."))
        return
    _chart(classifying.edits_chart(found, text), "edits", alt=title)
    columns = [
        outcome_tables.categories(text("Category before"), found["from_category"], text),
        Column(text("Reason before"), found["from_reason"]),
        outcome_tables.categories(text("Category after"), found["to_category"], text),
        Column(text("Reason after"), found["to_reason"]),
        Column(text("Conclusions"), found["conclusions"]),
        _values(text("Value before"), found["value_before"], text, chosen.currency),
        _values(text("Value after"), found["value_after"], text, chosen.currency),
        _currency(found, text, chosen),
    ]
    table(session, "edits", title, chosen, columns)


Part = Callable[[Session, ReportFilter], None]
TOPICS: dict[str, tuple[str, tuple[Part, ...]]] = {
    "outcomes": (N_("Outcomes"), (over_time, by_reason)),
    "agents": (N_("Agents"), (by_agent,)),
    "back": (N_("Came back"), (came_back, reasons_that_come_back)),
    "unclassified": (N_("Not classified"), (unclassified_over_time, unclassified_by_agent)),
    "times": (N_("Times"), (time_by_category, weekday_by_hour)),
    "changes": (N_("Changes"), (edits,)),
}
