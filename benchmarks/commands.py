"""Conclusions and inbound messages: our commands against the bare engine, and HTTP against the commands.

The bare engine runs the very statements that one command alone runs, each command's in a transaction of its own: they
are written down while `services.conclude` concludes conversations one after the other, and played on a copy of the
desk as it was before, by as many threads. Each round does both, one after the other; the medians are compared.
"""

import http.client
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import duckdb

from core import services
from core.desk import Desk
from core.desk.store import DESK_FILE
from core.model import SYSTEM, Caller, Category, Direction, Role, Scope, ValueMode
from core.rules import Incoming
from tests.conftest import add_user
from tests.server import Server, serving

NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
THREADS = (1, 8, 32)
ROUNDS = 5
COMMANDS = 480  # in each measurement: as many for each thread

Statements = list[tuple[str, list[Any]]]


@dataclass(frozen=True)
class Setting:
    """A desk as it is before each measurement."""

    folder: Path
    agent: Caller
    reason_id: UUID
    conversations: list[UUID]

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        with self.copy() as folder:
            desk = Desk.open(folder, NOW)
            try:
                yield desk
            finally:
                desk.close()

    @contextmanager
    def copy(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as there:
            shutil.copy(self.folder / DESK_FILE, there)
            yield Path(there)


@contextmanager
def setting() -> Iterator[Setting]:
    """A small team, a reason with a value, and conversations that wait in `new`."""
    with tempfile.TemporaryDirectory(prefix="desfecho-bench-") as there:
        folder = Path(there) / "before"
        desk = Desk.open(folder, NOW)
        agent = Caller(add_user(desk, "Ana", Role.AGENT).id)
        reason = services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.REQUIRED, now=NOW)
        opened = [services.receive_message(desk, SYSTEM, message(n), now=NOW) for n in range(COMMANDS)]
        desk.close()
        yield Setting(folder, agent, reason.id, [answer.conversation_id for answer in opened])


def message(n: int, prefix: str = "m") -> Incoming:
    """The first message of somebody new."""
    return Incoming("whatsapp", (f"{prefix}{n:08d}",), "João", f"{prefix}{n}", NOW, "Bom dia!", Direction.IN)


def rate(threads: int, works: Sequence[Callable[[], Any]]) -> float:
    """Works a second, shared out among so many threads that begin at the same moment."""
    ready = threading.Barrier(threads + 1)
    failures: list[BaseException] = []

    def run(mine: Sequence[Callable[[], Any]]) -> None:
        ready.wait()
        try:
            for work in mine:
                work()
        except BaseException as failure:
            failures.append(failure)

    running = [threading.Thread(target=run, args=(works[n::threads],)) for n in range(threads)]
    for thread in running:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in running:
        thread.join()
    took = time.perf_counter() - began
    if failures:
        raise failures[0]
    return len(works) / took


# Conclusions --------------------------------------------------------------------------------------


def conclusions(on: Desk, setting: Setting) -> list[Callable[[], Any]]:
    def conclude(conversation_id: UUID) -> Callable[[], Any]:
        return lambda: services.conclude(
            on, setting.agent, conversation_id, setting.reason_id, "450.00", now=NOW
        )

    return [conclude(conversation_id) for conversation_id in setting.conversations]


