"""Atendimentos as Streamlit runs it: who sees what, and what a click does."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.desk import Desk
from core.model import SYSTEM, ArchivePreference, Category, Folder, Reason, ValueMode
from core.ui import inbox
from tests.conftest import NOW, Team, write
from tests.pages.conftest import Clock, Look


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def button(test: AppTest, key: str):
    return test.button(key=key)


def keys(test: AppTest) -> set[str]:
    return {b.key for b in test.button}


def ended(test: AppTest) -> None:
    assert not test.exception, test.exception
    assert not test.error, [e.value for e in test.error]


def test_a_new_conversation_is_listed_and_read(desk: Desk, team: Team, look: Look) -> None:
    received = write(desk, "m1", body="Bom dia, <b>tudo</b> bem?")
    test = look(team.ana)
    ended(test)
    assert f"open-{received.conversation_id}" in keys(test)
    button(test, f"open-{received.conversation_id}").click().run()
    ended(test)
    assert "Bom dia, &lt;b&gt;tudo&lt;/b&gt; bem?" in html(test)
    assert {"take", "conclude"} <= keys(test)


def test_concluding_with_a_value_as_the_language_writes_it(
    desk: Desk, team: Team, sale: Reason, look: Look
) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    test.radio(key="classify-achieved").set_value(sale.id).run()
    test.text_input(key="classify-value").set_value("1.234,5x").run()
    button(test, "classify-conclude").click().run()
    assert "Escreva o valor como" in test.warning[0].value
    assert services.conversation(desk, team.ana, received.conversation_id).conversation.folder is Folder.NEW
    test.text_input(key="classify-value").set_value("1.234,56").run()
    button(test, "classify-conclude").click().run()
    ended(test)
    detail = services.conversation(desk, team.ana, received.conversation_id)
    assert str(detail.conclusions[0].classification.value) == "1234.56"
    shown = html(test)
    assert "R$\xa01.234,56" in shown and "Objetivo Atingido" in shown and "Ana" in shown
    assert "edit" in keys(test)


def test_the_value_is_asked_only_where_the_reason_carries_one(
    desk: Desk, team: Team, sale: Reason, doubt: Reason, look: Look
) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    assert not [t for t in test.text_input if t.key == "classify-value"]
    test.radio(key="classify-achieved").set_value(sale.id).run()
    assert [t for t in test.text_input if t.key == "classify-value"]
    test.radio(key="classify-question").set_value(doubt.id).run()
    assert test.radio(key="classify-achieved").value is None
    assert not [t for t in test.text_input if t.key == "classify-value"]


def test_a_colleague_who_was_quicker_is_named(desk: Desk, team: Team, doubt: Reason, look: Look) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    services.conclude(desk, team.marta, received.conversation_id, now=NOW)
    button(test, "conclude-only").click().run()
    assert any("Marta já concluiu" in w.value for w in test.warning)
    assert len(services.conversation(desk, team.marta, received.conversation_id).conclusions) == 1


def test_one_s_own_double_click_is_no_trouble(desk: Desk, team: Team, doubt: Reason, look: Look) -> None:
    received = write(desk, "m1")
    test = look(team.ana, received.conversation_id)
    button(test, "conclude").click().run()
    services.conclude(desk, team.ana, received.conversation_id, now=NOW)  # the first click of the two
    button(test, "conclude-only").click().run()
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
    rows = [k for k in keys(test) if k and k.startswith("open-")]
    assert len(rows) == inbox.ROWS
    test.pagination(key=inbox.PAGE).set_value(2).run()
    ended(test)
    assert len([k for k in keys(test) if k and k.startswith("open-")]) == 3


def test_search_finds_by_name_number_and_text(desk: Desk, team: Team, look: Look) -> None:
    wanted = write(desk, "m1", address="5511900000001", body="preciso de uma lente").conversation_id
    write(desk, "m2", address="5521900000002", body="outra coisa")
    for q in ("5511", "LENTE"):
        test = look(team.ana)
        test.text_input(key=inbox.SEARCH).set_value(q).run()
        assert [k for k in keys(test) if k and k.startswith("open-")] == [f"open-{wanted}"], q


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
    assert test.radio(key=f"classify-{category}").value == reason.id
    assert test.text_input(key="classify-value").value == "1234,50"
    test.text_input(key="classify-value").set_value("99,90").run()
    button(test, "classify-save").click().run()
    ended(test)
    (concluded,) = services.conversation(desk, team.ana, conversation).conclusions
    assert [str(version.value) for version in concluded.classifications] == ["1234.50", "99.90"]


def test_a_dialog_does_not_come_back_by_itself(desk: Desk, team: Team, doubt: Reason, look: Look) -> None:
    first = write(desk, "m1").conversation_id
    second = write(desk, "m2", address="another").conversation_id
    test = look(team.ana, first)
    button(test, "conclude").click().run()
    assert "conclude-only" in keys(test)
    button(test, f"open-{second}").click().run()
    button(test, f"open-{first}").click().run()
    assert "conclude-only" not in keys(test)


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
