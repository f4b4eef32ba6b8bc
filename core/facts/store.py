"""The facts' file: brought up to date from the desk, asked questions."""

import hashlib
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from core.desk import Desk, Tx, blocks, organisation, people, reasons, record
from core.desk.database import Database, first_line, is_forbidden, is_full, of_disk
from core.desk.transaction import Row
from core.errors import Unavailable
from core.facts import bulk, few
from core.facts.names import Names
from core.shipped import shipped

PARAMETER = re.compile(r"\$([a-z_]+)")
FACTS_FILE = "facts.duckdb"
LONGEST_REPORT = 30.0  # seconds
PATIENCE = 2.0  # seconds in which the facts go on while a moment is looked for to write them down
MOST_COMMANDS = 100_000  # that are looked at one by one: after more, everything is derived anew
MOST_ANSWERS = 500  # of reports, kept until the facts change
LONGEST_KEPT = 5_000  # rows: what is longer goes into a file, and nobody asks for it again
SHAPE = "10"  # of schema.sql; another one in the file means: make it anew

log = logging.getLogger(__name__)


def _sql(name: str) -> str:
    return shipped("core.facts", name)


@dataclass(frozen=True, slots=True)
class State:
    """What has been taken over."""

    number: int = 0  # of the last command known
    timezone: str | None = None  # that days are of
    mark: str | None = None  # of that command in the desk's history


