"""A served application through stories and forced failures: what it logs and answers holds nothing of anybody."""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from core.desk import Desk
from core.model import Role
from tests.conftest import add_user
from tests.live.conftest import quack_client
from tests.server import Server, free_port, run, serving

TEXT, NAME, PHONE = "canario-texto", "Canario da Silva", "5511912345678"
SQL, SECRET = "canario_sql", "canario-segredo"

# The application, in which commands fail as a database does: quoting what they were given.
FAILING = f"""
import logging
import sys
import threading

import duckdb
import streamlit as st

from core.__main__ import main
from core.control import COMMANDS
from core.desk import conversations, messages
from core.ui import demo

keep = messages.add

def fails(*given, **more):
    raise duckdb.ConstraintException('Duplicate key "{PHONE}" {NAME} {TEXT} ' + repr((given, more)))

def fails_everywhere(*given):
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    logging.getLogger("asyncio").error("Exception in callback %s" % (given,))
    fails(*given)

messages.add = lambda tx, *given: fails(*given) if "{TEXT}-fails" in given else keep(tx, *given)
conversations.counts = fails
COMMANDS["contact to erase"] = fails_everywhere
demo.banner = lambda session: fails(session) if "outside" in st.query_params else None
sys.argv = ["core", "serve"]
main()
"""


@pytest.fixture(scope="module", params=["text", "json"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("logs") / "data"
    folder.mkdir()
    desk = Desk.open(folder, datetime.now(UTC))
    for name, role in (("Nadia", Role.ANALYST), ("Clara", Role.ADMIN)):
        add_user(desk, name, role)
    desk.close()
    settings = {
        "DESFECHO_LOG": request.param,
        "DESFECHO_ANALYSTS_PORT": str(free_port()),
        "DESFECHO_WHATSAPP_APP_SECRET": SECRET,
        "DESFECHO_WHATSAPP_VERIFY_TOKEN": SECRET,
    }
    with serving(
        folder, (sys.executable, "-c", FAILING.replace("{", "{{").replace("}", "}}")), **settings
    ) as one:
        one.attach = settings["DESFECHO_ANALYSTS_PORT"]
        yield one


def test_nothing_of_anybody_is_logged_or_answered(server: Server) -> None:
    made = [
        run(
            server.folder,
            "token",
            "create",
            "--user",
            f"{user}@example.com",
            "--name",
            user,
            "--scope",
            scope,
        )
        for user, scope in (("clara", "api"), ("nadia", "sql"))
    ]
    tokens = [one.stdout.strip() for one in made]
    answers: list[str] = []
    headers = {"Authorization": f"Bearer {tokens[0]}"}
    with httpx2.Client(base_url=server.url, headers=headers) as clara:
        for number, body in enumerate((TEXT, f"{TEXT}-fails")):
            message = {"channel": "whatsapp", "contact": {"address": PHONE, "name": NAME}, "external_id": f"{PHONE}-{number}",
                       "sent_at": datetime.now(UTC).isoformat(), "body": body}  # fmt: skip
            answered = clara.post("/api/v1/messages", json=message)
            assert answered.status_code == (500 if "fails" in body else 200), answered.text
            answers.append(answered.text)
        answers.append(clara.get(f"/api/v1/conversations/{PHONE}?q={TEXT}").text)
        answers.append(
            clara.post("/webhooks/whatsapp", content=TEXT, headers={"X-Hub-Signature-256": SECRET}).text
        )
        verify = {"hub.mode": "subscribe", "hub.verify_token": f"{SECRET}-x", "hub.challenge": TEXT}
        answers.append(clara.get("/webhooks/whatsapp", params=verify).text)
    answers += [
        page(server),
        page(server, "outside=1"),
    ]  # where our frame apologises, and where Streamlit does
    refused = run(server.folder, "contact", "erase", "--address", PHONE)
    assert refused.returncode == 1
    answers.append(refused.stdout + refused.stderr)
    run(server.folder, "sql", f"SELECT '{SQL}' FROM {SQL}")
    with quack_client() as analyst:
        for token in (tokens[1], tokens[1] + "x"):
            try:
                analyst.execute(f"ATTACH 'quack:127.0.0.1:{server.attach}' AS d (TOKEN '{token}')")
                analyst.execute(f"FROM d.query('SELECT {SQL}')")
            except Exception as error:
                answers.append(str(error).replace(SQL, ""))  # their own question
    server.process.terminate()
    server.process.wait(20)

    log = server.log.read_text()
    for canary in (TEXT, NAME, "Canario", PHONE, SQL, SECRET, *tokens):
        assert canary not in log, canary
        assert not [answer for answer in answers if canary in answer], canary
    for told in (
        "Internal error",
        "duckdb.ConstraintException",
        "Nobody expected this",
        "A page failed",
        "Uncaught app execution",
        "asyncio",
    ):
        assert told in log, told
    for line in log.splitlines():
        assert line.startswith(("Desfecho is at", "  ", "{")) or re.match(
            r"\d{4}-\d\d-\d\dT|which led to:|[a-z_.]*[A-Z]\w+", line
        ), line
        if line.startswith("{"):
            assert {"time", "level", "logger", "message"} <= set(json.loads(line)), line


def page(server: Server, query: str = "") -> str:
    """All that a browser is sent which opens the list of conversations."""
    asked, told = BackMsg(), ""
    asked.rerun_script.query_string = query
    address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], origin=server.url) as socket:
        socket.send(asked.SerializeToString())
        while True:
            message = ForwardMsg.FromString(socket.recv(timeout=20))
            told += str(message)
            if message.WhichOneof("type") == "script_finished":
                return told
