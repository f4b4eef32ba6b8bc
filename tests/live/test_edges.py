"""Every way of asking wrongly, at the socket of a served application: no answer tells how it is made or where it lies."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import services
from core.desk import Desk
from core.model import SYSTEM, Role, Scope
from tests.conftest import add_user
from tests.server import ROOT, Server, serving

TOLD = re.compile(
    rb"Traceback|File \"|line \d+, in|[A-Za-z.]*(?:Error|Exception)\b(?! in)|site-packages|\.py\b|duckdb|uvicorn|python/",
    re.IGNORECASE,
)
DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, bytes]]:
    """A server, and an administrator's token."""
    folder = tmp_path_factory.mktemp("edges")
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    add_user(desk, "Clara", Role.ADMIN)
    token = services.create_token(desk, SYSTEM, "clara@example.com", "edges", Scope.API, now=now).secret
    desk.close()
    with serving(folder) as running:
        yield running, token.encode()


def ask(server: Server, request: bytes) -> bytes:
    """All that comes back until the connection is closed, or for a second nothing more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
        answer = b""
        try:
            connection.sendall(request)
            while part := connection.recv(65_536):
                answer += part
        except (ConnectionError, TimeoutError):
            pass
        return answer


def to(path: bytes, method: bytes = b"GET", body: bytes = b"", *headers: bytes) -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Connection: close", *headers]
    if not any(header.lower().startswith(b"host:") for header in headers):
        lines.append(b"Host: localhost")
    if body:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


UPGRADE = (
    b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip
REASONS = b"/api/v1/reasons"

WRONG = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(160),
    "bytes": bytes(range(256)) * 8,
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "an unknown host": to(REASONS, b"GET", b"", b"Host: evil.example"),
    "a broken host": to(REASONS, b"GET", b"", b"Host: ["),
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/3.0": b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
    "a header of 1 MB": to(REASONS, b"GET", b"", b"X: " + b"x" * 1_000_000),
    "a path of 1 MB": to(b"/" + b"x" * 1_000_000),
    "10,000 headers": to(REASONS, b"GET", b"", *(b"X-%d: 1" % number for number in range(10_000))),
    "a header of two lines": to(REASONS, b"GET", b"", b"X: a\r\n b"),
    "two lengths": to(REASONS, b"POST", b"{}", b"Content-Length: 99"),
    "a length below zero": to(REASONS, b"POST", b"", b"Content-Length: -1"),
    "no number for a length": to(REASONS, b"POST", b"", b"Content-Length: many"),
    "a length and chunks": to(REASONS, b"POST", b"{}", b"Transfer-Encoding: chunked"),
    "broken chunks": to(REASONS, b"POST", b"", b"Transfer-Encoding: chunked") + b"zz\r\nhello",
    "a body cut short": to(REASONS, b"POST", b"", b"Content-Length: 100") + b"{",
    "a body beyond the limit": to(REASONS, b"POST", b"x" * 2_000_000),
    "a length beyond everything": to(REASONS, b"POST", b"", b"Content-Length: " + b"9" * 400),
    "another path of the desk": to(b"/../../../etc/passwd"),
    **{
        f"{method.decode()} {path.decode()}": to(path, method)
        for method in (b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"DELETE", b"TRACE", b"BREW", b"connect")
        for path in (
            b"/", b"/atendimentos", REASONS, b"/api/docs", b"/api/openapi.json", b"/webhooks/whatsapp", b"/readyz",
            b"/_stcore/health", b"/_stcore/host-config", b"/_stcore/stream", b"/_stcore/metrics",
            b"/_stcore/upload_file/a/b", b"/_stcore/agent/interact", b"/_stcore/agent/openapi.json", b"/_stcore/bidi-components/x/y",
            b"/media/x.png", b"/component/x/y", b"/static/js/none.js", b"/auth/login", b"/oauth2callback",
        )
    },
    **{
        f"the path {path!r}": to(path)
        for path in (
            b"//", b"//evil.example/x", b"/%00", b"/%ff%fe", b"/\xff\xfe", b"/%2e%2e/%2e%2e/etc/passwd", b"/..%2f..%2fetc/passwd",
            b"/..\\..\\x", b"/api/v1/conversations/%00", b"/api/v1/conversations/%ff", b"/api/v1/conversations/..%2f",
            b"/media/..%2f..%2fapp.py", b"/component/desfecho_rows/../../x", b"/static/../../app.py",
            b"/_stcore/bidi-components/desfecho_rows/..%2f", b"/api/static-docs/../../core/api.py",
            b"/api/static-docs/%00", b"/api/static-docs/" + b"x" * 5_000, b"/static/" + b"x" * 5_000,
            b"/media/" + b"x" * 5_000, b"/" + b"a/" * 5_000, b"/?" + b"q=%ff&" * 1_000, b"*", b"http://evil.example/",
            b"/auth/login?provider=%00", b"/auth/login?provider=x", b"/oauth2callback?state=x&code=y", b"/auth/logout",
        )
    },
    **{
        f"{header.decode('latin-1')[:30]}": to(path, b"GET", b"", header)
        for path in (b"/static/js/", b"/")
        for header in (
            b"Range: bytes=999999999-", b"Range: bytes=5-2", b"Range: bytes=" + b"0-1," * 5_000, b"Range: lines=1",
            b"Accept: \xff", b"Accept: " + b"a/b;q=x," * 2_000, b"Accept-Encoding: gzip;q=zero", b"Accept-Encoding: \x80",
            b"If-None-Match: \"", b"If-Modified-Since: yesterday", b"Cookie: _streamlit_xsrf=%00; _streamlit_user=\xff",
            b"Cookie: _streamlit_session=e30.x.y", b"X-Forwarded-For: , ,", b"X-Forwarded-For: \xff", b"X-Forwarded-Proto: \xff",
            b"Origin: http://evil.example", b"Authorization: Bearer \xff", b"Expect: 100-continue", b"Upgrade: h2c",
        )
    },
    **{
        f"a socket to {path.decode()}": to(path, b"GET", b"", *UPGRADE)
        for path in (b"/", REASONS, b"/healthz", b"/_stcore/health", b"/media/x", b"/static/x", b"/nothing")
    },
    "a socket from elsewhere": to(b"/_stcore/stream", b"GET", b"", *UPGRADE, b"Origin: http://evil.example"),
    "a socket without a key": to(b"/_stcore/stream", b"GET", b"", *UPGRADE[:3]),
}  # fmt: skip

SPOKEN = {  # frames of a web socket, masked with zeros
    "text": b"\x81\x85\0\0\0\0hello",
    "no protobuf": b"\x82\x85\0\0\0\0hello",
    "too much": b"\x82\xff" + (3_000_000).to_bytes(8, "big") + bytes(4 + 3_000_000),
    "no frame": b"\xff" * 100,
    "unmasked": b"\x82\x01x",
}

BODIES = {
    "broken JSON": b'{"description": ', "deep nesting": DEEP, "no UTF-8": b'{"description": "\xff"}', "NaN": b"NaN",
    "half a character": rb'{"description": "\ud800", "category": "lost", "value": "none"}', "zero bytes": bytes(100),
    "another's field": b'{"__class__": "x"}', "a long number": b'{"value": ' + b"9" * 5_000 + b"}",
}  # fmt: skip


def silent_about_itself(served: tuple[Server, bytes], answer: bytes) -> None:
    server, token = served
    assert b" 500 " not in answer[:20], answer[:300]
    assert not (found := TOLD.search(_without_pages(answer))), (found, answer[:1000])
    for secret in (token, str(server.folder).encode(), str(ROOT).encode(), str(Path.home()).encode() + b"/"):
        assert secret not in answer


def _without_pages(answer: bytes) -> bytes:
    """Streamlit's page and the description of the interface speak of errors, the same to everybody."""
    head, _, body = answer.partition(b"\r\n\r\n")
    page = body.lstrip().startswith((b"<!--", b"<!DOCTYPE", b'{"openapi"'))
    return head if page else answer


