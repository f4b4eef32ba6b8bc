"""The facts' file: brought up to date from the desk, asked questions."""

import re
import threading
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from core.desk import Desk, Tx, organisation
from core.desk.store import first_line
from core.errors import Invalid, Unavailable
from core.shipped import shipped

PARAMETER = re.compile(r"\$([a-z_]+)")
FACTS_FILE = "facts.duckdb"
LONGEST_QUESTION = 30  # seconds
MOST_ROWS = 1_000_000
MOST_ANSWERS = 500  # of reports, kept until the facts change
SHAPE = "3"  # of schema.sql; another one in the file means: make it anew


def _sql(name: str) -> str:
    return shipped("core.facts", name)


@dataclass(frozen=True, slots=True)
class Answer:
    """A question's result: column names and rows of Python values."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What the desk tells the facts: the tables that take_over.sql reads."""

    number: int
    as_of: datetime | None  # UTC, without a zone
    timezone: str
    everything: bool  # it is all there is, not what has come since
    tables: dict[str, pa.Table]


def _hand_over(tx: Tx, since: int, timezone: str | None) -> HandedOver:
    """What commands later than `since` changed; everything where days are of another time zone by now, or the
    facts of another desk or of one since restored."""
    number, as_of = tx.rows("SELECT coalesce(max(number), 0), max(occurred_at) FROM history")[0]
    zone = organisation.organisation(tx).timezone
    everything = since == 0 or since > number or zone != timezone
    after = 0 if everything else since
    changed = tx.arrow(_sql("changed.sql"), after)
    tables = {
        "changed": changed,
        "arrived_users": tx.arrow(
            "SELECT id AS user_id, name, role, active FROM users WHERE number > ? OR ?", after, everything
        ),
        "arrived_reasons": tx.arrow(
            "SELECT id AS reason_id, description, category, value_mode, in_use FROM reasons WHERE number > ?",
            after,
        ),
    }
    if changed.num_rows:  # messages alone change nothing here, and most commands are messages
        with tx.table("changed", changed):
            tables |= {
                "arrived": tx.arrow(_sql("extract_conclusions.sql"), organisation.contact_key(tx), zone),
                "arrived_classifications": tx.arrow(_sql("extract_classifications.sql")),
                "arrived_reopenings": tx.arrow(_sql("extract_reopenings.sql")),
            }
    plain = as_of.replace(tzinfo=None) if as_of else None
    return HandedOver(number, plain, zone, everything, tables)


def _needed(script: str, tables: dict[str, pa.Table]) -> list[str]:
    """The statements of take_over.sql that have something to do: planning one that has not costs as much."""
    some = {name for name, table in tables.items() if table.num_rows}
    lists = {"arrived_users", "arrived_reasons"}  # have a reason of their own to be there
    needed = []
    script = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    for statement in script.split(";"):
        named = set(re.findall(r"\b(arrived_\w+)", statement))
        if statement.strip() and named <= some and ("changed" in some or named & lists):
            needed.append(statement)
    return needed


