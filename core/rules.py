"""What may happen to a conversation, and what follows: R1–R20 of the design as pure functions.

Nothing here reads a clock, a database or a screen. A function either returns what is decided or raises an
`AppError` whose sentence says why not. Times are aware datetimes in UTC.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from core.errors import (
    AlreadyConcluded,
    ClassificationOff,
    ConcurrentChange,
    Invalid,
    NotPermitted,
    OpenConversationExists,
)
from core.model import (
    ArchivePreference,
    Category,
    Classification,
    Conclusion,
    Conversation,
    Direction,
    Folder,
    Organisation,
    Outcome,
    Reason,
    Role,
    Scope,
    User,
    ValueMode,
)

ARCHIVE_AFTER = timedelta(hours=12)
SERVICE_WINDOW = timedelta(hours=24)
SERVICE_WINDOW_CHANNELS = frozenset({"whatsapp", "messenger", "instagram"})  # Meta's channels
CLOCK_SKEW = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
IDEMPOTENCY_KEPT = timedelta(days=7)

DESCRIPTION_LENGTH = 120
NAME_LENGTH = 200
ADDRESS_LENGTH = 200
EMAIL_LENGTH = 254
EXTERNAL_ID_LENGTH = 300
BODY_LENGTH = 262_144
EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]+(\.[\w-]+)+")
CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
PHONE_PUNCTUATION = re.compile(r"[\s().+-]")
VALUE = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")

OF_LATE = 200  # of a person's classifications: what they use most is seen from these
USUAL_REASONS = 6


# Roles --------------------------------------------------------------------------------------------


def check_works_with_conversations(user: User) -> None:
    """Agents, managers and administrators; analysts see none (R18)."""
    if not (user.handles_conversations or user.role is Role.SYSTEM):
        raise NotPermitted("Your role does not work with conversations.")


def check_sees_outcomes(user: User) -> None:
    """Managers, analysts and administrators."""
    if user.role not in (Role.MANAGER, Role.ANALYST, Role.ADMIN, Role.SYSTEM):
        raise NotPermitted("Your role does not see outcomes.")


def check_asks_sql(user: User) -> None:
    """Analysts and administrators."""
    if not asks_sql(user):
        raise NotPermitted("Your role does not ask questions in SQL.")


def asks_sql(user: User) -> bool:
    return user.role in (Role.ANALYST, Role.ADMIN, Role.SYSTEM)


def check_administrator(user: User) -> None:
    """R4, and settings."""
    if user.role not in (Role.ADMIN, Role.SYSTEM):
        raise NotPermitted("Only an administrator may do this.")


def check_posts_messages(user: User, scope: Scope | None) -> None:
    """R20: an administrator, or a token with scope `messages`; webhooks act as system."""
    if scope is not Scope.MESSAGES and user.role not in (Role.ADMIN, Role.SYSTEM):
        raise NotPermitted("Posting messages needs an administrator or a token with scope messages.")


def may_see(user: User, conversation: Conversation, has_concluded_it: bool) -> bool:
    """R18. `has_concluded_it`: one of the conversation's conclusions is the user's."""
    if user.handles_any_conversation or user.role is Role.SYSTEM:
        return True
    if not user.handles_conversations:
        return False
    return conversation.folder is Folder.NEW or conversation.assigned_to == user.id or has_concluded_it


# People -------------------------------------------------------------------------------------------


def clean_email(text: str) -> str:
    """Return a plausible e-mail as it is kept and compared: lower case."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    # Beyond ASCII, providers and we could take two for one: nobody is known by such an address.
    if len(email) > EMAIL_LENGTH or not email.isascii() or not EMAIL.fullmatch(email):
        raise Invalid("This does not look like an e-mail address.", field="email")
    return email


def clean_person_name(text: str) -> str:
    text = clean_line(text, "name", NAME_LENGTH)
    if not fold(text):
        raise Invalid("A person needs a name.", field="name")
    return text


