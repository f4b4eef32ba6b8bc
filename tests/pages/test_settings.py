"""Configurações and Preferências."""

from core import services
from core.desk import Desk
from core.model import Category, Reason, ValueMode
from core.ui.pages import PAGES
from core.ui.settings import reason_key
from tests.conftest import NOW, Team
from tests.pages.conftest import Look

PAGE = str(PAGES / "admin" / "settings.py")


def test_a_new_reason_is_offered_at_once(desk: Desk, team: Team, look: Look) -> None:
    test = look(team.clara, page=PAGE)
    test.text_input(key="new-reason-description").set_value("Troca de lente")
    test.selectbox(key="new-reason-category").set_value(Category.LOST)
    test.selectbox(key="new-reason-value").set_value(ValueMode.OPTIONAL)
    next(b for b in test.button if b.form_id == "new-reason").click().run()
    assert not test.exception
    (made,) = services.list_reasons(desk, team.ana)
    assert (made.description, made.category, made.value) == (
        "Troca de lente",
        Category.LOST,
        ValueMode.OPTIONAL,
    )
    assert test.text_input(key="new-reason-description").value == ""


def test_a_description_taken_already_is_refused(desk: Desk, team: Team, sale: Reason, look: Look) -> None:
    test = look(team.clara, page=PAGE)
    test.text_input(key="new-reason-description").set_value("  VENDÀ ")
    next(b for b in test.button if b.form_id == "new-reason").click().run()
    assert any("já tem o motivo" in w.value for w in test.warning)
    assert services.list_reasons(desk, team.clara) == [sale]


def test_moving_retiring_and_bringing_back(desk: Desk, team: Team, sale: Reason, look: Look) -> None:
    test = look(team.clara, page=PAGE)
    test.selectbox(key=f"{reason_key(sale)}-category").set_value(Category.OTHER)
    next(b for b in test.button if b.form_id == reason_key(sale)).click().run()
    (moved,) = services.list_reasons(desk, team.clara)
    assert moved.category is Category.OTHER
    test.button(key=f"{reason_key(moved)}-retire").click().run()
    assert services.list_reasons(desk, team.clara, in_use_only=True) == []
    test.button(key=f"back-{sale.id}").click().run()
    assert services.list_reasons(desk, team.clara, in_use_only=True)[0].id == sale.id


def test_the_app_and_the_currency(desk: Desk, team: Team, look: Look) -> None:
    test = look(team.clara, page=PAGE)
    test.toggle(key="classification-on").set_value(False).run()
    test.selectbox(key="currency").set_value("EUR").run()
    assert not test.exception
    now_is = services.get_organisation(desk, team.clara)
    assert (now_is.classification_on, now_is.currency) == (False, "EUR")


def test_saving_one_thing_keeps_what_somebody_else_changed(
    desk: Desk, team: Team, sale: Reason, look: Look
) -> None:
    test = look(team.clara, page=PAGE)
    services.change_reason(desk, team.clara, sale.id, description="Venda fechada", now=NOW)
    test.selectbox(key=f"{reason_key(sale)}-value").set_value(ValueMode.OPTIONAL)
    next(b for b in test.button if b.form_id == reason_key(sale)).click().run()
    assert not test.exception
    (kept,) = services.list_reasons(desk, team.clara)
    assert (kept.description, kept.value) == ("Venda fechada", ValueMode.OPTIONAL)
    assert test.text_input(key=f"{reason_key(kept)}-description").value == "Venda fechada"


def test_a_second_click_on_save_says_nothing(desk: Desk, team: Team, look: Look) -> None:
    test = look(team.clara, page=PAGE)
    test.text_input(key="new-reason-description").set_value("Troca")
    save = next(b for b in test.button if b.form_id == "new-reason")
    save.click().run()
    next(b for b in test.button if b.form_id == "new-reason").click().run()
    assert not test.warning
    next(
        b for b in test.button if b.form_id == "new-reason"
    ).click().run()  # asked for anew, with nothing in it
    assert any("precisa de uma descrição" in w.value for w in test.warning)
