"""Deliveries near Meta's shape and far from it: each signed one of JSON is taken, once; nothing else is."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from core.application import Application
from core.http import whatsapp
from core.http.api import create_api
from tests.fuzz.conftest import cases, opened, tried
from tests.http.deliveries import AT, PATH, delivery, sign

EXAMPLES = [
    json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[1] / "http" / "whatsapp").glob("*.json"))
]
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "\0", "\ud800", "5511900000001", "a" * 400, AT, "9" * 400, "text", "image", "٣", "\u202e", "\r\n"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
KINDS = (
    "text", "button", "interactive", "image", "video", "audio", "document", "sticker", "location", "contacts", "order",
    "unsupported", "edit", "reaction", "system", "",
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> Any:
    """A message whose members are right, wrong or missing."""
    kind = draw(st.sampled_from(KINDS))
    members = {
        "id": TEXTS, "from": TEXTS, "from_user_id": TEXTS, "timestamp": st.just(AT) | TEXTS, "type": st.just(kind),
        kind: st.fixed_dictionaries({"body": TEXTS}) | JSON,
    }  # fmt: skip
    return draw(
        st.fixed_dictionaries({}, optional={name: held | JSON for name, held in members.items()}) | JSON
    )


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """One of Meta's own examples with some of its parts replaced by anything."""
    body = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(0, 4))):
        part = body
        while True:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(part[key], dict | list) or not draw(st.booleans() | st.just(True)):
                part[key] = draw(JSON)
                break
            part = part[key]
    return body


DELIVERIES = st.one_of(
    JSON,
    spoiled(),
    st.builds(
        lambda sent, echoed, people: delivery(*sent, contacts=people, message_echoes=echoed),
        st.lists(messages(), max_size=3), st.lists(messages(), max_size=2), st.lists(JSON, max_size=2) | JSON,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with opened(tmp_path_factory.mktemp("deliveries")) as made:
        yield made


@pytest.fixture(scope="module")
def client(application: Application) -> Iterator[TestClient]:
    with TestClient(create_api(lambda: application)) as made:
        yield made


def deliver(client: TestClient, raw: bytes, signature: bytes | str) -> Response:
    tried("deliveries")
    return client.post(PATH, content=raw, headers={"X-Hub-Signature-256": signature})


@cases(60, 2_000)
@given(body=DELIVERIES)
def test_every_delivery_is_taken_and_again_changes_nothing(
    client: TestClient, application: Application, body: Any
) -> None:
    raw = json.dumps(body).encode()
    messages = len(whatsapp.parse(json.loads(raw)))
    first = deliver(client, raw, sign(raw))
    assert first.status_code == 200, first.text
    taken = first.json()
    assert sum(taken.values()) == messages
    number = application.desk.number
    again = deliver(client, raw, sign(raw)).json()
    assert again == {
        "received": 0, "duplicates": taken["received"] + taken["duplicates"], "skipped": taken["skipped"]
    }  # fmt: skip
    assert application.desk.number == number


@cases(60, 2_000)
@given(raw=st.binary(max_size=200) | st.text(max_size=50).map(lambda text: text.encode("utf-16")))
def test_bytes_that_are_signed(client: TestClient, raw: bytes) -> None:
    assert deliver(client, raw, sign(raw)).status_code in (200, 422)


@cases(60, 2_000)
@given(
    body=DELIVERIES,
    signature=st.binary(max_size=80).filter(lambda some: not {0, 10, 13} & set(some))
    | st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda digits: f"sha256={digits}"),
)
def test_nothing_is_taken_unsigned(
    client: TestClient, application: Application, body: Any, signature: bytes | str
) -> None:
    number = application.desk.number
    assert deliver(client, json.dumps(body).encode(), signature).status_code == 401
    assert application.desk.number == number
