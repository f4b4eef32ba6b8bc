"""The words of Desfecho as types: frozen dataclasses and enums, nothing that acts.

Every time is an aware datetime in UTC; every sum of money a `Decimal` with its currency beside it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class Folder(StrEnum):
    """Where a conversation is; the first two are open."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    CONCLUDED = "concluded"


class Order(StrEnum):
    """What comes first in the list."""

    RECENT = "recent"  # the most recently active
    WAITING = "waiting"  # whose contact has been waiting longest for an answer
    WINDOW = "window"  # whose service window closes soonest (R11)


class Category(StrEnum):
    """The four categories, in the order they are shown. They never change (R3)."""

    ACHIEVED = "achieved"
    LOST = "lost"
    QUESTION = "question"
    OTHER = "other"


class ValueMode(StrEnum):
    """Whether a reason carries a value (R4)."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class ArchivePreference(StrEnum):
    """What a later message of the contact does to a conclusion (R9, R10)."""

    AFTER_12H = "after_12h"
    IMMEDIATELY = "immediately"


class Role(StrEnum):
    AGENT = "agent"
    MANAGER = "manager"
    ANALYST = "analyst"
    ADMIN = "admin"
    SYSTEM = "system"  # webhooks and the command line (R20); nobody signs in as it


class Scope(StrEnum):
    """What a token may be used for."""

    API = "api"
    MESSAGES = "messages"
    SQL = "sql"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Outcome(StrEnum):
    """What a message did (R10)."""

    OPENED = "opened"
    APPENDED = "appended"
    REOPENED = "reopened"
    DUPLICATE = "duplicate"


class ReopenCause(StrEnum):
    MESSAGE = "message"
    MANUAL = "manual"
    IMPORTED = "imported"


SYSTEM_USER_ID = UUID("00000000-0000-7000-8000-000000000000")
DESK_SOURCE = "desk"  # conversations that began here, as opposed to an import's name


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a user and, when they came with a token, what the token is for."""

    user_id: UUID
    scope: Scope | None = None  # None: the person themselves, signed in


SYSTEM = Caller(SYSTEM_USER_ID)


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    email: str | None  # None: known only from an import
    name: str
    role: Role
    active: bool

    @property
    def handles_conversations(self) -> bool:
        return self.active and self.role in (Role.AGENT, Role.MANAGER, Role.ADMIN)

    @property
    def handles_any_conversation(self) -> bool:
        return self.active and self.role in (Role.MANAGER, Role.ADMIN)

    @property
    def administers(self) -> bool:
        """Can come in and let others in."""
        return self.active and self.role is Role.ADMIN and self.email is not None


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation's settings."""

    classification_on: bool = True  # the classification app (R2)
    currency: str = "BRL"  # ISO 4217 (R5)
    timezone: str = "America/Sao_Paulo"  # IANA name; days of reports and times on screen


@dataclass(frozen=True, slots=True)
class Reason:
    id: UUID
    description: str
    category: Category
    value: ValueMode
    in_use: bool


@dataclass(frozen=True, slots=True)
class Classification:
    """One version of what a conclusion was said to be; the last version counts (R8)."""

    id: UUID
    conclusion_id: UUID
    version: int  # 1, 2, …
    reason_id: UUID
    category: Category  # of its moment (R4)
    reason: str  # the description of its moment (R4)
    value: Decimal | None
    currency: str | None  # set exactly when value is
    classified_at: datetime
    classified_by: UUID | None
    classified_by_name: str | None


@dataclass(frozen=True, slots=True)
class Conclusion:
    id: UUID
    conversation_id: UUID
    cycle: int  # 1, 2, … in its conversation
    concluded_at: datetime
    concluded_by: UUID | None  # None: imported, the agent unknown
    concluded_by_name: str | None
    from_folder: Folder
    archive_preference: ArchivePreference  # of its moment (R9)
    classifications: tuple[Classification, ...] = ()  # oldest first

    @property
    def classification(self) -> Classification | None:
        """The version that counts."""
        return self.classifications[-1] if self.classifications else None


@dataclass(frozen=True, slots=True)
class Reopening:
    id: UUID
    conversation_id: UUID
    conclusion_id: UUID
    reopened_at: datetime
    reopened_by: UUID | None  # None: a message did it, or an import
    reopened_by_name: str | None
    cause: ReopenCause


