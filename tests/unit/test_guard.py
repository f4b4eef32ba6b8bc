"""The guard: what may be asked of the facts, and what not, whoever else says no afterwards."""

import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.analysts import guard
from core.errors import Invalid
from core.facts import Facts
from core.facts.store import FACTS_FILE
from tests.attacks import ATTACKS, CHANGES, HARMLESS, MALFORMED

LONGEST_REFUSAL = 1_500  # characters
VALUES, TABLES = ("scalar", "aggregate", "macro"), ("table", "table_macro")


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty desk's facts, read-only."""
    folder = tmp_path_factory.mktemp("facts")
    Facts.open(folder).close()
    with duckdb.connect(str(folder / FACTS_FILE), read_only=True, config={"threads": 1}) as opened:
        yield opened


def refusal(connection: duckdb.DuckDBPyConnection, question: str) -> str:
    with pytest.raises(Invalid) as refused:
        guard.check(connection, question)
    assert refused.value.field == "sql"
    return str(refused.value)


def trees(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """Every object in the trees of the harmless questions."""
    for _, question in HARMLESS:
        said = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [question]).fetchone()
        waiting = [json.loads(said[0])]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                yield node
                waiting.extend(node.values())
            elif isinstance(node, list):
                waiting.extend(node)


# The lists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", [pytest.param(sql, id=name) for name, sql in ATTACKS if (name, sql) not in MALFORMED]
)
def test_an_attack_is_refused_with_a_sentence(connection: duckdb.DuckDBPyConnection, question: str) -> None:
    assert 10 < len(refusal(connection, question)) < LONGEST_REFUSAL


def test_huge_and_malformed_text_is_refused_and_ends_no_process(tmp_path: Path) -> None:
    """In a thread of another process, as a worker does it: what ends that one ends no test."""
    Facts.open(tmp_path).close()
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.test_guard", str(tmp_path / FACTS_FILE)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    said = json.loads(done.stdout)
    assert [name for name, _ in MALFORMED] == list(said)
    assert [name for name, text in said.items() if not 10 < len(text) < LONGEST_REFUSAL] == []


@pytest.mark.parametrize("question", [pytest.param(sql, id=name) for name, sql in HARMLESS])
def test_a_question_is_allowed_and_answered(connection: duckdb.DuckDBPyConnection, question: str) -> None:
    guard.check(connection, question)
    connection.execute(question).fetchall()


def test_the_lists_name_each_question_once() -> None:
    for questions in (ATTACKS, HARMLESS):
        assert len({name for name, _ in questions}) == len({sql for _, sql in questions}) == len(questions)
    assert len(ATTACKS) >= 80
    assert len(HARMLESS) >= 25


# Functions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("section", "kinds"), [("functions", VALUES), ("table functions", TABLES)])
def test_somebody_has_looked_at_every_function_of_duckdb(section: str, kinds: tuple[str, ...]) -> None:
    """In memory: with nothing of the facts, and with the extensions that come inside of DuckDB."""
    with duckdb.connect() as plain:
        sql = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ?"
        there = {name for (name,) in plain.execute(sql, [list(kinds)]).fetchall()}
    # `unnest` is told as a table function only, and a pragma's other name is its own.
    listed = guard.functions(section) - ({"unnest"} if kinds == VALUES else set())
    refused = [name for name in there - listed if _refused(name)]
    assert sorted(there - listed - set(refused)) == []
    assert sorted(listed - there) == []


def test_what_is_refused_is_there_and_is_not_allowed_too() -> None:
    with duckdb.connect() as plain:
        there = plain.execute(
            "SELECT DISTINCT function_name, function_type FROM duckdb_functions()"
        ).fetchall()
    names = {name for name, kind in there if kind in VALUES + TABLES}
    patterns = guard.functions("refused")
    assert sorted(p for p in patterns if not any(fnmatchcase(name, p) for name in names)) == []
    tables = {name for name, kind in there if kind in TABLES}
    allowed, allowed_tables = guard.functions("functions"), guard.functions("table functions")
    assert sorted(name for name in allowed_tables if _refused(name)) == []
    # A name can be allowed as a value while it is refused as a table.
    assert [name for name in allowed if _refused(name) and name not in tables] == []


