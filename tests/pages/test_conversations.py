"""Atendimentos as Streamlit runs it: who sees what, and what a click does."""

import json
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.model import SYSTEM, ArchivePreference, Category, Folder, Listing, Reason, ValueMode
from core.ui import inbox
from tests.conftest import NOW, Team, write
from tests.pages.conftest import Clock, Look, component, send


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def button(test: AppTest, key: str):
    return test.button(key=key)


def keys(test: AppTest) -> set[str]:
    return {b.key for b in test.button}


def listed(test: AppTest) -> list[str]:
    """The ids of the rows of the list."""
    shown = component(test, "rows")
    return [row["id"] for row in shown["rows"]] if shown else []


def dialog(test: AppTest) -> dict[str, Any] | None:
    """What the dialog about the open conversation, or its last conclusion, shows."""
    found = [e.proto for e in test.get("bidi_component") if "-classify-" in e.proto.id]
    return json.loads(found[0].json) if found else None


def say(test: AppTest, reason: Reason | None = None, value: str = "") -> AppTest:
    """Choose a reason and conclude or save; without one, only conclude."""
    (key,) = (e.proto.id for e in test.get("bidi_component") if "-classify-" in e.proto.id)
    said = {"classified": reason is not None, "reason_id": str(reason.id) if reason else None, "value": value}
    return send(test, key[key.index("classify-") :], "done", said)


def ended(test: AppTest) -> None:
    assert not test.exception, test.exception
    assert not test.error, [e.value for e in test.error]


def test_a_new_conversation_is_listed_and_read(desk: Desk, team: Team, look: Look) -> None:
    received = write(desk, "m1", body="Bom dia, <b>tudo</b> bem?")
    test = look(team.ana)
    ended(test)
    assert listed(test) == [str(received.conversation_id)]
    send(test, "rows", "open", str(received.conversation_id))
    ended(test)
    assert "Bom dia, &lt;b&gt;tudo&lt;/b&gt; bem?" in html(test)
    assert {"take", "conclude"} <= keys(test)


def test_concluding_with_a_value_as_the_language_writes_it(
    desk: Desk, team: Team, sale: Reason, look: Look
) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    say(test, sale, "1.234,5x")
    assert "Escreva o valor como" in dialog(test)["refusal"]
    assert services.conversation(desk, team.ana, received.conversation_id).conversation.folder is Folder.NEW
    say(test, sale, "1.234,56")
    ended(test)
    assert dialog(test) is None
    detail = services.conversation(desk, team.ana, received.conversation_id)
    assert str(detail.conclusions[0].classification.value) == "1234.56"
    shown = html(test)
    assert "R$\xa01.234,56" in shown and "Objetivo Atingido" in shown and "Ana" in shown
    assert "edit" in keys(test)


def test_the_dialog_is_told_which_reasons_carry_a_value_and_what_is_used_most(
    desk: Desk, team: Team, sale: Reason, doubt: Reason, look: Look
) -> None:
    for n, reason in enumerate([sale, doubt, doubt]):
        conversation = write(desk, f"m{n}", address=f"551{n}").conversation_id
        services.conclude(desk, team.ana, conversation, reason.id, "1" if reason is sale else None, now=NOW)
    retired = services.create_reason(desk, SYSTEM, "Velho", Category.OTHER, ValueMode.NONE, now=NOW)
    services.change_reason(desk, SYSTEM, retired.id, in_use=False, now=NOW)
    test = look(team.ana, write(desk, "m9").conversation_id)
    assert dialog(test) is None
    button(test, "conclude").click().run()
    shown = dialog(test)
    assert {(r["text"], r["category"], r["value"]) for r in shown["reasons"]} == {
        ("Venda", "achieved", "required"),
        ("Horário", "question", "none"),
    }
    assert [c["id"] for c in shown["categories"]] == ["achieved", "lost", "question", "other"]
    assert shown["frequent"] == [str(doubt.id), str(sale.id)]
    assert (shown["chosen"], shown["value"], shown["refusal"]) == (None, "", None)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "x",
        [],
        {},
        {"classified": True},
        {"classified": True, "reason_id": "no id"},
        {"classified": True, "reason_id": "019b76da-a800-715b-b094-34f8dce7f92a", "value": "1"},
        {"classified": True, "reason_id": {"a": []}, "value": ["1"]},
    ],
)
def test_what_a_browser_should_not_send_concludes_nothing(
    desk: Desk, team: Team, sale: Reason, look: Look, sent: object
) -> None:
    conversation = write(desk, "m1").conversation_id
    test = look(team.ana, conversation)
    button(test, "conclude").click().run()
    send(test, f"classify-{conversation}", "done", sent)
    assert not test.exception
    if isinstance(sent, dict) and sent.get("classified"):
        assert dialog(test)["refusal"] == "Esse motivo não existe."
        assert services.conversation(desk, team.ana, conversation).conversation.folder is Folder.NEW
    send(test, "rows", "open", "no id")
    assert not test.exception


