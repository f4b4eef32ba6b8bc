"""Managers at their reports: what agents notice of them, how long a change of a filter takes, and how often a question
that many ask is asked.

- Agents' conclusions by themselves, while the heaviest of all reports runs in a loop beside them, and while that loop
  also takes over what is new before each report, as the page does. All in one process, as in the application.
- A run of the outcomes page after a change of one filter, never to what was asked before, against the same page drawn
  from constants (`constant_page.py`), each on a server of its own, by turns.
- As many threads at once with the questions of one view.
"""

import asyncio
import json
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import duckdb
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import facts as questions
from benchmarks import history
from benchmarks.pages import Reader
from benchmarks.people import STARTS, USES, Widget, summary
from core import services
from core.application import TURN
from core.desk import Desk
from core.desk.store import DESK_FILE
from core.facts import Facts
from core.facts.store import FACTS_FILE
from core.reports import outcomes, trends
from core.reports.filter import ReportFilter
from tests.server import serving

CONCLUSIONS = 1_000_000
ROUNDS = 6
EACH = 100  # conclusions in each measurement of a round
CHANGES, SKIPPED = 30, 5  # changes of a filter; the first of them do not count
PEOPLE = 200
PERIOD = "p=free&from=2025-06-01&to=2025-08-29"
FILTERS = ("outcomes-reason", "outcomes-agent")  # whose choices are many enough to be new each time
CONSTANT = (sys.executable, "-m", "benchmarks.constant_page")


# Agents beside a report ----------------------------------------------------------------------------


def heaviest(facts: Facts) -> tuple[str, ReportFilter]:
    """The report that takes longest, of everything."""
    everything = ReportFilter(questions.FIRST, questions.LAST, questions.CURRENCY)
    took = {
        name: min(history.seconds(questions.asking(facts, report, everything)) for _ in range(3))
        for name, report in questions.REPORTS.items()
    }
    return max(took, key=took.__getitem__), everything


@contextmanager
def looping(work: Callable[[], Any] | None) -> Iterator[list[float]]:
    """Do it again and again in a thread of its own while the block runs; the seconds each took."""
    took: list[float] = []

    def run(over: threading.Event) -> None:
        while work and not over.is_set():
            took.append(history.seconds(work))

    with history.beside(run):
        yield took


def conclusions(folder: Path) -> dict[str, Any]:
    """Milliseconds of a conclusion, by what goes on beside it."""
    sys.setswitchinterval(TURN)
    desk, facts = Desk.open(folder, history.NOW), Facts.open(folder)
    try:
        agent, reason = history.an_agent(desk), history.a_reason(desk)
        name, everything = heaviest(facts)
        ask = questions.asking(facts, questions.REPORTS[name], everything)

        def page() -> None:
            facts.catch_up(desk)
            ask()

        beside: dict[str, Callable[[], Any] | None] = {"alone": None, "report": ask, "page": page}
        took: dict[str, list[float]] = {what: [] for what in beside}
        asked: dict[str, list[float]] = {what: [] for what in beside}
        now = history.NOW
        for _ in range(ROUNDS):
            for what, work in beside.items():
                waiting = [history.somebody_new(desk, now) for _ in range(EACH)]
                facts.catch_up(desk)
                with looping(work) as loops:
                    for conversation_id in waiting:
                        began = time.perf_counter()
                        services.conclude(desk, agent, conversation_id, reason, "450.00", now=now)
                        took[what].append(time.perf_counter() - began)
                asked[what] += loops
        return {
            "report": name,
            "conclusions": {what: summary(series) for what, series in took.items()},
            "reports": {what: summary(series) for what, series in asked.items()},
        }
    finally:
        facts.close()
        desk.close()


# A change of a filter ------------------------------------------------------------------------------


def _start_many(proto: Any, state: WidgetState) -> None:
    chosen = proto.raw_values if proto.set_value else [proto.options[n] for n in proto.default]
    state.string_array_value.data.extend(chosen)
    state.string_array_value.SetInParent()  # nothing chosen is said too


def _choose_nothing(widget: Widget, _: Any, __: Any) -> WidgetState:
    return WidgetState(id=widget.id)


# How a browser begins the widgets of this page that the others do not have, and that they can be used.
STARTS["multiselect"] = _start_many
USES["multiselect"] = _choose_nothing


