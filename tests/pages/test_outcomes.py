"""The outcomes page: what it shows, and how the address and the filters speak of the same."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.model import SYSTEM, Category, Reason, ValueMode
from tests.conftest import NOW, Team, write
from tests.pages.conftest import Clock, Look
from tests.pages.outcomes import HOSTILE, PAGE, at_address, conclude, figures, imported, keys, table
from tests.pages.test_conversations import ended, html


def metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


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
        "Conclusões": "4", "Classificadas": "75,0%", "Taxa de atingidos": "66,7%",
        "Valor atingido": "R$\xa0150,50", "Valor perdido": "R$\xa09,90", "Voltaram": "0,0%",
        "Tempo até a conclusão": "10 min",
    }  # fmt: skip
    assert (
        len(test.get("arrow_vega_lite_chart") or test.get("vega_lite_chart")) == 3
    )  # over time, and two categories
    assert "1 conclusão ainda pode voltar." in " ".join(c.value for c in test.caption).replace("\\", "")
    assert all(metric.help for metric in test.metric)  # a definition behind each
    agents = table(at_address(look, team.marta, {"topic": "agents"}), "-agents-")
    assert agents["Atendente"].tolist() == ["Ana"]
    assert "poucos" in agents["Taxa de atingidos"][0]


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
    test.multiselect(key="outcomes-category").set_value(["achieved"]).run()
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
        {"reason": ["x", "![x](http://127.0.0.1:9)"]}, {"channel": "fax"}, {"source": "\x00"}, {"currency": "XXX"}, {"vs": "ever"},
    ],
)  # fmt: skip
def test_no_address_breaks_the_page(
    desk: Desk, team: Team, some: None, look: Look, address: dict[str, Any]
) -> None:
    test = at_address(look, team.marta, address)
    ended(test)
    if "p" not in address and address != {"category": ""}:  # what means nothing narrows nothing
        assert figures(test)["conclusions"] == "4"
        assert "clear-filters" not in keys(test)


def test_agents_see_no_outcomes(desk: Desk, team: Team, some: None, look: Look) -> None:
    test = look(team.ana, page=PAGE)
    assert any("perfil" in error.value for error in test.error)
    assert not test.metric


@pytest.mark.parametrize("language", ["pt_BR", "en", "es"])
def test_in_each_language(desk: Desk, team: Team, some: None, look: Look, language: str) -> None:
    test = look(team.marta, page=PAGE, language=language)
    ended(test)
    assert len(test.metric) == 7


# What there can be ---------------------------------------------------------------------------------


def test_one_conclusion_of_one_day(desk: Desk, team: Team, sale: Reason, look: Look) -> None:
    conclude(desk, team, 1, sale, "0.10")
    test = at_address(look, team.marta, {"p": "1"})
    ended(test)
    assert figures(test)["value_achieved"] == "R$\xa00,10"
    assert not any(metric.proto.chart_data for metric in test.metric)  # a single point is no line
    assert all(metric.delta == "" for metric in test.metric)


def test_small_lines_have_gaps_where_there_is_nothing(
    desk: Desk, team: Team, some: None, look: Look, clock: Clock
) -> None:
    clock.now = NOW + timedelta(hours=1)
    test = look(team.marta, page=PAGE)
    lines = {m.proto.label: list(m.proto.chart_data) for m in test.metric}
    counts, classified, *_ = lines.values()
    assert (len(counts), counts[-7:]) == (28, [1, 1, 0, 1, 0, 0, 1])
    assert [value if value == value else None for value in classified[-7:]] == [
        0, 100, None, 100, None, None, 100,
    ]  # fmt: skip


def test_the_future_has_nothing(desk: Desk, team: Team, some: None, look: Look) -> None:
    test = at_address(look, team.marta, {"p": "free", "from": "2026-04-01", "to": "2026-04-30"})
    ended(test)
    assert "df-empty" in html(test) and not test.metric


def test_a_filter_that_matches_nothing_has_a_way_out(desk: Desk, team: Team, some: None, look: Look) -> None:
    test = at_address(look, team.marta, {"category": "question"})
    ended(test)
    assert "df-empty" in html(test) and not test.metric
    test.button(key="clear-filters").click().run()
    assert figures(test)["conclusions"] == "4"


def test_the_longest_reason_and_hostile_words(desk: Desk, team: Team, look: Look) -> None:
    for n, words in enumerate(("W" * 120, HOSTILE)):
        reason = services.create_reason(desk, SYSTEM, words, Category.LOST, ValueMode.NONE, now=NOW)
        conclude(desk, team, n, reason)
    test = look(team.marta, page=PAGE)
    ended(test)
    assert sorted(test.multiselect(key="outcomes-reason").options) == sorted(("W" * 120, HOSTILE))
    test.multiselect(key="outcomes-reason").set_value([HOSTILE]).run()
    ended(test)
    assert figures(test)["conclusions"] == "1"


def test_hundreds_of_reasons_and_a_thousand_agents(
    desk: Desk, team: Team, tmp_path: Path, look: Look
) -> None:
    imported(
        desk, tmp_path,
        ({"agent": f"Agent {n}", "category": "lost", "reason": f"reason {n % 600}"} for n in range(1000)),
    )  # fmt: skip
    test = look(team.marta, page=PAGE)
    ended(test)
    assert figures(test)["conclusions"] == "1.000"
    assert len(table(at_address(look, team.marta, {"topic": "agents"}), "-agents-")) == 1000
    assert len(test.multiselect(key="outcomes-reason").options) == 500
    assert len(test.multiselect(key="outcomes-agent").options) == 1000 + 5  # … and the team
    of_one = at_address(look, team.marta, {"reason": "reason 599"})  # wherever it stands
    assert figures(of_one)["conclusions"] == "1"
    assert of_one.multiselect(key="outcomes-reason").value == ["reason 599"]
