"""The people of the team, and the tokens by which programs act as one of them."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from core import rules
from core.desk import Tx, people
from core.errors import Invalid, NotFound, Unauthenticated
from core.ids import new_id, secret_hash
from core.model import Caller, Refusal, Scope, Token, User
from core.services.asking import command, query, who

TOKEN_PREFIX = "desfecho_"  # noqa: S105 - recognisable, not secret


@query
def me(tx: Tx, caller: Caller) -> User:
    return who(tx, caller)


@query
def list_users(tx: Tx, caller: Caller) -> list[User]:
    """Everybody, by name: colleagues to assign to, names behind a history."""
    who(tx, caller)
    return people.users(tx)


@dataclass(frozen=True, slots=True)
class CreatedToken:
    token: Token
    secret: str  # shown once; only its hash is kept


@command
def create_token(
    tx: Tx, caller: Caller, email: str, name: str, scope: Scope, *, now: datetime
) -> CreatedToken:
    """Give a user a token."""
    user = who(tx, caller)
    rules.check_administrator(user)
    owner = people.user_by_email(tx, email)
    if owner is None or not owner.active:
        raise Invalid("No active user has the e-mail {email}.", field="user", email=email)
    name = rules.clean_line(name, "name", rules.NAME_LENGTH)
    if not name:
        raise Invalid("A token needs a name.", field="name")
    if scope is Scope.SQL:
        rules.check_asks_sql(owner)
    if people.live_tokens(tx, name):
        raise Invalid("There is already a token named {name}.", field="name", name=name)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = Token(new_id(now), owner.id, name, scope, now, None)
    tx.record(user.id, "create_token", now, token.id)
    people.add_token(tx, token, secret_hash(secret), user.id)
    return CreatedToken(token, secret)


@command
def revoke_token(tx: Tx, caller: Caller, name: str, *, now: datetime) -> None:
    user = who(tx, caller)
    rules.check_administrator(user)
    found = people.live_tokens(tx, name)
    if not found:
        raise NotFound("There is no token named {name}.", name=name)
    for token in found:
        tx.record(user.id, "revoke_token", now, token.id)
        people.revoke_token(tx, token.id, user.id, now)


@query
def authenticate(tx: Tx, secret: str) -> Caller:
    """Who sent this token."""
    token = people.token_by_hash(tx, secret_hash(secret)) if secret.startswith(TOKEN_PREFIX) else None
    try:
        if token is None or token.revoked_at is not None:
            raise Unauthenticated("The token is not known, or was revoked.")
        caller = Caller(token.user_id, token.scope)
        who(tx, caller, token_for=token.scope)
    except Unauthenticated as error:
        if token:  # nobody is known by another
            tx.note(Refusal("authenticate", error.code, token.user_id, subject_id=token.id))
        raise
    return caller


@query
def check_asks_sql(tx: Tx, caller: Caller) -> None:
    """Whether this person may ask questions in SQL."""
    rules.check_asks_sql(who(tx, caller, token_for=Scope.SQL))


@query
def sql_tokens(tx: Tx, caller: Caller) -> frozenset[str]:
    """The hashes of the tokens that open the analysts' door: not revoked, their user active and still allowed."""
    rules.check_administrator(who(tx, caller))
    owners = [
        (digest, people.user(tx, user_id)) for digest, user_id in people.live_token_hashes(tx, Scope.SQL)
    ]
    return frozenset(digest for digest, user in owners if user and user.active and rules.asks_sql(user))
