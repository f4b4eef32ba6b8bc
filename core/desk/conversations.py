"""Conversations, their conclusions with every classification, and their reopenings."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from core import rules
from core.desk import messages, people
from core.desk.transaction import Row, Tx, only, places
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
    Listing,
    Order,
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

REOPENING = "SELECT id, conversation_id, conclusion_id, reopened_at, reopened_by, cause FROM reopenings"

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


def _reopening(tx: Tx, row: Row) -> Reopening:
    return Reopening(row[0], row[1], row[2], row[3], row[4], people.name(tx, row[4]), ReopenCause(row[5]))


def conversation(tx: Tx, conversation_id: UUID) -> Conversation | None:
    return _conversation(tx, tx.row(f"{CONVERSATION} WHERE id = ?", conversation_id))


def latest(tx: Tx, contact_id: UUID, channel: str) -> Conversation | None:
    """The contact's latest conversation: the open one opened last, otherwise the one concluded last.

    Where times are equal the order of the commands decides.
    """
    rows = tx.rows(  # a handful: to choose here costs less than to have them ordered there
        "SELECT id, channel, folder, opened_at, since, coalesce(concluded_number, 0)"
        " FROM conversations WHERE contact_id = ?",
        contact_id,
    )
    here = [(id_, folder, *times) for id_, its, folder, *times in rows if its == channel]
    still_open = [(opened_at, id_) for id_, folder, opened_at, _, _ in here if folder != Folder.CONCLUDED]
    concluded = [(since, number, id_) for id_, folder, _, since, number in here if folder == Folder.CONCLUDED]
    if not here:
        return None
    return conversation(tx, max(still_open)[-1] if still_open else max(concluded)[-1])


def other_open(tx: Tx, than: Conversation) -> UUID | None:
    rows = tx.rows("SELECT id, channel, folder FROM conversations WHERE contact_id = ?", than.contact_id)
    others = (
        id_
        for id_, channel, folder in rows
        if channel == than.channel and folder != Folder.CONCLUDED and id_ != than.id
    )
    return next(others, None)


def of_contact(tx: Tx, contact_id: UUID) -> list[UUID]:
    """All of the contact's conversations, the first one first."""
    rows = tx.rows("SELECT id, opened_at FROM conversations WHERE contact_id = ?", contact_id)
    return [id_ for id_, _ in sorted(rows, key=lambda row: (row[1], row[0]))]


def imported(tx: Tx, contact_id: UUID) -> list[tuple[str, str]]:
    """The import and the name in it, of each of the contact's conversations that came so."""
    rows = tx.rows("SELECT source, external_id FROM conversations WHERE contact_id = ?", contact_id)
    return [(source, name) for source, name in rows if name is not None]


def external_id(tx: Tx, conversation_id: UUID) -> str | None:
    """Its name in an import."""
    return tx.first(only, "SELECT external_id FROM conversations WHERE id = ?", conversation_id)


def assignments(tx: Tx, conversation_id: UUID) -> list[Row]:
    """To whom, when and by whom it was assigned, the first time first."""
    return tx.rows(
        "SELECT assigned_to, assigned_at, assigned_by FROM assignments WHERE conversation_id = ?"
        " ORDER BY assigned_at, number",
        conversation_id,
    )


def open_conversation(
    tx: Tx, contact_id: UUID, channel: str, folder: Folder, assigned_to: UUID | None, opened_at: datetime
) -> UUID:
    new = new_id(opened_at)
    tx.insert(
        "conversations", new, contact_id, channel, folder, assigned_to, opened_at, opened_at, None, None, 0,
        None, None, None, DESK_SOURCE, None, tx.number, None, None, assigned_to and str(assigned_to),
    )  # fmt: skip
    return new


def assign(tx: Tx, conversation_id: UUID, to: UUID | None, by: UUID, now: datetime) -> None:
    """Hand an open conversation over; it is in progress from then on."""
    tx.run(
        "UPDATE conversations SET folder = 'in_progress', assigned_to = ?, seen_by = ?, number = ? WHERE id = ?",
        to, _seen_by(tx, conversation_id, to), tx.number, conversation_id,
    )  # fmt: skip
    add_assignment(tx, conversation_id, to, by, now)


