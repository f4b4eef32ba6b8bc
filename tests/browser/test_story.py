"""The whole story as people live it: written, concluded, edited, written again within 12 hours and after."""

import time
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import LAG
from tests.conftest import until
from tests.live.conftest import quack_client
from tests.server import Server


def home(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_placeholder("Buscar por nome, número ou texto")).to_be_visible()


def settled(page: Page) -> None:
    """Wait until Streamlit has run, which it begins a moment after it was asked to."""
    page.wait_for_timeout(400)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def by_key(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} button").first


def only_conclude(page: Page) -> Locator:
    return page.get_by_role("dialog").get_by_role("button", name="Concluir", exact=True)


def be(page: Page, name: str) -> None:
    page.get_by_label("Você é").click()
    page.get_by_role("option", name=name).click()
    settled(page)


def write_as(page: Page, message: str, name: str | None = None) -> None:
    box = page.get_by_label("Mensagem", exact=True)
    if not box.is_visible():
        page.get_by_text("Escrever como o contato").click()
    if name:
        page.get_by_label("Nome de uma pessoa nova").fill(name)
        page.get_by_label("Nome de uma pessoa nova").press("Enter")
        settled(page)
    box.fill(message)
    box.press("Control+Enter")  # the field is taken over before the button is drawn anew
    settled(page)
    by_key(page, "demo-send").click()
    expect(box).to_have_value("")  # sent


def move_clock(page: Page, step: str) -> None:
    if not by_key(page, f"clock-{step}").is_visible():
        page.get_by_text("Adiantar o relógio").click()
    by_key(page, f"clock-{step}").click()
    expect(page.get_by_text("Aqui são").first).to_be_visible()
    settled(page)


def test_the_whole_story(page: Page, server: Server) -> None:
    home(page)
    write_as(page, "Bom dia! Quanto custa a armação azul?", name="Joana Prado")
    expect(page.get_by_role("heading", name="Joana Prado")).to_be_visible()
    chat, footer = page.locator(".st-key-chat"), page.locator(".st-key-footer")
    expect(chat).to_contain_text("Quanto custa a armação azul?")

    # From "Novos", "Concluir" is at the bottom right; in progress, at the top right.
    box, conclude = chat.bounding_box(), by_key(page, "conclude").bounding_box()
    assert conclude["y"] > box["y"] + box["height"] and conclude["x"] > box["x"] + box["width"] / 2
    by_key(page, "take").click()
    expect(page.locator(".st-key-head")).to_contain_text("com Ana")
    box, conclude = chat.bounding_box(), by_key(page, "conclude").bounding_box()
    assert conclude["y"] < box["y"] and conclude["x"] > box["x"] + box["width"] / 2

    # Classify with a value and conclude.
    by_key(page, "conclude").click()
    dialog = page.get_by_role("dialog")
    for category in ("Objetivo Atingido", "Objetivo Perdido", "Dúvidas", "Outros"):
        expect(dialog.get_by_role("group", name=category)).to_be_visible()
    expect(dialog.get_by_label("Valor monetário")).not_to_be_visible()
    dialog.get_by_role("option", name="Venda").first.click()
    dialog.get_by_label("Valor monetário").fill("1.234,56")
    dialog.get_by_role("button", name="Classificar e concluir").click()
    expect(footer).to_contain_text("Objetivo Atingido · Venda · R$ 1.234,56")
    expect(footer).to_contain_text("Concluído por Ana em")

    # Its own agent edits it; both versions are kept.
    by_key(page, "edit").click()
    expect(dialog.get_by_label("Valor monetário")).to_have_value("1234,56")
    dialog.get_by_label("Valor monetário").fill("999,90")
    dialog.get_by_role("button", name="Salvar").click()
    expect(footer).to_contain_text("R$ 999,90")
    footer.get_by_text("2 versões").click()
    expect(page.get_by_text("R$ 1.234,56").last).to_be_visible()
    page.keyboard.press("Escape")

    # A colleague does not even see it; a manager does, and cannot edit it.
    address = page.url
    page.goto(address)
    settled(page)
    be(page, "Bruno · Atendente")
    page.get_by_role("radio", name="Concluídos").click()
    expect(page.get_by_text("Nada concluído ainda")).to_be_visible()
    be(page, "Marta · Gestor")
    page.get_by_role("radio", name="Concluídos").click()
    page.locator(".st-key-inbox-rows button", has_text="Joana Prado").first.click()
    expect(footer).to_contain_text("R$ 999,90")
    expect(by_key(page, "edit")).to_have_count(0)

    # The person writes within 12 hours: the same conversation, back with Ana.
    move_clock(page, "1h")
    write_as(page, "Esqueci: tem estojo?")
    expect(page.locator(".st-key-head")).to_contain_text("Em andamento")
    expect(page.locator(".st-key-head")).to_contain_text("com Ana")
    expect(chat).to_contain_text("Reaberto pela mensagem do contato")
    expect(chat).to_contain_text("Esqueci: tem estojo?")

    # Concluded again, without a classification; more than 12 hours later it is a new conversation.
    by_key(page, "conclude").click()
    only_conclude(page).click()
    expect(footer).to_contain_text("Concluído sem classificação")
    move_clock(page, "1h")
    move_clock(page, "12h")
    write_as(page, "Outro assunto agora.")
    expect(page.locator(".st-key-head")).to_contain_text("Novos")
    expect(chat).to_contain_text("Outro assunto agora.")
    expect(chat).not_to_contain_text("tem estojo")