class Facts:
    """The open facts. One thread at a time brings them up to date; any number ask.

    After an error that DuckDB does not survive the file is opened again, and made anew where it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = State()
        self._recognised = False  # that the desk is the one the facts are of
        self._names: Names | None = None  # as they are in the file, once they have been read
        self._changes = 0
        self._updating = threading.Lock()
        self._standing = threading.Lock()
        self._asking = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], Future[pd.DataFrame]] = OrderedDict()
        self._database = Database(partial(_connect, path), self._opened)

    def _opened(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._state = State(*cursor.execute("SELECT number, timezone, mark FROM store.state").fetchall()[0])
        self._recognised, self._names = False, None
        self._changed()

    @classmethod
    def open(cls, folder: Path) -> "Facts":
        """Open the facts in `folder`, which the caller has locked; begin them where there are none.

        They are derived: a file of another shape, or a damaged one, is made anew. Errors: `Unavailable` where it cannot be
        written.
        """
        return cls(folder / FACTS_FILE)

    def close(self) -> None:
        with self._standing, self._updating:
            self._database.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for the block. Errors: `Unavailable` where the disk fails."""
        try:
            with self._database.cursor() as cursor:
                yield cursor
        except duckdb.Error as error:
            if "Corrupt" in str(error):  # found while asking: on opening, a damaged file is made anew
                self._database.break_(error)
            if said := of_disk(error):
                raise said from error
            raise

    @property
    def number(self) -> int:
        """The number of the last command of the desk that the facts know."""
        return self._state.number

    @property
    def changes(self) -> int:
        """How often more than their number has changed since they were opened: messages, say, change nothing else."""
        return self._changes

    @contextmanager
    def standing_still(self) -> Iterator[Path]:
        """The facts' file as it is now, for another process to copy: nothing is written into it until the block ends.

        Meanwhile the facts go on, as what is new is written beside it (DuckDB's write-ahead log). This process must not
        open the file itself: that would release DuckDB's lock on it.
        """
        with self._standing, self._cursor() as cursor:  # in use, the file is not opened again
            self._checkpoint(cursor)
            yield self._path

    def _checkpoint(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write into the file what is beside it. DuckDB does it when no question is left that was asked before the last
        change: between two, or else, as nothing is changed meanwhile, as soon as those that run have ended.

        Errors: `Unavailable` where none of them ends.
        """
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE:
            with self._updating:
                if _checkpointed(cursor):
                    return
            time.sleep(0.02)
        with self._updating:
            while time.monotonic() < began + LONGEST_REPORT:
                if _checkpointed(cursor):
                    return
                time.sleep(0.02)
        raise Unavailable("The facts could not be written down, because a report did not end.")

    def catch_up(self, desk: Desk) -> int:
        """Take over what the desk's history has gained; return the number reached."""
        if self._is_behind(desk):
            with self._database.used(), self._updating:
                if self._is_behind(desk):
                    desk.read(lambda tx: self._take_over(tx, self._state.number))
        return self._state.number

    def _is_behind(self, desk: Desk) -> bool:
        return desk.number != self._state.number or not self._recognised

    def rebuild(self, desk: Desk) -> int:
        """Derive everything anew, with equal content."""
        with self._database.used(), self._updating:
            desk.read(lambda tx: self._take_over(tx, 0))
        return self._state.number

    def _take_over(self, desk: Tx, since: int) -> None:
        """Write what the desk, as it is in this one transaction, tells of the commands after `since`; all anew where
        days are of another time zone by now, or the facts of another desk or of one since restored."""
        commands = record.commands_from(desk, since, MOST_COMMANDS) if since else []
        all_told = 0 < len(commands) <= MOST_COMMANDS
        last = commands[-1] if all_told else record.last_command(desk)
        number, mark = (last[0], _mark(last)) if last else (0, None)
        if number != desk.number:  # something was committed since, which the desk's memory may not know of
            desk.known = {}
        timezone = organisation.organisation(desk).timezone
        if not all_told or (timezone, _mark(commands[0])) != (self._state.timezone, self._state.mark):
            since = 0
        if since:
            what = few.changed(desk, since, {action for _, _, _, action, _ in commands[1:]})
            as_of = max(at for _, at, *_ in commands)
        else:
            what, as_of = None, desk.value("SELECT max(occurred_at) FROM history")
        with self._cursor() as cursor:
            facts = Tx(cursor, number, {})
            try:
                # What was recorded later may have happened before.
                latest = "greatest(as_of, ?)" if since else "?"
                facts.run(
                    f"UPDATE store.state SET number = ?, as_of = {latest}, timezone = ?, mark = ?",
                    number, as_of, timezone, mark,
                )  # fmt: skip
                if not since:
                    facts.run(_sql("empty.sql"))
                    self._names = None
                names = self._names = self._names or Names(facts)
                others = _take_people_and_reasons(desk, facts, names, since)
                if what is None:
                    bulk.take_over(desk, facts, names, since, timezone)
                else:
                    few.take_over(desk, facts, names, what, timezone)
                facts.commit()
            except BaseException:
                facts.roll_back()
                self._names = None
                raise
        if what is None or what.touched or others:  # of most commands, messages, the facts know nothing
            self._changed()
        self._recognised = True
        self._state = State(number, timezone, mark)  # who finds it is told the new

    def _changed(self) -> None:
        self._changes += 1
        with self._asking:
            self._answers.clear()

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
                keep = len(answer.result()) <= LONGEST_KEPT
            except BaseException as error:
                keep = False
                answer.set_exception(error)
            if not keep:
                with self._asking:
                    if self._answers.get(key) is answer:
                        del self._answers[key]
        return answer.result().copy()

    def _frame(self, sql: str, params: dict[str, Any]) -> pd.DataFrame:
        with self._cursor() as cursor:
            answer = cursor.execute(sql, params).to_arrow_table()
        words = [
            pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in answer.schema
        ]
        found: pd.DataFrame = answer.cast(pa.schema(words)).to_pandas()
        return found


def _mark(command: Row) -> str:
    """What tells a command in the history from that of the same number in another desk's."""
    return hashlib.sha256(repr(command[1:]).encode()).hexdigest()


def _checkpointed(cursor: duckdb.DuckDBPyConnection) -> bool:
    try:
        cursor.execute("CHECKPOINT")
    except duckdb.TransactionException:
        return False
    return True


def _take_people_and_reasons(desk: Tx, facts: Tx, names: Names, since: int) -> bool:
    """Whether there was anything to take."""
    if since and since >= max(people.last_change(desk), reasons.last_change(desk)):
        return False
    arrived = desk.rows("SELECT id, name, role, active FROM users WHERE number > ?", since or -1)
    for id_, *_ in arrived:
        names.number("agents", id_)
    names.write(facts)
    for id_, *others in arrived:
        facts.run("UPDATE store.agents SET name = ?, role = ?, active = ? WHERE user_id = ?", *others, id_)
    sql = "SELECT id, description, category, value_mode, in_use FROM reasons WHERE number > ?"
    for id_, *others in desk.rows(sql, since):
        facts.run("DELETE FROM store.reasons WHERE reason_id = ?", id_)
        facts.insert("store.reasons", id_, *others)
    return True


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the file; make it anew where there is none, or a damaged one, which is set aside."""
    try:
        if path.exists() and (why := blocks.fault(path)):
            _set_aside(path, why)
        try:
            return _open(path)
        except (duckdb.Error, UnicodeDecodeError) as error:
            said = str(error)
            if is_full(said) or is_forbidden(said) or "Could not set lock" in said:
                raise
            _set_aside(path, first_line(error))
            return _open(path)
    except (duckdb.Error, OSError) as error:
        raise Unavailable(
            "The facts in {folder} cannot be written: {error}", folder=path.parent, error=first_line(error)
        ) from error


def _set_aside(path: Path, why: str) -> None:
    damaged = path.with_stem(f"{path.stem}-damaged")
    log.error(
        "The facts are damaged and derived anew from the desk; what was in %s is in %s: %s",
        path,
        damaged,
        why,
    )
    path.replace(damaged)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path))
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the file its shape, and shut the door on everything outside it."""
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute(
        "FROM duckdb_tables() WHERE schema_name = 'store' AND table_name = 'shape_' || ?", [SHAPE]
    ).fetchall()
    if not found:
        connection.begin()
        connection.execute("DROP SCHEMA IF EXISTS analytics CASCADE")
        connection.execute("DROP SCHEMA IF EXISTS store CASCADE")
        connection.execute(_sql("schema.sql"))
        connection.execute(f"CREATE TABLE store.shape_{SHAPE} (made BOOLEAN)")
        connection.commit()
    # The file is written by CHECKPOINT alone, when it may be: here on opening, then in `standing_still`, and on closing.
    connection.execute("CHECKPOINT")
    for setting in (
        "threads = 1",
        "wal_autocheckpoint = '1TB'",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
