"""Users and tokens: who may come in, as what, for how long, and what is kept of it."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import duckdb
import pytest

from core import services
from core.desk import Desk, Tx
from core.errors import AppError, NotFound, NotPermitted, Unauthenticated
from core.ids import new_id, secret_hash
from core.model import SYSTEM, SYSTEM_USER_ID, Caller, Folder, Role, Scope, User
from tests.conftest import NOW, Team, change_user, write

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def user(desk: Desk, user_id: UUID) -> User:
    return next(u for u in services.list_users(desk, SYSTEM) if u.id == user_id)


def changes(desk: Desk) -> list[tuple[Any, ...]]:
    """Who was what after each change, and who said so."""
    return desk.read(
        lambda tx: tx.rows(
            "SELECT email, name, role, active, changed_by, action FROM user_changes"
            " JOIN history USING (number) WHERE subject_id = user_changes.user_id ORDER BY number"
        )
    )


def add_imported(desk: Desk) -> UUID:
    """Somebody known only from an import, whose names are taken as they are."""
    id_ = new_id(NOW)

    def work(tx: Tx) -> None:
        tx.record(SYSTEM_USER_ID, "import", NOW)
        tx.insert("users", id_, None, "Dora\nPrado", "agent", False, "old", tx.number)

    desk.transact(work)
    return id_


# Inviting and changing -------------------------------------------------------------------------------


def test_who_is_invited_comes_in_at_once_and_it_is_recorded(desk: Desk, team: Team) -> None:
    dora = services.invite_user(
        desk, team.clara, " Dora@Example.COM ", " Dora  Prado ", Role.MANAGER, now=NOW
    )
    assert (dora.email, dora.name, dora.role, dora.active) == (
        "dora@example.com",
        "Dora  Prado",
        Role.MANAGER,
        True,
    )
    assert services.me(desk, Caller(dora.id)) == dora
    assert changes(desk)[-1] == (
        "dora@example.com",
        "Dora  Prado",
        "manager",
        True,
        team.clara.user_id,
        "invite_user",
    )


def test_each_change_is_kept_with_who_made_it(desk: Desk, team: Team) -> None:
    before = len(changes(desk))
    services.change_user(desk, team.clara, team.ana.user_id, name="Ana Souza", now=NOW)
    services.change_user(
        desk, team.clara, team.ana.user_id, email="ANA.S@example.com", role=Role.MANAGER, now=NOW
    )
    services.change_user(desk, SYSTEM, team.ana.user_id, active=False, now=NOW)
    clara = team.clara.user_id
    assert changes(desk)[before:] == [
        ("ana@example.com", "Ana Souza", "agent", True, clara, "change_user"),
        ("ana.s@example.com", "Ana Souza", "manager", True, clara, "change_user"),
        ("ana.s@example.com", "Ana Souza", "manager", False, SYSTEM_USER_ID, "change_user"),
    ]


NOTHING_NEW: list[dict[str, Any]] = [
    {},
    {"name": " Ana "},
    {"email": "ANA@example.com"},
    {"role": Role.AGENT, "active": True},
]


@pytest.mark.parametrize("what", NOTHING_NEW, ids=str)
def test_what_changes_nothing_leaves_no_trace(desk: Desk, team: Team, what: dict[str, Any]) -> None:
    number, before = desk.number, changes(desk)
    services.change_user(desk, team.clara, team.ana.user_id, **what, now=NOW)
    assert (desk.number, changes(desk)) == (number, before)


LONG = "a" * 64 + "@" + "b" * 186 + ".com"  # 255 characters

# fmt: off
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    # whom       becomes                           code and field           the sentence
    ("new",      {"email": ""},                    "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "dora"},                "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "dora@example"},        "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "a b@example.com"},     "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "a@b@example.com"},     "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "<a@example.com>"},     "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "a\u200b@example.com"}, "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "a@example.com\nb"},    "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": LONG},                  "invalid email",         "This does not look like an e-mail address."),
    ("new",      {"email": "BRUNO@example.com"},   "invalid email",         "Bruno already has this e-mail."),
    ("new",      {"email": "eva@example.com"},     "invalid email",         "Eva, who is deactivated, already has this e-mail: bring them back instead."),
    ("new",      {"name": " "},                    "invalid name",          "A person needs a name."),
    ("new",      {"name": "\u200b"},               "invalid name",          "A person needs a name."),
    ("new",      {"name": "a\nb"},                 "invalid name",          "Control characters are not allowed here."),
    ("new",      {"name": "x" * 201},              "invalid name",          "At most 200 characters fit here."),
    ("new",      {"role": Role.SYSTEM},            "invalid role",          "This role cannot be given to anybody."),
    ("ana",      {"email": "bruno@example.com"},   "invalid email",         "Bruno already has this e-mail."),
    ("ana",      {"email": "no"},                  "invalid email",         "This does not look like an e-mail address."),
    ("ana",      {"name": ""},                     "invalid name",          "A person needs a name."),
    ("ana",      {"role": Role.SYSTEM},            "invalid role",          "This role cannot be given to anybody."),
    ("imported", {"active": True},                 "invalid email",         "Without an e-mail nobody can sign in: give them one first."),
    ("clara",    {"active": False},                "invalid active",        "Clara is the last active administrator: make somebody else one first."),
    ("clara",    {"role": Role.MANAGER},           "invalid role",          "Clara is the last active administrator: make somebody else one first."),
    ("system",   {"name": "root"},                 "not_permitted None",    "The system user cannot be changed."),
    ("system",   {"active": False},                "not_permitted None",    "The system user cannot be changed."),
    ("system",   {"role": Role.AGENT},             "not_permitted None",    "The system user cannot be changed."),
    ("nobody",   {"name": "x"},                    "not_found None",        "There is no such person."),
]
# fmt: on


@pytest.mark.parametrize(("whom", "what", "expected", "sentence"), REFUSED, ids=lambda cell: repr(cell)[:40])
def test_each_refusal_has_its_sentence_and_leaves_no_trace(
    desk: Desk, team: Team, whom: str, what: dict[str, Any], expected: str, sentence: str
) -> None:
    eva = services.invite_user(desk, SYSTEM, "eva@example.com", "Eva", Role.ADMIN, now=NOW)
    change_user(desk, Caller(eva.id), Role.ADMIN, active=False)  # is no administrator that counts
    ids = {"imported": add_imported(desk), "system": SYSTEM_USER_ID, "nobody": new_id(NOW)}
    number, everybody = desk.number, services.list_users(desk, SYSTEM)
    with pytest.raises(AppError) as refused:
        if whom == "new":
            invited = {"email": "dora@example.com", "name": "Dora", "role": Role.AGENT} | what
            services.invite_user(desk, team.clara, **invited, now=NOW)
        else:
            user_id = ids[whom] if whom in ids else getattr(team, whom).user_id
            services.change_user(desk, team.clara, user_id, **what, now=NOW)
    assert f"{refused.value.code} {refused.value.field}" == expected
    assert str(refused.value) == sentence
    assert (desk.number, services.list_users(desk, SYSTEM)) == (number, everybody)


def test_somebody_from_an_import_is_given_an_email_and_brought_back(desk: Desk, team: Team) -> None:
    """Their name, which nobody could type here, is kept."""
    dora = add_imported(desk)
    services.change_user(desk, team.clara, dora, email="dora@example.com", now=NOW)
    assert not user(desk, dora).active
    services.change_user(desk, team.clara, dora, active=True, now=NOW)
    assert services.me(desk, Caller(dora)) == User(
        dora, "dora@example.com", "Dora\nPrado", Role.AGENT, active=True
    )


def test_an_email_that_nobody_has_any_more_is_free(desk: Desk, team: Team) -> None:
    services.change_user(desk, team.clara, team.ana.user_id, email="ana.s@example.com", now=NOW)
    services.change_user(desk, team.clara, team.bruno.user_id, email="ana@example.com", now=NOW)
    assert user(desk, team.bruno.user_id).email == "ana@example.com"


def test_an_administrator_changes_themselves_while_another_stays(desk: Desk, team: Team) -> None:
    services.change_user(desk, team.clara, team.marta.user_id, role=Role.ADMIN, now=NOW)
    services.change_user(desk, team.clara, team.clara.user_id, name="Clara N.", role=Role.AGENT, now=NOW)
    with pytest.raises(NotPermitted):
        services.change_user(desk, team.clara, team.clara.user_id, role=Role.ADMIN, now=NOW)
    with pytest.raises(AppError, match="last active administrator"):
        services.change_user(desk, team.marta, team.marta.user_id, active=False, now=NOW)


def test_conversations_stay_with_who_is_deactivated_until_assigned_on(desk: Desk, team: Team) -> None:
    opened = write(desk, "m1").conversation_id
    services.assign(desk, team.ana, opened, now=NOW)
    services.change_user(desk, team.clara, team.ana.user_id, active=False, now=NOW)
    kept = services.conversation(desk, team.marta, opened).conversation
    assert (kept.folder, kept.assigned_to) == (Folder.IN_PROGRESS, team.ana.user_id)
    with pytest.raises(Unauthenticated):
        services.conclude(desk, team.ana, opened, now=NOW)
    services.assign(desk, team.marta, opened, team.bruno.user_id, now=NOW)
    services.change_user(desk, team.clara, team.ana.user_id, active=True, now=NOW)
    assert services.me(desk, team.ana).active


# Two at once -----------------------------------------------------------------------------------------


def at_once(*works: Callable[[], object]) -> list[str]:
    """What came of works begun at the same moment: "done", or the code of the refusal."""
    begin = threading.Barrier(len(works))
    found = [""] * len(works)

    def run(at: int) -> None:
        begin.wait()
        try:
            works[at]()
            found[at] = "done"
        except AppError as error:
            found[at] = error.code

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def active_administrators(desk: Desk) -> int:
    return sum(u.administers for u in services.list_users(desk, SYSTEM))


@pytest.mark.parametrize("what", [{"active": False}, {"role": Role.AGENT}], ids=str)
def test_of_the_last_two_administrators_one_stays(desk: Desk, team: Team, what: dict[str, Any]) -> None:
    change_user(desk, team.marta, Role.ADMIN)
    for _ in range(10):
        both = (team.clara, team.marta)
        found = at_once(
            *(lambda c=c: services.change_user(desk, c, c.user_id, **what, now=NOW) for c in both)
        )
        assert (found, active_administrators(desk)) == (["done", "invalid"], 1)
        for one in both:
            change_user(desk, one, Role.ADMIN)


def test_of_two_administrators_who_throw_each_other_out_one_stays(desk: Desk, team: Team) -> None:
    change_user(desk, team.marta, Role.ADMIN)
    for _ in range(10):
        pairs = ((team.clara, team.marta), (team.marta, team.clara))
        found = at_once(
            *(
                lambda by=by, whom=whom: services.change_user(desk, by, whom.user_id, active=False, now=NOW)
                for by, whom in pairs
            )
        )
        assert (found, active_administrators(desk)) == (["done", "unauthenticated"], 1)
        for one in (team.clara, team.marta):
            change_user(desk, one, Role.ADMIN)


def test_of_two_with_one_email_one_comes_in(desk: Desk, team: Team) -> None:
    for n in range(10):
        email = f"new{n}@example.com"
        found = at_once(
            *(
                lambda email=email: services.invite_user(desk, team.clara, email, "X", Role.AGENT, now=NOW)
                for _ in range(4)
            )
        )
        assert found == ["done", "invalid", "invalid", "invalid"]
        assert sum(u.email == email for u in services.list_users(desk, SYSTEM)) == 1


# The first administrator -------------------------------------------------------------------------------


def test_the_first_administrator_of_an_empty_desk_is_invited(desk: Desk) -> None:
    services.ensure_administrator(desk, "Clara.Nunes@Example.com", now=NOW)
    (clara,) = services.list_users(desk, SYSTEM)
    assert clara == User(clara.id, "clara.nunes@example.com", "Clara.Nunes", Role.ADMIN, active=True)
    assert changes(desk)[-1][-2:] == (SYSTEM_USER_ID, "invite_user")
    number = desk.number
    services.ensure_administrator(desk, "somebody.else@example.com", now=NOW)
    assert (services.list_users(desk, SYSTEM), desk.number) == ([clara], number)


@pytest.mark.parametrize("active", [True, False])
def test_somebody_known_becomes_the_administrator_where_none_is_active(
    desk: Desk, team: Team, active: bool
) -> None:
    imported = add_imported(desk)  # an administrator nobody can sign in as does not count
    desk.transact(
        lambda tx: (
            (
                tx.record(SYSTEM_USER_ID, "import", NOW)
                and tx.run("UPDATE users SET role = 'admin', active = TRUE WHERE id = ?", imported)
            )
            or tx.run("UPDATE users SET active = FALSE WHERE id = ?", team.clara.user_id)
        )
    )
    change_user(desk, team.ana, Role.AGENT, active=active)
    services.ensure_administrator(desk, "ANA@example.com", now=NOW)
    ana = user(desk, team.ana.user_id)
    assert (ana.role, ana.active, ana.name) == (Role.ADMIN, True, "Ana")
    assert changes(desk)[-1][-2:] == (SYSTEM_USER_ID, "change_user")


def test_an_administrator_with_an_impossible_email_is_refused(desk: Desk) -> None:
    with pytest.raises(AppError, match="e-mail"):
        services.ensure_administrator(desk, "clara", now=NOW)
    assert services.list_users(desk, SYSTEM) == []


# Tokens -------------------------------------------------------------------------------------------------


def test_a_token_is_its_users_and_only_its_hash_is_kept(desk: Desk, team: Team) -> None:
    made = services.create_token(desk, team.clara, " ANA@example.com ", "crm", Scope.MESSAGES, now=NOW)
    assert services.authenticate(desk, made.secret, now=NOW) == Caller(team.ana.user_id, Scope.MESSAGES)
    (row,) = desk.read(lambda tx: tx.rows("SELECT * FROM tokens"))
    assert made.secret not in map(str, row)
    desk.close()
    assert made.secret.encode() not in (desk.folder / "desk.duckdb").read_bytes()


def test_a_revoked_token_is_refused_and_its_name_free_again(desk: Desk, team: Team) -> None:
    made = services.create_token(desk, team.clara, "ana@example.com", "crm", Scope.API, now=NOW)
    services.revoke_token(desk, team.clara, "crm", now=NOW)
    with pytest.raises(Unauthenticated):
        services.authenticate(desk, made.secret, now=NOW)
    again = services.create_token(desk, team.clara, "ana@example.com", "crm", Scope.API, now=NOW)
    assert again.secret != made.secret
    assert services.authenticate(desk, again.secret, now=NOW) == Caller(team.ana.user_id, Scope.API)


def test_unknown_tokens_leave_nothing_in_memory(desk: Desk, team: Team) -> None:
    desk.read(lambda tx: None)
    before = len(desk._known)
    for n in range(100):
        with pytest.raises(Unauthenticated):
            services.authenticate(desk, f"desfecho_{n}", now=NOW)
    assert len(desk._known) == before


def test_of_two_of_one_name_the_one_meant_is_revoked(desk: Desk, team: Team) -> None:
    made = services.create_token(desk, team.clara, "ana@example.com", "crm", Scope.API, now=NOW)
    services.revoke_token(desk, team.clara, "crm", now=NOW)
    other = services.create_token(desk, team.clara, "ana@example.com", "crm", Scope.API, now=NOW)
    with pytest.raises(NotFound):
        services.revoke_token(desk, team.clara, "crm", made.token.id, now=NOW)
    assert services.authenticate(desk, other.secret, now=NOW)
    services.revoke_token(desk, team.clara, "crm", other.token.id, now=NOW)
    assert code_of(desk, other.secret, NOW) == "unauthenticated"


def test_a_token_of_a_closed_account_is_refused(desk: Desk, team: Team) -> None:
    made = services.create_token(desk, team.clara, "ana@example.com", "crm", Scope.MESSAGES, now=NOW)
    change_user(desk, team.ana, active=False)
    with pytest.raises(Unauthenticated):
        services.authenticate(desk, made.secret, now=NOW)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        " ",
        "desfecho_",
        "desfecho_unknown",
        "x" * 1_000_000,
        "desfecho_" + "x" * 1_000_000,
        "\0",
        "desfecho_\ud800",
    ],
    ids=lambda secret: repr(secret[:12]),
)
def test_what_is_no_token(desk: Desk, team: Team, secret: str) -> None:
    services.create_token(desk, team.clara, "ana@example.com", "crm", Scope.API, now=NOW)
    assert services.authenticate_at_once(desk, secret, now=NOW) is None
    with pytest.raises(Unauthenticated):
        services.authenticate(desk, secret, now=NOW)


def test_who_sent_a_token_is_known_at_once_from_its_second_use_in_a_minute_on(
    desk: Desk, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = services.create_token(desk, team.clara, "ana@example.com", "crm", Scope.API, now=NOW).secret
    ana = Caller(team.ana.user_id, Scope.API)
    assert services.authenticate_at_once(desk, secret, now=NOW) is None
    assert services.authenticate(desk, secret, now=NOW) == ana
    with monkeypatch.context() as asking:
        asking.setattr(Desk, "read", None)  # nobody may
        assert services.authenticate_at_once(desk, secret, now=NOW) == ana
        assert (
            services.authenticate_at_once(desk, secret, now=NOW + timedelta(minutes=1)) is None
        )  # to be noted
    assert services.authenticate(desk, secret, now=NOW + timedelta(minutes=1)) == ana
    assert [one.used_at for one in services.list_tokens(desk, team.clara)] == [NOW + timedelta(minutes=1)]


@pytest.mark.parametrize("end", ["the token is revoked", "the account is closed", "the token has expired"])
def test_nobody_is_known_at_once_who_is_refused_by_now(desk: Desk, team: Team, end: str) -> None:
    secret = services.create_token(
        desk, team.clara, "ana@example.com", "crm", Scope.API, expires_at=NOW + DAY, now=NOW
    ).secret
    now = NOW + DAY - timedelta(seconds=1)
    services.authenticate(desk, secret, now=now)
    assert services.authenticate_at_once(desk, secret, now=now)
    if end == "the token is revoked":
        services.revoke_token(desk, team.clara, "crm", now=now)
    elif end == "the account is closed":
        change_user(desk, team.ana, active=False)
    else:
        now += timedelta(seconds=1)
    assert services.authenticate_at_once(desk, secret, now=now) is None


def code_of(desk: Desk, secret: str, now: datetime) -> str:
    try:
        services.authenticate(desk, secret, now=now)
    except AppError as error:
        assert str(error) == "The token is not known, has expired, or was revoked."
        return error.code
    return "good"


def test_a_token_is_good_until_it_expires(desk: Desk, team: Team) -> None:
    made = services.create_token(
        desk, team.clara, "ana@example.com", "crm", Scope.API, expires_at=NOW + DAY, now=NOW
    )
    assert made.token.expires_at == NOW + DAY
    assert code_of(desk, made.secret, NOW + DAY - timedelta(microseconds=1)) == "good"
    assert code_of(desk, made.secret, NOW + DAY) == "unauthenticated"
    forever = services.create_token(desk, team.clara, "ana@example.com", "other", Scope.API, now=NOW)
    assert code_of(desk, forever.secret, NOW + 10_000 * DAY) == "good"


@pytest.mark.parametrize("expires_at", [NOW, NOW - DAY])
def test_a_token_that_would_never_be_good_is_refused(desk: Desk, team: Team, expires_at: datetime) -> None:
    with pytest.raises(AppError, match="cannot expire in the past") as refused:
        services.create_token(
            desk, team.clara, "ana@example.com", "crm", Scope.API, expires_at=expires_at, now=NOW
        )
    assert (refused.value.code, refused.value.field) == ("invalid", "expires_at")


def test_the_name_of_an_expired_token_is_free_and_revoking_ends_all_of_a_name(desk: Desk, team: Team) -> None:
    def make(now: datetime) -> services.CreatedToken:
        return services.create_token(
            desk, team.clara, "ana@example.com", "crm", Scope.API, expires_at=now + DAY, now=now
        )

    first = make(NOW)
    with pytest.raises(AppError, match="already a token named crm"):
        make(NOW + HOUR)
    second = make(NOW + DAY)
    services.revoke_token(desk, team.clara, "crm", now=NOW + DAY)
    assert {code_of(desk, made.secret, NOW + HOUR) for made in (first, second)} == {"unauthenticated"}
    with pytest.raises(NotFound):
        services.revoke_token(desk, team.clara, "crm", now=NOW + DAY)


def test_who_sees_tokens_sees_all_but_the_secret(desk: Desk, team: Team) -> None:
    made = services.create_token(
        desk, SYSTEM, "ana@example.com", "crm", Scope.API, expires_at=NOW + DAY, now=NOW
    )
    services.create_token(desk, team.clara, "nadia@example.com", "notes", Scope.SQL, now=NOW + MINUTE)
    services.revoke_token(desk, team.clara, "notes", now=NOW + HOUR)
    services.authenticate(desk, made.secret, now=NOW + HOUR)
    notes, crm = services.list_tokens(desk, team.clara)
    assert (crm.token.name, crm.user.name, crm.created_by.role) == ("crm", "Ana", Role.SYSTEM)
    assert (crm.used_at, crm.token.expires_at) == (NOW + HOUR, NOW + DAY)
    assert (notes.token.revoked_at, notes.created_by.name, notes.used_at) == (NOW + HOUR, "Clara", None)
    assert made.secret not in repr((notes, crm)) and secret_hash(made.secret) not in repr((notes, crm))


# When a token was used ---------------------------------------------------------------------------------


def used(desk: Desk) -> list[datetime | None]:
    return [one.used_at for one in services.list_tokens(desk, SYSTEM)]


@pytest.fixture
def secret(desk: Desk, team: Team) -> str:
    return services.create_token(desk, SYSTEM, "ana@example.com", "crm", Scope.API, now=NOW).secret


class Writes:
    """How often the desk wrote."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
        self.times, transact = 0, desk.transact

        def counted(work: Callable[[Tx], Any]) -> Any:
            self.times += 1
            if error:
                raise error
            return transact(work)

        monkeypatch.setattr(desk, "transact", counted)


