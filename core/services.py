"""What people can do and ask: authorise → load → decide → save.

Every function takes the desk (or a transaction to join), who is asking, and for commands the time. It looks the
person up anew, so a role taken away or an account closed counts at once (R16), raises an `AppError` where the
rules say no, and has then changed nothing.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import update_wrapper
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from babel.numbers import is_currency

from core import rules
from core.desk import Transact, Tx, conversations, messages, organisation, people, reasons
from core.errors import Invalid, NotFound, NotPermitted, Unauthenticated
from core.ids import new_id
from core.model import (
    ArchivePreference,
    Caller,
    Category,
    Classification,
    Conclusion,
    Conversation,
    ConversationDetail,
    ConversationSummary,
    Direction,
    Folder,
    Listing,
    Organisation,
    Outcome,
    Reason,
    ReceivedMessage,
    ReopenCause,
    Role,
    Scope,
    Token,
    User,
    ValueMode,
)
from core.rules import Incoming

P = ParamSpec("P")
R = TypeVar("R")

TOKEN_PREFIX = "desfecho_"  # noqa: S105 - recognisable, not secret
EVERY_MESSAGE = 1_000_000
EVERYTHING = Listing()


def command(work: Callable[Concatenate[Tx, P], R]) -> Callable[Concatenate[Transact, P], R]:
    """Make `work` one transaction of the desk, or part of the one it is called in."""

    def run(desk: Transact, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return desk.transact(lambda tx: work(tx, *args, **kwargs))

    update_wrapper(run, work)
    return run


def query(work: Callable[Concatenate[Tx, P], R]) -> Callable[Concatenate[Transact, P], R]:
    """Let `work` read one consistent state."""

    def run(desk: Transact, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return desk.read(lambda tx: work(tx, *args, **kwargs))

    update_wrapper(run, work)
    return run


def _who(tx: Tx, caller: Caller, *, token_for: Scope = Scope.API) -> User:
    """The person asking, as they are now."""
    user = people.user(tx, caller.user_id)
    if user is None or not user.active:
        raise Unauthenticated("This account is not active.")
    if caller.scope not in (None, Scope.API, token_for):
        raise NotPermitted("This token is for {scope} only.", scope=caller.scope)
    return user


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


# Messages -----------------------------------------------------------------------------------------


@command
def receive_message(
    tx: Tx, caller: Caller, message: Incoming, *, now: datetime, writer_id: UUID | None = None
) -> ReceivedMessage:
    """Take a message in or, with direction `out`, note one of the team's own (R10, R17, R20)."""
    user = _who(tx, caller, token_for=Scope.MESSAGES)
    rules.check_posts_messages(user, caller.scope)
    channel = rules.clean_channel(message.channel)
    addresses = [rules.clean_address(channel, address) for address in message.addresses]
    if not addresses:
        raise Invalid("A contact needs an address.", field="contact.address")
    external_id = rules.clean_line(message.external_id, "external_id", rules.EXTERNAL_ID_LENGTH)
    if not external_id:
        raise Invalid("A message needs an external id.", field="external_id")
    body = rules.clean_body(message.body)
    sent_at = rules.stored_time(message.sent_at, now)
    writer = people.user(tx, writer_id) if writer_id else None
    if writer_id and writer is None:
        raise Invalid("There is no such user.", field="agent_id")

    if known := messages.conversation_of(tx, channel, external_id):
        return ReceivedMessage(Outcome.DUPLICATE, known, present_chatbot=False)
    tx.record(user.id, "receive_message", now)
    inbound = message.direction is Direction.IN
    contact_id = _contact(tx, channel, addresses, rules.clean_name(message.name) if inbound else None, now)
    latest = conversations.latest(tx, contact_id, channel)
    if inbound:
        concluder_id = latest.conclusion.concluded_by if latest and latest.conclusion else None
        concluder = people.user(tx, concluder_id) if concluder_id else None
        decided = rules.receive(latest, concluder, sent_at, now)
    else:
        decided = rules.receive_own(latest, writer, sent_at, now)

    if latest is None or decided.outcome is Outcome.OPENED:
        conversation_id = conversations.open_conversation(
            tx, contact_id, channel, decided.folder, decided.assigned_to, decided.at
        )
        if decided.assigned_to:
            conversations.add_assignment(tx, conversation_id, decided.assigned_to, user.id, decided.at)
    else:
        conversation_id = latest.id
    message_id = messages.add(
        tx,
        conversation_id,
        channel,
        external_id,
        message.direction,
        sent_at,
        now,
        body,
        writer.id if writer and not inbound else None,
    )
    if latest and decided.outcome is Outcome.REOPENED:
        conversations.reopen(
            tx, latest, decided.folder, decided.assigned_to, decided.at, ReopenCause.MESSAGE, None, message_id
        )
    return ReceivedMessage(decided.outcome, conversation_id, decided.present_chatbot)


