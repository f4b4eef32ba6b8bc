"""Opening the desk's file: whose the folder is, whether what is there is sound, and the migrations."""

import errno
import fcntl
import logging
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import duckdb

from core import disk
from core.desk import blocks
from core.desk.database import Damaged, first_line, is_forbidden, is_full
from core.desk.transaction import as_stored
from core.errors import Unavailable

DESK_FILE = "desk.duckdb"
WAL = ".wal"  # what DuckDB adds to the name of the file beside it that holds the latest transactions
LOCK_FILE = "desk.lock"
RESTORED = "desk-restored-"  # a checked desk that is to take the place of the one there is, from the moment it has this name
BEFORE_RESTORE = "desk-before-restore-"
RESTORING = "restoring"  # the folder in which a backup is checked

log = logging.getLogger(__name__)


def lock(folder: Path, owner: str) -> int:
    """Take the folder, made where there is none, for this process; a file says who has it.

    Errors: `Unavailable` where another process has it, or it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data: its owner's only
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if folder.stat().st_mode & 0o077:
            log.warning(
                "Others on this machine may look into the data folder %s: chmod 700 closes it.", folder
            )
        file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _cannot(folder, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()}{', ' + owner if owner else ''}".encode())
    except BlockingIOError:
        holder = os.read(file, 500).decode(errors="replace").strip()
        os.close(file)
        raise Unavailable(
            "The data folder {folder} is in use by another process ({owner}).",
            folder=folder,
            owner=holder or "?",
        ) from None
    except OSError as error:
        os.close(file)
        raise _cannot(folder, error) from error
    return file


def _cannot(folder: Path, error: Exception) -> Unavailable:
    """That the folder cannot be written, in the words that belong to the cause."""
    if is_full(str(error)):
        return Unavailable("There is no space left on the disk of the data folder {folder}.", folder=folder)
    return Unavailable("The data folder {folder} cannot be written.", folder=folder)


def connect(
    folder: Path, now: datetime, found: Callable[[int], None] = lambda _: None
) -> duckdb.DuckDBPyConnection:
    """Open the desk in `folder`, which this process has locked, or begin it; with every migration.

    `found` is told the last number of the history as soon as it can be read, whatever goes wrong then.

    Errors: `Unavailable` with what is wrong; `Damaged` where only a backup helps.
    """
    file = folder / DESK_FILE
    beside = file.with_name(DESK_FILE + WAL)
    try:
        if file.exists():
            if why := blocks.fault(file):
                raise damaged(file, why)
        elif beside.exists():  # DuckDB would remove it, and begin an empty desk
            raise Damaged(
                "{file} is missing, but what was written beside it is there ({beside}). Restore a backup:"
                " python -m core restore FILE --replace",
                file=file, beside=beside.name,
            )  # fmt: skip
        connection = _connect(file, found)
        try:
            return _migrated(connection, file, now)
        except BaseException:
            connection.close()
            raise
    except (duckdb.Error, OSError, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError):  # what DuckDB says quotes what is damaged
            raise damaged(file, "it cannot be read") from error
        said = str(error)
        if is_full(said) or is_forbidden(said):
            raise _cannot(folder, error) from error
        if "version number" in said:
            raise Unavailable(
                "The desk in {folder} was written by a newer version of DuckDB. Use the version of Desfecho that wrote it.",
                folder=folder,
            ) from error
        if isinstance(error, duckdb.Error) and any(
            word in said for word in ("WAL", "Corrupt", "Could not read enough")
        ):
            raise damaged(beside if "WAL" in said else file, first_line(error)) from error
        raise Unavailable(
            "The desk in {folder} cannot be opened: {error}", folder=folder, error=first_line(error)
        ) from error


def damaged(file: Path, why: str) -> Damaged:
    return Damaged(
        "{file} is damaged: {why}. Restore a backup: python -m core restore FILE --replace",
        file=file, why=why,
    )  # fmt: skip


def _connect(file: Path, found: Callable[[int], None] = lambda _: None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(file))
    try:
        found(_number(connection))
        connection.execute("SET TimeZone = 'UTC'")
        # Small transactions are quicker in one thread, and no worker of theirs waits for a core that a report has.
        connection.execute("SET threads = 1")
        # What was replayed after a crash goes into the file before anything else: DuckDB 1.5.5 loses it from
        # an index that nobody has looked into by the next checkpoint.
        connection.execute("CHECKPOINT")
    except BaseException:
        connection.close()
        raise
    return connection


# Restoring -----------------------------------------------------------------------------------------


def finish_restoring(folder: Path) -> None:
    """Put the desk that was restored in its place: the rest of `restore`, also where that was killed in the middle.

    The desk there was is moved aside, with what is beside it. The facts are derived from another desk by now.
    """
    for restored in sorted(folder.glob(f"{RESTORED}*.duckdb")):
        moment = restored.stem.removeprefix(RESTORED)
        file, aside = folder / DESK_FILE, folder / f"{BEFORE_RESTORE}{moment}.duckdb"
        for end in ("", WAL):
            beside = file.with_name(file.name + end)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + end))
        for derived in folder.glob("facts.duckdb*"):
            derived.unlink()
        restored.rename(file)
        disk.sync(folder)
    shutil.rmtree(folder / RESTORING, ignore_errors=True)


# Migrations ----------------------------------------------------------------------------------------


def _migrated(connection: duckdb.DuckDBPyConnection, file: Path, now: datetime) -> duckdb.DuckDBPyConnection:
    """The connection, or another one, after the migrations that the file has not had.

    A desk in use is first copied beside itself, and the copy kept.
    """
    missing = _missing(connection)
    if missing and (number := _number(connection)):
        connection.close()  # so that the file is whole, and may be read
        _keep_copy(
            file, file.with_name(f"desk-before-{missing[0].name.removesuffix('.sql')}-at-{number}.duckdb")
        )
        connection = _connect(file)
    for migration in missing:
        connection.begin()
        try:
            connection.execute(migration.read_text("utf-8"))
            connection.execute("INSERT INTO migrations VALUES (?, ?)", as_stored([migration.name, now]))
            connection.commit()
        except duckdb.Error as error:
            connection.close()
            if is_full(str(error)) or is_forbidden(str(error)):
                raise
            raise Unavailable(
                "The desk could not be brought to the shape of this version ({migration}): {error}. It is as it was.",
                migration=migration.name, error=first_line(error),
            ) from error  # fmt: skip
        except BaseException:
            connection.rollback()
            raise
    return connection


def _missing(connection: duckdb.DuckDBPyConnection) -> list[Traversable]:
    """The migrations to apply, in order. Errors: `Unavailable` where the file has had others."""
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
    return [file for file in files if file.name not in applied]


def _number(connection: duckdb.DuckDBPyConnection) -> int:
    """Of the last command in the history; 0: a desk just begun."""
    if not connection.execute("FROM duckdb_tables() WHERE table_name = 'history'").fetchall():
        return 0
    ((number,),) = connection.execute("SELECT coalesce(max(number), 0) FROM history").fetchall()
    return int(number)


def _keep_copy(file: Path, copy: Path) -> None:
    """Copy the desk, unless an upgrade that failed has done it already; complete or not at all."""
    if copy.exists():
        return
    partial = copy.with_name(f".{copy.name}.partial")
    try:
        shutil.copyfile(file, partial)
        partial.chmod(0o600)
        disk.sync(partial)
        partial.rename(copy)
        disk.sync(copy.parent)
    finally:
        partial.unlink(missing_ok=True)
    log.warning("The desk is brought to the shape of this version; as it was, it is kept in %s.", copy)
