"""Every report's question, unfiltered and under each filter: asked of the facts, and in the same run of the peers.

Facts remember answers; here they forget before each asking, so that each is an asking. What we answer is what a page is
given: a table of names, exact money and shares. What a peer answers is its rows. Before anything is timed, a smaller
history is asked everything, and the answers have to be the same.
"""

import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import pandas as pd

from benchmarks import history
from benchmarks.peers import PACKAGES, SHARES, Ask, Asked, Condition, Question, Row, Told, peers
from core.facts import Facts
from core.facts.store import FACTS_FILE
from core.reports import behind, classifying, outcomes, reopenings, times
from core.reports.filter import ReportFilter, count

FIRST, LAST = date(2023, 1, 1), date(2025, 12, 31)
CURRENCY = "BRL"
CATEGORIES = {"achieved": 1, "lost": 2, "question": 3, "other": 4, None: 0}  # as the peers hold them
CHECKED = 100_000  # conclusions on which the answers are compared
ROUNDS = 5
SLOW, TOO_SLOW = 2.0, 20.0  # seconds: such a peer is asked once more, or no more
PAGE = 50  # rows of a page of the conclusions behind a figure
LATE = datetime(2025, 12, 19, 12)  # noqa: DTZ001 as facts hold times; when the last of the history may still reopen
FIGURES = ("conclusions", "classified", "achieved", "lost", "value_achieved", "value_lost", "reopened")


# What is asked -------------------------------------------------------------------------------------