def test_a_colleague_who_was_quicker_is_named(desk: Desk, team: Team, doubt: Reason, look: Look) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    services.conclude(desk, team.marta, received.conversation_id, now=NOW)
    say(test)
    assert any("Marta já concluiu" in w.value for w in test.warning)
    assert len(services.conversation(desk, team.marta, received.conversation_id).conclusions) == 1


def test_one_s_own_double_click_is_no_trouble(desk: Desk, team: Team, doubt: Reason, look: Look) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    services.conclude(desk, team.ana, received.conversation_id, now=NOW)  # the first click of the two
    say(test)
    ended(test)
    assert not test.warning


def test_with_the_app_off_conclude_only_concludes(desk: Desk, team: Team, look: Look) -> None:
    services.change_organisation(desk, team.clara, classification_on=False, now=NOW)
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    ended(test)
    assert (
        services.conversation(desk, team.ana, received.conversation_id).conclusions[0].classification is None
    )
    assert "edit" not in keys(test)


@pytest.mark.parametrize(
    ("who", "sees", "may"),
    [
        ("ana", True, {"edit", "recover"}),  # she concluded it
        ("bruno", False, set()),
        ("marta", True, {"recover"}),
        ("clara", True, {"recover"}),
    ],
)
def test_what_is_offered_on_a_concluded_one(
    desk: Desk, team: Team, doubt: Reason, look: Look, who: str, sees: bool, may: set[str]
) -> None:
    received = write(desk, "m1", body="uma pergunta")
    services.conclude(desk, team.ana, received.conversation_id, doubt.id, now=NOW)
    test = look(getattr(team, who), received.conversation_id)
    assert not test.exception
    assert ("uma pergunta" in html(test)) is sees
    assert keys(test) & {"edit", "recover", "conclude", "take"} == may


def test_recovering_and_being_refused(desk: Desk, team: Team, look: Look) -> None:
    first = write(desk, "m1").conversation_id
    services.set_archive_preference(desk, team.ana, ArchivePreference.IMMEDIATELY, now=NOW)
    services.conclude(desk, team.ana, first, now=NOW)
    write(desk, "m2", NOW + timedelta(minutes=1))  # opens another
    test = look(team.ana, first)
    button(test, "recover").click().run()
    assert any("outro atendimento aberto" in w.value for w in test.warning)
    assert services.conversation(desk, team.ana, first).conversation.folder is Folder.CONCLUDED


def test_the_preference_beside_conclude_is_kept(desk: Desk, team: Team, look: Look) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    assert test.radio(key="archive-preference").value is ArchivePreference.AFTER_12H
    test.radio(key="archive-preference").set_value(ArchivePreference.IMMEDIATELY).run()
    ended(test)
    assert services.get_archive_preference(desk, team.ana) is ArchivePreference.IMMEDIATELY
    assert test.radio(key="archive-preference").value is ArchivePreference.IMMEDIATELY


def test_versions_are_listed(desk: Desk, team: Team, sale: Reason, doubt: Reason, look: Look) -> None:
    received = write(desk, "m1")
    done = services.conclude(desk, team.ana, received.conversation_id, sale.id, "10", now=NOW)
    services.edit_classification(desk, team.ana, done.id, doubt.id, now=NOW + timedelta(minutes=3))
    shown = html(look(team.ana, received.conversation_id))
    assert "Horário" in shown and "R$\xa010,00" in shown


def test_fifty_thousand_pages_are_paged(desk: Desk, team: Team, look: Look) -> None:
    for n in range(inbox.ROWS + 3):
        write(desk, f"m{n}", NOW + timedelta(minutes=n), address=f"55119{n:08d}")
    test = look(team.ana)
    assert len(listed(test)) == inbox.ROWS
    test.pagination(key=inbox.PAGE).set_value(2).run()
    ended(test)
    assert len(listed(test)) == 3


def test_search_finds_by_name_number_and_text(desk: Desk, team: Team, look: Look) -> None:
    wanted = write(desk, "m1", address="5511900000001", body="preciso de uma lente").conversation_id
    write(desk, "m2", address="5521900000002", body="outra coisa")
    for q in ("5511", "LENTE"):
        test = look(team.ana)
        test.text_input(key=inbox.SEARCH).set_value(q).run()
        assert listed(test) == [str(wanted)], q


def test_empty_states_say_what_to_do(desk: Desk, team: Team, look: Look) -> None:
    assert "Ninguém está esperando" in html(look(team.ana))


def test_the_contact_s_message_reopens_with_one_s_own_eyes(
    desk: Desk, team: Team, clock: Clock, look: Look
) -> None:
    received = write(desk, "m1")
    services.conclude(desk, team.ana, received.conversation_id, now=NOW)
    clock.now = NOW + timedelta(hours=12)
    test = look(team.ana, received.conversation_id)
    test.text_area(key="demo-message").set_value("Voltei").run()
    button(test, "demo-send").click().run()
    ended(test)
    assert "Reaberto pela mensagem do contato" in html(test)
    detail = services.conversation(desk, team.ana, received.conversation_id)
    assert (detail.conversation.folder, detail.conversation.assigned_to) == (
        Folder.IN_PROGRESS,
        team.ana.user_id,
    )


