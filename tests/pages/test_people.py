"""Pessoas e acessos."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.errors import Unauthenticated
from core.model import SYSTEM, Caller, Role, Scope, TokenDetail, User
from core.ui import dialogs, inbox
from core.ui.pages import PAGES
from core.ui.people import person_key
from tests.conftest import NOW, Team, change_user, write
from tests.pages.conftest import Clock, Look, component, send
from tests.unit.test_people import add_imported

PAGE = str(PAGES / "admin" / "people.py")
PEOPLE, TOKENS = "people-rows", "tokens-rows"


def user(desk: Desk, user_id: UUID) -> User:
    return next(u for u in services.list_users(desk, SYSTEM) if u.id == user_id)


def shown(test: AppTest, key: str = PEOPLE) -> list[str]:
    """The names in the list."""
    assert not test.exception
    found = component(test, key)
    return [row["name"] for row in found["rows"]] if found else []


def opened(test: AppTest, desk: Desk, user_id: UUID) -> tuple[AppTest, str]:
    """The dialog about somebody, and what its fields' keys begin with."""
    test = send(test, PEOPLE, "open", str(user_id))
    assert not test.exception
    return test, person_key(user(desk, user_id))


def submit(test: AppTest, form: str) -> AppTest:
    test = next(b for b in test.button if b.form_id == form).click().run()
    assert not test.exception
    return test


def warnings(test: AppTest) -> str:
    return " ".join(one.value for one in test.warning)


# People ------------------------------------------------------------------------------------------------


def test_somebody_is_invited(desk: Desk, team: Team, look: Look) -> None:
    test = look(team.clara, page=PAGE).button(key="invite").click().run()
    test.text_input(key="new-person-name").set_value("Dora Prado")
    test.text_input(key="new-person-email").set_value("Dora@Example.com")
    test.selectbox(key="new-person-role").set_value(Role.ANALYST)
    test = submit(test, "new-person")
    (dora,) = (u for u in services.list_users(desk, SYSTEM) if u.email == "dora@example.com")
    assert (dora.name, dora.role, dora.active) == ("Dora Prado", Role.ANALYST, True)
    assert "Dora Prado" in shown(test) and dialogs.ASKED not in test.session_state
    assert any("já pode entrar" in toast.value for toast in test.toast)


def test_what_is_refused_is_said_in_the_dialog_and_nothing_typed_is_lost(
    desk: Desk, team: Team, look: Look
) -> None:
    test = look(team.clara, page=PAGE).button(key="invite").click().run()
    test.text_input(key="new-person-name").set_value("Dora")
    for email, why in (("dora", "não parece um endereço"), ("ANA@example.com", "Ana já usa este e")):
        test.text_input(key="new-person-email").set_value(email)
        test = submit(test, "new-person")
        assert why in warnings(test)
        typed = [test.text_input(key=f"new-person-{what}").value for what in ("name", "email")]
        assert typed == ["Dora", email]
    assert len(services.list_users(desk, SYSTEM)) == 5


def test_saving_one_thing_keeps_what_somebody_else_changed(desk: Desk, team: Team, look: Look) -> None:
    test, key = opened(look(team.clara, page=PAGE), desk, team.ana.user_id)
    services.change_user(desk, SYSTEM, team.ana.user_id, email="ana.s@example.com", now=NOW)
    test.session_state[dialogs.ASKED]  # still open
    test.text_input(key=f"{key}-name").set_value("Ana Souza")
    test.selectbox(key=f"{key}-role").set_value(Role.MANAGER)
    submit(test, key)
    ana = user(desk, team.ana.user_id)
    assert (ana.name, ana.email, ana.role) == ("Ana Souza", "ana.s@example.com", Role.MANAGER)


def test_deactivated_with_what_they_hold_and_brought_back(desk: Desk, team: Team, look: Look) -> None:
    conversation = write(desk, "m1").conversation_id
    services.assign(desk, team.ana, conversation, now=NOW)
    test, key = opened(look(team.clara, page=PAGE), desk, team.ana.user_id)
    assert any("1 atendimento em aberto" in one.value for one in test.caption)
    test = test.button(key=f"{key}-deactivate").click().run()
    assert not user(desk, team.ana.user_id).active and "Ana" not in shown(test)
    test = test.segmented_control(key="people-state").set_value(False).run()
    assert shown(test) == ["Ana"]

    test, key = opened(test, desk, team.ana.user_id)
    assert any("1 atendimento em aberto" in one.value for one in test.caption)
    there = test.button(key="their-conversations").click().run()
    assert not there.exception
    assert there.session_state[inbox.AGENT] == team.ana.user_id
    rows = component(there, "rows")
    assert rows and [row["id"] for row in rows["rows"]] == [str(conversation)]

    test, key = opened(
        look(team.clara, page=PAGE).segmented_control(key="people-state").set_value(False).run(),
        desk,
        team.ana.user_id,
    )
    test.button(key=f"{key}-back").click().run()
    assert user(desk, team.ana.user_id).active


