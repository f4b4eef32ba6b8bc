"""One transaction of the desk: statements in, rows out, and what is written later together."""

from collections.abc import Callable, Generator, Iterator, Sequence, Sized
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import duckdb
import pyarrow as pa

from core.model import Refusal

T = TypeVar("T")
Row = tuple[Any, ...]
Known = dict[tuple[Any, ...], Any]

# Small and seldom changed: what is read of them is remembered until one of them changes.
REMEMBERED = ("users", "tokens", "setting_changes", "preference_changes", "reasons", "erasures", "sign_ins")


class Transact(Protocol):
    """What runs work in one transaction: a desk, or a transaction already begun, which the work joins."""

    def transact(self, work: "Callable[[Tx], T]") -> T: ...

    def read(self, work: "Callable[[Tx], T]") -> T: ...

    def note(self, refusal: Refusal) -> None: ...


class NotRemembered(Exception):
    """The file would have to be asked, by who works from memory alone."""


class Tx:
    """One transaction: statements in, rows out, times as aware UTC on both sides.

    It begins with its first statement. `known` holds what was read of the REMEMBERED tables, by whom it concerns.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, number: int, known: Known) -> None:
        self._connection = connection
        self._begun = False
        self._waiting: dict[str, list[Sequence[Any]]] = {}  # rows to insert, by table
        self.number = number  # of the command under way
        self.known = known
        self.changes = 0  # how many statements have written so far
        self.notes: list[Refusal] = []  # what the desk writes once this has ended, however it ends
        self.committing = False  # from then on a failure does not tell whether it is kept

    def transact(self, work: "Callable[[Tx], T]") -> T:
        return work(self)

    def read(self, work: "Callable[[Tx], T]") -> T:
        return work(self)

    def note(self, refusal: Refusal) -> None:
        """Say for the record what was refused; nothing is written by it in this transaction."""
        self.notes.append(refusal)

    @classmethod
    def of_memory(cls, number: int, known: Known) -> "Tx":
        """One that knows what is remembered, and ends in `NotRemembered` where a statement would begin."""
        return _OfMemory(None, number, known)  # type: ignore[arg-type]

    def run(self, sql: str, *params: Any) -> None:
        """Run a statement that changes something."""
        self._changing(sql)
        self._execute(sql, params)

    def insert(self, table: str, *row: Any) -> None:
        """Append a row, at the latest when a statement names the table: many rows of one table cost little
        more than one, and in a group of commands there are many."""
        self._changing(table)
        self._waiting.setdefault(table, []).append(row)

    def rows(self, sql: str, *params: Any) -> list[Row]:
        return [_aware(row) for row in self._execute(sql, params).fetchall()]

    def row(self, sql: str, *params: Any) -> Row | None:
        found = self._execute(sql, params).fetchone()
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
        return self._execute(sql, params).to_arrow_table()

    def batches(
        self, sql: str, params: dict[str, Any] | None = None, rows: int = 500_000
    ) -> Generator[pa.RecordBatch, None, None]:
        """The answer piece by piece, ids as ids, worked out on all cores: of a whole history. Nothing else can be
        asked until it has ended."""
        self._begin()
        self._connection.execute("SET SESSION arrow_lossless_conversion = true")
        self._connection.execute("RESET threads")
        try:
            yield from self._connection.execute(sql, params or {}).to_arrow_reader(rows)
        finally:
            self._connection.execute("SET threads = 1")
            self._connection.execute("RESET SESSION arrow_lossless_conversion")

    def remembered(self, *what: Any, read: Callable[[], T]) -> T:
        """What `read` finds in the REMEMBERED tables, read once until one of them changes; None is not kept."""
        found: T = self.known.get(what)  # type: ignore[assignment]
        if found is None and (found := read()) is not None:
            self.known[what] = found
        return found

    @contextmanager
    def table(self, name: str, data: pa.Table) -> Iterator[None]:
        """Let statements read `data` under `name` while the block runs."""
        self._begin()
        self._connection.register(name, data)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def record(self, user_id: UUID, action: str, now: datetime, subject_id: UUID | None = None) -> int:
        """Give the command its number and its place in history."""
        self.number += 1
        self.insert("history", self.number, now, user_id, action, subject_id)
        return self.number

    def commit(self) -> None:
        """Make what was written durable."""
        for table in list(self._waiting):
            self._write(table)
        if self._begun:
            self.committing = True
            self._connection.commit()

    def roll_back(self) -> None:
        if self._begun:
            with suppress(duckdb.Error):  # the failure already ended it, or the whole database
                self._connection.rollback()

    def _begin(self) -> None:
        if not self._begun:
            self._connection.begin()
            self._begun = True

    def _changing(self, sql: str) -> None:
        self.changes += 1
        if any(table in sql for table in REMEMBERED):
            self.known = {}

    def _execute(self, sql: str, params: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        self._begin()
        for table in [table for table in self._waiting if table in sql]:
            self._write(table)
        return self._connection.execute(sql, as_stored(params))

    def _write(self, table: str) -> None:
        self._begin()
        rows = self._waiting.pop(table)
        written = ", ".join(f"({places(row)})" for row in rows)
        values = as_stored([value for row in rows for value in row])
        self._connection.execute(f"INSERT INTO {table} VALUES {written}", values)


class _OfMemory(Tx):
    def _begin(self) -> None:
        raise NotRemembered


def only(row: Row) -> Any:
    """The one column of a row."""
    return row[0]


def places(values: Sized) -> str:
    """A question mark for each of the values, with commas between."""
    return ", ".join("?" * len(values))


def as_stored(params: Sequence[Any]) -> list[Any]:
    """Parameters with times in UTC without a zone."""
    return [p.astimezone(UTC).replace(tzinfo=None) if isinstance(p, datetime) else p for p in params]


def _aware(row: Row) -> Row:
    return tuple(v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for v in row)
