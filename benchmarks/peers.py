"""The same questions asked of Polars and pandas in memory, of chDB, and of PostgreSQL.

A question is data here (`Question`), and each peer asks it in its own words. The peers are favoured where it costs no
honesty: they hold names as numbers and are told the numbers, money as whole cents, times to reopening ready; and they
answer with the numbers, which we turn into names. They are dependencies of the benchmarks alone, imported when used.
"""

import operator
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import reduce
from importlib import import_module
from os import geteuid
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from tests.server import free_port

Row = tuple[Any, ...]
Condition = tuple[str, str, Any]  # column, operator, value
HOUR = 3600
# Until how many seconds after the conclusion each bar of the curve of reopenings reaches; the last has no end.
WAITS = [-1, *(hour * HOUR for hour in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 24, 48, 72, 168))]
SHARES = (0.25, 0.5, 0.75, 0.9)

# What every peer is given: a row for each conclusion, its names as the facts number them (0: none).
COLUMNS = """
    SELECT (row_number() OVER (ORDER BY conclusion_id))::BIGINT AS conclusion,  -- for the id: as good, and smaller
           concluded_at, day, hour, agent::SMALLINT AS agent, class::SMALLINT AS class, channel::TINYINT AS channel,
           coalesce(list_position(['achieved', 'lost', 'question', 'other'], category::VARCHAR), 0)::TINYINT AS category,
           currency::TINYINT AS currency, coalesce(value * 100, 0)::BIGINT AS cents, handling_seconds AS handling,
           reopened_at IS NOT NULL AS reopened, archive_preference = 'after_12h' AS waits,
           coalesce(date_sub('second', concluded_at, reopened_at), -1)::INTEGER AS waited,
           coalesce(edits, 0)::TINYINT AS edits, first_class::SMALLINT AS first_class,
           first_currency::TINYINT AS first_currency, coalesce(first_value * 100, 0)::BIGINT AS first_cents
    FROM store.conclusions ORDER BY concluded_at"""


@dataclass(frozen=True)
class Told:
    """One column of an answer: how many, a sum, or a quantile, of the rows that meet all conditions."""

    what: str  # count, sum or quantile
    of: str = ""
    where: tuple[Condition, ...] = ()
    share: float = 0.5


@dataclass(frozen=True)
class Question:
    """A row for each `by` (period, weekday and reach are derived), of the rows that meet all conditions of `where`;
    or with `newest` so many single rows, whose columns `by` names."""

    by: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    where: tuple[Condition, ...] = ()
    newest: int = 0


@dataclass(frozen=True)
class Asked:
    """What a filter lets through, and how long a period is: day or month."""

    where: tuple[Condition, ...]
    step: str


