"""What goes over HTTP: the bodies that are taken and the answers that are given.

Times are ISO 8601 in UTC with `Z`, values decimal strings such as "1234.56", ids UUIDs as strings.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, WithJsonSchema
from pydantic_core import PydanticCustomError

from core import model, rules
from core.model import ArchivePreference, Category, Direction, Folder, Outcome, ReopenCause, ValueMode


def _moment(text: object) -> datetime:
    """Read a time that says its offset; a bare number or a naive time could mean several."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError(
        "moment", "A time is an ISO 8601 string with its offset from UTC, such as 2026-03-02T13:00:00Z"
    )


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]


def _text(text: str) -> str:
    """Refuse half a character, which JSON can write down and UTF-8 cannot."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise PydanticCustomError("text", "A text is valid Unicode, without lone surrogates")
    return text


Text = Annotated[str, AfterValidator(_text)]


def _like(pattern: re.Pattern[str]) -> Any:
    """Tell of a pattern that a rule checks, in its own words."""
    return Field(json_schema_extra={"pattern": f"^{pattern.pattern}$"})


Value = Annotated[Text, _like(rules.VALUE)]


# Bodies that are taken ----------------------------------------------------------------------------


class Body(BaseModel):
    """What a program sends: nothing unknown in it. JSON's strings are never made of numbers."""

    model_config = ConfigDict(extra="forbid")


class ContactIn(Body):
    address: Text = Field(description="What the contact is known by on the channel: a phone, an account")
    name: Text | None = None


class MessageIn(Body):
    channel: Annotated[Text, _like(rules.CHANNEL)] = Field(examples=["webchat"])
    contact: ContactIn
    external_id: Text = Field(description="The message's id on its channel; the same id is stored once")
    sent_at: Moment
    body: Text
    direction: Direction = Direction.IN
    agent_id: UUID | None = Field(None, description="Who of the team wrote it, with direction `out`")


class Assign(Body):
    agent_id: UUID | None = Field(None, description="Default: the caller")


class Conclude(Body):
    """Without a reason the conversation is only concluded."""

    reason_id: UUID | None = None
    value: Value | None = Field(None, description="A decimal string", examples=["1234.56"])


class Classify(Body):
    reason_id: UUID
    value: Value | None = Field(None, description="A decimal string", examples=["1234.56"])


class ReasonIn(Body):
    description: Text
    category: Category
    value: ValueMode


class ReasonChange(Body):
    """What is absent stays."""

    description: Text | None = None
    category: Category | None = None
    value: ValueMode | None = None
    in_use: StrictBool | None = None


class Preferences(Body):
    archive: ArchivePreference


# Answers ------------------------------------------------------------------------------------------


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Person(Answer):
    id: UUID
    name: str


class Received(Answer):
    outcome: Outcome
    conversation_id: UUID
    present_chatbot: bool


class Contact(Answer):
    id: UUID
    name: str | None
    address: str = Field(description="The one shown; empty once erased")
    erased_at: datetime | None = Field(
        description="When name, addresses and texts were erased; null: they were not"
    )


class Classification(Answer):
    """One version of a classification, with the reason's words of its moment."""

    version: int
    category: Category
    reason_id: UUID
    reason: str
    value: Decimal | None
    currency: str | None
    classified_at: datetime
    classified_by: Person | None


class Conclusion(Answer):
    id: UUID
    conversation_id: UUID
    cycle: int
    concluded_at: datetime
    concluded_by: Person | None
    from_folder: Folder
    archive_preference: ArchivePreference
    classification: Classification | None = Field(description="The version that counts, the last one")
    versions: list[Classification] = Field(description="Oldest first")


class Conversation(Answer):
    id: UUID
    channel: str
    folder: Folder
    assigned_to: Person | None
    opened_at: datetime
    since: datetime = Field(description="When it was opened, reopened or concluded last")


class ConversationSummary(Conversation):
    contact: Contact
    last_message_at: datetime | None
    last_message: str | None = Field(description="Its first 200 characters; empty: erased")
    last_message_direction: Direction | None
    last_inbound_at: datetime | None
    waiting_since: datetime | None = Field(description="The contact's first message that nobody answered yet")
    service_window_ends_at: datetime | None = Field(description="24 hours after the contact's last message")
    reopened: bool
    active_at: datetime = Field(description="What the list is ordered by, newest first")


class ConversationPage(Answer):
    items: list[ConversationSummary]
    next: str | None = Field(description="The cursor of the next page; null on the last one")


class Message(Answer):
    id: UUID
    direction: Direction
    sent_at: datetime
    body: str = Field(description="Empty: erased")
    author: Person | None = Field(description="Who of the team wrote it, where known")


