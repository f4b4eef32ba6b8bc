"""Reading, assigning, concluding, classifying and recovering conversations."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core import rules
from core.desk import Tx, contacts, conversations, messages, organisation, people, reasons
from core.errors import Invalid, NotFound, NotPermitted
from core.ids import new_id
from core.model import (
    Caller,
    Classification,
    Conclusion,
    Conversation,
    ConversationDetail,
    ConversationSummary,
    Folder,
    Listing,
    Reason,
    ReopenCause,
    Role,
    User,
)
from core.services.asking import command, query, who

EVERYTHING = Listing()


def _conversation(tx: Tx, conversation_id: UUID) -> Conversation:
    found = conversations.conversation(tx, conversation_id)
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def _reason(tx: Tx, reason_id: UUID) -> Reason:
    found = reasons.reason(tx, reason_id)
    if found is None:
        raise Invalid("There is no such reason.", field="reason_id")
    return found


@command
def assign(
    tx: Tx, caller: Caller, conversation_id: UUID, to_id: UUID | None = None, *, now: datetime
) -> Conversation:
    """Take a conversation, or hand it to `to_id` (R19)."""
    user = who(tx, caller)
    rules.check_works_with_conversations(user)
    found = _conversation(tx, conversation_id)
    to = people.user(tx, to_id) if to_id else user
    if to is None:
        raise Invalid("There is no such user.", field="agent_id")
    rules.check_assign(user, found, to)
    if (found.folder, found.assigned_to) != (Folder.IN_PROGRESS, to.id):
        tx.record(user.id, "assign", now, found.id)
        conversations.assign(tx, found.id, to.id, user.id, max(now, found.since))
    return _conversation(tx, conversation_id)


@command
def conclude(
    tx: Tx,
    caller: Caller,
    conversation_id: UUID,
    reason_id: UUID | None = None,
    value: str | None = None,
    *,
    now: datetime,
) -> Conclusion:
    """Conclude, with a classification or without (R1, R2, R5, R6, R9). `value` is a decimal string."""
    user = who(tx, caller)
    rules.check_works_with_conversations(user)
    found = _conversation(tx, conversation_id)
    rules.check_conclude(user, found)
    classifying = None
    if reason_id is not None:
        classifying = rules.classify(organisation.organisation(tx), _reason(tx, reason_id), value)
    elif value is not None:
        raise Invalid("A value goes with a reason.", field="value")
    at = max(now, found.since)
    tx.record(user.id, "conclude", now, found.id)
    concluded = conversations.conclude(tx, found, user.id, people.archive_preference(tx, user.id), at)
    return _classified(tx, concluded, classifying, user, at) if classifying else concluded


@command
def edit_classification(
    tx: Tx, caller: Caller, conclusion_id: UUID, reason_id: UUID, value: str | None = None, *, now: datetime
) -> Conclusion:
    """Add a version to one's own conclusion's classification, or its first (R8)."""
    user = who(tx, caller)
    rules.check_works_with_conversations(user)
    found = _conclusion(tx, conclusion_id)
    rules.check_edit(user, found)
    before = found.classification
    classifying = rules.classify(organisation.organisation(tx), _reason(tx, reason_id), value, before)
    if not rules.changes_something(before, classifying):
        return found
    at = max(now, before.classified_at if before else found.concluded_at)
    tx.record(user.id, "edit_classification", now, found.conversation_id)
    conversations.touch(tx, found.conversation_id)
    return _classified(tx, found, classifying, user, at)


def _classified(
    tx: Tx, conclusion: Conclusion, said: rules.Classifying, user: User, at: datetime
) -> Conclusion:
    """Append the next version, and return the conclusion with it."""
    version = Classification(
        id=new_id(at),
        conclusion_id=conclusion.id,
        version=len(conclusion.classifications) + 1,
        reason_id=said.reason.id,
        category=said.reason.category,
        reason=said.reason.description,
        value=said.value,
        currency=said.currency,
        classified_at=at,
        classified_by=user.id,
        classified_by_name=user.name,
    )
    conversations.add_classification(tx, version)
    return replace(conclusion, classifications=(*conclusion.classifications, version))


def _conclusion(tx: Tx, conclusion_id: UUID) -> Conclusion:
    found = conversations.conclusion(tx, conclusion_id)
    if found is None:
        raise NotFound("There is no such conclusion.")
    return found


@command
def reopen(tx: Tx, caller: Caller, conversation_id: UUID, *, now: datetime) -> Conversation:
    """Take a concluded conversation up again by hand; it becomes the caller's (R12, R13)."""
    user = who(tx, caller)
    rules.check_works_with_conversations(user)
    found = _conversation(tx, conversation_id)
    rules.check_reopen(user, found, conversations.other_open(tx, found))
    at = max(now, found.since)
    tx.record(user.id, "reopen", now, found.id)
    conversations.reopen(tx, found, Folder.IN_PROGRESS, user.id, at, ReopenCause.MANUAL, user.id)
    return _conversation(tx, conversation_id)


