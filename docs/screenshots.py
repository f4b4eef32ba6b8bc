"""The pictures of the documentation: `make screenshots` takes them anew, of invented data, into `docs/images/`."""

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode
from uuid import UUID

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core import services  # noqa: E402
from core.analysts.cookbook import RECIPES  # noqa: E402
from core.desk import Desk  # noqa: E402
from core.model import SYSTEM, Caller, Direction, Reason, User  # noqa: E402
from core.rules import Incoming  # noqa: E402
from tests.browser.conftest import FLAGS  # noqa: E402
from tests.server import Server, run, serving  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DESKTOP, PHONE = (1280, 800), (390, 844)
# The demonstration's banner out of sight: there is more room for what the picture is about.
SCROLL = """() => {
    const shown = [...document.querySelectorAll(".st-key-folder, .st-key-way, .st-key-outcome-filters, .st-key-question-page")].filter((e) => e.offsetParent);
    const top = Math.min(...shown.map((e) => e.getBoundingClientRect().top));
    const bar = document.querySelector("[data-testid=stHeader]").getBoundingClientRect().bottom;
    const main = document.querySelector("[data-testid=stMain]");
    const enough = main.scrollTop + top - bar - 8;
    main.scrollTop = enough;
    if (main.scrollTop < enough - 1) main.scrollTop = 0;  // half of the banner would be worse
}"""
COLOURS = 160  # of a picture: enough for these

Told = tuple[str, str, tuple[tuple[int, str], ...]]  # name, number, what is said

# What is said, minutes before the picture is taken; the agent's lines are indented.
SOFIA: Told = ("Sofia Prado", "5511900090733", (
    (26, "Oi! Minha receita ficou pronta"),
    (25, "Vocês fazem lente antirreflexo para -2,25?"),
    (22, "  Oi, Sofia! Fazemos sim. A armação você já tem ou quer escolher uma aqui?"),
    (20, "Quero trocar também. Gostei muito da Aurora azul que está no site"),
    (17, "  A Aurora azul com lente antirreflexo sai por R$\u00a0689,00, em até 10 vezes sem juros."),
    (9, "Perfeito! E em quanto tempo fica pronto?"),
    (7, "  De 5 a 7 dias úteis. Avisamos por aqui assim que chegar."),
    (4, "Vou querer então. Posso passar hoje para tirar as medidas?"),
))  # fmt: skip
EMILY: Told = ("Emily Carter", "4479000900412", (
    (31, "Hi! Do you speak English? I lost my glasses yesterday"),
    (28, "  Hello, Emily! Yes, we do. Do you have your prescription with you?"),
    (27, "Only a photo of it. -1.75 in both eyes"),
    (23, "  A photo is enough. The Vega in black with plain lenses is R$\u00a0420.00, and it is ready tomorrow."),
    (16, "Tomorrow is perfect. Can I pay by card?"),
    (14, "  Of course, here or by link, as you like."),
    (5, "Great, I will take it. See you tomorrow!"),
))  # fmt: skip
# Who came back: the conversation was concluded between the second line and the third.
TOMAS: Told = ("Tomás Nogueira", "5511900090021", (
    (171, "Meu óculos já chegou?"),
    (168, "  Oi, Tomás! Está no laboratório, previsão de sexta-feira."),
    (3, "Esqueci de perguntar: vocês abrem no feriado?"),
))  # fmt: skip


def main() -> None:
    path = shutil.which("chromium")
    if path is None:
        sys.exit("Chromium is missing: `make screenshots` installs it.")
    expect.set_options(timeout=30_000)
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        with told(SOFIA, EMILY) as (server, ana, sofia, marta, nadia):
            outcomes(browser, server, marta, "pt-BR", "outcomes")
            questions(browser, server, nadia, "pt-BR", "questions")
            dark(browser, server, ana, sofia)
            phone(browser, server, ana, sofia)
            story(browser, server, ana, sofia, "pt-BR", "689,00", "Esqueci: posso levar a armação antiga?")
        with told(EMILY, SOFIA) as (server, ana, emily, marta, nadia):
            outcomes(browser, server, marta, "en-GB", "outcomes.en")
            questions(browser, server, nadia, "en-GB", "questions.en")
            story(browser, server, ana, emily, "en-GB", "420.00", "One more thing: are you open on Sunday?")
        browser.close()
    for picture in sorted(IMAGES.glob("*.png")):
        print(f"{picture.stat().st_size / 1000:6.1f} kB  {picture.relative_to(ROOT)}")  # noqa: T201


