"""WhatsApp's webhook, where something is wrong: who is let in, what is skipped, and anything at all."""

import json
import logging
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.http import whatsapp
from tests.http.conftest import VERIFY, Http, problem
from tests.http.deliveries import AT, PATH, bodies, deliver, delivery, sign, text

CASES = count(1)
PHONE = "5511900000001"


# The handshake ------------------------------------------------------------------------------------


def test_the_handshake_echoes_the_challenge(shared: Http) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
    response = shared.client.get(PATH, params=query)
    assert (response.status_code, response.text) == (200, "1158201444")
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "é\x00", "hub.challenge": "1"},
        {"hub.mode": "unsubscribe", "hub.verify_token": VERIFY, "hub.challenge": "1"},
    ],
)
def test_the_handshake_is_refused(shared: Http, query: dict[str, str]) -> None:
    problem(shared.client.get(PATH, params=query), 403, "not_permitted")


# Signatures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature",
    [
        lambda raw: None,
        lambda raw: "",
        lambda raw: "sha256=",
        lambda raw: sign(raw, "another secret"),
        lambda raw: sign(raw, ""),
        lambda raw: sign(raw + b" "),
        lambda raw: sign(raw).removeprefix("sha256="),
        lambda raw: sign(raw).replace("sha256=", "sha1="),
        lambda raw: sign(raw)[:-1],
        lambda raw: sign(raw) + "\x00",
        lambda raw: b"sha256=\xff\xfe",
    ],
)
def test_without_the_right_signature_nothing_is_stored(
    shared: Http, signature: Callable[[bytes], str | bytes | None]
) -> None:
    raw = json.dumps(delivery(text("wamid.1"))).encode()
    sent = signature(raw)
    headers = {} if sent is None else {"X-Hub-Signature-256": sent}
    before = shared.desk.number
    problem(shared.client.post(PATH, content=raw, headers=headers), 401, "unauthenticated")
    assert shared.desk.number == before


# Deliveries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        text("bad", timestamp="yesterday"),
        text("bad", timestamp=""),
        text("bad", timestamp=None),
        text("bad", timestamp=1772456400),
        text("bad", timestamp="0"),
        text("bad", timestamp="946684799"),
        text("bad", timestamp="-1"),
        text("bad", timestamp="1772456400.5"),
        text("bad", timestamp="9" * 5000),
        text("bad", timestamp="1772456400000000"),
        text("", "no id"),
        text("a\x00b", "id with a NUL"),
        text("bad", body=""),
        text("bad", **{"from": "", "from_user_id": ""}),
        text("bad", **{"from": "\ud800"}),
        text("bad", **{"from": "5" * 201}),
        {**text("bad"), "text": None},
        {**text("bad"), "id": 7},
    ],
)
def test_one_bad_message_does_not_hold_up_the_others(
    shared: Http, bad: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    case = next(CASES)
    phone = f"55119{case:08}"
    good = {"from": phone}
    contacts = [{"wa_id": phone, "profile": {"name": "Secret Name"}}]
    body = delivery(
        text(f"a{case}", "Private", **good), bad, text(f"b{case}", "Words", **good), contacts=contacts
    )
    with caplog.at_level(logging.INFO, logger="core"):
        assert deliver(shared, body).json() == {"received": 2, "duplicates": 0, "skipped": 1}
    assert bodies(shared, phone) == ["Private", "Words"]
    assert "WhatsApp text skipped" in caplog.text
    for secret in ("Secret", phone, "Private", "Words"):
        assert secret not in caplog.text


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_signed_bytes_that_are_no_json(shared: Http, raw: bytes) -> None:
    problem(deliver(shared, raw), 422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, "text", 1, [[]], {"entry": None}, {"entry": {}}, {"entry": [None, 1, "a", []]},
        {"entry": [{"changes": 1}]}, {"entry": [{"changes": [{"value": []}]}]},
        {"entry": [{"changes": [{"value": {"messages": {"id": "1"}}}]}]},
        delivery({}), delivery({"type": None}), delivery({"type": ["text"]}), delivery({"type": "text2"}),
        {"entry": [{"changes": [{"value": {"messages": [None, 1, "text", ["text"]]}}]}]},
    ],
)  # fmt: skip
def test_json_of_another_shape_is_accepted_and_nothing_taken(shared: Http, body: object) -> None:
    before = shared.desk.number
    response = deliver(shared, body)
    assert (response.status_code, response.json()) == (200, {"received": 0, "duplicates": 0, "skipped": 0})
    assert shared.desk.number == before


def test_three_megabytes_fit_and_no_more(shared: Http) -> None:
    body = delivery(text("1"), padding="x" * 2_900_000)
    assert deliver(shared, body).json()["received"] == 1
    problem(deliver(shared, delivery(text("2"), padding="x" * 3_200_000)), 413, "too_large")


# Anything at all ----------------------------------------------------------------------------------

KINDS = [
    "text", "button", "interactive", "image", "video", "audio", "document", "sticker", "location", "contacts",
    "order", "unsupported", "edit", "reaction", "system",
]  # fmt: skip
NAMES = [
    "entry", "changes", "value", "messages", "message_echoes", "contacts", "profile", "name", "wa_id", "user_id",
    "from", "from_user_id", "to", "id", "type", "timestamp", "body", "edit", "message", "nfm_reply", "response_json",
    "button_reply", "list_reply", "title", "phones", "product_items", "item_price", *KINDS,
]  # fmt: skip

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=5)
    | st.sampled_from([*KINDS, *NAMES, AT, PHONE, "nfm_reply", '{"a": [1]}', "\ud800", "a\x00"])
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
messages = st.sampled_from(KINDS).flatmap(
    lambda kind: st.fixed_dictionaries(
        {
            "type": st.just(kind),
            "id": leaves,
            "timestamp": st.just(AT) | leaves,
            "from": st.just(PHONE) | leaves,
        },
        optional={kind: anything, "from_user_id": leaves, "to": leaves},
    )
)
deliveries = anything | st.builds(
    lambda taken, people, echoes: delivery(*taken, contacts=people, message_echoes=echoes),
    st.lists(messages, max_size=3), st.lists(anything, max_size=2), st.lists(messages, max_size=1),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries)
def test_whatever_is_delivered_is_never_our_failure(shared: Http, body: Any) -> None:
    response = deliver(shared, body)
    assert response.status_code == 200, response.text
    assert sum(response.json().values()) == len(whatsapp.parse(json.loads(json.dumps(body))))
