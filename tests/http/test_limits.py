"""How much a token may ask and an address may fail, and who is never refused for it."""

import asyncio
import hashlib
import hmac
from uuid import UUID

import pytest
from httpx2 import Response
from limits import RateLimitItemPerMinute
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from core.analysts.service import Analysts
from core.application import Application
from core.facts import Facts
from core.http import limits
from core.settings import Settings
from tests.http.conftest import OPENED, SECRET, VERIFY, Http, problem


@pytest.fixture
def narrow(http: Http, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> Http:
    """Five requests a minute for a token, three failures for an address."""
    settings = Settings(
        auth="demo", requests_per_minute="5", whatsapp_app_secret=SECRET, whatsapp_verify_token=VERIFY
    )
    OPENED.append(
        Application(settings, http.desk, facts, http.clock, Analysts(settings, http.desk, facts, http.clock))
    )
    monkeypatch.setattr(limits, "FAILURES", RateLimitItemPerMinute(3))
    return http


def refused(response: Response) -> None:
    problem(response, 429, "too_many_requests")
    assert 1 <= int(response.headers["Retry-After"]) <= 60


def test_a_token_has_its_number_and_takes_nothing_from_another(narrow: Http, conversation_id: UUID) -> None:
    for _ in range(5):
        assert narrow("ana", "GET", "/api/v1/categories").status_code == 200
    number = narrow.desk.number
    refused(narrow("ana", "POST", f"/api/v1/conversations/{conversation_id}/conclude", {}))
    assert narrow.desk.number == number
    assert narrow("bruno", "GET", "/api/v1/categories").status_code == 200


def test_who_guesses_is_refused_and_a_valid_token_from_there_is_not(narrow: Http) -> None:
    for guess in range(3):
        headers = {"Authorization": f"Bearer desfecho_{guess}"}
        problem(narrow.client.get("/api/v1/categories", headers=headers), 401, "unauthenticated")
    refused(narrow.client.get("/api/v1/categories", headers={"Authorization": "Bearer desfecho_x"}))
    refused(narrow.client.get("/api/v1/categories"))
    assert narrow("ana", "GET", "/api/v1/categories").status_code == 200


def test_deliveries_and_questions_about_health_are_never_counted(narrow: Http) -> None:
    signature = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
    for _ in range(20):
        headers = {"X-Hub-Signature-256": f"sha256={signature}"}
        assert narrow.client.post("/webhooks/whatsapp", content=b"{}", headers=headers).status_code == 200
        assert narrow.client.get("/healthz").status_code == 200
        assert narrow.client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "proxy, forged, others",
    [
        (
            "127.0.0.1",
            "203.0.113.9, 192.0.2.7",
            401,
        ),  # the proxy adds whom it saw; what stood before is a tale
        ("192.0.2.7", "203.0.113.9", 429),  # no proxy of ours: its word counts for nothing
    ],
)
def test_whose_address_it_is(narrow: Http, proxy: str, forged: str, others: int) -> None:
    """192.0.2.7 fails too often, each time under another name; then somebody else fails by the same way."""
    door = ProxyHeadersMiddleware(narrow.client.app, trusted_hosts="127.0.0.1")  # type: ignore[arg-type]
    client = TestClient(door, client=(proxy, 50_000))
    for last in range(4):
        headers = {"X-Forwarded-For": forged.replace("113.9", f"113.{last}")}
        answer = client.get("/api/v1/categories", headers=headers)
    refused(answer)
    other = client.get("/api/v1/categories", headers={"X-Forwarded-For": "198.51.100.1"})
    assert other.status_code == others


def test_one_customer_of_a_provider_is_one_address(narrow: Http) -> None:
    for last in range(5):
        client = TestClient(narrow.client.app, client=(f"2001:db8:1:2::{last}", 50_000))
        answer = client.get("/api/v1/categories")
    refused(answer)


def test_what_was_counted_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses come, a minute or two later nothing is kept of them."""
    counted = limits.Limits()
    storage = counted._counted.storage

    async def come() -> None:
        monkeypatch.setattr("limits.aio.storage.memory.time.time", lambda: 1_000_000.0)
        for number in range(1_000):
            await counted.failed(f"192.0.{number // 256}.{number % 256}")
        assert len(storage.storage) == 1_000
        monkeypatch.setattr("limits.aio.storage.memory.time.time", lambda: 1_000_121.0)
        await counted.failed("198.51.100.1")
        await asyncio.sleep(0.01)  # the library tidies up beside it

    asyncio.run(come())
    assert len(storage.storage) == len(storage.expirations) == 1


def test_every_route_for_tokens_tells_of_it(http: Http) -> None:
    paths = http.client.get("/api/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert ("429" in operation["responses"]) == path.startswith("/api/"), (method, path)
