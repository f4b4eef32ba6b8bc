"""What there is on the screen for who is in, and for who is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import services
from core.application import Application
from core.desk import Desk
from core.errors import Unauthenticated
from core.model import ArchivePreference
from core.text import LANGUAGES
from core.ui import runtime, session
from core.ui.pages import PAGES
from core.ui.session import HERE, LANGUAGE, still_in
from tests.conftest import NOW, Team, change_user, write
from tests.pages.conftest import SHELL, Clock

SECRET_WORDS = ("João", "Olá", "Atendimentos", "Conversations", "Preferências", "Bruno")

Comes = Callable[..., AppTest]


@pytest.fixture
def comes(application: Application) -> Comes:
    """Come with a cookie: `comes(session=…, email=…)`."""
    runtime.start(replace(application, settings=replace(application.settings, auth="oidc")))

    def run(language: str = "pt_BR", page: str | None = None, **cookie: Any) -> AppTest:
        test = AppTest.from_file(str(SHELL), default_timeout=30)
        test.user = cookie
        test.session_state[LANGUAGE] = language
        test.run()
        return test.switch_page(page).run() if page else test

    return run


def sign_in(desk: Desk, name: str, key: str = "key") -> dict[str, Any]:
    """What is in the cookie of somebody who came in."""
    email = f"{name}@example.com"
    services.sign_in(desk, {"email": email, "email_verified": True}, key, all_verified=False, now=NOW)
    return {"is_logged_in": True, "email": email, "session": key}


def everything(test: AppTest) -> str:
    """Whatever is on the page, in one text."""
    return "\n".join(str(getattr(element, "proto", "")) for element in test)


def test_who_is_in_sees_their_pages_who_they_are_and_the_way_out(
    desk: Desk, team: Team, comes: Comes
) -> None:
    write(desk, "m1")
    test = comes(**sign_in(desk, "ana"))
    assert not test.exception
    assert "<strong>Ana</strong> · Atendente<br>ana@example.com" in everything(test)
    assert test.sidebar.button(key="sign-out").label == "Sair"
    assert test.session_state[HERE].user.id == team.ana.user_id


COOKIES: dict[str, tuple[dict[str, Any], str]] = {
    "nobody signed in": ({}, "Entre para continuar"),
    "not signed in, says Streamlit": ({"is_logged_in": False}, "Entre para continuar"),
    "a cookie without a session": ({"is_logged_in": True, "email": "ana@example.com"}, "Entre para continuar"),
    "a session never given": ({"is_logged_in": True, "session": "another"}, "Sua sessão terminou"),
    "no e-mail": ({"refused": "no_email", "email": ""}, "Sua conta não informa um e-mail"),
    "unverified": ({"refused": "unverified", "email": "ana@example.com"}, "Seu e-mail não foi verificado"),
    "unknown": ({"refused": "unknown", "email": "zoe@example.com"}, "Você ainda não faz parte desta equipe"),
    "deactivated": ({"refused": "deactivated", "email": "ana@example.com"}, "Seu acesso foi desativado"),
}  # fmt: skip


@pytest.mark.parametrize("cookie", COOKIES)
def test_who_is_not_in_sees_why_and_nothing_else(desk: Desk, team: Team, comes: Comes, cookie: str) -> None:
    write(desk, "m1")
    said, why = COOKIES[cookie]
    test = comes(**said)
    assert not test.exception
    assert [header.value for header in test.header] == [why] and why in everything(test)
    assert not [word for word in SECRET_WORDS if word in everything(test)]
    assert len(test.sidebar) == 0 and test.session_state[HERE] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_addresses_are_text(comes: Comes, language: str) -> None:
    test = comes(language, refused="unknown", email="![x](http://evil.example/a.png)<script>")
    assert "&lt;script&gt;" in everything(test) and "<script" not in everything(test)


def test_a_session_ends_in_an_open_tab(desk: Desk, team: Team, comes: Comes, clock: Clock) -> None:
    test = comes(**sign_in(desk, "ana"))
    clock.now = NOW + timedelta(hours=12)
    assert [header.value for header in test.run().header] == ["Sua sessão terminou"]


def test_deactivation_counts_at_the_next_action(desk: Desk, team: Team, comes: Comes) -> None:
    test = comes(**sign_in(desk, "ana"))
    change_user(desk, team.ana, active=False)
    assert [header.value for header in test.run().header] == ["Seu acesso foi desativado"]


def test_what_callbacks_and_files_do_they_do_as_who_is_in(desk: Desk, team: Team, comes: Comes) -> None:
    """They run before the shell or without it."""
    test = comes(**sign_in(desk, "ana"), page=str(PAGES / "agent" / "preferences.py"))
    here = test.session_state[HERE]
    assert here.caller == team.ana
    services.sign_out(desk, "key", now=NOW)
    with pytest.raises(Unauthenticated):
        _ = here.caller
    test.radio[0].set_value(ArchivePreference.IMMEDIATELY).run()
    assert services.get_archive_preference(desk, team.ana) is ArchivePreference.AFTER_12H
    assert [header.value for header in test.header] == ["Sua sessão terminou"]


def test_fragments_begin_with_who_is_in(
    desk: Desk, team: Team, comes: Comes, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = comes(**sign_in(desk, "ana")).session_state[HERE]
    anew: list[bool] = []
    monkeypatch.setattr(session.st, "rerun", lambda: anew.append(True))
    still_in(here)
    assert not anew
    change_user(desk, team.ana, active=False)
    still_in(here)
    assert anew


def test_what_did_not_work_is_said(comes: Comes) -> None:
    test = AppTest.from_file(str(SHELL), default_timeout=30)
    test.query_params["signin"] = "failed"
    test.query_params["c"] = "1"
    for _ in range(2):  # also where the language is changed
        test.run()
        assert "Não foi possível entrar" in test.warning[0].value
        assert dict(test.query_params) == {"c": "1"}
