"""Reasons, the organisation's settings, and each person's preference."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from babel.numbers import is_currency

from core import rules
from core.desk import Tx, conversations, organisation, people, reasons
from core.errors import Invalid, NotFound
from core.ids import new_id
from core.model import ArchivePreference, Caller, Category, Organisation, Reason, ValueMode
from core.services.asking import command, query, who


@query
def list_reasons(tx: Tx, caller: Caller, in_use_only: bool = False) -> list[Reason]:
    who(tx, caller)
    return reasons.reasons(tx, in_use_only)


@command
def create_reason(
    tx: Tx, caller: Caller, description: str, category: Category, value: ValueMode, *, now: datetime
) -> Reason:
    """Define a reason; from now on it is offered to everybody (R4)."""
    user = who(tx, caller)
    rules.check_administrator(user)
    reason = Reason(new_id(now), rules.clean_description(description), category, value, in_use=True)
    rules.check_unique(reason.description, category, reasons.reasons(tx, in_use_only=True))
    tx.record(user.id, "create_reason", now, reason.id)
    reasons.add(tx, reason, user.id, now)
    return reason


@command
def change_reason(
    tx: Tx,
    caller: Caller,
    reason_id: UUID,
    *,
    description: str | None = None,
    category: Category | None = None,
    value: ValueMode | None = None,
    in_use: bool | None = None,
    now: datetime,
) -> Reason:
    """Rename, move, retire or bring back a reason; what is None stays. History keeps what it said (R4)."""
    user = who(tx, caller)
    rules.check_administrator(user)
    before = reasons.reason(tx, reason_id)
    if before is None:
        raise NotFound("There is no such reason.")
    after = replace(
        before,
        description=before.description if description is None else rules.clean_description(description),
        category=category or before.category,
        value=value or before.value,
        in_use=before.in_use if in_use is None else in_use,
    )
    if after.in_use:
        others = (other for other in reasons.reasons(tx, in_use_only=True) if other.id != reason_id)
        rules.check_unique(after.description, after.category, others)
    if after != before:
        tx.record(user.id, "change_reason", now, reason_id)
        reasons.change(tx, after, user.id, now)
    return after


@query
def outcomes_for(tx: Tx, caller: Caller) -> Organisation:
    """The organisation whose outcomes the caller may see: as a manager, an analyst or an administrator."""
    rules.check_sees_outcomes(who(tx, caller))
    return organisation.organisation(tx)


@query
def usual_reasons(tx: Tx, caller: Caller) -> list[UUID]:
    """The reasons in use that the caller classifies with, of late, the most frequent first."""
    user = who(tx, caller)
    in_use = {reason.id for reason in reasons.reasons(tx, in_use_only=True)}
    return rules.most_frequent(
        reason_id
        for reason_id in conversations.reasons_used_by(tx, user.id, rules.OF_LATE)
        if reason_id in in_use
    )


@query
def get_organisation(tx: Tx, caller: Caller) -> Organisation:
    who(tx, caller)
    return organisation.organisation(tx)


@command
def change_organisation(
    tx: Tx,
    caller: Caller,
    *,
    classification_on: bool | None = None,
    currency: str | None = None,
    timezone: str | None = None,
    now: datetime,
) -> Organisation:
    """Change settings of the organisation; what is None stays (R2, R5)."""
    user = who(tx, caller)
    rules.check_administrator(user)
    if currency is not None and not is_currency(currency):
        raise Invalid("{currency} is not a currency of ISO 4217.", field="currency", currency=currency)
    if timezone is not None and timezone not in available_timezones():
        raise Invalid("{timezone} is not a time zone.", field="timezone", timezone=timezone)
    before = organisation.organisation(tx)
    after = replace(
        before,
        classification_on=before.classification_on if classification_on is None else classification_on,
        currency=currency or before.currency,
        timezone=timezone or before.timezone,
    )
    if after != before:
        tx.record(user.id, "change_organisation", now)
        for name, was, is_now in (
            ("classification_on", before.classification_on, after.classification_on),
            ("currency", before.currency, after.currency),
            ("timezone", before.timezone, after.timezone),
        ):
            if was != is_now:
                text = str(is_now).lower() if isinstance(is_now, bool) else is_now
                organisation.add_setting(tx, name, text, user.id, now)
    return after


@query
def get_archive_preference(tx: Tx, caller: Caller) -> ArchivePreference:
    return people.archive_preference(tx, who(tx, caller).id)


@command
def set_archive_preference(
    tx: Tx, caller: Caller, archive: ArchivePreference, *, now: datetime
) -> ArchivePreference:
    """Choose what happens after one's own later conclusions (R9)."""
    user = who(tx, caller)
    rules.check_works_with_conversations(user)
    if archive is not people.archive_preference(tx, user.id):
        tx.record(user.id, "set_archive_preference", now, user.id)
        people.add_preference(tx, user.id, archive, now)
    return archive
