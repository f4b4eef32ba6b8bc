"""The reports on how conclusions are classified: each a function of the facts and a filter, and a chart of its answer.

`….sql` of the same name says what each row is.
"""

import altair as alt
import pandas as pd

from core.facts import Facts
from core.model import Category
from core.reports.charts import (
    COLOUR,
    COLOURS,
    LABEL_LIMIT,
    bars,
    category_name,
    in_language,
    over_periods,
    shares_said,
    shown_and_tail,
    with_none,
)
from core.reports.filter import ReportFilter, count
from core.text import Text

MOST_AGENTS = 15  # the others are one bar
FILLS, ON_FILLS = (
    ("#e4f2ec", "#62b396"),
    "#10201a",
)  # from few to many; what is written on any of them can be read


# Not classified ------------------------------------------------------------------------------------


def unclassified_over_time(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """period (first day), conclusions, unclassified, share (NaN: there were no conclusions); a row for each period."""
    figures = count(facts, "figures_over_time", chosen, step=chosen.step)  # which the page asks anyway
    found = figures[["period", "conclusions"]].assign(
        unclassified=figures["conclusions"] - figures["classified"]
    )
    return found.assign(share=found["unclassified"] / found["conclusions"].where(found["conclusions"] > 0))


def unclassified_over_time_chart(found: pd.DataFrame, text: Text, step: str) -> alt.Chart:
    """The share as a line, which breaks where there were no conclusions."""
    rows, periods, day = over_periods(found, text, step)
    chart: alt.Chart = (
        alt.Chart(rows.assign(share_said=shares_said(rows["share"], text)))
        .mark_line(color=COLOUR, point=alt.OverlayMarkDef(color=COLOUR, filled=True, size=36))
        .encode(
            x=periods,
            y=alt.Y("share:Q", title=text("Not classified"), axis=alt.Axis(format="~%"), scale=alt.Scale(zero=True)),
            tooltip=[
                day,
                alt.Tooltip("unclassified:Q", title=text("Not classified"), format=","),
                alt.Tooltip("conclusions:Q", title=text("Conclusions"), format=","),
                alt.Tooltip("share_said:N", title=text("Share")),
            ],
        )
        .properties(height=240)
    )  # fmt: skip
    return in_language(chart, text)


def unclassified_by_agent(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """user_id, name (both None: unknown), conclusions, unclassified, share; those with most unclassified first."""
    found = with_none(count(facts, "unclassified_by_agent", chosen, per="agent"), "user_id", "name")
    return found.assign(share=found["unclassified"] / found["conclusions"])


def unclassified_by_agent_chart(found: pd.DataFrame, text: Text) -> alt.Chart:
    """Those who left conclusions without a classification as bars, the long tail folded into one."""
    counted = ["user_id", "name", "conclusions", "unclassified", "share"]
    first, tail = shown_and_tail(found.loc[found["unclassified"] > 0, counted], MOST_AGENTS)
    rows = first.assign(
        user_id=[user_id and str(user_id) for user_id in first["user_id"]],
        name=[name or text("Unknown") for name in first["name"]],
        colour=COLOUR,
    )
    if len(tail):
        rest = tail[["conclusions", "unclassified"]].sum()
        others = rest.to_dict() | {
            "user_id": None,
            "name": text.n("{n} other agent", "{n} other agents", len(tail)),
            "colour": COLOURS[None],
            "share": rest["unclassified"] / rest["conclusions"],
        }
        rows = pd.concat([rows, pd.DataFrame([others])], ignore_index=True)
    tooltip = [
        alt.Tooltip("name:N", title=text("Agent")),
        alt.Tooltip("unclassified:Q", title=text("Not classified"), format=","),
        alt.Tooltip("conclusions:Q", title=text("Conclusions"), format=","),
        alt.Tooltip("share_said:N", title=text("Share")),
    ]
    return bars(rows.assign(share_said=shares_said(rows["share"], text)), "unclassified", tooltip, text)


# Changed afterwards --------------------------------------------------------------------------------


def edits(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """from_category, from_reason, to_category, to_reason, conclusions, value_before, value_after (exact, in the
    currency asked for); the most frequent first."""
    return count(facts, "edits", chosen, per="edit")


def edits_chart(found: pd.DataFrame, text: Text) -> alt.LayerChart:
    """From which category (downwards) to which (across), with the number in each of the sixteen cells."""
    counts = found.groupby(["from_category", "to_category"])["conclusions"].sum()
    rows = pd.DataFrame(
        [
            {"before": category_name(before, text), "after": category_name(after, text),
             "conclusions": int(counts.get((before, after), 0))}
            for before in Category for after in Category
        ]
    )  # fmt: skip
    rows["said"] = [text.number(conclusions) for conclusions in rows["conclusions"]]
    names = [category_name(category, text) for category in Category]
    cells = alt.Chart(rows).encode(
        x=alt.X(
            "after:N",
            sort=names,
            title=text("After"),
            # one word a line, so that each has its place on a narrow screen too
            axis=alt.Axis(
                labelAngle=0, labelOverlap=False, labelFlush=False, labelExpr="split(datum.value, ' ')"
            ),
        ),
        y=alt.Y("before:N", sort=names, title=text("Before"), axis=alt.Axis(labelLimit=LABEL_LIMIT)),
        tooltip=[
            alt.Tooltip("before:N", title=text("Before")),
            alt.Tooltip("after:N", title=text("After")),
            alt.Tooltip("conclusions:Q", title=text("Conclusions"), format=","),
        ],
    )
    most = max(1, rows["conclusions"].max())
    filled = cells.mark_rect().encode(
        color=alt.Color("conclusions:Q", scale=alt.Scale(domain=[0, most], range=FILLS), legend=None)
    )
    numbers = cells.mark_text(color=ON_FILLS, fontSize=14).encode(text="said:N")
    return in_language(alt.LayerChart(layer=[filled, numbers]).properties(height=280), text)
