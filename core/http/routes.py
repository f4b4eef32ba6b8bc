"""The routes of `/api/v1`. Each asks a service and shapes its answer; the services authorise."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from core import services
from core.errors import Invalid
from core.http import cursor as cursors
from core.http import schemas
from core.http.problems import documented
from core.http.requests import Asking, Changing, Opened
from core.model import Direction, Folder, Listing
from core.rules import Incoming

router = APIRouter(prefix="/api/v1", responses=documented(401, 403, 422, 429, 503))
changes = documented(404, 409, 413)


# Messages -----------------------------------------------------------------------------------------


@router.post("/messages", response_model=schemas.Received, responses=documented(413), tags=["messages"])
def post_message(body: schemas.MessageIn, command: Changing) -> Response:
    """Take in a contact's message or, with direction `out`, one of the team's own."""
    if body.agent_id and body.direction is Direction.IN:
        raise Invalid("A contact's message is not written by an agent.", field="agent_id")
    message = Incoming(
        channel=body.channel,
        addresses=(body.contact.address,),
        name=body.contact.name,
        external_id=body.external_id,
        sent_at=body.sent_at,
        body=body.body,
        direction=body.direction,
    )
    return command.answer(
        lambda tx: schemas.Received.model_validate(
            services.receive_message(
                tx, command.caller, message, now=command.now, writer_id=body.agent_id
            )
        )
    )  # fmt: skip


# Conversations ------------------------------------------------------------------------------------


@router.get("/conversations", tags=["conversations"])
def list_conversations(
    application: Opened,
    caller: Asking,
    folder: Folder | None = None,
    agent: Annotated[UUID | None, Query(description="Assigned to this user")] = None,
    q: Annotated[
        str | None, Query(description="In the contact's name or address, or a message's text")
    ] = None,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> schemas.ConversationPage:
    """What the caller may see, the most recently active first."""
    after = None if cursor is None else cursors.decode(cursor)
    rows = services.list_conversations(
        application.desk, caller, Listing(folder, agent, q), limit=limit + 1, after=after
    )
    shown = rows[:limit]
    more = cursors.encode(shown[-1].active_at, shown[-1].id) if len(rows) > limit else None
    return schemas.page(shown, more)


@router.get("/conversations/{conversation_id}", responses=documented(404), tags=["conversations"])
def get_conversation(
    conversation_id: UUID, application: Opened, caller: Asking
) -> schemas.ConversationDetail:
    """One conversation with its messages, and its conclusions with every version of their classification."""
    return schemas.detail(services.conversation(application.desk, caller, conversation_id))


@router.post(
    "/conversations/{conversation_id}/assign",
    response_model=schemas.Conversation,
    responses=changes,
    tags=["conversations"],
)
def assign(conversation_id: UUID, body: schemas.Assign, command: Changing) -> Response:
    """Take a conversation, or hand it to somebody."""
    return command.answer(
        lambda tx: schemas.conversation(
            services.assign(tx, command.caller, conversation_id, body.agent_id, now=command.now)
        )
    )


@router.post(
    "/conversations/{conversation_id}/conclude",
    response_model=schemas.Conclusion,
    responses=changes,
    tags=["conversations"],
)
def conclude(conversation_id: UUID, body: schemas.Conclude, command: Changing) -> Response:
    """Conclude, with a classification or, given `{}`, without."""
    return command.answer(
        lambda tx: schemas.conclusion(
            services.conclude(
                tx, command.caller, conversation_id, body.reason_id, body.value, now=command.now
            )
        )
    )


@router.post(
    "/conversations/{conversation_id}/reopen",
    response_model=schemas.Conversation,
    responses=changes,
    tags=["conversations"],
)
def reopen(conversation_id: UUID, command: Changing) -> Response:
    """Take a concluded conversation up again; it becomes the caller's."""
    return command.answer(
        lambda tx: schemas.conversation(
            services.reopen(tx, command.caller, conversation_id, now=command.now)
        )
    )  # fmt: skip


@router.put(
    "/conclusions/{conclusion_id}/classification",
    response_model=schemas.Conclusion,
    responses=changes,
    tags=["conversations"],
)
def edit_classification(conclusion_id: UUID, body: schemas.Classify, command: Changing) -> Response:
    """Add a version to the classification of one's own conclusion, or its first."""
    return command.answer(
        lambda tx: schemas.conclusion(
            services.edit_classification(
                tx, command.caller, conclusion_id, body.reason_id, body.value, now=command.now
            )
        )
    )


# Categories and reasons ---------------------------------------------------------------------------


@router.get("/categories", tags=["reasons"])
def list_categories(application: Opened, caller: Asking) -> schemas.Categories:
    """The four categories, in their order. They never change."""
    services.me(application.desk, caller)  # a token that is for something else stops here
    return schemas.CATEGORIES


@router.get("/reasons", tags=["reasons"])
def list_reasons(application: Opened, caller: Asking) -> schemas.Reasons:
    """Every reason, those retired too."""
    found = services.list_reasons(application.desk, caller)
    return schemas.Reasons(items=[schemas.reason(one) for one in found])


@router.post(
    "/reasons", status_code=201, response_model=schemas.Reason, responses=documented(413), tags=["reasons"]
)
def create_reason(body: schemas.ReasonIn, command: Changing) -> Response:
    """Define a reason; from now on it is offered to everybody."""
    return command.answer(
        lambda tx: schemas.reason(
            services.create_reason(
                tx, command.caller, body.description, body.category, body.value, now=command.now
            )
        ),
        status=201,
    )


@router.patch(
    "/reasons/{reason_id}", response_model=schemas.Reason, responses=documented(404, 413), tags=["reasons"]
)
def change_reason(reason_id: UUID, body: schemas.ReasonChange, command: Changing) -> Response:
    """Rename, move, retire or bring back a reason. History keeps what it said."""
    return command.answer(
        lambda tx: schemas.reason(
            services.change_reason(
                tx,
                command.caller,
                reason_id,
                description=body.description,
                category=body.category,
                value=body.value,
                in_use=body.in_use,
                now=command.now,
            )
        )
    )


# One's own ----------------------------------------------------------------------------------------


@router.get("/me/preferences", tags=["preferences"])
def get_preferences(application: Opened, caller: Asking) -> schemas.Preferences:
    return schemas.Preferences(archive=services.get_archive_preference(application.desk, caller))


@router.put(
    "/me/preferences", response_model=schemas.Preferences, responses=documented(413), tags=["preferences"]
)
def set_preferences(body: schemas.Preferences, command: Changing) -> Response:
    """Choose what happens after one's own later conclusions."""
    return command.answer(
        lambda tx: schemas.Preferences(
            archive=services.set_archive_preference(tx, command.caller, body.archive, now=command.now)
        )
    )
