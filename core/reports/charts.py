"""What the charts of the reports have in common.

They take words from `text`, and are never coloured alone: every series has its name, and in the categories' case a
mark. Long tails are folded, never hidden.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import altair as alt
import pandas as pd

from core.model import Category
from core.reports.metrics import Unit, shown
from core.text import Text

Chart = TypeVar("Chart", alt.Chart, alt.LayerChart)

# Told apart by people who see few colours too (after Okabe and Ito), on light and on dark ground.
COLOURS: dict[Category | None, str] = {  # in the order of a legend
    Category.ACHIEVED: "#009e73",
    Category.LOST: "#d55e00",
    Category.QUESTION: "#3a8fd0",
    Category.OTHER: "#b07aa8",
    None: "#9a9a9a",
}
MARKS = {Category.ACHIEVED: "✓", Category.LOST: "✕", Category.QUESTION: "?", Category.OTHER: "•", None: "–"}
COLOUR = "#1d8a68"  # of what has no category
OTHERS = "others"  # in place of the category of a bar that many are folded into
LABEL_LIMIT = 220  # pixels; the whole of a long name is in the tooltip


# Tables --------------------------------------------------------------------------------------------


def with_none(found: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The same with None, as texts can be compared with, where these columns say NULL."""
    return found.astype(dict.fromkeys(names, object)).where(found.notna(), None)


def shown_and_tail(rows: pd.DataFrame, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first rows, and the others that are to be one; to fold a single one would save nothing."""
    shown = len(rows) if len(rows) <= most + 1 else most
    return rows.iloc[:shown], rows.iloc[shown:]


# Words ---------------------------------------------------------------------------------------------


def known(category: Any) -> Category | None:
    """The category that a row says; None for what is not classified, which pandas may call NaN."""
    return Category(category) if isinstance(category, str) and category else None


def category_name(category: Any, text: Text) -> str:
    of = known(category)
    name = text.label(of) if of else text("Not classified")
    return f"{MARKS[of]} {name}"


def categories(text: Text) -> tuple[list[str], list[str]]:
    """The names and colours of the categories, in their order: what a legend says."""
    return [category_name(key, text) for key in COLOURS], list(COLOURS.values())


def shares_said(shares: Iterable[float], text: Text) -> list[str]:
    return [shown(share, Unit.SHARE, text, "") for share in shares]


def times_said(seconds: Iterable[float], text: Text) -> list[str]:
    return [shown(each, Unit.TIME, text, "") for each in seconds]


def in_language(chart: Chart, text: Text) -> Chart:
    """With numbers on the axes written as the language writes them."""
    decimal, group = text.separators()
    number = alt.NumberLocale(decimal=decimal, thousands=group, grouping=[3], currency=["", ""])
    written: Chart = chart.configure(locale=alt.Locale(number=number))
    return written


# Parts of charts -----------------------------------------------------------------------------------


def labels(said: Mapping[str, str] | Mapping[int, str]) -> str:
    """The expression by which an axis says something else than its values."""
    return f"({json.dumps(said)})[datum.value]"


def over_periods(found: pd.DataFrame, text: Text, step: str) -> tuple[pd.DataFrame, alt.X, alt.Tooltip]:
    """Rows with a period (its first day), ready to be drawn from left to right: with the axis and the tooltip."""
    days = {period: text.calendar_day(period) for period in found["period"].unique()}
    rows = found.assign(
        day=found["period"].map(days), period=[period.isoformat() for period in found["period"]]
    )
    said = {
        period.isoformat(): text.month(period) if step == "month" else text.short_day(period)
        for period in days
    }
    axis = alt.Axis(labelOverlap="greedy", labelAngle=0, labelExpr=labels(said))
    day = alt.Tooltip("day:N", title=text("Day") if step == "day" else text("From"))
    return rows, alt.X("period:O", title=None, axis=axis), day


def bars(rows: pd.DataFrame, amount: str, tooltip: list[alt.Tooltip], text: Text) -> alt.Chart:
    """A bar for each row, one below the other: as long as the column `amount` says, with the row's name and colour.
    Two can have the same name, so they stand by their order."""
    rows = rows.assign(order=range(len(rows)))
    called = alt.Axis(labelLimit=LABEL_LIMIT, labelExpr=labels(dict(enumerate(rows["name"]))))
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X(f"{amount}:Q", title=None, axis=alt.Axis(format=",d", tickMinStep=1)),
            y=alt.Y("order:O", title=None, axis=called),
            color=alt.Color("colour:N", scale=None, legend=None),
            tooltip=tooltip,
        )
        .properties(height=alt.Step(26))
    )
    return in_language(chart, text)
