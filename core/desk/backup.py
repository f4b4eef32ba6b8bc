"""Backups: the whole desk in one file, read back before it counts. And restoring one.

`python -m core.desk.backup DESK FILE NUMBER NOW` is the process that copies and reads back, beside the one that has the
desk: that one must not open its own file, and has agents to answer.
"""

import json
import os
import secrets
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import disk
from core.desk import blocks, opening, rewrite
from core.desk.check import faults
from core.desk.opening import BEFORE_RESTORE, DESK_FILE, RESTORED, RESTORING, WAL
from core.desk.store import Desk
from core.desk.transaction import Tx
from core.errors import AppError, Unavailable

PARTIAL = ".desfecho-backup-"  # folders beside backups, while they are written
COPIED, GO_ON = "copied", "go on"
ROOT = Path(__file__).parents[2]


def back_up(desk: Desk, file: Path, now: datetime) -> dict[str, Any]:
    """Write the desk, as it is now or a little later, into `file`: complete and read back, or not at all.

    Returns {bytes, number, rows: {table: n}, faults}. A desk with faults (core/desk/check.py) is backed up all the same.
    Errors: `Unavailable`, where there is a file already, it cannot be written, or what was copied is damaged.
    """
    file = file.absolute()
    _refuse_what_is_there(file)
    if "?" in str(file.parent):  # from there on, DuckDB 1.5.5 does not take it for the file's name
        raise Unavailable("{folder} has a question mark: choose another folder.", folder=file.parent)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DESFECHO_")}
    with desk.standing_still() as (source, number):
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "core.desk.backup", str(source), str(file), str(number), now.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            text=True,
        )
        assert process.stdin and process.stdout and process.stderr
        process.stdout.readline()  # it has copied, or ended
    with process:
        with suppress(BrokenPipeError):  # it has ended
            os.write(process.stdin.fileno(), f"{GO_ON}\n".encode())
        done, said = process.stdout.read(), process.stderr.read().strip()
    if process.returncode:
        raise Unavailable("{error}", error=said.splitlines()[-1] if said else "The backup was stopped.")
    report: dict[str, Any] = json.loads(done.splitlines()[-1])  # DuckDB may have shown how far it was
    return report


def restore(folder: Path, file: Path, now: datetime, *, replace: bool) -> dict[str, Any]:
    """Put the desk of a backup into `folder`, checked before anything there changes; all sign-ins end.

    A desk that is there is moved aside with `replace`. Killed at any moment, the folder has the old desk or the new one,
    whole. Returns {number, rows: {table: n}, faults, aside}, the last one the file of the desk there was, or None.
    Errors: `Unavailable`.
    """
    lock = opening.lock(folder, "python -m core restore")
    staging, moment = folder / RESTORING, f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    try:
        opening.finish_restoring(folder)
        there = any((folder / f"{DESK_FILE}{end}").exists() for end in ("", WAL))
        aside = folder / f"{BEFORE_RESTORE}{moment}.duckdb"
        if there and not replace:
            raise Unavailable(
                "There is a desk in {folder}. With --replace it is moved aside, and the backup takes its place.",
                folder=folder,
            )
        if aside.exists():
            raise Unavailable("{file} exists already: try again in a second.", file=aside)
        try:
            staging.mkdir(mode=0o700)
            _copy(file, staging)
            report = _read_back(staging, now, _end_sign_ins)
        except OSError as error:
            raise Unavailable("{file} cannot be restored: {why}", file=file, why=error.strerror) from error
        except Unavailable as error:
            why = error.params.get("why", error)
            raise Unavailable("{file} cannot be restored: {why}", file=file, why=why) from error
        if report["rows"]["erasures"]:  # and their bytes may be in the file
            rewrite.ask_for(folder)
        # From this name on the restoring is decided; what is left to do, the next who opens the folder does otherwise.
        (staging / DESK_FILE).rename(folder / f"{RESTORED}{moment}.duckdb")
        disk.sync(folder)
        opening.finish_restoring(folder)
        return report | {"aside": str(aside) if there else None}
    finally:
        try:
            shutil.rmtree(staging, ignore_errors=True)
        finally:
            os.close(lock)


def _end_sign_ins(desk: Desk, now: datetime) -> None:
    """Whoever signed out, or was deactivated, since the backup was made does not come back with it."""
    desk.transact(lambda tx: tx.run("UPDATE sign_ins SET signed_out_at = ? WHERE signed_out_at IS NULL", now))


