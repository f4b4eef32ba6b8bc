"""A conversation as a chat: one piece of HTML in which everything from outside is escaped text."""

from datetime import datetime
from html import escape as html

from core.model import (
    Classification,
    Conclusion,
    Contact,
    ConversationDetail,
    Direction,
    Message,
    ReopenCause,
    Reopening,
)
from core.text import Text
from core.ui.escape import printable

Event = tuple[datetime, int, str]  # when, its place among what happened then, HTML


def chat(detail: ConversationDetail, text: Text) -> str:
    """The messages, and between them what was concluded and reopened, oldest first, day by day."""
    shown_from = detail.messages[0].sent_at if detail.earlier_messages and detail.messages else None
    events = [(message.sent_at, 0, _message(message, text)) for message in detail.messages]
    events += [(c.concluded_at, 1, _concluded(c, text)) for c in detail.conclusions]
    events += [(r.reopened_at, 2, _reopened(r, text)) for r in detail.reopenings]
    if detail.reopenings:  # the message that reopened stands under the line that says so
        causes = {r.reopened_at for r in detail.reopenings if r.cause is ReopenCause.MESSAGE}
        events = [(at, 3 if place == 0 and at in causes else place, made) for at, place, made in events]
    pieces, day = [], None
    for at, _, made in sorted(events, key=lambda event: event[:2]):
        if shown_from and at < shown_from:
            continue
        if text.local_day(at) != day:
            day = text.local_day(at)
            pieces.append(f'<div class="df-day">{html(text.day(at))}</div>')
        pieces.append(made)
    return f'<div class="df-chat" role="log">{"".join(pieces)}</div>'


def _message(message: Message, text: Text) -> str:
    side = "in" if message.direction is Direction.IN else "out"
    author = f'<span class="df-author">{plain(message.author_name)}</span> ' if message.author_name else ""
    return (
        f'<div class="df-message df-{side}"><span class="df-hidden">{html(text.label(message.direction))}: </span>'
        f"{_body(message.body, text)}"
        f'<div class="df-time">{author}<time>{html(text.time(message.sent_at))}</time></div></div>'
    )


def _body(body: str, text: Text) -> str:
    if not body:  # a message has a text, unless it was erased
        said = text("Text erased")
        return f'<div class="df-body df-erased">{html(said)}</div>'
    return f'<div class="df-body" dir="auto">{plain(body)}</div>'


def _concluded(conclusion: Conclusion, text: Text) -> str:
    who = conclusion.concluded_by_name
    said = (
        text("Concluded by {agent} at {time}", agent=who, time=text.time(conclusion.concluded_at))
        if who
        else text("Concluded at {time}", time=text.time(conclusion.concluded_at))
    )
    version = conclusion.classification
    return f'<div class="df-event">{plain(said)}{" · " + summary(version, text) if version else ""}</div>'


def _reopened(reopening: Reopening, text: Text) -> str:
    time = text.time(reopening.reopened_at)
    if reopening.cause is ReopenCause.MANUAL:
        said = text("Recovered by {agent} at {time}", agent=reopening.reopened_by_name, time=time)
    elif reopening.cause is ReopenCause.MESSAGE:
        said = text("Reopened by the contact's message at {time}", time=time)
    else:
        said = text("Reopened at {time}", time=time)
    return f'<div class="df-event">{plain(said)}</div>'


def summary(version: Classification, text: Text) -> str:
    """A classification on one line: category, reason, value."""
    parts = [
        f'<span class="df-category df-{version.category}">{html(text.label(version.category))}</span>',
        plain(version.reason),
    ]
    if version.value is not None and version.currency:
        parts.append(f"<strong>{html(text.money(version.value, version.currency))}</strong>")
    return " · ".join(parts)


def name(contact: Contact, text: Text) -> str:
    """Who it is: by name, by address, or somebody whose data was erased."""
    return text("Erased contact") if contact.erased_at else contact.name or contact.address


def plain(outside: str | None) -> str:
    """Text from outside as HTML that shows it as it is."""
    return html(printable(outside or ""))
