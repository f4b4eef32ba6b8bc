"""Commands of the command line that an application already running does itself.

It owns both stores, so `python -m core sql` and the like ask it, over a socket in the data folder that only the
same user of the machine can reach. One JSON request, one JSON answer. Without an application the command line
opens the stores and calls the same functions.
"""

import json
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from core import services, sockets
from core.application import Application
from core.desk import contacts
from core.desk.backup import back_up
from core.errors import AppError, Invalid, Unavailable
from core.importing import rejects
from core.model import SYSTEM, Scope

SOCKET = "control.sock"
LONGEST = 1_000_000  # bytes of a request
MOST_ROWS = 1_000_000  # of an answer

log = logging.getLogger(__name__)
Arguments = dict[str, Any]


def sql(application: Application, arguments: Arguments) -> Any:
    """{sql} → {columns, rows}; values as JSON has them, decimals and times as text."""
    answer = application.analysts.ask(SYSTEM, arguments["sql"], rows=MOST_ROWS, newest=True)
    if answer.more:
        raise Invalid("The answer has more than {rows} rows. Ask for fewer.", field="sql", rows=MOST_ROWS)
    columns = [[_plain(value) for value in column.to_pylist()] for column in answer.table.columns]
    return {"columns": answer.table.column_names, "rows": list(zip(*columns, strict=True))}


def snapshot(application: Application, arguments: Arguments) -> Any:
    """{folder} → {as_of, number, rows: {table: n}, files, bytes}; `folder` is an absolute path."""
    return application.analysts.snapshot(Path(arguments["folder"]))


def backup(application: Application, arguments: Arguments) -> Any:
    """{file} → {bytes, number, rows: {table: n}, faults}; `file` is an absolute path."""
    return back_up(application.desk, Path(arguments["file"]), application.clock())


def rebuild_facts(application: Application, _: Arguments) -> Any:
    return {"number": application.facts.rebuild(application.desk)}


def create_token(application: Application, arguments: Arguments) -> Any:
    """{user, name, scope, days} → {token}, shown this once. `days`: how long it is good; None: until it is revoked."""
    now, days = application.clock(), arguments["days"]
    made = services.create_token(
        application.desk,
        SYSTEM,
        arguments["user"],
        arguments["name"],
        Scope(arguments["scope"]),
        expires_at=None if days is None else now + timedelta(days=days),
        now=now,
    )
    return {"token": made.secret}


def revoke_token(application: Application, arguments: Arguments) -> Any:
    services.revoke_token(application.desk, SYSTEM, arguments["name"], now=application.clock())
    return {}


def export_contact(application: Application, arguments: Arguments) -> Any:
    """{address, channel} → everything held about the contact."""
    told = services.export_contact(
        application.desk, SYSTEM, arguments["address"], arguments["channel"], now=application.clock()
    )
    return _plain(told)


def contact_to_erase(application: Application, arguments: Arguments) -> Any:
    """{address, channel} → {contact_id, conversations, messages}."""
    return _held(
        services.contact_to_erase(application.desk, SYSTEM, arguments["address"], arguments["channel"])
    )


def erase_contact(application: Application, arguments: Arguments) -> Any:
    """{address, channel} → {contact_id, conversations, messages}, of what is no more."""
    desk, folder, now = application.desk, application.settings.folder, application.clock()
    asked = arguments["address"], arguments["channel"]
    held = services.contact_to_erase(desk, SYSTEM, *asked)
    rejects.forget(
        folder / rejects.FOLDER, held.addresses, held.imported
    )  # before the desk forgets what to look for
    services.erase_contact(desk, SYSTEM, *asked, now=now)
    contacts.note_down(desk, folder, now)
    return _held(held)


def _held(held: services.Held) -> Any:
    return {
        "contact_id": str(held.contact_id),
        "conversations": held.conversations,
        "messages": held.messages,
    }


def list_tokens(application: Application, _: Arguments) -> Any:
    """→ [{name, user, scope, expires, last_used}], of the tokens that nobody revoked; times as ISO 8601 has them."""
    return [
        {
            "name": detail.token.name,
            "user": detail.user.email,
            "scope": detail.token.scope,
            "expires": _plain(detail.token.expires_at),
            "last_used": _plain(detail.used_at),
        }
        for detail in services.list_tokens(application.desk, SYSTEM)
        if detail.token.revoked_at is None
    ]


def ping(_: Application, __: Arguments) -> Any:
    """Whether an application runs here."""
    return {}


COMMANDS: dict[str, Callable[[Application, Arguments], Any]] = {
    "ping": ping,
    "sql": sql,
    "snapshot": snapshot,
    "backup": backup,
    "rebuild-facts": rebuild_facts,
    "token create": create_token,
    "token revoke": revoke_token,
    "contact export": export_contact,
    "contact to erase": contact_to_erase,
    "contact erase": erase_contact,
    "token list": list_tokens,
}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # JSON knows neither NaN nor infinity
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)  # a sum of whole numbers
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)


class Control:
    """The running application's end of the socket."""

    def __init__(self, application: Application, listening: socket.socket) -> None:
        self._application = application
        self._listening = listening
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    @classmethod
    def start(cls, application: Application) -> "Control":
        return cls(application, sockets.listen(application.settings.folder, SOCKET))

    def stop(self) -> None:
        (self._application.settings.folder / SOCKET).unlink(missing_ok=True)
        with suppress(OSError):
            self._listening.close()

    def _listen(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return  # closed
            connection = Connection(connected.detach())
            threading.Thread(target=self._answer, args=(connection,), name="control", daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with connection, suppress(EOFError, OSError):
            received = connection.recv_bytes(LONGEST)
            try:
                request = json.loads(received)
                answer = {"done": COMMANDS[request["command"]](self._application, request["arguments"])}
            except AppError as error:
                answer = {"refused": str(error)}
            except Exception:
                log.exception("A command of the command line failed.")
                answer = {"refused": "Something went wrong in the application; its log says what."}
            connection.send_bytes(json.dumps(answer).encode())


def ask(folder: Path, command: str, arguments: Arguments) -> Any | None:
    """Have the application that runs on `folder` do a command; None where none runs.

    Errors: `Unavailable` with the sentence of the refusal.
    """
    try:
        connection = Connection(sockets.connect(folder, SOCKET).detach())
    except OSError:
        return None
    request = json.dumps({"command": command, "arguments": arguments}).encode()
    if len(request) > LONGEST:
        raise Unavailable("That is too long: at most {bytes} bytes.", bytes=LONGEST)
    with connection:
        try:
            connection.send_bytes(request)
            answer = json.loads(connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise Unavailable("The running application stopped before it answered.") from error
    if "refused" in answer:
        raise Unavailable("{refusal}", refusal=answer["refused"])
    return answer["done"]
