"""A quick chart of an answer: what is on its axes and in its colours, chosen from the types of the columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.model import Category
from core.reports.charts import COLOUR, COLOURS, LABEL_LIMIT, in_language
from core.text import Text
from core.ui import escape

MOST_BARS, MOST_POINTS = 40, 2_000  # that a chart shows; it says so where there are more
MOST_COLOURS = 12
FEW_POINTS = 60  # so few are marked on a line
LONGEST_NAME = 120
PALETTE = [*COLOURS.values(), "#e69f00", "#56b4e9", "#cc79a7", "#0072b2", "#8c6d31", "#6b8e23", "#7f7f7f"]
UNSEEN = "\u2060"


class Kind(StrEnum):
    """What an axis can be made of."""

    NUMBER = "quantitative"
    TIME = "temporal"
    NAME = "nominal"


@dataclass(frozen=True, slots=True)
class Picks:
    """The columns, by position, that a chart is drawn of."""

    x: int
    y: int
    colour: int | None = None


def kind(of: pa.DataType) -> Kind | None:
    """What a column of this type can be in a chart; None: nothing."""
    if pa.types.is_dictionary(of):
        of = of.value_type
    if pa.types.is_integer(of) or pa.types.is_floating(of) or pa.types.is_decimal(of):
        return Kind.NUMBER
    if pa.types.is_date(of) or pa.types.is_timestamp(of):
        return Kind.TIME
    texts = pa.types.is_string(of) or pa.types.is_large_string(of) or pa.types.is_boolean(of)
    return Kind.NAME if texts else None


def usual(table: pa.Table) -> Picks | None:
    """What most would draw of such an answer: a line over time, bars by name, points of two numbers; None: nothing."""
    at: dict[Kind | None, list[int]] = {}
    for position, field in enumerate(table.schema):
        at.setdefault(kind(field.type), []).append(position)
    times, names, numbers = (at.get(each, []) for each in (Kind.TIME, Kind.NAME, Kind.NUMBER))
    if table.num_rows < 2 or not numbers:
        return None
    if times:
        return Picks(times[0], numbers[0], _telling(table, names))
    if names:
        return Picks(numbers[0], names[0], _telling(table, names[1:]))
    return Picks(numbers[0], numbers[1]) if len(numbers) > 1 else None


def _telling(table: pa.Table, names: Sequence[int]) -> int | None:
    """The first of these columns whose values are few enough to have a colour each, and more than one."""
    distinct = ((name, pc.count_distinct(table.column(name), mode="all").as_py()) for name in names)
    return next((name for name, n in distinct if 1 < n <= MOST_COLOURS), None)


def draw(table: pa.Table, picks: Picks, text: Text) -> tuple[alt.Chart, int]:
    """The chart, and how many of the answer's rows are in it: the first ones."""
    kinds = {name: kind(table.schema.field(at).type) for name, at in _places(picks)}
    bars = Kind.NAME in (kinds["x"], kinds["y"])
    rows = table.slice(
        0, MOST_BARS * (MOST_COLOURS if picks.colour is not None else 1) if bars else MOST_POINTS
    )
    if bars:
        rows = _first_names(rows, picks.y if kinds["y"] is Kind.NAME else picks.x)
    frame = pd.DataFrame({name: _values(rows.column(at), kinds[name]) for name, at in _places(picks)})
    frame = frame.assign(**{f"{name}_said": _said(rows.column(at)) for name, at in _places(picks)})
    titles = {name: _title(table.column_names[at]) for name, at in _places(picks)}
    encoding: dict[str, Any] = {
        "x": _axis(alt.X, "x", kinds["x"], titles["x"]),
        "y": _axis(alt.Y, "y", kinds["y"], titles["y"]),
        "tooltip": [alt.Tooltip(f"{name}_said:N", title=titles[name]) for name in titles],
    }
    if picks.colour is not None:
        encoding["color"] = _colours(frame["colour"], kinds["colour"], titles["colour"])
    chart = _mark(alt.Chart(frame), frame, kinds, coloured=picks.colour is not None).encode(**encoding)
    chart = chart.properties(height=alt.Step(26) if kinds["y"] is Kind.NAME else 360)
    return _in_language(chart, text), rows.num_rows


def _places(picks: Picks) -> list[tuple[str, int]]:
    places = [("x", picks.x), ("y", picks.y)]
    return places if picks.colour is None else [*places, ("colour", picks.colour)]


