"""The demonstration's last line: whatever served it, only this machine is answered."""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import is_loopback


class OnlyThisMachine:
    """Close the door on connections that come from, or arrived at, an address beyond this machine."""

    def __init__(self, app: ASGIApp, only_if: Callable[[], bool]) -> None:
        self._app = app
        self._only_if = only_if

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not self._only_if() or _is_local(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = b"The demonstration answers this machine only."
            headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def _is_local(scope: Scope) -> bool:
    """Both ends are this machine, and so are the names by which a browser came: a page elsewhere could give
    its own name this machine's address."""
    ends = [end[0] for end in (scope.get("client"), scope.get("server")) if end]
    headers = Headers(scope=scope)
    named = [f"//{headers['host']}"] if "host" in headers else []
    named += [headers["origin"]] if "origin" in headers else []
    return bool(ends) and all(is_loopback(end) for end in [*ends, *map(_hostname, named)])


def _hostname(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
