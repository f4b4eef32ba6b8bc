"""Deliveries of WhatsApp's Cloud API: whether one is Meta's, and the messages in it. Nothing here acts.

What is taken for a message, and what is not:

- Everything a person can send becomes a text: what they wrote or chose, or the kind in brackets with what can
  be said of it (`[image] caption`). What Meta itself could not read is `[unsupported]`: something was sent.
- An edit is new words from the contact, which an agent must see: a message of its own, `[edited] …`. What was
  stored before stays (R15). A deletion asks for no answer and takes nothing away: not a message.
- A reaction is a nod, not something written that waits for an answer: not a message. Nor are statuses, calls
  and permissions to call, system notes, preferences, account and template news, and any kind unknown here.
- Echoes are what the team itself sent from the platform's app: messages with direction `out` (R17).
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.model import Direction
from core.rules import Incoming

CHANNEL = "whatsapp"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Object = dict[str, Any]


def signed(secret: str, raw: bytes, signature: str) -> bool:
    """Whether Meta's signature of exactly these bytes is right; never without a secret."""
    if not secret:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


# Reading a delivery -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message in a delivery. What its sender left out or got wrong, the rules will refuse."""

    kind: str  # `text`, `image`, …
    message: Incoming


def parse(body: object) -> list[Delivered]:
    """Return the messages of a delivery, in its order; of anything else none. Raises nothing."""
    return [
        delivered
        for entry in _objects(_part(body, "entry"))
        for change in _objects(_part(entry, "changes"))
        for delivered in _of_change(_part(change, "value"))
    ]


def _of_change(value: object) -> Iterator[Delivered]:
    profiles = list(_objects(_part(value, "contacts")))
    for name, direction, phone, user_id in (
        ("messages", Direction.IN, "from", "from_user_id"),
        ("message_echoes", Direction.OUT, "to", "to_user_id"),
    ):
        for message in _objects(_part(value, name)):
            text = _text_of(message)
            if text is not None:
                addresses, called = _contact(_string(message, phone), _string(message, user_id), profiles)
                yield Delivered(
                    _string(message, "type"),
                    Incoming(
                        channel=CHANNEL,
                        addresses=addresses,
                        name=called,
                        external_id=_string(message, "id"),
                        sent_at=_time(_part(message, "timestamp")),
                        body=text,
                        direction=direction,
                    ),
                )


def _contact(phone: str, user_id: str, profiles: list[Object]) -> tuple[tuple[str, ...], str | None]:
    """All addresses of a message's contact, the phone first, and their name; the two kinds are one person."""
    addresses = [phone, user_id]
    name = None
    for profile in profiles:
        known = (_string(profile, "wa_id"), _string(profile, "user_id"))
        if (phone and known[0] == phone) or (user_id and known[1] == user_id):
            addresses = [phone, known[0], user_id, known[1]]
            name = _string(profile, "profile", "name") or None
            break
    return tuple(dict.fromkeys(address for address in addresses if address)), name


def _time(timestamp: object) -> datetime | None:
    """Read a string of Unix seconds; None where it is not one."""
    if not (isinstance(timestamp, str) and timestamp.isascii() and timestamp.isdecimal()):
        return None
    try:
        return EPOCH + timedelta(seconds=int(timestamp))
    except (OverflowError, ValueError):
        return None


# What a message says ------------------------------------------------------------------------------


def _text_of(message: Object) -> str | None:
    """The message as a text; None where it is not a message to be read."""
    if _part(message, "type") == "edit":
        edited = _said(_part(message, "edit", "message"))
        return edited and f"[edited] {edited}"
    return _said(message)


def _said(message: object) -> str | None:
    kind = _string(message, "type")
    content = _part(message, kind)
    match kind:
        case "text":
            return _string(content, "body")
        case "button":
            return _string(content, "text")
        case "interactive":
            return _interactive(content)
        case "image" | "video" | "audio" | "document" | "sticker":
            return _join(f"[{kind}]", _string(content, "filename"), _string(content, "caption"))
        case "location":
            return _location(content)
        case "contacts":
            return _contacts(content)
        case "order":
            return _order(content)
        case "unsupported":
            return "[unsupported]"
        case _:
            return None


def _interactive(content: object) -> str | None:
    chosen = _string(content, "type")
    if chosen in ("button_reply", "list_reply"):
        title, description = _string(content, chosen, "title"), _string(content, chosen, "description")
        return f"{title}\n{description}" if description else title
    if chosen == "nfm_reply":
        return _form(_part(content, "nfm_reply"))
    if chosen == "call_permission_reply":
        return None
    return "[unsupported]"


def _form(reply: object) -> str:
    """A completed flow: its name and what was answered, without the token that belongs to the platform."""
    lines = [_join("[form]", _string(reply, "name"))]
    try:
        answers = json.loads(_string(reply, "response_json"))
    except (ValueError, RecursionError):
        answers = None
    if isinstance(answers, dict):
        lines += [
            f"{question}: {answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)}"
            for question, answer in answers.items()
            if question != "flow_token"
        ]
    return "\n".join(lines)


def _location(content: object) -> str:
    place = (_string(content, "name"), _string(content, "address"))
    where = (_number(content, "latitude"), _number(content, "longitude"))
    return _join("[location]", ", ".join(part for part in (*place, *where) if part))


def _contacts(content: object) -> str:
    cards = []
    for card in _objects(content):
        phones = [_string(phone, "phone") for phone in _objects(_part(card, "phones"))]
        cards.append(_join(_string(card, "name", "formatted_name"), ", ".join(filter(None, phones))))
    return _join("[contacts]", "; ".join(filter(None, cards)))


def _order(content: object) -> str:
    lines = [_join("[order]", _string(content, "text"))]
    for item in _objects(_part(content, "product_items")):
        product, price = _string(item, "product_retailer_id"), _number(item, "item_price")
        priced = _join("·", price, _string(item, "currency")) if price else ""
        lines.append(_join(_number(item, "quantity"), "×", product, priced))
    return "\n".join(lines)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


# Reading JSON of any shape ------------------------------------------------------------------------


def _part(value: object, *path: str) -> object:
    """What is found along `path`; None where the way ends."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _objects(value: object) -> Iterator[Object]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _string(value: object, *path: str) -> str:
    found = _part(value, *path)
    return found if isinstance(found, str) else ""


def _number(value: object, *path: str) -> str:
    found = _part(value, *path)
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""
