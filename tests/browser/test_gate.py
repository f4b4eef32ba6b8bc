"""No address leads past the gate, not even the first one a fresh server is asked for."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.ui.pages import NAVIGATION
from tests.server import ROOT, SERVE, free_port, serving

STREAMLIT = (SERVE[0], "-m", "streamlit", "run", "app.py", "--server.port", "{port}")


def addresses() -> list[str]:
    """Every address a page or a script might be reached at."""
    scripts = [path.stem for path in (ROOT / "pages").rglob("*.py")]
    return sorted({entry[1] for entry in NAVIGATION} | set(scripts) | {"shell", "main", "app"})


OIDC = {
    "DESFECHO_AUTH": "oidc",
    "DESFECHO_OIDC_METADATA_URL": "https://id.example.com/.well-known/openid-configuration",
    "DESFECHO_OIDC_CLIENT_ID": "desfecho",
    "DESFECHO_OIDC_CLIENT_SECRET": "of the tests",
    "DESFECHO_ADMIN": "clara@example.com",
}


@pytest.mark.parametrize("command", [STREAMLIT], ids=["streamlit run"])
def test_a_fresh_server_gates_every_deep_link(
    browser: Browser, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """On a desk without users nobody may see anything but the sentence that says so."""
    with serving(tmp_path, command) as fresh, browser.new_context() as context:
        for address in addresses():
            page = context.new_page()
            page.goto(f"{fresh.url}/{address}")
            expect(page.get_by_text("python -m core demo")).to_be_visible()
            expect(page.get_by_text(re.compile("Configurações|Classificação|Preferências"))).to_have_count(0)
            page.close()


@pytest.mark.parametrize("command", [SERVE], ids=["core serve"])
def test_who_is_not_signed_in_sees_no_page(
    browser: Browser, tmp_path: Path, command: tuple[str, ...]
) -> None:
    port = free_port()
    with (
        serving(tmp_path, command, port, DESFECHO_URL=f"http://127.0.0.1:{port}", **OIDC) as fresh,
        browser.new_context(locale="pt-BR") as context,
    ):
        for address in addresses():
            page = context.new_page()
            page.goto(f"{fresh.url}/{address}")
            expect(page.get_by_role("button", name="Entrar")).to_be_visible()
            expect(page.get_by_text(re.compile("Configurações|Classificação|Preferências"))).to_have_count(0)
            expect(page.get_by_test_id("stSidebar")).to_be_hidden()
            page.close()
