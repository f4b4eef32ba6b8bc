"""The import's side of the desk: what is known there before, and the finished rows that go in."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa

from core import rules
from core.desk import Tx, contacts, conversations, messages, organisation, people, reasons
from core.importing import texts
from core.importing.source import sql
from core.model import SYSTEM_USER_ID, Category, Reason, ReopenCause, ValueMode

# One statement a table of the desk; `arriving` is the table of core/importing/history.sql named beside it, and the
# parameters are the number of the command and what else is the same for every row.
INSERTS = {
    "for_messages": """
        INSERT INTO messages (id, number, conversation_id, channel, external_id, direction, sent_at, received_at, body, author)
        SELECT id::UUID, ?, conversation_id::UUID, channel, NULL, direction, sent_at, sent_at, body, author::UUID
        FROM arriving
    """,
    "for_assignments": """
        INSERT INTO assignments (number, conversation_id, assigned_to, assigned_at, assigned_by)
        SELECT ?, conversation_id::UUID, assigned_to::UUID, assigned_at, NULL FROM arriving
    """,
    "for_conclusions": """
        INSERT INTO conclusions (id, number, conversation_id, cycle, concluded_at, concluded_by, from_folder, archive_preference)
        SELECT id::UUID, ?, conversation_id::UUID, cycle, concluded_at, concluded_by::UUID, from_folder, archive_preference
        FROM arriving
    """,
    "for_classifications": """
        INSERT INTO classifications (id, number, conclusion_id, version, reason_id, category, reason, value, currency,
                                     classified_at, classified_by)
        SELECT id::UUID, ?, conclusion_id::UUID, version, reason_id::UUID, category, reason, value, currency,
               classified_at, classified_by::UUID
        FROM arriving
    """,
}

INSERT_REOPENINGS = """
INSERT INTO reopenings (id, number, conversation_id, conclusion_id, reopened_at, reopened_by, cause, message_id)
SELECT id::UUID, ?, conversation_id::UUID, conclusion_id::UUID, reopened_at,
       CASE WHEN ? = 'message' THEN NULL ELSE reopened_by::UUID END, ?, NULL
FROM arriving
"""

INSERT_CONVERSATIONS = """
INSERT INTO conversations (id, contact_id, channel, folder, assigned_to, opened_at, since, conclusion_id, conclusions,
                           last_message_at, last_message_id, last_inbound_at, source, external_id, number, concluded_number)
SELECT id::UUID, contact_id::UUID, channel, folder, assigned_to::UUID, opened_at, since, conclusion_id::UUID, conclusions,
       last_message_at, last_message_id::UUID, last_inbound_at, ?, external_id, ?, CASE WHEN folder = 'concluded' THEN ? END
FROM arriving WHERE is_new
"""

UPDATE_CONVERSATIONS = """
UPDATE conversations SET
    folder = a.folder, assigned_to = a.assigned_to::UUID, since = a.since, conclusion_id = a.conclusion_id::UUID,
    conclusions = a.conclusions, last_message_at = a.last_message_at, last_message_id = a.last_message_id::UUID,
    last_inbound_at = a.last_inbound_at, number = ?,
    concluded_number = CASE WHEN a.conclusion_id::UUID IS DISTINCT FROM conversations.conclusion_id THEN ?
                            ELSE concluded_number END
FROM arriving AS a WHERE conversations.id = a.id::UUID AND NOT a.is_new
"""


def load_known(tx: Tx, workshop: duckdb.DuckDBPyConnection, source: str) -> None:
    """Tell the workshop what the desk knows of the file's conversations: `known_events`, `known_conversations`."""
    named = _table(workshop, "SELECT DISTINCT conversation, conversation AS kept_as FROM cleaned")
    if contacts.any_erased(tx):
        erased = contacts.KEPT_AS.format("?", "conversation")
        with tx.table("named", named):
            named = tx.arrow(
                f"FROM named UNION ALL SELECT conversation, {erased} FROM named",
                organisation.contact_key(tx), source,
            )  # fmt: skip
    with tx.table("named", named):
        for name in ("known_events", "known_conversations"):
            _hand_over(workshop, name, tx.arrow(sql(f"{name}.sql"), source))


def find(tx: Tx, workshop: duckdb.DuckDBPyConnection, source: str) -> None:
    """Tell the workshop who and what of the accepted events the desk has: `found_…` and `handlers`."""
    _find_agents(tx, workshop, source)
    _find_reasons(tx, workshop)
    addresses = _table(
        workshop,
        "SELECT DISTINCT c.channel, c.address FROM accepted JOIN cleaned AS c USING (row) WHERE c.address IS NOT NULL",
    )
    with tx.table("addresses", addresses):
        found = tx.arrow(
            "SELECT k.channel, k.address, k.contact_id::VARCHAR AS contact_id FROM contact_addresses AS k"
            " JOIN addresses AS a ON a.channel = k.channel AND a.address = k.address"
        )
    _hand_over(workshop, "found_contacts", found)


