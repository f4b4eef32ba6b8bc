"""The data dictionary: what every view and column means, in SQL and on paper."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from core.desk import Desk
from core.facts import Facts
from core.facts.store import FACTS_FILE
from docs import reference


@pytest.fixture
def file(desk: Desk) -> Iterator[Path]:
    Facts.open(desk.folder).close()
    yield desk.folder / FACTS_FILE


def test_every_view_and_column_has_its_meaning(file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:
        told = connection.execute("FROM analytics.dictionary ORDER BY view_name, position").fetchall()
        views = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = 'analytics'"
        ).fetchall()
        expected = []
        for (view,) in sorted(views):
            columns = connection.execute(f"DESCRIBE analytics.{view}").fetchall()
            expected += [(view, 0, None, None)]
            expected += [(view, n, name, type_) for n, (name, type_, *_) in enumerate(columns, 1)]
    assert [row[:-1] for row in told] == expected
    assert [row for row in told if not row[-1]] == []
    assert len(expected) > 60


def test_of_two_copies_each_meaning_is_told_once(file: Path) -> None:
    """A process that goes over to a newer copy has both open."""
    copy = file.with_name("copy.duckdb")
    shutil.copy(file, copy)  # closed by now: nobody loses a lock by this
    with duckdb.connect() as connection:
        for name, path in (("one", file), ("two", copy)):
            connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
        both = connection.execute("FROM one.analytics.dictionary ORDER BY ALL").fetchall()
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("FROM analytics.dictionary ORDER BY ALL").fetchall() == both


def test_a_copy_keeps_its_meanings(file: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{file}' AS one (READ_ONLY)")
        connection.execute("ATTACH ':memory:' AS two")
        connection.execute("COPY FROM DATABASE one TO two")
        connection.execute("DETACH one")
        (missing,) = connection.execute(
            "SELECT count(*) FROM two.analytics.dictionary WHERE meaning IS NULL"
        ).fetchone() or (1,)
    assert missing == 0


def test_the_page_is_as_the_comments() -> None:
    assert reference.DICTIONARY.read_text("utf-8") == reference.dictionary(), "run `make reference`"
