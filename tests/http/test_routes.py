"""What each route of `/api/v1` takes and answers."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from core import services
from core.desk import Desk
from core.http.api import create_api
from core.model import SYSTEM, Category, Reason, Scope, ValueMode
from tests.conftest import NOW, Team, write
from tests.http.conftest import Http, problem

UNKNOWN = "019c0000-0000-7000-8000-000000000000"


def message(**changes: object) -> dict[str, object]:
    given = {
        "channel": "webchat",
        "contact": {"address": "joao@site", "name": "João"},
        "external_id": "m1",
        "sent_at": "2026-03-02T10:00:00-03:00",
        "body": "Bom dia",
    }
    return {**given, **changes}


# Messages -----------------------------------------------------------------------------------------


def test_a_message_opens_and_the_next_is_appended_and_the_same_is_a_duplicate(http: Http) -> None:
    opened = http("clara", "POST", "/api/v1/messages", message())
    assert opened.status_code == 200
    assert opened.json() == {
        "outcome": "opened",
        "conversation_id": opened.json()["conversation_id"],
        "present_chatbot": True,
    }
    again = http("clara", "POST", "/api/v1/messages", message()).json()
    appended = http("clara", "POST", "/api/v1/messages", message(external_id="m2")).json()
    assert (again["outcome"], appended["outcome"]) == ("duplicate", "appended")
    assert appended["conversation_id"] == opened.json()["conversation_id"]


def test_a_message_of_the_team_names_who_wrote_it(http: Http, team: Team) -> None:
    body = message(direction="out", agent_id=str(team.ana.user_id))
    sent = http("clara", "POST", "/api/v1/messages", body).json()
    found = http("ana", "GET", f"/api/v1/conversations/{sent['conversation_id']}").json()
    assert found["folder"] == "in_progress"
    assert found["messages"][0]["author"] == {"id": str(team.ana.user_id), "name": "Ana"}
    assert found["messages"][0]["sent_at"] == "2026-03-02T13:00:00Z"


def test_posting_messages_needs_an_administrator_or_the_scope(http: Http) -> None:
    problem(http("marta", "POST", "/api/v1/messages", message()), 403, "not_permitted")
    token = http.token("ana", Scope.MESSAGES)
    headers = {"Authorization": f"Bearer {token}"}
    assert http.client.post("/api/v1/messages", json=message(), headers=headers).status_code == 200
    for path in ("/api/v1/conversations", "/api/v1/categories", "/api/v1/reasons", "/api/v1/me/preferences"):
        problem(http.client.get(path, headers=headers), 403, "not_permitted")


def test_a_contacts_message_has_no_agent(http: Http, team: Team) -> None:
    body = message(agent_id=str(team.ana.user_id))
    problem(http("clara", "POST", "/api/v1/messages", body), 422, "invalid", "agent_id")


# Conversations ------------------------------------------------------------------------------------


def test_assign_conclude_edit_reopen(
    http: Http, team: Team, conversation_id: UUID, sale: Reason, doubt: Reason
) -> None:
    path = f"/api/v1/conversations/{conversation_id}"
    ana = {"id": str(team.ana.user_id), "name": "Ana"}

    taken = http("ana", "POST", f"{path}/assign", {})
    assert taken.status_code == 200
    assert taken.json() == {
        "id": str(conversation_id),
        "channel": "whatsapp",
        "folder": "in_progress",
        "assigned_to": ana,
        "opened_at": "2026-03-02T13:00:00Z",
        "since": "2026-03-02T13:00:00Z",
    }

    concluded = http("ana", "POST", f"{path}/conclude", {"reason_id": str(sale.id), "value": "1234.5"})
    assert concluded.status_code == 200
    version = {
        "version": 1,
        "category": "achieved",
        "reason_id": str(sale.id),
        "reason": "Venda",
        "value": "1234.50",
        "currency": "BRL",
        "classified_at": "2026-03-02T13:01:00Z",
        "classified_by": ana,
    }
    assert concluded.json() == {
        "id": concluded.json()["id"],
        "conversation_id": str(conversation_id),
        "cycle": 1,
        "concluded_at": "2026-03-02T13:01:00Z",
        "concluded_by": ana,
        "from_folder": "in_progress",
        "archive_preference": "after_12h",
        "classification": version,
        "versions": [version],
    }

    http.clock.move_on(minutes=1)
    edit = f"/api/v1/conclusions/{concluded.json()['id']}/classification"
    edited = http("ana", "PUT", edit, {"reason_id": str(doubt.id)}).json()
    assert [v["reason"] for v in edited["versions"]] == ["Venda", "Horário"]
    assert edited["classification"] == edited["versions"][1]
    assert (edited["classification"]["value"], edited["classification"]["currency"]) == (None, None)
    problem(http("clara", "PUT", edit, {"reason_id": str(doubt.id)}), 403, "not_permitted")

    reopened = http("marta", "POST", f"{path}/reopen").json()
    assert (reopened["folder"], reopened["assigned_to"]["name"]) == ("in_progress", "Marta")

    found = http("ana", "GET", path).json()
    assert found["contact"] == {
        "id": found["contact"]["id"],
        "name": "João",
        "address": "5511988887777",
        "erased_at": None,
    }
    assert [m["body"] for m in found["messages"]] == ["Olá"]
    assert found["conclusions"] == [edited]
    assert [(r["cause"], r["reopened_by"]["name"]) for r in found["reopenings"]] == [("manual", "Marta")]
    assert found["service_window_ends_at"] == "2026-03-03T13:00:00Z"


def test_conclude_only(http: Http, conversation_id: UUID) -> None:
    concluded = http("ana", "POST", f"/api/v1/conversations/{conversation_id}/conclude", {}).json()
    assert (concluded["classification"], concluded["versions"]) == (None, [])
    assert concluded["from_folder"] == "new"


@pytest.mark.parametrize("value", ["0", "0.01", "9999999999999.99", "12.3"])
def test_values_come_back_exactly(http: Http, conversation_id: UUID, sale: Reason, value: str) -> None:
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    concluded = http("ana", "POST", path, {"reason_id": str(sale.id), "value": value}).json()
    assert concluded["classification"]["value"] == f"{Decimal(value):.2f}"


def test_roles_meet_their_limits(http: Http, team: Team, conversation_id: UUID) -> None:
    path = f"/api/v1/conversations/{conversation_id}"
    refused = [
        ("nadia", "GET", "/api/v1/conversations", None),
        ("nadia", "GET", path, None),
        ("nadia", "POST", f"{path}/assign", {}),
        ("nadia", "POST", f"{path}/conclude", {}),
        ("nadia", "POST", f"{path}/reopen", None),
        ("nadia", "PUT", "/api/v1/me/preferences", {"archive": "immediately"}),
        ("ana", "POST", f"{path}/assign", {"agent_id": str(team.bruno.user_id)}),
        ("marta", "POST", "/api/v1/reasons", {"description": "X", "category": "other", "value": "none"}),
    ]
    for who in ("ana", "bruno", "marta", "nadia"):
        http.token(who)
    before = http.desk.number
    for who, method, address, body in refused:
        problem(http(who, method, address, body), 403, "not_permitted")
    assert http.desk.number == before
    http("ana", "POST", f"{path}/assign", {})
    problem(http("bruno", "GET", path), 403, "not_permitted")
    problem(http("bruno", "POST", f"{path}/conclude", {}), 403, "not_permitted")


def test_the_list_shows_what_the_caller_may_see(http: Http, team: Team, desk: Desk) -> None:
    mine = write(desk, "a", address="551100000001", body="pedido atrasado").conversation_id
    write(desk, "b", address="551100000002")
    services.assign(desk, team.ana, mine, now=NOW)

    def ids(who: str, query: str) -> set[str]:
        return {row["id"] for row in http(who, "GET", f"/api/v1/conversations?{query}").json()["items"]}

    assert str(mine) in ids("ana", "")
    assert str(mine) not in ids("bruno", "")
    assert len(ids("bruno", "")) == 1
    assert ids("marta", "folder=in_progress") == {str(mine)}
    assert ids("marta", f"agent={team.ana.user_id}") == {str(mine)}
    assert ids("marta", f"agent={UNKNOWN}") == set()
    assert ids("marta", "q=ATRASADO") == {str(mine)}


def test_pages_have_every_row_once(http: Http, desk: Desk) -> None:
    """Also where many conversations were active at the same moment."""
    for number in range(23):
        write(desk, f"m{number}", NOW + timedelta(seconds=number // 5), address=f"55110000{number:04}")
    seen: list[str] = []
    query = "limit=4"
    for _ in range(10):
        page = http("marta", "GET", f"/api/v1/conversations?{query}").json()
        assert len(page["items"]) == 4 or page["next"] is None
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        query = f"limit=4&cursor={page['next']}"
    whole = http("marta", "GET", "/api/v1/conversations?limit=200").json()
    assert seen == [row["id"] for row in whole["items"]]
    assert len(set(seen)) == 23
    assert whole["next"] is None
    exactly = http("marta", "GET", "/api/v1/conversations?limit=23").json()
    assert (len(exactly["items"]), exactly["next"]) == (23, None)


def test_a_page_is_not_disturbed_by_what_comes_in_meanwhile(http: Http, desk: Desk) -> None:
    for number in range(6):
        write(desk, f"m{number}", NOW + timedelta(seconds=number), address=f"55110000{number:04}")
    first = http("marta", "GET", "/api/v1/conversations?limit=3").json()
    write(desk, "late", NOW + timedelta(minutes=1), address="551199999999")
    second = http("marta", "GET", f"/api/v1/conversations?limit=3&cursor={first['next']}").json()
    ids = [row["id"] for row in first["items"] + second["items"]]
    assert len(set(ids)) == 6


# Reasons and preferences --------------------------------------------------------------------------


def test_the_four_categories(http: Http) -> None:
    items = http("nadia", "GET", "/api/v1/categories").json()["items"]
    assert [item["id"] for item in items] == ["achieved", "lost", "question", "other"]
    assert items[0]["name"] == "Objetivo Atingido"


def test_reasons_are_made_and_changed_by_an_administrator(http: Http) -> None:
    made = http(
        "clara", "POST", "/api/v1/reasons", {"description": "Preço", "category": "lost", "value": "optional"}
    )
    assert made.status_code == 201
    reason = made.json()
    assert reason == {
        "id": reason["id"],
        "description": "Preço",
        "category": "lost",
        "value": "optional",
        "in_use": True,
    }
    assert http("ana", "GET", "/api/v1/reasons").json() == {"items": [reason]}
    path = f"/api/v1/reasons/{reason['id']}"
    assert http("clara", "PATCH", path, {}).json() == reason
    assert http("clara", "PATCH", path, {"in_use": False}).json() == {**reason, "in_use": False}
    assert http("clara", "PATCH", path, {"description": "Caro", "category": "other"}).json() == {
        **reason,
        "description": "Caro",
        "category": "other",
        "in_use": False,
    }
    problem(http("marta", "PATCH", path, {"in_use": True}), 403, "not_permitted")
    problem(http("clara", "PATCH", f"/api/v1/reasons/{UNKNOWN}", {}), 404, "not_found")


def test_a_reason_exists_once_in_its_category(http: Http, doubt: Reason) -> None:
    body = {"description": "HORARIO", "category": "question", "value": "none"}
    problem(http("clara", "POST", "/api/v1/reasons", body), 422, "invalid", "description")


def test_preferences_are_ones_own(http: Http, conversation_id: UUID) -> None:
    path = "/api/v1/me/preferences"
    assert http("ana", "GET", path).json() == {"archive": "after_12h"}
    assert http("ana", "PUT", path, {"archive": "immediately"}).json() == {"archive": "immediately"}
    assert http("ana", "GET", path).json() == {"archive": "immediately"}
    assert http("bruno", "GET", path).json() == {"archive": "after_12h"}
    concluded = http("ana", "POST", f"/api/v1/conversations/{conversation_id}/conclude", {}).json()
    assert concluded["archive_preference"] == "immediately"


# Who is asking ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer desfecho_x", "Basic YTpi", "Bearer á\t"]
)
def test_without_a_good_token_nothing_is_answered(
    http: Http, conversation_id: UUID, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    for method, path in (
        ("GET", "/api/v1/categories"),
        ("GET", "/api/v1/conversations"),
        ("POST", f"/api/v1/conversations/{conversation_id}/reopen"),
    ):
        response = http.client.request(method, path, headers=headers)
        problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"


def test_a_revoked_token_is_no_longer_good(http: Http) -> None:
    assert http("ana", "GET", "/api/v1/categories").status_code == 200
    services.revoke_token(http.desk, SYSTEM, f"ana-{Scope.API}", now=NOW)
    problem(http("ana", "GET", "/api/v1/categories"), 401, "unauthenticated")


def test_an_expired_token_is_no_longer_good_and_a_use_is_seen(http: Http) -> None:
    http.tokens["ana-api"] = services.create_token(
        http.desk, SYSTEM, "ana@example.com", "crm", Scope.API, expires_at=NOW + timedelta(days=1), now=NOW
    ).secret
    assert http("ana", "GET", "/api/v1/categories").status_code == 200
    at = http.clock.now
    http.clock.move_on(days=1)
    refused = problem(http("ana", "GET", "/api/v1/categories"), 401, "unauthenticated")
    assert refused["detail"] == "The token is not known, has expired, or was revoked."
    (seen,) = services.list_tokens(http.desk, SYSTEM)
    assert seen.used_at == at


def test_a_use_that_cannot_be_noted_fails_no_request(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    http.token("ana")

    def fails(_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(http.desk, "transact", fails)
    assert http("ana", "GET", "/api/v1/categories").status_code == 200


# Health and documentation -------------------------------------------------------------------------


def test_health(http: Http) -> None:
    for path in ("/healthz", "/readyz"):
        response = http.client.get(path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_not_ready_without_a_desk() -> None:
    def nothing_open() -> None:
        raise RuntimeError("nothing is open yet")

    client = TestClient(create_api(nothing_open))  # type: ignore[arg-type]
    assert client.get("/healthz").status_code == 200
    problem(client.get("/readyz"), 503, "unavailable")


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/oauth2-redirect"])
def test_the_documentation_needs_no_network(http: Http, path: str) -> None:
    page = http.client.get(path)
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!--", "").replace("// ", "").replace(
        "window.location.protocol + '//'", ""
    )
    for quoted in page.text.split('"'):
        if quoted.startswith("/api/static-docs/"):
            assert http.client.get(quoted).status_code == 200


def test_openapi_describes_every_route(http: Http) -> None:
    paths = http.client.get("/api/openapi.json").json()["paths"]
    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} == {
        "POST /api/v1/messages",
        "GET /api/v1/conversations",
        "GET /api/v1/conversations/{conversation_id}",
        "POST /api/v1/conversations/{conversation_id}/assign",
        "POST /api/v1/conversations/{conversation_id}/conclude",
        "POST /api/v1/conversations/{conversation_id}/reopen",
        "PUT /api/v1/conclusions/{conclusion_id}/classification",
        "GET /api/v1/categories",
        "GET /api/v1/reasons",
        "POST /api/v1/reasons",
        "PATCH /api/v1/reasons/{reason_id}",
        "GET /api/v1/me/preferences",
        "PUT /api/v1/me/preferences",
        "GET /webhooks/whatsapp",
        "POST /webhooks/whatsapp",
        "GET /healthz",
        "GET /readyz",
    }
    conclude = paths["/api/v1/conversations/{conversation_id}/conclude"]["post"]
    assert "Idempotency-Key" in [parameter["name"] for parameter in conclude["parameters"]]
    assert conclude["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "Conclusion"
    )
    for status in ("401", "403", "404", "409", "413", "422"):
        assert list(conclude["responses"][status]["content"]) == ["application/problem+json"]
    assert conclude["security"]


def test_classification_switched_off(http: Http, conversation_id: UUID, sale: Reason) -> None:
    services.change_organisation(http.desk, SYSTEM, classification_on=False, now=NOW)
    path = f"/api/v1/conversations/{conversation_id}/conclude"
    problem(http("ana", "POST", path, {"reason_id": str(sale.id), "value": "1"}), 409, "classification_off")
    assert http("ana", "POST", path, {}).status_code == 200


def test_reopening_meets_another_open_conversation(http: Http, desk: Desk, conversation_id: UUID) -> None:
    path = f"/api/v1/conversations/{conversation_id}"
    http("ana", "PUT", "/api/v1/me/preferences", {"archive": "immediately"})
    http("ana", "POST", f"{path}/conclude", {})
    other = write(desk, "wamid.2", NOW + timedelta(minutes=5)).conversation_id
    found = problem(http("ana", "POST", f"{path}/reopen"), 409, "open_conversation_exists")
    assert found["conversation_id"] == str(other)
    problem(http("ana", "POST", f"/api/v1/conversations/{other}/reopen"), 403, "not_permitted")
    problem(http("marta", "POST", f"/api/v1/conversations/{other}/reopen"), 409, "concurrent_change")


def test_every_reason_is_listed_those_retired_too(http: Http, desk: Desk) -> None:
    reason = services.create_reason(desk, SYSTEM, "Antigo", Category.OTHER, ValueMode.NONE, now=NOW)
    services.change_reason(desk, SYSTEM, reason.id, in_use=False, now=NOW)
    assert [r["in_use"] for r in http("ana", "GET", "/api/v1/reasons").json()["items"]] == [False]


def test_an_erased_contact_says_so_and_nothing_else(http: Http, conversation_id: UUID) -> None:
    services.conclude(http.desk, SYSTEM, conversation_id, now=NOW)
    services.erase_contact(http.desk, SYSTEM, "5511988887777", now=NOW + timedelta(hours=1))
    erased = {"name": None, "address": "", "erased_at": "2026-03-02T14:00:00Z"}

    found = http("marta", "GET", f"/api/v1/conversations/{conversation_id}").json()
    assert found["contact"] == {"id": found["contact"]["id"], **erased}
    assert [m["body"] for m in found["messages"]] == [""]
    assert (found["folder"], len(found["conclusions"])) == ("concluded", 1)
    [row] = http("marta", "GET", "/api/v1/conversations").json()["items"]
    assert (row["contact"], row["last_message"]) == (found["contact"], "")
    for q in ("João", "5511", "Olá"):
        assert http("marta", "GET", f"/api/v1/conversations?q={q}").json()["items"] == []

    message = {"channel": "whatsapp", "contact": {"address": "5511988887777"}, "external_id": "wamid.1",
               "sent_at": "2026-03-02T13:00:00Z", "body": "Olá"}  # fmt: skip
    again = http("clara", "POST", "/api/v1/messages", message).json()
    assert (again["outcome"], again["conversation_id"]) == ("duplicate", str(conversation_id))
    new = http("clara", "POST", "/api/v1/messages", message | {"external_id": "wamid.2"}).json()
    assert new["outcome"] == "opened"