class Facts:
    """The open facts. One thread at a time brings them up to date; any number ask."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._updating = threading.Lock()
        self._asking = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], Future[pd.DataFrame]] = OrderedDict()

    @classmethod
    def open(cls, folder: Path) -> "Facts":
        """Open the facts in `folder`, which the caller has locked; begin them where there are none.

        They are derived: a file of another shape is made anew. Errors: `Unavailable` where it is damaged.
        """
        path = folder / FACTS_FILE
        try:
            connection = duckdb.connect(str(path))
            _prepare(connection)
        except duckdb.Error as error:
            raise Unavailable(
                "The facts in {folder} cannot be opened: {error}. They are derived: remove facts.duckdb and start again.",
                folder=folder, error=first_line(error),
            ) from error  # fmt: skip
        return cls(connection)

    def close(self) -> None:
        with self._updating:
            self._connection.close()

    @property
    def number(self) -> int:
        """The number of the last command of the desk that the facts know."""
        return self._state()[0]

    def _state(self) -> tuple[int, str | None]:
        """The number, and the time zone that days are of."""
        row = self._connection.cursor().execute("SELECT number, timezone FROM store.state").fetchone()
        return (row[0], row[1]) if row else (0, None)

    def catch_up(self, desk: Desk) -> int:
        """Take over what the desk's history has gained; return the number reached."""
        with self._updating:
            reached, timezone = self._state()
            if desk.number == reached:
                return reached
            return self._take_over(desk, reached, timezone)

    def rebuild(self, desk: Desk) -> int:
        """Derive everything anew, with equal content."""
        with self._updating:
            return self._take_over(desk, 0, None)

    def _take_over(self, desk: Desk, since: int, timezone: str | None) -> int:
        handed = desk.read(lambda tx: _hand_over(tx, since, timezone))
        cursor = self._connection.cursor()
        try:
            for name, table in handed.tables.items():
                cursor.register(name, table)
            cursor.begin()
            if handed.everything:
                cursor.execute(_sql("empty.sql"))
            for statement in _needed(_sql("take_over.sql"), handed.tables):
                cursor.execute(statement)
            cursor.execute(
                "UPDATE store.state SET number = ?, as_of = ?, timezone = ?",
                [handed.number, handed.as_of, handed.timezone],
            )
            cursor.commit()
            with self._asking:
                self._answers.clear()  # who asks from here on is told the new
        except BaseException:
            with suppress(duckdb.TransactionException):
                cursor.rollback()
            raise
        finally:
            cursor.close()
        return handed.number

    def columns(self, view: str) -> list[tuple[str, str, str]]:
        """Name, type and comment of each column of a view of `analytics`."""
        return (
            self._connection.cursor()
            .execute(
                "SELECT column_name, data_type, comment FROM duckdb_columns()"
                " WHERE schema_name = 'analytics' AND table_name = ? ORDER BY column_index",
                [view],
            )
            .fetchall()
        )

    def frame(self, sql: str, params: dict[str, Any]) -> pd.DataFrame:
        """The answer of one of our own reports; of `params` those that the SQL names. Money is exact.

        However many people ask the same of the same facts, at once or later, it is asked once.
        """
        named = set(PARAMETER.findall(sql))
        asked = {name: value for name, value in params.items() if name in named}
        key = (sql, repr(sorted(asked.items())))
        with self._asking:
            answer = self._answers.get(key)
            mine = answer is None
            if answer is None:
                answer = self._answers[key] = Future()
                while len(self._answers) > MOST_ANSWERS:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(key)
        if mine:
            try:
                answer.set_result(self._frame(sql, asked))
            except BaseException as error:
                with self._asking:
                    if self._answers.get(key) is answer:
                        del self._answers[key]
                answer.set_exception(error)
        return answer.result().copy()

    def _frame(self, sql: str, params: dict[str, Any]) -> pd.DataFrame:
        cursor = self._connection.cursor()
        try:
            found: pd.DataFrame = cursor.execute(sql, params).to_arrow_table().to_pandas()
            return found
        finally:
            cursor.close()

    def views(self) -> list[tuple[str, str]]:
        """Name and comment of each view of `analytics`."""
        return (
            self._connection.cursor()
            .execute(
                "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'analytics' ORDER BY 1"
            )
            .fetchall()
        )

    def ask(self, question: str, seconds: float = LONGEST_QUESTION) -> Answer:
        """Answer one SELECT over schema `analytics`, in at most so many seconds and MOST_ROWS rows.

        Errors: `Invalid` with DuckDB's own words, where it is anything but one SELECT, or beyond a limit.
        """
        cursor = self._connection.cursor()
        limit = threading.Timer(seconds, cursor.interrupt)
        limit.start()
        try:
            statements = cursor.extract_statements(question)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise Invalid("Only one SELECT statement can be asked.", field="sql")
            result = cursor.execute(statements[0])
            rows = result.fetchmany(MOST_ROWS + 1)
            if len(rows) > MOST_ROWS:
                raise Invalid(
                    "The answer has more than {rows} rows. Ask for fewer.", field="sql", rows=MOST_ROWS
                )
            return Answer([column[0] for column in result.description or []], rows)
        except duckdb.InterruptException:
            raise Invalid(
                "The question took longer than {seconds} seconds and was stopped.",
                field="sql",
                seconds=int(seconds),
            ) from None
        except duckdb.Error as error:
            raise Invalid("{error}", field="sql", error=str(error).strip()) from error
        finally:
            limit.cancel()
            cursor.close()


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the file its shape, and shut the door on everything outside it."""
    connection.execute("SET TimeZone = 'UTC'")
    row = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'store' AND table_name = 'shape_' || ?",
        [SHAPE],
    ).fetchone()
    if not (row and row[0]):
        connection.begin()
        connection.execute("DROP SCHEMA IF EXISTS analytics CASCADE")
        connection.execute("DROP SCHEMA IF EXISTS store CASCADE")
        connection.execute(_sql("schema.sql"))
        connection.execute(f"CREATE TABLE store.shape_{SHAPE} (made BOOLEAN)")
        connection.commit()
    for setting in ("threads = 1", "enable_external_access = false", "lock_configuration = true"):
        connection.execute(f"SET {setting}")