Ask = Callable[[Question, Asked], list[Row]]
OPERATORS = {
    "=": operator.eq, "<>": operator.ne, "<=": operator.le, ">=": operator.ge, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


def columns_of(question: Question, asked: Asked) -> list[str]:
    """The columns a question reads."""
    conditions = [*asked.where, *question.where, *(c for told in question.told for c in told.where)]
    derived = {"period": "day", "weekday": "day", "reach": "waited"}
    named = [name for name, _, _ in conditions] + [told.of for told in question.told if told.of]
    return list(dict.fromkeys([*(derived.get(key, key) for key in question.by), *named]))


# Polars --------------------------------------------------------------------------------------------


@contextmanager
def polars(parquet: Path) -> Iterator[dict[str, Ask]]:
    """Lazily, from memory, with the narrowest types."""
    pl = import_module("polars")
    frame = pl.read_parquet(parquet).rechunk()

    def meets(conditions: Sequence[Condition]) -> Any:
        return reduce(operator.and_, [OPERATORS[o](pl.col(name), value) for name, o, value in conditions])

    def said(told: Told, name: str) -> Any:
        if told.what == "count":
            return (meets(told.where).sum() if told.where else pl.len()).alias(name)
        of = pl.col(told.of).filter(meets(told.where)) if told.where else pl.col(told.of)
        if told.what == "sum":
            return of.sum().alias(name)
        return (of.median() if told.share == 0.5 else of.quantile(told.share, "linear")).alias(name)

    def key(name: str, step: str) -> Any:
        if name == "period":
            return pl.col("day").dt.truncate({"day": "1d", "month": "1mo"}[step]).alias(name)
        if name == "weekday":
            return pl.col("day").dt.weekday().alias(name)
        if name == "reach":
            return (
                pl.lit(pl.Series(WAITS, dtype=pl.Int32)).search_sorted(pl.col("waited"), "left").alias(name)
            )
        return pl.col(name)

    def ask(question: Question, asked: Asked) -> list[Row]:
        lazy = frame.lazy()
        if conditions := (*asked.where, *question.where):
            lazy = lazy.filter(meets(conditions))
        if question.newest:
            by = ["concluded_at", "conclusion"]
            lazy = lazy.select(question.by).sort(by, descending=[True, False]).head(question.newest)
            return list(lazy.collect().rows())
        told = [said(told, f"told{n}") for n, told in enumerate(question.told)]
        keys = [key(name, asked.step) for name in question.by]
        return list((lazy.group_by(keys).agg(told) if keys else lazy.select(told)).collect().rows())

    yield {"Polars": ask}


# pandas --------------------------------------------------------------------------------------------


@contextmanager
def pandas(parquet: Path) -> Iterator[dict[str, Ask]]:
    """In memory, what is grouped by as categories."""
    frame = pd.read_parquet(parquet)
    frame["day"] = frame["day"].astype("datetime64[s]")
    for name in ("agent", "class", "category", "channel", "first_class", "hour"):
        frame[name] = frame[name].astype("category")

    def meets(rows: pd.DataFrame, conditions: Sequence[Condition]) -> Any:
        plain = [(name, o, pd.Timestamp(v) if isinstance(v, date) else v) for name, o, v in conditions]
        return reduce(operator.and_, [OPERATORS[o](rows[name], value) for name, o, value in plain])

    def key(rows: pd.DataFrame, name: str, step: str) -> Any:
        if name == "period":
            day = rows["day"].to_numpy()
            return pd.Series(day if step == "day" else day.astype("datetime64[M]"), rows.index)
        if name == "weekday":
            return rows["day"].dt.weekday + 1
        if name == "reach":
            return pd.Series(np.searchsorted(np.array(WAITS), rows["waited"].to_numpy(), "left"), rows.index)
        return rows[name]

    def one(rows: pd.DataFrame, told: Told) -> Any:
        met = meets(rows, told.where) if told.where else None
        if told.what == "count":
            return len(rows) if met is None else int(met.sum())
        of = rows[told.of] if met is None else rows.loc[met, told.of]
        return of.sum() if told.what == "sum" else of.quantile(told.share)

    def ask(question: Question, asked: Asked) -> list[Row]:
        rows = frame[columns_of(question, asked)]
        if conditions := (*asked.where, *question.where):
            rows = rows[meets(rows, conditions)]
        if question.newest:
            last = rows.nlargest(question.newest, "concluded_at", keep="all")
            last = last.sort_values(["concluded_at", "conclusion"], ascending=[False, True])
            return list(last.head(question.newest)[list(question.by)].itertuples(index=False, name=None))
        if not question.by:
            return [tuple(one(rows, told) for told in question.told)]
        keys = [key(rows, name, asked.step) for name in question.by]
        added: dict[str, Any] = {}  # what is added up: 1 or 0 for a count
        for n, told in enumerate(question.told):
            if told.what == "count":
                added[f"told{n}"] = meets(rows, told.where) if told.where else True
            elif told.what == "sum":
                of = rows[told.of]
                added[f"told{n}"] = of.where(meets(rows, told.where), 0) if told.where else of
        found = {}
        if added:
            sums = pd.DataFrame(added, rows.index).groupby(keys, observed=True, sort=False).sum()
            found = {name: sums[name] for name in sums}
        for n, told in enumerate(question.told):
            if told.what == "quantile":
                some = meets(rows, told.where) if told.where else slice(None)
                grouped = rows.loc[some, told.of].groupby([k[some] for k in keys], observed=True, sort=False)
                found[f"told{n}"] = grouped.median() if told.share == 0.5 else grouped.quantile(told.share)
        names = [f"told{n}" for n in range(len(question.told))]
        answer = pd.DataFrame(found)[names]
        answer.index.names = list(question.by)
        return list(answer.reset_index().itertuples(index=False, name=None))

    yield {"pandas": ask}


# SQL -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dialect:
    """What the two engines that speak SQL say differently."""

    quantile: str
    weekday: str


CLICKHOUSE = Dialect("quantileExactInclusive({share})({of})", "toDayOfWeek(day)")
POSTGRESQL = Dialect(
    "percentile_cont({share}) WITHIN GROUP (ORDER BY {of})", "extract(isodow FROM day)::SMALLINT"
)


def in_sql(question: Question, asked: Asked, dialect: Dialect, table: str) -> str:
    """The question as SQL."""

    def literal(value: Any) -> str:
        return f"'{value}'" if isinstance(value, date) else str(value)

    def meets(conditions: Sequence[Condition]) -> str:
        return " AND ".join(f"{name} {o} {literal(value)}" for name, o, value in conditions)

    def said(told: Told) -> str:
        of = {"count": "count(*)", "sum": f"sum({told.of})"}.get(told.what) or dialect.quantile.format(
            share=told.share, of=told.of
        )
        return f"{of} FILTER (WHERE {meets(told.where)})" if told.where else of

    reach = "CASE WHEN waited < 0 THEN 0 " + " ".join(
        f"WHEN waited <= {end} THEN {n}" for n, end in enumerate(WAITS) if n
    )
    derived = {
        "period": "day" if asked.step == "day" else f"CAST(date_trunc('{asked.step}', day) AS DATE)",
        "weekday": dialect.weekday,
        "reach": f"{reach} ELSE {len(WAITS)} END",
    }
    keys = [derived.get(name, name) for name in question.by]
    where = meets((*asked.where, *question.where))
    sql = f"SELECT {', '.join([*keys, *map(said, question.told)])} FROM {table}"
    if where:
        sql += f" WHERE {where}"
    if question.newest:
        return f"{sql} ORDER BY concluded_at DESC, conclusion LIMIT {question.newest}"
    return f"{sql} GROUP BY {', '.join(str(n + 1) for n in range(len(keys)))}" if keys else sql


@contextmanager
def chdb(parquet: Path) -> Iterator[dict[str, Ask]]:
    """ClickHouse in this process: a MergeTree in the order of days, merged into one part; and a table in memory."""
    engines = {"chDB MergeTree": "MergeTree ORDER BY (day, agent, class)", "chDB Memory": "Memory"}
    with tempfile.TemporaryDirectory(prefix="desfecho-chdb-") as folder:
        session = import_module("chdb.session").Session(folder)

        def asking(table: str) -> Ask:
            def ask(question: Question, asked: Asked) -> list[Row]:
                answer = session.query(in_sql(question, asked, CLICKHOUSE, table), "ArrowTable")
                return list(zip(*(column.to_pylist() for column in answer.columns), strict=True))

            return ask

        try:
            session.query("CREATE DATABASE bench")
            session.query("USE bench")
            found = {}
            for number, (name, engine) in enumerate(engines.items()):
                table = f"conclusions_{number}"
                rows = f"SELECT * FROM file('{parquet}', Parquet) SETTINGS schema_inference_make_columns_nullable = 0"
                session.query(f"CREATE TABLE {table} ENGINE {engine} AS {rows}")
                if engine.startswith("MergeTree"):
                    session.query(f"OPTIMIZE TABLE {table} FINAL")
                found[name] = asking(table)
            yield found
        finally:
            session.close()


# PostgreSQL ----------------------------------------------------------------------------------------

SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "shared_buffers": "4GB", "work_mem": "512MB",
    "maintenance_work_mem": "1GB", "effective_cache_size": "8GB", "max_parallel_workers_per_gather": "2",
    "max_parallel_workers": "2", "random_page_cost": "1.1", "jit": "off", "wal_level": "minimal", "max_wal_senders": "0",
    "max_wal_size": "8GB", "fsync": "off", "synchronous_commit": "off", "autovacuum": "off",
}  # fmt: skip
COVERED = "reopened, currency, cents, handling, hour"  # of the indexes for what most questions ask
INDEXES = (
    f"(day) INCLUDE (category, class, agent, channel, {COVERED})",
    f"(category, day) INCLUDE (class, agent, channel, {COVERED})",
    f"(class, day) INCLUDE (category, agent, channel, {COVERED})",
    f"(agent, day) INCLUDE (category, class, channel, {COVERED})",
    f"(channel, day) INCLUDE (category, class, agent, {COVERED})",
    "(day, class, agent, category, channel, first_class) INCLUDE (first_currency, first_cents, currency, cents) WHERE edits > 0",
    "(day, class, agent, category, channel) INCLUDE (waited) WHERE reopened",
    "(concluded_at DESC, conclusion)",
    "(agent, concluded_at DESC, conclusion)",
    "(class, concluded_at DESC, conclusion)",
    "(category, concluded_at DESC, conclusion)",
    "(channel, concluded_at DESC, conclusion)",
)
TYPES = {
    "conclusion": "bigint", "concluded_at": "timestamp", "day": "date", "handling": "integer", "waited": "integer",
    "cents": "bigint", "first_cents": "bigint", "reopened": "boolean", "waits": "boolean",
}  # fmt: skip
SMALL = "smallint"  # of all other columns


