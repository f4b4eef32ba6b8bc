"""What stands around Streamlit's addresses: cookies that hold a session and no more, ways back that stay here."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core import identity, services
from core.analysts.service import Analysts
from core.application import Application
from core.desk import Desk
from core.facts import Facts
from core.http.signin import (
    NEXT_COOKIE,
    USER_COOKIE,
    SignIn,
    own_address,
    read,
    write,
)
from core.model import User
from core.settings import Settings
from tests.conftest import NOW, Team, change_user
from tests.unit.test_sign_in import ANA, OIDC

URL = OIDC["url"]
SETTINGS = Settings(**OIDC)
CLAIMS = ANA | {
    "origin": URL,
    "is_logged_in": True,
    "provider": "default",
    "name": "Ana",
    "groups": ["a" * 3000],
}
BRUNO = CLAIMS | {"email": "bruno@example.com"}


def signed(name: str, value: str, secret: str = identity.cookie_secret(SETTINGS)) -> str:
    """As Streamlit signs cookies."""
    return str(URLSafeTimedSerializer(secret, salt=name).dumps(value))


def parts(claims: dict[str, Any]) -> dict[str, str]:
    """As Streamlit sets a cookie that is too long for one."""
    text = json.dumps(claims)
    cut = [text[at : at + 2000] for at in range(0, len(text), 2000)]
    names = {f"{USER_COOKIE}_{number}": part for number, part in enumerate(cut, 1)}
    return {name: signed(name, part) for name, part in ({USER_COOKIE: f"chunks-{len(cut)}"} | names).items()}


class Streamlit:
    """Answers as Streamlit does: the next callback signs in whom it is told, or fails."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] | None = CLAIMS

    async def callback(self, _: Request) -> Response:
        answer = RedirectResponse("/", 302)
        if self.claims:
            for name, value in parts(self.claims).items():
                answer.set_cookie(name, value, httponly=True, samesite="lax", max_age=30 * 86400)
            answer.set_cookie(f"{USER_COOKIE}_tokens", signed(f"{USER_COOKIE}_tokens", "{}"))
        return answer

    async def login(self, _: Request) -> Response:
        answer = RedirectResponse("https://id.example.com/authorize", 302)
        answer.set_cookie("_streamlit_session", "state")
        return answer

    async def logout(self, _: Request) -> Response:
        answer = RedirectResponse("https://id.example.com/end", 302)
        answer.delete_cookie(USER_COOKIE)
        return answer

    async def file(self, _: Request) -> Response:
        return Response("a file")


@pytest.fixture
def application(desk: Desk, team: Team) -> Iterator[Application]:
    settings = replace(SETTINGS, data_dir=str(desk.folder))
    facts = Facts.open(desk.folder)
    yield Application(settings, desk, facts, lambda: NOW, Analysts(settings, desk, facts, lambda: NOW))
    facts.close()


@pytest.fixture
def streamlit() -> Streamlit:
    return Streamlit()


@pytest.fixture
def browser(application: Application, streamlit: Streamlit) -> TestClient:
    routes = [
        Route("/oauth2callback", streamlit.callback),
        Route("/auth/login", streamlit.login),
        Route("/auth/logout", streamlit.logout),
        Route("/media/{file}", streamlit.file),
    ]
    door = SignIn(Starlette(routes=routes), lambda: application)
    return TestClient(door, base_url=URL, follow_redirects=False)


def come(browser: TestClient, query: str = "state=s&code=c") -> Any:
    return browser.get(f"/oauth2callback?{query}")


def stands(application: Application, cookie: str | None) -> str:
    said = read({USER_COOKIE: cookie or ""}, SETTINGS)
    found = identity.signed_in(application.desk, application.settings, said, NOW)
    return found.name if isinstance(found, User) else str(found)


def test_of_all_that_the_provider_says_the_browser_keeps_a_session(
    application: Application, browser: TestClient
) -> None:
    answer = come(browser)
    cookies = answer.headers.get_list("set-cookie")
    assert set(browser.cookies) == {USER_COOKIE} and len(browser.cookies[USER_COOKIE]) < 400
    assert all(flag in cookies[0] for flag in ("HttpOnly", "SameSite=Lax", "Max-Age=43200"))
    assert all(cookie.endswith("; Secure") for cookie in cookies)
    said = read(browser.cookies, SETTINGS)
    assert set(said) == {"origin", "is_logged_in", "provider", "email", "session"}
    assert stands(application, browser.cookies[USER_COOKIE]) == "Ana"


def test_whoever_is_refused_gets_no_session(
    application: Application, browser: TestClient, streamlit: Streamlit, team: Team
) -> None:
    change_user(application.desk, team.ana, active=False)
    assert "Max-Age=900" in come(browser).headers.get_list("set-cookie")[0]
    assert stands(application, browser.cookies[USER_COOKIE]) == "deactivated"
    streamlit.claims = CLAIMS | {"email": "zoe@example.com"}
    come(browser)
    assert stands(application, browser.cookies[USER_COOKIE]) == "unknown"
    assert not application.desk.read(lambda tx: tx.rows("SELECT * FROM sign_ins"))