class Manager(Reader):
    """Somebody who changes a filter again and again."""

    async def change(self, key: str, n: int) -> float:
        """Choose the nth of what there is, and nothing else."""
        (widget,) = self._find(key)
        state = WidgetState(id=widget.id)
        state.string_array_value.data.append(widget.proto.options[n % len(widget.proto.options)])
        await self._ask(key, time.perf_counter(), widget.fragment, state)
        return self._figures.actions[key][-1]

    def drawn(self) -> Counter[str]:
        """How many there are on the page of each kind of element."""
        return Counter(node.kind for node in self._page._nodes.values())


async def changes(urls: dict[str, str], query: str, key: str) -> dict[str, float]:
    """The median of the changes of one filter, in milliseconds, by turns; and how many charts were drawn.

    Errors: `AssertionError` where the pages do not draw the same.
    """
    people = {name: Manager(url, query) for name, url in urls.items()}
    took: dict[str, list[float]] = {name: [] for name in urls}
    for person in people.values():
        await person.open(None)
    for n in range(CHANGES + SKIPPED):
        for name, person in people.items():
            took[name].append(await person.change(key, n))
    drawn = [person.drawn() for person in people.values()]
    for person in people.values():
        await person.close()
        assert not person.errors, person.errors
    assert drawn[0]["vega_lite_chart"] and all(each == drawn[0] for each in drawn), drawn
    found = {name: round(median(series[SKIPPED:]) * 1000, 1) for name, series in took.items()}
    return found | {"charts": drawn[0]["vega_lite_chart"]}


def page(folder: Path) -> dict[str, Any]:
    """Milliseconds of a run after a change, by filter: the page, and the one of constants."""
    constant = folder.parent / "constant"
    constant.mkdir()
    for name in (DESK_FILE, FACTS_FILE):
        shutil.copy(folder / name, constant)
    analyst = an_analyst(folder)
    with serving(folder) as ours, serving(constant, CONSTANT) as theirs:
        urls = {"page": ours.url, "constants": theirs.url}
        return {key: asyncio.run(changes(urls, f"as={analyst}&{PERIOD}", key)) for key in FILTERS}


def an_analyst(folder: Path) -> UUID:
    """Whose first page is the outcomes'."""
    with duckdb.connect(str(folder / DESK_FILE), read_only=True) as desk:
        (found,) = desk.execute("SELECT id FROM users WHERE role = 'analyst'").fetchone() or (None,)
    assert isinstance(found, UUID)
    return found


# Many with the same view ---------------------------------------------------------------------------


def same_view(folder: Path) -> dict[str, Any]:
    """How many questions a view asks, and how many reach the facts when many look at it in the same moment."""
    facts = Facts.open(folder)
    asked: list[str] = []
    frame = facts._frame

    def counting(sql: str, params: dict[str, Any]) -> Any:
        asked.append(sql)
        return frame(sql, params)

    facts._frame = counting  # type: ignore[method-assign]
    chosen = ReportFilter(date(2025, 6, 1), date(2025, 6, 28), questions.CURRENCY)
    together = threading.Barrier(PEOPLE)

    def view() -> None:
        for period in (chosen, chosen.before()):
            outcomes.figures(facts, period)
        for report in (
            trends.figures_over_time, outcomes.outcomes_over_time, outcomes.outcomes_by_reason, outcomes.outcomes_by_agent,
        ):  # fmt: skip
            report(facts, chosen)

    def look() -> None:
        together.wait()
        view()

    try:
        view()
        one = len(asked)
        asked.clear()
        facts._answers.clear()
        people = [threading.Thread(target=look) for _ in range(PEOPLE)]
        began = time.perf_counter()
        for person in people:
            person.start()
        for person in people:
            person.join()
        return {
            "people": PEOPLE,
            "one": one,
            "many": len(asked),
            "seconds": round(time.perf_counter() - began, 2),
        }
    finally:
        facts.close()


def measure(conclusions_before: int = CONCLUSIONS) -> dict[str, Any]:
    with questions.filled(conclusions_before) as (folder, _):
        return {
            "before": conclusions_before,
            "view": same_view(folder),
            "changes": page(folder),
            "agents": conclusions(folder),
        }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else CONCLUSIONS), indent=1))  # noqa: T201
