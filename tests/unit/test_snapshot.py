"""Snapshots: every reader finds what the facts hold, and whatever happens there is a whole one or none."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pandas as pd
import polars as pl
import pytest

from core.analysts.snapshot import MONTHLY, totals, write_snapshot
from core.desk import Desk
from core.errors import Unavailable
from core.facts import Facts
from core.facts.store import FACTS_FILE, SHAPE
from tests.conftest import NOW
from tests.unit.reporting import full_world

VIEWS = [
    "as_of",
    "classifications",
    "conclusions",
    "daily_outcomes",
    "dictionary",
    "reasons",
    "reopenings",
    "users",
]
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Written:
    facts_file: Path
    folder: Path
    manifest: dict[str, Any]


@pytest.fixture(scope="module")
def facts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Facts with many stories in them, closed."""
    folder = tmp_path_factory.mktemp("facts")
    with full_world(folder):
        pass
    return folder / FACTS_FILE


@pytest.fixture(scope="module")
def written(facts_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("snapshots") / "whole"
    return Written(facts_file, folder, write_snapshot(facts_file, folder, NOW))


@contextmanager
def opened(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(file), read_only=True)
    yield connection
    connection.close()


def changed(facts_file: Path, into: Path, sql: str) -> Path:
    """A copy of closed facts, changed."""
    shutil.copy(facts_file, into / "changed.duckdb")
    connection = duckdb.connect(str(into / "changed.duckdb"))
    connection.execute(sql)
    connection.close()
    return into / "changed.duckdb"


# What is in it -------------------------------------------------------------------------------------


def in_database(folder: Path, view: str) -> Rows:
    with opened(folder / "desfecho.duckdb") as connection:
        return connection.execute(f"FROM analytics.{view}").fetchall()


def by_duckdb(folder: Path, view: str) -> Rows:
    found = duckdb.sql(f"FROM '{folder}/parquet/{view}/**/*.parquet'")
    return (found.select("* EXCLUDE (month)") if view in MONTHLY else found).fetchall()


def by_pandas(folder: Path, view: str) -> Rows:
    frame = pd.read_parquet(folder / "parquet" / view).drop(columns="month", errors="ignore")
    return [
        tuple(None if missing else value for value, missing in zip(row, lacks, strict=True))
        for row, lacks in zip(
            frame.itertuples(index=False), frame.isna().itertuples(index=False), strict=True
        )
    ]


def by_polars(folder: Path, view: str) -> Rows:
    return pl.read_parquet(folder / "parquet" / view).drop("month", strict=False).rows()


READERS = {"database": in_database, "duckdb": by_duckdb, "pandas": by_pandas, "polars": by_polars}


def as_told(rows: Rows) -> Counter[tuple[Any, ...]]:
    """Keys as text, as Parquet has them."""
    return Counter(tuple(str(v) if isinstance(v, UUID) else v for v in row) for row in rows)


def facts_of(facts_file: Path, view: str) -> Rows:
    with opened(facts_file) as connection:
        return connection.execute(f"FROM analytics.{view}").fetchall()


def test_every_view_is_in_it(written: Written) -> None:
    assert [table["name"] for table in written.manifest["tables"]] == VIEWS
    assert {path.name for path in (written.folder / "parquet").iterdir()} == set(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_every_reader_finds_what_the_facts_hold(
    written: Written, reader: Callable[[Path, str], Rows], view: str
) -> None:
    held = facts_of(written.facts_file, view)
    assert held
    found = reader(written.folder, view)
    assert as_told(found) == as_told(held)
    money = [value for row in found for value in row if isinstance(value, Decimal)]
    assert bool(money) == any(isinstance(value, Decimal) for row in held for value in row)


def test_money_and_moments_are_exact_in_parquet(written: Written) -> None:
    schema = pl.read_parquet_schema(next((written.folder / "parquet/conclusions").rglob("*.parquet")))
    assert schema["value"] == pl.Decimal(15, 2)
    assert schema["concluded_at"] == pl.Datetime("us")
    assert Decimal("9999999999999.99") in pl.read_parquet(written.folder / "parquet/conclusions")["value"]


def test_the_database_has_real_tables_with_the_columns_and_comments_of_the_views(written: Written) -> None:
    columns = (
        "SELECT table_name, column_index, column_name, data_type, comment FROM duckdb_columns()"
        " WHERE schema_name = 'analytics' ORDER BY ALL"
    )
    with opened(written.facts_file) as facts, opened(written.folder / "desfecho.duckdb") as snapshot:
        held = facts.execute(columns).fetchall()
        assert held
        assert snapshot.execute(columns).fetchall() == held
        views = "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'analytics' ORDER BY 1"
        tables = "SELECT table_name, comment FROM duckdb_tables() ORDER BY 1"
        assert snapshot.execute(tables).fetchall() == facts.execute(views).fetchall()
        assert snapshot.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall() == []
    told = [
        (table["name"], column["name"], column["type"], column["comment"])
        for table in written.manifest["tables"]
        for column in table["columns"]
    ]
    assert told == [(table, *rest) for table, _, *rest in held]


@pytest.mark.parametrize("view", MONTHLY)
def test_each_month_has_a_file_in_the_order_of_time(written: Written, view: str) -> None:
    time, key = MONTHLY[view]
    files = sorted((written.folder / "parquet" / view).rglob("*"))
    months = [file.name for file in files if file.is_dir()]
    assert len(months) > 2
    assert [f"{file.parent.name}/{file.name}" for file in files if file.is_file()] == [
        f"{month}/data.parquet" for month in months
    ]
    for month in months:
        rows = pl.read_parquet(written.folder / "parquet" / view / month / "data.parquet")
        assert {f"month={moment:%Y-%m}" for moment in rows[time]} == {month}
        assert rows.select(time, key).rows() == sorted(rows.select(time, key).rows())


def test_the_month_is_a_column_for_every_reader(written: Written) -> None:
    folder = written.folder / "parquet" / "conclusions"
    expected = Counter(
        f"{row[6]:%Y-%m}" for row in facts_of(written.facts_file, "conclusions")
    )  # concluded_at
    assert (
        Counter(month for (month,) in duckdb.sql(f"SELECT month FROM '{folder}/*/*.parquet'").fetchall())
        == expected
    )
    assert Counter(pd.read_parquet(folder)["month"]) == expected
    assert Counter(pl.read_parquet(folder)["month"]) == expected


def test_the_manifest_tells_of_every_file(written: Written) -> None:
    manifest, folder = written.manifest, written.folder
    assert json.loads((folder / "manifest.json").read_text("utf-8")) == manifest
    files = [file for table in manifest["tables"] for file in table["files"]] + [manifest["database"]]
    for file in files:
        content = (folder / file["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {file["path"] for file in files} | {"manifest.json", "README.md"}
    for table in manifest["tables"]:
        assert table["rows"] == len(facts_of(written.facts_file, table["name"]))
        for file in table["files"]:
            assert file["rows"] == len(pl.read_parquet(folder / file["path"]))
    said = totals(manifest)
    assert said["files"] == len(files)
    assert said["bytes"] == sum(file["bytes"] for file in files)


def test_the_manifest_tells_of_which_moment_it_is(written: Written) -> None:
    manifest = written.manifest
    ((as_of, number, timezone),) = facts_of(written.facts_file, "as_of")
    assert manifest["as_of"] == f"{as_of.isoformat()}+00:00"
    assert manifest["number"] == number > 0
    assert manifest["made_at"] == "2026-03-02T13:00:00+00:00"
    assert (manifest["format"], manifest["shape"]) == (1, SHAPE)
    assert (manifest["timezone"], manifest["duckdb"]) == (timezone, duckdb.__version__)


def test_the_same_facts_give_the_same_parquet(written: Written, tmp_path: Path) -> None:
    again = write_snapshot(written.facts_file, tmp_path / "again", NOW)
    assert again["tables"] == written.manifest["tables"]


def test_what_the_readme_shows_can_be_run(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [
        line.strip()
        for line in (written.folder / "README.md").read_text("utf-8").splitlines()
        if line.startswith("    ")
    ]
    monkeypatch.chdir(written.folder)
    for line in shown:
        if line.startswith("duckdb "):
            file, question = line.removeprefix("duckdb ").split("-c ")
            with opened(Path(file.strip())) if file.strip() else duckdb.connect() as connection:
                assert len(connection.execute(question.strip('"')).fetchall()) == 10
        else:
            found = eval(line, {"pandas": pd, "polars": pl})
            rows = found.collect() if isinstance(found, pl.LazyFrame) else found
            assert len(rows) == len(facts_of(written.facts_file, "conclusions"))
    assert len(shown) == 4


def test_a_view_of_the_catalogue_tells_of_the_facts_alone(facts_file: Path, tmp_path: Path) -> None:
    sql = "SELECT count(*) AS columns FROM duckdb_columns() WHERE schema_name = 'analytics'"
    counting = changed(facts_file, tmp_path, f"CREATE VIEW analytics.counted AS {sql}")
    write_snapshot(counting, tmp_path / "new", NOW)
    assert in_database(tmp_path / "new", "counted") == facts_of(counting, "counted")


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("view", MONTHLY)
def test_where_nothing_happened_yet_there_are_tables_without_rows(
    desk: Desk, tmp_path: Path, reader: Callable[[Path, str], Rows], view: str
) -> None:
    facts = Facts.open(desk.folder)
    facts.close()
    manifest = write_snapshot(desk.folder / FACTS_FILE, tmp_path / "nothing", NOW)
    assert manifest["as_of"] is None
    assert (tmp_path / "nothing" / "parquet" / view / "month=2026-03" / "data.parquet").exists()
    assert reader(tmp_path / "nothing", view) == []


# Where it is ---------------------------------------------------------------------------------------


def test_an_empty_folder_is_replaced_and_stays_as_closed_as_it_was(facts_file: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("new")
    write_snapshot(facts_file, tmp_path / "link", NOW)
    assert (tmp_path / "new" / "manifest.json").exists()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "new"]


def test_almost_any_name_will_do(facts_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "l'année [1]* {x} %d 'ação'"
    manifest = write_snapshot(facts_file, folder, NOW)
    assert as_told(in_database(folder, "users")) == as_told(facts_of(facts_file, "users"))
    assert totals(manifest)["rows"]["conclusions"] == sum(
        len(pl.read_parquet(file, glob=False)) for file in (folder / "parquet/conclusions").rglob("*.parquet")
    )


def test_a_folder_in_use_is_refused(
    facts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(Unavailable, match="is not empty: choose a new folder"):
        write_snapshot(facts_file, tmp_path, NOW)
    with pytest.raises(Unavailable, match="cannot be read: Not a directory"):
        write_snapshot(facts_file, tmp_path / "kept", NOW)
    with pytest.raises(Unavailable, match="has a question mark: choose another folder"):
        write_snapshot(facts_file, tmp_path / "which?" / "new", NOW)
    with pytest.raises(Unavailable, match="cannot be written: No such file or directory"):
        write_snapshot(facts_file, tmp_path / "missing" / "new", NOW)
    monkeypatch.setattr(os.path, "ismount", lambda path: path == tmp_path / "disk")
    (tmp_path / "disk").mkdir()
    with pytest.raises(Unavailable, match="is where a disk begins"):
        write_snapshot(facts_file, tmp_path / "disk", NOW)
    (tmp_path / "disk").rmdir()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_text() == "mine"


# What goes wrong -----------------------------------------------------------------------------------

ENDLESS = "CREATE VIEW analytics.endless AS SELECT sum(hash(i)) AS total FROM range(1000000000000) AS t (i)"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "new"


@contextmanager
def snapshotting(facts_file: Path, target: Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "core.analysts.snapshot", str(facts_file), str(target)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def midway(target: Path, *others: Path) -> Path:
    """Wait until a process is at work; the folder it writes into."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for partial in target.parent.glob(".new.partial-*"):
            if partial not in others and any(partial.iterdir()):
                return partial
        time.sleep(0.02)
    raise AssertionError("It did not begin.")


def test_the_process_says_what_it_made_in_a_line(facts_file: Path, target: Path) -> None:
    with snapshotting(facts_file, target) as process:
        said, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")
    assert json.loads(said) == totals(json.loads((target / "manifest.json").read_text("utf-8")))
    with snapshotting(facts_file, target) as process:
        said, complaints = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "")
    assert complaints == f"{target} is not empty: choose a new folder.\n"


def test_a_stopped_one_leaves_nothing(facts_file: Path, target: Path, tmp_path: Path) -> None:
    with snapshotting(changed(facts_file, tmp_path, ENDLESS), target) as process:
        midway(target)
        time.sleep(0.3)  # so that it is most probably DuckDB that is stopped
        process.send_signal(signal.SIGTERM)
        said, complaints = process.communicate(timeout=60)
    assert (process.returncode, said, complaints) == (1, "", "The snapshot was stopped.\n")
    assert list(target.parent.iterdir()) == []


def test_a_killed_one_is_no_snapshot_and_the_next_takes_its_remains_away(
    facts_file: Path, target: Path, tmp_path: Path
) -> None:
    endless = changed(facts_file, tmp_path, ENDLESS)
    with snapshotting(endless, target) as process:
        killed = midway(target)
        process.kill()
        process.wait(60)
    assert list(target.parent.iterdir()) == [killed]
    with snapshotting(endless, target):  # another is at work: what it has is left alone
        working = midway(target, killed)
        write_snapshot(facts_file, target, NOW)
        assert set(target.parent.iterdir()) == {target, working}
    assert in_database(target, "reasons")


def test_what_came_to_be_there_meanwhile_stays(
    facts_file: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def later(partial: Path, to: Path) -> Path:
        to.mkdir()
        (to / "theirs").write_text("whole")
        return rename(partial, to)

    monkeypatch.setattr(Path, "rename", later)
    with pytest.raises(Unavailable, match="is not empty: choose a new folder"):
        write_snapshot(facts_file, target, NOW)
    assert [path.name for path in target.parent.iterdir()] == ["new"]
    assert [path.name for path in target.iterdir()] == ["theirs"]


def test_all_of_it_is_on_the_disk_before_it_has_its_name(
    facts_file: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    fsync, rename = os.fsync, Path.rename

    def noted(handle: int) -> None:
        fsync(handle)
        synced.add(str(Path(f"/proc/self/fd/{handle}").readlink()))

    def checked(partial: Path, to: Path) -> Path:
        assert {str(partial), *map(str, partial.rglob("*"))} <= synced
        synced.clear()
        return rename(partial, to)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "rename", checked)
    write_snapshot(facts_file, target, NOW)
    assert synced == {str(target.parent)}


def test_one_that_lacks_rows_is_thrown_away(facts_file: Path, target: Path, tmp_path: Path) -> None:
    lost = changed(
        facts_file, tmp_path, "UPDATE store.reopenings SET reopened_at = NULL WHERE seconds_after = 0"
    )
    with pytest.raises(Unavailable, match="other rows of reopenings than the facts"):
        write_snapshot(lost, target, NOW)
    assert list(target.parent.iterdir()) == []


def test_what_is_no_facts_file_is_a_sentence(target: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot be written to .*: .*does not exist"):
        write_snapshot(tmp_path / "none.duckdb", target, NOW)
    (tmp_path / "text.duckdb").write_text("hello" * 1000)
    with pytest.raises(Unavailable, match=r"cannot be written to .*: .*not a valid DuckDB"):
        write_snapshot(tmp_path / "text.duckdb", target, NOW)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_file_that_may_not_grow(written: Written, target: Path, share: float) -> None:
    """As on a full disk, of the file that is the largest."""
    most = int(written.manifest["database"]["bytes"] * share)
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))}
    with snapshotting(written.facts_file, target, **limited) as process:
        said, complaints = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "")
    assert complaints == f"The snapshot cannot be written to {target}: File too large\n"
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
def test_a_full_disk(written: Written, target: Path, share: float) -> None:
    """A small disk of our own, which only its process sees."""
    room = int(totals(written.manifest)["bytes"] * share)
    script = 'mount -t tmpfs -o size="$1" none "$2" || exit 77; shift; cd "$1"; shift; "$@"; code=$?; ls -A .; exit $code'
    snapshot = [sys.executable, "-m", "core.analysts.snapshot", str(written.facts_file), str(target)]
    own = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        str(room),
        str(target.parent),
    ]
    try:
        done = subprocess.run(
            [*own, *snapshot],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        )
    except FileNotFoundError:
        pytest.skip("There is no unshare here.")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("No disk can be made here.")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"The snapshot cannot be written to {target}: No space left on device\n"
