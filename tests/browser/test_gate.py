"""No address leads past the gate, not even the first one a fresh server is asked for."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.ui.pages import NAVIGATION
from tests.server import ROOT, SERVE, serving

STREAMLIT = (SERVE[0], "-m", "streamlit", "run", "app.py", "--server.port", "{port}")


def addresses() -> list[str]:
    """Every address a page or a script might be reached at."""
    scripts = [path.stem for path in (ROOT / "pages").rglob("*.py")]
    return sorted({entry[1] for entry in NAVIGATION} | set(scripts) | {"shell", "main", "app"})


@pytest.mark.parametrize("command", [SERVE, STREAMLIT], ids=["core serve", "streamlit run"])
def test_a_fresh_server_gates_every_deep_link(
    browser: Browser, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """On a desk without users nobody may see anything but the sentence that says so."""
    with serving(tmp_path, command) as fresh:
        for address in addresses():
            page = browser.new_page()
            page.goto(f"{fresh.url}/{address}")
            expect(page.get_by_text("python -m core demo")).to_be_visible()
            expect(page.get_by_text(re.compile("Configurações|Classificação|Preferências"))).to_have_count(0)
            page.close()
