"""Analysts who ask too much: what agents notice of them, how much memory they get, how fresh and how quick answers are.

The application serves, with its analysts' process beside it. An agent concludes and looks at the list over HTTP, one request
after the other: while nobody asks in SQL, and beside analysts who do everything they should not, by turns.

Who asks too much is a process of its own that runs only while nobody else wants a core: analysts' notebooks are elsewhere, and
what they take of their own machine, as for fetching a hundred million rows, is not what is measured here.
"""

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import duckdb

from benchmarks import history
from benchmarks.people import prepare, summary
from core import control, services
from core.analysts import worker
from core.clock import system_clock
from core.desk import Desk
from core.model import SYSTEM, Category, Scope, ValueMode
from core.settings import Settings
from tests.server import ROOT, Server, free_port, serving

CONVERSATIONS = 20_000
ROUNDS = 3
EACH, SKIPPED = 200, 20  # conclusions in each measurement of a round; the first of them do not count
SECONDS = 3  # of a question: fewer than usual, so that questions are ended, and workers started anew, in every round
# As usual, where the memory is measured: copies come while questions still run.
LONG = int(Settings().analysts_seconds)
MEMORY = int(Settings().analysts_memory)  # megabytes
LAG = 5  # seconds, the least that can be set: where copies are measured, and how fresh answers are
FRESH = 10  # conclusions that are waited for
ASKED = 100  # times that a usual question is asked
WARM = 2.0  # seconds after which analysts are at it
SETTLE = 4.0  # seconds after which there is nothing left of them
SAMPLE = 0.25  # seconds between looks at the memory
PATIENCE = 60.0  # seconds
TIMED = ("conclude", "list")

USUAL = "SELECT category, count(*) AS conclusions, sum(value) AS value FROM analytics.conclusions GROUP BY ALL ORDER BY ALL"


@dataclass(frozen=True)
class Load:
    """What is asked in a loop. `lag`: seconds old the data may be; with the least, agents' conclusions have it copied each second."""

    said: str
    connections: int = 0
    questions: tuple[str, ...] = ()  # connections take them by turns
    lag: int = int(Settings().analysts_lag)


_EVERYTHING = "analytics.conclusions AS a, analytics.conclusions AS b"
_SORTING = "FROM range(80000000) AS a ORDER BY hash(a.range) DESC"
LOADS = {
    "idle": Load("nobody"),
    "endless": Load("two sums without end", 2, ("SELECT sum(range % 7) FROM range(10000000000000)",)),
    "cross join": Load(
        "conclusions joined with themselves, each with each", 2,
        (f"SELECT sum(hash(a.conclusion_id, b.conclusion_id) % 7) FROM {_EVERYTHING}",),
    ),
    "recursion": Load(
        "recursions without end, one of which doubles each time", 2,
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
         "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + m FROM t, range(2) AS s(m)) SELECT count(*) FROM t"),
    ),
    "sorting": Load("sorting what fits neither memory nor disk", 2, (_SORTING,)),
    "rows": Load("two results of a hundred million rows being fetched", 2, ("FROM range(100000000)",)),
    "connections": Load("200 connections with small questions", 200, (USUAL,)),
    "copies": Load("nobody, but a copy each second", lag=LAG),
    "copies and sorting": Load("the same sorting by six, and a copy each second", 6, (_SORTING,), lag=LAG),
}  # fmt: skip


# Who asks too much ---------------------------------------------------------------------------------


