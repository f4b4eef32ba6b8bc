"""Each report against the same computed plainly, in Python, from what the desk tells of every conversation."""

import math
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from core import services
from core.desk import Desk
from core.facts import Facts
from core.model import SYSTEM, Category
from core.reports import outcomes
from core.reports.charts import with_none
from core.reports.filter import ReportFilter
from core.reports.metrics import METRICS, NOTHING, Unit, shown, wilson
from core.text import LANGUAGES, Text
from tests.conftest import NOW, Team, write
from tests.unit.reporting import (
    EVERYTHING,
    UNTIL,
    World,
    chosen_rows,
    each_filter,
    filters,
    outcome,
    rows_of,
    value_of,
)


@each_filter
def test_figures(world: World, name: str) -> None:
    chosen = filters(world)[name]
    rows = chosen_rows(world, chosen)
    ended = outcome(rows, chosen)
    found = outcomes.figures(world.facts, chosen)
    found["may_reopen"] = outcomes.may_reopen(world.facts, chosen, now=NOW)
    waits = [
        r for r in rows if not r["reopened"] and r["archive_preference"] == "after_12h"
        and r["concluded_at"].replace(tzinfo=UTC) > NOW - timedelta(hours=12)
    ]  # fmt: skip
    assert found == {
        "conclusions": len(rows),
        "classified": sum(r["classified"] for r in rows),
        "achieved": sum(r["category"] == "achieved" for r in ended),
        "lost": sum(r["category"] == "lost" for r in ended),
        "value_achieved": value_of(ended, chosen.currency, "achieved"),
        "value_lost": value_of(ended, chosen.currency, "lost"),
        "reopened": sum(r["reopened"] for r in rows),
        "may_reopen": len(waits),
        "median_seconds": median(r["handling_seconds"] for r in rows) if rows else None,
    }


@each_filter
def test_outcomes_over_time(world: World, name: str) -> None:
    chosen = filters(world)[name]
    for since in (chosen.since, chosen.until - timedelta(days=20)):  # weeks, and days
        chosen = replace(chosen, since=since)
        found = outcomes.outcomes_over_time(world.facts, chosen)
        start = {"day": lambda day: day, "week": lambda day: day - timedelta(days=day.weekday())}[chosen.step]
        expected = Counter(
            (start(r["day"]), r["category"]) for r in outcome(chosen_rows(world, chosen), chosen)
        )
        told = {(row.period, row.category): row.conclusions for row in found.itertuples()}
        assert {key: n for key, n in told.items() if n} == dict(expected)
        days = {start(chosen.since + timedelta(days=n)) for n in range(chosen.days)}
        assert set(told) == {(day, category) for day in days for category in [*Category, None]}


@each_filter
def test_outcomes_by_reason(world: World, name: str) -> None:
    chosen = filters(world)[name]
    ended = [r for r in outcome(chosen_rows(world, chosen), chosen) if r["category"]]
    found = outcomes.outcomes_by_reason(world.facts, chosen)
    counted = Counter((r["category"], r["reason"]) for r in ended)
    assert {(r.category, r.reason): r.conclusions for r in found.itertuples()} == dict(counted)
    for row in found.itertuples():
        its = [r for r in ended if (r["category"], r["reason"]) == (row.category, row.reason)]
        assert row.value == value_of(its, chosen.currency)
    for category, rows in found.groupby("category"):
        whole = sum(n for (of, _), n in counted.items() if of == category)
        assert list(rows["conclusions"]) == sorted(rows["conclusions"], reverse=True)
        assert rows["share"].tolist() == pytest.approx([n / whole for n in rows["conclusions"]])
        assert rows["cumulative"].iloc[-1] == pytest.approx(1)


