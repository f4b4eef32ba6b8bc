"""Who comes in: what the provider says about somebody, who they are to the team, and what their session still is."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import services
from core.application import Application
from core.desk import Desk
from core.errors import Unavailable
from core.model import SYSTEM, Caller, Role, User
from core.settings import Settings
from tests.conftest import NOW, Team, add_user, change_user

LASTS = timedelta(hours=12)
OIDC = {
    "auth": "oidc",
    "url": "https://desfecho.example.com",
    "oidc_metadata_url": "https://id.example.com/.well-known/openid-configuration",
    "oidc_client_id": "desfecho",
    "oidc_client_secret": "what the provider gave",
}


def come(desk: Desk, claims: dict[str, Any], key: str = "key", all_verified: bool = False) -> str:
    """Sign in: a name, or why not."""
    found = services.sign_in(desk, claims, key, all_verified=all_verified, now=NOW)
    return found.name if isinstance(found, User) else str(found)


def stands(desk: Desk, key: str = "key", after: timedelta = timedelta()) -> str:
    found = services.signed_in(desk, key, LASTS, now=NOW + after)
    return found.name if isinstance(found, User) else str(found)


def history(desk: Desk) -> list[tuple[str, UUID]]:
    return desk.read(
        lambda tx: tx.rows("SELECT action, user_id FROM history WHERE action LIKE 'sign%' ORDER BY number")
    )


def refusals(desk: Desk) -> list[tuple[str, str, str]]:
    return desk.read(lambda tx: tx.rows("SELECT action, who, code FROM refusals ORDER BY occurred_at"))


@pytest.mark.parametrize(
    ("claims", "whom_the_provider_verifies", "who"),
    [
        # what the ID token says                                          DESFECHO_OIDC_VERIFIED, answer
        ({"email": "ana@example.com", "email_verified": True}, "claim", "Ana"),
        ({"email": "Ana@Example.com ", "email_verified": True}, "claim", "Ana"),
        ({"email": "ana@example.com", "email_verified": "true"}, "claim", "Ana"),
        ({"email": "ana@example.com", "email_verified": False}, "claim", "unverified"),
        ({"email": "ana@example.com", "email_verified": "false"}, "claim", "unverified"),
        ({"email": "ana@example.com", "email_verified": None}, "claim", "unverified"),
        ({"email": "ana@example.com", "email_verified": 1.5}, "claim", "unverified"),
        ({"email": "ana@example.com"}, "claim", "unverified"),
        ({"email": "ana@example.com"}, "provider", "Ana"),
        ({"email": "ana@example.com", "email_verified": False}, "provider", "unverified"),
        ({"email": "zoe@example.com", "email_verified": True}, "claim", "unknown"),
        ({"email": "zoe@example.com", "email_verified": False}, "claim", "unverified"),
        ({"email": "gone@example.com", "email_verified": True}, "claim", "deactivated"),
        ({"email": "clara@example.com\u212a", "email_verified": True}, "claim", "no_email"),
        ({"email": "\u212aim@example.com", "email_verified": True}, "claim", "no_email"),  # lower case: kim@
        ({"email": ["ana@example.com"], "email_verified": True}, "claim", "no_email"),
        ({"email": "", "email_verified": True}, "claim", "no_email"),
        ({"preferred_username": "ana@example.com", "email_verified": True}, "claim", "no_email"),
        ({}, "provider", "no_email"),
    ],
)
def test_whom_the_provider_may_name(
    desk: Desk, team: Team, claims: dict[str, Any], whom_the_provider_verifies: str, who: str
) -> None:
    add_user(desk, "Kim", Role.ADMIN)
    change_user(desk, Caller(add_user(desk, "Gone", Role.AGENT).id), active=False)
    assert come(desk, claims, all_verified=whom_the_provider_verifies == "provider") == who
    came_in = who == "Ana"
    assert history(desk) == ([("sign_in", team.ana.user_id)] if came_in else [])
    assert [code for _, _, code in refusals(desk)] == ([] if came_in else [who])
    assert stands(desk) == ("Ana" if came_in else "ended")


ANA = {"email": "ana@example.com", "email_verified": True}


def test_a_session_lasts_so_long(desk: Desk, team: Team) -> None:
    come(desk, ANA)
    assert stands(desk, after=LASTS - timedelta(seconds=1)) == "Ana"
    assert stands(desk, after=LASTS) == "ended"


def test_signing_out_ends_it_once_and_for_all(desk: Desk, team: Team) -> None:
    come(desk, ANA, "laptop")
    come(desk, ANA, "phone")
    for _ in range(2):
        services.sign_out(desk, "laptop", now=NOW)
    services.sign_out(desk, "never given", now=NOW)
    assert (stands(desk, "laptop"), stands(desk, "phone"), stands(desk, "never given")) == (
        "ended", "Ana", "ended",
    )  # fmt: skip
    ana = team.ana.user_id
    assert history(desk) == [("sign_in", ana), ("sign_in", ana), ("sign_out", ana)]


def test_a_session_is_kept_as_a_hash(desk: Desk, team: Team) -> None:
    come(desk, ANA, "the key itself")
    ((kept,),) = desk.read(lambda tx: tx.rows("SELECT session FROM sign_ins"))
    assert "the key itself" not in kept and len(kept) == 64
    assert stands(desk, kept) == "ended"


def test_whoever_is_deactivated_is_out_at_once_and_may_come_back_by_signing_in(
    desk: Desk, team: Team
) -> None:
    come(desk, ANA)
    change_user(desk, team.ana, active=False)
    assert stands(desk) == "deactivated"
    assert come(desk, ANA) == "deactivated"
    known = desk.read(lambda tx: tx.rows("SELECT DISTINCT user_id, code FROM refusals"))
    assert known == [(team.ana.user_id, "deactivated")], "on record as theirs"
    change_user(desk, team.ana, Role.MANAGER)
    assert stands(desk) == "ended", "who may have taken the cookie meanwhile does not come in with it"
    come(desk, ANA, "another key")
    found = services.signed_in(desk, "another key", LASTS, now=NOW)
    assert isinstance(found, User) and found.role is Role.MANAGER


def test_who_gets_another_email_signs_in_anew(desk: Desk, team: Team) -> None:
    come(desk, ANA)
    services.change_user(desk, team.clara, team.ana.user_id, name="Ana Lima", now=NOW)
    assert stands(desk) == "Ana Lima"
    services.change_user(desk, team.clara, team.ana.user_id, email="ana.lima@example.com", now=NOW)
    assert stands(desk) == "ended"


def test_the_same_refusal_is_noted_once_a_minute(desk: Desk, team: Team) -> None:
    for seconds in (0, 10, 59, 60):
        services.sign_in(
            desk, {"email": "Zoe@example.com"}, "key", all_verified=True, now=NOW + timedelta(seconds=seconds)
        )
    assert refusals(desk) == [("sign_in", "zoe@example.com", "unknown")] * 2


# The first administrator ---------------------------------------------------------------------------


def served(desk: Desk, admin: str) -> list[str]:
    """Open to serve on the desk's folder: the active administrators by then."""
    desk.close()
    settings = Settings(**OIDC, data_dir=str(desk.folder), admin=admin, analysts_port="0")
    opened = Application.open_to_serve(settings, "tests")
    try:
        people = services.list_users(opened.desk, SYSTEM)
        return [str(user.email) for user in people if user.active and user.role is Role.ADMIN]
    finally:
        opened.close()


