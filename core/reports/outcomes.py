"""The reports on how conversations ended: each a function of the facts and a filter, and a chart of its answer.

`….sql` of the same name says what each row is.
"""

import math
from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd

from core.facts import Facts
from core.model import Category
from core.reports.charts import (
    COLOUR,
    COLOURS,
    LABEL_LIMIT,
    bars,
    categories,
    category_name,
    in_language,
    known,
    labels,
    over_periods,
    shares_said,
    shown_and_tail,
    with_none,
)
from core.reports.filter import ReportFilter, count, moment
from core.reports.metrics import FEW, wilson
from core.text import Text

MOST_REASONS = 10  # of a category; the others are one bar
MOST_AGENTS = 30  # in the chart; the table has all


def figures(facts: Facts, chosen: ReportFilter) -> dict[str, Any]:
    """The sums that metrics.METRICS are made of."""
    (sums,) = count(facts, "figures", chosen).to_dict("records")
    (times,) = count(facts, "time_to_conclusion", chosen, per="conclusion").to_dict("records")
    found = {str(name): value for name, value in {**sums, **times}.items()}
    return found | {"median_seconds": None if pd.isna(found["median_seconds"]) else found["median_seconds"]}


def may_reopen(facts: Facts, chosen: ReportFilter, *, now: datetime) -> int:
    """How many of the conclusions may still reopen: at `now` their 12 hours are running."""
    return int(count(facts, "may_reopen", chosen, per="conclusion", now=moment(now))["may_reopen"].iloc[0])


# Over time -----------------------------------------------------------------------------------------


def outcomes_over_time(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """period (first day), category (None: not classified), conclusions; a row for each, also of none."""
    found = count(facts, "outcomes_over_time", chosen, step=chosen.step)
    return with_none(found, "category")


def outcomes_over_time_chart(found: pd.DataFrame, text: Text, step: str) -> alt.Chart:
    names, colours = categories(text)
    rows, periods, day = over_periods(found, text, step)
    rows = rows.assign(
        name=[category_name(category, text) for category in found["category"]],
        order=[list(COLOURS).index(known(category)) for category in found["category"]],
    )
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=periods,
            y=alt.Y("conclusions:Q", title=text("Conclusions"), stack="zero"),
            color=alt.Color(
                "name:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=None,
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                day,
                alt.Tooltip("name:N", title=text("Category")),
                alt.Tooltip("conclusions:Q", title=text("Conclusions")),
            ],
        )
        .properties(height=280)
    )  # fmt: skip
    return in_language(chart, text)


# By reason -----------------------------------------------------------------------------------------


def outcomes_by_reason(facts: Facts, chosen: ReportFilter, amount: str = "conclusions") -> pd.DataFrame:
    """category, reason, conclusions, value (exact), and by the amount, which is conclusions or value, the share and the
    cumulative share of the category's; the largest first, those of nothing left out."""
    found = count(facts, "outcomes_by_reason", chosen, per="reason")
    found = found[found[amount] > 0].sort_values(amount, ascending=False, kind="stable", ignore_index=True)
    amounts = found[amount].astype(float)
    whole = amounts.groupby(found["category"]).transform("sum")
    return found.assign(share=amounts / whole, cumulative=amounts.groupby(found["category"]).cumsum() / whole)


def folded(found: pd.DataFrame, most: int = MOST_REASONS) -> pd.DataFrame:
    """The same with each category's long tail as one row, whose reason is None and which says how many it holds."""
    pieces = []
    for category, rows in found.groupby("category", sort=False):
        first, tail = shown_and_tail(rows, most)
        pieces.append(first.assign(reasons=1))
        if len(tail):
            rest = {
                "category": category, "reason": None, "conclusions": tail["conclusions"].sum(),
                "value": tail["value"].sum(), "share": tail["share"].sum(), "cumulative": 1.0, "reasons": len(tail),
            }  # fmt: skip
            pieces.append(pd.DataFrame([rest]))
    return pd.concat(pieces, ignore_index=True) if pieces else found.assign(reasons=[])


