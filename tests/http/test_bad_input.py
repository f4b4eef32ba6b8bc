"""What cannot be taken is refused with a clear problem, and nothing has changed."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from core import services
from core.http.api import create_api
from core.model import SYSTEM, Category, ValueMode
from tests.conftest import NOW, write
from tests.http.conftest import Http, problem

UNKNOWN = "019c0000-0000-7000-8000-000000000000"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def desk_ids(shared: Http) -> dict[str, str]:
    """A new conversation, one that Ana concluded, a reason with a value, one without, one retired."""
    desk = shared.desk
    made = {
        "sale": services.create_reason(
            desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.REQUIRED, now=NOW
        ).id,
        "doubt": services.create_reason(
            desk, SYSTEM, "Dúvida", Category.QUESTION, ValueMode.NONE, now=NOW
        ).id,
        "retired": services.create_reason(desk, SYSTEM, "Antigo", Category.OTHER, ValueMode.NONE, now=NOW).id,
        "new": write(desk, "1", address="5511900000001").conversation_id,
        "concluded": write(desk, "2", address="5511900000002").conversation_id,
    }
    services.change_reason(desk, SYSTEM, made["retired"], in_use=False, now=NOW)
    conclusion = shared("ana", "POST", f"/api/v1/conversations/{made['concluded']}/conclude", {}).json()
    shared.token("clara")
    return {name: str(made_id) for name, made_id in made.items()} | {"conclusion": conclusion["id"]}


@pytest.fixture
def ids(shared: Http, desk_ids: dict[str, str]) -> Iterator[dict[str, str]]:
    """Whatever the test does, the desk is as it was."""
    before = shared.desk.number
    yield desk_ids
    assert shared.desk.number == before


@pytest.mark.parametrize(
    "body, field",
    [
        *(
            ({"reason_id": "sale", "value": value}, "value")
            for value in (
                "1.234", "-1", "NaN", "1e30", "1.234,56", "", " 1", "1 ", "1.", ".5", "+1", "0x10", "Infinity",
                "99999999999999", "1_000", "١٢", "1\n", "1\x00", "9" * 5000,
            )
        ),
        *(({"reason_id": "sale", "value": value}, "value") for value in (12, 12.5, True, [], {}, ["1"])),
        ({"reason_id": "sale"}, "value"),
        ({"reason_id": "doubt", "value": "1"}, "value"),
        ({"value": "1"}, "value"),
        ({"reason_id": "retired"}, "reason_id"),
        ({"reason_id": UNKNOWN}, "reason_id"),
        ({"reason_id": "no uuid"}, "reason_id"),
        ({"reason_id": 7}, "reason_id"),
        ({"reason": "sale"}, "reason"),
        ({"reason_id": "sale", "value": "1", "currency": "USD"}, "currency"),
        ({"reason_id": "sale", "value": "\ud800"}, "value"),
        ({"\ud800": "1"}, None),
    ],
)  # fmt: skip
def test_conclusions(shared: Http, ids: dict[str, str], body: dict[str, Any], field: str | None) -> None:
    if "reason_id" in body:
        body = {**body, "reason_id": ids.get(str(body["reason_id"]), body["reason_id"])}
    path = f"/api/v1/conversations/{ids['new']}/conclude"
    response = shared("ana", "POST", path, content=json.dumps(body), headers=JSON)
    problem(response, 422, "invalid", field)


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"sent_at": "1970-01-01T00:00:00Z"}, "sent_at"),
        ({"sent_at": "1999-12-31T23:59:59Z"}, "sent_at"),
        ({"sent_at": "2026-03-02T13:00:00"}, "sent_at"),
        ({"sent_at": "02/03/2026 13:00"}, "sent_at"),
        ({"sent_at": "0001-01-01T00:00:00+14:00"}, "sent_at"),
        ({"sent_at": "\ud800"}, "sent_at"),
        ({"sent_at": 1772456400}, "sent_at"),
        ({"sent_at": "1772456400"}, "sent_at"),
        ({"sent_at": None}, "sent_at"),
        ({"channel": "Web Chat"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"channel": 1}, "channel"),
        ({"external_id": ""}, "external_id"),
        ({"external_id": "a\x00b"}, "external_id"),
        ({"external_id": "x" * 301}, "external_id"),
        ({"body": ""}, "body"),
        ({"body": " \n"}, "body"),
        ({"body": "x" * 262_145}, "body"),
        ({"body": "\ud800"}, "body"),
        ({"contact": {}}, "contact.address"),
        ({"contact": {"address": ""}}, "contact.address"),
        ({"contact": {"address": "a\nb"}}, "contact.address"),
        ({"contact": {"address": 5511}}, "contact.address"),
        ({"contact": {"address": "a", "phone": "b"}}, "contact.phone"),
        ({"contact": "a"}, "contact"),
        ({"contact": ["a"]}, "contact"),
        ({"direction": "sideways"}, "direction"),
        ({"direction": "out", "agent_id": UNKNOWN}, "agent_id"),
        ({"agent_id": "ana"}, "agent_id"),
        ({"folder": "new"}, "folder"),
    ],
)
def test_messages(shared: Http, ids: dict[str, str], changes: dict[str, Any], field: str) -> None:
    body = {
        "channel": "webchat",
        "contact": {"address": "a"},
        "external_id": "x",
        "sent_at": "2026-03-02T13:00:00Z",
        "body": "Oi",
    }
    content = json.dumps({**body, **changes})
    problem(shared("clara", "POST", "/api/v1/messages", content=content, headers=JSON), 422, "invalid", field)


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"description": "x" * 10_000}, "description"),
        ({"description": "  "}, "description"),
        ({"description": "a\x07b"}, "description"),
        ({"description": "\udfff"}, "description"),
        ({"description": "DUVIDA"}, "description"),
        ({"category": "won"}, "category"),
        ({"category": None}, "category"),
        ({"value": "maybe"}, "value"),
        ({"in_use": False}, "in_use"),
    ],
)
def test_reasons(shared: Http, ids: dict[str, str], changes: dict[str, Any], field: str) -> None:
    body = {"description": "Novo", "category": "question", "value": "none", **changes}
    content = json.dumps(body)
    problem(shared("clara", "POST", "/api/v1/reasons", content=content, headers=JSON), 422, "invalid", field)


@pytest.mark.parametrize("in_use", [1, "true", []])
def test_a_change_of_a_reason(shared: Http, ids: dict[str, str], in_use: object) -> None:
    path = f"/api/v1/reasons/{ids['sale']}"
    problem(shared("clara", "PATCH", path, {"in_use": in_use}), 422, "invalid", "in_use")


@pytest.mark.parametrize("archive", ["never", None, 12, ["after_12h"]])
def test_a_preference(shared: Http, ids: dict[str, str], archive: object) -> None:
    response = shared("ana", "PUT", "/api/v1/me/preferences", {"archive": archive})
    problem(response, 422, "invalid", "archive")


BODIES = {
    "empty": b"",
    "blank": b"  ",
    "cut off": b'{"value": ',
    "an array": b"[]",
    "an array of objects": b"[{}]",
    "a text": b'"conclude"',
    "a number": b"1",
    "null": b"null",
    "not UTF-8": b'{"value": "\xff\xfe"}',
    "latin-1": '{"value": "é"}'.encode("latin-1"),
    "deeply nested": b"[" * 100_000,
    "a huge number": b'{"value": ' + b"9" * 10_000 + b"}",
    "a form": b"value=1",
}


@pytest.mark.parametrize("content", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("route", ["conclude", "assign", "classification", "preferences"])
def test_bodies_that_are_no_json_object(
    shared: Http, ids: dict[str, str], route: str, content: bytes
) -> None:
    method, path = {
        "conclude": ("POST", f"/api/v1/conversations/{ids['new']}/conclude"),
        "assign": ("POST", f"/api/v1/conversations/{ids['new']}/assign"),
        "classification": ("PUT", f"/api/v1/conclusions/{ids['conclusion']}/classification"),
        "preferences": ("PUT", "/api/v1/me/preferences"),
    }[route]
    found = problem(shared("ana", method, path, content=content, headers=JSON), 422, "invalid")
    assert "JSON" in found["detail"]


def test_a_body_of_another_content_type(shared: Http, ids: dict[str, str]) -> None:
    path = f"/api/v1/conversations/{ids['new']}/conclude"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    found = problem(shared("ana", "POST", path, content=b"{}", headers=headers), 422, "invalid")
    assert "Content-Type: application/json" in found["detail"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "path", ["/api/v1/messages", "/api/v1/conversations/{new}/reopen", "/webhooks/whatsapp"]
)
def test_a_body_of_10_mb(shared: Http, ids: dict[str, str], path: str, streamed: bool) -> None:
    chunk = b"x" * 1_000_000
    content = (chunk for _ in range(10)) if streamed else chunk * 10
    problem(shared("clara", "POST", path.format(**ids), content=content, headers=JSON), 413, "too_large")


@pytest.mark.parametrize(
    "method, path",
    [
        (method, path.format(bad))
        for bad in ("1", "no-uuid", "%00", "%ED%A0%80", "%ff", "' OR 1=1 --", UNKNOWN)
        for method, path in (
            ("GET", "/api/v1/conversations/{}"),
            ("POST", "/api/v1/conversations/{}/conclude"),
            ("POST", "/api/v1/conversations/{}/assign"),
            ("POST", "/api/v1/conversations/{}/reopen"),
        )
    ]
    + [
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/"),
        ("POST", "/webhooks/other"),
        ("GET", "/api/v1/reasons/"),
    ],
)
def test_addresses_with_nothing_there(shared: Http, ids: dict[str, str], method: str, path: str) -> None:
    body = {} if method == "POST" else None
    problem(shared("ana", method, path, body), 404, "not_found")


def test_conclusions_and_reasons_that_are_not_there(shared: Http, ids: dict[str, str]) -> None:
    for bad in ("1", "%00", UNKNOWN):
        path = f"/api/v1/conclusions/{bad}/classification"
        problem(shared("ana", "PUT", path, {"reason_id": ids["doubt"]}), 404, "not_found")
        problem(shared("clara", "PATCH", f"/api/v1/reasons/{bad}", {}), 404, "not_found")


@pytest.mark.parametrize(
    "query, field",
    [
        ("folder=done", "folder"),
        ("agent=ana", "agent"),
        ("agent=%00", "agent"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("q=a%00b", "q"),
        ("q=" + "x" * 201, "q"),
        *((f"cursor={bad}", "cursor") for bad in ("", "x", "%00", "é", "A" * 31, "f" + "_" * 31, "A" * 64)),
    ],
)
def test_questions_about_the_list(shared: Http, ids: dict[str, str], query: str, field: str) -> None:
    problem(shared("ana", "GET", f"/api/v1/conversations?{query}"), 422, "invalid", field)


@pytest.mark.parametrize("key", [b"", b"x" * 201, b"caf\xe9", b"a\tb", b"a\x7f", b"a\x00"])
def test_idempotency_keys(shared: Http, ids: dict[str, str], key: bytes) -> None:
    path = f"/api/v1/conversations/{ids['new']}/conclude"
    response = shared("ana", "POST", path, {}, headers={"Idempotency-Key": key})
    problem(response, 422, "invalid", "Idempotency-Key")


def test_methods_that_an_address_does_not_take(shared: Http, ids: dict[str, str]) -> None:
    response = shared("ana", "DELETE", f"/api/v1/conversations/{ids['new']}")
    problem(response, 405, "method_not_allowed")
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize("header", [b"\xed\xa0\x80", b"Bearer \xff\xfe", b"Bearer a\x00b", b"\x00"])
def test_headers_of_any_bytes(shared: Http, ids: dict[str, str], header: bytes) -> None:
    response = shared.client.get("/api/v1/categories", headers={"Authorization": header, "Host": "["})
    problem(response, 401, "unauthenticated")


def test_what_is_already_concluded_names_who_and_when(shared: Http, ids: dict[str, str]) -> None:
    found = problem(
        shared("ana", "POST", f"/api/v1/conversations/{ids['concluded']}/conclude", {}),
        409,
        "already_concluded",
    )
    assert found["detail"] == "Ana already concluded this conversation at 2026-03-02T13:01:00Z."
    assert found["concluded_by"]["name"] == "Ana"
    assert found["concluded_at"] == "2026-03-02T13:01:00Z"
    assert found["conclusion_id"] == ids["conclusion"]


def test_a_bug_is_an_apology_with_a_reference(caplog: pytest.LogCaptureFixture) -> None:
    """Also where the application is a route of another one, as in app.py: nothing gets out."""

    def broken() -> None:
        raise RuntimeError("the phone is 5511988887777")

    api = create_api(broken)  # type: ignore[arg-type]
    client = TestClient(Starlette(routes=[Route("/api/{rest:path}", api)]))
    with caplog.at_level(logging.ERROR):
        response = client.get("/api/v1/categories", headers={"Authorization": "Bearer x"})
    found = problem(response, 500, "internal")
    assert found["reference"] in found["detail"]
    assert found["reference"] in caplog.text
    assert "RuntimeError: the phone" in caplog.text
    assert "phone" not in response.text


@pytest.mark.parametrize("path", ["/webhooks/whatsapp", "/api/v1/messages"])
def test_who_leaves_in_the_middle_is_no_bug(
    shared: Http, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        pass

    asyncio.run(shared.client.app(scope, receive, send))  # type: ignore[arg-type]
    assert "Internal error" not in caplog.text


def test_mounted_as_a_route_the_paths_stay(shared: Http, ids: dict[str, str]) -> None:
    mounted = TestClient(Starlette(routes=[Route("/api/{rest:path}", shared.client.app)]))
    headers = {"Authorization": f"Bearer {shared.token('ana')}"}
    assert mounted.get(f"/api/v1/conversations/{ids['new']}", headers=headers).json()["id"] == ids["new"]
    problem(mounted.get("/api/v1/conversations/1", headers=headers), 404, "not_found")
    assert "/api/static-docs/" in mounted.get("/api/docs").text
    problem(mounted.post("/api/v1/reasons", content=b"{", headers={**headers, **JSON}), 422, "invalid")
