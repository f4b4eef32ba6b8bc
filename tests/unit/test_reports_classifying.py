"""What is not classified, and what was classified otherwise later, against the same in plain Python; and the charts."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from core.model import Category
from core.reports import classifying
from core.reports.charts import category_name
from core.reports.filter import ReportFilter
from core.reports.metrics import NOTHING
from core.text import LANGUAGES, Text
from tests.unit.reporting import World, chosen_rows, each_filter, filters, rows_of

PORTUGUESE = Text("pt_BR", "UTC")


def start(day: date, step: str) -> date:
    """Of the period it lies in."""
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[step]


@each_filter
@pytest.mark.parametrize(("step", "days"), [("day", 21), ("week", 201), ("month", 500)])
def test_unclassified_over_time(world: World, name: str, step: str, days: int) -> None:
    chosen = filters(world)[name]
    chosen = replace(chosen, since=chosen.until - timedelta(days=days - 1))
    assert chosen.step == step
    rows = chosen_rows(world, chosen)
    every = Counter(start(r["day"], step) for r in rows)
    unclassified = Counter(start(r["day"], step) for r in rows if not r["classified"])
    found = classifying.unclassified_over_time(world.facts, chosen)
    periods = sorted({start(chosen.since + timedelta(days=n), step) for n in range(days)})
    assert found["period"].tolist() == periods
    assert found["conclusions"].tolist() == [every[period] for period in periods]
    assert found["unclassified"].tolist() == [unclassified[period] for period in periods]
    for row in found.itertuples():
        if row.conclusions:
            assert row.share == pytest.approx(row.unclassified / row.conclusions)
        else:
            assert pd.isna(row.share)


@each_filter
def test_unclassified_by_agent(world: World, name: str) -> None:
    rows = chosen_rows(world, chosen := filters(world)[name])
    every = Counter(r["concluded_by"] for r in rows)
    unclassified = Counter(r["concluded_by"] for r in rows if not r["classified"])
    found = classifying.unclassified_by_agent(world.facts, chosen)
    told = {
        row.user_id and UUID(row.user_id): (row.name, row.conclusions, row.unclassified)
        for row in found.itertuples()
    }
    assert told == {
        agent: (world.names.get(agent), every[agent], unclassified[agent]) for agent in every
    }  # None concluded some too
    assert found["unclassified"].tolist() == sorted(found["unclassified"], reverse=True)
    shares = [row.unclassified / row.conclusions for row in found.itertuples()]
    assert found["share"].tolist() == pytest.approx(shares)


def versions(rows: list[dict[str, Any]], chosen: ReportFilter) -> dict[tuple[Any, ...], list[Any]]:
    """conclusions, value before and value after, by the first and the last version."""
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for row in rows:
        if row["edits"]:
            sum_ = sums[row["first_category"], row["first_reason"], row["category"], row["reason"]]
            sum_[0] += 1
            sum_[1] += row["first_value"] if row["first_currency"] == chosen.currency else 0
            sum_[2] += row["value"] if row["currency"] == chosen.currency else 0
    return sums


@each_filter
def test_edits(world: World, name: str) -> None:
    rows = chosen_rows(world, chosen := filters(world)[name])
    found = classifying.edits(world.facts, chosen)
    told = {
        (row.from_category, row.from_reason, row.to_category, row.to_reason): [
            row.conclusions, row.value_before, row.value_after
        ]
        for row in found.itertuples()
    }  # fmt: skip
    assert told == versions(rows, chosen)
    assert found["conclusions"].tolist() == sorted(found["conclusions"], reverse=True)


def test_a_value_counts_in_the_currency_it_had(world: World) -> None:
    """Nothing that was worth something in one version is forgotten for what the other version was worth."""
    for currency, before, after in (("BRL", "30", "20"), ("USD", "10", "40")):
        chosen = replace(filters(world)["a source"], currency=currency, reasons=("Venda",))
        found = classifying.edits(world.facts, chosen)
        (same,) = found[found["from_reason"] == "Venda"].itertuples()
        assert (same.conclusions, same.value_before, same.value_after) == (2, Decimal(before), Decimal(after))
    chosen = replace(filters(world)["a source"], reasons=("Horário",))
    (lost_its_value,) = classifying.edits(world.facts, chosen).itertuples()
    assert (lost_its_value.value_before, lost_its_value.value_after) == (70, 0)


# Charts --------------------------------------------------------------------------------------------


def over_time(*counts: tuple[int, int]) -> pd.DataFrame:
    found = pd.DataFrame(
        [(date(2026, 3, 1 + n), *count) for n, count in enumerate(counts)],
        columns=["period", "conclusions", "unclassified"],
    )
    return found.assign(share=found["unclassified"] / found["conclusions"].where(found["conclusions"] > 0))


def test_the_line_breaks_where_there_was_nothing_to_classify() -> None:
    chart = classifying.unclassified_over_time_chart(
        over_time((4, 1), (0, 0), (2, 0)), Text("es", "UTC"), "day"
    )
    told = chart.to_dict()
    assert (told["encoding"]["x"]["field"], told["encoding"]["y"]["field"]) == ("period", "share")
    assert told["mark"]["type"] == "line"
    assert told["mark"]["point"]  # one day between two gaps is seen too
    rows = rows_of(chart)
    assert [row["share"] for row in rows] == [0.25, None, 0]
    assert [row["share_said"] for row in rows] == ["25,0%", NOTHING, "0,0%"]
    assert rows[0]["period"] == "2026-03-01"


def by_agent(*counts: int, name: Any = None) -> pd.DataFrame:
    rows = [(str(UUID(int=n)), name or f"Agent {n}", 2 * count + 1, count) for n, count in enumerate(counts)]
    found = pd.DataFrame(rows, columns=["user_id", "name", "conclusions", "unclassified"])
    found = found.astype({"user_id": object, "name": object})
    return found.assign(share=found["unclassified"] / found["conclusions"])


def test_of_1000_agents_the_tail_is_one_bar() -> None:
    found = by_agent(*range(1000, 0, -1), 0, name="Ana")  # they may all be called the same
    chart = classifying.unclassified_by_agent_chart(found, PORTUGUESE)
    encoding = chart.to_dict()["encoding"]
    assert (encoding["x"]["field"], encoding["y"]["field"]) == ("unclassified", "order")
    rows = rows_of(chart)
    assert [row["order"] for row in rows] == list(range(16))
    assert [row["name"] for row in rows[:15]] == ["Ana"] * 15
    assert "985" in rows[-1]["name"]
    assert sum(row["unclassified"] for row in rows) == found["unclassified"].sum()
    assert rows[-1]["conclusions"] == found["conclusions"].iloc[15:1000].sum()
    assert rows[-1]["share_said"] == PORTUGUESE.percent(rows[-1]["unclassified"] / rows[-1]["conclusions"])
    assert rows[0]["colour"] != rows[-1]["colour"]


def changed(*rows: tuple[str | None, str, str | None, str, int]) -> pd.DataFrame:
    names = ["from_category", "from_reason", "to_category", "to_reason", "conclusions"]
    found = pd.DataFrame(rows, columns=names).astype({"from_category": object, "to_category": object})
    return found.assign(value_before=Decimal("0.10"), value_after=Decimal(0))


def test_each_way_from_category_to_category_is_a_cell() -> None:
    found = changed(
        ("achieved", "a", "lost", "b", 1200), ("achieved", "c", "lost", "d", 34), ("other", "e", "other", "e", 5)
    )  # fmt: skip
    chart = classifying.edits_chart(found, PORTUGUESE)
    told = chart.to_dict()
    filled, numbers = told["layer"]
    assert (filled["mark"]["type"], numbers["mark"]["type"]) == ("rect", "text")
    for layer in (filled, numbers):
        assert (layer["encoding"]["x"]["field"], layer["encoding"]["y"]["field"]) == ("after", "before")
    assert filled["encoding"]["color"]["field"] == "conclusions"
    assert filled["encoding"]["color"]["scale"]["domain"] == [0, 1234]
    assert numbers["encoding"]["text"]["field"] == "said"
    names = {category: category_name(category, PORTUGUESE) for category in Category}
    assert filled["encoding"]["x"]["sort"] == filled["encoding"]["y"]["sort"] == list(names.values())
    cells = {(row["before"], row["after"]): (row["conclusions"], row["said"]) for row in rows_of(chart)}
    assert len(cells) == 16
    assert {ways: cell for ways, cell in cells.items() if cell[0]} == {
        (names["achieved"], names["lost"]): (1234, "1.234"),
        (names["other"], names["other"]): (5, "5"),
    }


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("fill", classifying.FILLS)
def test_the_numbers_can_be_read_on_every_cell(fill: str) -> None:
    assert (luminance(fill) + 0.05) / (luminance(classifying.ON_FILLS) + 0.05) >= 4.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_of_little(language: str) -> None:
    text = Text(language, "UTC")
    for counts in ([], [(0, 0)], [(3, 3)]):
        chart = classifying.unclassified_over_time_chart(over_time(*counts), text, "month")
        assert len(rows_of(chart)) == len(counts)
    assert rows_of(classifying.unclassified_by_agent_chart(by_agent(), text)) == []
    assert rows_of(classifying.unclassified_by_agent_chart(by_agent(0), text)) == []
    nobody = by_agent(2).assign(user_id=None, name=None)
    (row,) = rows_of(classifying.unclassified_by_agent_chart(nobody, text))
    assert row["name"] == text("Unknown")
    for found in (changed(), changed(("lost", "a", "lost", "a", 1)), changed((None, "a", "lost", "b", 1))):
        rows = rows_of(classifying.edits_chart(found, text))
        assert sum(row["conclusions"] for row in rows) == found.dropna()["conclusions"].sum()
