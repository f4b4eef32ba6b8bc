"""What must hold of any desk, whatever happened to it: after a crash, in a backup, at the end of a story.

Each check is a statement that finds what is wrong; the answers name rows by their ids and say nothing of anybody.
"""

from typing import NamedTuple

from core.desk.transaction import Tx

NAMED = 5  # how many rows a fault names, at most


class Check(NamedTuple):
    """What must hold, and the statement that finds where it does not: one row each, beginning with an id."""

    name: str
    sentence: str
    sql: str


# Of which table a column of another one holds the id.
REFERENCES = """
history.user_id users, tokens.user_id users, tokens.created_by users, tokens.revoked_by users, token_uses.token_id tokens,
sign_ins.user_id users, user_changes.user_id users, user_changes.changed_by users, setting_changes.changed_by users,
preference_changes.user_id users, idempotency_keys.user_id users, reason_changes.reason_id reasons,
reason_changes.changed_by users, contact_addresses.contact_id contacts, contact_merges.contact_id contacts,
contact_merges.into_contact_id contacts, erasures.contact_id contacts, erasures.erased_by users,
conversations.contact_id contacts, conversations.assigned_to users, conversations.conclusion_id conclusions,
conversations.last_message_id messages, messages.conversation_id conversations, messages.author users,
assignments.conversation_id conversations, assignments.assigned_to users, assignments.assigned_by users,
conclusions.conversation_id conversations, conclusions.concluded_by users, classifications.conclusion_id conclusions,
classifications.reason_id reasons, classifications.classified_by users, reopenings.conversation_id conversations,
reopenings.conclusion_id conclusions, reopenings.reopened_by users, reopenings.message_id messages
"""

NUMBERED = (
    "users", "setting_changes", "preference_changes", "reasons", "reason_changes", "contact_merges", "conversations",
    "messages", "assignments", "conclusions", "classifications", "reopenings", "imported_events", "user_changes",
    "erasures",
)  # fmt: skip


def _orphans() -> str:
    pairs = [pair.split() for pair in REFERENCES.replace("\n", " ").split(",")]
    return " UNION ALL ".join(
        f"SELECT '{column} ' || {column} FROM {column.split('.')[0]}"
        f" WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {table})"
        for column, table in pairs
    )


def _unnumbered() -> str:
    found = " UNION ALL ".join(
        f"SELECT DISTINCT '{table} ' || number FROM {table} WHERE number NOT IN (SELECT number FROM history)"
        for table in NUMBERED
    )
    return found.replace("FROM users WHERE", "FROM users WHERE role <> 'system' AND")


# What the conversation's messages say of it. A contact waits since the first message not answered: of those that came
# after the last conclusion was made or, as imported history and older desks count, that were sent after it.
WRITTEN = """
SELECT c.id, max(m.sent_at) AS last_at, max(CASE WHEN m.direction = 'in' THEN m.sent_at END) AS last_in,
       max(CASE WHEN m.direction = 'out' THEN m.sent_at END) AS last_out,
       min(CASE WHEN m.direction = 'in' AND (c.last_outbound_at IS NULL OR m.sent_at > c.last_outbound_at)
                     AND m.number > coalesce(c.concluded_number, 0) THEN m.sent_at END) AS unanswered_by_number,
       min(CASE WHEN m.direction = 'in' AND (c.last_outbound_at IS NULL OR m.sent_at > c.last_outbound_at)
                     AND (l.concluded_at IS NULL OR m.sent_at > l.concluded_at) THEN m.sent_at END) AS unanswered_by_time
FROM conversations AS c
LEFT JOIN messages AS m ON m.conversation_id = c.id
LEFT JOIN conclusions AS l ON l.id = c.conclusion_id
GROUP BY c.id
"""

# Who handed the conversation over last, where that was not an import: rows of one conversation each.
HANDED_OVER = """
SELECT e.conversation_id, e.assigned_to, e.concluded_by, e.cause
FROM (SELECT conversation_id, number, assigned_to, NULL AS concluded_by, 'assigned' AS cause FROM assignments
      UNION ALL
      SELECT r.conversation_id, r.number, r.reopened_by, l.concluded_by, r.cause
      FROM reopenings AS r JOIN conclusions AS l ON l.id = r.conclusion_id) AS e
JOIN (SELECT conversation_id, max(number) AS number
      FROM (SELECT conversation_id, number FROM assignments UNION ALL SELECT conversation_id, number FROM reopenings) AS a
      GROUP BY conversation_id) AS last ON last.conversation_id = e.conversation_id AND last.number = e.number
JOIN history AS h ON h.number = e.number AND h.action <> 'import'
"""