def _refused(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in guard.functions("refused"))


def test_no_function_of_the_facts_has_a_name_that_is_allowed(connection: duckdb.DuckDBPyConnection) -> None:
    """The guard goes by names: `x.upper()` can be the column x as well as a schema."""
    ours = connection.execute("SELECT function_name FROM duckdb_functions() WHERE NOT internal").fetchall()
    assert {name for (name,) in ours} & (
        guard.functions("functions") | guard.functions("table functions")
    ) == set()


def test_the_same_function_can_be_allowed_as_a_value_only(connection: duckdb.DuckDBPyConnection) -> None:
    """As a table, `histogram` reads the table whose name it is given."""
    guard.check(connection, "SELECT histogram(edits) FROM analytics.conclusions")
    assert "histogram" in refusal(connection, "FROM histogram('store.agents', name)")
    assert "json_each" in refusal(connection, "SELECT json_each('[1]')")


# Tables --------------------------------------------------------------------------------------------


def relations(connection: duckdb.DuckDBPyConnection, whose: str) -> list[str]:
    """What can be named without a schema."""
    found = connection.execute(
        "SELECT view_name AS name, internal FROM duckdb_views() WHERE schema_name IN ('main', 'pg_catalog')"
        " UNION ALL SELECT table_name, internal FROM duckdb_tables() WHERE schema_name = 'main'"
    ).fetchall()
    return [name for name, internal in found if internal == (whose == "DuckDB's")]


def test_duckdbs_own_relations_are_known_by_their_beginning(connection: duckdb.DuckDBPyConnection) -> None:
    """So a CTE cannot be called as one of them."""
    names = relations(connection, "DuckDB's")
    assert len(names) > 20
    assert [name for name in names if not name.startswith(guard.SYSTEM)] == []
    for name in names:
        refusal(connection, f"FROM {name}")
        refusal(connection, f'WITH "{name.upper()}" AS (SELECT 1) FROM {name}')


