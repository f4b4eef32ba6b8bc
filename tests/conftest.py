"""A desk of its own for each test, and a small team."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core import services
from core.desk import Desk
from core.desk.check import faults
from core.desk.opening import DESK_FILE
from core.facts import Facts
from core.model import (
    SYSTEM,
    Caller,
    Category,
    Direction,
    Reason,
    ReceivedMessage,
    Role,
    User,
    ValueMode,
)
from core.rules import Incoming

NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


def until(what: Callable[[], Any], seconds: float = 30) -> Any:
    """What becomes true in time."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.1)
    return found


@dataclass(frozen=True)
class Team:
    ana: Caller  # agent
    bruno: Caller  # agent
    marta: Caller  # manager
    nadia: Caller  # analyst
    clara: Caller  # administrator


@pytest.fixture(scope="session")
def empty_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty desk: to copy one is quicker than to make one."""
    folder = tmp_path_factory.mktemp("empty")
    Desk.open(folder, NOW).close()
    return folder / DESK_FILE


@pytest.fixture
def desk(tmp_path: Path, empty_desk: Path) -> Iterator[Desk]:
    (tmp_path / "data").mkdir()
    shutil.copy(empty_desk, tmp_path / "data")  # closed by now: nobody loses a lock by this
    opened = Desk.open(tmp_path / "data", NOW, "tests")
    yield opened
    opened.close()


@pytest.fixture
def sound(desk: Desk) -> Iterator[None]:
    """The desk holds what every desk must, also after the test."""
    yield
    assert desk.read(faults) == []


def add_user(desk: Desk, name: str, role: Role) -> User:
    return services.invite_user(desk, SYSTEM, f"{name.lower()}@example.com", name, role, now=NOW)


def change_user(desk: Desk, caller: Caller, role: Role = Role.AGENT, active: bool = True) -> None:
    services.change_user(desk, SYSTEM, caller.user_id, role=role, active=active, now=NOW)


def answer(facts: Facts, question: str) -> list[tuple[Any, ...]]:
    """The rows that the facts answer with, as a test asks them: anything, without the analysts' process."""
    with facts._database.cursor() as cursor:
        return cursor.execute(question).fetchall()


@pytest.fixture
def team(desk: Desk) -> Team:
    members = (
        ("Ana", Role.AGENT),
        ("Bruno", Role.AGENT),
        ("Marta", Role.MANAGER),
        ("Nadia", Role.ANALYST),
        ("Clara", Role.ADMIN),
    )
    return Team(*(Caller(add_user(desk, name, role).id) for name, role in members))


@pytest.fixture
def sale(desk: Desk) -> Reason:
    """A reason that asks for a value."""
    return services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.REQUIRED, now=NOW)


@pytest.fixture
def doubt(desk: Desk) -> Reason:
    """A reason without a value."""
    return services.create_reason(desk, SYSTEM, "Horário", Category.QUESTION, ValueMode.NONE, now=NOW)


def write(
    desk: Desk,
    external_id: str,
    sent_at: datetime = NOW,
    *,
    now: datetime | None = None,
    address: str = "5511988887777",
    body: str = "Olá",
    direction: Direction = Direction.IN,
) -> ReceivedMessage:
    """The contact writes."""
    message = Incoming("whatsapp", (address,), "João", external_id, sent_at, body, direction)
    return services.receive_message(desk, SYSTEM, message, now=now or sent_at)
