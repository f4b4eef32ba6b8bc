"""Messages, and the contacts who write them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.desk import people
from core.desk.transaction import Tx, only
from core.ids import new_id
from core.model import Contact, Direction, Message


def conversation_of(tx: Tx, channel: str, external_id: str) -> UUID | None:
    """The conversation that holds the message with this id of the channel."""
    return tx.first(
        only,
        "SELECT conversation_id FROM messages WHERE channel = ? AND external_id = ?",
        channel,
        external_id,
    )


def add(
    tx: Tx,
    conversation_id: UUID,
    channel: str,
    external_id: str,
    direction: Direction,
    sent_at: datetime,
    received_at: datetime,
    body: str,
    author: UUID | None,
) -> UUID:
    """Store a message at its own time and move the conversation's last ones on, never back."""
    new = new_id(sent_at)
    tx.insert("messages", new, tx.number, conversation_id, channel, external_id, direction, sent_at, received_at, body, author,
    )  # fmt: skip
    tx.run(
        """
        UPDATE conversations SET
            last_message_id = CASE WHEN last_message_at IS NULL OR last_message_at <= ? THEN ? ELSE last_message_id END,
            last_message_at = CASE WHEN last_message_at IS NULL OR last_message_at <= ? THEN ? ELSE last_message_at END,
            last_inbound_at = CASE WHEN ? = 'in' AND (last_inbound_at IS NULL OR last_inbound_at < ?)
                                   THEN ? ELSE last_inbound_at END,
            number = ?
        WHERE id = ?
        """,
        sent_at, new, sent_at, sent_at, direction, sent_at, sent_at, tx.number, conversation_id,
    )  # fmt: skip
    return new


def of_conversation(tx: Tx, conversation_id: UUID, newest: int) -> tuple[tuple[Message, ...], int]:
    """The `newest` messages, oldest first, and how many earlier ones there are."""
    total = tx.value("SELECT count(*) FROM messages WHERE conversation_id = ?", conversation_id)
    rows = tx.rows(
        "SELECT id, direction, sent_at, body, author FROM messages"
        " WHERE conversation_id = ? ORDER BY sent_at DESC, number DESC, id DESC LIMIT ?",
        conversation_id, newest,
    )  # fmt: skip
    shown = tuple(
        Message(row[0], Direction(row[1]), row[2], row[3], row[4], people.name(tx, row[4]))
        for row in reversed(rows)
    )
    return shown, total - len(shown)


# Contacts -----------------------------------------------------------------------------------------


def contact(tx: Tx, contact_id: UUID) -> Contact:
    row = tx.row("SELECT id, name, address FROM contacts WHERE id = ?", contact_id)
    assert row is not None
    return Contact(*row)


def contacts_at(tx: Tx, channel: str, addresses: Sequence[str]) -> dict[str, UUID]:
    """Whose each of these addresses is, of those that are somebody's."""
    places = ", ".join("?" for _ in addresses)
    return dict(
        tx.rows(
            f"SELECT address, contact_id FROM contact_addresses WHERE channel = ? AND address IN ({places})",
            channel, *addresses,
        )
    )  # fmt: skip


def add_contact(tx: Tx, name: str | None, address: str, now: datetime) -> UUID:
    new = new_id(now)
    tx.insert("contacts", new, name, address, now)
    return new


def set_contact(tx: Tx, known: Contact, name: str | None, address: str) -> None:
    """Follow what the contact calls themselves now; a message without a name takes none away."""
    if (name or known.name, address) != (known.name, known.address):
        tx.run(
            "UPDATE contacts SET name = coalesce(?, name), address = ? WHERE id = ?",
            name,
            address,
            known.id,
        )


def add_address(tx: Tx, channel: str, address: str, contact_id: UUID) -> None:
    tx.insert("contact_addresses", channel, address, contact_id)


def has_open(tx: Tx, contact_id: UUID) -> bool:
    return bool(
        tx.row("SELECT 1 FROM conversations WHERE contact_id = ? AND folder <> 'concluded'", contact_id)
    )


def merge(tx: Tx, contact_id: UUID, into: UUID, now: datetime) -> None:
    """Make one contact of two that turned out to be one person."""
    tx.run("UPDATE contact_addresses SET contact_id = ? WHERE contact_id = ?", into, contact_id)
    tx.run(
        "UPDATE conversations SET contact_id = ?, number = ? WHERE contact_id = ?",
        into,
        tx.number,
        contact_id,
    )
    tx.insert("contact_merges", tx.number, contact_id, into, now)


def last_inbound_at(tx: Tx, contact_id: UUID, channel: str) -> datetime | None:
    """When the contact wrote last on the channel, in whichever conversation (R11)."""
    found: datetime | None = tx.value(
        "SELECT max(last_inbound_at) FROM conversations WHERE contact_id = ? AND channel = ?",
        contact_id,
        channel,
    )
    return found
