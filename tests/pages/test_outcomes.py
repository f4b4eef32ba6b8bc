"""The outcomes page: what it shows, and how the address and the filters speak of the same."""

from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.model import SYSTEM, Category, Reason, ValueMode
from core.ui.pages import PAGES
from tests.conftest import NOW, Team, write
from tests.pages.conftest import Clock, Look
from tests.pages.test_conversations import ended, html

PAGE = str(PAGES / "manager" / "outcomes.py")


def metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def conclude(
    desk: Desk, team: Team, n: int, reason: Reason | None, value: str | None = None, days: int = 0
) -> object:
    at = NOW - timedelta(days=days)
    opened = write(desk, f"m{n}", at, address=f"55{n}").conversation_id
    services.conclude(
        desk, team.ana, opened, reason.id if reason else None, value, now=at + timedelta(minutes=10)
    )
    return opened


@pytest.fixture
def lost(desk: Desk) -> Reason:
    return services.create_reason(desk, SYSTEM, "Preço", Category.LOST, ValueMode.OPTIONAL, now=NOW)


@pytest.fixture
def some(desk: Desk, team: Team, sale: Reason, lost: Reason) -> None:
    conclude(desk, team, 1, sale, "100.50")
    conclude(desk, team, 2, sale, "50", days=3)
    conclude(desk, team, 3, lost, "9.90", days=5)
    conclude(desk, team, 4, None, days=6)
    conclude(desk, team, 5, sale, "7000", days=40)


def test_nothing_yet_says_what_to_do(team: Team, look: Look) -> None:
    test = look(team.marta, page=PAGE)
    ended(test)
    assert "Nenhuma conclusão neste período" in html(test)
    assert not test.metric


def test_the_figures_and_the_charts(desk: Desk, team: Team, some: None, look: Look, clock: Clock) -> None:
    clock.now = NOW + timedelta(hours=1)
    test = look(team.marta, page=PAGE)
    ended(test)
    assert metrics(test) == {
        "Conclusões": "4", "Classificadas": "75,0%", "Taxa de objetivos atingidos": "66,7%",
        "Valor atingido": "R$\xa0150,50", "Valor perdido": "R$\xa09,90", "Voltaram": "0,0%",
        "Tempo até a conclusão": "10 min",
    }  # fmt: skip
    assert (
        len(test.get("arrow_vega_lite_chart") or test.get("vega_lite_chart")) == 3
    )  # over time, and two categories
    assert "1 conclusão ainda pode voltar." in " ".join(c.value for c in test.caption).replace("\\", "")
    assert all(metric.help for metric in test.metric)  # a definition behind each
    agents = test.dataframe[-1].value
    assert agents["Atendente"].tolist() == ["Ana"]
    assert "poucos" in agents["Taxa de objetivos atingidos"][0]


def test_a_conclusion_an_edit_and_a_reopening_are_seen_at_once(
    desk: Desk, team: Team, some: None, lost: Reason, look: Look, clock: Clock
) -> None:
    test = look(team.marta, page=PAGE)
    before = metrics(test)
    services.edit_classification(
        desk, team.ana,
        services.conversation(desk, SYSTEM, services.list_conversations(desk, SYSTEM)[0].id).conclusions[-1].id,
        lost.id, "20", now=NOW + timedelta(minutes=20),
    )  # fmt: skip
    test.run()
    assert (before["Valor atingido"], metrics(test)["Valor atingido"]) == ("R$\xa0150,50", "R$\xa050,00")
    assert metrics(test)["Valor perdido"] == "R$\xa029,90"
    write(desk, "again", NOW + timedelta(hours=1), address="551")
    test.run()
    assert (
        metrics(test)["Valor perdido"] == "R$\xa09,90"
    )  # only the last end of it counts, and it has none now
    assert metrics(test)["Voltaram"] == "25,0%"
    test.toggle(key="outcomes-final").set_value(False).run()
    assert metrics(test)["Valor perdido"] == "R$\xa029,90"
    assert "all" in test.query_params


def test_filters_go_into_the_address_and_come_from_it(desk: Desk, team: Team, some: None, look: Look) -> None:
    test = look(team.nadia, page=PAGE)
    test.selectbox(key="outcomes-period").set_value("90").run()
    test.multiselect(key="outcomes-categories").set_value(["achieved"]).run()
    ended(test)
    assert metrics(test)["Conclusões"] == "3"
    assert metrics(test)["Valor atingido"] == "R$\xa07.150,50"
    address: dict[str, Any] = dict(test.query_params)

    again = look(team.clara)
    for name in ("p", "category"):
        again.query_params[name] = address[name]
    again.switch_page(PAGE).run()
    assert metrics(again) == metrics(test)
    test.selectbox(key="outcomes-period").set_value("free").run()
    assert test.date_input(key="outcomes-days").value[1] == NOW.date()
    test.date_input(key="outcomes-days").set_value(
        (NOW.date() - timedelta(days=45), NOW.date() - timedelta(days=30))
    ).run()
    ended(test)
    assert metrics(test)["Conclusões"] == "1"


@pytest.mark.parametrize(
    "address",
    [
        {"p": "x"}, {"p": "free"}, {"p": "free", "from": "x", "to": "2026-01-01"}, {"p": "free", "from": "9999-12-31", "to": "0001-01-01"},
        {"category": "<b>"}, {"agent": "no id"}, {"agent": "019b76da-a800-715b-b094-34f8dce7f92a"}, {"category": ""},
    ],
)  # fmt: skip
def test_no_address_breaks_the_page(
    desk: Desk, team: Team, some: None, look: Look, address: dict[str, str]
) -> None:
    test = look(team.marta)
    for name, said in address.items():
        test.query_params[name] = said
    test.switch_page(PAGE).run()
    ended(test)


def test_agents_see_no_outcomes(desk: Desk, team: Team, some: None, look: Look) -> None:
    test = look(team.ana, page=PAGE)
    assert any("perfil" in error.value for error in test.error)
    assert not test.metric


@pytest.mark.parametrize("language", ["pt_BR", "en", "es"])
def test_in_each_language(desk: Desk, team: Team, some: None, look: Look, language: str) -> None:
    test = look(team.marta, page=PAGE, language=language)
    ended(test)
    assert len(test.metric) == 7
