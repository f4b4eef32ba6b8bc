"""Conversations, their conclusions with every classification, and their reopenings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.desk import people
from core.desk.transaction import Row, Tx, only
from core.ids import new_id
from core.model import (
    DESK_SOURCE,
    ArchivePreference,
    Category,
    Classification,
    Conclusion,
    Contact,
    Conversation,
    ConversationSummary,
    Direction,
    Folder,
    ReopenCause,
    Reopening,
)

# One table a statement: a join costs DuckDB more than another look-up by key does.
CONVERSATION = """
SELECT id, contact_id, channel, folder, assigned_to, opened_at, since, source, conclusion_id FROM conversations
"""

CONCLUSION = """
SELECT id, conversation_id, cycle, concluded_at, concluded_by, from_folder, archive_preference FROM conclusions
"""

CLASSIFICATION = """
SELECT id, conclusion_id, version, reason_id, category, reason, value, currency, classified_at, classified_by
FROM classifications
"""


def _conclusion(tx: Tx, row: Row, versions: tuple[Classification, ...] = ()) -> Conclusion:
    return Conclusion(
        id=row[0],
        conversation_id=row[1],
        cycle=row[2],
        concluded_at=row[3],
        concluded_by=row[4],
        concluded_by_name=people.name(tx, row[4]),
        from_folder=Folder(row[5]),
        archive_preference=ArchivePreference(row[6]),
        classifications=versions,
    )


def _conversation(tx: Tx, row: Row | None) -> Conversation | None:
    if row is None:
        return None
    last = tx.row(f"{CONCLUSION} WHERE id = ?", row[8]) if row[8] else None
    return Conversation(
        id=row[0],
        contact_id=row[1],
        channel=row[2],
        folder=Folder(row[3]),
        assigned_to=row[4],
        assigned_to_name=people.name(tx, row[4]),
        opened_at=row[5],
        since=row[6],
        source=row[7],
        conclusion=_conclusion(tx, last) if last else None,
    )


def _classification(tx: Tx, row: Row) -> Classification:
    return Classification(
        id=row[0],
        conclusion_id=row[1],
        version=row[2],
        reason_id=row[3],
        category=Category(row[4]),
        reason=row[5],
        value=row[6],
        currency=row[7],
        classified_at=row[8],
        classified_by=row[9],
        classified_by_name=people.name(tx, row[9]),
    )


def conversation(tx: Tx, conversation_id: UUID) -> Conversation | None:
    return _conversation(tx, tx.row(f"{CONVERSATION} WHERE id = ?", conversation_id))


def latest(tx: Tx, contact_id: UUID, channel: str) -> Conversation | None:
    """The contact's latest conversation: the open one opened last, otherwise the one concluded last.

    Where times are equal the order of the commands decides.
    """
    rows = tx.rows(  # a handful: to choose here costs less than to have them ordered there
        "SELECT id, folder = 'concluded', opened_at, since, coalesce(concluded_number, 0)"
        " FROM conversations WHERE contact_id = ? AND channel = ?",
        contact_id, channel,
    )  # fmt: skip
    still_open = [(opened_at, id_) for id_, concluded, opened_at, _, _ in rows if not concluded]
    concluded_ones = [(since, number, id_) for id_, concluded, _, since, number in rows if concluded]
    if not rows:
        return None
    return conversation(tx, max(still_open)[-1] if still_open else max(concluded_ones)[-1])


def other_open(tx: Tx, than: Conversation) -> UUID | None:
    return tx.first(only, "SELECT id FROM conversations WHERE contact_id = ? AND channel = ? AND folder <> 'concluded' AND id <> ?",
        than.contact_id, than.channel, than.id,)  # fmt: skip


def open_conversation(
    tx: Tx, contact_id: UUID, channel: str, folder: Folder, assigned_to: UUID | None, opened_at: datetime
) -> UUID:
    new = new_id(opened_at)
    tx.insert(
        "conversations", new, contact_id, channel, folder, assigned_to, opened_at, opened_at, None, None, 0,
        None, None, None, DESK_SOURCE, None, tx.number,
    )  # fmt: skip
    return new


def assign(tx: Tx, conversation_id: UUID, to: UUID | None, by: UUID, now: datetime) -> None:
    """Hand an open conversation over; it is in progress from then on."""
    tx.run(
        "UPDATE conversations SET folder = 'in_progress', assigned_to = ?, number = ? WHERE id = ?",
        to, tx.number, conversation_id,
    )  # fmt: skip
    add_assignment(tx, conversation_id, to, by, now)


def add_assignment(tx: Tx, conversation_id: UUID, to: UUID | None, by: UUID, now: datetime) -> None:
    tx.insert("assignments", tx.number, conversation_id, to, now, by)


def conclude(
    tx: Tx, of: Conversation, user_id: UUID, archive: ArchivePreference, concluded_at: datetime
) -> Conclusion:
    """Append the conclusion and move the conversation to `concluded`."""
    new = Conclusion(
        id=new_id(concluded_at),
        conversation_id=of.id,
        cycle=of.conclusion.cycle + 1 if of.conclusion else 1,
        concluded_at=concluded_at,
        concluded_by=user_id,
        concluded_by_name=people.name(tx, user_id),
        from_folder=of.folder,
        archive_preference=archive,
    )
    tx.insert("conclusions", new.id, tx.number, of.id, new.cycle, concluded_at, user_id, of.folder, archive,
    )  # fmt: skip
    tx.run(
        "UPDATE conversations SET folder = 'concluded', since = ?, conclusion_id = ?, concluded_number = ?,"
        " conclusions = ?, number = ? WHERE id = ?",
        concluded_at, new.id, tx.number, new.cycle, tx.number, of.id,
    )  # fmt: skip
    return new


def reopen(
    tx: Tx,
    of: Conversation,
    folder: Folder,
    assigned_to: UUID | None,
    at: datetime,
    cause: ReopenCause,
    by: UUID | None,
    message_id: UUID | None = None,
) -> None:
    """Append the reopening of the last conclusion and take the conversation out of `concluded`."""
    assert of.conclusion is not None
    tx.insert("reopenings", new_id(at), tx.number, of.id, of.conclusion.id, at, by, cause, message_id,
    )  # fmt: skip
    tx.run(
        "UPDATE conversations SET folder = ?, assigned_to = ?, since = ?, number = ? WHERE id = ?",
        folder, assigned_to, at, tx.number, of.id,
    )  # fmt: skip


def touch(tx: Tx, conversation_id: UUID) -> None:
    """Say that the command under way changed the conversation's history."""
    tx.run("UPDATE conversations SET number = ? WHERE id = ?", tx.number, conversation_id)


