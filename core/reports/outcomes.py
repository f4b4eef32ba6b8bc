"""The reports on how conversations ended: each a function of the facts and a filter, and a chart of its answer.

`….sql` of the same name says what each row is. Charts take words from `text`, and are never coloured alone: every
series has its name, and in the categories' case a mark.
"""

import json
import math
from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd

from core.facts import Facts
from core.model import Category
from core.reports.filter import ReportFilter, count, moment
from core.reports.metrics import wilson
from core.text import Text

# Told apart by people who see few colours too (after Okabe and Ito), on light and on dark ground.
COLOURS: dict[Category | None, str] = {  # in the order of a legend
    Category.ACHIEVED: "#009e73",
    Category.LOST: "#d55e00",
    Category.QUESTION: "#3a8fd0",
    Category.OTHER: "#b07aa8",
    None: "#9a9a9a",
}
MARKS = {Category.ACHIEVED: "✓", Category.LOST: "✕", Category.QUESTION: "?", Category.OTHER: "•", None: "–"}
MOST_REASONS = 10  # of a category; the others are one bar


def figures(facts: Facts, chosen: ReportFilter, *, now: datetime) -> dict[str, Any]:
    """The sums that metrics.METRICS are made of. `now`: which may still reopen."""
    (sums,) = count(facts, "figures", chosen).to_dict("records")
    (times,) = count(facts, "time_to_conclusion", chosen, per="conclusion", now=moment(now)).to_dict(
        "records"
    )
    found = {str(name): value for name, value in {**sums, **times}.items()}
    return found | {"median_seconds": None if pd.isna(found["median_seconds"]) else found["median_seconds"]}


def _in_language(chart: alt.Chart, text: Text) -> alt.Chart:
    """With numbers on the axes written as the language writes them."""
    decimal, group = text.separators()
    number = alt.NumberLocale(decimal=decimal, thousands=group, grouping=[3], currency=["", ""])
    written: alt.Chart = chart.configure(locale=alt.Locale(number=number))
    return written


def category_name(category: str | None, text: Text) -> str:
    known = Category(category) if category else None
    return f"{MARKS[known]} {text.label(known) if known else text('Not classified')}"


def categories(text: Text) -> tuple[list[str], list[str]]:
    """The names and colours of the categories, in their order: what a legend says."""
    return [category_name(key, text) for key in COLOURS], list(COLOURS.values())


# Over time -----------------------------------------------------------------------------------------


def outcomes_over_time(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """period (first day), category (None: not classified), conclusions; a row for each, also of none."""
    found = count(facts, "outcomes_over_time", chosen, step=chosen.step)
    return found.astype({"category": object}).where(found.notna(), None)


def outcomes_over_time_chart(found: pd.DataFrame, text: Text, step: str) -> alt.Chart:
    names, colours = categories(text)
    rows = found.assign(
        name=[category_name(category, text) for category in found["category"]],
        day=[text.calendar_day(period) for period in found["period"]],
        label=[
            text.month(period) if step == "month" else text.short_day(period) for period in found["period"]
        ],
        order=[
            list(COLOURS).index(Category(category) if category else None) for category in found["category"]
        ],
        period=[period.isoformat() for period in found["period"]],
    )
    labels = dict(zip(rows["period"], rows["label"], strict=True))
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(
                "period:O", title=None,
                axis=alt.Axis(labelOverlap="greedy", labelAngle=0, labelExpr=f"({json.dumps(labels)})[datum.value]"),
            ),
            y=alt.Y("conclusions:Q", title=text("Conclusions"), stack="zero"),
            color=alt.Color(
                "name:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=None,
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("day:N", title=text("Day") if step == "day" else text("From")),
                alt.Tooltip("name:N", title=text("Category")),
                alt.Tooltip("conclusions:Q", title=text("Conclusions")),
            ],
        )
        .properties(height=280)
    )  # fmt: skip
    return _in_language(chart, text)


# By reason -----------------------------------------------------------------------------------------


def outcomes_by_reason(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """category, reason, conclusions, value (exact), share and cumulative share of its category's conclusions."""
    found = count(facts, "outcomes_by_reason", chosen, per="reason")
    whole = found.groupby("category")["conclusions"].transform("sum")
    found["share"] = found["conclusions"] / whole
    found["cumulative"] = found.groupby("category")["conclusions"].cumsum() / whole
    return found


def folded(found: pd.DataFrame, most: int = MOST_REASONS) -> pd.DataFrame:
    """The same with each category's long tail as one row, whose reason is None and which says how many it holds."""
    pieces = []
    for category, rows in found.groupby("category", sort=False):
        shown = len(rows) if len(rows) <= most + 1 else most  # to fold one would save nothing
        pieces.append(rows.iloc[:shown].assign(reasons=1))
        tail = rows.iloc[shown:]
        if len(tail):
            rest = {
                "category": category, "reason": None, "conclusions": tail["conclusions"].sum(),
                "value": tail["value"].sum(), "share": tail["share"].sum(), "cumulative": 1.0, "reasons": len(tail),
            }  # fmt: skip
            pieces.append(pd.DataFrame([rest]))
    return pd.concat(pieces, ignore_index=True) if pieces else found.assign(reasons=[])


def outcomes_by_reason_chart(found: pd.DataFrame, category: str, text: Text) -> alt.Chart:
    """One category's reasons as bars, the most frequent first, the tail folded into one."""
    rows = folded(found[found["category"] == category])
    rows = rows.assign(
        name=[
            reason if reason is not None else text.n("{n} other reason", "{n} other reasons", int(n))
            for reason, n in zip(rows["reason"], rows["reasons"], strict=True)
        ],
        share_said=[text.percent(share) for share in rows["share"]],
        cumulative_said=[text.percent(share) for share in rows["cumulative"]],
        order=range(len(rows)),
    )
    chart: alt.Chart = (
        alt.Chart(rows.drop(columns=["value"]))
        .mark_bar(color=COLOURS[Category(category)], cornerRadiusEnd=3)
        .encode(
            x=alt.X("conclusions:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("name:N", title=None, sort=alt.EncodingSortField("order"), axis=alt.Axis(labelLimit=220)),
            tooltip=[
                alt.Tooltip("name:N", title=text("Reason")),
                alt.Tooltip("conclusions:Q", title=text("Conclusions")),
                alt.Tooltip("share_said:N", title=text("Share")),
                alt.Tooltip("cumulative_said:N", title=text("With those before")),
            ],
        )
        .properties(height=alt.Step(26))
    )
    return _in_language(chart, text)


# By agent ------------------------------------------------------------------------------------------


def outcomes_by_agent(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """user_id, name (None: unknown), conclusions, classified, achieved, lost, value (exact), reopened, and from them
    classified_share, achieved_rate with its interval low to high, reopened_share; nothing to divide by: NaN."""
    found = count(facts, "outcomes_by_agent", chosen, per="agent")
    decided = found["achieved"] + found["lost"]
    intervals = [
        wilson(achieved, of) or (math.nan, math.nan)
        for achieved, of in zip(found["achieved"], decided, strict=True)
    ]
    return found.assign(
        classified_share=found["classified"] / found["conclusions"],
        achieved_rate=found["achieved"] / decided.where(decided > 0),
        low=[low for low, _ in intervals],
        high=[high for _, high in intervals],
        decided=decided,
        reopened_share=found["reopened"] / found["conclusions"],
    )
