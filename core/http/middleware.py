"""What stands before every route: a limit to bodies, an apology for bugs, a closed door where nobody is awaited, and
the way to our own."""

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.http import problems

MB = 1024 * 1024
LIMIT = MB
WEBHOOK_LIMIT = 3 * MB  # what Meta says a delivery may reach
OURS = ("/api/", "/webhooks/")
HEALTH = ("/healthz", "/readyz")
SOCKET = "/_stcore/stream"
CLOSED = ("/_stcore/agent", "/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/upload_file")


class Apology:
    """Answer what nobody foresaw here, inside the application: outside it would become plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except ClientDisconnect:  # nobody is left to be answered
            return
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            await problems.internal(Request(scope), error)(scope, receive, send)


class OwnRoutes:
    """Answer our own addresses, and leave the others to Streamlit.

    What Streamlit puts before each route (sessions, compression, its check of paths) takes longer than they do.
    """

    def __init__(self, app: ASGIApp, routes: ASGIApp) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and (scope["path"].startswith(OURS) or scope["path"] in HEALTH)
        await (self.routes if ours else self.app)(scope, receive, send)


class BodyLimit:
    """Refuse a body beyond the limit, whether it is announced or only arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = WEBHOOK_LIMIT if scope["path"].startswith("/webhooks/") else LIMIT
        announced = Headers(scope=scope).get("content-length", "")
        left = limit

        async def counting() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        if announced.isdecimal() and int(announced) > limit:
            refused = problems.response(problems.of_status(HTTPException(413)))
            await refused(scope, receive, send)
        else:
            await self.app(scope, counting, send)


class OwnPagesOnly:
    """Leave Streamlit's addresses to our own pages.

    Its web socket knows a person by their cookie, so no page of another host may open it; Streamlit itself lets
    any page of `localhost` in, and to judge the others asks a host of the internet for its own address. What the
    pages never use of Streamlit is closed: uploads, metrics, the API for programs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not (scope["path"] == SOCKET and _from_own_page(scope)):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and scope["path"].startswith(CLOSED):
            refused = problems.response(problems.of_status(HTTPException(404)))
            await refused(scope, receive, send)
        else:
            if scope["type"] == "http":  # nothing is shared with other origins: Streamlit need not ask itself
                scope["headers"] = [header for header in scope["headers"] if header[0] != b"origin"]
            await self.app(scope, receive, send)


def _from_own_page(scope: Scope) -> bool:
    """Whether a browser came from the host that it asks; who sends no origin is no browser."""
    headers = Headers(scope=scope)
    origins, hosts = headers.getlist("origin"), headers.getlist("host")
    return not origins or [origin.partition("://")[2] for origin in origins] == hosts != [""]
