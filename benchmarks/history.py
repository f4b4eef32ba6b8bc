"""A long invented history, and what it costs to derive the facts from it: all of them, and one conclusion more.

The history is written in SQL past the commands, into a desk with the real shape. It is the same for the same number of
conclusions: 300 agents, 60 reasons and four channels, the first of each busier than the last; three years; 10 % not
classified, 5 % of the others changed afterwards, 8 % reopened; a value on half of them, one in ten of those in USD.
Of contacts there are only ids, and of messages none: the facts ask nothing of them.
"""

import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import duckdb

from core import services
from core.desk import Desk
from core.desk.store import DESK_FILE
from core.facts import Facts
from core.facts.store import FACTS_FILE
from core.model import SYSTEM, Caller
from core.rules import Incoming
from core.shipped import shipped

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)  # after all that the history tells
AGENTS, REASONS, DAYS = 300, 60, 1096
FIRST = 1000  # the number before the first conclusion's: the team and the reasons came earlier
PIECE = 1_000_000  # conclusions written in one transaction, so that memory holds them
CHANGES = 40  # conclusions, and as many edits, taken over one by one
TENFOLD = 10

# `chance`: from 0 to 1, the same for the same conclusion and purpose. `key`: a UUIDv7 of a moment.
MACROS = """
CREATE MACRO chance(i, purpose) AS (hash(i * 1000003 + purpose) % 1000000) / 1000000.0;
CREATE MACRO key(kind, i, moment) AS (
    format('{:08x}-{:04x}-7{:03x}-', (epoch_ms(moment) // 65536)::BIGINT, (epoch_ms(moment) % 65536)::BIGINT,
           (hash(i + kind * 77) % 4096)::INTEGER)
    || format('{:04x}-{:012x}', (32768 + hash(i * 3 + kind) % 16384)::INTEGER, (hash(i * 7 + kind) % 281474976710656)::BIGINT)
)::UUID;
CREATE MACRO agent(n) AS key(1, n, TIMESTAMP '2022-12-01');
CREATE MACRO reason(n) AS key(2, n, TIMESTAMP '2022-12-01');
CREATE MACRO category(reason) AS ['achieved', 'lost', 'question', 'other'][1 + reason % 4];
CREATE MACRO opened(i) AS TIMESTAMP '2023-01-02' + to_seconds((i * ($days - 14) * 86400.0 / $conclusions)::BIGINT);
CREATE MACRO took(i) AS to_seconds(60 + (exp(6 * chance(i, 1)) * 300)::BIGINT);  -- six minutes to a day and a half
CREATE MACRO wait(i) AS to_seconds((exp(9.5 * chance(i, 3)) * 60)::BIGINT);  -- a minute to nine days
"""

TEAM = f"""
INSERT INTO users
SELECT agent(n), NULL, 'Agent ' || n, 'agent', TRUE, 'desk', n FROM range(1, {AGENTS} + 1) AS t (n)
UNION ALL SELECT key(1, n, TIMESTAMP '2022-12-01'), lower(name) || '@example.com', name, lower(name), TRUE, 'desk', n
FROM (VALUES ({AGENTS} + 1, 'Manager'), ({AGENTS} + 2, 'Analyst')) AS others (n, name);
INSERT INTO reasons
SELECT reason(n), 'Reason ' || n, category(n), 'optional', TRUE, 400 + n FROM range(1, {REASONS} + 1) AS t (n);
"""

# Two conclusions of 25 are the second end of the conversation before, which came back.
ENDED = f"""
CREATE TEMP TABLE ended AS
SELECT {FIRST} + row_number() OVER (ORDER BY concluded_at, i) AS number, *
FROM (
    SELECT i, i - again AS conversation, 1 + again AS cycle, opened(i - again) AS opened_at,
           CASE WHEN again = 1 THEN opened(i - 1) + took(i - 1) + wait(i - 1) ELSE opened(i) END + took(i) AS concluded_at,
           comes_back, 1 + (chance(i, 4) * chance(i, 4) * {AGENTS})::INTEGER % {AGENTS} AS agent,
           1 + (chance(i, 5) * chance(i, 5) * {REASONS})::INTEGER % {REASONS} AS reason
    FROM (
        SELECT i, (i % 25 IN (12, 24))::INTEGER AS again, i % 25 IN (11, 23) AND i < $conclusions AS comes_back
        FROM range(1, $conclusions + 1) AS t (i)
    )
) ORDER BY number;
"""

