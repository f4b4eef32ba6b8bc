"""The table of permissions against the services and the command line, and that nothing is missing in it."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer.main

from core import control, services
from core.__main__ import cli
from core.application import Application
from core.model import SYSTEM_USER_ID, Role
from core.settings import Settings
from docs import reference
from tests.conftest import NOW, add_user
from tests.permissions import ASKED_BY_NOBODY, DOORS, ROWS, Row
from tests.scene import Forgetful, Scene, code, expected, playing


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with playing(tmp_path_factory.mktemp("scene")) as made:
        yield made


def parameters(service: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(service.__wrapped__).parameters)[1:]  # type: ignore[attr-defined]


SERVICES = {name: what for name, what in vars(services).items() if hasattr(what, "__wrapped__")}


@pytest.mark.parametrize("row", [row for row in ROWS if row.service], ids=lambda row: row.does)
def test_services_answer_as_the_table_says(scene: Scene, row: Row) -> None:
    service = SERVICES[row.service]
    now = {"now": NOW} if "now" in parameters(service) else {}
    for column, name, caller in scene.callers():
        given = scene.fill(row.given, name)
        answer = code(partial(service, Forgetful(scene.desk), caller, **given, **now))
        assert answer == expected(row, column), (name, caller.scope)


def test_every_service_is_in_the_table() -> None:
    missing = set(SERVICES) - ASKED_BY_NOBODY - {row.service for row in ROWS}
    rows = [
        f'Row("…", "R…", "? ? ? ? ? ?", "{name}", {{{given}}}),'
        for name in sorted(missing)
        for given in [
            ", ".join(f'"{p}": …' for p in parameters(SERVICES[name]) if p not in ("caller", "now"))
        ]
    ]
    assert not rows, "add to tests/permissions.py, by what they are about:\n" + "\n".join(rows)
    assert {row.service for row in ROWS} - {""} <= set(SERVICES), "a row for a service that is no more"
    for name in ASKED_BY_NOBODY:
        assert "caller" not in parameters(SERVICES[name]), f"{name} is asked by somebody: it needs a row"


def test_a_list_holds_what_may_be_seen_and_nothing_else(scene: Scene) -> None:
    """Of everybody's conversations, and counts that agree (R18)."""
    conversations = {scene.new} | {
        conversation
        for things in scene.things.values()
        for conversation in (things.in_progress, things.concluded, things.handed_over)
    }
    for column, name, caller in scene.callers():
        if column and code(lambda: services.list_conversations(scene.desk, caller)) == "allowed":  # noqa: B023
            listed = {row.id for row in services.list_conversations(scene.desk, caller, limit=200)}
            seen = {
                one
                for one in conversations
                if code(partial(services.conversation, scene.desk, caller, one)) == "allowed"
            }
            assert listed == seen, name
            assert sum(services.count_conversations(scene.desk, caller).values()) == len(listed)


# The command line -------------------------------------------------------------------------------------


def commands(group: Any = None, before: str = "") -> set[str]:
    """The names of the commands, those of groups with the group's."""
    found = set()
    for name, command in (group or typer.main.get_command(cli)).commands.items():
        found |= commands(command, f"{before}{name} ") if hasattr(command, "commands") else {before + name}
    return found


def test_every_command_is_in_the_table() -> None:
    known = {way.command_line for way in (*ROWS, *DOORS)} - {""}
    there_are = commands() | set(control.COMMANDS) - {"ping"}
    missing = [
        f'Door("…", "R20", THE_OWNER, command_line="{name}"), or command_line="{name}" in the rows of its service'
        for name in sorted(there_are - known)
    ]
    assert not missing, "add to tests/permissions.py:\n" + "\n".join(missing)
    assert known <= there_are, "a command that is no more"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Application]:
    """The application with its socket, in a folder that it makes."""
    opened = Application.open(Settings(auth="demo", data_dir=str(tmp_path / "data")), "tests")
    listening = control.Control.start(opened)
    yield opened
    listening.stop()
    opened.close()


def test_the_command_line_acts_as_system_and_is_recorded_as_such(running: Application) -> None:
    add_user(running.desk, "Ana", Role.AGENT)
    folder = running.settings.folder
    made = {"user": "ana@example.com", "name": "crm", "scope": "api", "days": None}
    assert control.ask(folder, "token create", made)
    assert control.ask(folder, "token revoke", {"name": "crm"}) == {}
    by = running.desk.read(lambda tx: tx.rows("SELECT user_id FROM history WHERE action LIKE '%_token'"))
    assert by == [(SYSTEM_USER_ID,), (SYSTEM_USER_ID,)]


def test_nobody_else_on_the_machine_reaches_the_folder(running: Application) -> None:
    """What decides who may use the command line is the folder, which is closed to others, and its sockets."""
    folder = running.settings.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in (control.SOCKET, "desk.lock"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600, name


# The documentation ------------------------------------------------------------------------------------


def test_the_page_is_as_the_table() -> None:
    assert reference.PERMISSIONS_PAGE.read_text("utf-8") == reference.permissions(), "run `make reference`"
