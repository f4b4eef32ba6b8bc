"""WhatsApp's webhook: what is taken, and whose it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from core import services
from core.model import SYSTEM, Direction
from core.settings import Settings
from tests.http.conftest import OPENED, Http, problem
from tests.http.deliveries import PATH, bodies, deliver, delivery, sign, text


def test_the_signature_is_of_the_bytes_as_they_came(http: Http) -> None:
    raw = json.dumps(delivery(text("wamid.1", "Olá")), indent=3, ensure_ascii=False).encode()
    assert deliver(http, raw).json() == {"received": 1, "duplicates": 0, "skipped": 0}


def test_without_a_secret_or_a_token_nothing_is_let_in(http: Http) -> None:
    OPENED.append(replace(OPENED[-1], settings=Settings(auth="demo")))
    raw = json.dumps(delivery(text("wamid.1"))).encode()
    headers = {"X-Hub-Signature-256": sign(raw, "")}
    problem(http.client.post(PATH, content=raw, headers=headers), 401, "unauthenticated")
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    problem(http.client.get(PATH, params=query), 403, "not_permitted")


# Deliveries ---------------------------------------------------------------------------------------


def test_a_delivery_twice_is_stored_once(http: Http) -> None:
    body = delivery(text("wamid.1"), text("wamid.2"))
    assert deliver(http, body).json() == {"received": 2, "duplicates": 0, "skipped": 0}
    number = http.desk.number
    assert deliver(http, body).json() == {"received": 0, "duplicates": 2, "skipped": 0}
    assert http.desk.number == number
    assert bodies(http) == ["Oi", "Oi"]


def test_a_delivery_can_hold_many_entries_changes_and_messages(http: Http) -> None:
    first, second = delivery(text("1"), text("2")), delivery(text("3"))
    body = {"entry": first["entry"] + second["entry"] + [{"changes": first["entry"][0]["changes"] * 2}]}
    assert deliver(http, body).json() == {"received": 3, "duplicates": 4, "skipped": 0}


# Whose message it is ------------------------------------------------------------------------------

PHONE, USER = "5511900000001", "BR.13491208655302741918"
BOTH = [{"wa_id": PHONE, "user_id": USER, "profile": {"name": "João"}}]


def contacts(http: Http) -> list[tuple[str | None, str]]:
    rows = services.list_conversations(http.desk, SYSTEM, limit=200)
    return sorted((row.contact.name, row.contact.address) for row in rows)  # type: ignore[type-var]


def test_a_phone_and_a_user_id_are_one_person(http: Http) -> None:
    deliver(http, delivery(text("1", **{"from": PHONE}), contacts=BOTH))
    deliver(http, delivery(text("2", **{"from": PHONE})))
    deliver(http, delivery(text("3", from_user_id=USER)))
    assert contacts(http) == [("João", PHONE)]
    assert bodies(http) == ["Oi"] * 3


def test_a_user_id_alone_is_a_person_until_their_phone_is_known(http: Http) -> None:
    alone = [{"user_id": USER, "profile": {"name": "João"}}]
    deliver(http, delivery(text("1", from_user_id=USER), contacts=alone))
    assert contacts(http) == [("João", USER)]
    deliver(http, delivery(text("2", **{"from": PHONE, "from_user_id": USER})))
    assert contacts(http) == [("João", PHONE)]
    assert len(bodies(http)) == 2


def test_a_name_goes_with_its_sender(http: Http) -> None:
    others = [
        None,
        {"wa_id": "5511900000002", "profile": {"name": "Maria"}},
        {"wa_id": PHONE, "profile": {"name": "João"}},
    ]
    messages = [text("1", **{"from": PHONE}), text("2", **{"from": "5511900000002"})]
    deliver(http, delivery(*messages, contacts=others))
    assert contacts(http) == [("João", PHONE), ("Maria", "5511900000002")]


def test_a_message_is_stored_at_its_own_time(http: Http) -> None:
    deliver(http, delivery(text("1", timestamp="1697043223")))
    row = services.list_conversations(http.desk, SYSTEM)[0]
    assert row.last_message_at == datetime(2023, 10, 11, 16, 53, 43, tzinfo=UTC)


def test_the_teams_own_echo_reopens_nothing(http: Http) -> None:
    deliver(http, delivery(text("1", **{"from": PHONE}), contacts=BOTH))
    row = services.list_conversations(http.desk, SYSTEM)[0]
    http("ana", "POST", f"/api/v1/conversations/{row.id}/conclude", {})
    echo = {**text("2", "Até logo", to=PHONE), "from": "551133330000"}
    assert deliver(http, delivery(message_echoes=[echo])).json()["received"] == 1
    found = services.conversation(http.desk, SYSTEM, row.id)
    assert [message.direction for message in found.messages] == [Direction.IN, Direction.OUT]
    assert found.conversation.folder == "concluded"
