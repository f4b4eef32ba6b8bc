"""What stands before every route: a limit to bodies, an apology for bugs, a word to browsers."""

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.http import problems

MB = 1024 * 1024
LIMIT = MB
WEBHOOK_LIMIT = 3 * MB  # what Meta says a delivery may reach
OWN_HOST = "default-src 'self' 'unsafe-inline' data: blob:"


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


class OwnHostOnly:
    """Tell browsers to ask no other host: ReDoc fetches its maker's logo otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = OWN_HOST
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, sending)
