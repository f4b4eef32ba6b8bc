"""How long conclusions took and when they were made, against the same in plain Python; and the charts."""

from collections import Counter
from typing import Any

import pandas as pd
import pytest

from core.model import Category
from core.reports import times
from core.reports.charts import COLOURS
from core.text import LANGUAGES, Text
from tests.unit.reporting import World, chosen_rows, each_filter, filters, rows_of

PORTUGUESE = Text("pt_BR", "UTC")
ORDER = [*Category, None]


def quantile(values: list[int], share: float) -> float:
    """Where so large a share lies below, straight between the two values beside it."""
    values, place = sorted(values), share * (len(values) - 1)
    before, rest = values[int(place)], place - int(place)
    return before + rest * (values[min(int(place) + 1, len(values) - 1)] - before)


@each_filter
def test_time_by_category(world: World, name: str) -> None:
    rows = chosen_rows(world, chosen := filters(world)[name])
    found = times.time_by_category(world.facts, chosen)
    assert found["category"].tolist() == [c for c in ORDER if c in {r["category"] for r in rows}]
    for row in found.itertuples():
        took = [r["handling_seconds"] for r in rows if r["category"] == row.category]
        assert row.conclusions == len(took)
        assert (row.p25, row.median, row.p75, row.p90) == pytest.approx(
            tuple(quantile(took, share) for share in (0.25, 0.5, 0.75, 0.9))
        )


@each_filter
def test_weekday_by_hour(world: World, name: str) -> None:
    rows = chosen_rows(world, chosen := filters(world)[name])
    found = times.weekday_by_hour(world.facts, chosen)
    counted = Counter((r["day"].isoweekday(), r["hour"]) for r in rows)
    assert [tuple(row) for row in found.itertuples(index=False)] == [
        (weekday, hour, counted[weekday, hour]) for weekday in range(1, 8) for hour in range(24)
    ]


# Charts --------------------------------------------------------------------------------------------


def took(*rows: tuple[str | None, int, float, float, float, float]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["category", "conclusions", "p25", "median", "p75", "p90"])
    return found.astype({"category": object})


def test_times_are_bars_with_a_tick_on_a_logarithmic_axis() -> None:
    found = took(("lost", 9, 0, 90, 5_400, 200_000), (None, 1, 45, 45, 45, 45))
    chart = times.time_by_category_chart(found, PORTUGUESE)
    bar, tick = chart.to_dict()["layer"]
    assert (bar["mark"]["type"], tick["mark"]["type"]) == ("bar", "tick")
    x = bar["encoding"]["x"]
    assert (x["field"], bar["encoding"]["x2"]["field"], tick["encoding"]["x"]["field"]) == (
        "p25",
        "p75",
        "median",
    )
    assert x["scale"] == {"type": "log", "domain": [1, 21_600], "nice": False}
    assert x["axis"]["values"] == [1, 10, 60, 600, 3_600, 21_600]
    assert '"60": "1 min", "600": "10 min", "3600": "1 h", "21600": "6 h"' in x["axis"]["labelExpr"]
    lost, unclassified = rows_of(chart)
    assert (lost["p25"], lost["p25_said"]) == (1, "0 s")  # 0 has no place there, but is said
    assert (lost["median_said"], lost["p75_said"], lost["p90_said"]) == (
        "1 min 30 s",
        "1 h 30 min",
        "2 d 7 h",
    )
    assert [row["colour"] for row in (lost, unclassified)] == [COLOURS["lost"], COLOURS[None]]
    assert (
        bar["encoding"]["y"]["sort"]
        == [lost["name"], unclassified["name"]]
        == ["✕ Objetivo Perdido", "– Sem classificação"]
    )


@pytest.mark.parametrize("longest", [0, 1, 9, 10, 86_400, 4_000_000_000, 9e15])
def test_every_length_of_time_has_a_place(longest: float) -> None:
    chart = times.time_by_category_chart(took(("other", 1, longest, longest, longest, longest)), PORTUGUESE)
    scale = chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]
    (row,) = rows_of(chart)
    assert scale["domain"][0] <= row["p25"] <= row["p75"] < scale["domain"][1]


def week(**counts: int) -> pd.DataFrame:
    rows = [
        (weekday, hour, counts.get(f"d{weekday}h{hour}", 0)) for weekday in range(1, 8) for hour in range(24)
    ]
    return pd.DataFrame(rows, columns=["weekday", "hour", "conclusions"])


@pytest.mark.parametrize(
    ("language", "monday", "sunday"),
    [("pt_BR", "segunda-feira", "domingo"), ("en", "Monday", "Sunday"), ("es", "lunes", "domingo")],
)
def test_a_week_is_168_cells_named_in_the_language(language: str, monday: str, sunday: str) -> None:
    chart = times.weekday_by_hour_chart(week(d1h9=12), Text(language, "UTC"))
    told = chart.to_dict()
    fields = {name: told["encoding"][name]["field"] for name in ("x", "y", "color")}
    assert fields == {"x": "hour", "y": "weekday", "color": "conclusions"}
    assert told["mark"]["type"] == "rect"
    assert told["encoding"]["color"]["scale"] == {"domain": [0, 12], "range": list(times.FADING)}
    assert {tooltip["field"] for tooltip in told["encoding"]["tooltip"]} == {
        "weekday_said",
        "hour_said",
        "conclusions",
    }
    assert f'"1": "{monday}"' in told["encoding"]["y"]["axis"]["labelExpr"]
    rows = rows_of(chart)
    assert len(rows) == 168
    (fullest,) = (row for row in rows if row["conclusions"])
    assert (fullest["weekday_said"], fullest["hour_said"]) == (monday, "09:00–09:59")
    assert rows[-1]["weekday_said"] == sunday


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_of_little(language: str) -> None:
    text = Text(language, "UTC")
    shown: list[tuple[Any, int]] = [
        (times.time_by_category_chart(took(), text), 0),
        (times.time_by_category_chart(took((None, 1, 60, 60, 60, 60)), text), 1),
        (times.weekday_by_hour_chart(week().head(0), text), 0),
        (times.weekday_by_hour_chart(week().head(1), text), 1),
        (times.weekday_by_hour_chart(week(), text), 168),
    ]
    for chart, rows in shown:
        assert len(rows_of(chart)) == rows
