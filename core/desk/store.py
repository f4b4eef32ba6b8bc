"""The desk's file, its one writer, and its many readers.

Commands that come at the same time are committed together: the first in the line does the work of all who wait.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import duckdb

from core.desk import record, rewrite
from core.desk.transaction import Known, Tx, as_stored
from core.errors import AppError, ConcurrentChange, Unavailable
from core.model import Refusal

T = TypeVar("T")

RETRIES = 5
TOGETHER = 64  # commands committed at once, at most
DESK_FILE = "desk.duckdb"
LOCK_FILE = "desk.lock"

log = logging.getLogger(__name__)


class _Waiting(Generic[T]):
    """A command in the line: its work, and what came of it."""

    def __init__(self, work: Callable[[Tx], T]) -> None:
        self.work = work
        self.turn = threading.Event()  # it is done, or is the first of those that are not
        self.done = False
        self.result: T | None = None
        self.refusal: BaseException | None = None
        self.notes: list[Refusal] = []

    def outcome(self) -> T:
        if self.refusal is not None:
            raise self.refusal
        return cast(T, self.result)


class Desk:
    """The open desk. Any number of threads use it; writers take turns.

    One process at a time owns the data folder: a lock on a file of its own, beside DuckDB's, says so.
    """

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection, lock: int, now: datetime) -> None:
        self.folder = folder
        self.clock: Callable[[], datetime] = lambda: now  # of refusals without a time; who serves sets theirs
        self._lately = record.Lately()
        self._connection = connection
        self._lock: int | None = lock  # None: closed
        self._writer = connection.cursor()
        self._writing = threading.Lock()
        self._written_by: int | None = None  # the thread that holds it
        self._line: list[_Waiting[Any]] = []  # who waits to write
        self._line_lock = threading.Lock()
        self._led = False  # somebody is doing the line's work
        self._known: Known = {}
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
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data: its owner's only
            lock = _lock(folder, owner)
        except OSError as error:
            raise Unavailable("The data folder {folder} cannot be written.", folder=folder) from error
        rewrite.if_asked_for(folder, DESK_FILE)
        try:
            connection = duckdb.connect(str(folder / DESK_FILE))
        except duckdb.Error as error:
            os.close(lock)
            raise Unavailable(
                "The desk in {folder} cannot be opened: {error}", folder=folder, error=first_line(error)
            ) from error
        try:
            connection.execute("SET TimeZone = 'UTC'")
            # Small transactions are quicker in one thread, and no worker of theirs waits for a core that a report has.
            connection.execute("SET threads = 1")
            # What was replayed after a crash goes into the file before anything else: DuckDB 1.5.5 loses it from
            # an index that nobody has looked into by the next checkpoint.
            connection.execute("CHECKPOINT")
            _migrate(connection, now)
        except BaseException:
            connection.close()
            os.close(lock)
            raise
        return cls(folder, connection, lock, now)

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
        """Run `work` in a transaction, durable when this returns; run again on a conflict.

        Works that wait at the same time share a transaction, one after the other. Each decides before it writes,
        so that what it raises has changed nothing; where one has changed something, all are run anew, each alone.
        """
        if self._written_by == threading.get_ident():
            raise RuntimeError("A transaction is under way: pass it on instead of the desk.")
        mine = _Waiting(work)
        with self._line_lock:
            self._line.append(mine)
            leading = not self._led
            self._led = True
        if not leading:
            mine.turn.wait()
        if not mine.done:
            self._lead()
        self._keep(mine.notes)
        return mine.outcome()

    def _lead(self) -> None:
        """Do the work of everybody in the line, beginning with one's own, and hand over to who came meanwhile."""
        with self._line_lock:
            group = self._line[:TOGETHER]
            del self._line[:TOGETHER]
        try:
            with self._writing:
                self._written_by = threading.get_ident()
                try:
                    self._run(group)
                finally:
                    self._written_by = None
        finally:
            with self._line_lock:
                self._line[:0] = [one for one in group[1:] if not one.done]  # its leader was interrupted
                following = self._line[0] if self._line else None
                self._led = following is not None
            for one in group:
                if one.done:
                    one.turn.set()
            if following:
                following.turn.set()

    def _run(self, group: list[_Waiting[Any]]) -> None:
        if len(group) > 1 and self._together(group):
            return
        for one in group:
            self._alone(one)

    def _together(self, group: list[_Waiting[Any]]) -> bool:
        """Run all of them in one transaction; False where that cannot be, and then nothing has happened."""
        tx = Tx(self._writer, self.number, self._known)
        outcomes: list[tuple[Any, AppError | None, list[Refusal]]] = []
        try:
            for one in group:
                changes, tx.notes = tx.changes, []
                try:
                    outcomes.append((one.work(tx), None, tx.notes))
                except AppError as refusal:
                    if tx.changes > changes:
                        tx.roll_back()
                        return False
                    outcomes.append((None, refusal, tx.notes))
            tx.commit()
        except Exception:  # whose it is shows when each is run alone
            tx.roll_back()
            return False
        except BaseException:
            tx.roll_back()
            raise
        self._committed(tx)
        for one, (one.result, one.refusal, one.notes) in zip(group, outcomes, strict=True):
            one.done = True
        return True

    def _alone(self, one: _Waiting[Any]) -> None:
        for _ in range(RETRIES):
            tx = Tx(self._writer, self.number, self._known)
            try:
                one.result = one.work(tx)
                tx.commit()
            except duckdb.TransactionException:
                tx.roll_back()
                continue
            except Exception as error:
                tx.roll_back()
                one.refusal, one.notes, one.done = error, tx.notes, True
                return
            except BaseException:
                tx.roll_back()
                raise
            self._committed(tx)
            one.notes, one.done = tx.notes, True
            return
        one.refusal = ConcurrentChange("Somebody else changed this at the same moment. Please try again.")
        one.done = True

    def _committed(self, tx: Tx) -> None:
        self._known = tx.known
        self.number = tx.number  # after the memory of it: who finds the number finds no older memory

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work`, which only reads, on one consistent state."""
        number = self.number
        known = self._known  # taken before the transaction begins, so that nothing old gets into newer memory
        try:
            cursor = self._readers.pop()
        except IndexError:
            cursor = self._connection.cursor()
        tx = Tx(cursor, number, known)
        try:
            return work(tx)
        finally:
            tx.roll_back()
            self._readers.append(cursor)
            self._keep(tx.notes)

    def note(self, refusal: Refusal) -> None:
        """Write down for the record that somebody was refused. Never an error of its own."""
        self._keep([refusal])

    def _keep(self, notes: Sequence[Refusal]) -> None:
        """Write refusals beside history, in a transaction of their own: no number, nothing for who follows the desk."""
        if not notes:
            return
        try:
            if new := self._lately.new(notes, self.clock):
                self.transact(lambda tx: record.add_refusals(tx, new))
        except Exception:
            log.exception("Refused, but not on record: %s.", ", ".join(note.action for note in notes))


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
            connection.execute("INSERT INTO migrations VALUES (?, ?)", as_stored([file.name, now]))
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
