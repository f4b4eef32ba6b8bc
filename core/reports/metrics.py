"""The figures managers judge by: one list, each with its name, what it means, its unit, and what stands where there is
nothing to count (section 5 of the design)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.text import N_, Text

NOTHING = "—"
FEW = 30  # below this a rate says little: it is shown, and marked
Z = 1.959963984540054  # of a normal distribution's middle 95 %


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    MONEY = "money"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Metric:
    """`of` takes the answer of figures.sql and time_to_conclusion.sql; None: nothing to count."""

    name: str
    label: str
    definition: str
    unit: Unit
    of: Callable[[dict[str, Any]], Any]
    more_is: int = 0  # better: 1, worse: -1, neither: 0


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def wilson(successes: int, of: int) -> tuple[float, float] | None:
    """The 95 % interval of a rate; None of nothing."""
    if not of:
        return None
    rate, z2 = successes / of, Z * Z / of
    middle = (rate + z2 / 2) / (1 + z2)
    reach = Z * math.sqrt(rate * (1 - rate) / of + z2 / (4 * of)) / (1 + z2)
    # At the ends the interval reaches them, but for a rounding.
    return 0.0 if successes == 0 else middle - reach, 1.0 if successes == of else middle + reach


METRICS: tuple[Metric, ...] = (
    Metric(
        "conclusions", N_("Conclusions"), N_("Conversations ended in the period; one that came back and was ended again counts each time."),
        Unit.COUNT, lambda f: f["conclusions"],
    ),
    Metric(
        "classified_share", N_("Classified"), N_("The share of the conclusions that were given a reason."),
        Unit.SHARE, lambda f: share(f["classified"], f["conclusions"]), 1,
    ),
    Metric(
        "achieved_rate", N_("Achieved rate"),
        N_("Goals achieved, of goals achieved and lost. Where a conversation came back, only its last end counts, unless all are asked for. The interval is where the true rate lies in 95 of 100 cases."),
        Unit.SHARE, lambda f: share(f["achieved"], f["achieved"] + f["lost"]), 1,
    ),
    Metric(
        "value_achieved", N_("Value achieved"), N_("What the achieved goals are worth, in the currency shown."),
        Unit.MONEY, lambda f: f["value_achieved"] if f["conclusions"] else None, 1,
    ),
    Metric(
        "value_lost", N_("Value lost"), N_("What the lost goals would have been worth, in the currency shown."),
        Unit.MONEY, lambda f: f["value_lost"] if f["conclusions"] else None, -1,
    ),
    Metric(
        "reopened_share", N_("Came back"), N_("The share of the conclusions that were reopened. Those of the last 12 hours may still come back."),
        Unit.SHARE, lambda f: share(f["reopened"], f["conclusions"]), -1,
    ),
    Metric(
        "median_time", N_("Time to conclusion"), N_("Half of the conclusions took less, from the opening of the conversation or its reopening."),
        Unit.TIME, lambda f: f["median_seconds"], -1,
    ),
)  # fmt: skip


def shown(value: Any, unit: Unit, text: Text, currency: str) -> str:
    """A figure as the person reads it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if unit is Unit.SHARE:
        return text.percent(value)
    if unit is Unit.MONEY:
        return text.money(Decimal(value), currency)
    if unit is Unit.TIME:
        return text.duration(float(value))
    return text.number(int(value))