def test_somebody_from_an_import_gets_an_email_and_comes_back_in_one_go(
    desk: Desk, team: Team, look: Look
) -> None:
    dora = add_imported(desk)
    test = look(team.clara, page=PAGE).segmented_control(key="people-state").set_value(False).run()
    test, key = opened(test, desk, dora)
    test = test.button(key=f"{key}-back").click().run()
    assert "Sem e-mail ninguém consegue entrar" in warnings(test).replace("\\", "")
    test.text_input(key=f"{key}-email").set_value("dora@example.com")
    test.button(key=f"{key}-back").click().run()
    now_is = user(desk, dora)
    assert (now_is.email, now_is.active, now_is.name) == ("dora@example.com", True, "Dora\nPrado")


def test_the_last_administrator_stays(desk: Desk, team: Team, look: Look) -> None:
    test, key = opened(look(team.clara, page=PAGE), desk, team.clara.user_id)
    test = test.button(key=f"{key}-deactivate").click().run()
    assert "última pessoa ativa" in warnings(test)
    test.selectbox(key=f"{key}-role").set_value(Role.AGENT)
    assert "última pessoa ativa" in warnings(submit(test, key))
    assert user(desk, team.clara.user_id).administers


def test_many_people_are_found_by_page_name_email_role_and_state(desk: Desk, team: Team, look: Look) -> None:
    def fill(tx):
        for n in range(995):
            services.invite_user(tx, SYSTEM, f"p{n}@example.com", f"João {n:03}", Role.AGENT, now=NOW)

    desk.transact(fill)
    change_user(desk, team.bruno, active=False)
    test = look(team.clara, page=PAGE)
    assert len(shown(test)) == 20 and shown(test)[0] == "Ana"
    test.session_state["people-page"] = 50
    assert shown(test.run())[-1] == "Nadia"
    test = test.text_input(key="people-q").set_value("994 JOAO").run()
    assert shown(test) == ["João 994"]
    assert shown(test.text_input(key="people-q").set_value("p7@example").run()) == ["João 007"]
    test = test.text_input(key="people-q").set_value("").run()
    assert shown(test.selectbox(key="people-role").set_value(Role.ADMIN).run()) == ["Clara"]
    assert shown(test.segmented_control(key="people-state").set_value(False).run()) == []
    assert shown(test.selectbox(key="people-role").set_value(None).run()) == ["Bruno"]


def test_what_the_list_never_sends_opens_nothing(team: Team, look: Look) -> None:
    for sent in ("", "x", None, str(team.clara.user_id)[:-1]):
        test = send(look(team.clara, page=PAGE), PEOPLE, "open", sent)
        assert not test.exception and dialogs.ASKED not in test.session_state


# Tokens ------------------------------------------------------------------------------------------------


def tokens(desk: Desk) -> list[TokenDetail]:
    return services.list_tokens(desk, SYSTEM)


def asked_for_a_token(test: AppTest, name: str = "CRM") -> AppTest:
    """The dialog for a new token, with a name and Ana in it."""
    test = test.button(key="new-token-ask").click().run()
    test.text_input(key="new-token-name").set_value(name)
    test.selectbox(key="new-token-user").set_value("ana@example.com")
    return test


def secret_shown(test: AppTest) -> str:
    (code,) = (c.value for c in test.code)
    return str(code)


def test_a_token_is_shown_once(desk: Desk, team: Team, look: Look) -> None:
    test = submit(asked_for_a_token(look(team.clara, page=PAGE)), "new-token")
    secret = secret_shown(test)
    assert services.authenticate(desk, secret, now=NOW) == Caller(team.ana.user_id, Scope.API)
    assert (
        secret_shown(test.run()) == secret
    )  # a second click, a connection that broke: it stays until it is done
    test = test.button(key="secret-copied").click().run()
    assert not test.code and shown(test, TOKENS) == ["CRM"]
    assert secret not in repr(test.session_state.to_dict()) and secret not in repr(test.query_params)


