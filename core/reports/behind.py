"""The conclusions behind a figure, one by one: what somebody wants to see who doubts it."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd

from core.facts import Facts
from core.reports.charts import with_none
from core.reports.filter import ReportFilter, ask, over, sql

MOST_ROWS = 100_000  # in a file
LAST_DAYS = (2, 16, 128)  # of the period, that are asked first: the newest are mostly among them
FEW = 1_000  # rows, among which the newest are looked for so
NEWEST_FIRST, LONGEST_FIRST = (
    "ORDER BY c.concluded_at DESC",
    "ORDER BY c.handling_seconds DESC, c.concluded_at DESC",
)


def conclusions_behind(
    facts: Facts, chosen: ReportFilter, what: str, *, offset: int = 0, limit: int = MOST_ROWS
) -> pd.DataFrame:
    """concluded_at (UTC, without a zone), agent (None: unknown), category and reason (None: not classified), value
    (exact) and currency, reopened_at (NaT: it never came back), handling_seconds, channel, conversation_id (a string).

    `what`: the name of a metric. The newest come first, of the median time the longest.
    """
    page = sql("behind_page")
    if what == "median_time":
        page = page.replace(NEWEST_FIRST, LONGEST_FIRST)
    asked = (
        chosen
        if what == "median_time" or offset + limit > FEW
        else _newest(facts, chosen, what, offset + limit)
    )
    found = _ask(facts, page, asked, what, offset=offset, limit=limit)
    found = with_none(found, "agent", "category", "reason", "currency", "channel")
    return found.assign(conversation_id=[str(key) for key in found["conversation_id"]])


def how_many_behind(facts: Facts, chosen: ReportFilter, what: str) -> int:
    """How many there are in all."""
    return int(_ask(facts, sql("behind_total"), chosen, what)["total"].iloc[0])


def _newest(facts: Facts, chosen: ReportFilter, what: str, rows: int) -> ReportFilter:
    """The filter, of the last days of its period alone where these have so many rows."""
    for last in LAST_DAYS:
        if last < chosen.days:
            days = replace(chosen, since=chosen.until - timedelta(days=last - 1))
            # The first of these days is not counted: as clocks are put back, some of the day before may be newer.
            if how_many_behind(facts, replace(days, since=days.since + timedelta(days=1)), what) >= rows:
                return days
    return chosen


def _ask(facts: Facts, report: str, chosen: ReportFilter, what: str, **others: int) -> pd.DataFrame:
    return ask(
        facts, over("behind", sql("behind"), report), chosen, per="conclusion", **{what: True}, **others
    )
