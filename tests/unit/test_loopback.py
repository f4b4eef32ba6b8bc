"""The demonstration stays on this machine, however it is started."""

import asyncio
from pathlib import Path

import pytest
import streamlit as st
from starlette.testclient import TestClient

import app
from core.errors import Unavailable
from core.http.loopback import OnlyThisMachine
from core.settings import Settings
from core.ui import runtime


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_addresses_of_this_machine(host: str) -> None:
    Settings(auth="demo", host=host).check_serving()


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.0.2.7", "desk.example.com", "localhost.example.com"]
)
def test_addresses_beyond_it(host: str) -> None:
    with pytest.raises(Unavailable, match="only listens on this machine"):
        Settings(auth="demo", host=host).check_serving()


@pytest.mark.parametrize("address", ["0.0.0.0", "", None])
def test_streamlit_run_is_refused_by_the_address_it_was_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str | None
) -> None:
    monkeypatch.setenv("DESFECHO_AUTH", "demo")
    monkeypatch.setenv("DESFECHO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(st, "get_option", lambda name: address)

    async def start() -> None:
        async with app.lifespan(app.app):
            pass

    with pytest.raises(Unavailable, match="only listens on this machine"):
        asyncio.run(start())
    assert not runtime.started() and not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("client", "server", "only", "status"),
    [
        ("127.0.0.1", "127.0.0.1", True, 200),
        ("192.0.2.7", "192.0.2.1", True, 403),  # somebody else, on a server that listens everywhere
        ("192.0.2.1", "192.0.2.1", True, 403),  # this machine at its outward address
        ("192.0.2.7", "127.0.0.1", True, 403),  # somebody else, by way of a proxy that says so
        ("192.0.2.7", "192.0.2.1", False, 200),  # not the demonstration
    ],
)
def test_whom_the_door_answers(client: str, server: str, only: bool, status: int) -> None:
    async def inner(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    assert _status(inner, only, server, client) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8501", "origin": "http://localhost:8501"}, 200),
        ({"host": "[::1]:8501"}, 200),
        ({"host": "evil.example"}, 403),  # a page elsewhere that gave its name this machine's address
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "[::1"}, 403),
    ],
)
def test_by_which_name_it_is_asked(headers: dict[str, str], status: int) -> None:
    async def inner(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    assert _status(inner, True, "127.0.0.1", "127.0.0.1", headers) == status


def _status(inner, only: bool, server: str, client: str, headers: dict[str, str] | None = None) -> int:
    door = TestClient(
        OnlyThisMachine(inner, lambda: only), base_url=f"http://{server}", client=(client, 50_000)
    )
    return door.get("/", headers=headers).status_code
