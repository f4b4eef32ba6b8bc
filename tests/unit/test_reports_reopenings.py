"""What comes back, and how soon, against the same in plain Python; and its charts."""

from collections import defaultdict
from datetime import timedelta
from statistics import median
from typing import Any

import pandas as pd
import pytest

from core.reports import reopenings
from core.reports.charts import COLOURS
from core.reports.metrics import NOTHING
from core.text import LANGUAGES, Text
from tests.unit.reporting import World, chosen_rows, each_filter, filters, rows_of

ENDS = [*range(1, 13), 24, 48, 72, 168]
HOUR = timedelta(hours=1)
PORTUGUESE = Text("pt_BR", "UTC")


def waits(rows: list[dict[str, Any]]) -> list[timedelta]:
    return [r["reopened_at"] - r["concluded_at"] for r in rows if r["reopened"]]


@each_filter
def test_reopened_by_reason(world: World, name: str) -> None:
    chosen = filters(world)[name]
    by_reason = defaultdict(list)
    for row in chosen_rows(world, chosen):
        by_reason[row["category"], row["reason"]].append(row)
    found = reopenings.reopened_by_reason(world.facts, chosen)
    told = {(row.category, row.reason): row for row in found.itertuples()}
    assert set(told) == set(by_reason)
    for key, rows in by_reason.items():
        row, waited = told[key], waits(rows)
        assert (row.conclusions, row.reopened, row.within_1h, row.within_12h) == (
            len(rows), len(waited), sum(w <= HOUR for w in waited), sum(w <= 12 * HOUR for w in waited),
        )  # fmt: skip
        assert row.reopened_share == pytest.approx(len(waited) / len(rows))
        if waited:
            assert row.median_seconds == pytest.approx(median(w.total_seconds() for w in waited))
        else:
            assert pd.isna(row.median_seconds)
    order = list(zip(found["reopened"], found["conclusions"], strict=True))
    assert order == sorted(order, reverse=True)


@each_filter
def test_time_to_reopening(world: World, name: str) -> None:
    rows = chosen_rows(world, chosen := filters(world)[name])
    found = reopenings.time_to_reopening(world.facts, chosen)
    assert [None if pd.isna(hours) else hours for hours in found["hours"]] == [*ENDS, None]
    cumulative = [*(sum(w <= end * HOUR for w in waits(rows)) for end in ENDS), len(waits(rows))]
    assert found["cumulative"].tolist() == cumulative
    assert found["reopened"].cumsum().tolist() == cumulative
    assert set(found["conclusions"]) == {len(rows)}
    if rows:
        assert found["share"].tolist() == pytest.approx([n / len(rows) for n in cumulative])
    else:
        assert found["share"].isna().all()


def test_the_stories_reach_into_every_part_of_the_curve(world: World) -> None:
    found = reopenings.time_to_reopening(world.facts, filters(world)["everything"])
    assert (found.loc[found["hours"].isin([1, 12, 24, 48, 72, 168]), "reopened"] > 0).all()
    assert found["reopened"].iloc[-1] > 0