def _seen_by(tx: Tx, conversation_id: UUID, assigned_to: UUID | None) -> str | None:
    """The agents who see a conversation, once it is with `assigned_to` (R18)."""
    concluded = tx.rows("SELECT concluded_by FROM conclusions WHERE conversation_id = ?", conversation_id)
    who = dict.fromkeys([assigned_to, *(user_id for (user_id,) in concluded)])
    return ",".join(str(user_id) for user_id in who if user_id) or None


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
    tx.insert(
        "conclusions", new.id, tx.number, of.id, new.cycle, concluded_at, user_id, of.folder, archive
    )  # fmt: skip
    tx.run(
        "UPDATE conversations SET folder = 'concluded', since = ?, conclusion_id = ?, concluded_number = ?,"
        " conclusions = ?, waiting_since = NULL, number = ?,"
        " seen_by = CASE WHEN contains(seen_by, ?) THEN seen_by ELSE concat_ws(',', seen_by, ?) END WHERE id = ?",
        concluded_at, new.id, tx.number, new.cycle, tx.number, str(user_id), str(user_id), of.id,
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
    tx.insert("reopenings", new_id(at), tx.number, of.id, of.conclusion.id, at, by, cause, message_id)
    tx.run(
        "UPDATE conversations SET folder = ?, assigned_to = ?, seen_by = ?, since = ?, number = ? WHERE id = ?",
        folder, assigned_to, _seen_by(tx, of.id, assigned_to), at, tx.number, of.id,
    )  # fmt: skip


def find_who_sees(tx: Tx) -> None:
    """Set anew, for the conversations that the command under way brought in, which agents see them (R18)."""
    tx.run("UPDATE conversations SET seen_by = assigned_to::VARCHAR WHERE number = ?", tx.number)
    tx.run(
        """
        UPDATE conversations SET seen_by = concat_ws(',', seen_by, w.concluders)
        FROM (SELECT l.conversation_id, string_agg(DISTINCT l.concluded_by::VARCHAR, ',') AS concluders
              FROM conclusions AS l JOIN conversations AS c ON c.id = l.conversation_id
              WHERE c.number = ? AND l.concluded_by IS NOT NULL AND l.concluded_by IS DISTINCT FROM c.assigned_to
              GROUP BY l.conversation_id) AS w
        WHERE conversations.id = w.conversation_id
        """,
        tx.number,
    )


def touch(tx: Tx, conversation_id: UUID) -> None:
    """Say that the command under way changed the conversation's history."""
    tx.run("UPDATE conversations SET number = ? WHERE id = ?", tx.number, conversation_id)


def add_classification(tx: Tx, added: Classification) -> None:
    tx.insert(
        "classifications", added.id, tx.number, added.conclusion_id, added.version, added.reason_id, added.category,
        added.reason, added.value, added.currency, added.classified_at, added.classified_by,
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
    found = tx.rows(f"{CLASSIFICATION} WHERE conclusion_id IN ({places(rows)})", *versions) if rows else []
    for row in sorted(found, key=lambda row: row[2]):
        versions[row[1]].append(_classification(tx, row))
    return tuple(_conclusion(tx, row, tuple(versions[row[0]])) for row in rows)


def concluded_since(tx: Tx, number: int, most: int) -> list[Conclusion]:
    """What commands after `number` concluded, at most so many, without versions."""
    return [_conclusion(tx, row) for row in tx.rows(f"{CONCLUSION} WHERE number > ? LIMIT ?", number, most)]


def classified_since(tx: Tx, number: int, most: int) -> list[Classification]:
    """The versions that commands after `number` added, at most so many."""
    rows = tx.rows(f"{CLASSIFICATION} WHERE number > ? LIMIT ?", number, most)
    return sorted((_classification(tx, row) for row in rows), key=lambda version: version.version)


def reopened_since(tx: Tx, number: int, most: int) -> list[Reopening]:
    return [_reopening(tx, row) for row in tx.rows(f"{REOPENING} WHERE number > ? LIMIT ?", number, most)]


def last_change(tx: Tx, conversation_id: UUID) -> int:
    found: int | None = tx.first(only, "SELECT number FROM conversations WHERE id = ?", conversation_id)
    return found or 0


def reasons_used_by(tx: Tx, user_id: UUID, classifications: int) -> list[UUID]:
    """The reasons of a user's last classifications, the last first."""
    rows = tx.rows(
        "SELECT reason_id FROM classifications WHERE classified_by = ? ORDER BY number DESC LIMIT ?",
        user_id,
        classifications,
    )
    return [reason_id for (reason_id,) in rows]


def reopenings(tx: Tx, conversation_id: UUID) -> tuple[Reopening, ...]:
    rows = tx.rows(f"{REOPENING} WHERE conversation_id = ? ORDER BY number, reopened_at", conversation_id)
    return tuple(_reopening(tx, row) for row in rows)


# The list -----------------------------------------------------------------------------------------


ACTIVE_AT = """
CASE WHEN c.folder = 'concluded' THEN c.since ELSE greatest(c.since, coalesce(c.last_message_at, c.since)) END
"""

WINDOW_CHANNELS = ", ".join(f"'{channel}'" for channel in sorted(rules.SERVICE_WINDOW_CHANNELS))
WINDOW_FROM = f"""
CASE WHEN c.folder <> 'concluded' AND c.channel IN ({WINDOW_CHANNELS}) AND c.last_inbound_at > ?
     THEN c.last_inbound_at END
"""

VISIBLE = "(c.folder = 'new' OR contains(c.seen_by, ?))"  # R18

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
    if which.visible_to is not None and which.folder is not Folder.NEW:  # those everybody sees
        conditions.append(VISIBLE)
        params.append(str(which.visible_to))
    if which.channel is not None:
        conditions.append("c.channel = ?")
        params.append(which.channel)
    if which.waiting:
        conditions.append("c.waiting_since IS NOT NULL")
    if which.reopened:
        conditions.append("c.conclusions > (c.folder = 'concluded')::INTEGER")
    if which.q:
        conditions.append(FOUND)
        params += [which.q, rules.address_sought(which.q), which.q]
    return " AND ".join(conditions), params


def summaries(
    tx: Tx, which: Listing, limit: int, after: tuple[datetime, UUID] | None = None, offset: int = 0
) -> list[ConversationSummary]:
    """A page of the list; `after`: the last row of the page before, in the order RECENT."""
    where, params = _conditions(which)
    if after is not None:
        where += f" AND ({ACTIVE_AT} < ? OR ({ACTIVE_AT} = ? AND c.id < ?))"
        params += [after[0], after[0], after[1]]
    order = "c.since" if which.folder is Folder.CONCLUDED else ACTIVE_AT
    order = f"{order} DESC, c.id DESC"
    if which.order is Order.WAITING:
        order = f"c.waiting_since ASC NULLS LAST, {order}"
    elif which.order is Order.WINDOW:
        order = f"{WINDOW_FROM} ASC NULLS LAST, {order}"
        params.append(which.window_after)
    ids = tx.rows(
        f"SELECT c.id FROM conversations AS c WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",
        *params, limit, offset,
    )  # fmt: skip
    return _summaries(tx, [row[0] for row in ids]) if ids else []


def _summaries(tx: Tx, ids: list[UUID]) -> list[ConversationSummary]:
    """The rows of these conversations, in their order: few rows by key cost less than a join over all."""

    def by_id(sql: str, keys: Iterable[UUID | None]) -> dict[UUID, Row]:
        wanted = list({key for key in keys if key is not None})
        return {row[0]: row for row in tx.rows(f"{sql} ({places(wanted)})", *wanted)} if wanted else {}

    rows = by_id(
        "SELECT c.id, contact_id, channel, folder, assigned_to, opened_at, since, last_message_at, last_message_id,"
        f" last_inbound_at, conclusions, waiting_since, {ACTIVE_AT} FROM conversations AS c WHERE c.id IN",
        ids,
    )
    contacts = by_id(
        "SELECT id, name, address, erased_at FROM contacts WHERE id IN", (r[1] for r in rows.values())
    )
    said = by_id(
        "SELECT id, left(body, 200), direction FROM messages WHERE id IN", (r[8] for r in rows.values())
    )
    wrote = messages.last_inbound(tx, [row[1] for row in rows.values()])
    return [
        ConversationSummary(
            id=row[0],
            contact=Contact(*contacts[row[1]]),
            channel=row[2],
            folder=Folder(row[3]),
            assigned_to=row[4],
            assigned_to_name=people.name(tx, row[4]),
            opened_at=row[5],
            since=row[6],
            last_message_at=row[7],
            last_message=said[row[8]][1] if row[8] else None,
            last_message_direction=Direction(said[row[8]][2]) if row[8] else None,
            last_inbound_at=row[9],
            reopened=row[10] > (1 if row[3] == Folder.CONCLUDED else 0),
            waiting_since=row[11],
            service_window_ends_at=rules.service_window_ends_at(row[2], wrote.get((row[1], row[2]))),
            active_at=row[12],
        )
        for row in (rows[id_] for id_ in ids)
    ]


def channels(tx: Tx) -> list[str]:
    """Every channel that a conversation came from."""
    return [name for (name,) in tx.rows("SELECT DISTINCT channel FROM conversations ORDER BY channel")]


def counts(tx: Tx, which: Listing) -> dict[Folder, int]:
    """How many conversations a list would show, by folder."""
    where, params = _conditions(which)
    found: dict[str, int] = dict(
        tx.rows(f"SELECT c.folder, count(*) FROM conversations AS c WHERE {where} GROUP BY 1", *params)
    )
    return {folder: found.get(folder, 0) for folder in Folder}