@pytest.mark.parametrize("request_", WRONG.values(), ids=WRONG.keys())
def test_asked_wrongly(served: tuple[Server, bytes], request_: bytes) -> None:
    silent_about_itself(served, ask(served[0], request_))


@pytest.mark.parametrize("frame", SPOKEN.values(), ids=SPOKEN.keys())
def test_spoken_wrongly(served: tuple[Server, bytes], frame: bytes) -> None:
    """The connection is closed, and nothing is told of why."""
    with socket.create_connection(("127.0.0.1", served[0].port), timeout=10) as connection:
        connection.sendall(
            to(b"/_stcore/stream", b"GET", b"", *UPGRADE).replace(b"Connection: close\r\n", b"")
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
        answer = b""
        with suppress(ConnectionError):
            connection.sendall(frame)
            while b"\x88" not in answer and (part := connection.recv(65_536)):  # it says that it closes
                answer += part
    silent_about_itself(served, answer)


@pytest.mark.parametrize(
    "path", [REASONS, b"/api/v1/messages", b"/webhooks/whatsapp", b"/api/v1/me/preferences"]
)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_bodies(served: tuple[Server, bytes], path: bytes, body: bytes) -> None:
    method = b"PUT" if path.endswith(b"preferences") else b"POST"
    answer = ask(served[0], to(path, method, body, b"Authorization: Bearer " + served[1]))
    assert re.match(rb"HTTP/1.1 4(01|22) ", answer), answer[:300]
    silent_about_itself(served, answer)


def test_it_has_gone_on_and_its_log_names_nobody(served: tuple[Server, bytes]) -> None:
    """After all that, which pytest runs before this."""
    server, token = served
    answer = ask(server, to(REASONS, b"GET", b"", b"Authorization: Bearer " + token))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\nserver:" not in answer.lower()
    assert token.decode() not in server.log.read_text("utf-8", "replace")