def _find_agents(tx: Tx, workshop: duckdb.DuckDBPyConnection, source: str) -> None:
    """By e-mail, else by name among those the source brought; both ignoring case."""
    everybody = people.users(tx)
    brought = tx.rows("SELECT name, id FROM users WHERE source = ? ORDER BY id DESC", source)
    known: dict[str, UUID] = {texts.agent_key(name): user_id for name, user_id in brought}
    known |= {user.email: user.id for user in everybody if user.email}
    named = [
        name
        for (name,) in _rows(
            workshop,
            "SELECT DISTINCT c.agent FROM accepted JOIN cleaned AS c USING (row) WHERE c.agent IS NOT NULL",
        )
    ]
    found = [(name, str(known[name])) for name in named if name in known]
    _hand_over(workshop, "found_agents", _texts(("agent", "user_id"), found))
    handlers = [(str(user.id),) for user in everybody if user.handles_conversations]
    _hand_over(workshop, "handlers", _texts(("user_id",), handlers))


def _find_reasons(tx: Tx, workshop: duckdb.DuckDBPyConnection) -> None:
    """Ignoring case and accents: one in use, else a retired one (R4)."""
    known: dict[tuple[str, str], Reason] = {}
    for reason in sorted(reasons.reasons(tx), key=lambda reason: (not reason.in_use, reason.id)):
        known.setdefault((reason.category, rules.fold(reason.description)), reason)
    found = [(*key, str(reason.id), reason.description) for key, reason in known.items()]
    _hand_over(workshop, "found_reasons", _texts(("category", "folded", "reason_id", "reason"), found))


def write(
    tx: Tx, workshop: duckdb.DuckDBPyConnection, source: str, cause: ReopenCause, now: datetime
) -> None:
    """Put the finished rows into the desk, all with the number of the command under way."""
    _add_users(tx, workshop, source)
    for category, description, reason_id in _rows(
        workshop, "SELECT category, reason, id FROM new_reasons ORDER BY id"
    ):
        retired = Reason(reason_id, description, Category(category), ValueMode.OPTIONAL, in_use=False)
        reasons.add(tx, retired, SYSTEM_USER_ID, now)
    _add_contacts(tx, workshop)
    with tx.table("arriving", _table(workshop, "FROM for_conversations")):
        tx.run(INSERT_CONVERSATIONS, source, tx.number, tx.number)
        tx.run(UPDATE_CONVERSATIONS, tx.number, tx.number)
    for name, statement in INSERTS.items():
        with tx.table("arriving", _table(workshop, f"FROM {name}")):
            tx.run(statement, tx.number)
    with tx.table("arriving", _table(workshop, "FROM for_reopenings")):
        tx.run(INSERT_REOPENINGS, tx.number, cause, cause)
    messages.find_who_waits(tx)
    conversations.find_who_sees(tx)
    with tx.table(
        "arriving",
        _table(workshop, "SELECT conversation, event, occurred_at, rank FROM accepted JOIN names USING (no)"),
    ):
        tx.run(
            "INSERT INTO imported_events (source, conversation, event, occurred_at, rank, number)"
            " SELECT ?, conversation, event, occurred_at, rank, ? FROM arriving",
            source, tx.number,
        )  # fmt: skip


def _add_users(tx: Tx, workshop: duckdb.DuckDBPyConnection, source: str) -> None:
    """Somebody known only from an import: deactivated, without an e-mail."""
    with tx.table("arriving", _table(workshop, "SELECT id, name FROM new_users")):
        tx.run(
            "INSERT INTO users (id, email, name, role, active, source, number)"
            " SELECT id::UUID, NULL, name, 'agent', FALSE, ?, ? FROM arriving",
            source, tx.number,
        )  # fmt: skip


def _add_contacts(tx: Tx, workshop: duckdb.DuckDBPyConnection) -> None:
    """New contacts, and names for those the desk has without one."""
    with tx.table("arriving", _table(workshop, "FROM new_contacts")):
        tx.run(
            "INSERT INTO contacts (id, name, address, created_at)"
            " SELECT id::UUID, name, address, created_at FROM arriving"
        )
        tx.run(
            "INSERT INTO contact_addresses (channel, address, contact_id)"
            " SELECT channel, address, id::UUID FROM arriving WHERE channel IS NOT NULL"
        )
    with tx.table("arriving", _table(workshop, "FROM contact_names")):
        tx.run(
            "UPDATE contacts SET name = a.name FROM arriving AS a"
            " WHERE contacts.id = a.contact_id::UUID AND contacts.name IS NULL"
        )


def _table(workshop: duckdb.DuckDBPyConnection, question: str) -> pa.Table:
    return workshop.execute(question).to_arrow_table()


def _rows(workshop: duckdb.DuckDBPyConnection, question: str) -> list[tuple[Any, ...]]:
    return workshop.execute(question).fetchall()


def _texts(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> pa.Table:
    schema = pa.schema([(column, pa.string()) for column in columns])
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema)


def _hand_over(workshop: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Let the workshop's statements read `table`, by `name`."""
    workshop.register(name, table)
