"""`python -m core` as a process: what it says, what it refuses, and who owns the data folder."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from core import services
from core.desk import Desk
from core.facts import Facts
from core.model import SYSTEM, Role, Scope
from tests.conftest import add_user, answer, write
from tests.server import ROOT, SERVE, Server, free_port, run, serving

QUESTION = "SELECT count(*) AS conclusions FROM analytics.conclusions"
STREAMLIT = (sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "{port}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with an administrator and one conclusion."""
    made = tmp_path_factory.mktemp("desk")
    now = datetime.now(UTC)
    desk = Desk.open(made, now)
    add_user(desk, "Clara", Role.ADMIN)
    services.conclude(desk, SYSTEM, write(desk, "m1", now).conversation_id, now=now)
    desk.close()
    return made


@pytest.fixture(scope="module")
def token(folder: Path) -> str:
    made = run(folder, "token", "create", "--user", "clara@example.com", "--name", "tests")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="module")
def server(folder: Path, token: str):
    with serving(folder) as running:
        yield running


def api(server: Server, token: str) -> httpx2.Client:
    return httpx2.Client(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {token}"})


def test_sql_without_the_application(tmp_path: Path) -> None:
    answered = run(tmp_path, "sql", QUESTION, "--format", "json")
    assert (answered.returncode, json.loads(answered.stdout)) == (0, [{"conclusions": 0}])


def test_a_table_too_wide_for_the_screen_is_told_column_by_column(tmp_path: Path) -> None:
    narrow = run(tmp_path, "sql", "SELECT 7 AS seven, 'a' AS a", COLUMNS="80")
    assert "seven" in narrow.stdout and "┃" in narrow.stdout
    wide = run(tmp_path, "sql", f"SELECT 7 AS seven, '{'w' * 200}' AS wide", COLUMNS="80")
    assert wide.stdout.splitlines() == ["--- 1", "seven  7", "wide   " + "w" * 200]
    assert run(tmp_path, "sql", "SELECT 1 AS x WHERE FALSE", COLUMNS="80").returncode == 0


def test_sql_and_tokens_while_it_runs(server: Server, token: str) -> None:
    answered = run(server.folder, "sql", QUESTION, "--format", "csv")
    assert answered.stdout.split() == ["conclusions", "1"]
    made = run(server.folder, "token", "create", "--user", "clara@example.com", "--name", "brief")
    assert api(server, made.stdout.strip()).get("/reasons").status_code == 200
    assert run(server.folder, "token", "revoke", "brief").returncode == 0
    assert api(server, made.stdout.strip()).get("/reasons").status_code == 401
    assert api(server, token).get("/reasons").status_code == 200


@pytest.mark.parametrize(
    "question",
    ["DROP VIEW analytics.conclusions", "SELECT 1; SELECT 2", "SELECT", "COPY (SELECT 1) TO 'x.csv'", "",
     "FROM read_csv('/etc/passwd')"],
)  # fmt: skip
def test_sql_refuses_in_one_line(server: Server, question: str) -> None:
    refused = run(server.folder, "sql", question)
    assert refused.returncode == 1 and refused.stderr.strip() and "Traceback" not in refused.stderr
    assert not refused.stdout


@pytest.mark.parametrize(
    "arguments",
    [("demo",), ("import", "data/samples/uci_incidents.csv.gz", "--mapping", "data/mappings/uci_incidents.sql",
                 "--source", "uci")],
    ids=["demo", "import"],
)  # fmt: skip
def test_what_needs_the_folder_for_itself_names_who_has_it(
    server: Server, arguments: tuple[str, ...]
) -> None:
    refused = run(server.folder, *arguments)
    assert refused.returncode == 1
    assert f"process {server.process.pid}" in refused.stderr and f":{server.port}" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_second_application_on_the_folder_is_refused(server: Server) -> None:
    refused = run(server.folder, "serve", DESFECHO_PORT=str(free_port()))
    assert refused.returncode == 1 and f"process {server.process.pid}" in refused.stderr


def test_a_taken_port_is_said(tmp_path: Path, server: Server) -> None:
    refused = run(tmp_path, "serve", DESFECHO_PORT=str(server.port))
    assert refused.returncode == 1 and f"Port {server.port}" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DESFECHO_AUTH": ""}, "DESFECHO_AUTH"),
        ({"DESFECHO_HOST": "0.0.0.0"}, "only listens on this machine"),
        ({"DESFECHO_HOST": "::"}, "only listens on this machine"),
        ({"DESFECHO_PORT": "http"}, "DESFECHO_PORT"),
        ({"DESFECHO_LANGUAGE": "tlh"}, "language tlh"),
    ],
)
def test_serving_is_refused_with_what_to_do(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    refused = run(tmp_path, "serve", **settings)
    assert refused.returncode == 1 and said in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_streamlit_run_serves_the_same(tmp_path: Path) -> None:
    with serving(tmp_path, STREAMLIT) as server:
        assert httpx2.get(f"{server.url}/healthz").status_code == 200
        assert "<title>Streamlit" in httpx2.get(server.url).text
        assert httpx2.get(f"{server.url}/api/docs").status_code == 200


def test_an_acknowledged_conclusion_outlives_kill_9(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    desk = Desk.open(tmp_path, now)
    add_user(desk, "Clara", Role.ADMIN)
    secret = services.create_token(desk, SYSTEM, "clara@example.com", "t", Scope.API, now=now).secret
    conversation = write(desk, "m1", now).conversation_id
    desk.close()
    with serving(tmp_path) as server:
        answered = api(server, secret).post(f"/conversations/{conversation}/conclude", json={})
        server.kill()
    assert answered.status_code == 200
    desk = Desk.open(tmp_path, now)
    (kept,) = services.conversation(desk, SYSTEM, conversation).conclusions
    facts = Facts.open(tmp_path)
    facts.catch_up(desk)
    assert str(kept.id) == answered.json()["id"] and answer(facts, QUESTION) == [(1,)]
    facts.close()
    desk.close()


def test_tokens_are_listed_with_how_long_they_are_good_and_when_they_were_used(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, datetime.now(UTC))
    add_user(desk, "Clara", Role.ADMIN)
    desk.close()
    wide = {"COLUMNS": "160"}
    create = ("token", "create", "--user", "clara@example.com", "--name")
    made = run(tmp_path, *create, "brief", "--days", "30")
    assert made.returncode == 0, made.stderr
    with serving(tmp_path) as server:  # and the same when it is asked to do it
        assert api(server, made.stdout.strip()).get("/categories").status_code == 200
        assert run(tmp_path, *create, "[b]ever[/b]", "--scope", "sql").returncode == 0
        listed = run(tmp_path, "token", "list", **wide)
    assert listed.returncode == 0, listed.stderr
    brief, ever = (
        next(line for line in listed.stdout.splitlines() if name in line) for name in ("brief", "[b]ever[/b]")
    )
    expires, used = map(datetime.fromisoformat, re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d", brief))
    assert "clara@example.com" in brief
    assert timedelta(days=30) - timedelta(minutes=5) <= expires - used <= timedelta(days=30)
    assert "sql" in ever and ever.count("never") == 2
    assert run(tmp_path, "token", "revoke", "brief").returncode == 0
    assert "brief" not in run(tmp_path, "token", "list", **wide).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("conclude",), 2),
        (("sql",), 2),
        (("token", "create"), 2),
        (("token", "create", "--user", "a@example.com", "--name", "a", "--days", "0"), 2),
        (("token", "list"), 0),
        (("--help",), 0),
        (("import", "--help"), 0),
    ],
)
def test_usage(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    assert run(tmp_path, *arguments).returncode == code


def test_serve_is_what_make_run_uses() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert " ".join(SERVE[1:]) in makefile and "core demo --if-empty" in makefile


def test_addresses_that_are_asked_for_are_not_logged(server: Server) -> None:
    assert httpx2.get(f"{server.url}/webhooks/whatsapp?hub.verify_token=secret").status_code == 403
    assert httpx2.get(f"{server.url}/?c=secret").status_code == 200
    assert "secret" not in server.log.read_text()


# Personal data ------------------------------------------------------------------------------------


def test_a_contact_is_told_and_erased_while_it_runs_and_without(
    tmp_path: Path, folder: Path, server: Server
) -> None:
    tell = ("contact", "export", "--address", "+55 11 98888-7777")
    told = run(folder, *tell)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["names"] == ["João"]
    assert [m["text"] for c in json.loads(told.stdout)["conversations"] for m in c["messages"]] == ["Olá"]
    file = tmp_path / "joao.json"
    assert run(folder, *tell, "--channel", "whatsapp", "--output", str(file)).stdout == ""
    assert json.loads(file.read_text())["names"] == ["João"] and file.stat().st_mode & 0o777 == 0o600
    assert run(folder, *tell, "--output", str(file)).returncode == 1

    asked = run(folder, "contact", "erase", "--address", "5511988887777")  # nobody is there to answer
    assert asked.returncode == 1 and "1 messages in 1 conversations" in asked.stderr
    assert run(folder, *tell).returncode == 0
    erased = run(folder, "contact", "erase", "--address", "5511988887777", "--yes")
    assert erased.returncode == 0 and erased.stdout.startswith("Erased: "), erased.stderr
    again = run(folder, "contact", "erase", "--address", "5511988887777", "--yes")
    assert (again.returncode, again.stderr) == (1, "No contact has the address 5511988887777.\n")
    nobody = run(tmp_path / "other", "contact", "export", "--address", "1")
    assert (nobody.returncode, nobody.stderr) == (1, "No contact has the address 1.\n")