def test_the_first_administrator_is_the_one_a_setting_names(desk: Desk) -> None:
    assert served(desk, "Chief@example.com") == ["chief@example.com"]


def test_somebody_known_becomes_it(desk: Desk) -> None:
    change_user(desk, Caller(add_user(desk, "Ana", Role.AGENT).id), active=False)
    assert served(desk, "ana@example.com") == ["ana@example.com"]


def test_the_setting_says_nothing_while_there_is_one(desk: Desk, team: Team) -> None:
    assert served(desk, "chief@example.com") == ["clara@example.com"]


def test_without_any_nothing_is_served(desk: Desk) -> None:
    add_user(desk, "Ana", Role.AGENT)
    with pytest.raises(Unavailable, match="DESFECHO_ADMIN"):
        served(desk, "")
    Desk.open(desk.folder, NOW).close()  # and the folder is free again


# Settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"host": "0.0.0.0", "analysts_host": "0.0.0.0"}, None),
        ({"url": "https://Desfecho.example.com:8443/"}, None),
        ({"url": "http://localhost:8501"}, None),
        ({"admin": "chief@example.com", "oidc_verified": "provider", "session_hours": "8"}, None),
        ({"url": ""}, "DESFECHO_URL must be set"),
        ({"oidc_metadata_url": ""}, "DESFECHO_OIDC_METADATA_URL must be set"),
        ({"oidc_client_id": ""}, "DESFECHO_OIDC_CLIENT_ID must be set"),
        ({"oidc_client_secret": ""}, "DESFECHO_OIDC_CLIENT_SECRET must be set"),
        ({"url": "http://desfecho.example.com"}, "DESFECHO_URL must be an https address"),
        ({"url": "desfecho.example.com"}, "DESFECHO_URL must be an https address"),
        ({"url": "https://[::1"}, "DESFECHO_URL must be an https address"),
        ({"url": "https://example.com/desfecho"}, "DESFECHO_URL must end after the host"),
        ({"url": "https://example.com?a=1"}, "DESFECHO_URL must end after the host"),
        ({"oidc_metadata_url": "http://id.example.com"}, "DESFECHO_OIDC_METADATA_URL must be an https address"),
        ({"oidc_verified": "yes"}, "DESFECHO_OIDC_VERIFIED must be claim or provider"),
        ({"admin": "chief"}, "DESFECHO_ADMIN must be an e-mail"),
        ({"session_hours": "0"}, "DESFECHO_SESSION_HOURS must be a number"),
        ({"auth": ""}, "DESFECHO_AUTH must be oidc"),
        ({"auth": "OIDC"}, "DESFECHO_AUTH must be oidc"),
    ],
)  # fmt: skip
def test_what_serving_needs(changed: dict[str, str], refusal: str | None) -> None:
    settings = Settings(**(OIDC | changed))
    if refusal is None:
        settings.check_serving()
        return
    with pytest.raises(Unavailable, match=refusal) as refused:
        settings.check_serving()
    assert OIDC["oidc_client_secret"] not in str(refused.value)


def test_secrets_are_not_shown_where_settings_are() -> None:
    settings = Settings(**OIDC, whatsapp_app_secret="whatsapp's", whatsapp_verify_token="handshake's")
    assert not [
        said for said in (OIDC["oidc_client_secret"], "whatsapp's", "handshake's") if said in repr(settings)
    ]
