"""The desk's file, its one writer, and its many readers."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

import duckdb
import pyarrow as pa

from core.errors import ConcurrentChange, Unavailable
from core.model import User

T = TypeVar("T")
Row = tuple[Any, ...]

RETRIES = 5
DESK_FILE = "desk.duckdb"
LOCK_FILE = "desk.lock"


class Transact(Protocol):
    """What runs work in one transaction: a desk, or a transaction already begun, which the work joins."""

    def transact(self, work: "Callable[[Tx], T]") -> T: ...

    def read(self, work: "Callable[[Tx], T]") -> T: ...


class Tx:
    """One transaction: statements in, rows out, times as aware UTC on both sides."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, number: int = 0) -> None:
        self._connection = connection
        self.number = number  # of the command under way
        self.users: dict[UUID, User | None] = {}  # those looked up already; kept by core/desk/people.py

    def transact(self, work: "Callable[[Tx], T]") -> T:
        return work(self)

    def read(self, work: "Callable[[Tx], T]") -> T:
        return work(self)

    def run(self, sql: str, *params: Any) -> None:
        self._connection.execute(sql, _bound(params))

    def rows(self, sql: str, *params: Any) -> list[Row]:
        return [_aware(row) for row in self._connection.execute(sql, _bound(params)).fetchall()]

    def row(self, sql: str, *params: Any) -> Row | None:
        found = self._connection.execute(sql, _bound(params)).fetchone()
        return None if found is None else _aware(found)

    def first(self, make: Callable[[Row], T], sql: str, *params: Any) -> T | None:
        """The first row as `make` has it; None where there is none."""
        found = self.row(sql, *params)
        return None if found is None else make(found)

    def value(self, sql: str, *params: Any) -> Any:
        """The single value of a query that always has one row."""
        found = self.row(sql, *params)
        assert found is not None
        return found[0]

    def arrow(self, sql: str, *params: Any) -> pa.Table:
        return self._connection.execute(sql, _bound(params)).to_arrow_table()

    @contextmanager
    def table(self, name: str, data: pa.Table) -> Iterator[None]:
        """Let statements read `data` under `name` while the block runs."""
        self._connection.register(name, data)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def record(self, user_id: UUID, action: str, now: datetime, subject_id: UUID | None = None) -> int:
        """Give the command its number and its place in history."""
        self.number += 1
        self.run("INSERT INTO history VALUES (?, ?, ?, ?, ?)", self.number, now, user_id, action, subject_id)
        return self.number


class Desk:
    """The open desk. Any number of threads use it; writers take turns.

    One process at a time owns the data folder: a lock on a file of its own, beside DuckDB's, says so.
    """

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection, lock: int) -> None:
        self.folder = folder
        self._connection = connection
        self._lock: int | None = lock  # None: closed
        self._writer = connection.cursor()
        self._writing = threading.Lock()
        self._written_by: int | None = None  # the thread that holds it
        self._readers: list[duckdb.DuckDBPyConnection] = []
        row = self._writer.execute("SELECT max(number) FROM history").fetchone()
        self.number: int = (row[0] if row else None) or 0  # of the last command that is in the history

    @classmethod
    def open(cls, folder: Path, now: datetime, owner: str = "") -> "Desk":
        """Open, or begin, the desk in `folder`. `owner` tells another process who has it.

        Errors: `Unavailable` where another process has the folder, it cannot be written, or a newer version
        of Desfecho has written it.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = _lock(folder, owner)
        except OSError as error:
            raise Unavailable("The data folder {folder} cannot be written.", folder=folder) from error
        try:
            connection = duckdb.connect(str(folder / DESK_FILE))
        except duckdb.Error as error:
            os.close(lock)
            raise Unavailable(
                "The desk in {folder} cannot be opened: {error}", folder=folder, error=first_line(error)
            ) from error
        try:
            connection.execute("SET TimeZone = 'UTC'")
            # What was replayed after a crash goes into the file before anything else: DuckDB 1.5.5 loses it from
            # an index that nobody has looked into by the next checkpoint.
            connection.execute("CHECKPOINT")
            _migrate(connection, now)
        except BaseException:
            connection.close()
            os.close(lock)
            raise
        return cls(folder, connection, lock)

    def close(self) -> None:
        """Give the folder back; a second time does nothing."""
        with self._writing:
            if self._lock is None:
                return
            for cursor in (*self._readers, self._writer):
                cursor.close()
            self._readers.clear()
            self._connection.close()
            os.close(self._lock)
            self._lock = None

    def transact(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction of its own, durable when this returns; run again on a conflict.

        `work` decides before it writes, so that what it raises has changed nothing.
        """
        if self._written_by == threading.get_ident():
            raise RuntimeError("A transaction is under way: pass it on instead of the desk.")
        with self._writing:
            self._written_by = threading.get_ident()
            try:
                return self._transact(work)
            finally:
                self._written_by = None

    def _transact(self, work: Callable[[Tx], T]) -> T:
        for _ in range(RETRIES):
            tx = Tx(self._writer, self.number)
            self._writer.begin()
            try:
                result = work(tx)
                self._writer.commit()
            except duckdb.TransactionException:
                self._roll_back(self._writer)
                continue
            except BaseException:
                self._roll_back(self._writer)
                raise
            self.number = tx.number
            return result
        raise ConcurrentChange("Somebody else changed this at the same moment. Please try again.")

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work`, which only reads, on one consistent state."""
        try:
            cursor = self._readers.pop()
        except IndexError:
            cursor = self._connection.cursor()
        cursor.begin()
        try:
            return work(Tx(cursor, self.number))
        finally:
            self._roll_back(cursor)
            self._readers.append(cursor)

    @staticmethod
    def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
        with suppress(duckdb.TransactionException):  # the failure already ended it
            cursor.rollback()


def only(row: Row) -> Any:
    """The one column of a row."""
    return row[0]


def _bound(params: Sequence[Any]) -> list[Any]:
    return [p.astimezone(UTC).replace(tzinfo=None) if isinstance(p, datetime) else p for p in params]


def _aware(row: Row) -> Row:
    return tuple(v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for v in row)


def first_line(error: Exception) -> str:
    """What DuckDB says first, which names the cause."""
    return str(error).strip().splitlines()[0]


def _lock(folder: Path, owner: str) -> int:
    """Take the folder for this process; the file says who has it."""
    file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 500).decode(errors="replace").strip()
        os.close(file)
        raise Unavailable(
            "The data folder {folder} is in use by another process ({owner}).",
            folder=folder,
            owner=holder or "?",
        ) from None
    os.ftruncate(file, 0)
    os.write(file, f"process {os.getpid()}{', ' + owner if owner else ''}".encode())
    return file


def _migrate(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Apply the migrations that the file has not had, each in one transaction with its record."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name VARCHAR PRIMARY KEY, applied_at TIMESTAMP)"
    )
    applied = {name for (name,) in connection.execute("SELECT name FROM migrations").fetchall()}
    files = sorted(
        (f for f in resources.files("core.desk").joinpath("migrations").iterdir() if f.name.endswith(".sql")),
        key=lambda f: f.name,
    )
    if newer := sorted(applied - {f.name for f in files}):
        raise Unavailable(
            "The desk was written by a newer version of Desfecho ({migration}). Use that version.",
            migration=newer[-1],
        )
    for file in files:
        if file.name in applied:
            continue
        connection.begin()
        try:
            connection.execute(file.read_text("utf-8"))
            connection.execute("INSERT INTO migrations VALUES (?, ?)", _bound([file.name, now]))
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