def test_who_leaves_the_page_never_sees_the_token_again(team: Team, look: Look) -> None:
    test = submit(asked_for_a_token(look(team.clara, page=PAGE)), "new-token")
    secret = secret_shown(test)
    test.switch_page(str(PAGES / "admin" / "settings.py")).run()
    assert secret not in repr(test.session_state.to_dict())
    test.switch_page(PAGE).run()
    assert not test.code


def test_a_second_click_on_create_makes_no_other_token(desk: Desk, team: Team, look: Look) -> None:
    test = asked_for_a_token(look(team.clara, page=PAGE))
    create = next(b for b in test.button if b.form_id == "new-token")
    create.click()
    test.run()
    secret = secret_shown(test)
    create.click()
    test.run()
    assert secret_shown(test) == secret and len(tokens(desk)) == 1


def test_a_token_is_good_to_the_end_of_the_day_chosen_a_year_from_now_unless_said(
    desk: Desk, team: Team, look: Look
) -> None:
    """The organisation is in São Paulo, three hours behind UTC."""
    test = submit(asked_for_a_token(look(team.clara, page=PAGE), "a year"), "new-token")
    test = test.button(key="secret-copied").click().run()
    test = asked_for_a_token(test, "a day")
    test.date_input(key="new-token-until").set_value(date(2026, 3, 2))
    test = submit(test, "new-token").button(key="secret-copied").click().run()
    test = asked_for_a_token(test, "ever")
    test.checkbox(key="new-token-never").check()
    submit(test, "new-token")
    assert {one.token.name: one.token.expires_at for one in tokens(desk)} == {
        "a year": datetime(2027, 3, 3, 3, tzinfo=UTC),
        "a day": datetime(2026, 3, 3, 3, tzinfo=UTC),
        "ever": None,
    }


def test_a_refused_token_is_told_in_the_dialog_and_nothing_typed_is_lost(
    desk: Desk, team: Team, look: Look
) -> None:
    test = asked_for_a_token(look(team.clara, page=PAGE))
    test.selectbox(key="new-token-scope").set_value(Scope.SQL)
    test = submit(test, "new-token")
    assert "não pergunta em SQL" in warnings(test) and tokens(desk) == []
    assert test.text_input(key="new-token-name").value == "CRM"
    assert test.selectbox(key="new-token-scope").value is Scope.SQL
    test.selectbox(key="new-token-user").set_value("nadia@example.com")
    assert secret_shown(submit(test, "new-token"))


def test_revoking_is_confirmed_in_a_dialog(desk: Desk, team: Team, look: Look) -> None:
    made = services.create_token(desk, SYSTEM, "ana@example.com", "CRM", Scope.API, now=NOW)
    test = send(look(team.clara, page=PAGE), TOKENS, "open", str(made.token.id))
    assert services.authenticate(desk, made.secret, now=NOW)  # opening it did nothing
    (revoke,) = (b for b in test.button if (b.key or "").startswith("revoke-"))
    test = revoke.click().run()
    assert shown(test, TOKENS) == []
    with pytest.raises(Unauthenticated):
        services.authenticate(desk, made.secret, now=NOW)
    test = test.segmented_control(key="tokens-state").set_value(False).run()
    assert shown(test, TOKENS) == ["CRM"]
    test = send(test, TOKENS, "open", str(made.token.id))
    assert not any((b.key or "").startswith("revoke-") for b in test.button)


def test_how_long_tokens_are_good_and_when_they_were_used(
    desk: Desk, team: Team, look: Look, clock: Clock
) -> None:
    made = services.create_token(
        desk, SYSTEM, "ana@example.com", "CRM", Scope.API, expires_at=NOW + timedelta(days=20), now=NOW
    )
    clock.now = NOW + timedelta(days=10)
    services.authenticate(desk, made.secret, now=clock.now)
    change_user(desk, team.ana, active=False)
    test = look(team.clara, page=PAGE)
    found = component(test, TOKENS)
    assert found
    (row,) = found["rows"]
    said = [words for _, words in row["marks"]]
    assert row["when"] == "até 22/03/2026" and row["said"].startswith("Ana · ")
    assert said == ["usado: 10:00", "expira em 1 semana", "recusado: a pessoa está desativada"]
    clock.now = NOW + timedelta(days=20)
    assert shown(test.run(), TOKENS) == []
