"""How the figures moved inside the period: the small line of each."""

from typing import Any

import pandas as pd

from core.facts import Facts
from core.reports.filter import ReportFilter, count
from core.reports.metrics import METRICS, Unit

# Of what the line says where it is pointed at.
DECIMALS = {Unit.COUNT: 0, Unit.SHARE: 1, Unit.MONEY: 2, Unit.TIME: 1}
SCALE = {Unit.COUNT: 1, Unit.SHARE: 100, Unit.MONEY: 1, Unit.TIME: 1 / 60}


def figures_over_time(facts: Facts, chosen: ReportFilter) -> pd.DataFrame:
    """period (first day), and in each what outcomes.figures says of the whole; median_seconds is NaN of nothing."""
    sums = count(facts, "figures_over_time", chosen, step=chosen.step)
    times = count(facts, "times_over_time", chosen, per="conclusion", step=chosen.step)
    return sums.merge(times, on="period", how="left")


def lines(found: pd.DataFrame) -> dict[str, list[float]]:
    """Each figure in each period, by its name: counts and money as they are, shares in per cent, times in minutes; NaN
    of nothing."""
    periods = [{str(name): said for name, said in row.items()} for row in found.to_dict("records")]
    return {metric.name: [_point(metric.of(period), metric.unit) for period in periods] for metric in METRICS}


def _point(value: Any, unit: Unit) -> float:
    return float("nan") if pd.isna(value) else round(float(value) * SCALE[unit], DECIMALS[unit])