def _first_names(rows: pa.Table, at: int) -> pa.Table:
    """The rows of the first names, all of each."""
    names = rows.column(at).combine_chunks()
    first = pc.unique(names)[:MOST_BARS]
    return rows.filter(pc.is_in(names, value_set=first))


def _values(column: pa.ChunkedArray, of: Kind | None) -> list[Any]:
    """The values as Altair takes them; a chart may round numbers, what is said beside it does not."""
    values = column.to_pylist()
    if of is Kind.NUMBER:
        return [None if value is None else float(value) for value in values]
    if of is Kind.TIME:
        return [None if value is None else _utc(value) for value in values]
    return [_name(value) for value in values]


def _utc(value: date) -> str:
    """A day or a moment, UTC, so that every browser draws it where it is."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return f"{value.isoformat()}T00:00:00.000Z"


def _name(value: Any) -> str:
    return "—" if value is None else escape.printable(str(value)[:LONGEST_NAME])


def _said(column: pa.ChunkedArray) -> list[str]:
    return [_name(f"{value:f}" if hasattr(value, "as_tuple") else value) for value in column.to_pylist()]


def _title(name: str) -> str:
    """A column's name over an axis or in a tooltip, which would take `image` for one to be fetched."""
    return escape.printable(name)[:LONGEST_NAME] + UNSEEN


def _axis(make: Any, name: str, of: Kind | None, title: str) -> Any:
    if of is Kind.NAME:  # in the order of the answer, which is what ORDER BY was for
        return make(f"{name}:N", title=title, sort=None, axis=alt.Axis(labelLimit=LABEL_LIMIT))
    if of is Kind.TIME:
        return make(f"{name}:T", title=title, scale=alt.Scale(type="utc"))
    return make(f"{name}:Q", title=title)


def _colours(values: pd.Series, of: Kind | None, title: str) -> alt.Color:
    if of is Kind.NUMBER:
        return alt.Color("colour:Q", title=title, scale=alt.Scale(scheme="viridis"))
    names = list(dict.fromkeys(values))
    categories = {str(category): COLOURS[category] for category in Category} | {"—": COLOURS[None]}
    if set(names) <= set(categories):
        names = [name for name in categories if name in names]
        scale = alt.Scale(domain=names, range=[categories[name] for name in names])
    else:
        scale = alt.Scale(domain=names, range=PALETTE)
    legend = alt.Legend(orient="top", labelLimit=LABEL_LIMIT, columns=0, symbolLimit=MOST_COLOURS)
    return alt.Color("colour:N", title=title, scale=scale, legend=legend)


def _mark(
    chart: alt.Chart, frame: pd.DataFrame, kinds: dict[str, Kind | None], *, coloured: bool
) -> alt.Chart:
    """Bars by name; a line over time where each colour has one value at a moment; points otherwise."""
    own: dict[str, Any] = {} if coloured else {"color": COLOUR}
    if (kinds["x"], kinds["y"]) in {(Kind.NUMBER, Kind.NAME), (Kind.NAME, Kind.NUMBER)}:
        bars: alt.Chart = chart.mark_bar(cornerRadiusEnd=3, **own)
        return bars
    series = ["x", "colour"] if coloured else ["x"]
    if (kinds["x"], kinds["y"]) == (Kind.TIME, Kind.NUMBER) and not frame.duplicated(series).any():
        few = len(frame) <= FEW_POINTS * (frame["colour"].nunique() if coloured else 1)
        line: alt.Chart = chart.mark_line(point=alt.OverlayMarkDef(size=40, **own) if few else False, **own)
        return line
    points: alt.Chart = chart.mark_circle(size=60, opacity=0.75, **own)
    return points


def _in_language(chart: alt.Chart, text: Text) -> alt.Chart:
    """With numbers, months and days as the language writes them."""
    chart = in_language(chart, text)
    locale = text.locale
    months, days = locale.months["stand-alone"], locale.days["stand-alone"]
    chart.config.locale.time = alt.TimeLocale(
        dateTime="%x %X", date="%Y-%m-%d", time="%H:%M:%S", periods=["AM", "PM"],
        months=list(months["wide"].values()), shortMonths=list(months["abbreviated"].values()),
        days=[days["wide"][day] for day in (6, 0, 1, 2, 3, 4, 5)],
        shortDays=[days["abbreviated"][day] for day in (6, 0, 1, 2, 3, 4, 5)],
    )  # fmt: skip
    return chart
