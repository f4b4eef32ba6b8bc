"""Every error a person can cause. Anything else is a bug.

An error carries a sentence in English with `{placeholders}`, which is also its key in the translations
(core/text.py renders it), a stable code, and the HTTP status that goes with it. `facts` are extra members
for programs: they join the HTTP problem and never carry secrets.
"""

from typing import Any, ClassVar


class AppError(Exception):
    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(
        self, message: str, /, *, field: str | None = None, facts: dict[str, Any] | None = None, **params: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.facts = facts or {}
        self.params = params

    def __str__(self) -> str:
        return self.message.format(**self.params)


class Unauthenticated(AppError):
    code, status = "unauthenticated", 401


class NotPermitted(AppError):
    code, status = "not_permitted", 403


class NotFound(AppError):
    code, status = "not_found", 404


class AlreadyConcluded(AppError):
    code, status = "already_concluded", 409


class OpenConversationExists(AppError):
    code, status = "open_conversation_exists", 409


class ConcurrentChange(AppError):
    code, status = "concurrent_change", 409


class ClassificationOff(AppError):
    code, status = "classification_off", 409


class Invalid(AppError):
    """Input that cannot be taken; `field` names the one at fault."""

    code, status = "invalid", 422


class TooLarge(AppError):
    code, status = "too_large", 413


class TooManyRequests(AppError):
    """More than one token or one address may ask; `seconds` says when to ask again."""

    code, status = "too_many_requests", 429

    def __init__(self, message: str, /, *, seconds: int) -> None:
        super().__init__(message, seconds=seconds)
        self.seconds = seconds


class Unavailable(AppError):
    """The application cannot start or do this here and now: another process has the data, a setting is missing."""

    code, status = "unavailable", 503
