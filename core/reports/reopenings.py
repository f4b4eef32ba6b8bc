"""The reports on what comes back: each a function of the facts and a filter, and a chart of its answer.

`….sql` of the same name says what each row is. What was concluded lately may still come back.
"""

import math
from typing import Any

import altair as alt
import pandas as pd

from core.facts import Facts
from core.reports.charts import (
    COLOUR,
    COLOURS,
    MARKS,
    OTHERS,
    bars,
    category_name,
    in_language,
    known,
    labels,
    shares_said,
    shown_and_tail,
    times_said,
    with_none,
)
from core.reports.filter import ReportFilter, count
from core.text import Text

MOST_REASONS = 15  # the others are one bar
ARCHIVED_AFTER = 12  # hours in which a message of the contact brings a conclusion back (R10)


# By reason -----------------------------------------------------------------------------------------


def reopened_by_reason(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """category, reason (both None: not classified), conclusions, reopened, reopened_share, within_1h and within_12h
    (reopened so soon), median_seconds (until reopened; NaN: none was); those that came back most first."""
    found = count(facts, "reopened_by_reason", chosen, per="reason").merge(
        count(facts, "waits_by_reason", chosen, per="conclusion"),
        on=["category", "reason"],
        how="left",
        validate="1:1",
    )
    found = with_none(found, "category", "reason")
    within = {name: found[name].fillna(0).astype(int) for name in ("within_1h", "within_12h")}
    return found.assign(reopened_share=found["reopened"] / found["conclusions"], **within)


def reopened_by_reason_chart(found: pd.DataFrame, text: Text) -> alt.Chart:
    """The reasons that came back as bars, the long tail folded into one."""
    first, tail = shown_and_tail(found[found["reopened"] > 0], MOST_REASONS)
    rows = first.assign(
        name=[
            _reason_name(category, reason, text)
            for category, reason in zip(first["category"], first["reason"], strict=True)
        ],
        colour=[COLOURS[known(category)] for category in first["category"]],
    )
    if len(tail):
        rest = tail[["conclusions", "reopened", "within_1h", "within_12h"]].sum()
        others = rest.to_dict() | {
            "name": text.n("{n} other reason", "{n} other reasons", len(tail)),
            "category": OTHERS,
            "colour": COLOURS[None],
            "reopened_share": rest["reopened"] / rest["conclusions"],  # of their medians there is none of all
        }
        rows = pd.concat([rows, pd.DataFrame([others])], ignore_index=True)
    rows = rows.assign(
        share_said=shares_said(rows["reopened_share"], text),
        median_said=times_said(rows["median_seconds"], text),
    )
    tooltip = [
        alt.Tooltip("name:N", title=text("Reason")),
        alt.Tooltip("reopened:Q", title=text("Came back"), format=","),
        alt.Tooltip("conclusions:Q", title=text("Conclusions"), format=","),
        alt.Tooltip("share_said:N", title=text("Share")),
        alt.Tooltip("within_1h:Q", title=text("Within 1 hour"), format=","),
        alt.Tooltip("within_12h:Q", title=text("Within 12 hours"), format=","),
        alt.Tooltip("median_said:N", title=text("Half of them came back within")),
    ]
    return bars(rows, "reopened", tooltip, text)


def _reason_name(category: Any, reason: Any, text: Text) -> str:
    """The reason with the mark of its category, as two categories can have reasons of the same words."""
    return category_name(category, text) if pd.isna(reason) else f"{MARKS[known(category)]} {reason}"


# How soon ------------------------------------------------------------------------------------------


def time_to_reopening(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """hours after the conclusion (NaN: later), reopened (since the row before), cumulative, conclusions (all of them),
    share (cumulative, of all; NaN: there are none); always the same 17 rows."""
    found = count(facts, "time_to_reopening", chosen, per="conclusion")
    conclusions = int(count(facts, "figures", chosen)["conclusions"].iloc[0])
    return found.assign(conclusions=conclusions, share=found["cumulative"] / (conclusions or math.nan))


def time_to_reopening_chart(found: pd.DataFrame, text: Text) -> alt.LayerChart:
    """The share that had come back after so long, as bars; a line stands where 12 hours end."""
    rows = found.assign(
        order=range(len(found)),
        until=[text("any time") if pd.isna(h) else text.duration(h * 3600) for h in found["hours"]],
        share_said=shares_said(found["share"], text),
    )
    last = found["hours"].max()
    ends = [
        f"> {text.duration(last * 3600)}" if pd.isna(h) else text.duration(h * 3600) for h in found["hours"]
    ]
    said = alt.Axis(labelAngle=0, labelOverlap="greedy", labelExpr=labels(dict(enumerate(ends))))
    curve = (
        alt.Chart(rows)
        .mark_bar(color=COLOUR)
        .encode(
            x=alt.X("order:O", title=None, axis=said),
            y=alt.Y("share:Q", title=text("Came back"), axis=alt.Axis(format="~%")),
            tooltip=[
                alt.Tooltip("until:N", title=text("Came back within")),
                alt.Tooltip("cumulative:Q", title=text("Conclusions"), format=","),
                alt.Tooltip("share_said:N", title=text("Share")),
            ],
        )
    )
    line = (
        alt.Chart(rows[rows["hours"] == ARCHIVED_AFTER])
        .mark_rule(strokeDash=[4, 3], strokeWidth=2, color="#808080")
        .encode(x=alt.X("order:O", bandPosition=1))
    )
    return in_language(alt.LayerChart(layer=[curve, line]).properties(height=280), text)
