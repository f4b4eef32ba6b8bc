"""Writing the desk's file anew, so that what was erased is in it no more.

DuckDB leaves what was deleted where it was, in blocks that it will use again some day, until then readable by whoever has
the file. So an erasure leaves a note, and the next start, before the desk is opened, copies what there is into a new file.
"""

import logging
import shutil
from pathlib import Path

import duckdb

from core import disk

NOTE = "desk.rewrite"

log = logging.getLogger(__name__)


def ask_for(folder: Path) -> None:
    """Have the file written anew at the next start."""
    (folder / NOTE).touch(mode=0o600)


def if_asked_for(folder: Path, name: str) -> None:
    """Write the desk's file anew where that was asked for; the caller has the folder, and no file of it open.

    The old file is there, whole, until the new one takes its place. Where that fails, on a full disk say, the
    old one stays in use, and the next start tries again.
    """
    if not (folder / NOTE).exists() or not (folder / name).exists():
        return
    old, new = folder / name, folder / f"{name}.new"
    spill = folder / f"{name}.tmp"
    try:
        _remove(new)
        _copy(old, new, spill)
        new.chmod(old.stat().st_mode & 0o777)
        disk.sync(new)
        if (folder / f"{name}.wal").exists():
            raise OSError("The old file was not closed.")
        new.replace(old)
        disk.sync(folder)
        (folder / NOTE).unlink()
    except (duckdb.Error, OSError) as error:
        log.warning(
            "The desk was not written anew after an erasure; the next start tries again.", exc_info=error
        )
        _remove(new)
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _copy(old: Path, new: Path, spill: Path) -> None:
    """Errors: what DuckDB raises; `OSError` where the copy is not the same."""
    connection = duckdb.connect(config={"temp_directory": str(spill), "allow_community_extensions": False})
    try:
        for name, file in (("old", old), ("new", new)):
            connection.execute(f"ATTACH '{str(file).replace(chr(39), chr(39) * 2)}' AS {name}")
        connection.execute("CHECKPOINT old")  # what a crash left beside it
        connection.execute("COPY FROM DATABASE old TO new")
        if _counts(connection, "old") != _counts(connection, "new"):
            raise OSError("The copy is not the same.")
        for name in ("old", "new"):
            connection.execute(f"CHECKPOINT {name}")
            connection.execute(f"DETACH {name}")
    finally:
        connection.close()


def _counts(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, int]]:
    """The rows of each table, and how many indexes and constraints there are."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY 1", [database]
    ).fetchall()
    sums = [f"SELECT '{name}', count(*) FROM {database}.{name}" for (name,) in tables]
    sums += [f"SELECT '{of}', count(*) FROM {of}() WHERE database_name = '{database}'" for of in
             ("duckdb_indexes", "duckdb_constraints", "duckdb_views")]  # fmt: skip
    return connection.execute(" UNION ALL ".join(sums) + " ORDER BY 1").fetchall()


def _remove(new: Path) -> None:
    for file in (new, new.with_name(f"{new.name}.wal")):
        file.unlink(missing_ok=True)