def attach(uri: str, token: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB that has the analysts' door attached as `desfecho`."""
    connection = duckdb.connect()
    for extension in ("httpfs", "quack"):
        connection.execute(f"LOAD '{worker._file(extension)}'")
    connection.execute(f"ATTACH '{uri}' AS desfecho (TOKEN '{token}')")
    return connection


def ask_too_much(uri: str, token: str, load: Load) -> None:
    """Ask from all connections until the standard input ends; then say what became of the questions, as JSON."""
    # Even at nice 19 it would have others wait for milliseconds.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    became: Counter[str] = Counter()
    instance = attach(uri, token)
    attached = threading.Semaphore(0)

    def ask(number: int) -> None:
        connection = instance.cursor()
        while True:
            try:
                connection.execute(f"ATTACH '{uri}' AS d{number} (TOKEN '{token}')")
                break
            except duckdb.Error as error:
                became[sentence(error)] += 1
        attached.release()
        question = load.questions[number % len(load.questions)]
        while True:
            try:
                connection.execute(f"SELECT count(COLUMNS(*)) FROM d{number}.query(?)", [question]).fetchall()
                became["answered"] += 1
            except duckdb.Error as error:
                became[sentence(error)] += 1

    for number in range(load.connections):
        threading.Thread(target=ask, args=(number,), daemon=True).start()
    for _ in range(load.connections):
        attached.acquire(timeout=PATIENCE)
    print("attached", flush=True)  # noqa: T201
    sys.stdin.read()
    print(json.dumps(became), flush=True)  # noqa: T201
    os._exit(0)  # questions are still being answered


def sentence(error: duckdb.Error) -> str:
    return str(error).strip().splitlines()[0][:120]


@contextmanager
def asking(served: "Served", name: str) -> Iterator[Counter[str]]:
    """Have it asked by a process of its own while the block runs. Afterwards: how many questions became what."""
    became: Counter[str] = Counter()
    if not LOADS[name].connections:
        yield became
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.analysts", "ask"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin and process.stdout
    try:
        print(json.dumps([served.uri, served.token, name]), file=process.stdin, flush=True)
        assert process.stdout.readline() == "attached\n"
        time.sleep(WARM)
        yield became
        process.stdin.close()
        became.update(json.loads(process.stdout.readline()))
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()


# The application, an agent and the memory -----------------------------------------------------------


@dataclass
class Served:
    """An application with people who use it over HTTP. `token`: an analyst's."""

    server: Server
    uri: str
    token: str
    agent: dict[str, str]  # headers
    admin: dict[str, str]
    reason_id: str
    connection: http.client.HTTPConnection

    def come_back(self) -> None:
        """Connect anew with the next request: the application has ended a connection that was not used for seconds."""
        self.connection.close()

    def request(self, who: dict[str, str], method: str, path: str, body: Any = None) -> Any:
        self.connection.request(method, f"/api/v1{path}", body and json.dumps(body), who)
        answer = self.connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        return json.loads(said)

    def somebody_new(self) -> str:
        """The conversation of a contact's first message."""
        message = {
            "channel": "webchat", "contact": {"address": str(uuid4())}, "external_id": str(uuid4()),
            "sent_at": datetime.now(UTC).isoformat(), "body": "Bom dia!",
        }  # fmt: skip
        conversation_id: str = self.request(self.admin, "POST", "/messages", message)["conversation_id"]
        return conversation_id

    def conclude(self, conversation_id: str) -> str:
        classified = {"reason_id": self.reason_id, "value": "450.00"}
        made = self.request(self.agent, "POST", f"/conversations/{conversation_id}/conclude", classified)
        conclusion_id: str = made["id"]
        return conclusion_id

    def look(self) -> None:
        self.request(self.agent, "GET", "/conversations?limit=20")

    def work(self, waiting: list[str]) -> dict[str, list[float]]:
        """Seconds of each conclusion, and of the look at the list after it."""
        took: dict[str, list[float]] = {what: [] for what in TIMED}
        for conversation_id in waiting:
            took["conclude"].append(history.seconds(partial(self.conclude, conversation_id)))
            took["list"].append(history.seconds(self.look))
        return {what: series[SKIPPED:] for what, series in took.items()}


@contextmanager
def application(data: Path, lag: int, seconds: int = SECONDS) -> Iterator[Served]:
    """Serve a copy of this data."""
    folder, port = Path(tempfile.mkdtemp(dir=data.parent)) / "data", free_port()
    shutil.copytree(data, folder)
    now = system_clock()
    desk = Desk.open(folder, now)
    tokens = [
        services.create_token(desk, SYSTEM, f"{name}@exemplo.com.br", f"{name}'s", scope, now=now).secret
        for name, scope in (("nadia", Scope.SQL), ("ana", Scope.API), ("clara", Scope.API))
    ]
    reason = services.create_reason(desk, SYSTEM, "Benchmark", Category.ACHIEVED, ValueMode.REQUIRED, now=now)
    desk.close()
    settings = {
        "DESFECHO_ANALYSTS_PORT": str(port),
        "DESFECHO_ANALYSTS_LAG": str(lag),
        "DESFECHO_ANALYSTS_SECONDS": str(seconds),
        "DESFECHO_ANALYSTS_MEMORY": str(MEMORY),
    }
    with serving(folder, **settings) as server:
        agent, admin = (
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} for token in tokens[1:]
        )
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        wait_for(lambda: control.ask(folder, "sql", {"sql": "SELECT 1"}))
        yield Served(server, f"quack:127.0.0.1:{port}", tokens[0], agent, admin, str(reason.id), connection)


def wait_for(what: Callable[[], Any]) -> None:
    """Errors: the last one of `what`, where it does not succeed in time."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            what()
            return
        except Exception:
            if time.monotonic() > until:
                raise
        time.sleep(0.2)


def below(pid: int) -> list[int]:
    """The processes that a process started, and those that these started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, last = [], [pid]
    while last := [child for child, parent in parents.items() if parent in last]:
        found += last
    return found