# One row of this table for each command of that name, and none of any other command but an import.
ROW_OF_COMMAND = (
    ("receive_message", "messages"),
    ("assign", "assignments"),
    ("conclude", "conclusions"),
    ("edit_classification", "classifications"),
    ("reopen", "reopenings"),
)
MADE_BY = """
messages receive_message, assignments assign, assignments receive_message, conclusions conclude,
classifications edit_classification, classifications conclude, reopenings reopen, reopenings receive_message
"""


def _half_commands() -> str:
    return " UNION ALL ".join(
        f"SELECT 'command ' || h.number FROM history AS h LEFT JOIN {table} AS t ON t.number = h.number"
        f" WHERE h.action = '{action}' GROUP BY h.number HAVING count(t.number) <> 1"
        for action, table in ROW_OF_COMMAND
    )


def _strange_rows() -> str:
    pairs = [pair.split() for pair in MADE_BY.replace("\n", " ").split(",")]
    found = []
    for table in dict.fromkeys(table for table, _ in pairs):
        actions = ", ".join(f"'{action}'" for its, action in pairs if its == table)
        found.append(
            f"SELECT '{table} of command ' || t.number FROM {table} AS t JOIN history AS h ON h.number = t.number"
            f" WHERE h.action NOT IN ({actions}, 'import')"
        )
    return " UNION ALL ".join(found)


