"""Coming in and going out: what the provider says about somebody becomes a session, which the desk can end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.desk import Tx, people, record, sign_ins
from core.ids import secret_hash
from core.model import Refusal, User
from core.services.asking import command, query


class Standing(StrEnum):
    """Why somebody is not in."""

    SIGNED_OUT = "signed_out"
    ENDED = "ended"  # the session, by signing out or by its age
    NO_EMAIL = "no_email"  # the provider names none
    UNVERIFIED = "unverified"  # the provider has not made sure that the e-mail is theirs
    UNKNOWN = "unknown"  # nobody of the team has this e-mail
    DEACTIVATED = "deactivated"


@command
def sign_in(
    tx: Tx, claims: Mapping[str, Any], key: str, *, all_verified: bool, now: datetime
) -> User | Standing:
    """Let in whom the provider's claims name, and know them by `key` from now on; or say why not, and note it.

    `all_verified`: the provider names no e-mail that it has not verified, so that the claim may be missing.
    """
    found = _named(tx, claims, all_verified)
    if isinstance(found, User):
        tx.record(found.id, "sign_in", now)
        sign_ins.add(tx, secret_hash(key), found.id, now)
    else:
        user = people.user_by_email(tx, email_of(claims))
        record.refused_sign_in(tx, email_of(claims), found, now, user.id if user else None)
    return found


@query
def signed_in(tx: Tx, key: str, lasts: timedelta, *, now: datetime) -> User | Standing:
    """Who came in with this key, as they are now. `lasts`: how long a session does."""
    session = sign_ins.find(tx, secret_hash(key))
    user = people.user(tx, session.user_id) if session else None
    if session is None or user is None:
        return Standing.ENDED
    if not user.active:
        tx.note(Refusal("sign_in", Standing.DEACTIVATED, user.id, at=now))
        return Standing.DEACTIVATED
    ended = session.signed_out_at or now - session.signed_in_at >= lasts
    return Standing.ENDED if ended else user


@command
def sign_out(tx: Tx, key: str, *, now: datetime) -> None:
    """End the session, for every tab and every copy of its cookie; once ended it stays so."""
    session = sign_ins.find(tx, secret_hash(key))
    if session and not session.signed_out_at:
        tx.record(session.user_id, "sign_out", now)
        sign_ins.sign_out(tx, secret_hash(key), now)


def email_of(claims: Mapping[str, Any]) -> str:
    """The e-mail that the provider names, as the desk keeps it; empty where it names none.

    Beyond ASCII different letters become the same in lower case, and one address would pass for another.
    """
    email = claims.get("email")
    return email.strip().lower() if isinstance(email, str) and email.isascii() else ""


def _named(tx: Tx, claims: Mapping[str, Any], all_verified: bool) -> User | Standing:
    email, verified = email_of(claims), claims.get("email_verified", all_verified)
    if not email:
        return Standing.NO_EMAIL
    if verified not in (True, "true"):
        return Standing.UNVERIFIED
    user = people.user_by_email(tx, email)
    if user is None:
        return Standing.UNKNOWN
    return user if user.active else Standing.DEACTIVATED