def outcomes_by_reason_chart(
    found: pd.DataFrame, category: str, text: Text, currency: str, amount: str = "conclusions"
) -> alt.Chart:
    """One category's reasons as bars, the largest first, the tail folded into one."""
    rows = folded(found[found["category"] == category])
    rows = rows.assign(
        name=[
            reason if reason is not None else text.n("{n} other reason", "{n} other reasons", int(n))
            for reason, n in zip(rows["reason"], rows["reasons"], strict=True)
        ],
        share_said=shares_said(rows["share"], text),
        cumulative_said=shares_said(rows["cumulative"], text),
        value_said=[text.money(value, currency) for value in rows["value"]],
        value=rows["value"].astype(float),  # as long as the bar is
        colour=COLOURS[Category(category)],
    )
    tooltip = [
        alt.Tooltip("name:N", title=text("Reason")),
        alt.Tooltip("conclusions:Q", title=text("Conclusions"), format=","),
        alt.Tooltip("value_said:N", title=text("Value")),
        alt.Tooltip("share_said:N", title=text("Share")),
        alt.Tooltip("cumulative_said:N", title=text("With those before")),
    ]
    return bars(rows, amount, tooltip, text)


# By agent ------------------------------------------------------------------------------------------


def outcomes_by_agent(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """user_id, name (None: unknown), conclusions, classified, achieved, lost, value (exact), reopened, and from them
    classified_share, achieved_rate with its interval low to high, reopened_share; nothing to divide by: NaN.
    median_seconds: half of the agent's conclusions took less."""
    found = count(facts, "outcomes_by_agent", chosen, per="agent").merge(
        count(facts, "time_by_agent", chosen, per="conclusion"), on="user_id", how="left", validate="1:1"
    )
    found = with_none(found, "user_id", "name")
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


def outcomes_by_agent_chart(found: pd.DataFrame, text: Text) -> alt.LayerChart:
    """Each agent's achieved rate as a point on the line in which it lies, those of few fainter; by name, as the lines
    of most overlap and a ranking would say more than is known. Of many agents those with most decided."""
    rows = found[found["decided"] > 0].sort_values("decided", ascending=False).head(MOST_AGENTS).sort_index()
    rows = rows.assign(
        order=range(len(rows)),
        user_id=[user_id and str(user_id) for user_id in rows["user_id"]],
        name=[name or text("Unknown") for name in rows["name"]],
        opacity=[0.35 if decided < FEW else 1.0 for decided in rows["decided"]],
        rate_said=shares_said(rows["achieved_rate"], text),
        between=[f"{low}–{high}" for low, high in zip(shares_said(rows["low"], text), shares_said(rows["high"], text), strict=True)],
    ).drop(columns=["value"])  # fmt: skip
    said = alt.Axis(labelLimit=LABEL_LIMIT, labelExpr=labels(dict(enumerate(rows["name"]))))
    each = alt.Chart(rows).encode(
        y=alt.Y("order:O", title=None, axis=said),
        opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
        tooltip=[
            alt.Tooltip("name:N", title=text("Agent")),
            alt.Tooltip("rate_said:N", title=text("Achieved rate")),
            alt.Tooltip("between:N", title=text("In 95 of 100 cases")),
            alt.Tooltip("decided:Q", title=text("Achieved or lost"), format=","),
        ],
    )
    rate = alt.X(
        "achieved_rate:Q",
        title=text("Achieved rate"),
        axis=alt.Axis(format="~%"),
        scale=alt.Scale(domain=[0, 1]),
    )
    line = each.mark_rule(color=COLOUR, strokeWidth=3).encode(
        x=alt.X("low:Q", scale=alt.Scale(domain=[0, 1])), x2="high:Q"
    )
    point = each.mark_point(color=COLOUR, filled=True, size=110, opacity=1).encode(x=rate)
    return in_language(alt.LayerChart(layer=[line, point]).properties(height=alt.Step(26)), text)
