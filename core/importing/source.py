"""The file of an import, read through its mapping, where neither can touch anything else."""

import codecs
import csv
import gzip
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import available_timezones

import duckdb
import pyarrow as pa

from core.errors import Invalid
from core.importing import texts
from core.shipped import shipped

REQUIRED = ("conversation", "event", "occurred_at")
OPTIONAL = (
    "contact", "contact_name", "channel", "agent", "direction", "body", "reason", "category", "value", "currency",
    "archive", "line",
)  # fmt: skip

# Formats that nothing has: DuckDB would make of 10:00-03:00 a time without a zone, to be read in --timezone.
JSON_READER = "read_json($1, compression = $2, timestampformat = 'no time %Y', dateformat = 'no date %Y')"
READERS = {
    "csv": (
        "CSV",
        "read_csv($1, delim = $3, quote = '\"', escape = '\"', header = true, skip = 0, all_varchar = true, compression = $2)",
    ),
    "parquet": ("Parquet", "read_parquet($1)"),
    "json": ("JSON", JSON_READER),
    "ndjson": ("JSON", JSON_READER),
    "jsonl": ("JSON", JSON_READER),
}
CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
DUCKDB_KIND = re.compile(r"^[A-Za-z ]+ Error: ")
DUCKDB_ADVICE = re.compile(r"\n\s*(?:Possible (?:fixes|Solution)|LINE \d|The search space|file = )")
FILE_NAME = re.compile(r"\.(csv|parquet|json|ndjson|jsonl)(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What came out of the mapping, in the DuckDB instance that made it.

    `workshop` has the table `cleaned`, one row per row of the mapping, and is shut off from everything outside.
    """

    workshop: duckdb.DuckDBPyConnection
    rows_read: int  # of the file
    columns: tuple[str, ...]  # that the mapping gives
    table: pa.Table  # as it gives them


def sql(name: str) -> str:
    return shipped("core.importing", name)


@contextmanager
def read(file: Path, mapping: str, timezone: str, currency: str, latest: datetime) -> Iterator[Mapped]:
    """Read `file` through `mapping`. `currency`: of values that name none. `latest`: no event can be later.

    Errors: `Invalid` where the file, the mapping or the time zone is at fault.
    """
    if not timezone.strip():
        raise Invalid(
            "The time zone is empty. Name one, such as America/Sao_Paulo, or leave it out for UTC.",
            field="timezone",
        )
    if timezone not in available_timezones() - {"localtime"}:
        raise Invalid("{timezone} is not a time zone.", field="timezone", timezone=timezone)
    workshop = duckdb.connect(":memory:")
    with TemporaryDirectory(prefix="desfecho-") as spill:
        try:
            for variable, value in (("timezone", timezone), ("currency", currency)):
                workshop.execute(f"SET VARIABLE {variable} = {_literal(value)}")
            utc = latest.astimezone(UTC).replace(tzinfo=None)
            workshop.execute(f"SET VARIABLE latest = TIMESTAMP {_literal(utc.isoformat(' '))}")
            _open(workshop, file, timezone, spill)
            rows_read = _count(workshop, file)
            columns, table = _map(workshop, mapping, file)
            _clean(workshop, columns, table)
            yield Mapped(workshop, rows_read, columns, table)
        finally:
            workshop.close()


def _open(workshop: duckdb.DuckDBPyConnection, file: Path, timezone: str, spill: str) -> None:
    """Make the view `source`, and shut the door on every other file."""
    if not file.exists():
        raise Invalid("There is no file {file}.", field="file", file=file)
    if not (file.is_file() and os.access(file, os.R_OK)):
        raise Invalid("The file {file} cannot be read.", field="file", file=file)
    kind = FILE_NAME.search(file.name)
    if kind is None or (kind[1].lower() == "parquet" and kind[2]):
        raise Invalid(
            "The name of {file} must end in {endings} or .parquet.",
            field="file", file=file.name, endings=", ".join(f".{kind}, .{kind}.gz" for kind in READERS if kind != "parquet"),
        )  # fmt: skip
    _check_not_empty(file, bool(kind[2]))
    path = str(file.resolve())
    name, reader = READERS[kind[1].lower()]
    reader = reader.replace("$2", "'gzip'" if kind[2] else "'uncompressed'")
    if "$3" in reader:
        reader = reader.replace("$3", _literal(_delimiter(_first_line(file, bool(kind[2])))))
    reader = reader.replace("$1", _literal(path))  # last: a path can hold anything
    for setting in (
        f"TimeZone = {_literal(timezone)}",
        f"temp_directory = {_literal(spill)}",
        f"allowed_paths = [{_literal(path)}]",
        "enable_external_access = false",
        "python_enable_replacements = false",  # or a mapping could read variables of this program
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "enable_progress_bar = false",
        "lock_configuration = true",
    ):
        workshop.execute(f"SET {setting}")
    try:
        workshop.execute(f"CREATE VIEW source AS FROM {reader}")
    except duckdb.Error as error:
        if name == "CSV":
            _read_without_guessing(workshop, file, reader)
        raise _unreadable(file, error) from error


def _check_not_empty(file: Path, zipped: bool) -> None:
    if not _beginning(file, zipped).removeprefix(codecs.BOM_UTF8).strip():
        raise Invalid("The file {file} is empty.", field="file", file=file.name)


def _beginning(file: Path, zipped: bool) -> bytes:
    try:
        with gzip.open(file, "rb") if zipped else file.open("rb") as content:
            return content.read(65_536)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(file, error) from error


def _first_line(file: Path, zipped: bool) -> str:
    line = _beginning(file, zipped).partition(b"\n")[0]
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in line:
        raise _not_utf8(file, 1)
    return line.decode("utf-8-sig", "replace")


def _delimiter(line: str) -> str:
    """What separates the names in the first line: told to DuckDB, because one short line would make it guess wrong."""
    return max(",;\t|", key=line.count)


def _read_without_guessing(workshop: duckdb.DuckDBPyConnection, file: Path, reader: str) -> None:
    """Raise what is wrong with a CSV that DuckDB cannot guess the form of: told the columns, it says which line."""
    line = _first_line(file, file.suffix.lower() == ".gz").rstrip("\r")
    names = next(csv.reader([line], delimiter=_delimiter(line)), [])
    columns = ", ".join(f"'column{number}': 'VARCHAR'" for number, _ in enumerate(names))
    told = f"{reader.removesuffix(')')}, auto_detect = false, columns = {{{columns}}})"
    try:
        workshop.execute(f"SELECT count(*) FROM {told}")
    except duckdb.Error as error:
        raise _unreadable(file, error) from error


def _count(workshop: duckdb.DuckDBPyConnection, file: Path) -> int:
    try:
        row = workshop.execute("SELECT count(*) FROM source").fetchone()
    except duckdb.Error as error:
        raise _unreadable(file, error) from error
    return row[0] if row else 0


def _unreadable(file: Path, error: Exception) -> Invalid:
    """What is wrong and where, without DuckDB's advice on options that nobody can set here."""
    kind = FILE_NAME.search(file.name)
    text = str(error).strip()
    if "not utf-8 encoded" in text:
        where = CSV_LINE.search(text)
        return _not_utf8(file, int(where[1]) if where else 1)
    told = DUCKDB_ADVICE.split(DUCKDB_KIND.sub("", text), maxsplit=1)[0]
    lines = [line.strip()[:200] for line in told.splitlines() if line.strip()]
    if len(lines) > 4:  # a quote that nothing closes makes the rest of the file one line
        lines[3:-1] = ["…"]
    return Invalid(
        "The file {file} cannot be read as {kind}: {error}",
        field="file", file=file.name, kind=READERS[kind[1].lower()][0] if kind else "a log", error="; ".join(lines),
    )  # fmt: skip


def _not_utf8(file: Path, line: int) -> Invalid:
    return Invalid(
        "The file {file} cannot be read as CSV: it must be in UTF-8, and line {line} is not."
        " Convert it first, for example with iconv -f WINDOWS-1252 -t UTF-8.",
        field="file", file=file.name, line=line,
    )  # fmt: skip


def _map(workshop: duckdb.DuckDBPyConnection, mapping: str, file: Path) -> tuple[tuple[str, ...], pa.Table]:
    """The mapping's columns and rows, in its order."""
    try:
        statements = workshop.extract_statements(mapping)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise Invalid("The mapping must be one SELECT over the view source.", field="mapping")
        result = workshop.execute(statements[0])
        columns = tuple(column[0].lower() for column in result.description or [])
        _check_columns(columns)
        table = result.to_arrow_table()
    except duckdb.Error as error:
        if CSV_LINE.search(str(error)):  # a line that counting the rows did not look into
            raise _unreadable(file, error) from error
        raise Invalid(
            "The mapping does not work: {error}", field="mapping", error=str(error).strip()
        ) from error
    return columns, table.rename_columns(list(columns))


def _check_columns(columns: Sequence[str]) -> None:
    allowed = (*REQUIRED, *OPTIONAL)
    if unknown := [column for column in columns if column not in allowed]:
        raise Invalid(
            "The mapping has the column {column}. It may have {allowed}.",
            field="mapping", column=unknown[0], allowed=", ".join(allowed),
        )  # fmt: skip
    if missing := [column for column in REQUIRED if column not in columns]:
        raise Invalid("The mapping lacks the column {column}.", field="mapping", column=missing[0])
    if twice := [column for column in columns if columns.count(column) > 1]:
        raise Invalid("The mapping has the column {column} twice.", field="mapping", column=twice[0])


def _clean(workshop: duckdb.DuckDBPyConnection, columns: Sequence[str], table: pa.Table) -> None:
    """Make the table `cleaned` of what the mapping gave."""
    for column in (*REQUIRED, *OPTIONAL):
        if column not in columns:
            table = table.append_column(column, pa.nulls(table.num_rows, pa.string()))
    table = table.append_column("row", pa.array(range(1, table.num_rows + 1), pa.int64()))
    workshop.register("mapped", table)
    workshop.execute(sql("macros.sql"))
    _read_moments(workshop)
    texts.decide(workshop)
    workshop.execute(sql("clean.sql"))


def _read_moments(workshop: duckdb.DuckDBPyConnection) -> None:
    """Make the table `moments`: occurred_at in UTC, whatever type the mapping gives it."""
    (kind,) = workshop.execute(
        "SELECT column_type FROM (DESCRIBE mapped) WHERE column_name = 'occurred_at'"
    ).fetchone() or ("",)
    if kind in ("VARCHAR", '"NULL"'):
        workshop.execute(sql("moments.sql"))
        return
    if kind == "TIMESTAMP WITH TIME ZONE":
        moment = "occurred_at AT TIME ZONE 'UTC'"
    elif kind == "DATE" or kind.startswith("TIMESTAMP"):
        moment = (
            "try(try_cast(occurred_at AS TIMESTAMP) AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC')"
        )
    else:
        raise Invalid(
            "The column occurred_at must be a time, a date or text, not {type}.", field="mapping", type=kind
        )
    workshop.execute(
        f"CREATE TEMP TABLE moments AS SELECT row, CASE WHEN isfinite(occurred_at) THEN {moment} END AS occurred_at"
        " FROM mapped"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