def _contact(tx: Tx, channel: str, addresses: list[str], name: str | None, now: datetime) -> UUID:
    """The contact known by these addresses; a new one, or two found to be one, where need be.

    Two that both have an open conversation stay two until one of them is concluded (R13).
    """
    whose = messages.contacts_at(tx, channel, addresses)
    known = [whose[address] for address in addresses if address in whose]
    unknown = [address for address in dict.fromkeys(addresses) if address not in whose]
    contact_id = known[0] if known else messages.add_contact(tx, name, addresses[0], now)
    for address in unknown:
        messages.add_address(tx, channel, address, contact_id)
    if not known:
        return contact_id
    contact = messages.contact(tx, contact_id)
    for other in dict.fromkeys(known):
        if other != contact_id and not (messages.has_open(tx, contact_id) and messages.has_open(tx, other)):
            name = name or contact.name or messages.contact(tx, other).name
            messages.merge(tx, other, contact_id, now)
    messages.set_contact(tx, contact, name, addresses[0] if addresses[0] in unknown else contact.address)
    return contact_id


# Conversations ------------------------------------------------------------------------------------


@command
def assign(
    tx: Tx, caller: Caller, conversation_id: UUID, to_id: UUID | None = None, *, now: datetime
) -> Conversation:
    """Take a conversation, or hand it to `to_id` (R19)."""
    user = _who(tx, caller)
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
    user = _who(tx, caller)
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
    user = _who(tx, caller)
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
    user = _who(tx, caller)
    rules.check_works_with_conversations(user)
    found = _conversation(tx, conversation_id)
    rules.check_reopen(user, found, conversations.other_open(tx, found))
    at = max(now, found.since)
    tx.record(user.id, "reopen", now, found.id)
    conversations.reopen(tx, found, Folder.IN_PROGRESS, user.id, at, ReopenCause.MANUAL, user.id)
    return _conversation(tx, conversation_id)


@query
def conversation(
    tx: Tx, caller: Caller, conversation_id: UUID, newest: int = EVERY_MESSAGE
) -> ConversationDetail:
    """One conversation with its `newest` messages and whole history, for who may see it (R18)."""
    user = _who(tx, caller)
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
        contact=messages.contact(tx, found.contact_id),
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
    rules.check_works_with_conversations(_who(tx, caller))
    return conversations.last_change(tx, conversation_id)


def _listing(tx: Tx, caller: Caller, which: Listing) -> Listing:
    """The same list, of what the caller may see (R18)."""
    user = _who(tx, caller)
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
    rules.check_works_with_conversations(_who(tx, caller))
    return conversations.channels(tx)


# Reasons, settings, preferences -------------------------------------------------------------------


@query
def list_reasons(tx: Tx, caller: Caller, in_use_only: bool = False) -> list[Reason]:
    _who(tx, caller)
    return reasons.reasons(tx, in_use_only)


@command
def create_reason(
    tx: Tx, caller: Caller, description: str, category: Category, value: ValueMode, *, now: datetime
) -> Reason:
    """Define a reason; from now on it is offered to everybody (R4)."""
    user = _who(tx, caller)
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
    user = _who(tx, caller)
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
    rules.check_sees_outcomes(_who(tx, caller))
    return organisation.organisation(tx)