def programs() -> Path:
    """Where PostgreSQL's server is.

    Errors: `RuntimeError` where there is none.
    """
    there = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which("postgres", path=":".join(there)) or shutil.which("postgres")
    if not found:
        raise RuntimeError("PostgreSQL's server is not installed: `make bench` installs it.")
    return Path(found).resolve().parent


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, str]]:
    """A server of its own on a loopback port, its data in `folder`; its port and password. Root may not run it, so it
    is its own user's then."""
    root = geteuid() == 0
    whose: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if root else {}
    if root:
        shutil.chown(folder, "postgres", "postgres")
    password, secret, port = secrets.token_hex(16), folder / "password", free_port()
    secret.touch(0o600)
    secret.write_text(password, "utf-8")
    if root:
        shutil.chown(secret, "postgres", "postgres")
    data = folder / "data"
    superuser = ["-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(secret)]
    subprocess.run(  # noqa: S603
        [programs() / "initdb", "-D", data, "-E", "UTF8", "--no-sync", *superuser],
        cwd=folder, check=True, capture_output=True, **whose,
    )  # fmt: skip
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603
            [programs() / "postgres", "-D", data, "-p", str(port), *settings],
            cwd=folder, stdout=log, stderr=subprocess.STDOUT, **whose,
        )  # fmt: skip
    try:
        yield port, password
    finally:
        process.send_signal(signal.SIGINT)  # its fast shutdown
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def connected(port: int, password: str, seconds: float = 60) -> Any:
    psycopg = import_module("psycopg")
    until = time.monotonic() + seconds
    while True:
        try:
            return psycopg.connect(
                host="127.0.0.1",
                port=port,
                user="postgres",
                password=password,
                dbname="postgres",
                autocommit=True,
            )
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def postgresql(parquet: Path) -> Iterator[dict[str, Ask]]:
    """A server with indexes that cover the questions, all in its memory."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desfecho-postgresql-")))
        connection = stack.enter_context(connected(*stack.enter_context(server(folder))))
        _load(connection, parquet, folder)

        def ask(question: Question, asked: Asked) -> list[Row]:
            rows: list[Row] = connection.execute(
                in_sql(question, asked, POSTGRESQL, "conclusions"), binary=True
            ).fetchall()
            return rows

        yield {"PostgreSQL": ask}


def _load(connection: Any, parquet: Path, folder: Path) -> None:
    names = [name for name, *_ in duckdb.sql(f"DESCRIBE FROM '{parquet}'").fetchall()]
    columns = ", ".join(f"{name} {TYPES.get(name, SMALL)} NOT NULL" for name in names)
    rows = folder / "rows.csv"
    duckdb.sql(f"COPY (FROM '{parquet}') TO '{rows}' (FORMAT csv, HEADER false)")
    rows.chmod(0o644)
    with connection.transaction():  # the rows of a table made in the same transaction need no log
        connection.execute(f"CREATE TABLE conclusions ({columns})")
        connection.execute(f"COPY conclusions FROM '{rows}' (FORMAT csv)")
    rows.unlink()
    for index in INDEXES:
        connection.execute(f"CREATE INDEX ON conclusions {index}")
    connection.execute("VACUUM (ANALYZE, FREEZE) conclusions")


PACKAGES = {"Polars": "polars", "pandas": "pandas", "chDB": "chdb"}  # whose versions are told


@contextmanager
def peers(facts_file: Path) -> Iterator[dict[str, Ask]]:
    """All of them, ready to be asked of the conclusions in this file of facts, which nobody has open."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desfecho-peers-")))
        parquet = folder / "conclusions.parquet"
        facts = duckdb.connect(str(facts_file), read_only=True)
        facts.execute(f"COPY ({COLUMNS}) TO '{parquet}' (FORMAT parquet)")
        facts.close()
        found: dict[str, Ask] = {}
        for peer in (polars, pandas, chdb, postgresql):
            found |= stack.enter_context(peer(parquet))
        yield found
