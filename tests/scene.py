"""What the table of permissions is played with: a desk with somebody in every column, on which nothing stays done."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from core import services
from core.desk import Desk, Tx
from core.errors import AppError
from core.ids import new_id
from core.model import SYSTEM, Caller, Category, Reason, Role, Scope, ValueMode
from tests.conftest import NOW, add_user, change_user, write
from tests.permissions import COLUMNS, Row

AGENT, MANAGER, ANALYST, ADMINISTRATOR, MESSAGES, SQL = COLUMNS
TEAM = {
    "ana": (AGENT, Role.AGENT),
    "marta": (MANAGER, Role.MANAGER),
    "nadia": (ANALYST, Role.ANALYST),
    "carla": (ADMINISTRATOR, Role.ADMIN),  # so that Clara is not the last one
    "clara": (ADMINISTRATOR, Role.ADMIN),
    "closed": (None, Role.ADMIN),  # a deactivated account
    "bruno": (None, Role.AGENT),  # the colleague
}


class Forget(Exception):
    """What undoes a command that has answered."""


class Forgetful:
    """A desk on which every command is undone as soon as it has answered, so that the next one finds the same."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.done = 0  # commands that changed something
        self.refused: list[str] = []  # the codes of those that were refused

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    def transact(self, work: Callable[[Tx], Any]) -> Any:
        answered = []

        def and_forget(tx: Tx) -> None:
            before = tx.changes
            answered.append(work(tx))
            self.done += tx.changes > before
            raise Forget

        try:
            self._desk.transact(and_forget)
        except AppError as error:
            self.refused.append(error.code)
            raise
        except Forget:
            return answered[-1]


@dataclass(frozen=True)
class Things:
    """What is somebody's, whatever their role is today."""

    user: UUID
    email: str
    token: str  # its name
    in_progress: UUID
    concluded: UUID
    conclusion: UUID
    handed_over: UUID  # concluded by them, and in progress with Bruno since


@dataclass(frozen=True)
class Scene:
    desk: Desk
    new: UUID
    reason: Reason
    things: dict[str, Things]
    secrets: dict[tuple[str, Scope], str]  # of everybody's tokens
    revoked: str  # of a token that was an administrator's

    def who(self, name: str, scope: Scope | None = None) -> Caller:
        return Caller(self.things[name].user, scope)

    def fill(self, given: Mapping[str, Any], name: str) -> dict[str, Any]:
        """What is given to a service where `name` asks: `{own.concluded}` becomes their concluded conversation."""
        have = SimpleNamespace(
            own=self.things.get(name, self.things["bruno"]),
            another=self.things["bruno"],
            new=self.new,
            reason=self.reason.id,
            analyst=self.things["nadia"].user,
        )
        return {
            key: attrgetter(value[1:-1])(have) if isinstance(value, str) and value.startswith("{") else value
            for key, value in given.items()
        }

    def callers(self) -> Iterator[tuple[str | None, str, Caller]]:
        """Everybody who may come: the column their answers are in (None: whom the desk does not know), name, caller."""
        for name, (column, _) in TEAM.items():
            if name != "bruno":
                yield column, name, self.who(name)
        for name, scope in self.secrets:
            column = {Scope.API: TEAM[name][0], Scope.MESSAGES: MESSAGES, Scope.SQL: SQL}[scope]
            yield None if name == "closed" else column, name, self.who(name, scope)
        yield None, "nobody", Caller(new_id(NOW))


def expected(row: Row, column: str | None) -> str:
    return "unauthenticated" if column is None else row.expected[column]


def code(ask: Callable[[], object]) -> str:
    """The code of an answer."""
    try:
        ask()
    except AppError as error:
        return error.code
    return "allowed"


@contextmanager
def playing(folder: Path) -> Iterator[Scene]:
    desk = Desk.open(folder / "data", NOW, "tests")
    first, reason = (
        services.create_reason(desk, SYSTEM, name, Category.QUESTION, ValueMode.NONE, now=NOW)
        for name in ("Horário", "Endereço")
    )
    # Managers first, so that everybody has done what is then theirs, whatever they may today.
    users = {name: Caller(add_user(desk, name, Role.MANAGER).id) for name in TEAM}
    things = {name: _things(desk, name, who, users["bruno"], first) for name, who in users.items()}
    for name, (_, role) in TEAM.items():
        change_user(desk, users[name], role)
    secrets = {
        (name, scope): _token(desk, name, scope)
        for name, (_, role) in TEAM.items()
        for scope in Scope
        if name != "bruno" and (scope is not Scope.SQL or role in (Role.ANALYST, Role.ADMIN))
    }
    _token(desk, "bruno", Scope.API)
    revoked = secrets["clara", Scope.API]
    services.revoke_token(desk, SYSTEM, "clara-api", now=NOW)
    secrets["clara", Scope.API] = _token(desk, "clara", Scope.API)
    change_user(desk, users["closed"], Role.ADMIN, active=False)
    new = write(desk, "new", address="new", body="words of new").conversation_id
    try:
        yield Scene(desk, new, reason, things, secrets, revoked)
    finally:
        desk.close()


def _token(desk: Desk, name: str, scope: Scope) -> str:
    return services.create_token(
        desk, SYSTEM, f"{name}@example.com", f"{name}-{scope}", scope, now=NOW
    ).secret


def _things(desk: Desk, name: str, who: Caller, bruno: Caller, reason: Reason) -> Things:
    def conversation(what: str) -> UUID:
        address = f"{what} {name}"
        opened = write(desk, address, address=address, body=f"words of {address}").conversation_id
        services.assign(desk, who, opened, now=NOW)
        return opened

    in_progress, concluded, handed_over = map(conversation, ("in_progress", "concluded", "handed_over"))
    conclusion = services.conclude(desk, who, concluded, reason.id, now=NOW)
    services.conclude(desk, who, handed_over, now=NOW)
    services.reopen(desk, bruno, handed_over, now=NOW)
    return Things(
        who.user_id, f"{name}@example.com", f"{name}-api", in_progress, concluded, conclusion.id, handed_over
    )