def came_back(*counts: int, **columns: Any) -> pd.DataFrame:
    rows = [
        {"category": "lost", "reason": f"reason {n}", "conclusions": 2 * count + 1, "reopened": count,
         "within_1h": count // 2, "within_12h": count, "median_seconds": 5_400.0 if count else float("nan")}
        for n, count in enumerate(counts)
    ]  # fmt: skip
    names = ["category", "reason", "conclusions", "reopened", "within_1h", "within_12h", "median_seconds"]
    found = pd.DataFrame(rows, columns=names).astype({"category": object, "reason": object})
    return found.assign(reopened_share=found["reopened"] / found["conclusions"], **columns)


def test_reasons_that_come_back_are_bars_with_their_category() -> None:
    found = came_back(7, 2, 1, 0, category=["lost", "achieved", None, "other"])
    found.loc[2, "reason"] = None
    chart = reopenings.reopened_by_reason_chart(found, PORTUGUESE)
    encoding = chart.to_dict()["encoding"]
    assert (encoding["x"]["field"], encoding["y"]["field"]) == ("reopened", "order")
    rows = rows_of(chart)
    assert [row["name"] for row in rows] == ["✕ reason 0", "✓ reason 1", "– Sem classificação"]
    assert [row["colour"] for row in rows] == [COLOURS["lost"], COLOURS["achieved"], COLOURS[None]]
    assert (rows[0]["share_said"], rows[0]["median_said"]) == ("46,7%", "1 h 30 min")
    assert '"0": "\\u2715 reason 0"' in encoding["y"]["axis"]["labelExpr"]
    assert "median_said" in {tooltip["field"] for tooltip in encoding["tooltip"]}


def test_of_500_reasons_the_tail_is_one_bar() -> None:
    found = came_back(*range(500, 0, -1))
    found["reason"] = [f"{n:03} {'muito ' * 20}"[:120] for n in range(500)]
    chart = reopenings.reopened_by_reason_chart(found, PORTUGUESE)
    rows = rows_of(chart)
    assert len(rows) == reopenings.MOST_REASONS + 1
    assert sum(row["reopened"] for row in rows) == found["reopened"].sum()
    rest = rows[-1]
    assert (rest["name"], rest["median_said"]) == ("485 outros motivos", NOTHING)
    assert rest["conclusions"] == found["conclusions"].iloc[15:].sum()
    assert rest["within_1h"] == found["within_1h"].iloc[15:].sum()
    assert rest["share_said"] == PORTUGUESE.percent(rest["reopened"] / rest["conclusions"])
    assert chart.to_dict()["encoding"]["y"]["axis"]["labelLimit"] == 220
    one_more = rows_of(reopenings.reopened_by_reason_chart(found.head(16), PORTUGUESE))
    assert one_more[-1]["name"].startswith("✕ 015 muito")  # to fold it would save nothing


def curve(share: float | None = 0.25) -> pd.DataFrame:
    return pd.DataFrame(
        {"hours": [*ENDS, None], "reopened": [1] * 17, "cumulative": range(1, 18), "conclusions": 68, "share": share}
    )  # fmt: skip


def test_the_curve_is_of_cumulative_shares_with_a_line_after_12_hours() -> None:
    chart = reopenings.time_to_reopening_chart(curve(), PORTUGUESE)
    told = chart.to_dict()
    bars, line = told["layer"]
    assert (bars["mark"]["type"], line["mark"]["type"]) == ("bar", "rule")
    assert (bars["encoding"]["x"]["field"], bars["encoding"]["y"]["field"]) == ("order", "share")
    assert line["encoding"]["x"] == {"bandPosition": 1, "field": "order", "type": "ordinal"}
    assert [row["hours"] for row in told["datasets"][line["data"]["name"]]] == [12]
    assert [row["order"] for row in told["datasets"][line["data"]["name"]]] == [11]
    rows = rows_of(chart)
    assert [row["until"] for row in rows][10:16] == ["11 h", "12 h", "1 d", "2 d", "3 d", "7 d"]
    assert rows[0]["share_said"] == "25,0%"


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_of_little(language: str) -> None:
    text = Text(language, "UTC")
    assert rows_of(reopenings.reopened_by_reason_chart(came_back(), text)) == []
    assert rows_of(reopenings.reopened_by_reason_chart(came_back(0, 0), text)) == []
    (row,) = rows_of(reopenings.reopened_by_reason_chart(came_back(1, category=None, reason=None), text))
    assert row["name"].startswith("– ")
    assert rows_of(reopenings.time_to_reopening_chart(curve().head(0), text)) == []
    assert len(rows_of(reopenings.time_to_reopening_chart(curve().head(1), text))) == 1
    unknown = rows_of(reopenings.time_to_reopening_chart(curve(None).astype({"share": float}), text))
    assert {(row["share"], row["share_said"]) for row in unknown} == {(None, NOTHING)}