# Of a piece of `ended`, in the order of time, what each table of the desk holds.
TABLES = {
    "conversations": """
        SELECT key(3, conversation, opened_at), key(4, conversation % ($conclusions // 3 + 1), TIMESTAMP '2022-12-15'),
               ['whatsapp', 'webchat', 'email', 'instagram'][1 + (chance(i, 6) * chance(i, 6) * 4)::INTEGER % 4],
               'concluded', agent(agent), opened_at, concluded_at, key(5, i, concluded_at), number, cycle,
               opened_at, NULL, opened_at, 'desk', NULL, number, NULL, NULL, NULL
        FROM piece WHERE NOT comes_back""",
    "conclusions": """
        SELECT key(5, i, concluded_at), number, key(3, conversation, opened_at), cycle, concluded_at, agent(agent),
               'in_progress', CASE WHEN chance(i, 9) < 0.8 THEN 'after_12h' ELSE 'immediately' END
        FROM piece""",
    "classifications": """
        SELECT key(6, i * 2 + version, concluded_at), number, key(5, i, concluded_at), version, reason(of), category(of),
               'Reason ' || of, CASE WHEN of % 4 < 2 THEN (chance(i, 7) * 1000 / version)::DECIMAL(15, 2) END,
               CASE WHEN of % 4 < 2 THEN CASE WHEN chance(i, 10) < 0.9 THEN 'BRL' ELSE 'USD' END END,
               concluded_at + to_minutes(version - 1), agent(agent)
        FROM (
            SELECT *, unnest(CASE WHEN chance(i, 8) < 0.05 THEN [1, 2] ELSE [1] END) AS version,
                   CASE WHEN version = 1 THEN reason ELSE (reason + 7) % 60 + 1 END AS of
            FROM piece WHERE chance(i, 2) < 0.9
        )""",
    "reopenings": """
        SELECT key(8, i, concluded_at), number, key(3, conversation, opened_at), key(5, i, concluded_at),
               concluded_at + wait(i), CASE WHEN wait(i) > INTERVAL 12 HOUR THEN agent(agent) END,
               CASE WHEN wait(i) > INTERVAL 12 HOUR THEN 'manual' ELSE 'message' END, NULL
        FROM piece WHERE comes_back""",
    "history": "SELECT number, concluded_at, agent(agent), 'conclude', key(3, conversation, opened_at) FROM piece",
}


# The history ---------------------------------------------------------------------------------------


def fill(folder: Path, conclusions: int) -> None:
    """A desk of so many conclusions, in a folder that has none yet."""
    Desk.open(folder, NOW).close()
    desk = duckdb.connect(str(folder / DESK_FILE))
    desk.execute("SET enable_progress_bar = false")

    def run(sql: str) -> None:
        desk.execute(sql.replace("$conclusions", str(conclusions)).replace("$days", str(DAYS)))

    for macro in MACROS.strip().removesuffix(";").split(";\n"):
        run(macro.replace("CREATE MACRO", "CREATE TEMP MACRO"))
    run(TEAM)
    run(ENDED)
    for since in range(FIRST, FIRST + conclusions, PIECE):
        piece = f"number > {since} AND number <= {since + PIECE}"
        run(f"CREATE OR REPLACE TEMP TABLE piece AS FROM ended WHERE {piece}")
        for table, sql in TABLES.items():
            run(f"INSERT INTO {table} {sql}")
    desk.execute("CHECKPOINT")
    desk.close()