def test_a_use_is_noted_to_the_minute_once_a_minute_outside_history(
    desk: Desk, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert used(desk) == [None]
    number, writes = desk.number, Writes(desk, monkeypatch)
    for seconds in (5, 6, 59):
        services.authenticate(desk, secret, now=NOW + timedelta(seconds=seconds))
    assert (used(desk), writes.times) == ([NOW], 1)
    services.authenticate(desk, secret, now=NOW + 3 * MINUTE)
    services.authenticate(desk, secret, now=NOW)  # a clock that went back
    assert (used(desk), writes.times, desk.number) == ([NOW + 3 * MINUTE], 2, number)


def test_what_is_remembered_of_uses_outlives_neither_the_desk_nor_other_changes(
    desk: Desk, team: Team, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.authenticate(desk, secret, now=NOW)
    change_user(desk, team.bruno, Role.MANAGER)  # all that is remembered is forgotten
    writes = Writes(desk, monkeypatch)
    services.authenticate(desk, secret, now=NOW)
    assert writes.times == 0
    desk.close()
    again = Desk.open(desk.folder, NOW)
    assert used(again) == [NOW]
    again.close()


def test_a_use_that_cannot_be_noted_fails_no_request_and_is_not_tried_again_at_once(
    desk: Desk, team: Team, secret: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writes = Writes(desk, monkeypatch, duckdb.IOException("No space left on device"))
    for _ in range(3):
        assert services.authenticate(desk, secret, now=NOW) == Caller(team.ana.user_id, Scope.API)
    assert writes.times == 1 and "No space left" in caplog.text and secret not in caplog.text
    monkeypatch.undo()
    services.authenticate(desk, secret, now=NOW + MINUTE)
    assert used(desk) == [NOW + MINUTE]


def test_what_is_refused_is_no_use(desk: Desk, team: Team, secret: str) -> None:
    change_user(desk, team.ana, active=False)
    with pytest.raises(Unauthenticated):
        services.authenticate(desk, secret, now=NOW)
    assert used(desk) == [None]


def test_many_uses_at_once_are_one(desk: Desk, secret: str) -> None:
    assert set(at_once(*[lambda: services.authenticate(desk, secret, now=NOW)] * 8)) == {"done"}
    assert used(desk) == [NOW]


# Of questions in SQL -------------------------------------------------------------------------------------


def test_tokens_for_sql_that_are_good(desk: Desk, team: Team) -> None:
    def make(name: str, email: str, scope: Scope = Scope.SQL, expires_at: datetime | None = None) -> str:
        made = services.create_token(desk, SYSTEM, email, name, scope, expires_at=expires_at, now=NOW)
        return secret_hash(made.secret)

    ever = make("ever", "nadia@example.com")
    brief = make("brief", "nadia@example.com", expires_at=NOW + DAY)
    claras = make("clara's", "clara@example.com")
    make("revoked", "nadia@example.com")
    services.revoke_token(desk, SYSTEM, "revoked", now=NOW)
    make("no SQL", "clara@example.com", Scope.API)
    assert services.sql_tokens(desk, SYSTEM, now=NOW) == {ever, brief, claras}
    assert services.sql_tokens(desk, SYSTEM, now=NOW + DAY) == {ever, claras}
    change_user(desk, team.nadia, Role.AGENT)
    assert services.sql_tokens(desk, SYSTEM, now=NOW) == {claras}


def test_uses_that_are_learned_later_are_noted_to_the_minute(desk: Desk, team: Team) -> None:
    made = services.create_token(desk, SYSTEM, "nadia@example.com", "notes", Scope.SQL, now=NOW)
    digest, number = secret_hash(made.secret), desk.number
    at = NOW + timedelta(seconds=100)
    services.note_token_uses(desk, SYSTEM, {digest: at, "of another desk": at})
    services.note_token_uses(desk, SYSTEM, {digest: NOW})  # an older one changes nothing
    assert (used(desk), desk.number) == ([NOW + MINUTE], number)