def test_what_of_ours_needs_no_schema_is_what_analysts_may_read(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    for name in relations(connection, "ours"):
        ours, theirs = (
            connection.execute(f"FROM {schema}.{name}").description for schema in ("main", "analytics")
        )
        assert ours == theirs


def test_what_is_not_there_is_told_what_is(connection: duckdb.DuckDBPyConnection) -> None:
    assert "analytics.daily_outcomes" in refusal(connection, "FROM analytics.daily_outcome")
    assert "analytics.daily_outcomes" in refusal(connection, "FROM daily_outcome")
    assert "analytics.dictionary" in refusal(connection, "SHOW TABLES")


SECRET = "memory.main."  # what a plan says of a table that is not a CTE


def invented(chance: random.Random, depth: int = 3) -> str:
    """A SELECT of one column that defines x and y, and reads them, at any depth, also where they are not defined."""

    def inner() -> str:
        return invented(chance, depth - 1)

    def name() -> str:
        return chance.choice(("x", "y", "X", '"y"'))

    def ctes() -> str:
        names = chance.sample(("x", "Y"), chance.randint(1, 2))
        return ", ".join(f"{each}(c) AS ({inner()})" for each in names)

    shapes = (
        lambda: "SELECT 1 AS c",
        lambda: f"FROM {name()}",
        lambda: f"FROM {name()}",
        lambda: f"WITH {ctes()} FROM ({inner()})",
        lambda: f"WITH {ctes()} FROM {name()} ORDER BY ({inner()}) LIMIT (SELECT max(c) FROM ({inner()}))",
        lambda: f"WITH {ctes()} SELECT c FROM {name()} WHERE c IN ({inner()})",
        lambda: f"WITH {ctes()} ({inner()}) UNION ALL ({inner()})",
        lambda: f"WITH RECURSIVE {name()}(c) AS (({inner()}) UNION ({inner()})) FROM ({inner()})",
        lambda: f"({inner()}) UNION ALL ({inner()})",
        lambda: f"SELECT a.c FROM ({inner()}) a(c), ({inner()}) b(c)",
    )
    return chance.choice(shapes[: len(shapes) if depth else 3])()


@pytest.fixture(scope="module")
def trapped() -> Iterator[duckdb.DuckDBPyConnection]:
    """Where x and y are there without a CTE as well, and reading them shows in the plan."""
    with duckdb.connect(config={"threads": 1}) as opened:
        opened.execute("CREATE TABLE x AS SELECT 2 AS c; CREATE TABLE y AS SELECT 3 AS c")
        opened.execute(
            "SET disabled_optimizers = 'unused_columns,statistics_propagation,empty_result_pullup'"
        )
        assert SECRET in plan(opened, "FROM x")
        yield opened


def plan(connection: duckdb.DuckDBPyConnection, question: str) -> str:
    return str(connection.execute(f"EXPLAIN {question}").fetchall())


def test_what_the_guard_takes_for_a_cte_duckdb_does_too(trapped: duckdb.DuckDBPyConnection) -> None:
    chance = random.Random(5)
    allowed = 0
    for question in {invented(chance) for _ in range(4_000)}:
        try:
            guard.check(trapped, question)
            planned = plan(trapped, question)
        except (Invalid, duckdb.Error):
            continue  # nothing is read
        allowed += 1
        assert SECRET not in planned, question
    assert allowed > 50


# Words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "line", "place"),
    [
        ("SELECT 1 FRO M x y", 1, "M x y"),
        ("SELECT 1,\n  'é😀' AS \u00a0título,\r\n  2 FRO x.y\nWHERE 1", 3, "x.y"),
        ("\n\nSELECT " + "'ã', " * 100 + "1 FRO x y" + " " * 200, 3, "x y"),
        ("SELECT 'é", 1, "'é"),
    ],
)
def test_a_mistake_is_told_in_duckdbs_words_above_its_place(
    connection: duckdb.DuckDBPyConnection, question: str, line: int, place: str
) -> None:
    said = refusal(connection, question)
    assert said.startswith("Parser Error: ")
    shown, mark = said.splitlines()[-2:]
    assert shown.startswith(f"LINE {line}: ")
    assert shown[mark.index("^") :].startswith(place)
    assert len(shown) < 120


@pytest.mark.parametrize(("name", "question"), CHANGES[:20])
def test_another_statement_is_called_by_its_name(
    connection: duckdb.DuckDBPyConnection, name: str, question: str
) -> None:
    assert refusal(connection, f" -- x\n/* y */ ;{question}").startswith(question.split()[0] + " ")


def test_a_dynamic_pivot_is_told_what_it_lacks(connection: duckdb.DuckDBPyConnection) -> None:
    assert "IN (" in refusal(connection, "PIVOT analytics.users ON role USING count(*)")
    assert "IN (" in refusal(connection, "FROM (PIVOT analytics.users ON role USING count(*))")


def test_what_is_refused_is_not_looked_at_by_more_than_the_parser(tmp_path: Path) -> None:
    """DuckDB's own way to take statements apart reads the files of IMPORT DATABASE, and runs what is in them."""
    (tmp_path / "schema.sql").write_text("CREATE TABLE here (n INTEGER);")
    (tmp_path / "load.sql").write_text("")
    with duckdb.connect() as plain:
        refusal(plain, f"IMPORT DATABASE '{tmp_path}'")
        refusal(plain, f"PRAGMA import_database('{tmp_path}')")
        assert plain.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)