# What is on the desk ------------------------------------------------------------------------------


@contextmanager
def told(first: Told, second: Told) -> Iterator[tuple[Server, User, UUID, User, User]]:
    """Serve a demonstration in which a few people more wrote to Ana; with her, the conversation to open, Marta and Nádia."""
    with TemporaryDirectory(prefix="desfecho-") as temporary:
        folder = Path(temporary) / "desk"
        filled = run(folder, "demo", "--seed", "1")
        if filled.returncode:
            sys.exit(filled.stderr)
        now = datetime.now(UTC)
        desk = Desk.open(folder, now)
        try:
            ana, marta, nadia = (
                next(user for user in services.list_users(desk, SYSTEM) if user.name.startswith(name))
                for name in ("Ana", "Marta", "Nádia")
            )
            reason = next(
                r for r in services.list_reasons(desk, SYSTEM) if r.description == "Prazo do pedido"
            )
            converse(desk, ana, now - timedelta(minutes=9), TOMAS, reason)
            converse(desk, ana, now - timedelta(minutes=2), second)
            opened = converse(desk, ana, now, first)
        finally:
            desk.close()
        with serving(folder) as server:
            yield server, ana, opened, marta, nadia


def converse(desk: Desk, ana: User, now: datetime, told: Told, concluded: Reason | None = None) -> UUID:
    """Play a conversation: written, taken with the first answer; `concluded`: classified so before the last line."""
    name, address, lines = told
    caller, conversation_id, taken = Caller(ana.id), None, False
    for number, (minutes, line) in enumerate(lines):
        at = now - timedelta(minutes=minutes)
        ours = line.startswith("  ")
        if conversation_id and ours and not taken:
            services.assign(desk, caller, conversation_id, now=at)
            taken = True
        if conversation_id and concluded and number == len(lines) - 1:
            before = now - timedelta(minutes=lines[number - 1][0] - 2)
            services.conclude(desk, caller, conversation_id, concluded.id, now=before)
        direction = Direction.OUT if ours else Direction.IN
        message = Incoming("whatsapp", (address,), name, f"{address}-{number}", at, line.strip(), direction)
        writer_id = ana.id if ours else None
        received = services.receive_message(desk, SYSTEM, message, now=at, writer_id=writer_id)
        conversation_id = received.conversation_id
    assert conversation_id
    return conversation_id


# Scenes -------------------------------------------------------------------------------------------


def dark(browser: Browser, server: Server, ana: User, conversation_id: UUID) -> None:
    page = visit(browser, server, ana, DESKTOP, dark=True)
    in_progress(page)
    open_row(page, conversation_id)
    take(page, "list-dark")
    page.context.close()


def phone(browser: Browser, server: Server, ana: User, conversation_id: UUID) -> None:
    page = visit(browser, server, ana, PHONE)
    in_progress(page)
    take(page, "phone-list")
    open_row(page, conversation_id)
    take(page, "phone-conversation")
    page.context.close()