class WritingDown:
    """A connection that keeps the statements of each transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.transactions: list[Statements] = []

    def begin(self) -> None:
        self.transactions.append([])
        self._connection.begin()

    def execute(self, sql: str, params: list[Any]) -> duckdb.DuckDBPyConnection:
        self.transactions[-1].append((sql, params))
        return self._connection.execute(sql, params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def written_down(setting: Setting) -> list[Statements]:
    """The statements of each conclusion, one command after the other."""
    with setting.desk() as desk:
        writing = WritingDown(desk._writer)
        desk._writer = writing  # type: ignore[assignment]
        for work in conclusions(desk, setting):
            work()
    return writing.transactions


def bare(threads: int, setting: Setting, transactions: list[Statements]) -> float:
    """Transactions a second of the engine alone."""
    with setting.copy() as folder:
        engine = duckdb.connect(str(folder / DESK_FILE))
        cursors = threading.local()

        def transaction(statements: Statements) -> Callable[[], None]:
            def run() -> None:
                cursor = getattr(cursors, "own", None) or engine.cursor()
                cursors.own = cursor
                cursor.begin()
                for sql, params in statements:
                    cursor.execute(sql, params)
                    if sql.lstrip().startswith("SELECT"):
                        cursor.fetchall()
                cursor.commit()

            return run

        try:
            return rate(threads, [transaction(statements) for statements in transactions])
        finally:
            engine.close()


def ours(threads: int, setting: Setting) -> float:
    with setting.desk() as desk:
        return rate(threads, conclusions(desk, setting))


def measure_conclusions() -> dict[str, Any]:
    """Conclusions a second, ours and the bare engine's, by number of threads."""
    with setting() as before:
        transactions = written_down(before)
        found: dict[str, dict[int, list[float]]] = {"ours": {}, "bare": {}}
        for _ in range(ROUNDS):
            for threads in THREADS:
                found["bare"].setdefault(threads, []).append(bare(threads, before, transactions))
                found["ours"].setdefault(threads, []).append(ours(threads, before))
        return {
            "statements": len(transactions[-1]),
            **{who: {n: median(rates) for n, rates in by.items()} for who, by in found.items()},
        }


# Messages -----------------------------------------------------------------------------------------


def direct_messages(threads: int, before: Setting) -> float:
    """Messages a second taken in by `services.receive_message`."""
    with before.desk() as desk:

        def receive(n: int) -> Callable[[], Any]:
            return lambda: services.receive_message(desk, SYSTEM, message(n, "d"), now=NOW)

        return rate(threads, [receive(n) for n in range(COMMANDS)])


def http_messages(threads: int, before: Setting) -> float:
    """Messages a second taken in over HTTP, under uvicorn, on connections that stay open."""
    with before.copy() as folder:
        desk = Desk.open(folder, NOW)
        add_user(desk, "Clara", Role.ADMIN)
        token = services.create_token(
            desk, SYSTEM, "clara@example.com", "bench", Scope.MESSAGES, now=NOW
        ).secret
        desk.close()
        with serving(folder) as server:
            return rate(threads, posts(server, token))


def posts(server: Server, token: str) -> list[Callable[[], None]]:
    connections = threading.local()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(n: int) -> Callable[[], None]:
        body = json.dumps(
            {
                "channel": "whatsapp", "contact": {"address": f"h{n:08d}", "name": "João"}, "external_id": f"h{n}",
                "sent_at": NOW.isoformat(), "body": "Bom dia!",
            }
        )  # fmt: skip

        def run() -> None:
            connection = getattr(connections, "own", None)
            if connection is None:
                connection = connections.own = http.client.HTTPConnection(
                    "127.0.0.1", server.port, timeout=60
                )
            connection.request("POST", "/api/v1/messages", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200 and b'"opened"' in said, said

        return run

    return [post(n) for n in range(COMMANDS)]


def measure_messages() -> dict[str, Any]:
    """Inbound messages a second, over HTTP and directly, by number of threads."""
    with setting() as before:
        found: dict[str, dict[int, list[float]]] = {"http": {}, "direct": {}}
        for _ in range(ROUNDS):
            for threads in THREADS:
                found["direct"].setdefault(threads, []).append(direct_messages(threads, before))
                found["http"].setdefault(threads, []).append(http_messages(threads, before))
        return {who: {n: median(rates) for n, rates in by.items()} for who, by in found.items()}


if __name__ == "__main__":
    for measure in (measure_conclusions, measure_messages):
        print(measure.__name__, json.dumps(measure()))  # noqa: T201
