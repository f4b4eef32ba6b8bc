"""The desk's file, its one writer, and its many readers.

Commands that come at the same time are committed together: the first in the line does the work of all who wait.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import duckdb

from core.desk import opening, record, rewrite
from core.desk.database import IN_DOUBT, Database, InDoubt, first_line, is_forbidden, is_full, of_disk
from core.desk.opening import DESK_FILE as DESK_FILE
from core.desk.opening import LOCK_FILE as LOCK_FILE
from core.desk.transaction import Known, NotRemembered, Tx
from core.errors import AppError, ConcurrentChange, Unavailable
from core.model import Refusal

T = TypeVar("T")

RETRIES = 5
TOGETHER = 64  # commands committed at once, at most

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

    One process at a time owns the data folder: a lock on a file of its own, beside DuckDB's, says so. After an error of
    the disk that DuckDB does not survive the file is opened again, by the next who needs it.
    """

    number: int  # of the last command that is in the history

    def __init__(self, folder: Path, lock: int, now: datetime) -> None:
        self.folder = folder
        self.clock: Callable[[], datetime] = lambda: now  # of refusals without a time; who serves sets theirs
        self._lately = record.Lately()
        self._lock: int | None = lock  # None: closed
        self._writing = threading.Lock()
        self._standing = threading.Lock()
        self._written_by: int | None = None  # the thread that holds it
        self._line: list[_Waiting[Any]] = []  # who waits to write
        self._line_lock = threading.Lock()
        self._led = False  # somebody is doing the line's work
        self._told = ""  # in the log of the disk, last
        self._in_file: int | None = None  # the last number that a file opened again has
        self._database = Database(lambda: opening.connect(folder, now, self._found), self._opened)

    def _found(self, number: int) -> None:
        self._in_file = number

    def _opened(self, writer: duckdb.DuckDBPyConnection) -> None:
        self._writer = writer
        self._known: Known = {}
        ((self.number,),) = writer.execute("SELECT coalesce(max(number), 0) FROM history").fetchall()

    @classmethod
    def open(cls, folder: Path, now: datetime, owner: str = "") -> "Desk":
        """Open, or begin, the desk in `folder`. `owner` tells another process who has it.

        Errors: `Unavailable` where another process has the folder, it cannot be written, what is in it is damaged, or
        a newer version has written it.
        """
        lock = opening.lock(folder, owner)
        try:
            opening.finish_restoring(folder)
            rewrite.if_asked_for(folder, DESK_FILE)
            return cls(folder, lock, now)
        except BaseException:
            os.close(lock)
            raise

    def close(self) -> None:
        """Give the folder back; a second time does nothing."""
        with self._standing, self._writing:
            if self._lock is None:
                return
            self._database.close()
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def standing_still(self) -> Iterator[tuple[Path, int]]:
        """The desk's file, for another process to copy, and then what is beside it, and the number that the copy has at
        least: nothing is written into the file until the block ends.

        Meanwhile the desk goes on, as what is new is written beside it (DuckDB's write-ahead log). This process must not
        open the file itself: that would release DuckDB's lock on it.
        """
        with self._standing, ExitStack() as stack:
            with self._writing:  # nobody is committing
                cursor = stack.enter_context(self._database.cursor())  # in use, the file is not opened again
                cursor.execute("SET wal_autocheckpoint = '1TB'")
                number = self.number
            try:
                yield self.folder / DESK_FILE, number
            finally:
                with suppress(duckdb.Error):  # opened again, it has forgotten this
                    cursor.execute("RESET wal_autocheckpoint")

    def checkpoint(self) -> None:
        """Write into the file what is beside it: after much at once, which DuckDB 1.5.5 cannot always replay together
        with what is deleted later."""
        unless_it_cannot = suppress(duckdb.Error, Unavailable)  # then the next one does it, or closing
        with unless_it_cannot, self._standing, self._writing, self._database.cursor() as cursor:
            cursor.execute("CHECKPOINT")

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
        try:
            with self._database.used():
                if len(group) > 1 and self._together(group):
                    return
                for one in group:
                    self._alone(one)
        except Unavailable as closed:  # what a command raises has become its outcome
            for one in group:
                if not one.done:
                    one.refusal, one.done = closed, True

    def _together(self, group: list[_Waiting[Any]]) -> bool:
        """Run all of them in one transaction; False where that cannot be, and then nothing has happened."""
        tx = Tx(self._writer, self.number, self._known)
        outcomes: list[tuple[Any, BaseException | None, list[Refusal]]] = []
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
        except duckdb.Error as error:
            failed = self._failed(tx, error)
            if isinstance(failed, InDoubt):
                outcomes = [(None, InDoubt(IN_DOUBT), []) for _ in group]
                tx = Tx(self._writer, self.number, self._known)
            elif failed:
                return False
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
            except duckdb.Error as error:
                one.refusal = self._failed(tx, error)
                if isinstance(one.refusal, ConcurrentChange):
                    continue
                if one.refusal:
                    one.done = True
                    return
            except Exception as error:
                tx.roll_back()
                one.refusal, one.notes, one.done = error, tx.notes, True
                return
            except BaseException:
                tx.roll_back()
                raise
            self._committed(tx)
            one.refusal, one.notes, one.done = None, tx.notes, True
            return
        one.done = True

    def _failed(self, tx: Tx, error: duckdb.Error) -> BaseException | None:
        """Roll back, and open the file again where that is needed: what to say of the error. None: `tx` is kept after all,
        as the file says once it is open again."""
        tx.roll_back()
        self._database.note(error)
        if isinstance(error, duckdb.TransactionException) and not of_disk(error):
            return ConcurrentChange("Somebody else changed this at the same moment. Please try again.")
        if not self._database.broken:
            return self._refused(error)
        since, self._in_file, said = self.number, None, self._refused(error)
        # Other failures may have left on the disk less than can be read at the moment.
        surely = is_full(str(error)) or is_forbidden(str(error))
        try:
            self._database.renew()
            surely = True
        except Unavailable as closed:
            said = closed
        if not (tx.committing and tx.changes):
            return said
        if self._in_file is None or not surely or tx.number == since:  # or it had no number to look for
            return InDoubt(IN_DOUBT)
        return None if self._in_file == tx.number else said

    def _committed(self, tx: Tx) -> None:
        self._told = ""
        self._known = tx.known
        self.number = tx.number  # after the memory of it: who finds the number finds no older memory

    def read(self, work: Callable[[Tx], T]) -> T:
        """Run `work`, which only reads, on one consistent state."""
        notes: list[Refusal] = []
        try:
            with self._database.cursor() as cursor:
                # The memory is taken before the transaction begins, so that nothing old gets into newer memory.
                number, known = self.number, self._known
                tx = Tx(cursor, number, known)
                try:
                    return work(tx)
                finally:
                    tx.roll_back()
                    notes = tx.notes
        except duckdb.Error as error:
            if of_disk(error):
                raise self._refused(error) from error
            raise
        finally:
            self._keep(notes)

    def recall(self, work: Callable[[Tx], T]) -> T | None:
        """What `work` finds in what is remembered, without waiting for anybody; None where the file has to be asked."""
        try:
            return work(Tx.of_memory(self.number, self._known))
        except NotRemembered:
            return None

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

    def _refused(self, error: duckdb.Error) -> Exception:
        """What to say of an error; what the disk did is logged once, until a command has succeeded."""
        if (said := of_disk(error)) is None:
            return error
        if said.message != self._told:
            self._told = said.message
            log.error("The disk: %s", first_line(error))
        return said