CHECKS = (
    Check(
        "numbers",
        "The numbers of history run from 1 without a gap, each once.",
        "SELECT 'history up to ' || max(number) FROM history"
        " HAVING count(*) <> max(number) OR min(number) <> 1 OR count(DISTINCT number) <> count(*)",
    ),
    Check("numbered", "What a row says of the command that wrote it is in history.", _unnumbered()),
    Check("references", "A row that names another one names one that is there.", _orphans()),
    Check("whole commands", "A command left the one row that it is about.", _half_commands()),
    Check("known commands", "A row is of a command that writes such rows.", _strange_rows()),
    Check(
        "subjects",
        "A command in history names the conversation that its row is of.",
        " UNION ALL ".join(
            f"SELECT t.conversation_id FROM {table} AS t JOIN history AS h ON h.number = t.number"
            f" WHERE h.action = '{action}' AND h.subject_id IS DISTINCT FROM t.conversation_id"
            for action, table in (("assign", "assignments"), ("conclude", "conclusions"), ("reopen", "reopenings"))
        ),
    ),
    Check(
        "R6",
        "A classification made with its conclusion is of the same command, and is its first.",
        "SELECT f.id FROM classifications AS f JOIN conclusions AS l ON l.id = f.conclusion_id"
        " JOIN history AS h ON h.number = f.number"
        " WHERE f.number < l.number OR (h.action = 'conclude' AND (f.number <> l.number OR f.version <> 1))",
    ),
    Check(
        "R13",
        "Of the conversations that began here, a contact has at most one open on a channel.",
        "SELECT min(id::VARCHAR) FROM conversations WHERE folder <> 'concluded' AND source = 'desk'"
        " GROUP BY contact_id, channel HAVING count(*) > 1",
    ),
    Check(
        "R14 cycles",
        "A conversation's conclusions are counted 1, 2, 3.",
        "SELECT conversation_id FROM conclusions GROUP BY conversation_id"
        " HAVING min(cycle) <> 1 OR max(cycle) <> count(*) OR count(DISTINCT cycle) <> count(*)",
    ),
    Check(
        "R14 versions",
        "A conclusion's classifications are counted 1, 2, 3.",
        "SELECT conclusion_id FROM classifications GROUP BY conclusion_id"
        " HAVING min(version) <> 1 OR max(version) <> count(*) OR count(DISTINCT version) <> count(*)",
    ),
    Check(
        "R14 reopenings",
        "A conclusion is reopened at most once, in its own conversation, and before the next one is made.",
        "SELECT l.id FROM conclusions AS l JOIN conversations AS c ON c.id = l.conversation_id"
        " LEFT JOIN reopenings AS r ON r.conclusion_id = l.id GROUP BY l.id, l.conversation_id, l.cycle, c.conclusions"
        " HAVING count(r.id) > 1 OR (count(r.id) = 0 AND l.cycle < c.conclusions)"
        " OR max(CASE WHEN r.conversation_id <> l.conversation_id THEN 1 ELSE 0 END) = 1",
    ),
    Check(
        "messages once",
        "A message of a channel is there once.",
        "SELECT min(id::VARCHAR) FROM messages WHERE external_id IS NOT NULL"
        " GROUP BY channel, external_id HAVING count(*) > 1",
    ),
    Check(
        "channels",
        "A message is of the channel of its conversation.",
        "SELECT m.id FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id WHERE m.channel <> c.channel",
    ),
    Check(
        "begun",
        "A conversation that began here has a message.",
        "SELECT c.id FROM conversations AS c WHERE c.source = 'desk' AND NOT EXISTS"
        " (SELECT 1 FROM messages AS m WHERE m.conversation_id = c.id)",
    ),
    Check(
        "conclusions",
        "A conversation knows how many conclusions it has, and the last one.",
        "SELECT c.id FROM conversations AS c"
        " LEFT JOIN (SELECT conversation_id, count(*) AS conclusions, max(cycle) AS cycle FROM conclusions"
        "            GROUP BY conversation_id) AS n ON n.conversation_id = c.id"
        " LEFT JOIN conclusions AS l ON l.conversation_id = c.id AND l.cycle = n.cycle"
        " WHERE c.conclusions <> coalesce(n.conclusions, 0) OR c.conclusion_id IS DISTINCT FROM l.id"
        " OR (c.concluded_number IS DISTINCT FROM l.number"  # an import leaves it out of those taken up again since
        "     AND NOT (c.concluded_number IS NULL AND c.folder <> 'concluded' AND c.source <> 'desk'))",
    ),
    Check(
        "folder",
        "A conversation is in the folder, and since when, that its last conclusion and reopening say.",
        "SELECT c.id FROM conversations AS c LEFT JOIN conclusions AS l ON l.id = c.conclusion_id"
        " LEFT JOIN reopenings AS r ON r.conclusion_id = l.id"
        " WHERE (c.folder = 'concluded') <> (l.id IS NOT NULL AND r.id IS NULL)"
        " OR c.since <> coalesce(r.reopened_at, l.concluded_at, c.opened_at)",
    ),
    Check(
        "assigned",
        "A conversation is with whom it was handed to last, and in progress or concluded; with nobody, it is new.",
        f"SELECT c.id FROM conversations AS c LEFT JOIN ({HANDED_OVER}) AS h ON h.conversation_id = c.id"
        " WHERE (c.folder = 'new' AND c.assigned_to IS NOT NULL)"
        " OR (c.folder = 'in_progress' AND c.assigned_to IS NULL AND c.source = 'desk')"
        " OR (h.cause IN ('assigned', 'manual')"
        "     AND (c.folder = 'new' OR c.assigned_to IS DISTINCT FROM h.assigned_to))"
        " OR (h.cause = 'message' AND c.assigned_to IS NOT NULL AND c.assigned_to IS DISTINCT FROM h.concluded_by)"
        " OR (h.cause IS NULL AND c.source = 'desk' AND c.assigned_to IS NOT NULL)",
    ),
    Check(
        "last messages",
        "A conversation knows its last messages, and since when its contact waits.",
        f"SELECT c.id FROM conversations AS c JOIN ({WRITTEN}) AS w ON w.id = c.id"
        " LEFT JOIN messages AS m ON m.id = c.last_message_id"
        " WHERE c.last_message_at IS DISTINCT FROM w.last_at OR c.last_inbound_at IS DISTINCT FROM w.last_in"
        " OR c.last_outbound_at IS DISTINCT FROM w.last_out OR m.sent_at IS DISTINCT FROM c.last_message_at"
        " OR m.conversation_id <> c.id"
        " OR CASE WHEN c.folder = 'concluded' THEN c.waiting_since IS NOT NULL"
        "    ELSE c.waiting_since IS DISTINCT FROM w.unanswered_by_number"
        "         AND c.waiting_since IS DISTINCT FROM w.unanswered_by_time END",
    ),
    Check(
        "seen by",
        "A conversation is seen by whom it is with and by all who concluded it, and by no other agent (R18).",
        "SELECT c.id FROM conversations AS c"
        " LEFT JOIN (SELECT id AS conversation_id, assigned_to AS user_id FROM conversations"
        "            UNION SELECT conversation_id, concluded_by FROM conclusions) AS s"
        " ON s.conversation_id = c.id AND s.user_id IS NOT NULL"
        " GROUP BY c.id, c.seen_by"  # ids of 36 characters with commas between
        " HAVING coalesce(length(c.seen_by) + 1, 0) <> 37 * count(s.user_id)"
        " OR count(CASE WHEN contains(c.seen_by, s.user_id::VARCHAR) THEN 1 END) <> count(s.user_id)",
    ),
    Check(
        "last change",
        "No row of a conversation is of a later command than the conversation says.",
        "SELECT c.id FROM conversations AS c JOIN"
        " (SELECT conversation_id, number FROM messages UNION ALL SELECT conversation_id, number FROM assignments"
        "  UNION ALL SELECT conversation_id, number FROM conclusions"
        "  UNION ALL SELECT conversation_id, number FROM reopenings"
        "  UNION ALL SELECT l.conversation_id, f.number FROM classifications AS f"
        "            JOIN conclusions AS l ON l.id = f.conclusion_id) AS r ON r.conversation_id = c.id"
        " GROUP BY c.id, c.number HAVING max(r.number) > c.number",
    ),
    Check(
        "times",
        "A conversation opens, is concluded, reopened and concluded again in this order, and classified after it was concluded.",
        "SELECT l.id FROM conclusions AS l JOIN conversations AS c ON c.id = l.conversation_id"
        " WHERE l.concluded_at < c.opened_at"
        " UNION ALL SELECT r.id FROM reopenings AS r JOIN conclusions AS l ON l.id = r.conclusion_id"
        " LEFT JOIN conclusions AS next ON next.conversation_id = l.conversation_id AND next.cycle = l.cycle + 1"
        " WHERE r.reopened_at < l.concluded_at OR next.concluded_at < r.reopened_at"
        " UNION ALL SELECT f.id FROM classifications AS f JOIN conclusions AS l ON l.id = f.conclusion_id"
        " LEFT JOIN classifications AS next ON next.conclusion_id = f.conclusion_id AND next.version = f.version + 1"
        " WHERE f.classified_at < l.concluded_at OR next.classified_at < f.classified_at"
        " UNION ALL SELECT a.conversation_id FROM assignments AS a JOIN conversations AS c ON c.id = a.conversation_id"
        " WHERE a.assigned_at < c.opened_at",
    ),
    Check(
        "money",
        "A value is not negative and has its currency, and no value has none (R5).",
        "SELECT id FROM classifications WHERE value < 0 OR (value IS NULL) <> (currency IS NULL) OR length(currency) <> 3",
    ),
    Check(
        "reasons",
        "A reason is what its last change says.",
        "SELECT r.id FROM reasons AS r LEFT JOIN reason_changes AS c ON c.reason_id = r.id AND c.number = r.number"
        " LEFT JOIN (SELECT reason_id, max(number) AS number FROM reason_changes GROUP BY reason_id) AS last"
        " ON last.reason_id = r.id"
        " WHERE last.number IS DISTINCT FROM r.number OR (r.description, r.category, r.value_mode, r.in_use)"
        " IS DISTINCT FROM (c.description, c.category, c.value_mode, c.in_use)",
    ),
)  # fmt: skip


def faults(tx: Tx) -> list[str]:
    """What does not hold, a sentence each with the ids of some of the rows; nothing: the desk is sound."""
    found = []
    for check in CHECKS:
        ids = sorted(str(row[0]) for row in tx.rows(check.sql))
        if ids:
            more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
            found.append(f"{check.name}: {check.sentence} Not so: {', '.join(ids[:NAMED])}{more}.")
    return found
