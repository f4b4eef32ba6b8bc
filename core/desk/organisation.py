"""The organisation's settings: the last change of each counts."""

from datetime import datetime
from uuid import UUID

from core.desk.transaction import Tx
from core.model import Organisation


def settings(tx: Tx) -> dict[str, str]:
    sql = "SELECT name, value FROM setting_changes ORDER BY number"
    return tx.remembered("settings", read=lambda: dict(tx.rows(sql)))


def organisation(tx: Tx) -> Organisation:
    chosen = settings(tx)
    default = Organisation()
    return Organisation(
        classification_on=chosen.get("classification_on", "true") == "true",
        currency=chosen.get("currency", default.currency),
        timezone=chosen.get("timezone", default.timezone),
    )


def add_setting(tx: Tx, name: str, value: str, user_id: UUID, now: datetime) -> None:
    tx.insert("setting_changes", tx.number, name, value, now, user_id)


def contact_key(tx: Tx) -> str:
    """The secret that makes contacts' hashes: made with the desk, kept in it, never shown."""
    return tx.remembered("contact_key", read=lambda: str(tx.value("SELECT contact_key FROM secrets")))
