"""First answers, kept for whoever sends the same request again (R14)."""

from datetime import datetime
from uuid import UUID

from core.desk.transaction import Tx


def answer(tx: Tx, user_id: UUID, route: str, key: str, since: datetime) -> tuple[str, int, str] | None:
    """The request's hash, the status and the JSON of the first answer, if it was given after `since`."""
    row = tx.row(
        "SELECT request_hash, status, answer FROM idempotency_keys"
        " WHERE user_id = ? AND route = ? AND key = ? AND answered_at > ?",
        user_id, route, key, since,
    )  # fmt: skip
    return row and (row[0], row[1], row[2])


def keep(
    tx: Tx, user_id: UUID, route: str, key: str, request_hash: str, status: int, body: str, now: datetime
) -> None:
    known = tx.row(
        "SELECT 1 FROM idempotency_keys WHERE user_id = ? AND route = ? AND key = ?", user_id, route, key
    )
    if known:  # a key of more than seven days ago, used anew
        tx.run(
            "UPDATE idempotency_keys SET request_hash = ?, status = ?, answer = ?, answered_at = ?"
            " WHERE user_id = ? AND route = ? AND key = ?",
            request_hash, status, body, now, user_id, route, key,
        )  # fmt: skip
    else:
        tx.insert("idempotency_keys", user_id, route, key, request_hash, status, body, now,
        )  # fmt: skip