# Every kind of object ------------------------------------------------------------------------------


def test_every_kind_that_is_known_is_in_some_question(connection: duckdb.DuckDBPyConnection) -> None:
    """What nobody asks for has not been tried."""
    expressions, others = set(), set()
    for node in trees(connection):
        if "class" in node:
            expressions.add(node["class"])
        elif isinstance(node.get("type"), str):
            others.add(node["type"])
    assert guard.EXPRESSIONS - {"PARAMETER"} == expressions
    assert others == guard.KNOWN


@pytest.mark.parametrize("kind", sorted(guard.KNOWN | guard.EXPRESSIONS - {"PARAMETER"}))
def test_a_kind_nobody_knows_is_refused(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(guard, "KNOWN", guard.KNOWN - {kind})
    monkeypatch.setattr(guard, "EXPRESSIONS", guard.EXPRESSIONS - {kind})
    refused = 0
    for _, question in HARMLESS:
        try:
            guard.check(connection, question)
        except Invalid as error:
            assert kind in str(error)
            refused += 1
    assert refused


@pytest.mark.parametrize(
    "node", [{"function_name": "upper"}, {"table_name": "x"}, {"cte_map": {"map": []}}, {"class": None}]
)
def test_an_object_that_only_looks_like_another_is_refused(node: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        guard._kind(node)


# Limits --------------------------------------------------------------------------------------------


def test_ctes_count_wherever_they_are_read(connection: duckdb.DuckDBPyConnection) -> None:
    def doubled(times: int) -> str:
        steps = [f"c{n} AS (FROM c{n - 1} UNION ALL FROM c{n - 1})" for n in range(1, times + 1)]
        return f"WITH c0 AS (FROM analytics.users), {', '.join(steps)} FROM c{times}"

    guard.check(connection, doubled(6))
    assert str(guard.MOST_QUERIES) in refusal(connection, doubled(12))
    assert str(guard.MOST_QUERIES) in refusal(connection, f"WITH unread AS ({doubled(12)}) SELECT 1")
    nested = "WITH c0 AS (FROM analytics.users) FROM (WITH d AS (" + doubled(12) + ") FROM d)"
    assert str(guard.MOST_QUERIES) in refusal(connection, nested)


def test_the_longest_question_is_long(connection: duckdb.DuckDBPyConnection) -> None:
    question = "SELECT 1 -- "
    guard.check(connection, question.ljust(guard.LONGEST, "x"))
    assert str(guard.LONGEST) in refusal(connection, question.ljust(guard.LONGEST + 1, "x"))


def test_comments_are_few(connection: duckdb.DuckDBPyConnection) -> None:
    guard.check(connection, "SELECT 1 " + "/* x */" * guard.MOST_COMMENTS)
    assert str(guard.MOST_COMMENTS) in refusal(connection, "SELECT 1 " + "/**/" * (guard.MOST_COMMENTS + 1))


@pytest.mark.parametrize("times", [400, 1_500, 8_000])
@pytest.mark.parametrize(("begin", "end"), [("(SELECT ", ")"), ("[[", "]]")])
def test_what_is_too_deep_is_told_so(
    connection: duckdb.DuckDBPyConnection, begin: str, end: str, times: int
) -> None:
    """Too deep for Python's reader of JSON, for DuckDB's tree, for its parser: all the same to an analyst."""
    guard.check(connection, "SELECT " + begin * 50 + "1" + end * 50)
    assert "deeply nested" in refusal(connection, "SELECT " + begin * times + "1" + end * times)


if __name__ == "__main__":
    file = duckdb.connect(sys.argv[1], read_only=True, config={"threads": 1})
    said: dict[str, str] = {}

    def ask() -> None:
        for name, question in MALFORMED:
            try:
                guard.check(file, question)
            except Invalid as error:
                said[name] = str(error)
            else:
                said[name] = ""

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    print(json.dumps(said))