def story(
    browser: Browser, server: Server, ana: User, conversation_id: UUID, locale: str, value: str,
    comes_back_with: str,
) -> None:  # fmt: skip
    """The list, the dialog, the end, and the return."""
    ending = "" if locale == "pt-BR" else f".{locale[:2]}"
    page = visit(browser, server, ana, DESKTOP, locale)
    in_progress(page)
    open_row(page, conversation_id)
    take(page, f"list{ending}")

    page.keyboard.press("f")
    page.wait_for_function("() => document.activeElement && document.activeElement.shadowRoot")
    take(page, f"reasons{ending}")
    page.keyboard.type("oculos")  # without the accent of "óculos"
    take(page, f"classify{ending}")
    page.keyboard.press("Enter")
    page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-footer")).to_be_visible()
    page.locator(".st-key-folder button").nth(2).click()
    take(page, f"concluded{ending}")

    toggle_sidebar(page, shown=True)
    page.locator("[data-testid=stSidebar] details summary").nth(1).click()
    by_key(page, "clock-1h").click()
    settled(page)
    page.locator("[data-testid=stSidebar] details summary").nth(0).click()
    page.locator(".st-key-demo-message textarea").fill(comes_back_with)
    page.locator(".st-key-demo-message textarea").press("Control+Enter")
    settled(page)
    by_key(page, "demo-send").click()
    expect(page.locator(".st-key-chat")).to_contain_text(comes_back_with)
    toggle_sidebar(page, shown=False)
    take(page, f"reopened{ending}")
    page.context.close()


def outcomes(browser: Browser, server: Server, marta: User, locale: str, name: str) -> None:
    """What a manager sees of the last weeks."""
    page = visit(browser, server, marta, DESKTOP, locale)
    page.goto(f"/desfechos?as={marta.id}")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.set_viewport_size({"width": DESKTOP[0], "height": 1250})  # down to the chart
    page.wait_for_timeout(1500)  # the bars grow
    take(page, name)
    page.context.close()


def questions(browser: Browser, server: Server, nadia: User, locale: str, name: str) -> None:
    """A worked question that an analyst has asked, as a chart."""
    recipe = next(recipe for recipe in RECIPES if recipe.name == "seven_day_average")
    page = visit(browser, server, nadia, DESKTOP, locale, f"/perguntas?{urlencode({'sql': recipe.sql})}")
    page.locator(".st-key-question-answer").get_by_role("tab").nth(1).click()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.set_viewport_size({"width": DESKTOP[0], "height": 1100})  # down to the chart
    page.wait_for_timeout(1500)
    take(page, name)
    page.context.close()


# The browser --------------------------------------------------------------------------------------


def visit(
    browser: Browser,
    server: Server,
    who: User,
    size: tuple[int, int],
    locale: str = "pt-BR",
    address: str = "/",
    dark: bool = False,
) -> Page:
    """Open the application as somebody."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        color_scheme="dark" if dark else "light",
        base_url=server.url,
    )
    page = context.new_page()
    page.goto(f"{address}{'&' if '?' in address else '?'}as={who.id}")
    first = ".st-key-inbox-rows button" if address == "/" else "[data-testid=stTab]"
    expect(page.locator(first).first).to_be_visible()
    toggle_sidebar(page, shown=False)
    return page


def in_progress(page: Page) -> None:
    page.locator(".st-key-folder button").nth(1).click()
    settled(page)


def open_row(page: Page, conversation_id: UUID) -> None:
    page.locator(f'.st-key-inbox-rows button[data-id="{conversation_id}"]').click()
    expect(page.locator(".st-key-chat .df-message").first).to_be_visible()
    settled(page)


def toggle_sidebar(page: Page, *, shown: bool) -> None:
    sidebar = page.get_by_test_id("stSidebar")
    if (sidebar.get_attribute("data-collapsed") == "true") != shown:
        return
    if shown:
        page.get_by_test_id("stExpandSidebarButton").click()
    else:
        sidebar.hover()  # its button is there for who points at it
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(sidebar).to_have_attribute("data-collapsed", str(not shown).lower())


def by_key(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} button").first


def settled(page: Page) -> None:
    """Wait until Streamlit has run, which it begins a moment after it was asked to."""
    page.wait_for_timeout(400)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def take(page: Page, name: str) -> None:
    """Keep what is seen, in few colours."""
    settled(page)
    expect(page.get_by_test_id("stToast")).to_have_count(0)  # what is told in passing has passed
    page.evaluate(SCROLL)
    page.mouse.move(2, page.viewport_size["height"] - 2 if page.viewport_size else 0)
    page.wait_for_timeout(300)
    seen = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    few = seen.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
