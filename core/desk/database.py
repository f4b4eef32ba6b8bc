"""A DuckDB file kept open: opened again after an error that DuckDB does not survive, and what is said of such errors.

A disk that is full while DuckDB writes into its file leaves an instance that answers nothing more, whatever is freed
(DuckDB 1.5.5). Closed and opened again, the file has every transaction that was acknowledged.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import duckdb

from core.errors import Unavailable
from core.text import N_

NO_SPACE = N_(
    "There is no space left on the disk of the data folder. Nothing was changed; please try again when there is."
)
NOT_WRITABLE = N_(
    "The data folder cannot be written at the moment. Nothing was changed; please try again when it can."
)
FAILED = N_("The disk of the data folder failed. Nothing was changed; please try again later.")
IN_DOUBT = N_(
    "The disk of the data folder failed at the last moment. What you did may have been kept or not:"
    " please look before you do it again."
)
STOPPED = N_("The application is stopping.")
DAMAGED = N_("The data are damaged and have to be restored from a backup. Nothing was changed.")

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
AGAIN = 1.0  # seconds until a file that could not be opened again is tried once more
PATIENCE = 30.0  # seconds in which those who still use a broken file have to end

log = logging.getLogger(__name__)


class InDoubt(Unavailable):
    """A commit of which nobody can know yet whether it was kept."""


class Damaged(Unavailable):
    """A file that does not hold what was written into it."""


def is_full(said: str) -> bool:
    """Whether the system said, in what DuckDB or Python quotes, that there is no room."""
    return any(os.strerror(number) in said for number in FULL)


def is_forbidden(said: str) -> bool:
    return any(os.strerror(number) in said for number in FORBIDDEN)


def of_disk(error: BaseException) -> Unavailable | None:
    """What to say to somebody whose command or question failed with the disk; None where it was not the disk."""
    if isinstance(error, duckdb.TransactionException):
        # A conflict of two transactions is one too, and may name what people wrote: only how it begins tells.
        disk = "Failed to commit: Could not " in str(error) or "Failed to commit: Cannot " in str(error)
    else:
        disk = isinstance(error, duckdb.IOException | duckdb.FatalException)
    if not disk:
        return None
    return Unavailable(_sentence(str(error)))


def _sentence(said: str) -> str:
    if is_full(said):
        return NO_SPACE
    if is_forbidden(said):
        return NOT_WRITABLE
    return DAMAGED if "Corrupt database file" in said else FAILED


class Database:
    """Cursors of one open file, for any number of threads.

    `connect` opens the file, and says in an `Unavailable` what is wrong with it; `opened` is given, each time, a cursor
    that stays open as long as the file. Errors: those of `connect`.
    """

    def __init__(
        self,
        connect: Callable[[], duckdb.DuckDBPyConnection],
        opened: Callable[[duckdb.DuckDBPyConnection], None],
    ) -> None:
        self._connect = connect
        self._opened = opened
        self._turn = threading.Condition()
        self._using: list[int] = []  # the threads
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._closed = False
        self._why: str = FAILED  # of a file that is not open
        self._next_try = 0.0
        self._own: list[
            duckdb.DuckDBPyConnection
        ] = []  # the connection, and the cursor that `opened` was given
        self._told = False  # in the log, that it cannot be opened again
        self.broken = False
        self._open()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Have the file open until the block ends: nobody opens it again meanwhile, unless this thread does."""
        me = threading.get_ident()
        with self._turn:
            if self._closed:
                raise Unavailable(STOPPED)
            if self.broken:
                if me in self._using:
                    raise Unavailable(self._why)
                self._renew()
            self._using.append(me)
        try:
            yield
        finally:
            with self._turn:
                self._using.remove(me)
                self._turn.notify_all()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for this thread alone until the block ends."""
        with self.used():
            try:
                cursor = self._idle.pop()
            except IndexError:
                cursor = self._own[0].cursor()
            try:
                yield cursor
            except duckdb.Error as error:
                self.note(error)
                raise
            finally:
                if self.broken or self._closed:
                    with suppress(duckdb.Error):
                        cursor.close()
                else:
                    self._idle.append(cursor)

    def note(self, error: BaseException) -> None:
        """Tell of an error: after some, the file has to be opened again."""
        if isinstance(error, duckdb.FatalException | duckdb.InternalException):
            self.break_(error)

    def break_(self, error: BaseException) -> None:
        """Have the file opened again by who uses it next."""
        with self._turn:
            if not self.broken:
                log.error("The database has to be opened again: %s", first_line(error))
                self.broken, self._why, self._next_try = True, _sentence(str(error)), 0.0

    def renew(self) -> None:
        """Open the file again now, where it is broken; who calls this uses no cursor of it any more.

        Errors: `Unavailable` where that cannot be, yet.
        """
        with self._turn:
            if self.broken:
                self._renew()

    def _renew(self) -> None:
        if self._closed or time.monotonic() < self._next_try:
            raise Unavailable(self._why)
        me = threading.get_ident()
        if not self._turn.wait_for(lambda: all(user == me for user in self._using), PATIENCE):
            raise Unavailable(self._why)
        if self._closed:
            raise Unavailable(STOPPED)
        if not self.broken:  # somebody else has done it
            return
        self._drop()
        try:
            self._open()
        except (Unavailable, duckdb.Error) as error:
            sentence = DAMAGED if isinstance(error, Damaged) else _sentence(f"{error} {error.__cause__}")
            self._why = sentence
            self._next_try = time.monotonic() + AGAIN
            if not self._told:
                self._told = True
                log.error("It cannot be opened again, yet: %s", first_line(error))
            raise Unavailable(self._why) from error
        self.broken = self._told = False
        log.warning("The database is open again.")

    def _open(self) -> None:
        connection = self._connect()
        self._own = [connection, connection.cursor()]
        try:
            self._opened(self._own[1])
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        """Let go of every cursor: as long as there is one, DuckDB opens the broken instance again."""
        for cursor in (*self._idle, *reversed(self._own)):
            with suppress(duckdb.Error):  # of a broken instance
                cursor.close()
        self._idle, self._own = [], []

    def close(self) -> None:
        with self._turn:
            self._closed = self.broken = True
            self._why = STOPPED
            self._drop()


def first_line(error: BaseException) -> str:
    """What DuckDB says first, which names the cause."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
