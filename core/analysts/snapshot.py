"""Snapshots: all of schema `analytics` in files that people keep, complete or not at all.

`python -m core.analysts.snapshot FACTS FOLDER` writes one from a facts file that nobody else writes meanwhile. It is a
process of its own, and a modest one: it gives way to everybody else, and has little memory.
"""

import errno
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from core import disk
from core.clock import system_clock
from core.errors import AppError, Unavailable

FORMAT = 1  # of the manifest and of what it tells of
DATABASE = "desfecho.duckdb"
MANIFEST = "manifest.json"
MEMORY = "512MB"
TROUBLES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES)
# In a Parquet file for each month (UTC), in the order of these columns; every other view is one file.
MONTHLY = {
    "conclusions": ("concluded_at", "conclusion_id"),
    "classifications": ("classified_at", "classification_id"),
    "reopenings": ("reopened_at", "reopening_id"),
}

README = """# A snapshot of Desfecho

Everything analysts may ask about, as of {as_of}. All times are UTC, days are of {timezone}. `manifest.json` tells of
each table its columns, with their types and what they mean, its rows, and its files with their bytes and SHA-256.

`desfecho.duckdb` is a DuckDB file:

    duckdb desfecho.duckdb -c "FROM analytics.conclusions LIMIT 10"

`parquet/` holds the same tables. Keys are text in it, and values exact decimals. {monthly} have a file for each month,
and `month` as one more column.

    duckdb -c "FROM 'parquet/conclusions/*/*.parquet' LIMIT 10"
    pandas.read_parquet("parquet/conclusions")
    polars.scan_parquet("parquet/conclusions")

{tables}
"""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    comment: str | None


@dataclass(frozen=True)
class View:
    name: str
    comment: str | None
    columns: list[Column]


def write_snapshot(facts_file: Path, folder: Path, made_at: datetime) -> dict[str, Any]:
    """Write a snapshot of the facts into `folder`, which must not exist yet or be empty; return its manifest.

    Errors: `Unavailable`, where the folder is not empty or cannot be written (there is no room, say). Then, and
    whatever else happens, nothing is changed at `folder`. `made_at` is aware.
    """
    folder = folder.resolve()
    if "?" in str(folder):  # from there on, DuckDB 1.5.5 does not take it for the file's name
        raise Unavailable("{folder} has a question mark: choose another folder.", folder=folder)
    _refuse_what_is_in_use(folder)
    try:
        with _partial(folder) as partial:
            manifest = _write(facts_file, partial, made_at)
            _sync(partial)
            try:
                partial.rename(folder)  # an empty folder is replaced, any other is not
            except OSError:
                _refuse_what_is_in_use(folder)  # by now
                raise
            disk.sync(folder.parent)
            return manifest
    except (duckdb.Error, OSError, MemoryError) as error:
        raise Unavailable(
            "The snapshot cannot be written to {folder}: {why}", folder=folder, why=_why(error)
        ) from error


def _why(error: Exception) -> str:
    """In the system's own words, where DuckDB quotes them."""
    said = str(error).strip() or "out of memory"
    return next((words for words in map(os.strerror, TROUBLES) if words in said), said.splitlines()[0])


def totals(manifest: dict[str, Any]) -> dict[str, Any]:
    """What there is to say of a snapshot in one line: rows of each table, files, bytes."""
    files = [file for table in manifest["tables"] for file in table["files"]]
    return {
        "as_of": manifest["as_of"],
        "number": manifest["number"],
        "rows": {table["name"]: table["rows"] for table in manifest["tables"]},
        "files": len(files) + 1,
        "bytes": sum(file["bytes"] for file in files) + manifest["database"]["bytes"],
    }


# The folder ----------------------------------------------------------------------------------------


