"""Serve, let clients work, kill, look; again and again."""

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import httpx2

from core import control, demo, services
from core.desk import Desk, people
from core.desk.check import faults
from core.desk.store import DESK_FILE
from core.errors import AppError
from core.facts import Facts
from core.facts.store import FACTS_FILE
from core.model import SYSTEM, Scope, ValueMode
from tests.conftest import answer
from tests.property.histories import VIEWS
from tests.server import SERVE, Server, free_port, start, wait_until_ready
from tests.torture.clients import Client, Gate, Places, Team
from tests.torture.ledger import Ledger, State, from_answers, from_file

# When the server is killed, how often. `migrating` is done at the beginning, a few times.
KINDS = {"busy": 60, "starting": 10, "opening": 10, "facts": 8, "idle": 6, "checkpoint": 6}
BUSY = (0, 100)  # requests answered, and a moment more: so it is the same work on a slow machine
LONGEST_LIFE = 10.0
STARTING = (0.1, 5.0)  # seconds since the process began
LONGEST_START = 60.0
LONGEST_CHECKPOINT = 8.0
FACTS_EVERY = 10  # kills


@dataclass
class Torture:
    """One run, in a folder of its own."""

    folder: Path
    seed: int
    kills: int
    clients: int
    conversations: int = 300  # of the demonstration, which is there before
    broken: str = ""
    enough: int = 20  # faults after which it ends
    tell: Callable[[str], None] = print
    ledger: Ledger = field(default_factory=Ledger)
    places: Places = field(default_factory=Places)
    killed: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    in_doubt: Counter[str] = field(default_factory=Counter)
    told: int = 0  # faults

    def run(self) -> bool:
        """Whether it held."""
        began = time.monotonic()
        self.data = self.folder / "data"
        self.port = free_port()
        self.chance = Random(f"{self.seed} kills")
        self.command = SERVE
        if self.broken not in ("", "wal"):
            self.command = (SERVE[0], "-m", "tests.torture.broken", self.broken, "serve")
        self.team = prepare(self.data, self.conversations, self.clients)
        self._be_killed_while_migrating()
        self.gate = Gate(self.clients)
        crowd = [
            Client(
                self.seed, n, f"http://127.0.0.1:{self.port}", self.team, self.gate, self.ledger, self.places
            )
            for n in range(self.clients)
        ]
        for client in crowd:
            client.start()
        try:
            while len(self.ledger.faults) < self.enough and self.killed.total() < self.kills:
                (kind,) = self.chance.choices(list(KINDS), list(KINDS.values()))
                self._live_and_die(kind)
                self._tell_faults()
                if self.killed.total() % 20 == 0:
                    self.tell(self.line(time.monotonic() - began))
            self._end()
            self._tell_faults()
        finally:
            self.gate.end()
            for client in crowd:
                client.join(90)
        self.tell(self.line(time.monotonic() - began))
        return not self.ledger.faults

    def _tell_faults(self) -> None:
        for fault in self.ledger.faults[self.told :]:
            self.tell(fault)
        self.told = len(self.ledger.faults)

    # Killing ----------------------------------------------------------------------------------------

    def _start(self) -> Server:
        # The facts catch up all the time, so that they are killed doing it.
        return start(self.data, self.command, self.port, DESFECHO_ANALYSTS_LAG="5")

    def _kill(self, server: Server, kind: str) -> None:
        assert server.process.poll() is None, f"It ended by itself:\n{server.log.read_text()}"
        server.kill()
        self.killed[kind] += 1
        if self.broken == "wal":
            (self.data / f"{DESK_FILE}.wal").unlink(missing_ok=True)

    def _be_killed_while_migrating(self) -> None:
        """A desk of the first version is migrated; each time it is killed meanwhile, until it is not in time."""
        before = _counts(self.data)
        for _ in range(max(1, self.kills // 40)):
            server = self._start()
            self._wait_for_writing(server, 0.15)
            self._kill(server, "migrating")
        server = self._start()
        wait_until_ready(server)
        server.kill()
        with duckdb.connect(str(self.data / DESK_FILE)) as desk:
            self.ledger.before = from_file(desk)
        if (after := _counts(self.data)) != before:
            self.ledger.fault(f"after the migrations {after}, before them {before}")

    def _live_and_die(self, kind: str) -> None:
        server = self._start()
        if kind == "starting":
            time.sleep(self.chance.uniform(*STARTING))
        elif kind == "opening":
            self._wait_for_writing(server, 0.1)
        else:
            wait_until_ready(server, LONGEST_START)
            self._look_over_http()
            self.places.large = kind == "checkpoint"
            self.gate.open()
            if kind == "checkpoint":
                self._wait_for_writing(server, 0.03, LONGEST_CHECKPOINT, (DESK_FILE,))
            else:
                if kind == "facts":
                    threading.Thread(target=self._ask_for_facts, daemon=True).start()
                self._wait_for_work(self.chance.randint(*BUSY))
                time.sleep(self.chance.uniform(0, 0.2))
            if kind == "idle":
                self.gate.shut()
                self.gate.gather()
                time.sleep(self.chance.uniform(0, 1.5))
            self.gate.shut()
        self._kill(server, kind)
        self.gate.gather()
        self._look_into_the_file(facts=kind == "facts" or self.killed.total() % FACTS_EVERY == 0)

    def _ask_for_facts(self) -> None:
        """Have the server take over what is new, and make all anew, by turns, until it is no more."""
        with suppress(AppError, OSError, EOFError):
            while True:
                for command, arguments in (("sql", {"sql": "SELECT 1"}), ("rebuild-facts", {})):
                    if control.ask(self.data, command, arguments) is None:
                        return

    def _wait_for_work(self, requests: int) -> None:
        until = time.monotonic() + LONGEST_LIFE
        enough = self.ledger.count("answered", "refused") + requests
        while self.ledger.count("answered", "refused") < enough and time.monotonic() < until:
            time.sleep(0.02)

    def _wait_for_writing(
        self,
        server: Server,
        after: float,
        seconds: float = 10.0,
        files: tuple[str, ...] = (DESK_FILE, f"{DESK_FILE}.wal"),
    ) -> None:
        """Until one of these files changes, and a little more."""
        before = self._stamps(files)
        until = time.monotonic() + seconds
        while self._stamps(files) == before and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(self.chance.uniform(0, after))

    def _stamps(self, files: tuple[str, ...]) -> list[tuple[int, int] | None]:
        """Of files that are looked at from outside: to open one here harms nobody, as another process holds its lock."""
        found: list[tuple[int, int] | None] = []
        for name in files:
            try:
                about = (self.data / name).stat()
                found.append((about.st_size, about.st_mtime_ns))
            except FileNotFoundError:
                found.append(None)
        return found

    # Looking ----------------------------------------------------------------------------------------

    def _look_into_the_file(self, facts: bool) -> None:
        """Into a copy of what the killed process left; what was in doubt is settled by it."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for file in self.data.glob("*.duckdb*"):
            if facts or file.name.startswith(DESK_FILE):
                shutil.copy(file, copy)
        where = f"after kill {self.killed.total()}"
        try:
            desk = Desk.open(copy, datetime.now(UTC), "torture")
        except AppError as error:
            self.ledger.fault(f"{where}: {error}")
            return
        try:
            self.checks["files"] += 1
            for fault in desk.read(faults):
                self.ledger.fault(f"{where}: {fault}")
            if self.killed["migrating"] < self.killed.total():
                self._compare(from_file(desk._writer), where)
            if facts:
                self._compare_facts(desk, copy, where)
        finally:
            desk.close()

    def _compare(self, state: State, where: str) -> None:
        doubted = [request for request in self.ledger.requests if request.state == "in doubt"]
        self.ledger.compare(state, where)
        for request in doubted:
            self.in_doubt[request.state] += 1
            if request.effect and request.kind == "message":
                self.places.touched.add(request.effect)

    def _compare_facts(self, desk: Desk, copy: Path, where: str) -> None:
        """What the killed process left of the facts, brought up to date, and what a rebuild says."""
        self.checks["facts"] += 1
        facts = Facts.open(copy)
        try:
            if not 0 <= facts.number <= desk.number:
                self.ledger.fault(f"{where}: the facts are of command {facts.number}, of {desk.number}")
            facts.catch_up(desk)
            caught_up = {view: answer(facts, f"FROM {view} ORDER BY ALL") for view in VIEWS}
            facts.rebuild(desk)
            for view in VIEWS:
                if answer(facts, f"FROM {view} ORDER BY ALL") != caught_up[view]:
                    self.ledger.fault(f"{where}: {view} is not what a rebuild makes it")
        finally:
            facts.close()

    def _look_over_http(self, everything: bool = False) -> None:
        """At the conversations touched since the last look, or at all."""
        headers = {"Authorization": f"Bearer {self.team.poster[1]}"}
        with httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}/api/v1", headers=headers, timeout=60, trust_env=False
        ) as http:
            wanted = sorted(self.places.touched)
            if everything:
                wanted = _all_conversations(http)
            details = []
            for id_ in wanted:
                found = http.get(f"/conversations/{id_}")
                if found.status_code == 200:
                    details.append(found.json())
                else:
                    self.ledger.fault(
                        f"conversation {id_} is answered with {found.status_code}: {found.text[:200]}"
                    )
        self.checks["conversations over HTTP"] += len(wanted)
        self.ledger.compare(from_answers(details), f"over HTTP after kill {self.killed.total()}")
        self.places.touched.clear()

    def _end(self) -> None:
        """All once more, over HTTP and in the file, and the facts."""
        server = self._start()
        try:
            wait_until_ready(server, LONGEST_START)
            self._look_over_http(everything=True)
        finally:
            server.kill()
        self._look_into_the_file(facts=True)

    def line(self, seconds: float) -> str:
        ledger = self.ledger
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.killed.items()))
        checks = ", ".join(f"{count} {what}" for what, count in sorted(self.checks.items()))
        return (
            f"{seconds:5.0f} s  {self.killed.total()} kills ({kinds}); {len(ledger.requests)} requests:"
            f" {ledger.count('answered')} acknowledged, {ledger.count('refused')} refused, {ledger.count('unsent')} not sent,"
            f" in doubt {self.in_doubt['found']} found whole and {self.in_doubt['absent']} not there;"
            f" checked: {checks}; {len(ledger.faults)} faults; seed {self.seed}"
        )


def _all_conversations(http: httpx2.Client) -> list[str]:
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = http.get("/conversations", params={"limit": 200, **cursor}).json()
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def _counts(data: Path) -> dict[str, int]:
    """How many rows each table has that the first migration made."""
    with duckdb.connect(str(data / DESK_FILE)) as desk:
        tables = (
            "history",
            "users",
            "conversations",
            "messages",
            "conclusions",
            "classifications",
            "reopenings",
        )
        return {table: desk.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in tables}


def prepare(data: Path, conversations: int, clients: int) -> Team:
    """Fill `data` with the demonstration and tokens, then take the desk back to the first migration."""
    now = datetime.now(UTC)
    desk = Desk.open(data, now, "torture")
    demo.fill(desk, now=now, conversations=conversations)
    handling = [user for user in desk.read(people.users) if user.active and user.handles_conversations]

    def token(email: str | None, scope: Scope) -> str:
        return services.create_token(desk, SYSTEM, str(email), f"{scope} {email}", scope, now=now).secret

    poster = next(user for user in handling if str(user.email).startswith("rafael"))
    others = [user for user in handling if user is not poster]
    assert clients <= len(others), f"at most {len(others)} clients"
    others.sort(key=lambda user: (user.role.value != "manager", user.id))
    team = Team(
        users=[(str(user.id), token(user.email, Scope.API)) for user in others[:clients]],
        poster=(str(poster.id), token(poster.email, Scope.API)),
        reasons=[str(r.id) for r in services.list_reasons(desk, SYSTEM) if r.value is not ValueMode.NONE],
    )
    desk.close()
    first = resources.files("core.desk").joinpath("migrations", "0001_initial.sql").read_text("utf-8")
    newest = data / "newest.duckdb"
    (data / DESK_FILE).rename(newest)
    with duckdb.connect(str(data / DESK_FILE)) as old:
        old.execute("SET TimeZone = 'UTC'")
        old.execute(f"ATTACH '{newest}' AS newest (READ_ONLY)")
        old.execute("CREATE TABLE migrations (name VARCHAR PRIMARY KEY, applied_at TIMESTAMP)")
        old.execute(first)
        old.execute("INSERT INTO migrations VALUES ('0001_initial.sql', ?)", [now.replace(tzinfo=None)])
        tables = [
            name
            for (name,) in old.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = 'desk'"
            ).fetchall()
        ]
        for table in tables:
            if table == "migrations":
                continue
            columns = ", ".join(
                name for (name,) in old.execute(
                    "SELECT column_name FROM duckdb_columns() WHERE database_name = 'desk' AND table_name = ?", [table]
                ).fetchall()
            )  # fmt: skip
            old.execute(
                f"DELETE FROM {table}; INSERT INTO {table} ({columns}) SELECT {columns} FROM newest.{table}"
            )
    newest.unlink()
    for file in data.glob(f"{FACTS_FILE}*"):
        file.unlink()
    return team
