"""Messages."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.desk import contacts, people
from core.desk.transaction import Tx, places
from core.ids import new_id
from core.model import Direction, Message

EVERY = 1_000_000  # messages of a conversation

# What a message at one time, which each question mark stands for, changes about who waits for whom.
INBOUND = """
last_inbound_at = greatest(coalesce(last_inbound_at, ?), ?),
waiting_since = CASE WHEN last_outbound_at >= ? THEN waiting_since ELSE least(coalesce(waiting_since, ?), ?) END
"""
OUTBOUND = """
last_outbound_at = greatest(coalesce(last_outbound_at, ?), ?),
waiting_since = CASE WHEN waiting_since > ? THEN waiting_since
                     WHEN last_inbound_at > ? THEN (
    SELECT min(m.sent_at) FROM messages AS m
    WHERE m.conversation_id = conversations.id AND m.direction = 'in'
      AND m.sent_at > greatest(coalesce(conversations.last_outbound_at, ?), ?)
      AND m.number > coalesce(conversations.concluded_number, 0)) END
"""


def conversation_of(tx: Tx, channel: str, external_id: str) -> UUID | None:
    """The conversation that holds the message with this id of the channel, be it erased."""
    found = _holding(tx, channel, external_id)
    if found is None and contacts.any_erased(tx):
        found = _holding(tx, channel, contacts.kept_as(tx, channel, external_id))
    return found


def _holding(tx: Tx, channel: str, external_id: str) -> UUID | None:
    named = tx.rows("SELECT conversation_id, channel FROM messages WHERE external_id = ?", external_id)
    return next((conversation_id for conversation_id, its in named if its == channel), None)


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
    tx.insert(
        "messages", new, tx.number, conversation_id, channel, external_id, direction, sent_at, received_at, body, author
    )  # fmt: skip
    moved = INBOUND if direction is Direction.IN else OUTBOUND
    times = [sent_at] * moved.count("?")
    tx.run(
        f"""
        UPDATE conversations SET
            last_message_id = CASE WHEN last_message_at > ? THEN last_message_id ELSE ? END,
            last_message_at = greatest(coalesce(last_message_at, ?), ?),
            {moved}, number = ?
        WHERE id = ?
        """,
        sent_at, new, sent_at, sent_at, *times, tx.number, conversation_id,
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


def count(tx: Tx, conversation_ids: Sequence[UUID]) -> int:
    sql = f"SELECT count(*) FROM messages WHERE conversation_id IN ({places(conversation_ids)})"
    return int(tx.value(sql, *conversation_ids)) if conversation_ids else 0


def external_ids(tx: Tx, conversation_id: UUID) -> dict[UUID, str | None]:
    """Each message's id on its channel."""
    return dict(tx.rows("SELECT id, external_id FROM messages WHERE conversation_id = ?", conversation_id))


def find_who_waits(tx: Tx) -> None:
    """Set anew, for the conversations that the command under way brought in, since when their contact waits."""
    tx.run(
        """
        UPDATE conversations SET last_outbound_at = w.last_outbound_at
        FROM (SELECT conversation_id, max(sent_at) AS last_outbound_at FROM messages
              WHERE direction = 'out' AND conversation_id IN (SELECT id FROM conversations WHERE number = ?)
              GROUP BY conversation_id) AS w
        WHERE conversations.id = w.conversation_id
        """,
        tx.number,
    )
    tx.run(
        """
        UPDATE conversations SET waiting_since = w.waiting_since
        FROM (SELECT c.id, min(m.sent_at) FILTER (
                         m.direction = 'in' AND c.folder <> 'concluded'
                         AND (c.last_outbound_at IS NULL OR m.sent_at > c.last_outbound_at)
                         AND (l.concluded_at IS NULL OR m.sent_at > l.concluded_at)) AS waiting_since
              FROM conversations AS c
              JOIN messages AS m ON m.conversation_id = c.id
              LEFT JOIN conclusions AS l ON l.id = c.conclusion_id
              WHERE c.number = ?
              GROUP BY c.id) AS w
        WHERE conversations.id = w.id
        """,
        tx.number,
    )


def last_inbound(tx: Tx, contact_ids: Sequence[UUID]) -> dict[tuple[UUID, str], datetime]:
    """When each of these contacts wrote last on each channel, in whichever conversation (R11)."""
    last: dict[tuple[UUID, str], datetime] = {}
    for contact_id, channel, at in tx.rows(
        f"SELECT contact_id, channel, last_inbound_at FROM conversations WHERE contact_id IN ({places(contact_ids)})",
        *contact_ids,
    ):
        if at is not None:
            last[contact_id, channel] = max(at, last.get((contact_id, channel), at))
    return last