@dataclass(frozen=True, slots=True)
class Contact:
    id: UUID
    name: str | None
    address: str  # the one shown: the phone where there is one; empty once erased
    erased_at: datetime | None = None  # when name, addresses and texts were erased


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as rules need it."""

    id: UUID
    contact_id: UUID
    channel: str
    folder: Folder
    assigned_to: UUID | None
    assigned_to_name: str | None
    opened_at: datetime
    since: datetime  # when it entered the folder it is in, or was opened or reopened
    source: str
    conclusion: Conclusion | None  # the last one; with its classifications where asked for

    @property
    def is_open(self) -> bool:
        return self.folder is not Folder.CONCLUDED


@dataclass(frozen=True, slots=True)
class Message:
    id: UUID
    direction: Direction
    sent_at: datetime  # its own time
    body: str  # empty: erased
    author: UUID | None  # who of the team wrote it, where known
    author_name: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which conversations a list shows, and in which order."""

    folder: Folder | None = None
    agent: UUID | None = None  # assigned to them
    q: str | None = None  # in the contact's name or address, or a message's text
    channel: str | None = None
    waiting: bool = False  # only those whose contact waits for an answer
    reopened: bool = False  # only those that came back
    order: Order = Order.RECENT
    window_after: datetime | None = None  # a contact's message after this keeps the service window open
    visible_to: UUID | None = None  # only what this agent sees (R18); the services say it


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One row of the list."""

    id: UUID
    contact: Contact
    channel: str
    folder: Folder
    assigned_to: UUID | None
    assigned_to_name: str | None
    opened_at: datetime
    since: datetime
    last_message_at: datetime | None
    last_message: str | None  # its first 200 characters
    last_message_direction: Direction | None
    last_inbound_at: datetime | None
    waiting_since: datetime | None  # the contact's first message that nobody answered yet; None: nobody waits
    service_window_ends_at: datetime | None  # R11; None where the channel has none
    reopened: bool
    active_at: datetime  # what the list is ordered by, newest first


@dataclass(frozen=True, slots=True)
class ConversationDetail:
    """Everything about one conversation that somebody who may see it sees."""

    conversation: Conversation
    contact: Contact
    messages: tuple[Message, ...]  # oldest first
    earlier_messages: int  # how many older ones were left out
    conclusions: tuple[Conclusion, ...]  # oldest first, each with its versions
    reopenings: tuple[Reopening, ...]  # oldest first
    service_window_ends_at: datetime | None  # R11; None where the channel has none
    concluded_by_me: bool


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """The answer to a message (R10)."""

    outcome: Outcome
    conversation_id: UUID
    present_chatbot: bool


@dataclass(frozen=True, slots=True)
class Token:
    id: UUID
    user_id: UUID
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None  # None: never
    revoked_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Neither revoked nor expired; whether its user is still let in is another matter."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class TokenDetail:
    """What administrators see of a token: never the secret."""

    token: Token
    user: User
    created_by: User
    used_at: datetime | None  # to the minute; None: never


# The record ---------------------------------------------------------------------------------------


class Topic(StrEnum):
    """What the record can be narrowed to: what the actions are about."""

    CONVERSATIONS = "conversations"
    OUTCOMES = "outcomes"
    SETTINGS = "settings"
    PEOPLE = "people"
    SIGN_INS = "sign_ins"
    PERSONAL_DATA = "personal_data"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What somebody was not permitted to do."""

    action: str  # the service's name, or a verb of history
    code: str  # of the error
    user_id: UUID | None = None  # None: nobody known
    who: str | None = None  # the e-mail of somebody who is nobody here
    subject_id: UUID | None = None
    page: str | None = None  # its address, where a page was refused
    at: datetime | None = None  # None: when it is written down


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which entries of the record are asked for."""

    since: datetime | None = None
    until: datetime | None = None  # before it
    user_id: UUID | None = None
    topic: Topic | None = None
    refused: bool = False  # only what was refused
    conversation_id: UUID | None = None
    messages: bool = False  # also those of contacts, which are nobody's doing


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """Who did what and when, or was refused it. What it was about is named as it is called now."""

    occurred_at: datetime
    number: int  # of the command; 0: it was refused
    refusal_id: UUID | None
    user_id: UUID | None
    who: str | None  # a name; an e-mail of nobody here; None: unknown
    action: str
    refused: str | None  # the error's code
    subject_id: UUID | None
    conversation_id: UUID | None  # that it was about
    contact: str | None  # the name or address of whom it was about; None also once erased
    subject: str | None  # a reason, a person, a token, a page

    @property
    def key(self) -> tuple[datetime, int, UUID | None]:
        """Where it stands in the record."""
        return self.occurred_at, self.number, self.refusal_id
