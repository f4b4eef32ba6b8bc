"""Reasons, and every change of one."""

from datetime import datetime
from uuid import UUID

from core.desk.transaction import Row, Tx
from core.model import Category, Reason, ValueMode

REASON = "SELECT id, description, category, value_mode, in_use FROM reasons"


def _reason(row: Row) -> Reason:
    return Reason(row[0], row[1], Category(row[2]), ValueMode(row[3]), row[4])


def reason(tx: Tx, reason_id: UUID) -> Reason | None:
    return tx.remembered(
        "reason", reason_id, read=lambda: tx.first(_reason, f"{REASON} WHERE id = ?", reason_id)
    )


def reasons(tx: Tx, in_use_only: bool = False) -> list[Reason]:
    """By category as shown, then by description."""

    def read() -> list[Reason]:
        order = list(Category)
        found = [_reason(row) for row in tx.rows(f"{REASON} ORDER BY lower(description), id")]
        return sorted(found, key=lambda r: order.index(r.category))

    return [r for r in tx.remembered("reasons", read=read) if r.in_use or not in_use_only]


def last_change(tx: Tx) -> int:
    """The number of the last command that changed a reason; 0: there are none."""
    return tx.remembered(
        "reasons", "changed", read=lambda: int(tx.value("SELECT coalesce(max(number), 0) FROM reasons"))
    )


def add(tx: Tx, added: Reason, user_id: UUID, now: datetime) -> None:
    tx.insert("reasons", added.id, added.description, added.category, added.value, added.in_use, tx.number)
    _record(tx, added, user_id, now)


def change(tx: Tx, changed: Reason, user_id: UUID, now: datetime) -> None:
    tx.run(
        "UPDATE reasons SET description = ?, category = ?, value_mode = ?, in_use = ?, number = ? WHERE id = ?",
        changed.description, changed.category, changed.value, changed.in_use, tx.number, changed.id,
    )  # fmt: skip
    _record(tx, changed, user_id, now)


def _record(tx: Tx, now_is: Reason, user_id: UUID, now: datetime) -> None:
    tx.insert(
        "reason_changes", tx.number, now_is.id, now_is.description, now_is.category, now_is.value, now_is.in_use, now,
        user_id,
    )  # fmt: skip