# A copy, and whether it is a desk ------------------------------------------------------------------


def _refuse_what_is_there(file: Path) -> None:
    if os.path.lexists(file):
        raise Unavailable("{file} exists already: choose another name.", file=file)


def _copy(file: Path, folder: Path) -> None:
    """Copy a desk into a folder of its own, first the file and then what is beside it."""
    beside = file.with_name(file.name + WAL)
    for source, copy in ((file, folder / DESK_FILE), (beside, folder / f"{DESK_FILE}{WAL}")):
        if source == file or source.exists():
            shutil.copyfile(source, copy)
            copy.chmod(0o600)


def _read_back(
    folder: Path, now: datetime, change: Callable[[Desk, datetime], None] | None = None
) -> dict[str, Any]:
    """Open the desk in a folder of its own, change it where that is due, read all of it, and leave it in one file.

    Errors: `Unavailable` where it cannot be read as a whole.
    """
    desk = Desk.open(folder, now)
    try:
        if change:
            change(desk, now)
        report = desk.read(lambda tx: {"number": desk.number, "rows": _rows(tx), "faults": faults(tx)})
    finally:
        desk.close()
    file = folder / DESK_FILE
    if (folder / f"{DESK_FILE}{WAL}").exists():
        raise Unavailable("There is no space left on the disk of {folder}.", folder=folder)
    if why := blocks.fault(file):
        raise opening.damaged(file, why)
    disk.sync(file)
    return report


def _rows(tx: Tx) -> dict[str, int]:
    """How many rows each table has, after every value of theirs was read."""
    tables = tx.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY table_name")
    return {name: tx.row(f"SELECT count(*), bit_xor(hash(t)) FROM {name} AS t")[0] for (name,) in tables}  # type: ignore[index]


# The process ---------------------------------------------------------------------------------------


def write_backup(desk_file: Path, file: Path, number: int, now: datetime) -> dict[str, Any]:
    """Copy, say so, wait for leave to go on, read back, and give the copy its name."""
    with _partial(file.parent) as folder:
        _copy(desk_file, folder)
        if (
            desk_file.parent / rewrite.NOTE
        ).exists():  # what was erased since the last start is in what was copied
            rewrite.ask_for(folder)
        sys.stdout.write(f"{COPIED}\n")
        sys.stdout.flush()
        if (
            sys.stdin.readline() != f"{GO_ON}\n"
        ):  # who has the desk was killed: another may have written meanwhile
            raise KeyboardInterrupt
        report = _read_back(folder, now)
        if report["number"] < number:
            raise Unavailable(
                "What was copied ends with command {copied}, and the desk had reached {number}: it was thrown away.",
                copied=report["number"], number=number,
            )  # fmt: skip
        if select.select([sys.stdin], [], [], 0)[0]:  # the end: nobody waits for it any more
            raise KeyboardInterrupt
        copy = folder / DESK_FILE
        try:
            os.link(copy, file)  # never in the place of another one
        except FileExistsError:
            _refuse_what_is_there(file)
        except OSError:  # a disk without such links
            _refuse_what_is_there(file)
            copy.rename(file)
        disk.sync(file.parent)
        return report | {"bytes": file.stat().st_size}


@contextmanager
def _partial(beside: Path) -> Iterator[Path]:
    """A new folder in `beside`, gone in the end. Those of killed processes go too."""
    for left in beside.glob(f"{PARTIAL}*"):
        disk.remove_unless_held(left)
    folder = beside / f"{PARTIAL}{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        with disk.held(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Write the backup; its report as one line of JSON, or a sentence on stderr."""
    disk.tidy_when_stopped()
    desk_file, file = map(Path, arguments[:2])
    try:
        report = write_backup(desk_file, file, int(arguments[2]), datetime.fromisoformat(arguments[3]))
    except AppError as error:
        sys.stderr.write(f"The backup cannot be written to {file}: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The backup cannot be written to {file}: {error.strerror}\n")
        return 1
    except BaseException as error:
        if not isinstance(
            error.__cause__ or error, KeyboardInterrupt
        ):  # the cause of what DuckDB raises then
            raise
        sys.stderr.write("The backup was stopped.\n")
        return 1
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
