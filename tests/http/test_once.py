"""Requests that come again, and requests that come at once (R14)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from core import services
from core.desk import Desk
from core.model import SYSTEM, Reason, Role, Scope
from tests.conftest import NOW, Team, change_user, write
from tests.http.conftest import OPENED, Http, problem, serve

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def same(first: Response, again: Response) -> None:
    """The first answer again, and marked as such."""
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


def conclusions(http: Http, conversation_id: UUID) -> int:
    return len(services.conversation(http.desk, SYSTEM, conversation_id).conclusions)


def test_the_same_request_again_gets_the_first_answer(
    http: Http, conversation_id: UUID, sale: Reason
) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    body = {"reason_id": str(sale.id), "value": "10"}
    first = http("ana", "POST", path, body, headers=KEY)
    assert first.status_code == 200
    number = http.desk.number
    http.clock.move_on(days=6, hours=23)
    again = http("ana", "POST", path, content=f'{{ "value":"10",\n"reason_id":"{sale.id}" }}', headers={
        **KEY, "Content-Type": "application/json"
    })  # fmt: skip
    same(first, again)
    assert http.desk.number == number
    assert conclusions(http, conversation_id) == 1


def test_without_a_key_it_is_another_request(http: Http, conversation_id: UUID) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    assert http("ana", "POST", path, {}).status_code == 200
    problem(http("ana", "POST", path, {}), 409, "already_concluded")


def test_another_body_under_the_same_key_is_invalid(http: Http, conversation_id: UUID, sale: Reason) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    http("ana", "POST", path, {"reason_id": str(sale.id), "value": "10"}, headers=KEY)
    number = http.desk.number
    other = http("ana", "POST", path, {"reason_id": str(sale.id), "value": "11"}, headers=KEY)
    problem(other, 422, "invalid", "Idempotency-Key")
    assert http.desk.number == number


def test_a_key_belongs_to_a_user_and_a_route(http: Http, desk: Desk, conversation_id: UUID) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    other = write(desk, "other", address="5511900000009").conversation_id
    first = http("ana", "POST", path, {}, headers=KEY)
    problem(http("bruno", "POST", path, {}, headers=KEY), 409, "already_concluded")
    elsewhere = http("ana", "POST", f"/api/v1/conversations/{other}/conclude", {}, headers=KEY)
    assert elsewhere.json()["conversation_id"] == str(other)
    same(first, http("ana", "POST", path, {}, headers=KEY))


def test_the_first_answer_is_for_who_may_still_and_comes_with_the_same_kind_of_token(
    http: Http, desk: Desk, team: Team, conversation_id: UUID
) -> None:
    path, key = f"/api/v1/conversations/{conversation_id}/assign", {"Idempotency-Key": "k"}
    first = http("ana", "POST", path, {}, headers=key)
    assert first.status_code == 200
    messages = {**key, "Authorization": f"Bearer {http.token('ana', Scope.MESSAGES)}"}
    problem(http("ana", "POST", path, {}, headers=messages), 403, "not_permitted")
    change_user(desk, team.ana, Role.ANALYST)
    problem(http("ana", "POST", path, {}, headers=key), 403, "not_permitted")
    change_user(desk, team.ana)
    same(first, http("ana", "POST", path, {}, headers=key))


def test_after_seven_days_a_key_is_new(http: Http, conversation_id: UUID) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    first = http("ana", "POST", path, {}, headers=KEY)
    http.clock.move_on(days=7)
    anew = http("ana", "POST", path, {}, headers=KEY)
    found = problem(anew, 409, "already_concluded")
    assert found["conclusion_id"] == first.json()["id"]
    same(anew, http("ana", "POST", path, {}, headers=KEY))


def test_a_refusal_is_an_answer_too(http: Http, conversation_id: UUID, sale: Reason) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    body = {"reason_id": str(sale.id)}
    refused = http("ana", "POST", path, body, headers=KEY)
    problem(refused, 422, "invalid", "value")
    same(refused, http("ana", "POST", path, body, headers=KEY))
    assert conclusions(http, conversation_id) == 0


def test_a_change_at_the_same_moment_is_not_kept(http: Http, conversation_id: UUID) -> None:
    """Another time it may be answered otherwise."""
    path = f"/api/v1/conversations/{conversation_id}"
    problem(http("marta", "POST", f"{path}/reopen", headers=KEY), 409, "concurrent_change")
    http("ana", "POST", f"{path}/conclude", {})
    assert http("marta", "POST", f"{path}/reopen", headers=KEY).status_code == 200


@pytest.mark.parametrize(
    "who, method, path, body",
    [
        ("clara", "POST", "/api/v1/reasons", {"description": "Novo", "category": "lost", "value": "none"}),
        ("ana", "PUT", "/api/v1/me/preferences", {"archive": "immediately"}),
        ("clara", "PATCH", "/api/v1/reasons/{reason}", {"in_use": False}),
        (
            "clara",
            "POST",
            "/api/v1/messages",
            {
                "channel": "webchat",
                "contact": {"address": "a"},
                "external_id": "x",
                "sent_at": "2026-03-02T13:00:00Z",
                "body": "Oi",
            },
        ),
    ],
)
def test_every_change_honours_a_key(
    http: Http, doubt: Reason, who: str, method: str, path: str, body: dict[str, object]
) -> None:
    path = path.format(reason=doubt.id)
    first = http(who, method, path, body, headers=KEY)
    assert first.status_code in (200, 201)
    number = http.desk.number
    same(first, http(who, method, path, body, headers=KEY))
    assert http.desk.number == number


def at_once(http: Http, requests: list[tuple[str, str, str, dict[str, str]]]) -> list[Response]:
    """Send all of them at the same moment, each on a line of its own."""
    barrier = Barrier(len(requests))
    for who, *_ in requests:
        http.token(who)

    def send(request: tuple[str, str, str, dict[str, str]]) -> Response:
        who, method, path, headers = request
        client = TestClient(http.client.app)
        barrier.wait()
        return Http(client, http.desk, http.clock, http.tokens)(who, method, path, {}, headers=headers)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


def test_twenty_conclusions_at_once_have_one_winner(http: Http, team: Team, conversation_id: UUID) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    people = ["ana", "bruno", "marta", "clara"] * 5
    answers = at_once(http, [(who, "POST", path, {}) for who in people])
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    lost = [problem(answer, 409, "already_concluded") for answer in answers if answer.status_code != 200]
    assert len(lost) == 19
    for found in lost:
        assert found["concluded_by"] == won[0]["concluded_by"]
        assert won[0]["concluded_by"]["name"] in found["detail"]
        assert found["conclusion_id"] == won[0]["id"]
    assert conclusions(http, conversation_id) == 1


def test_the_same_request_ten_times_at_once_is_done_once(http: Http, conversation_id: UUID) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    answers = at_once(http, [("ana", "POST", path, KEY)] * 10)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 9
    assert conclusions(http, conversation_id) == 1


def test_a_key_survives_a_restart(http: Http, desk: Desk, conversation_id: UUID) -> None:
    """It is kept in the transaction of what it answers: what is there, is there with its answer."""
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    first = http("ana", "POST", path, {}, headers=KEY)
    desk.close()
    again = Desk.open(desk.folder, NOW + timedelta(days=1))
    try:
        second = serve(http.client, again, OPENED[-1].facts)
        second.tokens = http.tokens
        same(first, second("ana", "POST", path, {}, headers=KEY))
    finally:
        again.close()


def test_a_refusal_is_on_record_once_and_its_answer_is_kept(
    http: Http, desk: Desk, team: Team, conversation_id: UUID
) -> None:
    """Within the transaction that keeps the answer, and not again when that is given once more."""
    http("ana", "POST", f"/api/v1/conversations/{conversation_id}/assign", {})
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    first = http("bruno", "POST", path, {}, headers=KEY)
    http.clock.move_on(minutes=2)
    same(first, http("bruno", "POST", path, {}, headers=KEY))
    problem(first, 403, "not_permitted")
    http.clock.move_on(minutes=2)
    problem(http("bruno", "POST", path, {}), 403, "not_permitted")
    noted = desk.read(lambda tx: tx.rows("SELECT user_id, action, subject_id, code FROM refusals"))
    assert noted == [(team.bruno.user_id, "conclude", conversation_id, "not_permitted")] * 2