ENDED: tuple[Condition, ...] = (("reopened", "=", False),)
ACHIEVED, LOST = (*ENDED, ("category", "=", 1)), (*ENDED, ("category", "=", 2))
CLASSIFIED: tuple[Condition, ...] = (("category", "<>", 0),)
UNCLASSIFIED: tuple[Condition, ...] = (("category", "=", 0),)
REOPENED: tuple[Condition, ...] = (("reopened", "=", True),)
IN_CURRENCY: Condition = ("currency", "=", "$currency")  # its number, which is known when asked
COUNT = Told("count")
HALF = Told("quantile", "handling")
SUMS = (
    COUNT,
    Told("count", where=CLASSIFIED),
    Told("count", where=ACHIEVED),
    Told("count", where=LOST),
    Told("sum", "cents", (*ACHIEVED, IN_CURRENCY)),
    Told("sum", "cents", (*LOST, IN_CURRENCY)),
    Told("count", where=REOPENED),
)
BEHIND = (
    "concluded_at", "agent", "category", "class", "cents", "currency", "waited", "handling", "channel", "conclusion",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """A question of ours and of the peers'. `columns`: those of our answer that the peers' rows hold, in their order.
    `sums`: it asks for counts, shares and sums alone."""

    ours: Callable[[Facts, ReportFilter], pd.DataFrame]
    theirs: Question
    columns: tuple[str, ...]
    sums: bool = True


REPORTS: dict[str, Report] = {
    "figures": Report(lambda f, c: count(f, "figures", c), Question(told=SUMS), FIGURES),
    "figures over time": Report(
        lambda f, c: count(f, "figures_over_time", c, step=c.step), Question(("period",), SUMS), ("period", *FIGURES)
    ),
    "may still reopen": Report(
        lambda f, c: count(f, "may_reopen", c, per="conclusion", now=LATE),
        Question(told=(Told("count", where=(*ENDED, ("waits", "=", True), ("concluded_at", ">", "$recent"))),)),
        ("may_reopen",),
    ),
    "outcomes over time": Report(
        outcomes.outcomes_over_time, Question(("period", "category"), (COUNT,), ENDED), ("period", "category", "conclusions")
    ),
    "outcomes by reason": Report(
        outcomes.outcomes_by_reason,
        Question(("class",), (COUNT, Told("sum", "cents", (IN_CURRENCY,))), (*ENDED, *CLASSIFIED)),
        ("class", "conclusions", "value"),
    ),
    "outcomes by agent": Report(
        lambda f, c: count(f, "outcomes_by_agent", c, per="agent"), Question(("agent",), (*SUMS[:5], SUMS[6])),
        ("agent", "conclusions", "classified", "achieved", "lost", "value", "reopened"),
    ),
    "unclassified over time": Report(
        classifying.unclassified_over_time, Question(("period",), (COUNT, Told("count", where=UNCLASSIFIED))),
        ("period", "conclusions", "unclassified"),
    ),
    "unclassified by agent": Report(
        classifying.unclassified_by_agent, Question(("agent",), (COUNT, Told("count", where=UNCLASSIFIED))),
        ("agent", "conclusions", "unclassified"),
    ),
    "edits": Report(
        classifying.edits,
        Question(
            ("first_class", "class"),
            (COUNT, Told("sum", "first_cents", (("first_currency", "=", "$currency"),)), Told("sum", "cents", (IN_CURRENCY,))),
            (("edits", ">", 0),),
        ),
        ("first_class", "class", "conclusions", "value_before", "value_after"),
    ),
    "weekday by hour": Report(
        times.weekday_by_hour, Question(("weekday", "hour"), (COUNT,)), ("weekday", "hour", "conclusions")
    ),
    "time to conclusion": Report(
        lambda f, c: count(f, "time_to_conclusion", c, per="conclusion"), Question(told=(HALF,)), ("median_seconds",), False
    ),
    "times over time": Report(
        lambda f, c: count(f, "times_over_time", c, per="conclusion", step=c.step), Question(("period",), (HALF,)),
        ("period", "median_seconds"), False,
    ),
    "time by agent": Report(
        lambda f, c: count(f, "time_by_agent", c, per="conclusion"), Question(("agent",), (HALF,)),
        ("agent", "median_seconds"), False,
    ),
    "time by category": Report(
        times.time_by_category,
        Question(("category",), (COUNT, *(Told("quantile", "handling", share=share) for share in SHARES))),
        ("category", "conclusions", "p25", "median", "p75", "p90"), False,
    ),
    "reopened by reason": Report(
        reopenings.reopened_by_reason,
        Question(
            ("class",),
            (
                COUNT, SUMS[6], Told("count", where=(*REOPENED, ("waited", "<=", 3600))),
                Told("count", where=(*REOPENED, ("waited", "<=", 12 * 3600))), Told("quantile", "waited", REOPENED),
            ),
        ),
        ("class", "conclusions", "reopened", "within_1h", "within_12h", "median_seconds"), False,
    ),
    "time to reopening": Report(reopenings.time_to_reopening, Question(("reach",), (COUNT,)), ("reach", "reopened"), False),
    "conclusions behind": Report(
        lambda f, c: behind.conclusions_behind(f, c, "conclusions", limit=PAGE), Question(BEHIND, newest=PAGE),
        ("concluded_at", "agent", "category", "class"), False,
    ),
}  # fmt: skip

# What each filter names. "A fifth" is asked of sums under the first five.
MONTH = {"since": date(2025, 6, 1), "until": date(2025, 6, 30)}
CATEGORY, REASON, AGENT, CHANNEL = (
    {"category": "lost"},
    {"reason": "Reason 5"},
    {"agent": "Agent 20"},
    {"channel": "webchat"},
)
FILTERS: dict[str, dict[str, Any]] = {
    "—": {}, "period": MONTH, "category": CATEGORY, "reason": REASON, "agent": AGENT, "channel": CHANNEL,
    "agent, period": AGENT | MONTH, "reason, period": REASON | MONTH, "agent, reason": AGENT | REASON,
}  # fmt: skip
OFTEN = ("—", "period", "category", "reason", "agent")


@dataclass(frozen=True)
class Numbers:
    """What the facts call by which number."""

    agents: dict[str, int]  # by name
    users: dict[str | None, int]  # by id
    classes: dict[tuple[str | None, str | None], int]  # by category and reason
    channels: dict[str, int]
    currency: int


def numbers(facts: Facts) -> Numbers:
    def of(table: str) -> list[Row]:
        with facts._database.cursor() as cursor:
            return cursor.execute(f"FROM store.{table}").fetchall()

    return Numbers(
        {name: code for code, _, name, *_ in of("agents")},
        {user and str(user): code for code, user, *_ in of("agents")},
        {(category, reason): code for code, category, _, reason in of("classes")},
        {name: code for code, name in of("channels")},
        next(code for code, name in of("currencies") if name == CURRENCY),
    )


def ours_of(filter_: dict[str, Any], known: Numbers) -> ReportFilter:
    users = {code: user for user, code in known.users.items()}

    def only(name: str) -> tuple[str, ...]:
        return (filter_[name],) if name in filter_ else ()

    return ReportFilter(
        filter_.get("since", FIRST),
        filter_.get("until", LAST),
        CURRENCY,
        categories=only("category"),
        reasons=only("reason"),
        agents=tuple(UUID(users[known.agents[name]]) for name in only("agent")),
        channels=only("channel"),
    )


def theirs_of(filter_: dict[str, Any], known: Numbers) -> Asked:
    conditions: list[Condition] = []
    if "since" in filter_:
        conditions += [("day", ">=", filter_["since"]), ("day", "<=", filter_["until"])]
    if "category" in filter_:
        conditions.append(("category", "=", CATEGORIES[filter_["category"]]))
    if "reason" in filter_:
        (number,) = (code for (_, reason), code in known.classes.items() if reason == filter_["reason"])
        conditions.append(("class", "=", number))
    if "agent" in filter_:
        conditions.append(("agent", "=", known.agents[filter_["agent"]]))
    if "channel" in filter_:
        conditions.append(("channel", "=", known.channels[filter_["channel"]]))
    return Asked(tuple(conditions), "day" if "since" in filter_ else "month")


def of_values(question: Question, known: Numbers) -> Question:
    """The question with what its conditions leave open."""
    values = {"$currency": known.currency, "$recent": LATE - timedelta(hours=12)}

    def filled(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        return tuple((name, o, values[v] if isinstance(v, str) else v) for name, o, v in conditions)

    told = tuple(replace(told, where=filled(told.where)) for told in question.told)
    return replace(question, told=told, where=filled(question.where))


# Whether it is the same question ------------------------------------------------------------------


def as_numbers(name: str, found: pd.DataFrame, known: Numbers) -> list[Row]:
    """Our answer as the peers' rows would be."""
    found = found.astype(object).where(found.notna(), None)
    if name == "time to reopening":
        rows: Any = list(found.itertuples())  # whose types pandas cannot tell
        still = rows[-1].conclusions - rows[-1].cumulative
        return [(0, still), *((n, row.reopened) for n, row in enumerate(rows, start=1))]
    if "user_id" in found:
        found["agent"] = [known.users[user and str(user)] for user in found["user_id"]]
    elif "agent" in found:
        found["agent"] = [known.agents[agent] for agent in found["agent"]]
    if "from_category" in found:
        found["first_class"] = [
            known.classes[of] for of in zip(found["from_category"], found["from_reason"], strict=True)
        ]
        found["class"] = [
            known.classes[of] for of in zip(found["to_category"], found["to_reason"], strict=True)
        ]
    if "reason" in found:
        found["class"] = [known.classes[of] for of in zip(found["category"], found["reason"], strict=True)]
    if "category" in found:
        found["category"] = [CATEGORIES[category] for category in found["category"]]
    for column in ("value", "value_achieved", "value_lost", "value_before", "value_after"):
        if column in found:
            found[column] = [int((cell or 0) * 100) for cell in found[column]]
    return list(found[list(REPORTS[name].columns)].itertuples(index=False, name=None))


def plain(rows: list[Row], report: Report) -> list[Row]:
    """Rows in an order of their own, their values as Python's, without those that say that there is nothing."""

    def value(column: str, said: Any) -> Any:
        if column in ("period", "concluded_at"):
            moment = pd.Timestamp(said).to_pydatetime().replace(tzinfo=None)
            return moment.date() if column == "period" else moment
        nothing = said is None or (isinstance(said, float) and math.isnan(said))
        if column in ("median_seconds", "median", "p25", "p75", "p90"):
            return None if nothing else round(float(said), 6)
        return 0 if nothing else int(said)

    width, keys = len(report.columns), len(report.theirs.by)
    found = [tuple(map(value, report.columns, row[:width])) for row in rows]
    if report.theirs.newest:
        return found
    return sorted(row for row in found if not keys or any(row[keys:]))


def check(facts: Facts, theirs: dict[str, Ask]) -> int:
    """Ask everybody everything once; how many answers were compared.

    Errors: `AssertionError` where an answer is not ours.
    """
    known, compared = numbers(facts), 0
    for name, report in REPORTS.items():
        question = of_values(report.theirs, known)
        for of, filter_ in FILTERS.items():
            expected = plain(as_numbers(name, report.ours(facts, ours_of(filter_, known)), known), report)
            assert expected or of not in OFTEN, f"{name}, {of}: nothing to compare"
            for peer, ask in theirs.items():
                answered = plain(ask(question, theirs_of(filter_, known)), report)
                assert answered == expected, (
                    f"{name}, {of}: {peer} says {answered[:5]}, we say {expected[:5]}"
                )
                compared += 1
    return compared


# Measuring -----------------------------------------------------------------------------------------


def asking(facts: Facts, report: Report, chosen: ReportFilter) -> Callable[[], Any]:
    """Our asking, of facts that remember nothing."""

    def ask() -> pd.DataFrame:
        facts._answers.clear()
        return report.ours(facts, chosen)

    return ask


def by_turns(works: dict[str, Callable[[], Any]]) -> dict[str, float | None]:
    """The median of each in milliseconds, after one that does not count; None: it is too slow."""
    first = {who: history.seconds(work) for who, work in works.items()}
    took: dict[str, list[float]] = {who: [] for who in works}
    for turn in range(ROUNDS):
        for who, work in works.items():
            if first[who] < SLOW or (turn == 0 and first[who] < TOO_SLOW):
                took[who].append(history.seconds(work))
    return {who: round(median(series) * 1000, 3) if series else None for who, series in took.items()}


def compare(facts: Facts, theirs: dict[str, Ask]) -> list[dict[str, Any]]:
    """Milliseconds of each question under each filter."""
    known, found = numbers(facts), []
    for name, report in REPORTS.items():
        question = of_values(report.theirs, known)
        for of, filter_ in FILTERS.items():
            works = {"Desfecho": asking(facts, report, ours_of(filter_, known))}
            asked = theirs_of(filter_, known)
            for peer, ask in theirs.items():
                works[peer] = partial(ask, question, asked)
            took = by_turns(works)
            found.append({"report": name, "filter": of, "a_fifth": report.sums and of in OFTEN, "took": took})
    return found


@contextmanager
def filled(conclusions: int) -> Iterator[tuple[Path, dict[str, float]]]:
    """A folder with a desk of so many conclusions and the facts of it, and what the facts took."""
    with tempfile.TemporaryDirectory(prefix="desfecho-bench-") as there:
        folder = Path(there) / "data"
        history.fill(folder, conclusions)
        yield folder, history.rebuild(folder)


def with_peers(folder: Path, work: Callable[[Facts, dict[str, Ask]], Any]) -> Any:
    with peers(folder / FACTS_FILE) as theirs:
        facts = Facts.open(folder)
        try:
            return work(facts, theirs)
        finally:
            facts.close()


def measure(conclusions: int) -> dict[str, Any]:
    """Of a history of so many conclusions: the reports, the facts made anew, and one conclusion taken over."""
    with filled(CHECKED) as (folder, _):
        compared = with_peers(folder, check)
    with filled(conclusions) as (folder, rebuilt):
        reports = with_peers(folder, compare)
        caught_up = history.catch_up(folder)
    versions = {name: version(package) for name, package in PACKAGES.items()}
    return {
        "conclusions": conclusions, "compared": compared, "versions": versions, "reports": reports,
        "rebuild": rebuilt, "catch_up": caught_up,
    }  # fmt: skip


def measure_tenfold(conclusions: int) -> dict[str, Any]:
    """Milliseconds of our questions on so many conclusions, and on ten times as many, by turns."""
    with filled(conclusions) as (folder, _):
        history.tenfold(folder, folder / "tenfold")
        once, more = Facts.open(folder), Facts.open(folder / "tenfold")
        try:
            known, found = numbers(once), []
            for name, report in REPORTS.items():
                for of, filter_ in FILTERS.items():
                    chosen = ours_of(filter_, known)
                    took = by_turns(
                        {"once": asking(once, report, chosen), "tenfold": asking(more, report, chosen)}
                    )
                    found.append(
                        {"report": name, "filter": of, "twice": report.sums and of in OFTEN, "took": took}
                    )
        finally:
            once.close()
            more.close()
    return {"conclusions": conclusions, "reports": found}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1])), indent=1))  # noqa: T201
