"""Signing in: what stands around Streamlit's routes to and from the provider.

Streamlit's own cookie would say for thirty days who somebody is, whatever happens meanwhile. On its way to the browser
it is replaced by one with the key of a session, which the desk knows and can end (`core/services/sign_ins.py`).
"""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import identity, services
from core.application import Application
from core.model import User
from core.services.sign_ins import email_of
from core.settings import Settings

LOGIN, LOGOUT = "/auth/login", "/auth/logout"
FILES = "/media/"  # what pages offer for downloading
USER_COOKIE = (
    "_streamlit_user"  # Streamlit's, as are its parts `…_1`, `…_2` and the provider's tokens `…_tokens`
)
NEXT_COOKIE = "desfecho_next"  # where somebody was going when they were asked to sign in
NEXT_SECONDS = 900
NEXT_LENGTH = 3000
REFUSED_SECONDS = 900  # how long somebody refused is told so
FAILED = "signin=failed"  # in the address: the sign-in page says so

Cookie = dict[str, Any]


class SignIn:
    """Keep sessions, lead back to where somebody was going, and give files to nobody else than who is in."""

    def __init__(self, app: ASGIApp, application: Callable[[], Application]) -> None:
        self.app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request, settings = Request(scope), self._application().settings

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                await self._changed(request, settings, headers)
                _only_by_https(settings, headers)
            await send(message)

        path = scope["path"]
        if path.startswith(FILES) and not await run_in_threadpool(self._is_in, request):
            await PlainTextResponse("Sign in first.", 401)(scope, receive, send)
        elif path == LOGOUT and request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            await RedirectResponse("/", 302)(
                scope, receive, send
            )  # a page elsewhere does not sign anybody out
        elif path == identity.CALLBACK and not {"state", "error"} & request.query_params.keys():
            await RedirectResponse("/", 302)(scope, receive, send)  # back from signing out at the provider
        else:
            await self.app(scope, receive, sending)

    def _is_in(self, request: Request) -> bool:
        application = self._application()
        cookie = read(request.cookies, application.settings)
        found = identity.signed_in(application.desk, application.settings, cookie, application.clock())
        return isinstance(found, User)

    async def _changed(self, request: Request, settings: Settings, headers: MutableHeaders) -> None:
        """Change what Streamlit answers at its three addresses."""
        path = request.url.path
        if path == LOGIN:
            _remember(headers, came_from(request, settings))
        if path not in (LOGIN, LOGOUT, identity.CALLBACK):
            return
        given, before = _set_cookies(headers), read(request.cookies, settings)
        if (
            USER_COOKIE in given and "session" in before
        ):  # set or taken away, who was here before is not any more
            await run_in_threadpool(self._sign_out, before["session"])
        claims = read(given, settings)
        if claims:
            cookie = await run_in_threadpool(self._sign_in, claims)
            lasts = settings.session_lasts.total_seconds() if "session" in cookie else REFUSED_SECONDS
            _replace(headers, write(cookie, settings), int(lasts))
        if path == identity.CALLBACK and "location" in headers:
            going = own_address(request.cookies.get(NEXT_COOKIE, "/"))
            headers["location"] = going if claims else _with_failure(going)
            headers.append("set-cookie", f"{NEXT_COOKIE}=; Path={identity.CALLBACK}; Max-Age=0; HttpOnly")

    def _sign_in(self, claims: Cookie) -> Cookie:
        """What Streamlit needs of its cookie, with the key of a new session, or why there is none."""
        application, key = self._application(), secrets.token_urlsafe(32)
        found = services.sign_in(
            application.desk, claims, key,
            all_verified=application.settings.oidc_verified == "provider", now=application.clock(),
        )  # fmt: skip
        kept: Cookie = {
            name: claims[name] for name in ("origin", "is_logged_in", "provider") if name in claims
        }
        kept["email"] = email_of(claims)
        return kept | ({"session": key} if isinstance(found, User) else {"refused": found})

    def _sign_out(self, key: str) -> None:
        application = self._application()
        services.sign_out(application.desk, key, now=application.clock())


# Cookies -------------------------------------------------------------------------------------------


def read(cookies: Mapping[str, str], settings: Settings) -> Cookie:
    """What Streamlit's cookie says, in one piece or in several; nothing where there is none or it is not ours."""
    whole = _unsigned(USER_COOKIE, cookies, settings)
    try:
        if whole.startswith("chunks-"):
            parts = range(1, int(whole.removeprefix("chunks-")) + 1)
            whole = "".join(_unsigned(f"{USER_COOKIE}_{part}", cookies, settings) for part in parts)
        said = json.loads(whole)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def write(cookie: Cookie, settings: Settings) -> str:
    return str(_signer(USER_COOKIE, settings).dumps(json.dumps(cookie)))


def _signer(name: str, settings: Settings) -> URLSafeTimedSerializer:
    """As Streamlit signs its cookies."""
    return URLSafeTimedSerializer(identity.cookie_secret(settings), salt=name)


def _unsigned(name: str, cookies: Mapping[str, str], settings: Settings) -> str:
    try:
        return str(_signer(name, settings).loads(cookies.get(name, "")))
    except BadData:
        return ""


def _set_cookies(headers: MutableHeaders) -> dict[str, str]:
    """The cookies that an answer sets."""
    found = SimpleCookie()
    for header in headers.getlist("set-cookie"):
        found.load(header)
    return {name: morsel.value for name, morsel in found.items()}


def _replace(headers: MutableHeaders, value: str, seconds: int) -> None:
    """Set one cookie in place of all that Streamlit sets about a person."""
    others = [header for header in headers.getlist("set-cookie") if not header.startswith(USER_COOKIE)]
    _set_all(headers, others)
    headers.append("set-cookie", f"{USER_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax")


def _only_by_https(settings: Settings, headers: MutableHeaders) -> None:
    """Have cookies sent over https alone, where that is how people come."""
    if settings.origin.startswith("https:"):
        given = headers.getlist("set-cookie")
        _set_all(headers, [one if "; secure" in one.lower() else f"{one}; Secure" for one in given])


def _set_all(headers: MutableHeaders, cookies: Iterable[str]) -> None:
    del headers["set-cookie"]
    for cookie in cookies:
        headers.append("set-cookie", cookie)


# Where somebody was going --------------------------------------------------------------------------


def came_from(request: Request, settings: Settings) -> str:
    """The page of ours on which somebody pressed the button: browsers say so to the host they come from."""
    page = request.headers.get("referer", "")
    return own_address(page.removeprefix(settings.origin)) if page.startswith(f"{settings.origin}/") else "/"


def own_address(text: str) -> str:
    """The path and query of a page of ours, or `/`: never a way to another host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    plain = text.isascii() and text.isprintable() and not set(text) & set(' \\";,')
    elsewhere = parts.scheme or parts.netloc or parts.path.startswith("//") or not parts.path.startswith("/")
    if elsewhere or not plain or len(text) > NEXT_LENGTH:
        return "/"
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if "=".join(pair) != FAILED]
    return parts.path + (f"?{urlencode(query)}" if query else "")


def _with_failure(address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{FAILED}"


def _remember(headers: MutableHeaders, address: str) -> None:
    headers.append(
        "set-cookie",
        f"{NEXT_COOKIE}={address}; Path={identity.CALLBACK}; Max-Age={NEXT_SECONDS}; HttpOnly; SameSite=Lax",
    )