def test_a_conversation_that_does_not_exist(team: Team, look: Look) -> None:
    test = look(team.ana, "019b76da-a800-715b-b094-34f8dce7f92a")
    assert any("não existe" in w.value for w in test.warning)


@pytest.mark.parametrize("category", list(Category))
def test_an_edit_begins_with_what_was_said(desk: Desk, team: Team, look: Look, category: Category) -> None:
    reason = services.create_reason(desk, SYSTEM, "Motivo", category, ValueMode.OPTIONAL, now=NOW)
    conversation = write(desk, "m1").conversation_id
    services.conclude(desk, team.ana, conversation, reason.id, "1234.50", now=NOW)
    test = look(team.ana, conversation)
    button(test, "edit").click().run()
    shown = dialog(test)
    assert (shown["chosen"], shown["value"], shown["editing"]) == (str(reason.id), "1234,50", True)
    say(test, reason, "99,90")
    ended(test)
    (concluded,) = services.conversation(desk, team.ana, conversation).conclusions
    assert [str(version.value) for version in concluded.classifications] == ["1234.50", "99.90"]


def test_a_dialog_does_not_come_back_by_itself(desk: Desk, team: Team, doubt: Reason, look: Look) -> None:
    first = write(desk, "m1").conversation_id
    second = write(desk, "m2", address="another").conversation_id
    test = look(team.ana, first)
    button(test, "conclude").click().run()
    assert dialog(test)
    send(test, "rows", "open", str(second))
    send(test, "rows", "open", str(first))
    assert dialog(test) is None


def test_one_s_own_double_click_with_the_app_off(desk: Desk, team: Team, look: Look) -> None:
    services.change_organisation(desk, team.clara, classification_on=False, now=NOW)
    conversation = write(desk, "m1").conversation_id
    test = look(team.ana, conversation)
    services.conclude(desk, team.ana, conversation, now=NOW)  # the first click of the two
    button(test, "conclude").click().run()
    ended(test)
    assert not test.warning


@pytest.mark.parametrize("q", ["x" * 300, "a\tb\x00", "\u202e"])
def test_no_search_takes_the_page_away(desk: Desk, team: Team, look: Look, q: str) -> None:
    test = look(team.ana)
    test.session_state[inbox.SEARCH] = q
    test.run()
    ended(test)
    assert test.text_input(key=inbox.SEARCH)


def test_a_manager_assigns_a_new_one(desk: Desk, team: Team, look: Look) -> None:
    conversation = write(desk, "m1").conversation_id
    test = look(team.marta, conversation)
    chosen = test.selectbox(key=f"assign-{conversation}")
    chosen.set_value(
        next(user for user in services.list_users(desk, team.marta) if user.name == "Bruno")
    ).run()
    ended(test)
    assert (
        services.conversation(desk, team.marta, conversation).conversation.assigned_to == team.bruno.user_id
    )


def test_who_cannot_recover_is_led_to_the_one_that_is_open(desk: Desk, team: Team, look: Look) -> None:
    services.set_archive_preference(desk, team.ana, ArchivePreference.IMMEDIATELY, now=NOW)
    first = write(desk, "m1").conversation_id
    services.conclude(desk, team.ana, first, now=NOW)
    second = write(desk, "m2").conversation_id
    test = look(team.ana, first)
    button(test, "recover").click().run()
    assert any("outro atendimento aberto" in w.value for w in test.warning)
    assert test.query_params[inbox.OPENED] in (str(second), [str(second)])


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("pt_BR", "Contato apagado", "Texto apagado"),
        ("en", "Erased contact", "Text erased"),
        ("es", "Contacto borrado", "Texto borrado"),
    ],
)
def test_an_erased_contact_is_shown_as_one(
    desk: Desk, team: Team, look: Look, language: str, name: str, text: str
) -> None:
    opened = write(desk, "m1", body="meu segredo").conversation_id
    services.conclude(desk, team.ana, opened, now=NOW)
    services.erase_contact(desk, SYSTEM, "5511988887777", now=NOW)
    test = look(team.ana, opened, language=language)
    ended(test)
    shown = html(test)
    assert name in shown and text in shown
    assert not [word for word in ("João", "5511988887777", "meu segredo") if word in shown]
    test.segmented_control(key="folder").set_value(Folder.CONCLUDED).run()
    ended(test)
    listing = component(test, "rows")
    assert listing and (listing["rows"][0]["name"], listing["rows"][0]["said"]) == (name, text)


def test_the_demonstration_writes_as_somebody_new_where_the_contact_was_erased(
    desk: Desk, team: Team, look: Look
) -> None:
    opened = write(desk, "m1").conversation_id
    services.conclude(desk, team.ana, opened, now=NOW)
    services.erase_contact(desk, SYSTEM, "5511988887777", now=NOW)
    test = look(team.ana, opened)
    test.text_area(key="demo-message").input("Oi de novo").run()
    button(test, "demo-send").click().run()
    ended(test)
    (row,) = services.list_conversations(desk, SYSTEM, Listing(folder=Folder.NEW))
    assert (row.contact.name, row.last_message) == ("Visitante", "Oi de novo")