@each_filter
def test_outcomes_by_agent(world: World, name: str) -> None:
    chosen = filters(world)[name]
    by_agent = defaultdict(list)
    for row in chosen_rows(world, chosen):
        by_agent[row["concluded_by"]].append(row)
    found = {
        row.user_id and UUID(row.user_id): row
        for row in outcomes.outcomes_by_agent(world.facts, chosen).itertuples()
    }
    assert set(found) == set(by_agent)
    for agent, rows in by_agent.items():
        told, ended = found[agent], outcome(rows, chosen)
        achieved = sum(r["category"] == "achieved" for r in ended)
        lost = sum(r["category"] == "lost" for r in ended)
        assert (told.name, told.conclusions, told.reopened) == (
            world.names.get(agent), len(rows), sum(r["reopened"] for r in rows),
        )  # fmt: skip
        assert (told.achieved, told.lost, told.value) == (
            achieved,
            lost,
            value_of(ended, chosen.currency, "achieved"),
        )
        assert told.classified_share == pytest.approx(sum(r["classified"] for r in rows) / len(rows))
        assert told.median_seconds == pytest.approx(median(r["handling_seconds"] for r in rows))
        if achieved + lost:
            assert told.achieved_rate == pytest.approx(achieved / (achieved + lost))
            assert told.low <= told.achieved_rate <= told.high
        else:
            assert math.isnan(told.achieved_rate)


@pytest.mark.parametrize(
    ("days", "step"), [(1, "day"), (62, "day"), (63, "week"), (366, "week"), (367, "month"), (1100, "month")]
)
def test_the_step_follows_the_length(days: int, step: str) -> None:
    assert replace(EVERYTHING, since=UNTIL - timedelta(days=days - 1)).step == step


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    month = ReportFilter(date(2026, 3, 1), date(2026, 3, 31), "BRL")
    assert (month.before().since, month.before().until) == (date(2026, 1, 29), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("successes", "of", "low", "high"),
    # Newcombe (1998), table I: the score interval without continuity correction
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
     (29, 29, 0.8830, 1.0)],
)  # fmt: skip
def test_wilson(successes: int, of: int, low: float, high: float) -> None:
    assert wilson(successes, of) == pytest.approx((low, high), abs=0.00006)


def test_of_nothing_there_is_no_rate(desk: Desk) -> None:
    facts = Facts.open(desk.folder)
    facts.catch_up(desk)
    found = outcomes.figures(facts, EVERYTHING)
    text = Text("pt_BR", "UTC")
    assert [shown(metric.of(found), metric.unit, text, "BRL") for metric in METRICS] == ["0", *[NOTHING] * 6]
    assert wilson(0, 0) is None
    for language in LANGUAGES:
        over_time = outcomes.outcomes_over_time(facts, EVERYTHING)
        assert outcomes.outcomes_over_time_chart(over_time, Text(language, "UTC"), EVERYTHING.step).to_dict()
    assert outcomes.outcomes_by_reason(facts, EVERYTHING).empty
    assert outcomes.folded(outcomes.outcomes_by_reason(facts, EVERYTHING)).empty
    assert outcomes.outcomes_by_agent(facts, EVERYTHING).empty
    facts.close()


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (12345, Unit.COUNT, "12.345"), (0.1234, Unit.SHARE, "12,3%"), (Decimal("1234567.89"), Unit.MONEY, "R$\xa01.234.567,89"),
        (0, Unit.TIME, "0 s"), (65.0, Unit.TIME, "1 min 5 s"), (5100, Unit.TIME, "1 h 25 min"), (90000.0, Unit.TIME, "1 d 1 h"),
        (None, Unit.SHARE, NOTHING), (math.nan, Unit.TIME, NOTHING), (0.0, Unit.SHARE, "0,0%"),
    ],
)  # fmt: skip
def test_figures_as_people_read_them(value: Any, unit: Unit, expected: str) -> None:
    assert shown(value, unit, Text("pt_BR", "UTC"), "BRL") == expected


def reasons(*counts: int, category: str = "lost") -> pd.DataFrame:
    rows = [
        {"category": category, "reason": f"reason {n}", "conclusions": count, "value": Decimal(n), "share": count / sum(counts)}
        for n, count in enumerate(counts)
    ]  # fmt: skip
    found = pd.DataFrame(rows)
    return found.assign(cumulative=found["conclusions"].cumsum() / found["conclusions"].sum())