@query
def usual_reasons(tx: Tx, caller: Caller) -> list[UUID]:
    """The reasons in use that the caller classifies with, of late, the most frequent first."""
    user = _who(tx, caller)
    in_use = {reason.id for reason in reasons.reasons(tx, in_use_only=True)}
    return rules.most_frequent(
        reason_id
        for reason_id in conversations.reasons_used_by(tx, user.id, rules.OF_LATE)
        if reason_id in in_use
    )


@query
def get_organisation(tx: Tx, caller: Caller) -> Organisation:
    _who(tx, caller)
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
    user = _who(tx, caller)
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
    return people.archive_preference(tx, _who(tx, caller).id)


@command
def set_archive_preference(
    tx: Tx, caller: Caller, archive: ArchivePreference, *, now: datetime
) -> ArchivePreference:
    """Choose what happens after one's own later conclusions (R9)."""
    user = _who(tx, caller)
    rules.check_works_with_conversations(user)
    if archive is not people.archive_preference(tx, user.id):
        tx.record(user.id, "set_archive_preference", now, user.id)
        people.add_preference(tx, user.id, archive, now)
    return archive


# People and tokens --------------------------------------------------------------------------------


@query
def me(tx: Tx, caller: Caller) -> User:
    return _who(tx, caller)


@query
def list_users(tx: Tx, caller: Caller) -> list[User]:
    """Everybody, by name: colleagues to assign to, names behind a history."""
    _who(tx, caller)
    return people.users(tx)


@dataclass(frozen=True, slots=True)
class CreatedToken:
    token: Token
    secret: str  # shown once; only its hash is kept


@command
def create_token(
    tx: Tx, caller: Caller, email: str, name: str, scope: Scope, *, now: datetime
) -> CreatedToken:
    """Give a user a token."""
    user = _who(tx, caller)
    rules.check_administrator(user)
    owner = people.user_by_email(tx, email)
    if owner is None or not owner.active:
        raise Invalid("No active user has the e-mail {email}.", field="user", email=email)
    name = rules.clean_line(name, "name", rules.NAME_LENGTH)
    if not name:
        raise Invalid("A token needs a name.", field="name")
    if scope is Scope.SQL:
        rules.check_asks_sql(owner)
    if people.live_tokens(tx, name):
        raise Invalid("There is already a token named {name}.", field="name", name=name)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = Token(new_id(now), owner.id, name, scope, now, None)
    tx.record(user.id, "create_token", now, token.id)
    people.add_token(tx, token, _digest(secret), user.id)
    return CreatedToken(token, secret)


@command
def revoke_token(tx: Tx, caller: Caller, name: str, *, now: datetime) -> None:
    user = _who(tx, caller)
    rules.check_administrator(user)
    found = people.live_tokens(tx, name)
    if not found:
        raise NotFound("There is no token named {name}.", name=name)
    for token in found:
        tx.record(user.id, "revoke_token", now, token.id)
        people.revoke_token(tx, token.id, user.id, now)


@query
def authenticate(tx: Tx, secret: str) -> Caller:
    """Who sent this token."""
    token = people.token_by_hash(tx, _digest(secret)) if secret.startswith(TOKEN_PREFIX) else None
    if token is None or token.revoked_at is not None:
        raise Unauthenticated("The token is not known, or was revoked.")
    caller = Caller(token.user_id, token.scope)
    _who(tx, caller, token_for=token.scope)
    return caller


@query
def check_asks_sql(tx: Tx, caller: Caller) -> None:
    """Whether this person may ask questions in SQL."""
    rules.check_asks_sql(_who(tx, caller, token_for=Scope.SQL))


@query
def sql_tokens(tx: Tx, caller: Caller) -> frozenset[str]:
    """The hashes of the tokens that open the analysts' door: not revoked, their user active and still allowed."""
    rules.check_administrator(_who(tx, caller))
    owners = [
        (digest, people.user(tx, user_id)) for digest, user_id in people.live_token_hashes(tx, Scope.SQL)
    ]
    return frozenset(digest for digest, user in owners if user and user.active and rules.asks_sql(user))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
