"""What every command and query begins with: a transaction, and the person who asks as they are now."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from core.desk import Transact, Tx, people
from core.errors import AppError, NotPermitted, Unauthenticated
from core.model import Caller, Refusal, Scope, User

P = ParamSpec("P")
R = TypeVar("R")


def command(work: Callable[Concatenate[Tx, P], R]) -> Callable[Concatenate[Transact, P], R]:
    """Make `work` one transaction of the desk, or part of the one it is called in."""

    def run(desk: Transact, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return desk.transact(lambda tx: work(tx, *args, **kwargs))

    return _noting(work, run)


def query(work: Callable[Concatenate[Tx, P], R]) -> Callable[Concatenate[Transact, P], R]:
    """Let `work` read one consistent state."""

    def run(desk: Transact, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return desk.read(lambda tx: work(tx, *args, **kwargs))

    return _noting(work, run)


def _noting(
    work: Callable[Concatenate[Tx, P], R], run: Callable[Concatenate[Transact, P], R]
) -> Callable[Concatenate[Transact, P], R]:
    """`run`, which does `work`, with a note for the record of what was refused."""

    def noting(desk: Transact, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return run(desk, *args, **kwargs)
        except (NotPermitted, Unauthenticated) as error:
            _note(desk, work.__name__, error, *args, **kwargs)
            raise

    update_wrapper(noting, work)
    return noting


def _note(desk: Transact, action: str, error: AppError, /, *asked: Any, now: Any = None, **_: Any) -> None:
    """Say for the record who was refused what, and about what where that has an id."""
    if asked and isinstance(asked[0], Caller):
        subject_id = asked[1] if len(asked) > 1 and isinstance(asked[1], UUID) else None
        desk.note(Refusal(action, error.code, asked[0].user_id, subject_id=subject_id, at=now))


def who(tx: Tx, caller: Caller, *, token_for: Scope = Scope.API) -> User:
    """The person asking, as they are now."""
    user = people.user(tx, caller.user_id)
    if user is None or not user.active:
        raise Unauthenticated("This account is not active.")
    if caller.scope not in (None, Scope.API, token_for):
        raise NotPermitted("This token is for {scope} only.", scope=caller.scope)
    return user
