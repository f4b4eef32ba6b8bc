"""Five minutes of a full house: fifty agents at the pages, fifty messages a second over HTTP, and what it costs.

The agents are those of `people.py`. Another process plays the programs: it posts the messages, at the moment each is due
whether or not those before were answered in time, and concludes two conversations a second, whose times are kept. A bare
durable commit, one row into a table of a DuckDB of its own, is timed before and after, while nothing else happens: one
after the other, and at the pace of the conclusions, where a machine that rested in between takes longer.

The server says how many blocks Python has (`sys.getallocatedblocks`); what all its processes have in memory the
system says.
"""

import argparse
import asyncio
import gc
import http.client
import json
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import duckdb

from benchmarks.people import EVERY, crowd, prepare, summary
from core import services
from core.clock import system_clock
from core.desk import Desk
from core.model import SYSTEM, Scope, ValueMode
from tests.server import Server, serving

CONTACTS = 2_000  # who write over HTTP
POSTING = 16  # requests at once, at most
CONCLUDE_EVERY = 0.5
WARM_UP = 60.0  # seconds, of which nothing is compared
LOOK_EVERY = 5.0
COMMITS = 200
PACED_COMMITS = 30
SERVE = (sys.executable, "-m", "benchmarks.load", "serve")
BLOCKS = "BENCH_BLOCKS"


# The server ----------------------------------------------------------------------------------------