class Reopening(Answer):
    id: UUID
    conclusion_id: UUID
    reopened_at: datetime
    reopened_by: Person | None = Field(description="Null: a message did it, or an import")
    cause: ReopenCause


class ConversationDetail(Conversation):
    contact: Contact
    messages: list[Message] = Field(description="Oldest first")
    conclusions: list[Conclusion] = Field(description="Oldest first")
    reopenings: list[Reopening] = Field(description="Oldest first")
    service_window_ends_at: datetime | None


class CategoryOut(Answer):
    id: Category
    name: str = Field(description="As the Brazilian screen has it")


class Categories(Answer):
    items: list[CategoryOut]


class Reason(Answer):
    id: UUID
    description: str
    category: Category
    value: ValueMode
    in_use: bool


class Reasons(Answer):
    items: list[Reason]


class Health(Answer):
    status: str = "ok"


class Taken(Answer):
    """What became of a delivery's messages."""

    received: int = 0
    duplicates: int = 0
    skipped: int = 0


class Problem(BaseModel):
    """RFC 9457. Some codes come with members of their own, such as `concluded_by`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs")
    field: str | None = Field(None, description="The input at fault, dotted: contact.address")


CATEGORIES = Categories(
    items=[
        CategoryOut(id=Category.ACHIEVED, name="Objetivo Atingido"),
        CategoryOut(id=Category.LOST, name="Objetivo Perdido"),
        CategoryOut(id=Category.QUESTION, name="Dúvidas"),
        CategoryOut(id=Category.OTHER, name="Outros"),
    ]
)


# From the model -----------------------------------------------------------------------------------


def person(user_id: UUID | None, name: str | None) -> Person | None:
    return None if user_id is None else Person(id=user_id, name=name or "")


def _classification(said: model.Classification) -> Classification:
    return Classification(
        version=said.version,
        category=said.category,
        reason_id=said.reason_id,
        reason=said.reason,
        value=said.value,
        currency=said.currency,
        classified_at=said.classified_at,
        classified_by=person(said.classified_by, said.classified_by_name),
    )


def conclusion(found: model.Conclusion) -> Conclusion:
    versions = [_classification(version) for version in found.classifications]
    return Conclusion(
        id=found.id,
        conversation_id=found.conversation_id,
        cycle=found.cycle,
        concluded_at=found.concluded_at,
        concluded_by=person(found.concluded_by, found.concluded_by_name),
        from_folder=found.from_folder,
        archive_preference=found.archive_preference,
        classification=versions[-1] if versions else None,
        versions=versions,
    )


def _common(found: model.Conversation | model.ConversationSummary) -> dict[str, Any]:
    return {
        "id": found.id,
        "channel": found.channel,
        "folder": found.folder,
        "assigned_to": person(found.assigned_to, found.assigned_to_name),
        "opened_at": found.opened_at,
        "since": found.since,
    }


def conversation(found: model.Conversation) -> Conversation:
    return Conversation(**_common(found))


def _summary(found: model.ConversationSummary) -> ConversationSummary:
    return ConversationSummary(
        **_common(found),
        contact=Contact.model_validate(found.contact),
        last_message_at=found.last_message_at,
        last_message=found.last_message,
        last_message_direction=found.last_message_direction,
        last_inbound_at=found.last_inbound_at,
        waiting_since=found.waiting_since,
        service_window_ends_at=found.service_window_ends_at,
        reopened=found.reopened,
        active_at=found.active_at,
    )


def page(found: Iterable[model.ConversationSummary], next_cursor: str | None) -> ConversationPage:
    return ConversationPage(items=[_summary(row) for row in found], next=next_cursor)


def detail(found: model.ConversationDetail) -> ConversationDetail:
    return ConversationDetail(
        **_common(found.conversation),
        contact=Contact.model_validate(found.contact),
        messages=[
            Message(
                id=message.id,
                direction=message.direction,
                sent_at=message.sent_at,
                body=message.body,
                author=person(message.author, message.author_name),
            )
            for message in found.messages
        ],
        conclusions=[conclusion(one) for one in found.conclusions],
        reopenings=[
            Reopening(
                id=one.id,
                conclusion_id=one.conclusion_id,
                reopened_at=one.reopened_at,
                reopened_by=person(one.reopened_by, one.reopened_by_name),
                cause=one.cause,
            )
            for one in found.reopenings
        ],
        service_window_ends_at=found.service_window_ends_at,
    )


def reason(found: model.Reason) -> Reason:
    return Reason.model_validate(found)
