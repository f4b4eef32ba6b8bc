"""Taking over the little that a few commands changed: row by row and by key, in milliseconds however long history is.

`bulk.py` derives the same of everything at once, in SQL. The random stories compare the two.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from core.desk import Tx, contacts, conversations, organisation
from core.desk.transaction import places
from core.facts.names import UNCLASSIFIED, Names
from core.model import ArchivePreference, Classification, Conclusion, ReopenCause, Reopening

FEW = 100  # rows of a kind: above that, one question about all is quicker than one about each
WAIT = {ArchivePreference.AFTER_12H: timedelta(hours=12), ArchivePreference.IMMEDIATELY: timedelta(0)}
SECOND = timedelta(seconds=1)
# What of the desk the facts are made of, and which of it an action may have added to: one that is not named here, to any.
NewSince = Callable[[Tx, int, int], list[Any]]
EVERYTHING: tuple[NewSince, ...] = (
    conversations.concluded_since, conversations.classified_since, conversations.reopened_since, contacts.merged_since,
)  # fmt: skip
ADDED_BY: dict[str, tuple[NewSince, ...]] = {
    "conclude": (conversations.concluded_since, conversations.classified_since),
    "edit_classification": (conversations.classified_since,),
    "reopen": (conversations.reopened_since,),
    "receive_message": (conversations.reopened_since, contacts.merged_since),
    **dict.fromkeys(
        ("assign", "set_archive_preference", "sign_in", "sign_out", "create_token", "revoke_token"), ()
    ),
}
COUNTED = ("day", "agent", "category", "class", "value", "currency")  # what the daily tables add up by


@dataclass(frozen=True, slots=True)
class Changed:
    """What is new in the desk's history, by id."""

    conclusions: dict[UUID, Conclusion]  # without versions
    classifications: dict[UUID, Classification]
    reopenings: dict[UUID, Reopening]
    touched: dict[UUID, UUID]  # the conclusions that are not as they were, with their conversations


def changed(desk: Tx, since: int, actions: Iterable[str]) -> Changed | None:
    """What came after command `since`, of commands that did this; None: too much to be taken over one by one."""
    asked = {ask for action in actions for ask in ADDED_BY.get(action, EVERYTHING)}
    found = [ask(desk, since, FEW + 1) if ask in asked else [] for ask in EVERYTHING]
    if max(map(len, found)) > FEW:
        return None
    concluded, classified, reopened, merged = found
    touched = {new.id: new.conversation_id for new in concluded}
    touched |= {new.conclusion_id: new.conversation_id for new in reopened}
    for new in classified:
        if new.conclusion_id not in touched:
            of = desk.value("SELECT conversation_id FROM conclusions WHERE id = ?", new.conclusion_id)
            touched[new.conclusion_id] = of
    for contact in merged:
        for (of,) in desk.rows("SELECT id FROM conversations WHERE contact_id = ?", contact):
            its = desk.rows("SELECT id FROM conclusions WHERE conversation_id = ?", of)
            touched |= dict.fromkeys((id_ for (id_,) in its), of)
    if len(touched) > 4 * FEW:  # a contact of very many conversations was merged
        return None
    return Changed(
        {new.id: new for new in concluded},
        {new.id: new for new in classified},
        {new.id: new for new in reopened},
        touched,
    )


def take_over(desk: Tx, facts: Tx, names: Names, what: Changed, timezone: str) -> None:
    """Write into the facts what `changed` found in the desk."""
    arrived = [one for id_ in dict.fromkeys(what.touched.values()) for one in _of(desk, id_, what)]
    here = _local(desk, [one.conclusion.concluded_at for one in arrived], timezone)
    _take_away(facts, [one.conclusion for one in arrived if one.conclusion.id not in what.conclusions])
    for one in arrived:
        at = here[one.conclusion.concluded_at]
        row = _conclusion(names, one, at)
        reopening = one.reopening
        facts.insert("store.conclusions", *row.values())
        if row["edits"]:
            facts.insert("store.edited", *row.values())
        _add_up(facts, 1, [*(row[name] for name in COUNTED), reopening is not None])
        for version in one.conclusion.classifications:
            if version.id in what.classifications:
                facts.insert("store.classifications", *_classification(names, one, version))
        if reopening and reopening.id in what.reopenings:
            facts.insert("store.reopenings", *_reopening(names, one.conclusion, reopening))
    names.write(facts)


@dataclass(frozen=True, slots=True)
class _One:
    """A conclusion that is not as it was, and what its row is made of."""

    conversation_id: UUID
    contact_key: UUID
    channel: str
    source: str
    opened_at: datetime
    began: datetime  # opened, or reopened
    conclusion: Conclusion
    reopening: Reopening | None


