"""An agent's day: with the keyboard alone, beside colleagues, on a phone, in three languages, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_story import be, by_key, home, settled, write_as
from tests.server import Server

ROWS = ".st-key-inbox-rows button"


def focused(page: Page) -> str:
    """What has the focus, inside our components too."""
    found: str = page.evaluate(
        "() => { let a = document.activeElement;"
        " while (a.shadowRoot && a.shadowRoot.activeElement) a = a.shadowRoot.activeElement;"
        " return (a.getAttribute('aria-label') || a.textContent || a.id || a.tagName).trim(); }"
    )
    return found


@pytest.fixture
def colleague(browser: Browser, server: Server) -> Iterator[Page]:
    """Another browser."""
    context = browser.new_context(
        viewport={"width": 1360, "height": 900}, locale="pt-BR", base_url=server.url
    )
    yield context.new_page()
    context.close()


def test_conclude_and_go_on_with_the_keyboard_alone(page: Page) -> None:
    home(page)
    for name in ("Teclado Um", "Teclado Dois", "Teclado Três"):
        write_as(page, f"Sou {name}", name=name)
        by_key(page, "back").evaluate("button => button.click()")  # hidden at this width
        settled(page)
    page.locator(ROWS, has_text="Teclado Três").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Teclado Três")).to_be_visible()
    settled(page)
    footer = page.locator(".st-key-footer")

    page.keyboard.press("f")  # open the dialog
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_function("() => document.activeElement && document.activeElement.shadowRoot")
    assert focused(page) == "Buscar um motivo"
    page.keyboard.type("preco")  # without the accents of "Preço"
    page.keyboard.press("Enter")
    page.keyboard.type("12,50")
    page.keyboard.press("Enter")
    expect(footer).to_contain_text("Objetivo Perdido · Preço · R$ 12,50")
    settled(page)

    page.keyboard.press("n")  # the next one of the list
    expect(page.get_by_role("heading", name="Teclado Dois")).to_be_visible()
    settled(page)
    page.keyboard.press("f")
    page.wait_for_function("() => document.activeElement && document.activeElement.shadowRoot")
    page.keyboard.type("hor")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # it carries no value
    expect(footer).to_contain_text("Dúvidas · Horário")
    settled(page)

    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Teclado Um")).to_be_visible()
    settled(page)
    page.keyboard.press("f")
    page.wait_for_function("() => document.activeElement && document.activeElement.shadowRoot")
    page.keyboard.press("ArrowDown")  # what was used most
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")  # not after all
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".st-key-head")).to_contain_text("Novos")


def test_a_refusal_keeps_what_was_typed(page: Page) -> None:
    home(page)
    write_as(page, "Valor errado", name="Vera Valor")
    by_key(page, "conclude").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("option", name="Venda").first.click()
    dialog.get_by_label("Valor monetário").fill("dez reais")
    dialog.get_by_label("Valor monetário").press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Escreva o valor como")
    expect(dialog.get_by_label("Valor monetário")).to_have_value("dez reais")
    dialog.get_by_label("Valor monetário").fill("10,00")
    dialog.get_by_label("Valor monetário").press("Enter")
    expect(page.locator(".st-key-footer")).to_contain_text("Venda · R$ 10,00")


def test_what_colleagues_do_appears_and_takes_nothing_away(page: Page, colleague: Page) -> None:
    home(page)
    write_as(page, "Estou aqui", name="Lia Parada")
    expect(page.get_by_role("heading", name="Lia Parada")).to_be_visible()
    search = page.get_by_placeholder("Buscar por nome, número ou texto")
    search.click()
    page.keyboard.type("Chegada")  # typed, not yet sent

    home(colleague)
    write_as(colleague, "Acabei de chegar", name="Nina Chegada")
    expect(page.locator(ROWS, has_text="Nina Chegada")).to_be_visible(timeout=15_000)  # without a reload
    expect(search).to_have_value("Chegada")
    expect(search).to_be_focused()
    expect(page.get_by_role("heading", name="Lia Parada")).to_be_visible()

    # The dialog keeps what was chosen and typed; the list behind it goes on when it is closed.
    search.fill("")
    search.press("Enter")
    settled(page)
    by_key(page, "conclude").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("option", name="Venda").first.click()
    dialog.get_by_label("Valor monetário").fill("77,00")
    home(colleague)
    write_as(colleague, "Mais uma", name="Olga Depois")
    page.wait_for_timeout(6_000)  # longer than the page takes to look
    expect(dialog.get_by_label("Valor monetário")).to_have_value("77,00")
    expect(dialog).to_contain_text("Escolhido: Venda")
    dialog.get_by_label("Valor monetário").press("Enter")
    expect(page.locator(".st-key-footer")).to_contain_text("Venda · R$ 77,00")
    expect(page.locator(ROWS, has_text="Olga Depois")).to_be_visible()


def test_a_message_and_a_conclusion_elsewhere_are_seen_where_it_is_open(page: Page, colleague: Page) -> None:
    home(page)
    write_as(page, "Primeira", name="Rui Aberto")
    expect(page.get_by_role("heading", name="Rui Aberto")).to_be_visible()
    home(colleague)
    colleague.locator(ROWS, has_text="Rui Aberto").click()
    write_as(colleague, "Segunda mensagem")
    expect(page.locator(".st-key-chat")).to_contain_text("Segunda mensagem", timeout=15_000)
    be(colleague, "Marta · Gestor")
    colleague.locator(ROWS, has_text="Rui Aberto").click()
    by_key(colleague, "conclude").click()
    colleague.get_by_role("dialog").get_by_role("button", name="Concluir", exact=True).click()
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("com outra pessoa", timeout=15_000)


def test_on_a_phone(browser: Browser, server: Server) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="pt-BR", base_url=server.url, has_touch=True
    )
    page = context.new_page()
    home(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    write_as(page, "Do celular", name="Téo Celular")
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(page.get_by_role("heading", name="Téo Celular")).to_be_visible()
    assert not page.get_by_placeholder("Buscar por nome").is_visible()  # one thing at a time
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"
    by_key(page, "conclude").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("option", name="Horário").first.click()
    done = dialog.get_by_role("button", name="Classificar e concluir")
    box = done.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 36
    done.click()
    expect(page.locator(".st-key-footer")).to_contain_text("Dúvidas · Horário")
    by_key(page, "back").click()
    expect(page.get_by_placeholder("Buscar por nome")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("locale", "search", "conclude"),
    [
        ("pt-BR", "Buscar por nome, número ou texto", "Classificar e concluir"),
        ("en-GB", "Search by name, number or text", "Classify and conclude"),
        ("es-AR", "Buscar por nombre, número o texto", "Clasificar y concluir"),
    ],
)
def test_in_each_language_and_theme(
    browser: Browser, server: Server, locale: str, search: str, conclude: str, scheme: str
) -> None:
    context = browser.new_context(locale=locale, color_scheme=scheme, base_url=server.url)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_placeholder(search)).to_be_visible()
    page.locator(ROWS).first.click()
    by_key(page, "conclude").click()
    expect(page.get_by_role("dialog").get_by_role("button", name=conclude)).to_be_visible()
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert (sum(int(c) for c in background[4:-1].split(",")[:3]) < 3 * 128) == (scheme == "dark")
    context.close()