def add_classification(tx: Tx, added: Classification) -> None:
    tx.insert("classifications", added.id, tx.number, added.conclusion_id, added.version, added.reason_id, added.category, added.reason,
        added.value, added.currency, added.classified_at, added.classified_by,
    )  # fmt: skip


def conclusion(tx: Tx, conclusion_id: UUID) -> Conclusion | None:
    """One conclusion with its versions."""
    row = tx.row(f"{CONCLUSION} WHERE id = ?", conclusion_id)
    if row is None:
        return None
    versions = tx.rows(f"{CLASSIFICATION} WHERE conclusion_id = ? ORDER BY version", conclusion_id)
    return _conclusion(tx, row, tuple(_classification(tx, version) for version in versions))


def conclusions(tx: Tx, conversation_id: UUID) -> tuple[Conclusion, ...]:
    """A conversation's conclusions, oldest first, each with its versions."""
    rows = tx.rows(f"{CONCLUSION} WHERE conversation_id = ? ORDER BY cycle", conversation_id)
    versions: dict[UUID, list[Classification]] = {row[0]: [] for row in rows}
    for row in tx.rows(
        f"{CLASSIFICATION} WHERE conclusion_id IN (SELECT id FROM conclusions WHERE conversation_id = ?)"
        " ORDER BY version",
        conversation_id,
    ):
        versions[row[1]].append(_classification(tx, row))
    return tuple(_conclusion(tx, row, tuple(versions[row[0]])) for row in rows)


def reopenings(tx: Tx, conversation_id: UUID) -> tuple[Reopening, ...]:
    rows = tx.rows(
        "SELECT id, conversation_id, conclusion_id, reopened_at, reopened_by, cause"
        " FROM reopenings WHERE conversation_id = ? ORDER BY number, reopened_at",
        conversation_id,
    )
    return tuple(
        Reopening(row[0], row[1], row[2], row[3], row[4], people.name(tx, row[4]), ReopenCause(row[5]))
        for row in rows
    )