def check_person(before: User | None, after: User, others: Iterable[User]) -> None:
    """Whether somebody may become `after`. `before`: None where they are new; `others`: everybody else.

    One person has an e-mail, who is active has one, and the last active administrator stays one.
    """
    others = list(others)
    if before is not None and before.role is Role.SYSTEM:
        raise NotPermitted("The system user cannot be changed.")
    if after.role is Role.SYSTEM:
        raise Invalid("This role cannot be given to anybody.", field="role")
    if after.active and after.email is None:
        raise Invalid("Without an e-mail nobody can sign in: give them one first.", field="email")
    for other in others:
        if after.email is not None and other.email == after.email:
            if other.active:
                raise Invalid("{person} already has this e-mail.", field="email", person=other.name)
            raise Invalid(
                "{person}, who is deactivated, already has this e-mail: bring them back instead.",
                field="email",
                person=other.name,
            )
    ceases = before is not None and before.administers and not after.administers
    if ceases and not any(other.administers for other in others):
        raise Invalid(
            "{person} is the last active administrator: make somebody else one first.",
            field="active" if after.role is Role.ADMIN else "role",
            person=after.name,
        )


# Concluding and classifying -----------------------------------------------------------------------


def check_conclude(user: User, conversation: Conversation) -> None:
    """R1. What is already concluded is said before whose it is."""
    check_works_with_conversations(user)
    check_not_concluded(conversation)
    own = conversation.folder is Folder.NEW or conversation.assigned_to == user.id
    if not (own or user.handles_any_conversation):
        if conversation.assigned_to is None:  # an import can leave one in progress with nobody
            raise NotPermitted("Only a manager or an administrator may conclude this conversation.")
        raise NotPermitted(
            "This conversation is with {agent}; only they, a manager or an administrator may conclude it.",
            agent=conversation.assigned_to_name,
        )


def check_not_concluded(conversation: Conversation) -> None:
    last = conversation.conclusion
    if conversation.folder is Folder.CONCLUDED and last is not None:
        facts = {
            "conclusion_id": last.id,
            "concluded_by": {"id": last.concluded_by, "name": last.concluded_by_name},
            "concluded_at": last.concluded_at,
        }
        if last.concluded_by_name is None:
            raise AlreadyConcluded(
                "This conversation was already concluded at {at}.", at=last.concluded_at, facts=facts
            )
        raise AlreadyConcluded(
            "{agent} already concluded this conversation at {at}.",
            agent=last.concluded_by_name,
            at=last.concluded_at,
            facts=facts,
        )


