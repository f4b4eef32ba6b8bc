"""What every answer says to the browser, and whom Streamlit's own addresses answer."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

import app as door
from core.http.headers import HEADERS, INLINE
from core.http.loopback import OnlyThisMachine
from core.http.middleware import CLOSED, SOCKET
from tests.http.conftest import Http, problem


async def _say(request: Request) -> PlainTextResponse:
    if request.url.path == "/broken":
        raise RuntimeError("/srv/desfecho/desk.duckdb")
    return PlainTextResponse(request.headers.get("origin", "none"), headers={"Cache-Control": "max-age=60"})


async def _talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("in")
    await socket.close()


def standing_before(base_url: str = "http://desk.example.com") -> TestClient:
    """What app.py puts before everything, before a small application; not the demonstration's own guard."""
    middleware = [each for each in door.MIDDLEWARE if each.cls is not OnlyThisMachine]
    routes = [WebSocketRoute("/{path:path}", _talk), Route("/{path:path}", _say)]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url=base_url)


@pytest.mark.parametrize(
    "path, status", [("/", 200), ("/broken", 500), ("/_stcore/metrics", 404), ("/healthz", 200)]
)
def test_every_answer_has_them(path: str, status: int) -> None:
    answer = standing_before().get(path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers


def test_a_bug_anywhere_is_an_apology_without_a_word_of_it() -> None:
    assert "duckdb" not in problem(standing_before().get("/broken"), 500, "internal")["detail"]


def test_who_came_by_https_stays_with_it() -> None:
    answer = standing_before("https://desk.example.com").get("/")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_only_what_is_the_same_for_everybody_is_kept() -> None:
    assert standing_before().get("/static/js/index.js").headers["cache-control"] == "max-age=60"


def test_the_scripts_inside_pages_are_those_that_are_known(http: Http) -> None:
    pages = [(Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")]
    pages.append(http.client.get("/api/docs").text)
    inside = [script for page in pages for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inside]
    assert [f"'sha256-{each}'" for each in hashes] == list(INLINE)


@pytest.mark.parametrize("path", [*CLOSED, "/_stcore/agent/interact", "/_stcore/upload_file/a/b"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_what_the_pages_never_use_is_closed(path: str, method: str) -> None:
    problem(standing_before().request(method, path), 404, "not_found")


def test_nothing_is_shared_with_other_origins() -> None:
    assert standing_before().get("/", headers={"Origin": "http://localhost:3000"}).text == "none"


@pytest.mark.parametrize(
    "path, origin",
    [
        (SOCKET, "http://desk.example.com"),
        (SOCKET, "https://desk.example.com"),  # behind a proxy that speaks TLS
        (SOCKET, None),  # no browser
    ],
)
def test_pages_of_ours_come_in(path: str, origin: str | None) -> None:
    with standing_before().websocket_connect(
        f"ws://desk.example.com{path}", headers=_origin(origin)
    ) as socket:
        assert socket.receive_text() == "in"


@pytest.mark.parametrize(
    "path, origin",
    [
        *(
            (SOCKET, origin)
            for origin in (
                "https://evil.example", "null", "", "http://localhost:3000", "http://127.0.0.1", "http://0.0.0.0",
                "http://desk.example.com.evil.example", "http://desk.example.com:81", "desk.example.com",
                "http://evil.example/://desk.example.com", "file://",
            )
        ),
        ("/", "http://desk.example.com"),
        ("/api/v1/reasons", None),
        ("/_stcore/health", "http://desk.example.com"),
    ],
)  # fmt: skip
def test_nobody_else_does(path: str, origin: str | None) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        standing_before().websocket_connect(f"ws://desk.example.com{path}", headers=_origin(origin)),
    ):
        pass
    assert closed.value.code == 1008


def _origin(origin: str | None) -> dict[str, str]:
    return {} if origin is None else {"Origin": origin}
