"""The three languages on screen."""

import pytest

from core import services
from core.desk import Desk
from core.model import Reason
from core.text import language_for
from core.ui.session import LANGUAGE_CHOICE
from tests.conftest import NOW, Team, write
from tests.pages.conftest import Look
from tests.pages.test_conversations import html


@pytest.mark.parametrize(
    ("language", "conclude", "category", "value"),
    [
        ("pt_BR", "Concluir", "Objetivo Atingido", "R$\xa01.234,56"),
        ("en", "Conclude", "Goal achieved", "R$1,234.56"),
        ("es", "Concluir", "Objetivo logrado", "1.234,56\xa0BRL"),
    ],
)
def test_a_conclusion_in_each(
    desk: Desk, team: Team, sale: Reason, look: Look, language: str, conclude: str, category: str, value: str
) -> None:
    conversation = write(desk, "m1").conversation_id
    test = look(team.ana, conversation, language=language)
    assert test.button(key="conclude").label == conclude
    services.conclude(desk, team.ana, conversation, sale.id, "1234.56", now=NOW)
    shown = html(test.run())
    assert category in shown and value in shown
    assert not test.exception


def test_the_language_is_changed_at_once(desk: Desk, team: Team, look: Look) -> None:
    test = look(team.ana)
    assert "Ninguém está esperando" in html(test)
    test.selectbox(key=LANGUAGE_CHOICE).set_value("es").run()
    assert "Nadie está esperando" in html(test)
    test.selectbox(key=LANGUAGE_CHOICE).set_value("en").run()
    assert "Nobody is waiting" in html(test)


@pytest.mark.parametrize(
    ("browser", "ours"),
    [("pt-BR", "pt_BR"), ("pt-PT", "pt_BR"), ("es-MX", "es"), ("en-GB", "en"), ("EN", "en"), ("de", "pt_BR"),
     ("", "pt_BR"), (None, "pt_BR")],
)  # fmt: skip
def test_the_browser_s_language(browser: str | None, ours: str) -> None:
    assert language_for(browser, "pt_BR") == ours
