"""The whole application in Chromium: one server for all of these tests, each with conversations of its own."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core import services
from core.desk import Desk
from core.model import SYSTEM, Category, Role, Scope, ValueMode
from tests.conftest import add_user, write
from tests.server import Server, free_port, serving

expect.set_options(timeout=30_000)

LAG = 5  # seconds that analysts may be behind

# Without a network there is nothing for Chromium to look for in the background.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("desk")
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    for name, role in (
        ("Ana", Role.AGENT), ("Bruno", Role.AGENT), ("Marta", Role.MANAGER), ("Nadia", Role.ANALYST),
        ("Clara", Role.ADMIN),
    ):  # fmt: skip
        add_user(desk, name, role)
    services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.REQUIRED, now=now)
    services.create_reason(desk, SYSTEM, "Horário", Category.QUESTION, ValueMode.NONE, now=now)
    services.create_reason(desk, SYSTEM, "Preço", Category.LOST, ValueMode.OPTIONAL, now=now)
    write(desk, "always-there", now)
    made = services.create_token(desk, SYSTEM, "nadia@example.com", "browser tests", Scope.SQL, now=now)
    desk.close()
    port = free_port()
    with serving(folder, DESFECHO_ANALYSTS_PORT=str(port), DESFECHO_ANALYSTS_LAG=str(LAG)) as running:
        running.attach = f"ATTACH 'quack:127.0.0.1:{port}' AS desfecho (TOKEN '{made.secret}')"
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Chromium is missing: `make test` installs it."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        _listen(launched)
        yield launched
        launched.close()


VIOLATIONS: list[str] = []  # of the content policy, on any page of the running test


def _listen(browser: Browser) -> None:
    """Have every window of this browser tell what its pages were kept from."""
    plain = browser.new_context

    def listening(**options: Any) -> BrowserContext:
        context = plain(**options)
        context.on(
            "console",
            lambda said: VIOLATIONS.append(said.text) if "Content Security Policy" in said.text else None,
        )
        return context

    browser.new_context = listening  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _nothing_against_the_policy() -> Iterator[None]:
    """What a page needs, the content policy allows."""
    VIOLATIONS.clear()
    yield
    assert VIOLATIONS == []


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1360, "height": 900}, locale="pt-BR", base_url=server.url
    )
    opened = context.new_page()
    yield opened
    context.close()
