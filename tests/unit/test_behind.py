"""The conclusions behind each figure, the small lines, and the filters' choices, against plain Python rows."""

import math
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import pytest

from core.reports import behind, outcomes
from core.reports.behind import conclusions_behind, how_many_behind
from core.reports.choices import choices
from core.reports.filter import ReportFilter
from core.reports.metrics import METRICS
from core.reports.trends import figures_over_time, lines
from tests.unit.reporting import EVERYTHING, World, chosen_rows, each_filter, filters, outcome

BY_NAME = {metric.name: metric for metric in METRICS}


def expected(world: World, chosen: ReportFilter, what: str) -> list[dict[str, Any]]:
    """The same in Python, in the same order."""
    rows = chosen_rows(world, chosen)
    ended = outcome(rows, chosen)

    def worth(category: str) -> list[dict[str, Any]]:
        return [
            r for r in ended
            if r["category"] == category and r["value"] is not None and r["currency"] == chosen.currency
        ]  # fmt: skip

    those = {
        "conclusions": rows,
        "classified_share": [r for r in rows if not r["classified"]],
        "achieved_rate": [r for r in ended if r["category"] in ("achieved", "lost")],
        "value_achieved": worth("achieved"),
        "value_lost": worth("lost"),
        "reopened_share": [r for r in rows if r["reopened"]],
        "median_time": rows,
    }[what]
    newest = sorted(those, key=lambda r: str(r["conclusion_id"]))
    newest.sort(key=lambda r: r["concluded_at"], reverse=True)
    return sorted(newest, key=lambda r: -r["handling_seconds"]) if what == "median_time" else newest


def told(row: Any) -> tuple[Any, ...]:
    came_back = None if str(row.reopened_at) == "NaT" else row.reopened_at.to_pydatetime()
    return (
        row.conversation_id, row.concluded_at.to_pydatetime(), row.agent, row.category, row.reason,
        row.value, row.currency, came_back, row.handling_seconds, row.channel,
    )  # fmt: skip


def plain(row: dict[str, Any], names: dict[Any, str]) -> tuple[Any, ...]:
    return (
        str(row["conversation_id"]), row["concluded_at"].replace(tzinfo=None), names.get(row["concluded_by"]),
        row["category"], row["reason"], row["value"], row["currency"],
        row["reopened_at"] and row["reopened_at"].replace(tzinfo=None), row["handling_seconds"], row["channel"],
    )  # fmt: skip


@each_filter
def test_conclusions_behind_each_figure(world: World, name: str) -> None:
    chosen = filters(world)[name]
    for what in BY_NAME:
        rows = [plain(row, world.names) for row in expected(world, chosen, what)]
        found = [told(row) for row in conclusions_behind(world.facts, chosen, what).itertuples()]
        assert found == rows, what
        assert how_many_behind(world.facts, chosen, what) == len(rows)


def test_pages_of_them_are_all_of_them(world: World) -> None:
    for what in BY_NAME:
        whole = conclusions_behind(world.facts, EVERYTHING, what)["conversation_id"].tolist()
        pages: list[str] = []
        for offset in range(0, len(whole) + 70, 70):
            page = conclusions_behind(world.facts, EVERYTHING, what, offset=offset, limit=70)
            pages += page["conversation_id"].tolist()
        assert pages == whole


@pytest.mark.parametrize("last_days", [(1, 2), (2, 3, 5, 8), (9, 20), (40,)], ids=repr)
def test_the_newest_are_the_same_wherever_they_are_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch, last_days: tuple[int, ...]
) -> None:
    whole = conclusions_behind(world.facts, EVERYTHING, "conclusions")["conversation_id"].tolist()
    monkeypatch.setattr(behind, "LAST_DAYS", last_days)
    for rows in range(1, 40):
        found = conclusions_behind(world.facts, EVERYTHING, "conclusions", limit=rows)
        assert found["conversation_id"].tolist() == whole[:rows]


def test_values_behind_add_up_to_the_figure(world: World) -> None:
    for chosen in filters(world).values():
        figures = outcomes.figures(world.facts, chosen)
        for what in ("value_achieved", "value_lost"):
            values = conclusions_behind(world.facts, chosen, what)["value"].tolist()
            assert all(isinstance(value, Decimal) for value in values)
            assert sum(values, Decimal(0)) == figures[what]


STARTS = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


@each_filter
def test_lines(world: World, name: str) -> None:
    for days in (21, 200, 400):
        chosen = filters(world)[name]
        chosen = replace(chosen, since=chosen.until - timedelta(days=days - 1))
        start = STARTS[chosen.step]
        found = figures_over_time(world.facts, chosen)
        periods = sorted({start(chosen.since + timedelta(days=n)) for n in range(chosen.days)})
        assert found["period"].tolist() == periods
        rows = chosen_rows(world, chosen)
        whole = outcomes.figures(world.facts, chosen)
        for sums in (
            "conclusions",
            "classified",
            "achieved",
            "lost",
            "value_achieved",
            "value_lost",
            "reopened",
        ):
            assert found[sums].sum() == whole[sums]
        in_each = Counter(start(r["day"]) for r in rows)
        assert lines(found)["conclusions"] == [in_each[period] for period in periods]
        for period, minutes, share in zip(
            periods, lines(found)["median_time"], lines(found)["reopened_share"], strict=True
        ):
            its = [r for r in rows if start(r["day"]) == period]
            if its:
                assert minutes == pytest.approx(median(r["handling_seconds"] for r in its) / 60, abs=0.051)
                assert share == pytest.approx(100 * sum(r["reopened"] for r in its) / len(its), abs=0.051)
            else:  # a gap, not nothing
                assert math.isnan(minutes) and math.isnan(share)


def test_choices_are_what_there_is(world: World) -> None:
    found = choices(world.facts)
    assert set(found.reasons) == {r["reason"] for r in world.rows if r["reason"]}
    assert list(found.reasons) == sorted(found.reasons, key=str.casefold)
    assert list(found.channels) == sorted({r["channel"] for r in world.rows})
    assert list(found.sources) == sorted({r["source"] for r in world.rows})
    assert list(found.currencies) == ["BRL", "USD"]
    assert choices(world.facts, ["Elogio", "there is none"]) == found


def test_the_same_days_a_year_before() -> None:
    leap = ReportFilter(date(2028, 2, 29), date(2028, 3, 5), "BRL")
    assert (leap.a_year_before().since, leap.a_year_before().until) == (date(2027, 2, 28), date(2027, 3, 5))