def tenfold(folder: Path, into: Path) -> None:
    """Facts of ten times the conclusions of those in `folder`, within the same three years."""
    into.mkdir(parents=True)
    shutil.copy(folder / FACTS_FILE, into)
    facts = duckdb.connect(str(into / FACTS_FILE))
    facts.execute("SET enable_progress_bar = false")
    facts.execute("CREATE TEMP TABLE once AS SELECT min(day) AS first FROM store.conclusions")
    (of,) = facts.execute("SELECT count(*) FROM store.conclusions").fetchone() or (0,)
    times = "opened_at", "concluded_at", "archived_at", "reopened_at"
    later = ", ".join(f"{time} + later AS {time}" for time in times)
    for copy in range(1, TENFOLD):
        days = copy * DAYS // TENFOLD
        facts.execute(f"""
            INSERT INTO store.conclusions
            SELECT * EXCLUDE (first, later) REPLACE (uuid() AS conclusion_id, (day + later)::DATE AS day, {later})
            FROM (
                SELECT *, to_days({days} - CASE WHEN day + {days} >= first + {DAYS} THEN {DAYS} ELSE 0 END) AS later
                FROM store.conclusions, once LIMIT {of}
            )""")
    facts.execute(shipped("core.facts", "roll_up.sql"))
    facts.execute("CHECKPOINT")
    facts.close()


# What the facts cost -------------------------------------------------------------------------------


def rebuild(folder: Path) -> dict[str, float]:
    """Derive the facts of the desk in `folder`; conclusions a second."""
    desk, facts = Desk.open(folder, NOW), Facts.open(folder)
    try:
        began = time.perf_counter()
        facts.rebuild(desk)
        took = time.perf_counter() - began
        conclusions = int(facts.frame("SELECT count(*) AS n FROM store.conclusions", {})["n"][0])
        return {"seconds": round(took, 1), "conclusions_a_second": round(conclusions / took)}
    finally:
        facts.close()
        desk.close()


def catch_up(folder: Path) -> dict[str, float]:
    """Milliseconds of taking over one conclusion, and one edit; and of one row's own durable commit into a table like
    that of the conclusions, with as many rows, in a file of its own. Medians, taken by turns."""
    committing = duckdb.connect(str(folder / "commits.duckdb"))
    committing.execute(f"ATTACH '{folder / FACTS_FILE}' AS facts (READ_ONLY)")
    committing.execute("CREATE TABLE commits AS FROM facts.store.conclusions")
    row = list(committing.execute("FROM commits LIMIT 1").fetchone() or ())
    committing.execute("DETACH facts")
    committing.execute("CHECKPOINT")
    insert = f"INSERT INTO commits VALUES ({', '.join('?' * len(row))})"
    desk, facts = Desk.open(folder, NOW), Facts.open(folder)
    found: dict[str, list[float]] = {"conclusion": [], "edit": [], "commit": []}
    try:
        agent, reason = an_agent(desk), a_reason(desk)
        for n in range(CHANGES):
            now = NOW + timedelta(minutes=n)
            conversation_id = somebody_new(desk, now)
            facts.catch_up(desk)
            made = services.conclude(desk, agent, conversation_id, reason, "10.00", now=now)
            found["conclusion"].append(seconds(lambda: facts.catch_up(desk)))
            services.edit_classification(desk, agent, made.id, reason, "11.00", now=now)
            found["edit"].append(seconds(lambda: facts.catch_up(desk)))
            found["commit"].append(seconds(partial(committing.execute, insert, [uuid4(), *row[1:]])))
        return {what: round(median(series) * 1000, 2) for what, series in found.items()}
    finally:
        facts.close()
        desk.close()
        committing.close()
        (folder / "commits.duckdb").unlink()


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Do it in a thread of its own while the block runs; then the event is set, and its end waited for."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def somebody_new(desk: Desk, now: datetime) -> UUID:
    """The conversation of a contact's first message."""
    told = Incoming("whatsapp", (f"5511{uuid4().int % 10**9:09d}",), "João", str(uuid4()), now, "Bom dia!")
    return services.receive_message(desk, SYSTEM, told, now=now).conversation_id


def an_agent(desk: Desk) -> Caller:
    return Caller(desk.read(lambda tx: tx.value("SELECT id FROM users WHERE name = 'Agent 3'")))


def a_reason(desk: Desk) -> UUID:
    found: UUID = desk.read(lambda tx: tx.value("SELECT id FROM reasons WHERE description = 'Reason 4'"))
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="desfecho-bench-") as there:
        print(f"written in {seconds(lambda: fill(Path(there), int(sys.argv[1]))):.1f} s")  # noqa: T201
        print(json.dumps(rebuild(Path(there)) | catch_up(Path(there))))  # noqa: T201
