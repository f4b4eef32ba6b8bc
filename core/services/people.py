"""The people of the team, and the tokens by which programs act as one of them."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core import rules
from core.desk import Desk, Transact, Tx, people, sign_ins
from core.errors import Invalid, NotFound, Unauthenticated
from core.ids import new_id, secret_hash
from core.model import SYSTEM_USER_ID, Caller, Refusal, Role, Scope, Token, TokenDetail, User
from core.services.asking import command, query, who

TOKEN_PREFIX = "desfecho_"  # noqa: S105 - recognisable, not secret

log = logging.getLogger(__name__)


@query
def me(tx: Tx, caller: Caller) -> User:
    return who(tx, caller)


@query
def list_users(tx: Tx, caller: Caller) -> list[User]:
    """Everybody, by name: colleagues to assign to, names behind a history."""
    who(tx, caller)
    return people.users(tx)


@command
def invite_user(tx: Tx, caller: Caller, email: str, name: str, role: Role, *, now: datetime) -> User:
    """Let somebody in, who from now on may sign in with this e-mail."""
    user = who(tx, caller)
    rules.check_administrator(user)
    return _invite(tx, user.id, email, name, role, now)


@command
def change_user(
    tx: Tx,
    caller: Caller,
    user_id: UUID,
    *,
    name: str | None = None,
    email: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
    now: datetime,
) -> User:
    """Change, deactivate or bring back somebody; what is None stays. It counts from their next action on (R16).

    Their conversations stay with them until somebody assigns them on.
    """
    user = who(tx, caller)
    rules.check_administrator(user)
    before = people.user(tx, user_id)
    if before is None:
        raise NotFound("There is no such person.")
    after = replace(
        before,
        name=before.name if name is None else rules.clean_person_name(name),
        email=before.email if email is None else rules.clean_email(email),
        role=role or before.role,
        active=before.active if active is None else active,
    )
    _change(tx, user.id, before, after, now)
    return after


@command
def ensure_administrator(tx: Tx, email: str, *, now: datetime) -> None:
    """See to it, as `system`, that somebody can let others in: with no administrator active, whoever has this
    e-mail becomes one, invited where nobody has it."""
    if any(user.administers for user in people.users(tx)):
        return
    found = people.user_by_email(tx, rules.clean_email(email))
    if found:
        _change(tx, SYSTEM_USER_ID, found, replace(found, role=Role.ADMIN, active=True), now)
    else:
        _invite(tx, SYSTEM_USER_ID, email, email.strip().partition("@")[0], Role.ADMIN, now)


def _invite(tx: Tx, by: UUID, email: str, name: str, role: Role, now: datetime) -> User:
    added = User(new_id(now), rules.clean_email(email), rules.clean_person_name(name), role, active=True)
    rules.check_person(None, added, people.users(tx))
    tx.record(by, "invite_user", now, added.id)
    people.add_user(tx, added, by, now)
    return added


def _change(tx: Tx, by: UUID, before: User, after: User, now: datetime) -> None:
    rules.check_person(before, after, (other for other in people.users(tx) if other.id != before.id))
    if after != before:
        tx.record(by, "change_user", now, after.id)
        people.change_user(tx, after, by, now)
        if (after.active, after.email) != (True, before.email):
            sign_ins.end_all(tx, after.id, now)  # where they are signed in, on whatever computer


@dataclass(frozen=True, slots=True)
class CreatedToken:
    token: Token
    secret: str  # shown once; only its hash is kept


@command
def create_token(
    tx: Tx,
    caller: Caller,
    email: str,
    name: str,
    scope: Scope,
    *,
    expires_at: datetime | None = None,
    now: datetime,
) -> CreatedToken:
    """Give a user a token, good until it expires (None: never) or is revoked."""
    user = who(tx, caller)
    rules.check_administrator(user)
    owner = people.user_by_email(tx, email)
    if owner is None or not owner.active:
        raise Invalid("No active user has the e-mail {email}.", field="user", email=email)
    name = rules.clean_line(name, "name", rules.NAME_LENGTH)
    if not name:
        raise Invalid("A token needs a name.", field="name")
    if scope is Scope.SQL and not rules.asks_sql(owner):
        raise Invalid(
            "{person} does not ask questions in SQL: only analysts and administrators do.",
            field="user",
            person=owner.name,
        )
    if expires_at is not None and expires_at <= now:
        raise Invalid("A token cannot expire in the past.", field="expires_at")
    if any(token.is_good(now) for token in people.unrevoked_tokens(tx, name)):
        raise Invalid("There is already a token named {name}.", field="name", name=name)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = Token(new_id(now), owner.id, name, scope, now, expires_at, None)
    tx.record(user.id, "create_token", now, token.id)
    people.add_token(tx, token, secret_hash(secret), user.id)
    return CreatedToken(token, secret)


@command
def revoke_token(tx: Tx, caller: Caller, name: str, token_id: UUID | None = None, *, now: datetime) -> None:
    """Refuse a token from now on: those of this name that are good, or of them the one that is meant."""
    user = who(tx, caller)
    rules.check_administrator(user)
    found = [token for token in people.unrevoked_tokens(tx, name) if token_id in (None, token.id)]
    if not found:
        raise NotFound("There is no token named {name}.", name=name)
    for token in found:
        tx.record(user.id, "revoke_token", now, token.id)
        people.revoke_token(tx, token.id, user.id, now)


@query
def list_tokens(tx: Tx, caller: Caller) -> list[TokenDetail]:
    """All tokens there ever were, the newest first."""
    rules.check_administrator(who(tx, caller))
    used = people.token_uses(tx)
    return [
        TokenDetail(token, _known(tx, token.user_id), _known(tx, created_by), used.get(token.id))
        for token, created_by in people.tokens(tx)
    ]


def _known(tx: Tx, user_id: UUID) -> User:
    user = people.user(tx, user_id)
    assert user is not None  # nobody is ever deleted
    return user


def authenticate(desk: Transact, secret: str, *, now: datetime) -> Caller:
    """Who sent this token. That it was used is noted, to the minute, and never a reason to refuse."""
    minute = _minute(now)

    def find(tx: Tx) -> tuple[Caller, UUID, bool]:
        caller, token_id = _of_token(tx, secret, now)
        return caller, token_id, people.is_first_use(tx, token_id, minute)

    caller, token_id, first = desk.read(find)
    if first:
        try:
            desk.transact(lambda tx: people.note_token_use(tx, token_id, minute))
        except Exception as error:
            log.warning("That a token was used could not be noted: %s", error)
    return caller


def authenticate_at_once(desk: Desk, secret: str, *, now: datetime) -> Caller | None:
    """The same without waiting for the desk; None where it has to be asked, or has something to note."""

    def find(tx: Tx) -> Caller | None:
        try:
            caller, token_id = _of_token(tx, secret, now)
        except Unauthenticated:
            return None
        return caller if people.is_noted_use(tx, token_id, _minute(now)) else None

    return desk.recall(find)


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _of_token(tx: Tx, secret: str, now: datetime) -> tuple[Caller, UUID]:
    token = people.token_by_hash(tx, secret_hash(secret)) if secret.startswith(TOKEN_PREFIX) else None
    try:
        if token is None or not token.is_good(now):
            raise Unauthenticated("The token is not known, has expired, or was revoked.")
        caller = Caller(token.user_id, token.scope)
        who(tx, caller, token_for=token.scope)
    except Unauthenticated as error:
        if token:  # nobody is known by another
            tx.note(Refusal("authenticate", error.code, token.user_id, subject_id=token.id, at=now))
        raise
    return caller, token.id


@query
def check_asks_sql(tx: Tx, caller: Caller) -> None:
    """Whether this person may ask questions in SQL."""
    rules.check_asks_sql(who(tx, caller, token_for=Scope.SQL))


@query
def sql_tokens(tx: Tx, caller: Caller, *, now: datetime) -> frozenset[str]:
    """The hashes of the tokens that open the analysts' door: good, their user active and still allowed."""
    rules.check_administrator(who(tx, caller))
    owners = [
        (digest, people.user(tx, token.user_id))
        for digest, token in people.unrevoked_by_hash(tx, Scope.SQL).items()
        if token.is_good(now)
    ]
    return frozenset(digest for digest, user in owners if user and user.active and rules.asks_sql(user))


@command
def note_token_uses(tx: Tx, caller: Caller, used: Mapping[str, datetime]) -> None:
    """Note when tokens, told by their hashes, were used last: learned from where the door is."""
    rules.check_administrator(who(tx, caller))
    for digest, at in used.items():
        if token := people.token_by_hash(tx, digest):
            people.note_token_use(tx, token.id, at.replace(second=0, microsecond=0))