def test_forged_cookies_say_nothing(application: Application, browser: TestClient) -> None:
    come(browser)
    real = browser.cookies[USER_COOKIE]
    said = read(browser.cookies, SETTINGS)
    for forged in (
        real[:-3] + ("AAA" if not real.endswith("AAA") else "BBB"),
        signed(USER_COOKIE, json.dumps(said), "another secret"),
        signed(f"{USER_COOKIE}_tokens", json.dumps(said)),  # one kind of cookie for another
        signed(USER_COOKIE, "chunks-2"),
        signed(USER_COOKIE, "chunks-many"),
        signed(USER_COOKIE, '["a list"]'),
        json.dumps(said),
        "",
    ):
        assert read({USER_COOKIE: forged}, SETTINGS) == {}
        assert stands(application, forged) == "signed_out"
    unknown = write(said | {"session": "a key that was never given"}, SETTINGS)
    assert stands(application, unknown) == "ended"
    changed = replace(SETTINGS, oidc_client_secret="the next one")
    assert read({USER_COOKIE: real}, changed) == {}, "another secret of the client, other cookies"


def test_signing_out_ends_the_copies_too(application: Application, browser: TestClient) -> None:
    come(browser)
    copied = browser.cookies[USER_COOKIE]
    assert browser.get("/auth/logout").headers["location"] == "https://id.example.com/end"
    assert not browser.cookies
    assert stands(application, copied) == "ended"


def test_coming_as_somebody_else_ends_who_was_here_before(
    application: Application, browser: TestClient, streamlit: Streamlit
) -> None:
    come(browser)
    before = browser.cookies[USER_COOKIE]
    streamlit.claims = BRUNO
    come(browser)
    assert stands(application, browser.cookies[USER_COOKIE]) == "Bruno"
    assert stands(application, before) == "ended"


def test_not_getting_in_leaves_who_is_here(
    application: Application, browser: TestClient, streamlit: Streamlit
) -> None:
    come(browser)
    streamlit.claims = None
    come(browser, "error=access_denied&state=s")
    assert stands(application, browser.cookies[USER_COOKIE]) == "Ana"


@pytest.mark.parametrize(
    ("page", "back"),
    [
        (f"{URL}/desfechos?topic=reasons&a=1", "/desfechos?topic=reasons&a=1"),
        (f"{URL}/perguntas?sql=SELECT%20%27%C3%A9%27%3B", "/perguntas?sql=SELECT+%27%C3%A9%27%3B"),
        (f"{URL}/?c=1&signin=failed", "/?c=1"),
        (f"{URL}/", "/"),
        (None, "/"),
        ("https://evil.example/desfechos", "/"),
        (f"{URL}.evil.example/desfechos", "/"),
        (f"{URL}//evil.example", "/"),
        (f"{URL}/a?b={'c' * 4000}", "/"),
    ],
)
def test_back_to_where_somebody_was_going(browser: TestClient, page: str | None, back: str) -> None:
    headers = {"Referer": page} if page else {}
    (kept,) = [
        cookie
        for cookie in browser.get("/auth/login", headers=headers).headers.get_list("set-cookie")
        if cookie.startswith(NEXT_COOKIE)
    ]
    assert all(flag in kept for flag in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/oauth2callback"))
    assert come(browser).headers["location"] == back
    assert NEXT_COOKIE not in browser.cookies and come(browser).headers["location"] == "/", "once"


def test_what_did_not_work_is_said_where_somebody_was(browser: TestClient, streamlit: Streamlit) -> None:
    streamlit.claims = None
    for page, back in (("/desfechos?topic=a", "/desfechos?topic=a&signin=failed"), ("/", "/?signin=failed")):
        browser.get("/auth/login", headers={"Referer": URL + page})
        assert come(browser, "error=access_denied").headers["location"] == back


def test_a_page_elsewhere_signs_nobody_out(browser: TestClient, streamlit: Streamlit) -> None:
    streamlit.claims = None
    before = dict(browser.cookies)
    away = browser.get("/auth/logout", headers={"Sec-Fetch-Site": "cross-site"}, follow_redirects=False)
    assert (away.status_code, away.headers["location"]) == (302, "/")
    assert "set-cookie" not in away.headers and dict(browser.cookies) == before


def test_back_from_the_provider_after_signing_out(browser: TestClient) -> None:
    assert come(browser, "").headers["location"] == "/"
    assert not browser.cookies


@pytest.mark.parametrize(
    "text",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "evil",
     "////evil.example", "//////evil.example/x", "", "/a\r\nSet-Cookie: b=c", "/a;b", "/é", "/a b", "https://[", "/\tb"],
)  # fmt: skip
def test_no_way_leads_elsewhere(text: str) -> None:
    assert own_address(text) == "/"


def test_files_are_for_who_is_in(application: Application, browser: TestClient, team: Team) -> None:
    assert browser.get("/media/a.csv").status_code == 401
    come(browser)
    assert browser.get("/media/a.csv").text == "a file"
    change_user(application.desk, team.ana, active=False)
    assert browser.get("/media/a.csv").status_code == 401


def test_cookies_stay_as_they_are_on_this_machine_without_https(
    application: Application, streamlit: Streamlit
) -> None:
    here = replace(application, settings=replace(application.settings, url="http://localhost:8501"))
    door = SignIn(Starlette(routes=[Route("/auth/login", streamlit.login)]), lambda: here)
    answer = TestClient(door, follow_redirects=False).get("/auth/login")
    assert not any("secure" in cookie.lower() for cookie in answer.headers.get_list("set-cookie"))


def test_where_the_desk_cannot_keep_the_session_nobody_comes_in(
    application: Application, streamlit: Streamlit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space")

    monkeypatch.setattr(services, "sign_in", full)
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    door = SignIn(Starlette(routes=[Route("/oauth2callback", streamlit.callback)]), lambda: application)
    scope = {
        "type": "http", "method": "GET", "path": "/oauth2callback", "query_string": b"state=s", "headers": [],
        "root_path": "",
    }  # fmt: skip
    with pytest.raises(OSError, match="no space"):
        asyncio.run(door(scope, None, keep))
    assert not sent
