"""Signing in, in Chromium, against an OpenID provider that runs as a process of its own."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core import services
from core.desk import Desk
from core.http.signin import USER_COOKIE
from core.model import SYSTEM, Caller, Role
from tests.browser.test_accessibility import Looked
from tests.changing import change
from tests.conftest import add_user, change_user, write
from tests.server import Server, free_port, serving

SECRET = "what the provider gave"
TEAM = (
    ("Ana", Role.AGENT),
    ("Bruno", Role.AGENT),
    ("Marta", Role.MANAGER),
    ("Clara", Role.ADMIN),
    ("Gone", Role.AGENT),
)
MANY_GROUPS = [f"group-{number:04}-of-a-large-organisation" for number in range(600)]


class Provider:
    """Who has an account, and what their ID token says."""

    def __init__(self, url: str) -> None:
        self.url = url
        for name, _ in TEAM:
            self.knows(name.lower(), email=f"{name.lower()}@example.com", email_verified=True)
        self.knows("grouped", email="ana@example.com", email_verified=True, groups=MANY_GROUPS)
        self.knows("unsure", email="ana@example.com", email_verified=False)
        self.knows("stranger", email="stranger@elsewhere.example", email_verified=True)
        self.knows("nameless")

    def knows(self, account: str, **claims: object) -> None:
        request = urllib.request.Request(
            f"{self.url}/users/{account}",
            json.dumps(claims).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def providing(log: Path) -> Iterator[Provider]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "oidc_provider_mock", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(200):
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield Provider(url)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("signin")
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    people = {name: add_user(desk, name, role) for name, role in TEAM}
    change_user(desk, Caller(people["Gone"].id), active=False)
    write(desk, "m1", now)
    services.conclude(desk, SYSTEM, write(desk, "m2", now, address="another").conversation_id, now=now)
    desk.close()
    port = free_port()
    with (
        providing(folder.parent / "provider.log") as provider,
        serving(
            folder, (sys.executable, "-m", "tests.changing", "serve"), port,
            DESFECHO_AUTH="oidc",
            DESFECHO_URL=f"http://127.0.0.1:{port}",
            DESFECHO_OIDC_METADATA_URL=f"{provider.url}/.well-known/openid-configuration",
            DESFECHO_OIDC_CLIENT_ID="desfecho",
            DESFECHO_OIDC_CLIENT_SECRET=SECRET,
        ) as running,
    ):  # fmt: skip
        yield running
    log = running.log.read_text()
    assert "Traceback" not in log and SECRET not in log and "code=" not in log and "@example.com" not in log


Window = Callable[[], BrowserContext]


@pytest.fixture
def window(browser: Browser, place: Server) -> Iterator[Window]:
    """Open a browser of its own: nobody is in yet."""
    opened: list[BrowserContext] = []

    def new() -> BrowserContext:
        context = browser.new_context(
            viewport={"width": 1360, "height": 900}, locale="pt-BR", base_url=place.url
        )
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()


def at_provider(page: Page, account: str | None) -> None:
    """Choose an account there; None: refuse."""
    page.wait_for_url("**/oauth2/authorize**")
    if account:
        page.get_by_placeholder("sub").fill(account)
    page.get_by_role("button", name="Authorize" if account else "Deny").click()


def enter(page: Page, account: str | None, address: str = "/") -> Page:
    page.goto(address)
    page.locator(".st-key-signin-enter button").click()
    at_provider(page, account)
    return page


def sees(page: Page, heading: str) -> None:
    """The page that says why somebody is not in, and nothing beside it."""
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_text(re.compile("Atendimentos|Preferências|João|Novos"))).to_have_count(0)


def is_in(page: Page, name: str) -> None:
    expect(page.get_by_test_id("stSidebar").get_by_text(name, exact=True)).to_be_visible()


def session(context: BrowserContext) -> str:
    return next(cookie["value"] for cookie in context.cookies() if cookie["name"] == USER_COOKIE)


def with_cookie(window: Window, place: Server, value: str) -> Page:
    """Another browser, with this cookie."""
    context = window()
    context.add_cookies([{"name": USER_COOKIE, "value": value, "url": place.url}])
    page = context.new_page()
    page.goto("/")
    return page


def test_a_deep_link_leads_to_signing_in_and_then_to_the_page(window: Window) -> None:
    context = window()
    page = context.new_page()
    page.goto("/preferencias?a=b%20c&d=%C3%A9")
    sees(page, "Entre para continuar")
    enter(page, "ana", "/preferencias?a=b%20c&d=%C3%A9")
    is_in(page, "Ana")
    expect(page.get_by_role("heading", name="Preferências")).to_be_visible()
    assert re.search(r"/preferencias\?a=b(%20|\+)c&d=%C3%A9$", page.url)
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("Atendente")).to_be_visible()
    expect(sidebar.get_by_text("Configurações")).to_have_count(0)
    (kept,) = (cookie for cookie in context.cookies() if cookie["name"].startswith(USER_COOKIE))
    assert kept["httpOnly"] and kept["sameSite"] == "Lax" and len(kept["value"]) < 600


def test_each_comes_in_their_role(window: Window) -> None:
    page = enter(window().new_page(), "clara", "/configuracoes")
    is_in(page, "Clara")
    expect(page.get_by_test_id("stSidebar").get_by_text("Administrador")).to_be_visible()
    expect(page.get_by_role("heading", name="Configurações")).to_be_visible()


def test_a_manager_downloads_and_nobody_who_is_not_in(window: Window, place: Server) -> None:
    context = window()
    page = enter(context.new_page(), "marta", "/desfechos")
    is_in(page, "Marta")
    page.locator(".st-key-behind-conclusions button").click()
    with page.expect_download() as downloading:
        page.get_by_role("dialog").get_by_role("button", name="CSV").click()
    url = downloading.value.url
    assert "/media/" in url
    kept = {USER_COOKIE: session(context)}
    assert httpx2.get(url, cookies=kept).status_code in (200, 404)  # Streamlit may have dropped it by now
    assert httpx2.get(url).status_code == 401


@pytest.mark.parametrize(
    ("account", "heading", "said"),
    [
        ("stranger", "Você ainda não faz parte desta equipe", "stranger@elsewhere.example"),
        ("unsure", "Seu e-mail não foi verificado", "ana@example.com"),
        ("gone", "Seu acesso foi desativado", "gone@example.com"),
        ("nameless", "Sua conta não informa um e-mail", "administrador"),
    ],
)
def test_who_may_not_come_in_is_told_why(window: Window, account: str, heading: str, said: str) -> None:
    page = enter(window().new_page(), account, "/preferencias")
    sees(page, heading)
    expect(page.get_by_text(said)).to_be_visible()
    page.reload()
    sees(page, heading)
    page.get_by_role("button", name=re.compile("Entrar")).click()
    at_provider(page, "bruno")
    is_in(page, "Bruno")
    expect(page.get_by_role("heading", name="Preferências")).to_be_visible()


def test_refusing_at_the_provider(window: Window) -> None:
    page = enter(window().new_page(), None, "/preferencias?a=b")
    sees(page, "Entre para continuar")
    expect(page.get_by_text("Não foi possível entrar")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/preferencias\?a=b$"))
    page.get_by_role("button", name="Entrar").click()
    at_provider(page, "ana")
    is_in(page, "Ana")
    expect(page).to_have_url(re.compile(r"/preferencias\?a=b$"))


def test_claims_too_large_for_a_cookie(window: Window) -> None:
    is_in(enter(window().new_page(), "grouped"), "Ana")


def test_signing_out_ends_the_other_tab_and_the_copied_cookie(window: Window, place: Server) -> None:
    context = window()
    page = enter(context.new_page(), "ana")
    is_in(page, "Ana")
    other = context.new_page()
    other.goto("/preferencias")
    is_in(other, "Ana")
    copied = session(context)
    other.get_by_role("button", name="Sair").click()
    other.wait_for_url("**/end_session**")  # signed out there, too
    other.locator("button").first.click()
    sees(other, "Entre para continuar")
    assert not [cookie for cookie in context.cookies() if cookie["name"].startswith(USER_COOKIE)]
    sees(page, "Sua sessão terminou")  # without anybody's doing: the list looks for what is new
    sees(with_cookie(window, place, copied), "Sua sessão terminou")


def test_somebody_else_in_the_same_browser(window: Window, place: Server) -> None:
    context = window()
    page = enter(context.new_page(), "ana", "/preferencias")
    is_in(page, "Ana")
    before = session(context)
    other = context.new_page()
    other.goto(login_address(place))  # as from a page that was open since before
    at_provider(other, "clara")
    is_in(other, "Clara")
    page.get_by_text("Arquivar imediatamente").click()
    sees(page, "Sua sessão terminou")
    page.reload()
    is_in(page, "Clara")
    sees(with_cookie(window, place, before), "Sua sessão terminou")


def login_address(place: Server) -> str:
    """Where `st.login` sends a browser."""
    from joserfc import jwt
    from joserfc.jwk import OctKey

    from core import identity
    from core.settings import Settings

    secret = identity.cookie_secret(Settings(oidc_client_secret=SECRET))
    claims = {"provider": "default", "exp": int(time.time()) + 100}
    return (
        f"{place.url}/auth/login?provider={jwt.encode({'alg': 'HS256'}, claims, OctKey.import_key(secret))}"
    )


def test_a_forged_cookie_is_none(window: Window, place: Server) -> None:
    context = window()
    is_in(enter(context.new_page(), "ana"), "Ana")
    payload, stamp, signature = session(context).rsplit(".", 2)
    sees(with_cookie(window, place, f"{payload}.{stamp}.{signature[::-1]}"), "Entre para continuar")


def test_a_session_does_not_last_for_ever(window: Window, place: Server) -> None:
    context = window()
    page = enter(context.new_page(), "bruno", "/preferencias")
    is_in(page, "Bruno")
    then = datetime.now(UTC) - timedelta(hours=12)
    bruno = "(SELECT id FROM users WHERE email = ?)"
    change(
        place.folder,
        f"UPDATE sign_ins SET signed_in_at = CAST(? AS TIMESTAMP) WHERE user_id = {bruno}",
        f"{then:%Y-%m-%d %H:%M:%S}",
        "bruno@example.com",
    )
    page.get_by_text("Arquivar imediatamente").click()
    sees(page, "Sua sessão terminou")
    page.reload()
    sees(page, "Sua sessão terminou")
    page.get_by_role("button", name="Entrar").click()
    at_provider(page, "bruno")
    is_in(page, "Bruno")
    expect(page).to_have_url(re.compile("/preferencias$"))
    expect(
        page.get_by_role("radio", name="Arquivar em 12 horas")
    ).to_be_checked()  # what was clicked did nothing


def test_deactivation_counts_at_the_next_action(window: Window, place: Server) -> None:
    page = enter(window().new_page(), "bruno", "/preferencias")
    is_in(page, "Bruno")
    try:
        change(place.folder, "UPDATE users SET active = false WHERE email = ?", "bruno@example.com")
        page.get_by_text("Arquivar imediatamente").click()
        sees(page, "Seu acesso foi desativado")
    finally:
        change(place.folder, "UPDATE users SET active = true WHERE email = ?", "bruno@example.com")
    page.reload()
    is_in(page, "Bruno")
    expect(page.get_by_role("radio", name="Arquivar em 12 horas")).to_be_checked()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1360), ("dark", 390)])
def test_nothing_serious_for_axe(browser: Browser, place: Server, scheme: str, width: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        locale="pt-BR",
        base_url=place.url,
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    looked = Looked(page)
    page.goto("/")
    looked.at("signing in", page.get_by_role("button", name="Entrar"))
    enter(page, None)
    looked.at("what did not work", page.get_by_text("Não foi possível entrar"))
    enter(page, "stranger")
    looked.at("nobody invited", page.get_by_role("button", name="Sair"))
    enter(page, "ana")
    if width == 390:
        page.get_by_test_id("stExpandSidebarButton").click()
    looked.at("who is in", page.get_by_role("button", name="Sair"))
    context.close()
    assert not looked.found, "\n\n".join(looked.found)
