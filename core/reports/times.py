"""The reports on time: each a function of the facts and a filter, and a chart of its answer.

`….sql` of the same name says what each row is.
"""

import altair as alt
import pandas as pd

from core.facts import Facts
from core.reports.charts import (
    COLOURS,
    LABEL_LIMIT,
    category_name,
    in_language,
    known,
    labels,
    times_said,
    with_none,
)
from core.reports.filter import ReportFilter, count
from core.text import Text

MINUTE, HOUR, DAY = 60, 3_600, 86_400
TICKS = (
    1, 10, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY, 3_650 * DAY, 36_500 * DAY,
)  # of an axis of seconds, each some times the one before  # fmt: skip
FADING = ("rgba(29, 138, 104, 0.06)", "rgba(29, 138, 104, 1)")  # few are near the ground, be it light or dark


# How long ------------------------------------------------------------------------------------------


def time_by_category(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """category (None: not classified), conclusions, p25, median, p75, p90 (seconds), in the order of the categories."""
    return with_none(count(facts, "time_by_category", chosen, per="conclusion"), "category")


def time_by_category_chart(found: pd.DataFrame, text: Text) -> alt.LayerChart:
    """The middle half of each category's times as a bar, with a tick where their half is."""
    said = {f"{name}_said": times_said(found[name], text) for name in ("p25", "median", "p75", "p90")}
    rows = found.assign(
        name=[category_name(category, text) for category in found["category"]],
        colour=[COLOURS[known(category)] for category in found["category"]],
        **said,
        # on a logarithmic axis there is no 0
        **{name: found[name].clip(lower=1) for name in ("p25", "median", "p75")},
    )
    shortest, longest = (rows["p25"].min(), rows["p75"].max()) if len(rows) else (MINUTE, HOUR)
    low = max(tick for tick in TICKS if tick <= shortest)
    high = min((tick for tick in TICKS if tick > longest), default=longest * 2)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    seconds = alt.X(
        "p25:Q", title=None, scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(values=ticks, labelExpr=labels({tick: text.duration(tick) for tick in ticks})),
    )  # fmt: skip
    each = alt.Chart(rows).encode(
        y=alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        color=alt.Color("colour:N", scale=None, legend=None),
        tooltip=[
            alt.Tooltip("name:N", title=text("Category")),
            alt.Tooltip("conclusions:Q", title=text("Conclusions"), format=","),
            alt.Tooltip("p25_said:N", title=text("A quarter took at most")),
            alt.Tooltip("median_said:N", title=text("Half took at most")),
            alt.Tooltip("p75_said:N", title=text("Three quarters took at most")),
            alt.Tooltip("p90_said:N", title=text("Nine in ten took at most")),
        ],
    )
    middle = each.mark_bar(opacity=0.4, size=18).encode(x=seconds, x2="p75:Q")
    half = each.mark_tick(thickness=4, size=26, opacity=1).encode(x="median:Q")
    return in_language(alt.LayerChart(layer=[middle, half]).properties(height=alt.Step(36)), text)


# When ----------------------------------------------------------------------------------------------


def weekday_by_hour(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """weekday (1 Monday … 7 Sunday), hour (0 … 23), conclusions; all 168, in the organisation's time zone."""
    return count(facts, "weekday_by_hour", chosen, per="conclusion")


def weekday_by_hour_chart(found: pd.DataFrame, text: Text) -> alt.Chart:
    """A cell for each hour of the week, the fuller the more were concluded in it."""
    weekdays = {number: text.weekday(number) for number in range(1, 8)}
    rows = found.assign(
        weekday_said=[weekdays[number] for number in found["weekday"]],
        hour_said=[f"{hour:02}:00–{hour:02}:59" for hour in found["hour"]],
    )
    most = max(1, rows["conclusions"].max()) if len(rows) else 1
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_rect()
        .encode(
            x=alt.X("hour:O", title=text("Hour"), axis=alt.Axis(labelAngle=0, labelOverlap="greedy")),
            y=alt.Y("weekday:O", title=None, axis=alt.Axis(labelExpr=labels(weekdays))),
            color=alt.Color(
                "conclusions:Q", title=text("Conclusions"), scale=alt.Scale(domain=[0, most], range=FADING),
                legend=alt.Legend(format=",d", tickMinStep=1),
            ),
            tooltip=[
                alt.Tooltip("weekday_said:N", title=text("Weekday")),
                alt.Tooltip("hour_said:N", title=text("Hour")),
                alt.Tooltip("conclusions:Q", title=text("Conclusions"), format=","),
            ],
        )
        .properties(height=alt.Step(30))
    )  # fmt: skip
    return in_language(chart, text)
