"""Every delivery of tests/http/whatsapp, and the one message it is taken for. The others are taken for none."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.http import whatsapp
from core.model import Direction
from tests.http.conftest import Http
from tests.http.deliveries import bodies, deliver

FILES = sorted((Path(__file__).parent / "whatsapp").glob("*.json"))
CASES: dict[str, Any] = {
    f"{file.stem}: {name}": body
    for file in FILES
    for name, body in json.loads(file.read_text("utf-8")).items()
}

FORM = (
    "[form] flow\ncomment_text: Comment Text\ndelivery_rating: 4\npurchase_rating: 2\n"
    "recommend_radio: 0\ncs_rating: 0"
)

TAKEN = {
    "callback_button: button": "title",
    "callback_button: quick_reply": "title",
    "callback_button: quick_reply_without_context": "title",
    "callback_selection: callback": "title",
    "callback_selection: description": "title\ndescription",
    "edited_message: image": "[edited] [image] Updated image caption",
    "flow_completion: completion": FORM,
    "flow_completion: without_flow_token": FORM,
    "message: text": "Body Text",
    "message: image": "[image]",
    "message: media_with_url": "[image]",
    "message: video": "[video] caption",
    "message: document": "[document] filename.pdf caption",
    "message: audio": "[audio]",
    "message: voice": "[audio]",
    "message: static_sticker": "[sticker]",
    "message: animated_sticker": "[sticker]",
    "message: current_location": "[location] 12.25089, 43.90539",
    "message: chosen_location": (
        "[location] Facebook HQ, 1 Hacker Way, Menlo Park, CA 94025, 37.4611978, -122.2164385"
    ),
    "message: contacts": (
        "[contacts] Chandler Bing +1 555-555-5555; Monica +1 666-666-6666; Rachel Green +1 777-777-7777"
    ),
    "message: order": "[order]\n3 × HAMBURGER · 30 ILS\n2 × FRENCH_FRIES · 35 ILS\n2 × SODA · 10 ILS",
    "message: unsupported": "[unsupported]",
    "message: unsupported_with_type": "[unsupported]",
    "message: reply": "replied text",
    "message: forwarded": "forwarded text",
    "message: forwarded_many_times": "text forwarded many times",
    "message: interactive_message_with_err": "[unsupported]",
    "message: referral": "BODY",
    "outgoing_message: text": "Test message",
    "outgoing_message: edit": "[edited] Text was edited",
}

NOT_TAKEN = {  # beside whole files of statuses, calls, accounts, templates and preferences
    "deleted_message: revoke",
    "message: reaction",
    "message: unreaction_empty",
    "message: unreaction_no_emoji",
    "outgoing_message: delete",
    "system: phone_number_change",
    "system: identity_change",
    "call_permission_update: accept",
    "call_permission_update: reject",
}

NO_MESSAGES = (
    "account_update", "call_connect", "call_status", "call_terminate", "message_status", "template_category_update",
    "template_components_update", "template_quality_update", "template_status_update", "user_marketing_preferences",
)  # fmt: skip


def test_every_case_has_its_expectation() -> None:
    others = {case for case in CASES if case not in TAKEN and case not in NOT_TAKEN}
    assert set(TAKEN) | NOT_TAKEN <= set(CASES)
    assert {case.split(":")[0] for case in others} == set(NO_MESSAGES)


@pytest.mark.parametrize("case", CASES)
def test_a_case(shared: Http, case: str) -> None:
    body = json.loads(json.dumps(CASES[case]))
    value = body["entry"][0]["changes"][0]["value"]
    for message in [*value.get("messages", []), *value.get("message_echoes", [])]:
        message["id"] = f"{case} {message['id']}"  # most of the cases share one id
    before, number = Counter(bodies(shared) if case in TAKEN else []), shared.desk.number

    answer = deliver(shared, body)

    assert answer.status_code == 200
    assert answer.json() == {"received": int(case in TAKEN), "duplicates": 0, "skipped": 0}
    if case in TAKEN:
        assert list((Counter(bodies(shared)) - before).elements()) == [TAKEN[case]]
    else:
        assert shared.desk.number == number


def test_who_a_message_is_from() -> None:
    (delivered,) = whatsapp.parse(CASES["message: text"])
    message = delivered.message
    assert message.addresses == ("972987654321", "US.13491208655302741918")
    assert (message.name, message.external_id, message.direction) == (
        "Test Name",
        "wamid.xyzxyz",
        Direction.IN,
    )


def test_a_profile_of_somebody_else_is_not_the_senders() -> None:
    (delivered,) = whatsapp.parse(CASES["edited_message: image"])
    assert (delivered.message.addresses, delivered.message.name) == (("16505551234",), None)


def test_an_echo_is_the_teams_message_to_the_contact() -> None:
    (delivered,) = whatsapp.parse(CASES["outgoing_message: text"])
    message = delivered.message
    assert message.addresses == ("<WHATSAPP_USER_PHONE_NUMBER>", "<BSUID>")
    assert message.direction is Direction.OUT
