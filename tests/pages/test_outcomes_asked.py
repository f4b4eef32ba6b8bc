"""What the outcomes page is asked: filters, the period it is compared with, clicks on what it shows."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import services
from core.desk import Desk
from core.model import SYSTEM, Category, Reason, ValueMode
from core.reports.filter import ReportFilter
from core.text import Text
from core.ui.outcome_filters import by_agent, by_bar, by_reason
from tests.conftest import NOW, Team
from tests.pages.conftest import Look
from tests.pages.outcomes import PAGE, asked, at_address, conclude, figures, imported, keys, select
from tests.pages.test_conversations import ended

TODAY = NOW.date()


@pytest.fixture
def price(desk: Desk) -> Reason:
    return services.create_reason(desk, SYSTEM, "Preço", Category.LOST, ValueMode.OPTIONAL, now=NOW)


@pytest.fixture
def some(desk: Desk, team: Team, sale: Reason, price: Reason, tmp_path: Path) -> None:
    """Two channels, two sources, two currencies, and one a year ago."""
    conclude(desk, team, 1, sale, "100.50")
    conclude(desk, team, 2, price, "9.90", days=1, channel="webchat", who=team.bruno)
    conclude(desk, team, 3, sale, "50", days=2, who=team.bruno)
    conclude(desk, team, 4, sale, "25", days=370)
    services.change_organisation(desk, SYSTEM, currency="USD", now=NOW)
    conclude(desk, team, 5, sale, "1000", days=3)
    services.change_organisation(desk, SYSTEM, currency="BRL", now=NOW)
    imported(desk, tmp_path, [{"agent": "Rita", "category": "other", "reason": "Elogio"}])


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("reason", "Venda", "3"), ("reason", "Elogio", "1"), ("channel", "webchat", "2"), ("channel", "whatsapp", "3"),
        ("source", "old", "1"), ("source", "desk", "4"),
    ],
)  # fmt: skip
def test_each_filter_stands_in_the_address(
    desk: Desk, team: Team, some: None, look: Look, name: str, value: str, left: str
) -> None:
    test = look(team.marta, page=PAGE)
    ended(test)
    assert figures(test)["conclusions"] == "5"
    test.multiselect(key=f"outcomes-{name}").set_value([value]).run()
    ended(test)
    assert figures(test)["conclusions"] == left
    assert asked(test) == {name: [value]}
    again = at_address(look, team.nadia, {name: value})
    ended(again)
    assert figures(again) == figures(test)
    assert again.multiselect(key=f"outcomes-{name}").value == [value]
    test.multiselect(key=f"outcomes-{name}").set_value([]).run()
    assert (asked(test), figures(test)["conclusions"]) == ({}, "5")


def test_the_currency_of_the_values(desk: Desk, team: Team, some: None, look: Look) -> None:
    test = look(team.marta, page=PAGE)
    assert (test.selectbox(key="outcomes-currency").value, figures(test)["value_achieved"]) == (
        "BRL", "R$\xa0150,50",
    )  # fmt: skip
    test.selectbox(key="outcomes-currency").set_value("USD").run()
    ended(test)
    assert (asked(test), figures(test)["value_achieved"]) == ({"currency": ["USD"]}, "US$\xa01.000,00")
    test.selectbox(key="outcomes-currency").set_value("BRL").run()
    assert asked(test) == {}


def test_compared_with_the_period_before_or_the_year_before(
    desk: Desk, team: Team, some: None, look: Look
) -> None:
    conclude(desk, team, 6, days=35)
    conclude(desk, team, 7, days=36)
    test = look(team.marta, page=PAGE)
    text = Text("pt_BR", "America/Sao_Paulo")

    def says(first: date, last: date) -> bool:
        said = " ".join(caption.value for caption in test.caption).replace("\\", "")
        return text.calendar_day(first) in said and text.calendar_day(last) in said

    assert test.metric[0].delta == "+150,0%"  # 5, after 2
    assert says(TODAY - timedelta(days=55), TODAY - timedelta(days=28))
    test.selectbox(key="outcomes-vs").set_value("year").run()
    ended(test)
    assert asked(test) == {"vs": ["year"]}
    assert test.metric[0].delta == "+400,0%"  # 5, after 1
    last_year = (TODAY - timedelta(days=27)).replace(year=2025), TODAY.replace(year=2025)
    assert says(*last_year)


def test_of_one_choice_there_is_no_filter(desk: Desk, team: Team, sale: Reason, look: Look) -> None:
    conclude(desk, team, 1, sale, "1")
    test = look(team.marta, page=PAGE)
    ended(test)
    assert {key for key in keys(test) if key.startswith("outcomes-")} == {
        "outcomes-period", "outcomes-category", "outcomes-agent", "outcomes-final", "outcomes-vs",
    }  # fmt: skip


def test_how_many_filters_are_set_is_said_and_one_button_clears_them(
    desk: Desk, team: Team, some: None, look: Look
) -> None:
    everything: dict[str, Any] = {
        "p": "90", "category": ["achieved", "lost"], "reason": "Venda", "channel": "whatsapp", "source": "desk",
        "currency": "USD", "vs": "year", "all": "1", "agent": str(team.ana.user_id),
    }  # fmt: skip
    test = at_address(look, team.marta, everything)
    ended(test)
    assert test.expander[0].label.endswith("**4**")
    assert figures(test)["conclusions"] == "2"
    test.button(key="clear-filters").click().run()
    ended(test)
    assert asked(test) == {"p": ["90"]}  # the period is no filter
    assert "**" not in test.expander[0].label
    assert "clear-filters" not in keys(test)
    assert (figures(test)["conclusions"], test.toggle(key="outcomes-final").value) == ("5", True)


# Clicks --------------------------------------------------------------------------------------------


def period(since: str, until: str) -> ReportFilter:
    return ReportFilter(date.fromisoformat(since), date.fromisoformat(until), "BRL")


@pytest.mark.parametrize(
    ("chosen", "clicked", "since", "until"),
    [
        (period("2026-02-01", "2026-03-02"), "2026-02-14", "2026-02-14", "2026-02-14"),
        (period("2025-12-03", "2026-03-02"), "2026-02-09", "2026-02-09", "2026-02-15"),
        (period("2025-12-03", "2026-03-02"), "2025-12-01", "2025-12-03", "2025-12-07"),  # begun before
        (period("2025-12-03", "2026-03-02"), "2026-03-02", "2026-03-02", "2026-03-02"),  # not over
        (period("2024-01-15", "2026-03-02"), "2024-02-01", "2024-02-01", "2024-02-29"),
        (period("2024-01-15", "2026-03-02"), "2024-01-01", "2024-01-15", "2024-01-31"),
    ],
)  # fmt: skip
def test_a_bar_is_its_days_and_its_category(
    chosen: ReportFilter, clicked: str, since: str, until: str
) -> None:
    for category in ("lost", ""):
        mark = {"period": clicked, "category": category or None}
        assert by_bar(mark, chosen) == {
            "category": [category], "p": ["free"], "from": [since], "to": [until],
        }  # fmt: skip


@pytest.mark.parametrize(
    "mark",
    [
        {}, {"period": "x", "category": "lost"}, {"period": "2026-02-14", "category": "<b>"},
        {"period": "1999-01-01", "category": "lost"}, {"period": ["2026-02-14"], "category": "lost"},
        {"period": "2026-02-14", "category": ["lost"]},
    ],
)  # fmt: skip
def test_what_is_no_mark_changes_nothing(mark: dict[str, Any]) -> None:
    assert by_bar(mark, period("2026-02-01", "2026-03-02")) == {}


def test_a_reason_is_itself_and_its_category_all_others_their_category() -> None:
    assert by_reason({"category": "lost", "reason": "Preço"}) == {"category": ["lost"], "reason": ["Preço"]}
    assert by_reason({"category": "lost", "reason": None}) == {"category": ["lost"]}
    assert by_reason({"category": "no", "reason": "Preço"}) == {}


def test_a_row_is_its_agent() -> None:
    assert by_agent(1, ["a", "b"]) == {"agent": ["b"]}
    assert by_agent(0, [None]) == by_agent(5, ["a"]) == by_agent(-1, ["a"]) == {}


def test_a_click_narrows_the_page_once(desk: Desk, team: Team, some: None, look: Look) -> None:
    test = look(team.marta, page=PAGE)
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    mark = {"mark": [{"period": yesterday, "category": "lost"}]}
    select(test, "vega_lite_chart", "over-time-0", mark)
    ended(test)
    assert asked(test) == {"category": ["lost"], "p": ["free"], "from": [yesterday], "to": [yesterday]}
    assert figures(test)["conclusions"] == "1"
    test.button(key="clear-filters").click().run()
    assert asked(test) == {}  # nothing lingers, nor do the days of the bar
    select(
        test,
        "vega_lite_chart",
        "reasons-achieved-1",
        {"mark": [{"category": "achieved", "reason": "Venda"}]},
    )
    assert asked(test) == {"category": ["achieved"], "reason": ["Venda"]}
    test.button(key="clear-filters").click().run()
    test.button_group(key="outcomes-topic").set_value("agents").run()
    agents = [u for u in services.list_users(desk, SYSTEM) if u.name in ("Ana", "Bruno", "Rita")]
    select(test, "dataframe", "agents-2", {"rows": [1], "columns": [], "cells": []})
    ended(test)
    assert asked(test)["agent"] == [str(next(u.id for u in agents if u.name == "Bruno"))]
    assert figures(test)["conclusions"] == "2"
