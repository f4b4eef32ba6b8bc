"""The HTTP application on a desk of its own, and people who hold tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from core import services
from core.analysts.service import Analysts
from core.application import Application
from core.desk import Desk
from core.facts import Facts
from core.http.api import create_api
from core.http.limits import Limits
from core.model import SYSTEM, Role, Scope
from core.settings import Settings
from tests.conftest import NOW, Team, add_user, write

SECRET = "app-secret-á"
VERIFY = "verify-token"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = NOW + timedelta(minutes=1)

    def __call__(self) -> datetime:
        return self.now

    def move_on(self, **by: int) -> None:
        self.now += timedelta(**by)


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The routes never ask them: one for all tests."""
    return Facts.open(tmp_path_factory.mktemp("facts"))


OPENED: list[Application] = []  # the last one is the one the application asks


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """One application for all tests, built before any desk is open, as it is in app.py."""
    with TestClient(create_api(lambda: OPENED[-1])) as opened:
        yield opened


@dataclass
class Http:
    """Requests as somebody of the team: `http("ana", "GET", "/api/v1/categories")`."""

    client: TestClient
    desk: Desk
    clock: Clock
    tokens: dict[str, str] = field(default_factory=dict)

    def __call__(self, who: str, method: str, path: str, json: Any = None, **more: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.token(who)}", **more.pop("headers", {})}
        if json is not None:
            more["json"] = json
        return self.client.request(method, path, headers=headers, **more)

    def token(self, who: str, scope: Scope = Scope.API) -> str:
        name = f"{who}-{scope}"
        if name not in self.tokens:
            self.tokens[name] = services.create_token(
                self.desk, SYSTEM, f"{who}@example.com", name, scope, now=NOW
            ).secret
        return self.tokens[name]


def serve(client: TestClient, desk: Desk, facts: Facts) -> Http:
    """From now on the application has this desk, and nothing was counted yet."""
    clock = Clock()
    client.app.state.limits = Limits()  # type: ignore[attr-defined]
    settings = Settings(auth="demo", whatsapp_app_secret=SECRET, whatsapp_verify_token=VERIFY)
    OPENED.append(Application(settings, desk, facts, clock, Analysts(settings, desk, facts, clock)))
    return Http(client, desk, clock)


@pytest.fixture
def http(client: TestClient, desk: Desk, team: Team, facts: Facts) -> Http:
    return serve(client, desk, facts)


@pytest.fixture
def conversation_id(desk: Desk, team: Team) -> UUID:
    """A new conversation: João wrote “Olá”."""
    return write(desk, "wamid.1").conversation_id


def problem(response: Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The problem a response must be."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found: dict[str, Any] = response.json()
    assert (response.status_code, found["code"], found.get("field")) == (status, code, field), found
    assert found["type"] == f"urn:desfecho:problem:{code}"
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    assert "{" not in found["detail"]
    return found


@pytest.fixture(scope="module")
def shared(client: TestClient, facts: Facts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    """One desk for a whole module, which then uses no other."""
    desk = Desk.open(tmp_path_factory.mktemp("shared"), NOW, "tests")
    for name, role in (("Ana", Role.AGENT), ("Clara", Role.ADMIN)):
        add_user(desk, name, role)
    yield serve(client, desk, facts)
    desk.close()
