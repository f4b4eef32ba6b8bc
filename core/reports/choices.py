"""What the filters of reports can be set to: what the facts know."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.facts import Facts
from core.reports.filter import sql


@dataclass(frozen=True, slots=True)
class Choices:
    """Names, in the order of a list."""

    reasons: tuple[str, ...]  # as they were called
    channels: tuple[str, ...]
    sources: tuple[str, ...]
    currencies: tuple[str, ...]


def choices(facts: Facts, reasons: Iterable[str] = ()) -> Choices:
    """What can be chosen. `reasons`: which of these there are is told also where there are too many for a list."""
    named = facts.frame(sql("choices_of_reasons"), {"reasons": list(reasons)})["name"]
    rest = facts.frame(sql("choices"), {})
    channels, sources, currencies = (
        tuple(str(name) for name in rest.loc[rest["kind"] == kind, "name"])
        for kind in ("channel", "source", "currency")
    )
    return Choices(tuple(sorted(map(str, named), key=str.casefold)), channels, sources, currencies)