def _of(desk: Tx, conversation_id: UUID, what: Changed) -> list[_One]:
    """The conclusions of a conversation that were touched."""
    row = desk.row(
        "SELECT contact_id, channel, source, opened_at FROM conversations WHERE id = ?", conversation_id
    )
    assert row is not None
    contact, channel, source, opened_at = row
    key = UUID(sha256(f"{organisation.contact_key(desk)}{contact}".encode()).hexdigest()[:32])
    touched = [id_ for id_, of in what.touched.items() if of == conversation_id]
    only = what.conclusions.get(touched[0])
    conclusions: Iterable[Conclusion]
    reopenings: Iterable[Reopening]
    if len(touched) == 1 and only and only.cycle == 1:  # most are: all there is about it is new
        its = tuple(v for v in what.classifications.values() if v.conclusion_id == only.id)
        conclusions, reopenings = [replace(only, classifications=its)], what.reopenings.values()
    else:
        conclusions = conversations.conclusions(desk, conversation_id)
        reopenings = conversations.reopenings(desk, conversation_id)
    reopened = {reopening.conclusion_id: reopening for reopening in reopenings}
    found, began = [], opened_at
    for conclusion in conclusions:
        reopening = reopened.get(conclusion.id)
        if conclusion.id in what.touched:
            found.append(_One(conversation_id, key, channel, source, opened_at, began, conclusion, reopening))
        began = reopening.reopened_at if reopening else began
    return found


def _local(desk: Tx, times: list[datetime], timezone: str) -> dict[datetime, datetime]:
    """The times in the organisation's zone. DuckDB says it, so that all days are by the same calendar of zones."""
    if not times:
        return {}
    values = ", ".join(["(?::TIMESTAMP)"] * len(times))
    sql = f"SELECT moment, timezone(?, timezone('UTC', moment)) FROM (VALUES {values}) AS given (moment)"
    return dict(desk.rows(sql, timezone, *times))


def _conclusion(names: Names, one: _One, here: datetime) -> dict[str, Any]:
    """The row of store.conclusions, its columns in their order."""
    conclusion, reopening = one.conclusion, one.reopening
    first, last = next(iter(conclusion.classifications), None), conclusion.classification
    archived: datetime | None = (due := conclusion.concluded_at + WAIT[conclusion.archive_preference])
    if reopening:
        just_in_time = reopening.reopened_at == due and reopening.cause is ReopenCause.MESSAGE
        archived = None if reopening.reopened_at < due or just_in_time else due
    return {
        "conclusion_id": conclusion.id,
        "conversation_id": one.conversation_id,
        "contact_key": one.contact_key,
        "channel": names.number("channels", one.channel),
        "source": names.number("sources", one.source),
        "opened_at": one.opened_at,
        "concluded_at": conclusion.concluded_at,
        "day": here.date(),
        "hour": here.hour,
        "agent": names.number("agents", conclusion.concluded_by),
        "from_folder": conclusion.from_folder,
        "category": last.category if last else UNCLASSIFIED,
        "class": _class(names, last),
        "value": last and last.value,
        "currency": names.number("currencies", last and last.currency),
        "first_class": _class(names, first),
        "first_value": first and first.value,
        "first_currency": names.number("currencies", first and first.currency),
        "edits": len(conclusion.classifications) - 1 if last else None,
        "archive_preference": conclusion.archive_preference,
        "archived_at": archived,
        "reopened_at": reopening and reopening.reopened_at,
        "reopen_cause": reopening and reopening.cause,
        "handling_seconds": (conclusion.concluded_at - one.began) // SECOND,
        "cycle": conclusion.cycle,
    }


def _class(names: Names, version: Classification | None) -> int:
    return names.number("classes", version.category, version.reason_id, version.reason) if version else 0


def _classification(names: Names, of: _One, version: Classification) -> list[Any]:
    return [
        version.id, version.conclusion_id, of.conversation_id, version.version, _class(names, version), version.value,
        names.number("currencies", version.currency), version.classified_at, names.number("agents", version.classified_by),
    ]  # fmt: skip


def _reopening(names: Names, conclusion: Conclusion, reopening: Reopening) -> list[Any]:
    return [
        reopening.id, conclusion.id, reopening.conversation_id, reopening.reopened_at,
        names.number("agents", reopening.reopened_by), reopening.cause,
        (reopening.reopened_at - conclusion.concluded_at) // SECOND,
    ]  # fmt: skip


def _take_away(facts: Tx, before: list[Conclusion]) -> None:
    """The conclusions as they were, and what they counted. Their time finds them, as the rows lie in its order."""
    if not before:
        return
    times = [conclusion.concluded_at for conclusion in before]
    ids = [conclusion.id for conclusion in before]
    where = f"concluded_at IN ({places(times)}) AND conclusion_id IN ({places(ids)})"
    sql = f"SELECT {', '.join(COUNTED)}, reopened_at IS NOT NULL FROM store.conclusions WHERE {where}"
    for row in facts.rows(sql, *times, *ids):
        _add_up(facts, -1, row)
    for table in ("store.conclusions", "store.edited"):
        facts.run(f"DELETE FROM {table} WHERE {where}", *times, *ids)


def _add_up(facts: Tx, sign: int, counted: Sequence[Any]) -> None:
    """What the daily tables gain, or with a minus lose, by a conclusion: what it is COUNTED by, and if it reopened."""
    day, agent, category, class_, value, currency, reopened = counted
    worth = sign * (value or 0)
    sums = [sign, sign * reopened, worth, worth * reopened]
    facts.insert("store.daily", day, class_, currency, *sums)
    facts.insert("store.daily_by_agent", day, agent, category, currency, *sums)
