"""Hostile text is inert on every page: it is seen as it is, asks no other host for anything, and runs nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core import services
from core.desk import Desk, Tx, people
from core.ids import new_id
from core.model import SYSTEM, SYSTEM_USER_ID, Caller, Category, Role, User, ValueMode
from core.rules import DESCRIPTION_LENGTH, Incoming
from core.ui.escape import printable
from core.ui.outcome_topics import TOPICS
from tests.browser.place import Place
from tests.browser.test_story import by_key, only_conclude, settled
from tests.conftest import until
from tests.server import serving

KINDS = {
    "script": '<script>window.hacked=1;fetch("http://evil.example/s")</script>',
    "image": "<img src=http://evil.example/i.png onerror=window.hacked=1>",
    "markdown image": "![x](http://evil.example/m.png)",
    "markdown link": "[clique](http://evil.example/l)",
    "autolink": "http://evil.example/a www.evil.example eva@evil.example <http://evil.example/b>",
    "LaTeX": "$x^2$ ou $5",
    "LaTeX, displayed": r"$$\frac{1}{2}$$",
    "emoji": ":smile: :+1:",
    "colours": ":red[vermelho] :red-background[x] :small[y] :badge[z]",
    "icons": ":material/home: :streamlit:",
    "right to left": "recibo\u202efdp.exe",
    "zero width": "Ana\u200bSouza\u2060",
    "formula": '=HYPERLINK("http://evil.example/f";"clique")',
    "form": "<form action=http://evil.example/f><input name=p autofocus onfocus=window.hacked=1></form>",
    "data address": "<a href='data:text/html,<script>window.hacked=1</script>'>x</a> [x](data:text/html,x)",
    "script address": "[x](javascript:window.hacked=1) <a href=javascript:window.hacked=1>x</a>",
    "frame": "<svg onload=window.hacked=1><iframe src=http://evil.example/q srcdoc=x></iframe></svg>",
    "backslashes": r"C:\temp\*x* \\servidor\<b>",
    "backticks": "`código` ```bloco``` ~~risco~~ **negrito** _itálico_",
    "style": "</style><style>@import url(http://evil.example/c.css);body{display:none}</style>",
    "entities": "&lt;b&gt; &#60;i&#62; &copy; &nbsp;x",
    "blocks": "# título > citação | a | b | - [ ] item --- 1. um",
    "arrows": "-> <- <-> -- >= <= ~= ...",
}
# All of it in one text that fits everywhere.
WORST = r"<img src=//evil.example> ![w](http://evil.example) [l](//e.example) www.evil.example :smile: :red[r] $x^2$ ->*n*\'"
SEEN = [text for text in KINDS.values() if printable(text) == text]
HIDDEN = [text for text in KINDS.values() if printable(text) != text]
LONG = "a" * 100_000
RETIRED = (f"R {WORST}", KINDS["right to left"])
NULL = "nulo \0 aqui"
assert len(WORST) <= DESCRIPTION_LENGTH


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("hostile")
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    known = {
        kind: add_user(desk, f"kind{at}", text, Role.AGENT, now)
        for at, (kind, text) in enumerate(KINDS.items())
    }
    for nick, name, role in (
        ("worst", WORST, Role.AGENT), ("marta", "Marta", Role.MANAGER),
        ("clara", f"Clara {WORST}", Role.ADMIN), ("nadia", f"Nadia {WORST}", Role.ANALYST),
    ):  # fmt: skip
        known[nick] = add_user(desk, nick, name, role, now)
    for text in (WORST, *KINDS.values()):
        services.create_reason(desk, SYSTEM, text, Category.ACHIEVED, ValueMode.NONE, now=now)
    for text in RETIRED:
        retired = services.create_reason(desk, SYSTEM, text, Category.OTHER, ValueMode.NONE, now=now)
        services.change_reason(desk, Caller(known["clara"].id), retired.id, in_use=False, now=now)

    def write(key: str, name: str | None, address: str, body: str) -> object:
        at = now - timedelta(minutes=len(opened))
        message = Incoming("webchat", (address,), name, f"{key}-1", at, body)
        opened[key] = services.receive_message(desk, SYSTEM, message, now=at).conversation_id

    opened: dict[str, object] = {}
    for kind, text in KINDS.items():
        write(kind, text, text, text)
        if len(opened) > 12:  # so that each folder is one page
            services.assign(desk, Caller(known["worst"].id), opened[kind], now=now)
    write("long", LONG[:200], LONG[:200], LONG)
    write("null", NULL, "nulo", NULL)
    write("nameless", None, f"n {WORST}", WORST)
    write("worst", WORST, f"w {WORST}", WORST)
    write("concluded", WORST, f"c {WORST}", WORST)
    desk.close()
    with serving(folder) as running:
        yield Place(running, known, opened)


def add_user(desk: Desk, nick: str, name: str, role: Role, now: datetime) -> User:
    """As the import does, which takes names as they are."""

    def work(tx: Tx) -> User:
        tx.record(SYSTEM_USER_ID, "invite_user", now)
        added = User(new_id(now), f"{nick}@example.com", name, role, active=True)
        people.add_user(tx, added, SYSTEM_USER_ID, now)
        return added

    return desk.transact(work)


@pytest.fixture
def page(browser: Browser, place: Place) -> Iterator[Page]:
    """A window that may ask our server alone, may open no dialog, and may have been run in by nobody."""
    context = browser.new_context(viewport={"width": 1360, "height": 900}, locale="pt-BR")
    asked: list[str] = []
    dialogs: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    context.add_init_script(WATCH_LINKS)
    page = context.new_page()
    yield page
    for opened in context.pages:
        assert opened.evaluate("window.hacked") is None
        assert opened.evaluate("window.foreign") == []
    context.close()
    # Streamlit draws some pictures of its own from data: and blob: addresses.
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {
        "127.0.0.1"
    }
    assert dialogs == []


# Notes every element that would lead or ask elsewhere, whenever it comes into the page; looks into open shadow roots.
WATCH_LINKS = """
window.foreign = [];
const ours = (url) => ["", location.host].includes(url.host) || ["data:", "blob:"].includes(url.protocol);
const look = (root) => {
  for (const one of root.querySelectorAll("*")) {
    for (const name of ["href", "src", "action", "srcdoc", "formaction"]) {
      const value = one.getAttribute(name);
      if (value && (name === "srcdoc" || !ours(new URL(value, location.href)))) window.foreign.push(one.outerHTML);
    }
    if (one.shadowRoot) look(one.shadowRoot);
  }
};
setInterval(() => look(document), 200);
"""


def shown(locator: Locator) -> str:
    """What stands there, without what `escape.markdown` puts in between, which nobody sees."""
    expect(locator).to_be_visible()
    return (locator.text_content() or "").replace("\u2060", "")


def reads(locator: Locator, text: str) -> None:
    """What stands there is this, at the latest when the page has been drawn anew."""
    until(lambda: shown(locator) == text)


def all_shown(locator: Locator) -> list[str]:
    return [text.replace("\u2060", "") for text in locator.all_text_contents()]


def each(prefix: str = "") -> list[str]:
    return [prefix + printable(text) for text in KINDS.values()]


ROWS = ".st-key-inbox-rows li"
SEARCH = "Buscar por nome, número ou texto"


def test_in_the_list_and_the_chat(page: Page, place: Place) -> None:
    page.goto(place.address("worst"))
    listed, read, heads = {}, {}, {}
    for folder in ("Novos", "Em andamento"):
        page.get_by_role("radio", name=folder).click()
        settled(page)
        rows = page.locator(ROWS).all()
        for row in rows:
            listed[row.locator(".name").text_content()] = row.locator(".words").text_content()
        for at, row in enumerate(rows):
            name = row.locator(".name").text_content()
            row.click() if at == 0 else by_key(page, "next").click()
            expect(page.locator(".df-name")).to_have_text(name)
            expect(page.locator(".df-body").first).to_contain_text(listed[name])
            read[name] = page.locator(".df-body").first.text_content()
            heads[name] = page.locator(".st-key-head").text_content()
    for text in each():
        assert listed[text] == read[text] == text
        assert heads[text].count(text) == 2, "the name and the address"
    assert listed["nulo aqui"] == read["nulo aqui"] == "nulo \ufffd aqui"
    assert listed[LONG[:200]] == LONG[:120]
    assert read[LONG[:200]] == LONG
    assert listed[f"n {WORST}"] == read[f"n {WORST}"] == WORST, "who has no name is called by their address"


def test_with_a_manager(page: Page, place: Place) -> None:
    page.goto(place.address("marta", conversation="worst"))
    page.get_by_text("Escrever como o contato").click()
    assert shown(page.get_by_text("Como <img")) == f"Como {WORST}"

    # Who it may go to, and who it went to.
    page.get_by_role("button", name="Atribuir").click()
    box = page.get_by_role("combobox", name="Atribuir a")
    for text in SEEN:
        box.fill(text)
        assert shown(page.get_by_role("option").first) == text
    box.fill(WORST)
    page.get_by_role("option").first.click()
    assert WORST in shown(page.get_by_test_id("stToastText"))
    settled(page)
    assert f"com {WORST}" in shown(page.locator(".st-key-head"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ordenar e filtrar").click()
    page.get_by_role("combobox", name="Atendente").fill(WORST)
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="Em andamento").click()
    row = page.locator(ROWS, has_text=WORST).first
    assert shown(row.locator(".mark.agent")) == WORST.split()[0]

    # Classified with each reason in turn; a colleague is quicker.
    by_key(page, "conclude").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("option")).to_have_count(len(KINDS) + 1)
    assert set(dialog.locator(".text").all_text_contents()) == {WORST, *each()}
    other = page.context.new_page()
    other.goto(place.address("worst", conversation="worst"))
    by_key(other, "conclude").click()
    theirs = other.get_by_role("dialog")
    theirs.get_by_role("combobox").fill(WORST)
    assert theirs.locator(".text").all_text_contents() == [WORST]
    theirs.get_by_role("option").click()
    expect(theirs).to_contain_text(f"Escolhido: {WORST} · Objetivo Atingido")
    theirs.get_by_role("button", name="Classificar e concluir").click()
    footer = shown(other.locator(".st-key-footer .df-footer"))
    assert f"Objetivo Atingido · {WORST}" in footer and f"Concluído por {WORST} em" in footer
    assert WORST in shown(other.locator(".df-event").last)
    only_conclude(page).click()
    assert f"{WORST} já concluiu este atendimento" in shown(page.get_by_test_id("stAlert"))
    assert f"Concluído por {WORST} em" in shown(page.locator(".st-key-footer .df-footer"))


def test_in_the_settings(page: Page, place: Place) -> None:
    page.goto(place.address("clara", "configuracoes"))
    labels = page.locator("[data-testid=stPopoverButton]:visible p")
    expect(labels).to_have_count(len(KINDS) + 1)
    assert sorted(all_shown(labels)) == sorted([WORST, *each()])
    expect(page.get_by_label("Você é")).to_have_value(f"Clara {WORST} · Administrador")
    page.get_by_role("button", name=WORST[:20]).click()
    expect(page.get_by_label("Descrição").last).to_have_value(WORST)
    page.keyboard.press("Escape")
    page.get_by_label("Descrição").first.fill(WORST)
    page.get_by_role("button", name="Salvar").first.click()
    assert f"já tem o motivo “{WORST}”" in shown(page.get_by_test_id("stAlert"))
    page.get_by_label("Descrição").first.fill("nulo \0 aqui")
    page.get_by_role("button", name="Salvar").first.click()
    expect(page.get_by_test_id("stAlert")).to_contain_text("Caracteres de controle")
    settled(page)
    page.get_by_text("2 motivos fora de uso").click()
    retired = page.get_by_test_id("stExpander").get_by_test_id("stText")
    expect(retired.first).to_be_visible()
    assert f"{RETIRED[0]} · Outros" in all_shown(retired)


def test_among_the_people(page: Page, place: Place) -> None:
    page.goto(place.address("worst", "preferencias"))
    you = page.get_by_label("Você é")
    expect(you).to_have_value(f"{WORST} · Atendente")
    for text in SEEN:
        you.fill(text)
        assert shown(page.get_by_role("option").first) == f"{text} · Atendente"
    page.keyboard.press("Escape")
    page.goto(place.address("nadia", "perguntas"))
    expect(page.get_by_role("heading", name="Perguntas em SQL")).to_be_visible()
    expect(you).to_have_value(f"Nadia {WORST} · Analista")
    page.goto(place.address("nadia", "configuracoes"))
    expect(page.get_by_test_id("stAlert")).to_contain_text("não é para o seu perfil")


def test_in_people_and_access(page: Page, place: Place) -> None:
    rows, dialog = page.locator(".row:visible"), page.get_by_role("dialog")
    page.goto(place.address("clara", "pessoas"))
    search = page.get_by_placeholder("Buscar por nome ou e-mail")
    for at, text in enumerate((*KINDS.values(), WORST)):
        search.fill(f"kind{at}@" if text in KINDS.values() else "worst@")
        search.press("Enter")
        settled(page)
        expect(rows).to_have_count(1)
        reads(rows.locator(".name"), printable(text))
        rows.click()
        expect(dialog.get_by_label("Nome")).to_have_value(text)
        reads(dialog.get_by_role("heading").first, " ".join(printable(text).split()))
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    rows.click()
    dialog.get_by_role("button", name="Desativar").click()
    assert WORST in shown(page.get_by_test_id("stToastText"))
    page.locator(".st-key-invite button").click()
    dialog.get_by_label("Nome").fill(WORST)
    dialog.get_by_label("E-mail").fill("worst@example.com")
    dialog.get_by_role("button", name="Convidar").click()
    assert f"{WORST}, com acesso desativado, já usa" in shown(dialog.get_by_test_id("stAlert"))
    page.keyboard.press("Escape")

    page.get_by_role("tab", name="Tokens").click()
    for again in (False, True):
        page.locator(".st-key-new-token-ask button").click()
        dialog.get_by_label("Nome").fill(WORST)
        dialog.get_by_role("combobox", name="Age como").fill(WORST)
        assert shown(page.get_by_role("option").first) == f"Clara {WORST} · clara@example.com"
        page.get_by_role("option").first.click()
        dialog.get_by_role("button", name="Criar token").click()
        if again:
            assert f"um token chamado {WORST}" in shown(dialog.get_by_test_id("stAlert"))
            page.keyboard.press("Escape")
        else:
            expect(dialog.locator("code")).to_contain_text("desfecho_")
            dialog.get_by_role("button", name="Já copiei").click()
        expect(dialog).to_have_count(0)
    assert (shown(rows.locator(".name")), shown(rows.locator(".words"))) == (
        WORST, f"Clara {WORST} · tudo o que o usuário pode fazer"
    )  # fmt: skip
    rows.click()
    reads(dialog.get_by_role("heading").first, WORST)
    expect(dialog.locator("dd").first).to_have_text(f"Clara {WORST} · clara@example.com")


def test_among_the_outcomes(page: Page, place: Place) -> None:
    """Names and reasons are drawn there: on canvases and in the legend's words."""
    page.goto(place.address("marta", "desfechos"))
    expect(page.get_by_text("Um dia passado muda")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.locator(".st-key-behind-conclusions button").click()
    expect(page.get_by_role("dialog").get_by_test_id("stDataFrame")).to_be_visible()
    for topic in TOPICS:
        page.goto(f"{place.address('marta', 'desfechos')}&topic={topic}")
        expect(page.get_by_text("Um dia passado muda")).to_be_visible()
        expect(page.get_by_test_id("stAlert")).to_have_count(0)
    page.goto(
        place.address(
            "marta", f"desfechos?category={quote(WORST)}&agent={quote(WORST)}&p={quote(WORST)}&x="
        ).replace("=?as=", "=&as=")
    )
    expect(page.get_by_text("Um dia passado muda")).to_be_visible()


def test_in_the_search_and_the_address(page: Page, place: Place) -> None:
    search = page.get_by_placeholder(SEARCH)
    page.goto(place.address("marta"))
    for text in (WORST, LONG[:200], *KINDS.values(), "nulo \0 aqui"):
        search.fill(text)
        search.press("Enter")
        settled(page)
        expect(search).to_have_value(text)
        expect(page.get_by_test_id("stAlert")).to_have_count(0)
        expect(page.get_by_text("Nada encontrado").or_(page.locator(ROWS)).first).to_be_visible()
    for text in (WORST, KINDS["script"], KINDS["style"], LONG[:5000], "\0", "\u202e", "%"):
        page.goto(
            f"{place.server.url}/?as={quote(text)}&c={quote(text)}&{quote(text)}={quote(text)}#{quote(text)}"
        )
        expect(page.locator(ROWS).first).to_be_visible()
        expect(page.get_by_test_id("stAlert")).to_have_count(0)
    page.goto(f"{place.server.url}/{quote(WORST, safe='')}")
    expect(page.locator(ROWS).first).to_be_visible()


def test_what_hides_or_reorders_is_replaced_in_boxes_too(page: Page, place: Place) -> None:
    found = []
    page.goto(place.address("marta", conversation="nameless"))
    for open_, label in (("", "Você é"), ("Ordenar e filtrar", "Atendente"), ("Atribuir", "Atribuir a")):
        if open_:
            page.get_by_role("button", name=open_).click()
        box = page.get_by_role("combobox", name=label)
        for text in HIDDEN:
            box.fill(text[:3])
            found += page.get_by_role("option").all_text_contents()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    page.goto(place.address("clara", "configuracoes"))
    page.get_by_text("2 motivos fora de uso").click()
    expect(page.get_by_test_id("stExpander").get_by_test_id("stText").first).to_be_visible()
    found += page.get_by_test_id("stExpander").get_by_test_id("stText").all_text_contents()
    assert len(found) > 6
    assert [text for text in found if printable(text) != text] == []
