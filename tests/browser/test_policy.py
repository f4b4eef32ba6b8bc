"""What the pages are kept from: whatever gets into one, the browser asks no other host, and nobody frames us."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import VIOLATIONS
from tests.server import Server

SOCKET = "/_stcore/stream"


class Elsewhere(SimpleHTTPRequestHandler):
    """Another site on this machine, which would answer, and remembers what it was asked."""

    asked: ClassVar[list[str]] = []

    def log_message(self, format: str, *values: object) -> None:
        self.asked.append(self.path)


@pytest.fixture
def elsewhere(tmp_path: Path, server: Server) -> Iterator[str]:
    (tmp_path / "frame.html").write_text(f'<iframe src="{server.url}/"></iframe><p>here</p>')
    (tmp_path / "blank.html").write_text("<p>here</p>")
    (tmp_path / "script.js").write_text("window.foreign = true")
    Elsewhere.asked.clear()
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(Elsewhere, directory=str(tmp_path)))
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()
    thread.join()
    site.server_close()


FOREIGN = {
    "script-src-elem": "add('script', {src: there + '/script.js'})",
    "img-src": "add('img', {src: there + '/pixel.gif'})",
    "frame-src": "add('iframe', {src: there + '/blank.html'})",
    "style-src-elem": "add('link', {rel: 'stylesheet', href: there + '/style.css'})",
    "connect-src": "fetch(there + '/collect?' + document.title).catch(() => {})",
    "object-src": "add('object', {data: there + '/blank.html'})",
    "media-src": "add('video', {src: there + '/film.mp4'})",
    "form-action": "(() => { const form = add('form', {action: there + '/form'}); form.submit() })()",
    "base-uri": "add('base', {href: there})",
    "script-src": "setTimeout('window.foreign = true')",
    "script-src-attr": "add('img', {src: 'data:,', onerror: ''}).setAttribute('onerror', 'window.foreign = true')",
}


@pytest.mark.parametrize("directive", FOREIGN)
def test_nothing_foreign_is_asked_or_run(page: Page, server: Server, elsewhere: str, directive: str) -> None:
    page.goto("/")
    expect(page.get_by_test_id("stSidebar").first).to_be_visible()
    trying = """there => new Promise(resolve => {
        const add = (tag, set) => document.body.appendChild(Object.assign(document.createElement(tag), set))
        document.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective))
        setTimeout(() => resolve('nothing was refused'), 5000)
        ;TRIED
    })"""
    found = page.evaluate(trying.replace("TRIED", FOREIGN[directive]), elsewhere)
    assert found == directive
    assert not page.evaluate("window.foreign")
    assert Elsewhere.asked == []
    VIOLATIONS.clear()  # they were meant


def test_nobody_frames_us(page: Page, elsewhere: str) -> None:
    page.goto(f"{elsewhere}/frame.html")
    expect(page.get_by_text("here")).to_be_visible()
    assert any("frame-ancestors" in said for said in VIOLATIONS)
    VIOLATIONS.clear()


def test_a_page_elsewhere_cannot_open_the_web_socket(page: Page, server: Server, elsewhere: str) -> None:
    """The other site is on this machine too, which Streamlit itself would let in."""
    opened = """address => new Promise(resolve => {
        const socket = new WebSocket(address, ['streamlit'])
        socket.onopen = () => resolve('open')
        socket.onerror = () => resolve('refused')
    })"""
    address = server.url.replace("http", "ws") + SOCKET
    page.goto(f"{elsewhere}/blank.html")
    assert page.evaluate(opened, address) == "refused"
    page.goto("/")
    assert page.evaluate(opened, address) == "open"


def test_the_description_of_the_interface_is_shown(page: Page) -> None:
    page.goto("/api/docs")
    expect(page.get_by_text("/api/v1/conversations/{conversation_id}/conclude").first).to_be_visible()
