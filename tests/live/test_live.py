"""Live from any DuckDB: what is seen, how old it is, who is admitted, and what happens when something goes wrong."""

import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb
import httpx2
import pytest

from core import control
from core.analysts import quack
from core.analysts.door import GAVE_WAY, NO_SESSION, NOT_ADMITTED, NOT_READING, PUT_ASIDE
from core.analysts.limits import BUSY
from core.errors import Unavailable
from tests import conftest
from tests.attacks import ATTACKS
from tests.live.conftest import LAG, MEMORY, SECONDS, Live, told
from tests.server import ROOT, free_port, run, serving

ENDLESS = "SELECT sum(range % 7) FROM range(10000000000000)"
COUNT = "SELECT count(*) FROM analytics.conclusions"


def processes(live: Live) -> list[tuple[int, str]]:
    """The analysts' process of the server and its workers: id and command."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True).stdout
    rows = [line.split(maxsplit=2) for line in told.splitlines()]
    ours = next((int(pid) for pid, parent, _ in rows if int(parent) == live.server.process.pid), -1)
    return [(ours, "analysts")] + [(int(pid), "worker") for pid, parent, _ in rows if int(parent) == ours]


until = partial(conftest.until, seconds=15)


# What is seen ------------------------------------------------------------------------------------------------------


def test_an_attached_duckdb_sees_the_views_as_they_are(attached: duckdb.DuckDBPyConnection) -> None:
    found = attached.execute(
        "SELECT category, count(*) AS n, sum(value) AS value FROM desfecho.analytics.conclusions"
        " WHERE value > 2 GROUP BY ALL"
    ).fetchall()
    assert found == [("achieved", 19, sum(Decimal(f"{n}.10") for n in range(30) if n % 3 and n > 1))]
    described = attached.execute("DESCRIBE desfecho.analytics.conclusions").fetchall()
    types = {name: type_ for name, type_, *_ in described}
    assert (types["conclusion_id"], types["concluded_at"], types["value"]) == (
        "UUID",
        "TIMESTAMP",
        "DECIMAL(15,2)",
    )
    assert len(told(attached, "FROM analytics.dictionary WHERE view_name = 'conclusions'")) == len(types) + 1
    assert told(attached, "SELECT number > 0, timezone FROM analytics.as_of") == [(True, "America/Sao_Paulo")]


def test_only_the_columns_needed_are_fetched(attached: duckdb.DuckDBPyConnection) -> None:
    explained = attached.execute("EXPLAIN SELECT category FROM desfecho.analytics.conclusions").fetchall()
    assert "category" in str(explained) and "contact_key" not in str(explained)


def test_a_conclusion_is_seen_in_time_by_who_is_attached_already(
    live: Live, attached: duckdb.DuckDBPyConnection
) -> None:
    concluded = live.conclude("seen in time")
    began = time.monotonic()
    mine = f"SELECT count(*) FROM analytics.conclusions WHERE conclusion_id = '{concluded}'"
    until(lambda: told(attached, mine) == [(1,)], seconds=LAG)
    assert time.monotonic() - began < LAG


def test_nothing_is_copied_anew_while_nothing_changed(
    live: Live, attached: duckdb.DuckDBPyConnection
) -> None:
    concluded = live.conclude("the last for now")
    mine = f"SELECT count(*) FROM analytics.conclusions WHERE conclusion_id = '{concluded}'"
    until(lambda: told(attached, mine) == [(1,)], seconds=LAG)
    time.sleep(1)
    before = sorted((live.server.folder / "analysts").glob("*.duckdb"))
    time.sleep(3)
    assert sorted((live.server.folder / "analysts").glob("*.duckdb")) == before and len(before) == 1
    assert told(attached, "SELECT 1") == [(1,)]


def test_the_command_line_sees_what_has_just_happened(live: Live) -> None:
    concluded = live.conclude("just happened")
    asked = {"sql": f"SELECT count(*) FROM analytics.conclusions WHERE conclusion_id = '{concluded}'"}
    assert control.ask(live.server.folder, "sql", asked)["rows"] == [[1]]


def test_facts_made_anew_are_copied_anew(live: Live) -> None:
    before = sorted((live.server.folder / "analysts").glob("*.duckdb"))
    assert control.ask(live.server.folder, "rebuild-facts", {})
    asked = control.ask(live.server.folder, "sql", {"sql": COUNT})
    assert asked["rows"] and sorted((live.server.folder / "analysts").glob("*.duckdb")) != before


# Several at once ---------------------------------------------------------------------------------------------------


def test_an_answer_that_gave_way_is_not_taken_for_a_whole_one(attached: duckdb.DuckDBPyConnection) -> None:
    """All cursors of one DuckDB can share a session of Quack, and a session has one answer at a time."""
    one, other = attached.cursor(), attached.cursor()
    one.execute("FROM desfecho.query('FROM range(10000000)')")
    assert one.fetchone() == (0,)
    assert other.execute("FROM desfecho.query('SELECT 42')").fetchall() == [(42,)]
    try:
        assert len(one.fetchall()) == 9_999_999
    except duckdb.Error as error:
        assert "gave way" in str(error)


def test_of_an_answer_that_gave_way_no_more_is_fetched(live: Live) -> None:
    name = session(live)
    first = post(live, prepare(name, "FROM range(10000000)"))
    assert quack.read(first).kind == quack.Kind.PREPARED
    fetch = quack.addressed(quack.done(), quack.read(quack.done()), name)
    head = quack.read(fetch).head_end
    fetch = (
        fetch.replace(b"\x01\x00\x0a", b"\x01\x00\x07", 1)[:head]
        + b"\x01\x00"
        + first[first.rindex(b"\x05\x00") + 2 :]
    )
    assert quack.read(post(live, fetch)).kind == quack.Kind.FETCHED
    assert quack.read(post(live, prepare(name, "SELECT 42"))).kind == quack.Kind.PREPARED
    assert quack.read(post(live, fetch)).text == GAVE_WAY


def test_many_cursors_get_whole_answers_or_none(attached: duckdb.DuckDBPyConnection) -> None:
    def ask(number: int) -> int | None:
        with attached.cursor() as cursor:
            try:
                asked = "SELECT count(*), max(range) FROM desfecho.query('FROM range(300000)')"
                ((rows, last),) = cursor.execute(asked).fetchall()
            except duckdb.Error as error:
                assert "gave way" in str(error) or BUSY in str(error), str(error)
                return None
            assert last == rows - 1
            return int(rows)

    with ThreadPoolExecutor(6) as many:
        found = list(many.map(ask, range(40)))
    assert set(found) <= {300_000, None} and 300_000 in found
    assert told(attached, "SELECT 42") == [(42,)]


def test_questions_of_one_session_at_once_lose_no_worker(live: Live) -> None:
    name = session(live)
    with ThreadPoolExecutor(8) as many:
        said = list(many.map(lambda n: quack.read(post(live, prepare(name, f"SELECT {n}"))), range(24)))
    assert {message.kind for message in said} == {quack.Kind.PREPARED}
    with ThreadPoolExecutor(2) as both:  # each worker is there to be asked, at the same time
        began = time.monotonic()
        slow = "SELECT count(*) FROM range(300000000) WHERE range % 7 = 3"
        list(both.map(lambda _: post(live, prepare(session(live), slow)), range(2)))
        together = time.monotonic() - began
    began = time.monotonic()
    post(live, prepare(session(live), slow))
    assert together < 2.5 * (time.monotonic() - began) + 0.5
    assert len(processes(live)) == 3


def test_results_of_older_copies_that_nobody_fetches_are_let_go(live: Live) -> None:
    for number in range(3):
        names = [session(live) for _ in range(2)]
        for name in names:
            until(
                lambda name=name: (
                    quack.read(post(live, prepare(name, "FROM range(10000000)"))).kind == quack.Kind.PREPARED
                )
            )
        concluded = live.conclude(f"older copies {number}")
        mine = f"SELECT count(*) FROM analytics.conclusions WHERE conclusion_id = '{concluded}'"
        assert control.ask(live.server.folder, "sql", {"sql": mine})["rows"] == [[1]], (
            "and the newest is the newest"
        )
        assert len(processes(live)) <= 4, "two workers, and one that takes the place of another"


# Who is admitted ---------------------------------------------------------------------------------------------------


def refusal(live: Live, token: str) -> str:
    with pytest.raises(duckdb.Error) as refused:
        live.attach(token)
    return str(refused.value)


@pytest.mark.parametrize("token", ["wrong", "desfecho_" + "x" * 43, "x" * 50_000, "desfecho_ção", "x" * 2_000_000],
                         ids=["short", "plausible", "long", "not ASCII", "longer than a message"])  # fmt: skip
def test_a_token_nobody_gave_is_refused(live: Live, token: str) -> None:
    said = refusal(live, token)
    assert NOT_ADMITTED in said or len(token) > 1_000_000
    assert token not in live.server.log.read_text()


def test_an_empty_token_and_none_are_refused(live: Live, attached: duckdb.DuckDBPyConnection) -> None:
    for token in ("", "  "):
        answered = post(live, quack.connect(token))
        assert quack.read(answered).text == NOT_ADMITTED
    with pytest.raises(duckdb.Error):
        attached.execute(f"ATTACH '{live.uri}' AS without")


def test_a_token_for_something_else_is_refused(live: Live) -> None:
    assert NOT_ADMITTED in refusal(live, live.create_token("not for sql", "clara", "api"))


def test_an_agent_gets_no_token_for_sql(live: Live) -> None:
    refused = run(
        live.server.folder, "token", "create", "--user", "ana@example.com", "--name", "a", "--scope", "sql"
    )
    assert refused.returncode == 1 and "does not ask questions in SQL" in refused.stderr


def test_a_revoked_token_is_out_within_the_lag_also_where_it_is_attached(live: Live) -> None:
    token = live.create_token("brief")
    connection = until(lambda: attach_or_none(live, token), seconds=LAG)
    assert told(connection, "SELECT 1") == [(1,)]
    assert run(live.server.folder, "token", "revoke", "brief").returncode == 0
    time.sleep(LAG)
    with pytest.raises(duckdb.Error, match="The token is not known"):
        told(connection, "SELECT 1")
    assert NOT_ADMITTED in refusal(live, token)


def attach_or_none(live: Live, token: str) -> duckdb.DuckDBPyConnection | None:
    try:
        return live.attach(token)
    except duckdb.Error:
        return None


def test_neither_tokens_nor_questions_are_written_down(
    live: Live, attached: duckdb.DuckDBPyConnection
) -> None:
    told(attached, "SELECT 'a question nobody else should read'")
    with pytest.raises(duckdb.Error):
        told(attached, "SELECT nonsense_nobody_else_should_read")
    written = live.server.log.read_text()
    assert live.token not in written and "nobody_else" not in written and "nobody else" not in written
    for file in live.server.folder.rglob("*"):
        if file.is_file() and file.suffix != ".sock":
            assert live.token.encode() not in file.read_bytes(), file


def test_no_secret_is_where_questions_run(live: Live) -> None:
    for pid, _ in processes(live):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"DESFECHO_" not in environment
        assert live.token.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


# What cannot be done -----------------------------------------------------------------------------------------------


def test_every_attack_is_refused_with_a_sentence_over_quack(
    live: Live, attached: duckdb.DuckDBPyConnection
) -> None:
    before = told(attached, COUNT)
    ours = processes(live)[0]
    answered = []
    for name, attack in ATTACKS:
        try:
            told(attached, attack)
        except (duckdb.Error, UnicodeEncodeError) as error:
            said = str(error)
            assert said.strip() and "Traceback" not in said and "INTERNAL" not in said, name
        else:
            answered.append(name)
    assert answered == []
    assert told(attached, COUNT) == before
    assert processes(live)[0] == ours


def test_every_attack_is_refused_with_a_sentence_on_the_command_line(live: Live) -> None:
    """What `python -m core sql` asks the running application; a few go through the command itself elsewhere."""
    answered = []
    for name, attack in ATTACKS:
        try:
            control.ask(live.server.folder, "sql", {"sql": attack})
        except Unavailable as refused:
            assert str(refused).strip() and "went wrong" not in str(refused), name
        else:
            answered.append(name)
    assert answered == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO desfecho.analytics.users VALUES (uuid(), 'x', 'admin', true)",
        "CREATE TABLE desfecho.analytics.mine AS SELECT 1 AS a",
        "CREATE SCHEMA desfecho.mine",
        "CREATE VIEW desfecho.analytics.mine AS SELECT 1",
        "DROP VIEW desfecho.analytics.users",
        "DROP TABLE desfecho.analytics.users",
        "DELETE FROM desfecho.analytics.users",
        "UPDATE desfecho.analytics.users SET name = 'x'",
        "ALTER TABLE desfecho.analytics.users ADD COLUMN x INTEGER",
        "COPY desfecho.analytics.users FROM '/etc/passwd'",
    ],
)
def test_a_client_s_own_statements_change_nothing(
    live: Live, attached: duckdb.DuckDBPyConnection, statement: str
) -> None:
    before = told(attached, "FROM analytics.users ORDER BY ALL")
    with pytest.raises(duckdb.Error):
        attached.execute(statement)
    with live.attach() as another:
        assert told(another, "FROM analytics.users ORDER BY ALL") == before


def test_a_client_stops_nobody_s_server_but_its_own(live: Live, attached: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):
        attached.execute(f"CALL quack_stop('{live.uri}')")
    assert told(attached, "SELECT 42") == [(42,)]


def post(live: Live, data: bytes, seconds: float = 60) -> bytes:
    return httpx2.post(f"http://127.0.0.1:{live.port}/quack", content=data, timeout=seconds).content


def session(live: Live) -> str:
    connected = quack.read(post(live, quack.connect(live.token)))
    assert connected.kind == quack.Kind.CONNECTED
    return connected.session


def prepare(session: str, question: str) -> bytes:
    blank = quack.error("")
    asked = quack.asking(blank, quack.read(blank), question)
    message = quack.read(asked)
    return quack.addressed(asked, quack.Message(quack.Kind.PREPARE, "", message.head_end, "", 0), session)


@pytest.mark.parametrize("kind", [2, 4, 5, 6, 8, 9, 10, 12, 13, 99, 100, 101, 4000])
def test_no_message_but_a_reader_s_goes_past_the_door(live: Live, kind: int) -> None:
    """9 appends rows to a table, and Quack 1.5 asks nobody whether it may."""
    name = session(live)
    blank = quack.done()
    message = quack.read(blank)
    data = quack.addressed(blank, quack.Message(kind, "", message.head_end, "", 0), name)
    assert quack.read(post(live, data)).text == NOT_READING


@pytest.mark.parametrize(
    "data", [b"", b"GET / HTTP/1.1", b"\x00" * 1000, os.urandom(1000), b"\x01" * 2_000_000]
)
def test_what_is_no_message_is_told_so(live: Live, data: bytes) -> None:
    answered = httpx2.post(f"http://127.0.0.1:{live.port}/quack", content=data, timeout=60)
    assert answered.status_code == 400 and "ATTACH" in answered.text


def test_a_session_cannot_be_guessed(live: Live) -> None:
    name = session(live)
    other = name[:-1] + ("0" if name[-1] != "0" else "1")
    for wrong in (other, name[:16] + "0" * 16, "", "x", "é" * 16):
        assert quack.read(post(live, prepare(wrong, "SELECT 1"))).text == NO_SESSION
    assert quack.read(post(live, prepare(name, "SELECT 1"))).kind == quack.Kind.PREPARED


# What is too much --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        ENDLESS,
        "SELECT count(*) FROM analytics.conclusions a, analytics.conclusions b, analytics.conclusions c,"
        " analytics.conclusions d, analytics.conclusions e, analytics.conclusions f, analytics.conclusions g",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    ],
    ids=["range", "cross join", "recursion"],
)
def test_a_question_without_end_ends_with_a_sentence_and_the_next_is_answered(
    attached: duckdb.DuckDBPyConnection, question: str
) -> None:
    with pytest.raises(duckdb.Error, match=f"longer than {SECONDS} seconds|more memory|was ended"):
        told(attached, question)
    assert told(attached, "SELECT 42") == [(42,)]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT repeat('x', 4000000000)",
        "SELECT list(a.range::VARCHAR || repeat('y', 300)) FROM range(30000000) AS a",
        "SELECT string_agg(a.range::VARCHAR || repeat('y', 300), '') FROM range(30000000) AS a",
        "SELECT count(DISTINCT a.range::VARCHAR) FROM range(200000000) AS a",
        "FROM range(80000000) AS a ORDER BY hash(a.range) DESC",
    ],
    ids=["one value", "one list", "one text", "distinct", "sorting"],
)
def test_a_question_too_large_is_refused_and_the_next_is_answered(
    live: Live, attached: duckdb.DuckDBPyConnection, question: str
) -> None:
    with pytest.raises(duckdb.Error):
        told(attached, question)
    assert told(attached, "SELECT 42") == [(42,)]
    for pid, _ in processes(live):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except FileNotFoundError:
            continue
        most = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
        assert not most or most[0] < MEMORY * 1024 / 2  # none: it has just ended


def test_a_result_of_a_hundred_million_rows_can_be_fetched_or_ends(
    attached: duckdb.DuckDBPyConnection,
) -> None:
    try:
        (found,) = attached.execute(
            "SELECT count(*), max(range) FROM desfecho.query('FROM range(100000000)')"
        ).fetchall()
        assert found == (100_000_000, 99_999_999)
    except duckdb.Error as error:
        assert f"longer than {SECONDS} seconds" in str(error)
    assert told(attached, "SELECT 42") == [(42,)]


@pytest.mark.parametrize(
    ("question", "said"),
    [("SELECT 'a'::VARIANT", "VARIANT|variant|Unsupported"), ("SELECT 1 -- " + "x" * 1_200_000, "too long")],
    ids=["a type that Arrow has not", "longer than a request"],
)
def test_what_cannot_be_told_is_refused_on_the_command_line(live: Live, question: str, said: str) -> None:
    with pytest.raises(Unavailable, match=said):
        control.ask(live.server.folder, "sql", {"sql": question})
    assert control.ask(live.server.folder, "sql", {"sql": "SELECT 42 AS a"})["rows"] == [[42]]


def test_two_hundred_connections_are_answered_or_told_to_wait(
    live: Live, attached: duckdb.DuckDBPyConnection
) -> None:
    def one(number: int) -> str:
        with attached.cursor() as connection:
            try:
                connection.execute(f"ATTACH '{live.uri}' AS d{number} (TOKEN '{live.token}')")
                asked = f"SELECT {number} AS n, count(*) > 0 FROM analytics.conclusions"
                assert connection.execute(f"FROM d{number}.query('{asked}')").fetchall() == [(number, True)]
                return "answered"
            except duckdb.Error as error:
                assert BUSY in str(error), str(error)
                return "busy"

    with ThreadPoolExecutor(200) as many:
        found = list(many.map(one, range(200)))
    assert found.count("answered") > 20
    assert httpx2.get(f"{live.server.url}/healthz").status_code == 200


def test_who_goes_away_leaves_nothing_running(live: Live, attached: duckdb.DuckDBPyConnection) -> None:
    """Both workers are busy for who has gone; the next is answered well before those questions would have ended."""
    for _ in range(2):
        with pytest.raises(httpx2.TimeoutException):
            answered = post(live, prepare(session(live), ENDLESS), 0.7)
            assert quack.read(answered).text == "not before it is stopped"
    began = time.monotonic()
    assert told(attached, "SELECT 42") == [(42,)]
    assert time.monotonic() - began < SECONDS


def test_a_result_nobody_fetches_gives_way(live: Live) -> None:
    """More sessions with open results than workers."""
    names = [session(live) for _ in range(4)]
    for name in names:
        assert quack.read(post(live, prepare(name, "FROM range(10000000)"))).kind == quack.Kind.PREPARED
    fetch = FETCH_SOMETHING
    said = [quack.read(post(live, quack.addressed(fetch, quack.read(fetch), name))).text for name in names]
    assert said.count(PUT_ASIDE) == 2


FETCH_SOMETHING = b"\x01\x00\x07\x03\x00\x09\xff\xff\x01\x00\xc3\x88\x89\x99\x01\xff\xff"


# What goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["worker", "analysts"])
def test_kill_9_is_survived_by_who_is_attached(
    live: Live, attached: duckdb.DuckDBPyConnection, which: str
) -> None:
    before = processes(live)
    for pid, name in before:
        if name == which:
            os.kill(pid, signal.SIGKILL)
    assert httpx2.get(f"{live.server.url}/healthz").status_code == 200
    until(lambda: answers(attached))
    assert live.conclude(f"after the end of {which}")
    gone = [pid for pid, name in before if name == which]
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in gone))
    assert len(until(lambda: len(processes(live)) == 3 and processes(live))) == 3


def answers(connection: duckdb.DuckDBPyConnection) -> bool:
    try:
        return told(connection, "SELECT 42") == [(42,)]
    except duckdb.Error:
        return False


def test_a_question_under_way_when_its_process_ends_is_told_so(
    live: Live, attached: duckdb.DuckDBPyConnection
) -> None:
    said: list[str] = []

    def ask() -> None:
        try:
            told(attached, ENDLESS)
        except duckdb.Error as error:
            said.append(str(error))

    until(lambda: answers(attached))
    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(1)
    for pid, name in processes(live):
        if name == "worker":
            os.kill(pid, signal.SIGKILL)
    asking.join(10)
    assert "was ended" in said[0]


def test_nothing_is_left_of_an_application_that_was_killed(tmp_path: Path) -> None:
    """Nor does the half of a copy that it left behind become anybody's answer."""
    folder = tmp_path / "data"
    folder.mkdir()
    with serving(folder, DESFECHO_ANALYSTS_PORT=str(free_port())) as server:
        live = Live(server, 0, "", httpx2.Client())
        pids = until(lambda: len(processes(live)) == 3 and processes(live), seconds=30)
        server.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid, _ in pids))
    (folder / "analysts" / "facts-1.duckdb").write_bytes(b"half a copy")
    asked = run(folder, "sql", COUNT, "--format", "csv")
    assert asked.returncode == 0, asked.stderr


