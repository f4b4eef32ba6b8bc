"""The record: who did what and when, which is history, and what was refused, which stands beside it."""

import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from operator import itemgetter
from uuid import UUID

from core.desk import people
from core.desk.transaction import Row, Tx, places
from core.ids import new_id
from core.model import SYSTEM_USER_ID, RecordEntry, RecordFilter, Refusal

LONGEST_EMAIL = 320  # characters
MOST = 60  # different refusals of one person and action that are written in one minute

Key = tuple[datetime, int, UUID | None]  # where an entry stands
NO_REFUSAL = UUID(int=0)  # before the first one


# What was refused ---------------------------------------------------------------------------------


class Lately:
    """What was refused in this minute, so that neither disk nor memory is filled by who is refused again and again:
    the same once, of one person and action `MOST`, and of all who are nobody here as many. Any number of threads ask
    it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute: datetime | None = None
        self._seen: dict[tuple[UUID | None, str], set[tuple[object, ...]]] = {}

    def new(
        self, refusals: Iterable[Refusal], clock: Callable[[], datetime]
    ) -> list[tuple[Refusal, datetime]]:
        """Those to be written, each with its time: its own, or what the clock says."""
        timed = [(refusal, refusal.at or clock()) for refusal in refusals]
        with self._lock:
            return [(refusal, at) for refusal, at in timed if self._is_new(refusal, at)]

    def _is_new(self, refusal: Refusal, at: datetime) -> bool:
        minute = at.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._seen = minute, {}
        seen = self._seen.setdefault((refusal.user_id, refusal.action), set())
        what = (refusal.who, refusal.subject_id, refusal.page, refusal.code)
        if what in seen or len(seen) >= MOST:
            return False
        seen.add(what)
        return True


def add_refusals(tx: Tx, refusals: Iterable[tuple[Refusal, datetime]]) -> None:
    for refusal, at in refusals:
        if refusal.user_id and people.user(tx, refusal.user_id) is None:
            continue  # nobody, under an id that says nothing
        tx.insert(
            "refusals", new_id(at), at, refusal.user_id, refusal.who, refusal.action, refusal.subject_id, refusal.page,
            refusal.code,
        )  # fmt: skip


def refused_sign_in(tx: Tx, email: str, code: str, now: datetime, user_id: UUID | None = None) -> None:
    """Note that somebody, known or nobody here, wanted to sign in by this e-mail; `code`: why they were not let in."""
    tx.note(Refusal("sign_in", code, user_id, who=email.strip().lower()[:LONGEST_EMAIL] or None, at=now))


def forget_strangers(tx: Tx, before: datetime) -> None:
    """Keep no longer by which e-mails people who are nobody here wanted to sign in before then."""
    tx.run(
        "UPDATE refusals SET who = NULL WHERE user_id IS NULL AND who IS NOT NULL AND occurred_at < ?", before
    )


# For who follows the history ----------------------------------------------------------------------

COMMAND = "SELECT number, occurred_at, user_id, action, subject_id FROM history"


def commands_from(tx: Tx, number: int, most: int) -> list[Row]:
    """The command of this number, if there is one, and what came after it, in order: number, occurred_at, user_id, action,
    subject_id. Of more than `most`, some: one more than that."""
    return sorted(tx.rows(f"{COMMAND} WHERE number >= ? LIMIT ?", number, most + 1), key=itemgetter(0))


def last_command(tx: Tx) -> Row | None:
    """The same of the last command; None: there was none yet."""
    return tx.row(f"{COMMAND} WHERE number >= ? ORDER BY number DESC LIMIT 1", tx.number)


# What is on record --------------------------------------------------------------------------------

# The two sides of the view `record`. Each is narrowed and cut by itself: DuckDB finds the newest of a million rows of a
# table in milliseconds, of a union in ten times as many.
DONE = """
SELECT occurred_at, number, NULL::UUID AS refusal_id, user_id, NULL::VARCHAR AS who, action, subject_id,
       NULL::VARCHAR AS page, NULL::VARCHAR AS refused
FROM history
"""
REFUSED = """
SELECT occurred_at, 0 AS number, id AS refusal_id, user_id, who, action, subject_id, page, code AS refused
FROM refusals
"""

NEWEST_FIRST = "ORDER BY occurred_at DESC, number DESC, refusal_id DESC"

# What entries are about is looked up for the rows of a page, or of a file, alone.
ENTRIES = f"""
WITH found AS (
    (SELECT * FROM ({DONE}) AS done WHERE {{conditions}} {NEWEST_FIRST} LIMIT ?)
    UNION ALL
    (SELECT * FROM ({REFUSED}) AS refused WHERE {{conditions}} {NEWEST_FIRST} LIMIT ?)
    {NEWEST_FIRST} LIMIT ?
)
SELECT f.occurred_at, f.number, f.refusal_id, f.user_id, coalesce(u.name, f.who), f.action, f.refused, f.subject_id,
       c.id, coalesce(k.name, k.address), coalesce(r.description, t.name, p.name, f.page)
FROM found AS f
LEFT JOIN users AS u ON u.id = f.user_id
LEFT JOIN conclusions AS l ON l.id = f.subject_id
LEFT JOIN messages AS m ON m.number = CASE WHEN f.action = 'receive_message' THEN f.number END
LEFT JOIN conversations AS c ON c.id = coalesce(m.conversation_id, l.conversation_id, f.subject_id)
LEFT JOIN contacts AS k ON k.id = coalesce(c.contact_id, f.subject_id)
LEFT JOIN reasons AS r ON r.id = f.subject_id
LEFT JOIN tokens AS t ON t.id = f.subject_id
LEFT JOIN users AS p ON p.id = f.subject_id
{NEWEST_FIRST}
"""

BEFORE = """
occurred_at <= ? AND (occurred_at < ? OR number < ? OR (number = ? AND refusal_id < ?))
"""

ABOUT_CONVERSATION = """
(subject_id = ?
 OR subject_id IN (SELECT id FROM conclusions WHERE conversation_id = ?)
 OR subject_id = (SELECT contact_id FROM conversations WHERE id = ?)
 OR action = 'receive_message' AND number IN (SELECT number FROM messages WHERE conversation_id = ?))
"""


def entries(
    tx: Tx, which: RecordFilter, actions: Collection[str], limit: int, after: Key | None
) -> list[RecordEntry]:
    """The newest entries, or the newest of those that come `after` one; `actions`: those of the topic."""
    conditions: list[tuple[str, tuple[object, ...]]] = [("TRUE", ())]
    if which.since:
        conditions.append(("occurred_at >= ?", (which.since,)))
    if which.until:
        conditions.append(("occurred_at < ?", (which.until,)))
    if which.user_id:
        conditions.append(("user_id = ?", (which.user_id,)))
    if which.topic:
        conditions.append((f"action IN ({places(actions)})", tuple(actions)))
    if which.refused:
        conditions.append(("refused IS NOT NULL", ()))
    if which.conversation_id:
        conditions.append((ABOUT_CONVERSATION, (which.conversation_id,) * 4))
    if not which.messages:
        conditions.append(("(action <> 'receive_message' OR user_id <> ?)", (SYSTEM_USER_ID,)))
    if after:
        at, number, refusal_id = after
        conditions.append((BEFORE, (at, at, number, number, refusal_id or NO_REFUSAL)))
    sql = ENTRIES.format(conditions=" AND ".join(condition for condition, _ in conditions))
    params = [value for _, values in conditions for value in values]
    return [RecordEntry(*row) for row in tx.rows(sql, *params, limit, *params, limit, limit)]
