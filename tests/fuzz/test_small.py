"""Small things that come from outside as text or bytes: cursors, keys, what the control socket hears."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from core import control, services, sockets
from core.application import Application
from core.errors import Invalid
from core.http import cursor
from core.http.api import create_api
from core.model import SYSTEM, Role, Scope
from tests.conftest import NOW, add_user
from tests.fuzz.conftest import cases, opened, tried

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with opened(tmp_path_factory.mktemp("small")) as made:
        add_user(made.desk, "Clara", Role.ADMIN)
        yield made


@cases(60, 1_000)
@given(text=st.text(max_size=60) | st.binary(min_size=20, max_size=30).map(lambda some: some.hex()))
def test_a_cursor_is_read_or_invalid(text: str) -> None:
    tried("cursors")
    try:
        moment, key = cursor.decode(text)
    except Invalid:
        return
    assert cursor.decode(cursor.encode(moment, key)) == (moment, key)


@cases(60, 1_000)
@given(moment=st.datetimes(timezones=st.just(UTC)), key=st.uuids())
def test_a_cursor_comes_back(moment: datetime, key: UUID) -> None:
    tried("cursors")
    assert cursor.decode(cursor.encode(moment, key)) == (moment, key)


@pytest.fixture(scope="module")
def client(application: Application) -> Iterator[TestClient]:
    token = services.create_token(application.desk, SYSTEM, "clara@example.com", "small", Scope.API, now=NOW)
    with TestClient(create_api(lambda: application)) as made:
        made.headers["Authorization"] = f"Bearer {token.secret}"
        yield made


@cases(60, 1_000)
@given(
    key=st.binary(max_size=210) | st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=210)
)
def test_a_key_is_taken_whole_or_not_at_all(client: TestClient, key: bytes | str) -> None:
    tried("idempotency keys")
    sent = key if isinstance(key, bytes) else key.encode()
    answers = [
        client.put("/api/v1/me/preferences", json={"archive": "after_12h"}, headers={"Idempotency-Key": sent})
        for _ in range(2)
    ]
    good = 0 < len(sent) <= 200 and all(32 <= byte <= 126 for byte in sent)
    assert [answer.status_code for answer in answers] == ([200, 200] if good else [422, 422])
    if good:
        assert answers[1].headers["Idempotent-Replayed"] == "true"


@pytest.fixture(scope="module")
def listening(application: Application) -> Iterator[Path]:
    running = control.Control.start(application)
    yield application.settings.folder
    running.stop()


def hear(folder: Path, raw: bytes) -> Any:
    """What the application answers to these bytes; None where it only hangs up."""
    tried("control requests")
    with sockets.address(folder, control.SOCKET) as short:
        connection = Client(short, "AF_UNIX")
    with connection:
        try:
            connection.send_bytes(raw)
            return json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return None


@cases(60, 1_000)
@given(
    raw=st.binary(max_size=100)
    | ANYTHING.map(lambda said: json.dumps(said).encode())
    | st.fixed_dictionaries(
        {},
        optional={
            "command": st.sampled_from([name for name in control.COMMANDS if name != "snapshot"]) | ANYTHING,
            "arguments": st.dictionaries(st.sampled_from(["sql", "user", "name", "scope"]), ANYTHING)
            | ANYTHING,
        },
    ).map(lambda said: json.dumps(said).encode())
)
def test_the_listener_goes_on_whatever_it_hears(listening: Path, raw: bytes) -> None:
    answer = hear(listening, raw)
    assert answer is None or set(answer) in ({"done"}, {"refused"})
    assert "Traceback" not in str(answer)
    assert control.ask(listening, "ping", {}) == {}
