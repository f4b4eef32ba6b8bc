"""The table of permissions against the HTTP interface, and that no route is missing in it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from core.facts import Facts
from core.model import Scope
from tests.http.conftest import VERIFY, Http, serve
from tests.http.deliveries import deliver, delivery, text
from tests.permissions import DOORS, MARKS, ROWS, Door, Row
from tests.scene import Forgetful, Scene, expected, playing


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with playing(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture
def http(scene: Scene, client: TestClient, facts: Facts) -> Http:
    return serve(client, Forgetful(scene.desk), facts)  # type: ignore[arg-type]


def code(response: Response) -> str:
    return "allowed" if response.is_success else str(response.json()["code"])


def ask(http: Http, scene: Scene, row: Row, name: str, secret: str | None) -> Response:
    """The request of a row, as `name` would make it, with this token."""
    method, path = row.http.split()
    given = scene.fill(row.given, name)
    body = {key: value for key, value in given.items() if f"{{{key}}}" not in path}
    if row.body is not None:
        body = scene.fill(row.body, name)
    json = {key: value if isinstance(value, bool | dict) else str(value) for key, value in body.items()}
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    more: dict[str, Any] = {} if method == "GET" else {"json": json}
    return http.client.request(method, path.format(**given), headers=headers, **more)


@pytest.mark.parametrize("row", [row for row in ROWS if row.http], ids=lambda row: row.does)
def test_routes_answer_as_the_table_says(http: Http, scene: Scene, row: Row) -> None:
    for column, name, caller in scene.callers():
        secret = scene.secrets.get((name, caller.scope or Scope.API), "desfecho_unknown")
        assert code(ask(http, scene, row, name, secret)) == expected(row, column), (name, caller.scope)
    for secret in (None, scene.revoked):
        assert code(ask(http, scene, row, "clara", secret)) == "unauthenticated"


@pytest.mark.parametrize("door", [door for door in DOORS if door.http], ids=lambda door: door.http)
def test_a_token_opens_no_other_door(http: Http, scene: Scene, door: Door) -> None:
    method, path = door.http.split()
    for secret in (None, scene.revoked, *scene.secrets.values()):
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        answer = http.client.request(method, path, headers=headers, json={} if method == "POST" else None)
        assert code(answer) == MARKS[door.without][0]


def test_the_doors_open_for_whom_they_say(http: Http) -> None:
    assert deliver(http, delivery(text("wamid.1"))).json()["received"] == 1
    handshake = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "42"}
    assert http.client.get("/webhooks/whatsapp", params=handshake).text == "42"


def test_every_route_is_in_the_table(http: Http) -> None:
    paths = http.client.get("/api/openapi.json").json()["paths"]
    routes = {
        f"{method.upper()} {path}": asked
        for path, methods in paths.items()
        for method, asked in methods.items()
    }
    known = {way.http for way in (*ROWS, *DOORS)} - {""}
    missing = [
        f'Row("{routes[route].get("description", "…").splitlines()[0]}", "R…", "? ? ? ? ? ?", "{{service}}", {{{given}}}, "{route}"),'
        for route in sorted(set(routes) - known)
        for given in [", ".join(f'"{name}": …' for name in re.findall(r"{(\w+)}", route))]
    ]
    assert not missing, "add to tests/permissions.py, by what they are about:\n" + "\n".join(missing)
    assert known <= set(routes), "a row for a route that is no more"
    for route, asked in routes.items():
        assert ("security" in asked) is (route in {row.http for row in ROWS}), route
