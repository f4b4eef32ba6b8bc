"""Sessions: who signed in when, and whether they signed out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.desk.transaction import Row, Tx


@dataclass(frozen=True, slots=True)
class SignIn:
    user_id: UUID
    signed_in_at: datetime
    signed_out_at: datetime | None


def _sign_in(row: Row) -> SignIn:
    return SignIn(*row)


def find(tx: Tx, session: str) -> SignIn | None:
    """`session`: the hash of its key."""
    sql = "SELECT user_id, signed_in_at, signed_out_at FROM sign_ins WHERE session = ?"
    return tx.remembered("sign_in", session, read=lambda: tx.first(_sign_in, sql, session))


def add(tx: Tx, session: str, user_id: UUID, now: datetime) -> None:
    tx.insert("sign_ins", session, user_id, now, None)


def end_all(tx: Tx, user_id: UUID, now: datetime) -> None:
    """End every session of somebody."""
    tx.run("UPDATE sign_ins SET signed_out_at = ? WHERE user_id = ? AND signed_out_at IS NULL", now, user_id)


def sign_out(tx: Tx, session: str, now: datetime) -> None:
    tx.run("UPDATE sign_ins SET signed_out_at = ? WHERE session = ?", now, session)
