"""Deliveries as Meta sends them, signed."""

import hashlib
import hmac
import json
from typing import Any

from httpx2 import Response

from core import services
from core.model import SYSTEM, Listing
from tests.conftest import NOW
from tests.http.conftest import SECRET, Http

PATH = "/webhooks/whatsapp"
AT = str(int(NOW.timestamp()))


def sign(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def deliver(http: Http, body: object) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return http.client.post(PATH, content=raw, headers={"X-Hub-Signature-256": sign(raw)})


def delivery(*messages: dict[str, Any], contacts: list[Any] | None = None, **value: Any) -> dict[str, Any]:
    value = {"messages": list(messages), "contacts": contacts or [], **value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"changes": [{"field": "messages", "value": value}]}],
    }


def text(message_id: str, body: str = "Oi", timestamp: Any = AT, **sender: str) -> dict[str, Any]:
    sender = sender or {"from": "5511900000001"}
    return {"id": message_id, "type": "text", "text": {"body": body}, "timestamp": timestamp, **sender}


def bodies(http: Http, q: str | None = None) -> list[str]:
    """Every message on the desk, or of whom `q` finds, conversation by conversation."""
    found = services.list_conversations(http.desk, SYSTEM, Listing(q=q), limit=200)
    details = [services.conversation(http.desk, SYSTEM, row.id) for row in found]
    return [message.body for detail in details for message in detail.messages]