def test_the_long_tail_is_folded_never_hidden() -> None:
    found = outcomes.folded(reasons(9, 5, 3, 2, 1), most=2)
    assert found["reason"].tolist() == ["reason 0", "reason 1", None]
    assert found["conclusions"].tolist() == [9, 5, 6]
    assert (found["reasons"].tolist(), found["cumulative"].iloc[-1]) == ([1, 1, 3], 1)
    assert found["value"].iloc[-1] == Decimal(2 + 3 + 4)
    assert outcomes.folded(reasons(9, 5, 3), most=2)["reason"].notna().all()  # one more needs no folding


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_name_what_they_colour(language: str) -> None:
    text = Text(language, "UTC")
    over_time = pd.DataFrame(
        {"period": [date(2026, 3, 1)] * 2, "category": ["achieved", None], "conclusions": [3, 0]},
        dtype=object,
    )
    chart = outcomes.outcomes_over_time_chart(over_time, text, "day").to_dict()
    assert chart["encoding"]["y"]["field"] == "conclusions"
    names, colours = outcomes.categories(text)
    assert chart["encoding"]["color"]["scale"] == {"domain": names, "range": colours}
    assert len({name[0] for name in names}) == 5  # a mark each, for who does not tell the colours apart
    bars = outcomes.outcomes_by_reason_chart(reasons(2, 1), "lost", text, "BRL")
    assert '"0": "reason 0", "1": "reason 1"' in bars.to_dict()["encoding"]["y"]["axis"]["labelExpr"]
    assert [(row["order"], row["name"]) for row in rows_of(bars)] == [(0, "reason 0"), (1, "reason 1")]


def agents(*decided: int) -> pd.DataFrame:
    rows = [
        {"user_id": None if n == 1 else UUID(int=n), "name": None if n == 1 else f"{n:03} {'W' * 100}", "decided": of,
         "achieved_rate": 0.5 if of else math.nan, "low": 0.4 if of else math.nan, "high": 0.6 if of else math.nan, "value": Decimal(1)}
        for n, of in enumerate(decided)
    ]  # fmt: skip
    found = pd.DataFrame(
        rows, columns=["user_id", "name", "decided", "achieved_rate", "low", "high", "value"]
    )
    return with_none(found, "user_id", "name")


@pytest.mark.parametrize("language", LANGUAGES)
def test_agents_stand_by_name_on_the_line_where_their_rate_lies(language: str) -> None:
    text = Text(language, "UTC")
    chart = outcomes.outcomes_by_agent_chart(agents(100, 50, 29, 0, 30), text).to_dict()
    (data,) = chart["datasets"].values()
    assert [row["decided"] for row in data] == [
        100,
        50,
        29,
        30,
    ]  # as they were given; who decided nothing has no rate
    assert [row["opacity"] for row in data] == [1, 1, 0.35, 1]  # fainter where it is of few
    assert (data[1]["name"], data[1]["user_id"]) == (text("Unknown"), None)
    line, point = chart["layer"]
    assert (line["encoding"]["x"]["field"], line["encoding"]["x2"]["field"]) == ("low", "high")
    assert point["encoding"]["x"]["field"] == "achieved_rate"
    (data,) = outcomes.outcomes_by_agent_chart(agents(*range(1, 1001)), text).to_dict()["datasets"].values()
    assert [row["decided"] for row in data] == list(range(1000 - outcomes.MOST_AGENTS + 1, 1001))
    for nothing in ((), (0,)):
        assert outcomes.outcomes_by_agent_chart(agents(*nothing), text).to_dict()


def test_an_hour_that_comes_twice_is_counted_where_it_belongs(desk: Desk, team: Team) -> None:
    """Lisbon, 25 October 2026: 25 hours long."""
    services.change_organisation(desk, SYSTEM, timezone="Europe/Lisbon", now=NOW)
    for n, hour in enumerate((22, 23, 24, 25, 47, 48)):  # from 24 October, 00:00 UTC
        at = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(hours=hour)
        opened = write(desk, f"m{n}", at, address=f"5{n}").conversation_id
        services.conclude(desk, team.ana, opened, now=at)
    facts = Facts.open(desk.folder)
    facts.catch_up(desk)
    found = outcomes.outcomes_over_time(facts, ReportFilter(date(2026, 10, 24), date(2026, 10, 26), "BRL"))
    by_day = found.groupby("period")["conclusions"].sum().to_dict()
    assert by_day == {date(2026, 10, 24): 1, date(2026, 10, 25): 4, date(2026, 10, 26): 1}
    facts.close()