def test_an_analyst_s_duckdb_sees_what_was_concluded_on_the_page(page: Page, server: Server) -> None:
    """A process of its own would say the same: Quack is all that this DuckDB has of the application."""
    home(page)
    write_as(page, "Isto vai aos analistas", name="Paulo Dados")
    expect(page.get_by_role("heading", name="Paulo Dados")).to_be_visible()
    conversation = parse_qs(urlsplit(page.url).query)["c"][0]
    by_key(page, "conclude").click()
    page.get_by_role("dialog").get_by_role("option", name="Horário").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Classificar e concluir").click()
    expect(page.locator(".st-key-footer")).to_contain_text("Horário")
    concluded = time.monotonic()
    with quack_client() as analyst:
        analyst.execute(server.attach)
        mine = f"FROM desfecho.analytics.conclusions SELECT reason WHERE conversation_id = '{conversation}'"
        while not (found := analyst.execute(mine).fetchall()):
            assert time.monotonic() < concluded + LAG, "not in the promised time"
            time.sleep(0.2)
    assert found == [("Horário",)]


def test_a_double_click_concludes_once(page: Page) -> None:
    home(page)
    write_as(page, "Duplo clique", name="Pedro Duplo")
    expect(page.get_by_role("heading", name="Pedro Duplo")).to_be_visible()
    by_key(page, "conclude").click()
    only_conclude(page).dblclick()
    expect(page.locator(".st-key-footer")).to_contain_text("Concluído sem classificação")
    settled(page)
    expect(page.locator(".st-key-chat .df-event")).to_have_count(1)
    expect(page.locator("[data-testid=stAlert]")).to_have_count(0)


def test_a_second_tab_is_told_who_was_quicker(page: Page) -> None:
    home(page)
    write_as(page, "Duas abas", name="Rita Abas")
    expect(page.get_by_role("heading", name="Rita Abas")).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name="Rita Abas")).to_be_visible()
    be(other, "Marta · Gestor")
    other.goto(page.url)
    settled(other)
    by_key(page, "conclude").click()
    be(other, "Marta · Gestor")
    other.locator(".st-key-inbox-rows button", has_text="Rita Abas").first.click()
    by_key(other, "conclude").click()
    only_conclude(other).click()
    expect(other.locator(".st-key-footer")).to_contain_text("Concluído por Marta")
    only_conclude(page).click()
    expect(page.get_by_text("Marta já concluiu este atendimento")).to_be_visible()


