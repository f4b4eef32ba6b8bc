"""The people and conversations the tables speak of, and how a table's answer is read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_OID, UUID, uuid5

from core.errors import AppError
from core.model import (
    ArchivePreference,
    Category,
    Classification,
    Conclusion,
    Conversation,
    Folder,
    Reason,
    Role,
    User,
    ValueMode,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TICK = timedelta(microseconds=1)  # the smallest step of time there is

NEW, IN_PROGRESS, CONCLUDED = Folder.NEW, Folder.IN_PROGRESS, Folder.CONCLUDED
AFTER_12H, IMMEDIATELY = ArchivePreference.AFTER_12H, ArchivePreference.IMMEDIATELY


def key(name: str) -> UUID:
    return uuid5(NAMESPACE_OID, name)


def person(name: str, role: Role, *, active: bool = True) -> User:
    return User(key(name), f"{name.lower()}@example.com", name, role, active)


ANA = person("Ana", Role.AGENT)
BRUNO = person("Bruno", Role.AGENT)
MARTA = person("Marta", Role.MANAGER)
NADIA = person("Nadia", Role.ANALYST)
CLARA = person("Clara", Role.ADMIN)
ANA_WHO_LEFT = person("Ana", Role.AGENT, active=False)
ANA_NOW_ANALYST = person("Ana", Role.ANALYST)
ANA_NOW_MANAGER = person("Ana", Role.MANAGER)
NOBODY = None


def conclusion(
    by: User | None,
    at: datetime = NOON,
    archive: ArchivePreference = AFTER_12H,
    versions: tuple[Classification, ...] = (),
) -> Conclusion:
    return Conclusion(
        id=key("conclusion"),
        conversation_id=key("conversation"),
        cycle=1,
        concluded_at=at,
        concluded_by=by.id if by else None,
        concluded_by_name=by.name if by else None,
        from_folder=IN_PROGRESS,
        archive_preference=archive,
        classifications=versions,
    )


def conversation(
    folder: Folder, assigned_to: User | None = None, concluded: Conclusion | None = None
) -> Conversation:
    """`concluded`: the last conclusion; needed in `concluded`, possible in the other folders (reopened)."""
    return Conversation(
        id=key("conversation"),
        contact_id=key("João"),
        channel="whatsapp",
        folder=folder,
        assigned_to=assigned_to.id if assigned_to else None,
        assigned_to_name=assigned_to.name if assigned_to else None,
        opened_at=NOON - 24 * HOUR,
        since=concluded.concluded_at if concluded else NOON - 24 * HOUR,
        source="desk",
        conclusion=concluded,
    )


def reason(
    value: ValueMode = ValueMode.OPTIONAL,
    *,
    description: str = "Venda",
    category: Category = Category.ACHIEVED,
    in_use: bool = True,
) -> Reason:
    return Reason(key(description), description, category, value, in_use)


def version(of: Reason, value: str | None = None, currency: str = "BRL") -> Classification:
    """What a conclusion was said to be at noon."""
    return Classification(
        id=key("version"),
        conclusion_id=key("conclusion"),
        version=1,
        reason_id=of.id,
        category=of.category,
        reason=of.description,
        value=None if value is None else Decimal(value),
        currency=None if value is None else currency,
        classified_at=NOON,
        classified_by=ANA.id,
        classified_by_name=ANA.name,
    )


def answer(ask: Callable[..., object], *args: object) -> str:
    """`allowed`, or the stable code of the refusal."""
    try:
        ask(*args)
    except AppError as error:
        return error.code
    return "allowed"