@query
def conversation(
    tx: Tx, caller: Caller, conversation_id: UUID, newest: int = messages.EVERY
) -> ConversationDetail:
    """One conversation with its `newest` messages and whole history, for who may see it (R18)."""
    user = who(tx, caller)
    found = _conversation(tx, conversation_id)
    concluded = conversations.conclusions(tx, conversation_id)
    concluded_by_me = any(one.concluded_by == user.id for one in concluded)
    if not rules.may_see(user, found, concluded_by_me):
        rules.check_works_with_conversations(user)
        raise NotPermitted("This conversation is with somebody else.")
    shown, earlier = messages.of_conversation(tx, conversation_id, newest)
    wrote = messages.last_inbound(tx, [found.contact_id])
    return ConversationDetail(
        conversation=found,
        contact=contacts.contact(tx, found.contact_id),
        messages=shown,
        earlier_messages=earlier,
        conclusions=concluded,
        reopenings=conversations.reopenings(tx, conversation_id),
        service_window_ends_at=rules.service_window_ends_at(
            found.channel, wrote.get((found.contact_id, found.channel))
        ),
        concluded_by_me=concluded_by_me,
    )


@query
def last_change(tx: Tx, caller: Caller, conversation_id: UUID) -> int:
    """The number of the last command that changed a conversation; 0 where there is none."""
    rules.check_works_with_conversations(who(tx, caller))
    return conversations.last_change(tx, conversation_id)


def _listing(tx: Tx, caller: Caller, which: Listing) -> Listing:
    """The same list, of what the caller may see (R18)."""
    user = who(tx, caller)
    rules.check_works_with_conversations(user)
    everything = user.handles_any_conversation or user.role is Role.SYSTEM
    q = rules.clean_line(which.q, "q", rules.NAME_LENGTH) if which.q else None
    return replace(which, q=q, visible_to=None if everything else user.id)


@query
def list_conversations(
    tx: Tx,
    caller: Caller,
    which: Listing = EVERYTHING,
    *,
    limit: int = 50,
    after: tuple[datetime, UUID] | None = None,
    offset: int = 0,
) -> list[ConversationSummary]:
    """A page of what the caller may see (R18), in the listing's order."""
    return conversations.summaries(tx, _listing(tx, caller, which), limit, after, offset)


@query
def count_conversations(tx: Tx, caller: Caller, which: Listing = EVERYTHING) -> dict[Folder, int]:
    """How many conversations of each folder such a list would show the caller."""
    return conversations.counts(tx, _listing(tx, caller, replace(which, folder=None)))


@query
def list_channels(tx: Tx, caller: Caller) -> list[str]:
    """The channels that conversations came from."""
    rules.check_works_with_conversations(who(tx, caller))
    return conversations.channels(tx)
