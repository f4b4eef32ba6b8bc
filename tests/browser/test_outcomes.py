"""What managers see in a browser: the numbers of the page against the same counted from what the API tells of every
conversation, after each thing that changes them; and a click on a chart."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core import services
from core.demo import fill
from core.desk import Desk
from core.model import SYSTEM, Role, Scope
from core.text import Text
from tests.browser.test_story import settled
from tests.server import Server, serving

TEXT = Text("pt_BR", "America/Sao_Paulo")
Told = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """The HTTP interface as somebody uses it."""

    server: Server
    token: str

    def ask(self, method: str, path: str, body: Told | None = None) -> Told:
        request = urllib.request.Request(
            f"{self.server.url}/api/v1/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: Told = json.load(answer)
            return found


@dataclass(frozen=True)
class Office:
    server: Server
    agent: Api
    admin: Api
    manager: str  # whom the page is seen as
    sale: str
    price: str


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    fill(desk, now=now, seed=11, conversations=60)
    people = {user.role: user for user in reversed(services.list_users(desk, SYSTEM)) if user.active}
    tokens = {
        role: services.create_token(desk, SYSTEM, people[role].email or "", role, Scope.API, now=now).secret
        for role in (Role.AGENT, Role.ADMIN)
    }
    reasons = {
        reason.category: str(reason.id)
        for reason in services.list_reasons(desk, SYSTEM)
        if reason.value != "none"
    }
    desk.close()
    with serving(folder) as server:
        yield Office(
            server, Api(server, tokens[Role.AGENT]), Api(server, tokens[Role.ADMIN]),
            str(people[Role.MANAGER].id), reasons["achieved"], reasons["lost"],
        )  # fmt: skip


def write_in(office: Office, address: str, message: str) -> str:
    sent = datetime.now(UTC).isoformat()
    body = {
        "channel": "whatsapp",
        "contact": {"address": address},
        "external_id": message,
        "sent_at": sent,
        "body": "Olá",
    }
    return str(office.admin.ask("POST", "messages", body)["conversation_id"])


def counted(office: Office) -> dict[str, str]:
    """The figures of all there is, from every conversation that the API tells of."""
    conclusions: list[
        tuple[Told | None, bool]
    ] = []  # the classification that counts, and whether it reopened
    path: str | None = "conversations?limit=100"
    while path:
        page = office.admin.ask("GET", path)
        for summary in page["items"]:
            told = office.admin.ask("GET", f"conversations/{summary['id']}")
            back = {reopening["conclusion_id"] for reopening in told["reopenings"]}
            for one in told["conclusions"]:
                versions = one["versions"]
                conclusions.append((versions[-1] if versions else None, one["id"] in back))
        path = f"conversations?limit=100&cursor={page['next']}" if page["next"] else None
    final = [last for last, reopened in conclusions if last and not reopened]
    won, lost = ([last for last in final if last["category"] == name] for name in ("achieved", "lost"))

    def worth(of: list[Told]) -> str:
        return TEXT.money(sum((Decimal(last["value"]) for last in of if last["value"]), Decimal(0)), "BRL")

    of = len(conclusions)
    return {
        "Conclusões": TEXT.number(of),
        "Classificadas": TEXT.percent(sum(last is not None for last, _ in conclusions) / of),
        "Taxa de atingidos": TEXT.percent(len(won) / (len(won) + len(lost))),
        "Valor atingido": worth(won),
        "Valor perdido": worth(lost),
        "Voltaram": TEXT.percent(sum(reopened for _, reopened in conclusions) / of),
    }


def look(page: Page, office: Office, query: str = "") -> None:
    since = (datetime.now(UTC) - timedelta(days=300)).date()
    until = (datetime.now(UTC) + timedelta(days=1)).date()
    query = query or f"p=free&from={since}&to={until}"
    page.goto(f"{office.server.url}/desfechos?as={office.manager}&{query}")
    expect(page.locator("[data-testid=stMetric]").first).to_be_visible()
    settled(page)


def seen(page: Page) -> dict[str, str]:
    shown = page.locator("[data-testid=stMetric]")
    label, value = "[data-testid=stMetricLabel] p", "[data-testid=stMetricValue]"
    return {
        one.locator(label).inner_text().strip(): one.locator(value).inner_text().strip()
        for one in shown.all()
    }


def agrees(page: Page, office: Office) -> dict[str, str]:
    """That the page shows what is counted; what it is."""
    look(page, office)
    expected = counted(office)
    assert {name: said for name, said in seen(page).items() if name in expected} == expected
    return expected


def test_the_numbers_are_those_of_the_desk_after_each_change(page: Page, office: Office) -> None:
    before = agrees(page, office)
    conversation = write_in(office, "5511900000001", "m1")
    office.agent.ask("POST", f"conversations/{conversation}/assign", {})
    concluded = office.agent.ask(
        "POST", f"conversations/{conversation}/conclude", {"reason_id": office.sale, "value": "1234.56"}
    )
    won = agrees(page, office)
    assert won["Valor atingido"] != before["Valor atingido"]
    office.agent.ask(
        "PUT", f"conclusions/{concluded['id']}/classification", {"reason_id": office.price, "value": "0.99"}
    )
    lost = agrees(page, office)
    assert lost["Valor atingido"] == before["Valor atingido"]
    assert lost["Valor perdido"] != before["Valor perdido"]
    office.agent.ask("POST", f"conversations/{conversation}/reopen", {})
    back = agrees(page, office)
    assert back["Valor perdido"] == before["Valor perdido"]
    assert back["Voltaram"] != lost["Voltaram"]


def test_a_click_on_a_bar_looks_at_it_alone(page: Page, office: Office) -> None:
    conversation = write_in(office, "5511900000002", "m2")
    office.admin.ask(
        "POST", f"conversations/{conversation}/conclude", {"reason_id": office.sale, "value": "10"}
    )
    look(page, office, "p=1&category=achieved")
    chart = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.6)
    page.wait_for_url("**p=free**")
    assert "category=achieved" in page.url
    settled(page)
    page.get_by_role("button", name="Limpar filtros").click()
    page.wait_for_function("() => !location.search.includes('category')")


def test_what_is_behind_a_figure_opens_and_leads_to_the_conversation(page: Page, office: Office) -> None:
    look(page, office)
    page.locator(".st-key-behind-conclusions button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{counted(office)['Conclusões']} conclusões")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="CSV").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + int(counted(office)["Conclusões"])
    assert download.value.suggested_filename.startswith("desfecho-todas-as-conclusoes-")