def test_a_taken_port_is_said(tmp_path: Path, live: Live) -> None:
    refused = run(tmp_path, "serve", DESFECHO_PORT=str(free_port()), DESFECHO_ANALYSTS_PORT=str(live.port))
    assert refused.returncode == 1 and "DESFECHO_ANALYSTS_PORT" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_without_a_port_there_is_no_door_but_the_command_line_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, DESFECHO_ANALYSTS_PORT="0") as server:
        asked = run(server.folder, "sql", COUNT, "--format", "csv")
        assert asked.stdout.split() == ["count_star()", "0"]
        listening = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, cwd=ROOT).stdout
        assert "core.analysts" in listening


def test_where_nothing_can_be_written_the_copy_before_goes_on_answering(
    live: Live, attached: duckdb.DuckDBPyConnection
) -> None:
    """As when the disk is full; and when it is not any more, what is new is seen."""
    copies, aside = live.server.folder / "analysts", live.server.folder / "aside"
    (before,) = told(attached, COUNT)
    copies.rename(aside)
    copies.write_text("in the way")
    try:
        live.conclude("on a full disk")
        until(lambda: "could not be copied" in live.server.log.read_text())
        assert answers(attached) and not list(aside.glob("*.part"))
    finally:
        copies.unlink()
        aside.rename(copies)
    until(lambda: told(attached, COUNT)[0] > before, seconds=20)


def test_usual_questions_do_not_use_a_worker_up(live: Live, attached: duckdb.DuckDBPyConnection) -> None:
    """A process is only replaced where a question has left much behind."""
    usual = "SELECT category, count(*), sum(value) FROM analytics.conclusions GROUP BY ALL"
    live.conclude("before usual questions")
    time.sleep(LAG)
    control.ask(live.server.folder, "sql", {"sql": usual})
    before = until(lambda: len(processes(live)) == 3 and processes(live))
    for _ in range(10):
        control.ask(live.server.folder, "sql", {"sql": usual})
        told(attached, usual)
    assert processes(live) == before