def has_concluded(tx: Tx, user_id: UUID, conversation_id: UUID) -> bool:
    return bool(
        tx.row(
            "SELECT 1 FROM conclusions WHERE conversation_id = ? AND concluded_by = ?",
            conversation_id,
            user_id,
        )
    )


# The list -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing:
    """Which conversations a list shows. `visible_to`: only what this agent sees (R18)."""

    folder: Folder | None = None
    agent: UUID | None = None  # assigned to them
    q: str | None = None  # in the contact's name or address, or a message's text
    visible_to: UUID | None = None


ACTIVE_AT = """
CASE WHEN c.folder = 'concluded' THEN c.since ELSE greatest(c.since, coalesce(c.last_message_at, c.since)) END
"""

VISIBLE = """
(c.folder = 'new' OR c.assigned_to = ? OR c.id IN (SELECT conversation_id FROM conclusions WHERE concluded_by = ?))
"""

FOUND = """
(c.contact_id IN (SELECT id FROM contacts
                  WHERE contains(strip_accents(lower(name)), strip_accents(lower(?))) OR contains(lower(address), lower(?)))
 OR c.id IN (SELECT conversation_id FROM messages WHERE contains(strip_accents(lower(body)), strip_accents(lower(?)))))
"""


def _conditions(which: Listing) -> tuple[str, list[Any]]:
    conditions: list[str] = ["TRUE"]
    params: list[Any] = []
    if which.folder is not None:
        conditions.append("c.folder = ?")
        params.append(which.folder)
    if which.agent is not None:
        conditions.append("c.assigned_to = ?")
        params.append(which.agent)
    if which.visible_to is not None:
        conditions.append(VISIBLE)
        params += [which.visible_to] * 2
    if which.q:
        conditions.append(FOUND)
        params += [which.q] * 3
    return " AND ".join(conditions), params


def summaries(
    tx: Tx, which: Listing, limit: int, after: tuple[datetime, UUID] | None = None, offset: int = 0
) -> list[ConversationSummary]:
    """A page of the list, the most recently active first; `after`: the last row of the page before."""
    where, params = _conditions(which)
    if after is not None:
        where += f" AND ({ACTIVE_AT} < ? OR ({ACTIVE_AT} = ? AND c.id < ?))"
        params += [after[0], after[0], after[1]]
    rows = tx.rows(
        f"""
        WITH page AS (
            SELECT c.*, {ACTIVE_AT} AS active_at FROM conversations AS c WHERE {where}
            ORDER BY active_at DESC, c.id DESC LIMIT ? OFFSET ?
        )
        SELECT p.id, p.contact_id, contact.name, contact.address, p.channel, p.folder, p.assigned_to, agent.name,
               p.opened_at, p.since, p.last_message_at, left(m.body, 200), m.direction, p.last_inbound_at,
               p.conclusions, p.active_at
        FROM page AS p
        JOIN contacts AS contact ON contact.id = p.contact_id
        LEFT JOIN users AS agent ON agent.id = p.assigned_to
        LEFT JOIN messages AS m ON m.id = p.last_message_id
        ORDER BY p.active_at DESC, p.id DESC
        """,
        *params, limit, offset,
    )  # fmt: skip
    return [
        ConversationSummary(
            id=row[0],
            contact=Contact(row[1], row[2], row[3]),
            channel=row[4],
            folder=Folder(row[5]),
            assigned_to=row[6],
            assigned_to_name=row[7],
            opened_at=row[8],
            since=row[9],
            last_message_at=row[10],
            last_message=row[11],
            last_message_direction=None if row[12] is None else Direction(row[12]),
            last_inbound_at=row[13],
            reopened=row[14] > (1 if row[5] == Folder.CONCLUDED else 0),
            active_at=row[15],
        )
        for row in rows
    ]


def counts(tx: Tx, which: Listing) -> dict[Folder, int]:
    """How many conversations a list would show, by folder."""
    where, params = _conditions(which)
    found: dict[str, int] = dict(
        tx.rows(f"SELECT c.folder, count(*) FROM conversations AS c WHERE {where} GROUP BY 1", *params)
    )
    return {folder: found.get(folder, 0) for folder in Folder}