def _refuse_what_is_in_use(folder: Path) -> None:
    try:
        empty = not any(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(
            "The folder {folder} cannot be read: {why}", folder=folder, why=error.strerror
        ) from error
    if not empty:
        raise Unavailable("{folder} is not empty: choose a new folder.", folder=folder)
    if os.path.ismount(folder):  # which nothing can be renamed to
        raise Unavailable("{folder} is where a disk begins: choose a new folder inside.", folder=folder)


@contextmanager
def _partial(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder`, gone in the end where it has not been renamed. Those of killed processes go too."""
    begin = f".{folder.name}.partial-"
    partial = folder.parent / (begin + secrets.token_hex(8))
    try:
        for left in folder.parent.iterdir():
            if left.name.startswith(begin):
                disk.remove_unless_held(left)
        partial.mkdir()
    except OSError as error:
        raise Unavailable(
            "The folder {folder} cannot be written: {why}", folder=folder.parent, why=error.strerror
        ) from error
    try:
        with disk.held(partial):
            if folder.exists():
                shutil.copymode(folder, partial)
            yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Have the disk keep a folder and all that is in it."""
    for path in folder.rglob("*"):
        disk.sync(path)
    disk.sync(folder)


# What is in it -------------------------------------------------------------------------------------


def _write(facts_file: Path, folder: Path, made_at: datetime) -> dict[str, Any]:
    """Write everything into `folder`, compare it with the facts, and return the manifest."""
    working = folder / "working"
    working.mkdir()
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": MEMORY,
        "temp_directory": str(working),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with closing(duckdb.connect(config=settings)) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"ATTACH {_text(facts_file)} AS facts (READ_ONLY)")
        connection.execute("USE facts")
        state = _state(connection)
        views = _views(connection)
        # Read before there are other tables in sight: a view may tell of the tables there are.
        for view in views:
            if view.name not in MONTHLY:
                connection.execute(
                    f"CREATE TEMP TABLE {_name(view.name)} AS FROM analytics.{_name(view.name)}"
                )
        connection.execute(f"ATTACH {_text(folder / DATABASE)} AS snapshot")
        connection.execute("CREATE SCHEMA snapshot.analytics")
        rows = {view.name: _write_table(connection, view, folder, made_at) for view in views}
        connection.execute("CHECKPOINT snapshot")
    shutil.rmtree(working)

    manifest = {
        "format": FORMAT,
        "made_at": made_at.astimezone(UTC).isoformat(),
        **state,
        "duckdb": duckdb.__version__,
        "database": _described(folder / DATABASE, folder),
        "tables": [
            {
                "name": view.name,
                "comment": view.comment,
                "columns": [
                    {"name": column.name, "type": column.type, "comment": column.comment}
                    for column in view.columns
                ],
                "rows": rows[view.name],
                "files": [
                    {"rows": pq.read_metadata(path).num_rows, **_described(path, folder)}
                    for path in sorted((folder / "parquet" / view.name).rglob("*.parquet"))
                ],
            }
            for view in views
        ],
    }
    _compare(manifest, folder)
    (folder / "README.md").write_text(_readme(manifest), "utf-8")
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return manifest


def _readme(manifest: dict[str, Any]) -> str:
    return README.format(
        as_of=manifest["as_of"] or "the beginning",
        timezone=manifest["timezone"] or "UTC",
        monthly=", ".join(f"`{name}`" for name in MONTHLY),
        tables="\n".join(f"- `{table['name']}`: {table['comment']}" for table in manifest["tables"]),
    )


def _state(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Of which moment, command and shape the facts are, and of which time zone their days."""
    number, as_of, timezone = connection.execute(
        "SELECT number, as_of, timezone FROM store.state"
    ).fetchone() or (0, None, None)
    (shape,) = connection.execute(
        "SELECT max(table_name) FROM duckdb_tables()"
        " WHERE database_name = 'facts' AND schema_name = 'store' AND table_name LIKE 'shape\\_%' ESCAPE '\\'"
    ).fetchone() or (None,)
    return {
        "as_of": as_of and as_of.replace(tzinfo=UTC).isoformat(),
        "number": number,
        "shape": shape and shape.removeprefix("shape_"),
        "timezone": timezone,
    }


def _views(connection: duckdb.DuckDBPyConnection) -> list[View]:
    """The views of `analytics`, by name."""
    found = connection.execute(
        "SELECT view_name, comment FROM duckdb_views()"
        " WHERE database_name = 'facts' AND schema_name = 'analytics' ORDER BY view_name"
    ).fetchall()
    columns = connection.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
        " WHERE database_name = 'facts' AND schema_name = 'analytics' ORDER BY column_index"
    ).fetchall()
    return [
        View(name, comment, [Column(*column) for of, *column in columns if of == name])
        for name, comment in found
    ]


def _write_table(connection: duckdb.DuckDBPyConnection, view: View, folder: Path, made_at: datetime) -> int:
    """Write one view as a table and as Parquet; return how many rows the facts have of it."""
    source = f"facts.analytics.{_name(view.name)}" if view.name in MONTHLY else f"temp.{_name(view.name)}"
    table = f"snapshot.analytics.{_name(view.name)}"
    connection.execute(f"CREATE TABLE {table} AS FROM {source} WITH NO DATA")
    if view.comment:
        connection.execute(f"COMMENT ON TABLE {table} IS {_text(view.comment)}")
    for column in view.columns:
        if column.comment:
            connection.execute(f"COMMENT ON COLUMN {table}.{_name(column.name)} IS {_text(column.comment)}")
    # As text, because Polars takes them for bytes, as older versions of pandas do.
    keys = [_name(column.name) for column in view.columns if column.type == "UUID"]
    as_text = f" REPLACE ({', '.join(f'{key}::VARCHAR AS {key}' for key in keys)})" if keys else ""
    parquet = folder / "parquet" / view.name
    parquet.mkdir(parents=True)

    def write(where: str, order: str, file: Path) -> None:
        connection.execute(f"INSERT INTO {table} FROM {source} {where} ORDER BY {order}")
        connection.execute(
            f"COPY (SELECT *{as_text} FROM {table} {where}) TO {_text(file)} (FORMAT parquet, COMPRESSION zstd)"
        )

    if view.name not in MONTHLY:
        write("", "ALL", parquet / "data.parquet")
    else:
        time, key = map(_name, MONTHLY[view.name])
        months = connection.execute(
            f"SELECT DISTINCT date_trunc('month', {time})::DATE AS month FROM {source}"
            f" WHERE {time} IS NOT NULL ORDER BY month"
        ).fetchall()
        if not months:  # a file without rows, so that there is something to read
            months = [(made_at.astimezone(UTC).date().replace(day=1),)]
        for (month,) in months:
            first = f"DATE '{month}'"
            within = parquet / f"month={month:%Y-%m}"
            within.mkdir()
            write(
                f"WHERE {time} >= {first} AND {time} < {first} + INTERVAL 1 MONTH",
                f"{time}, {key}",
                within / "data.parquet",
            )
    (rows,) = connection.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,)
    return int(rows)


def _described(file: Path, folder: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"path": str(file.relative_to(folder)), "bytes": file.stat().st_size, "sha256": digest}


def _compare(manifest: dict[str, Any], folder: Path) -> None:
    """Errors: `Unavailable` where the files do not hold as many rows as the facts."""
    with closing(duckdb.connect(str(folder / DATABASE), read_only=True)) as connection:
        for table in manifest["tables"]:
            name = table["name"]
            (kept,) = connection.execute(f"SELECT count(*) FROM analytics.{_name(name)}").fetchone() or (0,)
            if not kept == table["rows"] == sum(file["rows"] for file in table["files"]):
                raise Unavailable(
                    "The snapshot holds other rows of {table} than the facts, and was thrown away.",
                    table=name,
                )


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"


# The process ---------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Write the snapshot; its totals as one line of JSON, or a sentence on stderr."""
    disk.tidy_when_stopped()
    os.nice(19)
    facts_file, folder = map(Path, arguments)
    try:
        manifest = write_snapshot(facts_file, folder, system_clock())
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BaseException as error:
        if not isinstance(
            error.__cause__ or error, KeyboardInterrupt
        ):  # the cause of what DuckDB raises then
            raise
        sys.stderr.write("The snapshot was stopped.\n")
        return 1
    sys.stdout.write(json.dumps(totals(manifest)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