def test_what_is_chosen_stays_so_where_the_browser_missed_how_it_is_called_now(page: Page) -> None:
    """As where a run is left for a newer one: what it had drawn, and not yet sent, is let go of."""
    missing = False
    missed: list[str | None] = []

    def connect(socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            if missing:
                missed.append(ForwardMsg.FromString(message).WhichOneof("type"))
            else:
                socket.send(message)

        behind = socket.connect_to_server()
        behind.on_message(pass_on)
        socket.on_message(behind.send)

    page.route_web_socket("**/_stcore/stream", connect)
    home(page)
    be(page, "Clara · Administrador")
    page.get_by_role("link", name="Pessoas e acessos").click()
    rows, search = page.locator(".row:visible"), page.get_by_placeholder("Buscar por nome ou e-mail")
    expect(page.get_by_role("radio", name="Ativas")).to_be_checked()
    missing = True
    search.fill("clara")
    search.press("Enter")
    until(lambda: page.wait_for_timeout(50) or "script_finished" in missed)
    missing = False
    for words in ("clara ", "Clara", "CLARA"):
        search.fill(words)
        search.press("Enter")
        settled(page)
        expect(page.get_by_role("radio", name="Ativas 1")).to_be_checked()
        expect(rows).to_have_count(1)


def test_the_dialog_leads_administrators_to_the_reasons(page: Page) -> None:
    home(page)
    write_as(page, "Motivos", name="Sara Motivos")
    expect(page.get_by_role("heading", name="Sara Motivos")).to_be_visible()
    be(page, "Clara · Administrador")
    page.locator(".st-key-inbox-rows button", has_text="Sara Motivos").first.click()
    by_key(page, "conclude").click()
    page.get_by_role("dialog").get_by_text("Alterar classificação de atendimento").click()
    expect(page.get_by_role("heading", name="Configurações")).to_be_visible()
    page.get_by_label("Descrição").first.fill("Brinde")
    page.get_by_role("button", name="Salvar").first.click()
    expect(page.get_by_text("Motivo salvo.")).to_be_visible()
    expect(page.get_by_role("button", name="Brinde")).to_be_visible()

    # What is opened for the first time after that shows what it is, and keeps it.
    page.get_by_role("button", name="Preço").click()
    form = page.get_by_test_id("stPopoverBody")
    expect(form.get_by_label("Descrição")).to_have_value("Preço")
    expect(form.get_by_role("combobox", name="Categoria")).to_have_value("Objetivo Perdido")
    form.get_by_label("Descrição").fill("Preço alto")
    form.get_by_role("button", name="Salvar").click()
    expect(page.get_by_role("button", name="Preço alto")).to_be_visible()
    expect(page.get_by_role("button", name="Preço", exact=True)).to_have_count(0)
    settled(page)
    page.reload()
    page.get_by_role("button", name="Preço alto").click()
    expect(form.get_by_role("combobox", name="Categoria")).to_have_value("Objetivo Perdido")
    form.get_by_label("Descrição").fill("Preço")
    form.get_by_role("button", name="Salvar").click()
    expect(page.get_by_role("button", name="Preço alto")).to_have_count(0)


def test_hostile_text_is_seen_as_text_and_asks_for_nothing(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hostile = "![x](http://evil.example/a.png) <img src=http://evil.example/b.png> **negrito** $x^2$ :smile:"
    home(page)
    write_as(page, hostile, name="<b>Eva</b> ![n](http://evil.example/n.png)")
    expect(page.locator(".st-key-chat")).to_contain_text(hostile)
    expect(page.locator(".df-name")).to_have_text("<b>Eva</b> ![n](http://evil.example/n.png)")
    expect(page.locator(".st-key-inbox-rows")).to_contain_text("**negrito**")
    page.wait_for_timeout(500)
    assert not [url for url in asked if "evil" in url]


def test_becoming_somebody_else_leads_to_a_page_that_is_theirs(page: Page) -> None:
    home(page)
    be(page, "Nadia · Analista")
    expect(page.get_by_role("heading", name="Desfechos", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Desfechos", exact=True)).to_be_visible()
    be(page, "Clara · Administrador")
    page.get_by_role("link", name="Configurações").click()
    expect(page.get_by_role("heading", name="Configurações")).to_be_visible()
    be(page, "Bruno · Atendente")
    expect(page.get_by_placeholder("Buscar por nome, número ou texto")).to_be_visible()
    expect(page.get_by_text("não é para o seu perfil")).to_have_count(0)
