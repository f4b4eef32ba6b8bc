"""axe-core on every page, light and dark, on a desk's screen and a phone: nothing serious, nothing critical."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zlib import crc32

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Locator, Page, expect

from core import services
from core.desk import Desk
from core.model import SYSTEM, Caller, Category, Direction, Role, Scope, User, ValueMode
from core.rules import Incoming
from core.ui.outcome_topics import TOPICS
from tests.browser.place import Place
from tests.browser.test_story import by_key
from tests.conftest import add_user
from tests.server import serving

SEARCH = "Buscar por nome, número ou texto"
FORBIDDEN = ("serious", "critical")

# Nothing fades in or out any more: what is half there has half its contrast.
STILL = (
    "() => document.getAnimations().every("
    "one => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"
)

# What is Streamlit's own and out of our reach: rule, a part of the target, why.
ALLOWED: tuple[tuple[str, str, str], ...] = ()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("accessible")
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    people = {
        name: add_user(desk, name, role)
        for name, role in (
            ("Ana", Role.AGENT), ("Marta", Role.MANAGER), ("Nadia", Role.ANALYST), ("Clara", Role.ADMIN)
        )
    }  # fmt: skip
    opened = fill(desk, people, now)
    desk.close()
    with serving(folder) as running:
        yield Place(running, people, opened)


def fill(desk: Desk, people: dict[str, User], now: datetime) -> dict[str, object]:
    """Everything a page can show: each kind of row, both sides of a chat, more than one page, versions."""
    ana, marta, clara = (Caller(people[name].id) for name in ("Ana", "Marta", "Clara"))
    modes = (ValueMode.REQUIRED, ValueMode.OPTIONAL, ValueMode.NONE, ValueMode.NONE)
    reasons = {
        category: services.create_reason(desk, SYSTEM, f"Motivo {category}", category, mode, now=now)
        for category, mode in zip(Category, modes, strict=True)
    }
    retired = services.create_reason(desk, SYSTEM, "Motivo antigo", Category.OTHER, ValueMode.NONE, now=now)
    services.change_reason(desk, clara, retired.id, in_use=False, now=now)

    def write(name: str, ago: timedelta, body: str = "Quanto custa?", out: bool = False) -> Any:
        direction = Direction.OUT if out else Direction.IN
        message = Incoming(
            "whatsapp", (f"55{crc32(name.encode()):011}",), name, f"{name}-{ago}-{out}", now - ago, body, direction
        )  # fmt: skip
        return services.receive_message(desk, SYSTEM, message, now=now - ago).conversation_id

    minutes, hours = (lambda n: timedelta(minutes=n)), (lambda n: timedelta(hours=n))
    for at in range(21):
        write(f"{at:02} pessoa", hours(2) + minutes(at))
    for name, ago in (
        ("Espera pouco", minutes(3)),
        ("Espera muito", hours(21)),
        ("Fora da janela", hours(40)),
    ):
        new = write(name, ago)
    write("Espera muito", hours(20), "Temos, sim.", out=True)
    progress = write("Ida e volta", hours(5))
    services.assign(desk, ana, progress, now=now - hours(5))
    services.conclude(desk, ana, progress, reasons[Category.QUESTION].id, None, now=now - hours(4))
    write("Ida e volta", hours(1), "Mais uma coisa")
    marta_has = write("Da Marta", hours(3))
    services.assign(desk, marta, marta_has, now=now - hours(3))
    done = write("Já acabou", hours(9))
    concluded = services.conclude(desk, ana, done, reasons[Category.ACHIEVED].id, "10.00", now=now - hours(8))
    services.edit_classification(desk, ana, concluded.id, reasons[Category.LOST].id, None, now=now - hours(7))
    for category, ago in ((Category.ACHIEVED, 6), (Category.OTHER, 5)):
        other = write(f"Fim {category}", hours(ago + 1))
        value = "5.00" if category is Category.ACHIEVED else None
        services.conclude(desk, ana, other, reasons[category].id, value, now=now - hours(ago))
    services.create_token(
        desk, SYSTEM, "clara@example.com", "CRM", Scope.API, expires_at=now + hours(50), now=now
    )
    return {"new": new, "progress": progress, "concluded": done}


class Looked:
    """One browser window, and what axe found in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def at(self, where: str, shown: Locator) -> None:
        """Look for violations once `shown` is there and nothing moves."""
        expect(shown).to_be_visible()
        expect(self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
        self.page.wait_for_function(STILL)
        self.page.evaluate(f"() => {{ if (!window.axe) {{ {AXE_SCRIPT} }} }}")
        result = self.page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
        for violation in result["violations"]:
            rule = violation["id"]
            for node in violation["nodes"]:
                target = str(node["target"])
                if violation["impact"] in FORBIDDEN and not allowed(rule, target):
                    self.found.append(
                        f"{where}: {rule} at {target}\n{node['failureSummary']}\n{node['html']}"
                    )


def allowed(rule: str, target: str) -> bool:
    return any(rule == one and part in target for one, part, _ in ALLOWED)


LOOKS = [("light", 1360)]
if os.environ.get("LOOKS") == "all":  # a minute each
    LOOKS += [("dark", 390), ("light", 390), ("dark", 1360)]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_nothing_serious(browser: Browser, place: Place, scheme: str, width: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        locale="pt-BR",
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    looked = Looked(page)
    conversations(looked, place)
    other_pages(looked, place)
    if width == 390:
        page.goto(place.address("Marta"))
        page.get_by_test_id("stExpandSidebarButton").click()
        looked.at("the sidebar of a phone", page.get_by_label("Você é"))
    context.close()
    assert not looked.found, "\n\n".join(looked.found)


def conversations(looked: Looked, place: Place) -> None:
    page = looked.page
    search, dialog = page.get_by_placeholder(SEARCH), page.get_by_role("dialog")
    page.goto(place.address("Marta"))
    looked.at("the list", page.locator(".st-key-inbox-rows li").first)
    page.get_by_role("button", name="Ordenar e filtrar").click()
    looked.at("the filters", page.get_by_role("combobox", name="Ordem"))
    page.keyboard.press("Escape")
    search.fill("zzz")
    search.press("Enter")
    looked.at("nothing found", page.get_by_text("Nada encontrado"))

    page.goto(place.address("Marta", conversation="new"))
    looked.at("a new one", by_key(page, "take"))
    page.get_by_role("button", name="Atribuir").click()
    looked.at("whom to assign it to", page.get_by_role("combobox", name="Atribuir a"))
    page.keyboard.press("Escape")
    by_key(page, "conclude").click()
    looked.at("the dialog", dialog.get_by_role("option").first)
    dialog.get_by_role("option", name="Motivo achieved").first.click()
    dialog.get_by_role("button", name="Classificar e concluir").click()
    looked.at("the dialog, refused", dialog.get_by_role("alert"))
    dialog.get_by_role("combobox").fill("motivo")
    looked.at("the dialog, searched", dialog.get_by_role("option").first)

    page.goto(place.address("Ana", conversation="progress"))
    looked.at("one in progress", by_key(page, "conclude"))
    page.get_by_role("button", name="Preferência de arquivamento").click()
    looked.at("the archive preference", page.get_by_role("radiogroup", name="Depois que eu concluir"))
    page.goto(place.address("Ana", conversation="concluded"))
    looked.at("a concluded one", page.locator(".st-key-footer"))
    page.get_by_text("2 versões").click()
    looked.at("its versions", page.get_by_text("Motivo achieved"))


def other_pages(looked: Looked, place: Place) -> None:
    page = looked.page
    page.goto(place.address("Ana", "preferencias"))
    looked.at("preferences", page.get_by_role("radiogroup"))
    page.goto(place.address("Clara", "configuracoes"))
    reason = page.get_by_role("button", name="Motivo achieved")
    looked.at("reasons", reason)
    reason.click()
    looked.at("a reason", page.get_by_role("button", name="Retirar de uso"))
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Organização").click()
    looked.at("the organisation", page.get_by_role("combobox", name="Moeda"))
    people_and_access(looked, place)
    page.goto(place.address("Clara", "registro"))
    looked.at("the record", page.get_by_test_id("stDataFrame"))
    page.locator(".st-key-record-conversation input").fill("zzz")
    page.keyboard.press("Enter")
    looked.at("nothing on record", page.locator(".df-empty"))
    page.goto(place.address("Marta", "desfechos"))
    expect(page.get_by_text("Um dia passado muda")).to_be_visible()  # the last of it
    looked.at("outcomes", page.get_by_test_id("stVegaLiteChart").first)
    page.get_by_text("Mais filtros").click()
    looked.at("outcomes with all filters", page.get_by_label("Comparar com"))
    page.locator(".st-key-behind-conclusions button").click()
    looked.at("the conclusions behind a figure", page.get_by_role("dialog").get_by_test_id("stDataFrame"))
    for topic in TOPICS:
        page.goto(f"{place.address('Marta', 'desfechos')}&topic={topic}")
        looked.at(f"outcomes: {topic}", page.locator("h3").first)
    page.goto(place.address("Nadia", "perguntas"))
    looked.at("questions", page.locator(".st-key-question-run button"))
    page.locator(".st-key-question-beside").get_by_role("tab").last.click()
    looked.at("questions: the tables", page.locator(".df-columns dt", has_text="handling_seconds"))
    answer = page.locator(".st-key-question-answer")
    for sql, shown in (
        ("FROM analytics.reasons", answer.get_by_test_id("stDataFrame")),
        ("SELECT count(*) FROM analytics.reasons", answer.locator(".df-one")),
        ("SELECT * FROM analytics.reasons WHERE false", answer.locator(".df-empty")),
        ("SELECT catgory\nFROM analytics.reasons", answer.locator(".df-wrong")),
        ("SELECT count(*) FROM range(1000000000000) AS a(n) WHERE n % 7 = 3", answer.locator(".df-asking")),
    ):
        page.goto(f"{place.address('Nadia', 'perguntas')}&{urlencode({'sql': sql})}")
        looked.at(f"questions: {sql}", shown)
    page.locator(".st-key-question-stop button").click()
    sql = "SELECT category, count(*) AS n FROM analytics.reasons GROUP BY ALL"
    page.goto(f"{place.address('Nadia', 'perguntas')}&{urlencode({'sql': sql})}")
    answer.get_by_role("tab").last.click()
    looked.at("questions: a chart", answer.get_by_test_id("stVegaLiteChart"))
    page.goto(place.address("Ana", "configuracoes"))
    looked.at("a refused page", page.get_by_role("alert"))
    page.goto(f"{place.address('Ana')}&c={uuid4()}")
    looked.at("no such conversation", page.get_by_role("alert"))
    page.goto(place.address("Ana", "nao-existe"))
    looked.at("no such page", page.get_by_role("dialog"))


def people_and_access(looked: Looked, place: Place) -> None:
    page = looked.page
    dialog = page.get_by_role("dialog")
    rows = page.locator(".row:visible")
    page.goto(place.address("Clara", "pessoas"))
    looked.at("people", rows.first)
    rows.filter(has_text="ana@example.com").click()
    looked.at("a person", dialog.get_by_role("button", name="Ver na lista"))
    page.keyboard.press("Escape")
    page.locator(".st-key-invite button").click()
    dialog.get_by_role("button", name="Convidar").click()
    looked.at("an invitation, refused", dialog.get_by_role("alert"))
    page.keyboard.press("Escape")
    page.get_by_placeholder("Buscar por nome ou e-mail").fill("zzz")
    page.keyboard.press("Enter")
    looked.at("nobody found", page.get_by_text("Ninguém encontrado"))
    page.get_by_role("tab", name="Tokens").click()
    looked.at("tokens", rows.first)
    rows.first.click()
    looked.at("a token", dialog.get_by_role("button", name="Revogar token"))
    page.keyboard.press("Escape")
    page.locator(".st-key-new-token-ask button").click()
    looked.at("a new token", dialog.get_by_role("button", name="Criar token"))
    dialog.get_by_label("Nome").fill(f"axe {uuid4()}")
    dialog.get_by_role("combobox", name="Age como").fill("Clara")
    page.get_by_role("option").first.click()
    dialog.get_by_role("button", name="Criar token").click()
    looked.at("the secret", dialog.get_by_role("button", name="Já copiei"))
