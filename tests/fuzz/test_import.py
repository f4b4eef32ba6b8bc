"""Files and mappings near valid ones and far from them: an import says what it did, or why it did nothing."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.application import Application
from core.errors import Invalid
from core.importing import ImportReport, import_log
from tests.conftest import NOW, answer
from tests.fuzz.conftest import cases, opened, tried

COLUMNS = (
    "conversation", "event", "occurred_at", "contact", "contact_name", "channel", "agent", "direction", "body",
    "reason", "category", "value", "currency", "archive",
)  # fmt: skip
ALL = f"SELECT {', '.join(COLUMNS)} FROM source"

STRANGE = st.text(max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "\0",
        "'",
        '"',
        "a,b",
        "a\nb",
        "x" * 300,
        "\u202e",
        "é́",
        "NULL",
        "-1",
        "1e400",
        "9" * 50,
        "{}",
        "{0}",
    ]
)
MINUTES = st.integers(0, 59).map(lambda minute: f"2026-03-01T10:{minute:02}:00Z")
VALID: dict[str, st.SearchStrategy[str]] = {
    "conversation": st.sampled_from("abc"),
    "event": st.sampled_from(["opened", "message", "assigned", "concluded", "reopened", "classified"]),
    "occurred_at": MINUTES | st.sampled_from(["2026-03-01", "01/03/2026 10:00", "2026-02-30T10:00:00Z", "infinity"]),
    "contact": st.sampled_from(["+55 11 98888-7777", "x@example.com"]),
    "contact_name": st.just("João"),
    "channel": st.sampled_from(["whatsapp", "webchat"]),
    "agent": st.sampled_from(["Rita", "rita", "Zé"]),
    "direction": st.sampled_from(["in", "out"]),
    "body": st.just("Olá"),
    "reason": st.sampled_from(["Venda", "venda", "Preço"]),
    "category": st.sampled_from(["achieved", "lost", "question", "other"]),
    "value": st.sampled_from(["1", "120.50", "1.234", "-1", "9999999999999.99", "10000000000000"]),
    "currency": st.sampled_from(["BRL", "USD", "brl"]),
    "archive": st.sampled_from(["after_12h", "immediately"]),
}  # fmt: skip
ROW = st.fixed_dictionaries(
    {name: VALID[name] for name in COLUMNS[:3]},
    optional={name: VALID[name] for name in COLUMNS[3:]},
)
SPOILED = st.fixed_dictionaries({}, optional={name: VALID[name] | STRANGE for name in COLUMNS})
ROWS = st.lists(ROW | ROW | ROW | SPOILED, max_size=25)

FILES = st.one_of(
    st.tuples(ROWS, st.sampled_from([".csv", ".csv.gz", ".json", ".jsonl", ".ndjson.gz", ".parquet"])).map(
        lambda drawn: (drawn[1], written(*drawn))
    ),
    st.tuples(
        st.sampled_from([".csv", ".csv.gz", ".json", ".jsonl", ".parquet", ".parquet.gz", ".txt", ""]),
        st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    ),
)

# What a mapping can make of a column: other types than text, too much, and nothing.
MADE = st.sampled_from(
    [
        "NULL", "1", "1.5", "true", "DATE '2026-03-01'", "TIMESTAMP '2026-03-01 10:00:00'", "TIMESTAMPTZ '2026-03-01 10:00:00+00'",
        "TIME '10:00'", "INTERVAL 1 DAY", "[1, 2]", "{'a': 1}", "MAP {'a': 1}", "'a'::BLOB", "uuid()", "1e308", "'nan'::DOUBLE",
        "'infinity'::TIMESTAMP", "170141183460469231731687303715884105727::HUGEINT", "'x'::ENUM('x')", "repeat('x', 100000)",
        "1/0", "error('no')", "(SELECT 1)", "row_number() OVER ()", "TIMESTAMP_NS '2026-03-01 10:00:00'", "'101'::BIT",
        "TIMETZ '10:00:00+00'", "1::DECIMAL(38, 10)", "123456789012345678901.5::DECIMAL(38,2)", "''::JSON", "'{}'::VARIANT",
    ]
)  # fmt: skip
MAPPINGS = st.one_of(
    st.just(ALL),
    st.just(ALL),
    st.dictionaries(st.sampled_from([*COLUMNS, "line", "row", "refusal"]), MADE, min_size=1, max_size=3).map(
        lambda made: "SELECT " + ", ".join(
            [name for name in COLUMNS if name not in made] + [f"{what} AS {name}" for name, what in made.items()]
        ) + " FROM source"
    ),
    st.sampled_from(
        [
            "", "SELECT", "SELECT * FROM source", "SELECT 1; SELECT 2", "FROM source", "DROP VIEW source", "SELECT * FROM mapped",
            "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/passwd')", "COPY source TO 'x'", "ATTACH 'x'", "\0", "{}",
            f"{ALL} UNION ALL {ALL}", f"{ALL} LIMIT 0", f"{ALL}, source AS other", "VALUES (1)", "CALL pragma_version()",
            "SELECT * FROM range(10)", "INSTALL httpfs", "SET threads = 1", "PRAGMA database_list", "EXPLAIN SELECT 1",
        ]
    ) | STRANGE,
)  # fmt: skip


def written(rows: list[dict[str, str]], ending: str) -> bytes:
    """A file of these rows, in which what a row lacks is absent or empty."""
    text = io.StringIO(newline="")
    if ".csv" in ending:
        table = csv.DictWriter(text, COLUMNS, restval="")
        table.writeheader()
        table.writerows(rows)
    elif ending == ".json":
        json.dump(rows, text)
    elif ending == ".parquet":
        columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS}
        packed = io.BytesIO()
        pq.write_table(pa.table(columns), packed)
        return packed.getvalue()
    else:
        text.writelines(json.dumps(row) + "\n" for row in rows)
    raw = text.getvalue().encode("utf-8", "replace")
    return gzip.compress(raw) if ending.endswith(".gz") else raw


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with opened(tmp_path_factory.mktemp("imports")) as made:
        yield made


TABLES = (
    "conversations",
    "messages",
    "assignments",
    "conclusions",
    "classifications",
    "reopenings",
    "users",
    "reasons",
)


def held(application: Application) -> list[int]:
    """The number of the last command, and how many rows each table has."""
    counts = application.desk.read(
        lambda tx: [tx.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]
    )
    return [application.desk.number, *counts]


def check(application: Application, file: Path, mapping: str, source: str, **options: Any) -> None:
    before = held(application)

    def run(**more: Any) -> ImportReport:
        return import_log(
            application.desk, file, mapping, source, now=NOW, rejects_folder=file.parent / "rejects", **options, **more
        )  # fmt: skip

    try:
        planned = run(dry_run=True)
    except Invalid as error:
        assert str(error)
        assert held(application) == before
        with pytest.raises(Invalid):
            run()
        assert held(application) == before
        return
    assert held(application) == before
    done = run()
    assert done.events == done.added + done.already_known + done.rejected
    assert replace(planned, rejects_file=None) == replace(done, rejects_file=None)
    after = held(application)
    assert after[0] == before[0] + (done.added > 0)
    assert (after == before) == (done.added == 0)
    assert after[4] - before[4] == done.conclusions
    again = run()
    assert (again.added, again.already_known) == (0, done.added + done.already_known)
    assert held(application) == after


@cases(25, 400)
@given(file=FILES, mapping=MAPPINGS, timezone=st.sampled_from(["UTC", "America/Sao_Paulo"]) | STRANGE)
def test_an_import_says_what_it_did_or_does_nothing(
    application: Application,
    tmp_path_factory: pytest.TempPathFactory,
    file: tuple[str, bytes],
    mapping: str,
    timezone: str,
) -> None:
    tried("imports")
    ending, content = file
    path = tmp_path_factory.mktemp("file") / f"log{ending}"
    path.write_bytes(content)
    check(application, path, mapping, "fuzzed", timezone=timezone)


PARQUET = st.dictionaries(
    st.sampled_from(COLUMNS),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4)
    | st.lists(st.none() | st.floats(), min_size=4, max_size=4)
    | st.lists(st.none() | st.datetimes(), min_size=4, max_size=4)
    | st.lists(st.none() | st.datetimes(timezones=st.just(UTC)), min_size=4, max_size=4)
    | st.lists(st.none() | st.dates(), min_size=4, max_size=4)
    | st.lists(st.none() | st.binary(max_size=9), min_size=4, max_size=4)
    | st.lists(st.none() | st.booleans(), min_size=4, max_size=4)
    | st.lists(st.none() | st.decimals(-(10**12), 10**12, places=2), min_size=4, max_size=4)
    | st.lists(st.none() | st.lists(st.integers(0, 9), max_size=2), min_size=4, max_size=4)
    | st.lists(st.fixed_dictionaries({"a": st.integers(0, 9)}), min_size=4, max_size=4),
    max_size=5,
)


@cases(10, 150)
@given(strange=PARQUET, rows=st.lists(ROW, min_size=4, max_size=4))
def test_parquet_of_any_types(
    application: Application, tmp_path_factory: pytest.TempPathFactory, strange: dict[str, list[Any]],
    rows: list[dict[str, str]],
) -> None:  # fmt: skip
    tried("imports")
    path = tmp_path_factory.mktemp("file") / "log.parquet"
    try:
        columns = {name: pa.array(strange.get(name) or [row.get(name) for row in rows]) for name in COLUMNS}
        pq.write_table(pa.table(columns), path)
    except (pa.ArrowException, OverflowError):
        assume(False)  # nothing that a Parquet file could hold
    check(application, path, ALL, "typed")


def test_the_facts_follow_all_of_it(application: Application) -> None:
    """After all that, which pytest runs before this: what was imported can be counted, either way."""
    application.facts.catch_up(application.desk)
    questions = [
        f"SELECT * FROM analytics.{view} ORDER BY ALL"
        for view in ("conclusions", "classifications", "reopenings")
    ]
    told = [answer(application.facts, question) for question in questions]
    application.facts.rebuild(application.desk)
    assert [answer(application.facts, question) for question in questions] == told
