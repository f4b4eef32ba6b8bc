"""First answers, kept for whoever sends the same request again (R14)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.desk.transaction import Row, Tx, places

AT_ONCE = 5_000  # answers deleted in one transaction
ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def answer(tx: Tx, user_id: UUID, route: str, key: str, since: datetime) -> tuple[str, int, str] | None:
    """The request's hash, the status and the JSON of the first answer, if it was given after `since`."""
    row = _kept(tx, user_id, route, key)
    return (row[2], row[3], row[4]) if row and row[5] > since else None


def _kept(tx: Tx, user_id: UUID, route: str, key: str) -> Row | None:
    """The row of this user, route and key, whatever its age."""
    sql = (
        "SELECT user_id, route, request_hash, status, answer, answered_at FROM idempotency_keys WHERE key = ?"
    )
    return next((row for row in tx.rows(sql, key) if row[:2] == (user_id, route)), None)


def keep(
    tx: Tx, user_id: UUID, route: str, key: str, request_hash: str, status: int, body: str, now: datetime
) -> None:
    if _kept(tx, user_id, route, key):  # a key of more than seven days ago, used anew
        tx.run(
            "UPDATE idempotency_keys SET request_hash = ?, status = ?, answer = ?, answered_at = ?"
            " WHERE user_id = ? AND route = ? AND key = ?",
            request_hash, status, body, now, user_id, route, key,
        )  # fmt: skip
    else:
        tx.insert("idempotency_keys", user_id, route, key, request_hash, status, body, now)


def forget_before(tx: Tx, at: datetime) -> int:
    """Delete the answers given until then, at most AT_ONCE; return how many."""
    rows = tx.rows(
        "SELECT user_id, route, key FROM idempotency_keys WHERE answered_at <= ? LIMIT ?", at, AT_ONCE
    )
    if rows:
        keys = list({key for _, _, key in rows})
        tx.run(f"DELETE FROM idempotency_keys WHERE answered_at <= ? AND key IN ({places(keys)})", at, *keys)
    return len(rows)


def forget_about(tx: Tx, conversation_ids: Sequence[UUID]) -> None:
    """Delete the answers that name one of these conversations, and with them what the keys say."""
    tx.run(
        "DELETE FROM idempotency_keys"
        " WHERE list_has_any(regexp_extract_all(concat(route, answer), ?), string_split(?, ','))",
        ID, ",".join(map(str, conversation_ids)),
    )  # fmt: skip
