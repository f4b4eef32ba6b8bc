"""The conclusions behind a figure, one by one: what somebody wants to see who doubts it."""

import pandas as pd

from core.facts import Facts
from core.reports.filter import ReportFilter, ask, count, sql

MOST_ROWS = 100_000  # in a file
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
    asked = sql("behind")
    if what == "median_time":
        asked = asked.replace(NEWEST_FIRST, LONGEST_FIRST)
    found = ask(facts, asked, chosen, per="conclusion", offset=offset, limit=limit, **{what: True})
    words = ["agent", "category", "reason", "currency", "channel"]
    found[words] = found[words].astype(object).where(found[words].notna(), None)
    return found.assign(conversation_id=[str(key) for key in found["conversation_id"]])


def how_many_behind(facts: Facts, chosen: ReportFilter, what: str) -> int:
    """How many there are in all."""
    return int(count(facts, "behind_total", chosen, per="conclusion", **{what: True})["total"].iloc[0])
