"""Which conclusions a report counts, and over which of the facts' tables it can count them."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd

from core.facts import Facts, names
from core.shipped import shipped

UNCLASSIFIED = ""  # among the categories of a filter: those without one
# A condition that is asked only where its parameter is there.
CONDITION = re.compile(r"^  AND \(\$(\w+) IS NULL OR (.*)\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a report is asked about. An empty tuple lets everything through."""

    since: date  # the first day, in the organisation's time zone
    until: date  # the last one, included
    currency: str  # whose values are added up; amounts of different currencies never are (R5)
    categories: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()  # as they were called
    agents: tuple[UUID, ...] = ()
    channels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    final: bool = True  # outcomes of final conclusions only

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def step(self) -> str:
        """Days up to two months, weeks up to a year, then months."""
        if self.days <= 62:
            return "day"
        return "week" if self.days <= 366 else "month"

    def before(self) -> "ReportFilter":
        """The same about the period of equal length that ended the day before."""
        return replace(
            self, since=self.since - timedelta(days=self.days), until=self.since - timedelta(days=1)
        )

    def a_year_before(self) -> "ReportFilter":
        """The same about the same days of the year before; of the 29th of February the 28th."""
        return replace(self, since=_a_year_before(self.since), until=_a_year_before(self.until))

    def params(self, **others: Any) -> dict[str, Any]:
        """The parameters of the SQL; None where the filter lets everything through."""
        return {
            "since": self.since,
            "until": self.until,
            "categories": [category or names.UNCLASSIFIED for category in self.categories] or None,
            "reasons": list(self.reasons) or None,
            "agents": [str(agent) for agent in self.agents] or None,
            "channels": list(self.channels) or None,
            "sources": list(self.sources) or None,
            "final": self.final,
        } | others


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def sql(name: str) -> str:
    """A report's or a grain's statement, without what stands above it."""
    lines = shipped("core.reports", f"{name}.sql").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def count(facts: Facts, report: str, chosen: ReportFilter, *, per: str = "", **others: Any) -> pd.DataFrame:
    """The answer of a report, by the name of its file: ask."""
    return ask(facts, sql(report), chosen, per=per, **others)


def ask(facts: Facts, report: str, chosen: ReportFilter, *, per: str = "", **others: Any) -> pd.DataFrame:
    """The answer of a report's SQL over `counted`, taken from the smallest table that knows what the filter and the
    report speak of. `per`: reason or agent, where the report has a row for each; conclusion, where it asks of each
    what only the conclusions themselves tell; edit, where it does of the edited ones alone."""
    speaks_of_agents = bool(chosen.agents) or per == "agent"
    speaks_of_reasons = bool(chosen.reasons) or per == "reason"
    if (
        per in ("conclusion", "edit")
        or chosen.channels
        or chosen.sources
        or (speaks_of_agents and speaks_of_reasons)
    ):
        grain = "by_conclusion"
    else:
        grain = "by_agent" if speaks_of_agents else "by_class"
    params = chosen.params(currency_code=_currency_code(facts, chosen.currency), **others)
    table = sql(grain)
    if per == "edit":
        table = table.replace("FROM store.conclusions", "FROM store.edited")  # the same columns of fewer rows
    asked = over("counted", table, report)
    return facts.frame(CONDITION.sub(lambda found: _condition(found[1], found[2], params), asked), params)


def _currency_code(facts: Facts, currency: str) -> int:
    """The number of a currency in the facts, which is quicker to compare with; of one that they have none of, none's."""
    found = facts.frame("SELECT code FROM store.currencies WHERE name = $currency", {"currency": currency})
    return int(found["code"].iloc[0]) if len(found) else -1


def _condition(name: str, condition: str, params: dict[str, Any]) -> str:
    """A condition that is asked, or nothing: what lets everything through need not be planned, which takes longer
    than many a report, and what remains can be looked up."""
    return "" if params.get(name) is None else f"  AND {condition}"


def over(name: str, table: str, report: str) -> str:
    """A report that reads, by this name, what another statement says; its own WITH goes on after ours."""
    report = report.lstrip()
    goes_on = f", {report[4:]}" if report.startswith("WITH") else report
    return f"WITH {name} AS NOT MATERIALIZED (\n{table}\n)\n{goes_on}"


def moment(now: datetime) -> datetime:
    """A time as the facts hold times, UTC without a zone; to the minute, so that who looks now asks the same."""
    return now.replace(second=0, microsecond=0, tzinfo=None)
