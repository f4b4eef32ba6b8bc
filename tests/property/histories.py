"""`analytics.conclusions`, computed once more in plain Python from what services.conversation() tells."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import services
from core.desk import Desk
from core.model import SYSTEM, ArchivePreference, ReopenCause

# All columns of the design's section 4 but contact_key, which only the facts know.
COLUMNS = (
    "conclusion_id", "conversation_id", "channel", "source", "opened_at", "concluded_at", "concluded_by",
    "from_folder", "category", "reason_id", "reason", "value", "currency", "classified", "first_category",
    "first_reason", "first_value", "edits", "archive_preference", "archived_at", "reopened", "reopened_at",
    "reopen_cause", "handling_seconds", "cycle",
)  # fmt: skip

VIEWS = [
    "analytics.conclusions", "analytics.classifications", "analytics.reopenings", "analytics.reasons",
    "analytics.users", "analytics.daily_outcomes", "analytics.as_of",
]  # fmt: skip


def conclusions_of(desk: Desk, conversations: list[UUID]) -> list[tuple[Any, ...]]:
    """One row per conclusion, its values in the order of COLUMNS, times UTC without a zone."""
    return [row for conversation_id in conversations for row in _rows(desk, conversation_id)]


def daily_of(rows: list[tuple[Any, ...]], by: tuple[str, ...], timezone: str) -> list[tuple[Any, ...]]:
    """Sums of such rows by day of the conclusion and by these columns: conclusions, final ones, value, final value,
    reopened. A sum of no value is None."""
    zone = ZoneInfo(timezone)
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for values in rows:
        row = dict(zip(COLUMNS, values, strict=True))
        day = row["concluded_at"].replace(tzinfo=UTC).astimezone(zone).date()
        sum_ = sums.setdefault((day, *(row[name] for name in by)), [0, 0, None, None, 0])
        final = not row["reopened"]
        sum_[0] += 1
        sum_[1] += final
        sum_[4] += row["reopened"]
        if row["currency"]:
            sum_[2] = (sum_[2] or 0) + row["value"]
            sum_[3] = (sum_[3] or 0) + (row["value"] if final else 0)
    return [(*key, *sum_) for key, sum_ in sums.items()]


def _rows(desk: Desk, conversation_id: UUID) -> list[tuple[Any, ...]]:
    told = services.conversation(desk, SYSTEM, conversation_id)
    reopened = {reopening.conclusion_id: reopening for reopening in told.reopenings}
    began = told.conversation.opened_at
    rows = []
    for conclusion in told.conclusions:
        reopening = reopened.get(conclusion.id)
        first = conclusion.classifications[0] if conclusion.classifications else None
        last = conclusion.classification
        waits = conclusion.archive_preference is ArchivePreference.AFTER_12H
        archived: datetime | None = conclusion.concluded_at + timedelta(hours=12 if waits else 0)
        if reopening and archived:
            just_in_time = reopening.reopened_at == archived and reopening.cause is ReopenCause.MESSAGE
            if reopening.reopened_at < archived or just_in_time:
                archived = None
        rows.append(
            (
                conclusion.id,
                conversation_id,
                told.conversation.channel,
                told.conversation.source,
                _plain(told.conversation.opened_at),
                _plain(conclusion.concluded_at),
                conclusion.concluded_by,
                conclusion.from_folder.value,
                last.category.value if last else None,
                last.reason_id if last else None,
                last.reason if last else None,
                last.value if last else None,
                last.currency if last else None,
                last is not None,
                first.category.value if first else None,
                first.reason if first else None,
                first.value if first else None,
                len(conclusion.classifications) - 1 if last else None,
                conclusion.archive_preference.value,
                _plain(archived),
                reopening is not None,
                _plain(reopening.reopened_at if reopening else None),
                reopening.cause.value if reopening else None,
                (conclusion.concluded_at - began) // timedelta(seconds=1),
                conclusion.cycle,
            )
        )
        if reopening:
            began = reopening.reopened_at
    return rows


def _plain(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=None) if time else None