def parse_value(text: str) -> Decimal:
    """Return the value a decimal string says, exactly (R5)."""
    if not VALUE.fullmatch(text):
        raise Invalid(
            "The value must be a number from 0 to 9999999999999.99 with at most two decimals.", field="value"
        )
    return Decimal(text).quantize(Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class Classifying:
    """What a new classification version will say."""

    reason: Reason
    value: Decimal | None
    currency: str | None


def classify(
    organisation: Organisation, reason: Reason, value: str | None, before: Classification | None = None
) -> Classifying:
    """Decide a classification (R2, R5, R8). `before`: the version it follows, when one is edited.

    A value that stays keeps its currency, whatever the organisation counts in today.
    """
    if not organisation.classification_on:
        raise ClassificationOff("The classification app is switched off.")
    if not reason.in_use and not (before and before.reason_id == reason.id):
        raise Invalid(
            "The reason “{reason}” is no longer in use.", field="reason_id", reason=reason.description
        )
    amount = None if value is None else parse_value(value)
    if amount is None and reason.value is ValueMode.REQUIRED:
        raise Invalid("The reason “{reason}” asks for a value.", field="value", reason=reason.description)
    if amount is not None and reason.value is ValueMode.NONE:
        raise Invalid("The reason “{reason}” carries no value.", field="value", reason=reason.description)
    currency = before.currency if before and before.value == amount else organisation.currency
    return Classifying(reason, amount, None if amount is None else currency)


def check_edit(user: User, conclusion: Conclusion) -> None:
    """R8: the user who concluded, and nobody else."""
    check_works_with_conversations(user)
    if conclusion.concluded_by != user.id:
        raise NotPermitted("Only the person who concluded may change this classification.")


def changes_something(before: Classification | None, after: Classifying) -> bool:
    """Whether a version says anything new: a repeated save is not another version."""
    return before is None or (
        (before.reason_id, before.reason, before.category, before.value)
        != (after.reason.id, after.reason.description, after.reason.category, after.value)
    )


# Messages -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it arrives, cleaned."""

    channel: str
    addresses: tuple[str, ...]  # all are the same contact; the one to show first
    name: str | None
    external_id: str
    sent_at: datetime | None
    body: str
    direction: Direction = Direction.IN


@dataclass(frozen=True, slots=True)
class Receiving:
    """What a message will do. `at`: when the conversation opens or reopens."""

    outcome: Outcome
    folder: Folder
    assigned_to: UUID | None
    at: datetime
    present_chatbot: bool


def stored_time(sent_at: datetime | None, now: datetime) -> datetime:
    """The time a message is stored at (R10): its own, or now where its clock runs ahead."""
    if sent_at is None:
        raise Invalid("A message needs the time it was sent at.", field="sent_at")
    if sent_at.tzinfo is None:
        raise Invalid("The time must say its offset from UTC.", field="sent_at")
    if sent_at < EARLIEST:
        raise Invalid("A message cannot be from before the year 2000.", field="sent_at")
    return now if sent_at - now > CLOCK_SKEW else sent_at.astimezone(UTC)


def receive(
    latest: Conversation | None, concluder: User | None, sent_at: datetime, now: datetime
) -> Receiving:
    """Decide what a contact's message does (R10).

    `latest` is the contact's latest conversation on the channel, `concluder` who made its last conclusion,
    `sent_at` the stored time. A conversation opens or reopens when the person wrote, though not in the future.
    """
    if latest is None:
        return Receiving(Outcome.OPENED, Folder.NEW, None, min(sent_at, now), present_chatbot=True)
    if latest.conclusion is None or latest.is_open:
        return Receiving(
            Outcome.APPENDED, latest.folder, latest.assigned_to, latest.since, present_chatbot=False
        )
    concluded_at = latest.conclusion.concluded_at
    effective = max(sent_at, concluded_at)  # what was under way while the agent concluded was not seen
    at = max(concluded_at, min(effective, now))
    waits = latest.conclusion.archive_preference is ArchivePreference.AFTER_12H
    if not (waits and effective <= concluded_at + ARCHIVE_AFTER):
        return Receiving(Outcome.OPENED, Folder.NEW, None, at, present_chatbot=True)
    if concluder is None or not concluder.handles_conversations:
        return Receiving(Outcome.REOPENED, Folder.NEW, None, at, present_chatbot=False)
    return Receiving(Outcome.REOPENED, Folder.IN_PROGRESS, concluder.id, at, present_chatbot=False)


def receive_own(
    latest: Conversation | None, writer: User | None, sent_at: datetime, now: datetime
) -> Receiving:
    """Decide what a message of the team's own does (R17)."""
    if latest is not None:
        return Receiving(
            Outcome.APPENDED, latest.folder, latest.assigned_to, latest.since, present_chatbot=False
        )
    at = min(sent_at, now)
    if writer is None or not writer.handles_conversations:
        return Receiving(Outcome.OPENED, Folder.NEW, None, at, present_chatbot=False)
    return Receiving(Outcome.OPENED, Folder.IN_PROGRESS, writer.id, at, present_chatbot=False)


def service_window_ends_at(channel: str, last_inbound_at: datetime | None) -> datetime | None:
    """R11: 24 hours after the contact's last message, whatever was concluded; None where there is no window."""
    if channel not in SERVICE_WINDOW_CHANNELS or last_inbound_at is None:
        return None
    return last_inbound_at + SERVICE_WINDOW


# Taking, assigning, taking up again ---------------------------------------------------------------


def check_assign(user: User, conversation: Conversation, to: User) -> None:
    """R19."""
    check_works_with_conversations(user)
    check_not_concluded(conversation)
    if not user.handles_any_conversation:
        if to.id != user.id:
            raise NotPermitted(
                "Only a manager or an administrator may assign a conversation to somebody else."
            )
        if conversation.folder is not Folder.NEW and conversation.assigned_to != user.id:
            if conversation.assigned_to is None:
                raise NotPermitted("Only a manager or an administrator may assign this conversation.")
            raise NotPermitted("{agent} already took this conversation.", agent=conversation.assigned_to_name)
    if not to.handles_conversations:
        raise Invalid("{agent} does not handle conversations.", field="agent_id", agent=to.name)


def may_reopen(user: User, conversation: Conversation) -> bool:
    """R12, who: whoever concluded it, a manager or an administrator."""
    last = conversation.conclusion
    return user.handles_any_conversation or (
        user.handles_conversations and last is not None and last.concluded_by == user.id
    )


def check_reopen(user: User, conversation: Conversation, other_open: UUID | None) -> None:
    """R12. `other_open`: another open conversation of the contact on the channel (R13)."""
    check_works_with_conversations(user)
    if not may_reopen(user, conversation):
        raise NotPermitted(
            "Only the person who concluded, a manager or an administrator may recover this one."
        )
    if conversation.is_open:
        raise ConcurrentChange("This conversation is already open again.")
    if other_open is not None:
        raise OpenConversationExists(
            "The contact already has another open conversation on this channel.",
            facts={"conversation_id": other_open},
        )


# Reasons and texts --------------------------------------------------------------------------------


def most_frequent(used: Iterable[UUID]) -> list[UUID]:
    """The reasons used most, of equals the one used last; `used` begins with the last one."""
    times = Counter(used)  # keeps the order in which it met them
    return [reason_id for reason_id, _ in times.most_common(USUAL_REASONS)]


def fold(text: str) -> str:
    """A text without case, accents, extra spaces and what nobody sees: how descriptions are compared (R4)."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", bare.casefold()).split())


def clean_description(text: str) -> str:
    """Return a reason's description ready to keep (R4)."""
    text = clean_line(text, "description", DESCRIPTION_LENGTH)
    if not fold(text):
        raise Invalid("A reason needs a description.", field="description")
    return text


def check_unique(description: str, category: Category, others_in_use: Iterable[Reason]) -> None:
    """R4: unique inside its category, ignoring case and accents, among those in use."""
    for other in others_in_use:
        if other.category is category and fold(other.description) == fold(description):
            raise Invalid(
                "The category already has the reason “{reason}”.",
                field="description",
                reason=other.description,
            )


def clean_line(text: str, field: str, length: int) -> str:
    """Return one line of text without outer spaces, or say why it cannot be taken."""
    text = unicodedata.normalize("NFC", text.strip())
    if any(_is_unseen(c) for c in text):
        raise Invalid("Control characters are not allowed here.", field=field)
    if len(text) > length:
        raise Invalid("At most {length} characters fit here.", field=field, length=length)
    return text


def _is_unseen(c: str) -> bool:
    """Controls, line ends, half characters."""
    return unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")


def clean_name(text: str | None) -> str | None:
    """What a contact calls themselves: never a ground to refuse their message, so mended instead."""
    if text is None:
        return None
    kept = "".join(" " if _is_unseen(c) else c for c in text)
    return " ".join(kept.split())[:NAME_LENGTH] or None


def clean_body(text: str) -> str:
    """A message as it can be stored: all of it, but for what no database keeps."""
    if not text.strip():
        raise Invalid("A message needs a text.", field="body")
    if len(text) > BODY_LENGTH:
        raise Invalid("At most {length} characters fit here.", field="body", length=BODY_LENGTH)
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def clean_address(channel: str, text: str) -> str:
    """What a contact is known by; a phone on WhatsApp is its digits, however it is written."""
    text = clean_line(text, "contact.address", ADDRESS_LENGTH)
    digits = PHONE_PUNCTUATION.sub("", text)
    address = digits if channel == "whatsapp" and digits.isdecimal() else text
    if not address:
        raise Invalid("A contact needs an address.", field="contact.address")
    return address


def address_sought(q: str) -> str:
    """What to look for among addresses: of a phone its digits, however it is written."""
    digits = PHONE_PUNCTUATION.sub("", q)
    return digits if digits.isdecimal() else q


def clean_channel(text: str) -> str:
    if not CHANNEL.fullmatch(text):
        raise Invalid(
            "A channel is named with up to 40 lower-case letters, digits, hyphens and underscores.",
            field="channel",
        )
    return text