def megabytes(pid: int) -> float:
    """What a process has in memory; what it shares with others is counted once among all of them (Pss)."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return 0.0  # it has ended


@contextmanager
def memory(server: Server) -> Iterator[list[float]]:
    """What the processes of analysts have together while the block runs, in megabytes, looked at again and again."""
    found: list[float] = []

    def look(over: threading.Event) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)  # this thread's alone
        while not over.wait(SAMPLE):
            found.append(sum(map(megabytes, below(server.process.pid))))

    with history.beside(look):
        yield found


# Measuring -----------------------------------------------------------------------------------------


def agents(data: Path, names: Sequence[str] = tuple(LOADS)[1:]) -> dict[str, Any]:
    """Of each load: what requests took, by what they ask, their p95 to that of the idle round just before, the most
    megabytes analysts had, and what became of their questions.

    Times are milliseconds. They and the ratios are the medians of those of the rounds.
    """
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in ("idle", *names)}
    with application(data, Load.lag) as usual, application(data, LAG) as copying:
        for _ in range(ROUNDS):
            for name in names:
                before = one_round(usual, "idle")
                during = one_round(usual if LOADS[name].lag == Load.lag else copying, name)
                for what in TIMED:
                    before[what]["ratio"] = 1.0
                    during[what]["ratio"] = during[what]["p95"] / before[what]["p95"]
                rounds["idle"].append(before)
                rounds[name].append(during)
    return {name: of_rounds(each) for name, each in rounds.items()}


def one_round(served: Served, name: str) -> dict[str, Any]:
    """{conclude, list: times, megabytes: the most, became: questions by what became of them}."""
    served.come_back()
    waiting = [served.somebody_new() for _ in range(EACH + SKIPPED)]
    with memory(served.server) as seen, asking(served, name) as became:
        served.come_back()
        took = served.work(waiting)
    time.sleep(SETTLE if name != "idle" else 0)
    return {what: summary(took[what]) for what in TIMED} | {"megabytes": max(seen), "became": became}


def of_rounds(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for what in TIMED:
        names = rounds[0][what]
        found[what] = {name: round(median(each[what][name] for each in rounds), 2) for name in names}
        found[what]["ratios"] = sorted(round(each[what]["ratio"], 2) for each in rounds)
    became: Counter[str] = sum((each["became"] for each in rounds), Counter())
    return found | {"megabytes": round(max(each["megabytes"] for each in rounds)), "became": became}


def freshness(data: Path) -> list[float]:
    """Seconds from the answer to an agent who concluded until an analyst sees it, who asks again and again."""
    found = []
    with application(data, LAG) as served, attach(served.uri, served.token) as analyst:
        for n in range(FRESH):
            time.sleep(LAG * n / FRESH)  # at any time since the copy before
            served.come_back()
            concluded = served.conclude(served.somebody_new())
            began = time.perf_counter()
            mine = f"SELECT count(*) FROM analytics.conclusions WHERE conclusion_id = '{concluded}'"
            while analyst.execute("FROM desfecho.query(?)", [mine]).fetchall() != [(1,)]:
                assert time.perf_counter() - began < PATIENCE
                time.sleep(0.05)
            found.append(round(time.perf_counter() - began, 2))
    return found


def most_memory(data: Path) -> float:
    """The megabytes analysts have at most, when questions that take all they can run on older and older copies."""
    with (
        application(data, LAG, LONG) as served,
        memory(served.server) as seen,
        asking(served, "copies and sorting"),
    ):
        until = time.monotonic() + 1.5 * LONG
        while time.monotonic() < until:
            served.conclude(served.somebody_new())
            time.sleep(0.2)
    return round(max(seen))


def usual_question(data: Path) -> dict[str, float]:
    """Milliseconds of a small question by way of asking: the median, by turns."""
    with application(data, Load.lag) as served:
        copy = data.parent / "facts.duckdb"
        (newest,) = (served.server.folder / "analysts").glob("*.duckdb")
        shutil.copy(newest, copy)
        with (
            attach(served.uri, served.token) as analyst,
            duckdb.connect(copy, config={"threads": 1}) as facts,
        ):
            ways: dict[str, Callable[[], Any]] = {
                "the facts directly": lambda: facts.execute(USUAL).fetchall(),
                "from an attached DuckDB": lambda: analyst.execute(
                    "FROM desfecho.query(?)", [USUAL]
                ).fetchall(),
                "of the application, as the command line does": lambda: control.ask(
                    served.server.folder, "sql", {"sql": USUAL}
                ),
            }
            took: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(ASKED):
                for way, ask in ways.items():
                    took[way].append(history.seconds(ask))
    return {way: round(median(series) * 1000, 2) for way, series in took.items()}


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="desfecho-bench-") as there:
        data = Path(there) / "data"
        prepare(data, CONVERSATIONS)
        return {
            "conversations": CONVERSATIONS,
            "usual": usual_question(data),
            "fresh": {"lag": LAG, "seconds": freshness(data)},
            "memory": {"seconds": LONG, "most": most_memory(data)},
            "agents": agents(data),
        }


def main() -> None:
    if sys.argv[1:] == ["ask"]:
        uri, token, name = json.loads(sys.stdin.readline())
        ask_too_much(uri, token, LOADS[name])
    print(json.dumps(measure(), indent=1, ensure_ascii=False))  # noqa: T201


if __name__ == "__main__":
    main()