def serve() -> None:
    """`python -m core serve` that writes down how many blocks Python has."""
    from core.__main__ import main

    def tell() -> None:
        file = Path(os.environ[BLOCKS])
        while True:
            file.with_suffix(".part").write_text(str(sys.getallocatedblocks()), "utf-8")
            file.with_suffix(".part").rename(file)
            time.sleep(LOOK_EVERY / 2)

    threading.Thread(target=tell, daemon=True).start()
    main()


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text("utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def resident(pid: int) -> float:
    """Megabytes."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def watch(server: Server, blocks: Path, seconds: float) -> list[dict[str, float]]:
    """What the server has, every few seconds."""
    seen = []
    began = time.perf_counter()
    while (at := time.perf_counter() - began) < seconds:
        pids = family(server.process.pid)
        seen.append({
            "at": round(at, 1), "server": resident(pids[0]), "all": sum(map(resident, pids)),
            "blocks": float(blocks.read_text("utf-8")) if blocks.exists() else 0.0,
        })  # fmt: skip
        await asyncio.sleep(LOOK_EVERY)
    return seen


def growth(seen: list[dict[str, float]], what: str) -> dict[str, float]:
    """From the first minute after the warm-up to the last one: the means."""
    ended = seen[-1]["at"]
    warm = min(WARM_UP, ended / 3)
    before = fmean(one[what] for one in seen if warm <= one["at"] <= 2 * warm)
    after = fmean(one[what] for one in seen if one["at"] >= ended - warm)
    return {
        "before": round(before, 1),
        "after": round(after, 1),
        "percent": round((after / before - 1) * 100, 1),
    }


# The programs --------------------------------------------------------------------------------------


class Programs:
    """They speak HTTP on connections that stay open, one for each thread."""

    def __init__(self, port: int, posting: str, concluding: str, reason: str) -> None:
        self._port, self._posting, self._concluding, self._reason = port, posting, concluding, reason
        self._own = threading.local()
        self._open: list[str] = []  # conversations that somebody wrote in
        self.messages: list[float] = []
        self.conclusions: list[float] = []
        self.errors: list[str] = []

    def work(self, seconds: float, rate: float) -> dict[str, Any]:
        chance = Random(1)  # noqa: S311
        until = time.perf_counter() + seconds
        concluding = threading.Thread(target=self._conclude_until, args=(until,))
        concluding.start()
        with ThreadPoolExecutor(POSTING) as posting:
            at = time.perf_counter()
            number = 0
            while at < until:
                time.sleep(max(0.0, at - time.perf_counter()))
                posting.submit(self._post, number, chance.randrange(CONTACTS), at)
                number += 1
                at += 1 / rate
        concluding.join()
        return {
            "messages": summary(self.messages), "conclusions": told(self.conclusions),
            "errors": {"count": len(self.errors), "first": self.errors[:5]},
        }  # fmt: skip

    def _post(self, number: int, contact: int, due: float) -> None:
        body = {
            "channel": "webchat", "contact": {"address": f"load-{contact}"}, "external_id": f"load-{number}",
            "sent_at": datetime.now(UTC).isoformat(), "body": "Bom dia! Quanto fica o óculos completo?",
        }  # fmt: skip
        answer = self._ask("/api/v1/messages", self._posting, body)
        if answer:
            self.messages.append(time.perf_counter() - due)
            self._open.append(answer["conversation_id"])

    def _conclude_until(self, until: float) -> None:
        at = time.perf_counter()
        concluded = 0
        while at < until:
            at += CONCLUDE_EVERY
            time.sleep(max(0.0, at - time.perf_counter()))
            if not self._open:
                continue
            conversation, self._open = self._open[-1], []
            concluded += 1
            body = {"reason_id": self._reason, "value": f"{concluded}.50"}
            began = time.perf_counter()
            if self._ask(f"/api/v1/conversations/{conversation}/conclude", self._concluding, body):
                self.conclusions.append(time.perf_counter() - began)

    def _ask(self, path: str, token: str, body: dict[str, Any]) -> dict[str, Any] | None:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=60
            )
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._own.connection = None
            self.errors.append(repr(error))
            return None
        if answer.status != 200:
            self.errors.append(f"{answer.status} {said.get('code')}")
            return None
        return dict(said)


def programs(
    port: int, posting: str, concluding: str, reason: str, seconds: float, rate: float
) -> dict[str, Any]:
    return Programs(port, posting, concluding, reason).work(seconds, rate)


def told(series: list[float]) -> dict[str, float]:
    """Count, and milliseconds; with the 99th of a hundred."""
    found = summary(series)
    if series:
        ordered = sorted(series)
        found["p99"] = round(ordered[-(-len(ordered) * 99 // 100) - 1] * 1000, 1)
    return found


# Measuring -----------------------------------------------------------------------------------------


def errors_in(log: Path) -> list[str]:
    """What the server logged as an error, each with its trace."""
    found: list[list[str]] = []
    for line in log.read_text("utf-8").splitlines():
        if " ERROR " in line:
            found.append([line])
        elif found and not line.startswith("20"):
            found[-1].append(line)
    return ["\n".join(lines) for lines in found]


def commits(folder: Path, count: int, pause: float = 0.0) -> list[float]:
    """The seconds of bare durable commits of one row, each after a pause."""
    took = []
    with duckdb.connect(str(folder / "bare.duckdb")) as bare:
        bare.execute(
            "CREATE TABLE IF NOT EXISTS rows (id UUID PRIMARY KEY, said VARCHAR, written_at TIMESTAMP)"
        )
        for _ in range(count):
            time.sleep(pause)
            began = time.perf_counter()
            bare.execute("INSERT INTO rows VALUES (uuid(), 'one row', now()::TIMESTAMP)")
            took.append(time.perf_counter() - began)
    return took


def tokens(folder: Path) -> tuple[str, str, str]:
    """One that posts messages, a manager's that concludes, and a reason with a value."""
    now = system_clock()
    desk = Desk.open(folder, now, "benchmark")
    try:
        posting, concluding = (
            services.create_token(desk, SYSTEM, email, f"load {scope}", scope, now=now).secret
            for email, scope in (
                ("clara@exemplo.com.br", Scope.MESSAGES),
                ("paulo@exemplo.com.br", Scope.API),
            )
        )
        reasons = services.list_reasons(desk, SYSTEM)
        return (
            posting,
            concluding,
            str(next(r.id for r in reasons if r.in_use and r.value is ValueMode.REQUIRED)),
        )
    finally:
        desk.close()


def measure(people: int, seconds: float, conversations: int, rate: float) -> dict[str, Any]:
    """Times are in milliseconds, memory in megabytes."""
    with tempfile.TemporaryDirectory(prefix="desfecho-bench-") as there:
        folder = Path(there) / "data"
        user_ids = prepare(folder, conversations)
        known = tokens(folder)
        blocks = Path(there) / "blocks"
        bare = commits(Path(there), COMMITS)
        paced = commits(Path(there), PACED_COMMITS, CONCLUDE_EVERY)
        gc.collect()
        gc.freeze()
        with (
            serving(folder, SERVE, **{BLOCKS: str(blocks)}) as server,
            ProcessPoolExecutor(1, get_context("spawn")) as other,
        ):

            async def together() -> tuple[Any, list[dict[str, float]]]:
                return await asyncio.gather(
                    crowd(server.url, user_ids, people, seconds, EVERY), watch(server, blocks, seconds)
                )

            asked: Future[dict[str, Any]] = other.submit(programs, server.port, *known, seconds, rate)
            figures, seen = asyncio.run(together())
            http_figures = asked.result()
            trouble = errors_in(server.log)
        bare += commits(Path(there), COMMITS)
        paced += commits(Path(there), PACED_COMMITS, CONCLUDE_EVERY)
    commit, paced_commit = summary(bare), summary(paced)
    p99 = http_figures["conclusions"].get("p99", 0)
    return {
        "people": people, "seconds": seconds, "conversations": conversations, "rate": rate,
        "commit": commit, "paced_commit": paced_commit, "pages": figures.plain(), "programs": http_figures,
        "to_commit": round(p99 / commit["p50"], 1), "to_paced_commit": round(p99 / paced_commit["p50"], 1),
        "memory": {what: growth(seen, what) for what in ("server", "all", "blocks")},
        "errors": figures.plain()["errors"]["count"] + http_figures["errors"]["count"] + len(trouble),
        "trouble": trouble[:2], "seen": seen,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("measure", "serve"), default="measure")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--conversations", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=50, help="messages a second over HTTP")
    asked = parser.parse_args()
    if asked.what == "serve":
        serve()
        return
    found = measure(asked.people, asked.seconds, asked.conversations, asked.rate)
    print(json.dumps(found, ensure_ascii=False, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
