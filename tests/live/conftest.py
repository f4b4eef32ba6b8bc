"""The application serving, and DuckDB as analysts have it: another process's data, over Quack."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx2
import pytest

from core import services
from core.analysts import worker
from core.analysts.limits import LATE
from core.desk import Desk
from core.model import SYSTEM, Category, Role, ValueMode
from tests.conftest import add_user, write
from tests.server import Server, free_port, run, serving

LAG, SECONDS, MEMORY = 5, 3, 1200


def quack_client() -> duckdb.DuckDBPyConnection:
    """A DuckDB that knows nothing of ours, and Quack."""
    connection = duckdb.connect()
    for extension in ("httpfs", "quack"):
        connection.execute(f"LOAD '{worker._file(extension)}'")
    return connection


@dataclass(frozen=True)
class Live:
    """A served desk: Nadia asks in SQL, Clara concludes over HTTP."""

    server: Server
    port: int
    token: str  # Nadia's, of scope sql
    clara: httpx2.Client

    @property
    def uri(self) -> str:
        return f"quack:127.0.0.1:{self.port}"

    def attach(self, token: str | None = None) -> duckdb.DuckDBPyConnection:
        """A DuckDB of somebody's own that has the facts attached as `desfecho`."""
        connection = quack_client()
        connection.execute(f"ATTACH '{self.uri}' AS desfecho (TOKEN '{token or self.token}')")
        return connection

    def create_token(self, name: str, user: str = "nadia", scope: str = "sql") -> str:
        made = run(
            self.server.folder,
            "token",
            "create",
            "--user",
            f"{user}@example.com",
            "--name",
            name,
            "--scope",
            scope,
        )
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def conclude(self, external_id: str) -> str:
        """Have a conversation begin and end; the id of its conclusion."""
        message = {"channel": "webchat", "contact": {"address": external_id}, "external_id": external_id,
                   "sent_at": datetime.now(UTC).isoformat(), "body": "Olá"}  # fmt: skip
        opened = self.clara.post("/messages", json=message).json()["conversation_id"]
        concluded = self.clara.post(f"/conversations/{opened}/conclude", json={})
        assert concluded.status_code == 200, concluded.text
        return str(concluded.json()["id"])


@pytest.fixture(scope="session")
def desk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, two reasons and some conclusions."""
    folder = tmp_path_factory.mktemp("live") / "data"
    folder.mkdir()
    now = datetime.now(UTC)
    desk = Desk.open(folder, now)
    for name, role in (("Ana", Role.AGENT), ("Nadia", Role.ANALYST), ("Clara", Role.ADMIN)):
        add_user(desk, name, role)
    sale = services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.REQUIRED, now=now)
    for number in range(30):
        opened = write(
            desk, f"m{number}", now, address=f"{number}", body="segredo do cliente"
        ).conversation_id
        classified = (sale.id, f"{number}.10") if number % 3 else (None, None)
        services.conclude(desk, SYSTEM, opened, *classified, now=now)
    desk.close()
    return folder


@pytest.fixture(scope="session")
def live(desk_folder: Path) -> Iterator[Live]:
    port = free_port()
    tokens = [
        run(
            desk_folder, "token", "create", "--user", f"{name}@example.com", "--name", name, "--scope", scope
        ).stdout.strip()
        for name, scope in (("nadia", "sql"), ("clara", "api"))
    ]
    limits = {
        "DESFECHO_ANALYSTS_LAG": str(LAG),
        "DESFECHO_ANALYSTS_SECONDS": str(SECONDS),
        "DESFECHO_ANALYSTS_MEMORY": str(MEMORY),
    }
    with serving(desk_folder, DESFECHO_ANALYSTS_PORT=str(port), **limits) as server:
        headers = {"Authorization": f"Bearer {tokens[1]}"}
        with httpx2.Client(base_url=f"{server.url}/api/v1", headers=headers) as clara:
            yield Live(server, port, tokens[0], clara)


@pytest.fixture
def attached(live: Live) -> Iterator[duckdb.DuckDBPyConnection]:
    end = time.monotonic() + 30
    while True:  # what came before may have ended the workers
        try:
            connection = live.attach()
            break
        except duckdb.Error as error:
            assert LATE in str(error) and time.monotonic() < end, str(error)
    with connection:
        yield connection


def told(connection: duckdb.DuckDBPyConnection, question: str) -> list[tuple[Any, ...]]:
    """What the server answers to a question that it is given as it is."""
    quoted = question.replace("'", "''")
    return connection.execute(f"FROM desfecho.query('{quoted}')").fetchall()
