"""The page of questions in SQL, with the real analysts' process behind it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core import services
from core.desk import Desk
from core.model import SYSTEM, Category, Role, ValueMode
from tests.browser.place import Place
from tests.conftest import add_user
from tests.server import serving

LONG = "SELECT count(*) FROM range(1000000000000) AS a(n) WHERE n % 7 = 3"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("questions")
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    people = {
        name: add_user(desk, name, role) for name, role in (("Nadia", Role.ANALYST), ("Clara", Role.ADMIN))
    }
    for description, category in (
        ("Venda", Category.ACHIEVED),
        ("Preço", Category.LOST),
        ("Prazo", Category.LOST),
    ):
        services.create_reason(desk, SYSTEM, description, category, ValueMode.NONE, now=now)
    desk.close()
    with serving(folder) as running:
        yield Place(running, people, {})


def look(browser: Browser, width: int = 1360) -> Iterator[Page]:
    """A window that may ask our server alone."""
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="pt-BR")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    yield context.new_page()
    context.close()
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from look(browser)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    yield from look(browser, width=390)


def address(place: Place, sql: str | None = None, who: str = "Nadia") -> str:
    link = f"&sql={quote(sql)}" if sql else ""
    return place.address(who, "perguntas") + link


def editor(page: Page) -> Locator:
    return page.locator(".st-key-question textarea")


def answer(page: Page) -> Locator:
    return page.locator(".st-key-question-answer")


def ask(page: Page, sql: str) -> None:
    editor(page).fill(sql)
    editor(page).press("Control+Enter")


def test_ctrl_enter_asks_and_the_address_is_a_link(page: Page, browser: Browser, place: Place) -> None:
    page.goto(address(place))
    expect(answer(page).locator(".df-empty")).to_be_visible()
    ask(page, "SELECT category, count(*) AS n\nFROM analytics.reasons\nGROUP BY ALL")
    expect(answer(page).get_by_test_id("stDataFrame")).to_be_visible()
    assert "sql=" in page.url, "it is written once the page has run"
    (said,) = (parse_qs(urlsplit(page.url).query)["sql"],)
    assert said == ["SELECT category, count(*) AS n\nFROM analytics.reasons\nGROUP BY ALL"]
    ask(page, "SELECT count(*) AS reasons FROM analytics.reasons")
    expect(answer(page).locator(".df-one strong")).to_have_text("3")

    other = browser.new_context()  # somebody opens the link
    opened = other.new_page()
    opened.goto(page.url)
    expect(answer(opened).locator(".df-one strong")).to_have_text("3")
    expect(editor(opened)).to_have_value("SELECT count(*) AS reasons FROM analytics.reasons")
    other.close()

    page.go_back()
    expect(editor(page)).to_have_value(said[0])
    expect(answer(page).get_by_test_id("stDataFrame")).to_be_visible()


def test_a_question_that_runs_long_is_stopped(page: Page, place: Place) -> None:
    page.goto(address(place, LONG, "Clara"))
    expect(answer(page).locator(".df-asking")).to_be_visible()
    page.locator(".st-key-question-stop button").click()
    expect(answer(page).locator(".df-empty strong")).to_be_visible()
    expect(answer(page).locator(".df-asking")).to_have_count(0)
    ask(page, "SELECT 42 AS after")
    expect(answer(page).locator(".df-one strong")).to_have_text("42")


def test_what_is_written_while_a_question_runs_is_asked_instead(page: Page, place: Place) -> None:
    page.goto(address(place, LONG))
    expect(answer(page).locator(".df-asking")).to_be_visible()
    ask(page, "SELECT 43 AS instead")
    expect(answer(page).locator(".df-one strong")).to_have_text("43")
    expect(editor(page)).to_have_value("SELECT 43 AS instead")


def test_a_draft_survives_what_happens_beside_it(page: Page, place: Place) -> None:
    page.goto(address(place))
    editor(page).fill("SELECT half of")
    page.get_by_role("tab").nth(1).click()
    expect(page.locator(".df-columns dt", has_text="handling_seconds")).to_be_visible()
    expect(editor(page)).to_have_value("SELECT half of")
    page.get_by_role("tab").first.click()
    page.locator(".st-key-question-recipes button").first.click()
    expect(page.locator(".st-key-question-undo button")).to_be_visible()
    page.locator(".st-key-question-undo button").click()
    expect(editor(page)).to_have_value("SELECT half of")


def test_an_error_is_shown_at_its_line(page: Page, place: Place) -> None:
    page.goto(address(place))
    ask(page, "SELECT category,\n       catgory\nFROM analytics.reasons")
    expect(answer(page).get_by_test_id("stAlert")).to_contain_text("catgory")
    expect(answer(page).locator(".df-wrong")).to_contain_text("> 2 │        catgory\n    │        ^")


def test_files_are_made_when_they_are_asked_for(page: Page, place: Place, tmp_path: Path) -> None:
    page.goto(address(place, "SELECT description FROM analytics.reasons ORDER BY 1"))
    with page.expect_download() as download:
        page.locator(".st-key-file-question-csv button").click()
    download.value.save_as(tmp_path / "file.csv")
    assert (tmp_path / "file.csv").read_text("utf-8-sig").split() == [
        "description",
        "Prazo",
        "Preço",
        "Venda",
    ]
    assert download.value.suggested_filename.endswith(".csv")


def test_names_and_values_are_text_wherever_they_stand(page: Page, place: Place) -> None:
    """A tooltip takes a field named `image` for the address of one."""
    far = "http://192.0.2.1/x.png"
    page.goto(
        address(
            place,
            f"""SELECT '{far}' AS image, 1 AS "![]({far})" UNION ALL SELECT '<img src={far}>', 2""",
        )
    )
    answer(page).get_by_role("tab").last.click()
    chart = answer(page).get_by_test_id("stVegaLiteChart")
    expect(chart).to_be_visible()
    tooltip = page.locator("#vg-tooltip-element")
    chart.locator(".mark-rect path").first.hover()
    expect(tooltip).to_be_visible()
    expect(tooltip.locator("img")).to_have_count(0)
    expect(tooltip).to_contain_text(far)
    ask(page, f"""SELECT '<img src={far}>' AS "![]({far})" """)
    expect(answer(page).locator(".df-one strong")).to_have_text(f"<img src={far}>")
    ask(page, f'SELECT "![]({far})" FROM analytics.reasons')
    alert = answer(page).get_by_test_id("stAlert")
    expect(alert).to_contain_text("not found")
    assert f"![]({far})" in (alert.text_content() or "").replace("\u2060", "")
    expect(page.locator(f"[src='{far}']")).to_have_count(0)


def test_on_a_phone_the_answer_comes_before_the_rest(phone: Page, place: Place) -> None:
    phone.goto(address(place, "FROM analytics.reasons"))
    expect(answer(phone).get_by_test_id("stDataFrame")).to_be_visible()
    tops = [
        phone.locator(f".st-key-question-{part}").bounding_box() for part in ("editor", "answer", "beside")
    ]
    assert all(tops) and sorted(tops, key=lambda box: box["y"]) == tops  # type: ignore[index]
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert all(box["width"] <= 390 for box in tops)  # type: ignore[index]
