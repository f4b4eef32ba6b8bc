"""What is held about a person outside: all of it as a file, or erased (LGPD: access and erasure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import rules
from core.desk import Tx, contacts, conversations, idempotency, messages, people
from core.errors import Invalid, NotFound, OpenConversationExists
from core.model import Caller, Conclusion
from core.services.asking import command, query, who


@dataclass(frozen=True, slots=True)
class Held:
    """What an erasure is about."""

    contact_id: UUID
    conversations: int
    messages: int
    addresses: tuple[tuple[str, str], ...]  # channel and address
    imported: tuple[tuple[str, str], ...]  # an import's name, and the conversation's name in it


def _contact(tx: Tx, address: str, channel: str | None) -> UUID:
    """The one contact that is meant. Errors: `NotFound`; `Invalid` where there are several."""
    address = rules.clean_line(address, "address", rules.ADDRESS_LENGTH)
    known = contacts.known_by(tx, address, channel) if address else {}
    if not known:
        raise NotFound("No contact has the address {address}.", address=address)
    if len(known) > 1:
        which = "; ".join(f"{', '.join(channels)}: {id_}" for id_, channels in known.items())
        raise Invalid(
            "Several contacts have this address ({which}). Name the channel, or give the contact's id as the address.",
            field="channel", which=which,
        )  # fmt: skip
    return next(iter(known))


# Access -------------------------------------------------------------------------------------------


@command
def export_contact(
    tx: Tx, caller: Caller, address: str, channel: str | None = None, *, now: datetime
) -> dict[str, Any]:
    """Everything held about a contact, in words, numbers, times and lists of them; that it was told is recorded.

    `address`: however a phone is written, or the contact's id. Errors: `NotFound`; `Invalid` where several have it.
    """
    user = who(tx, caller)
    rules.check_administrator(user)
    contact_id = _contact(tx, address, channel)
    tx.record(user.id, "export_contact", now, contact_id)
    held = contacts.with_merged(tx, [contact_id])
    known = [contacts.contact(tx, one) for one in held]
    return {
        "exported_at": now,
        "contact_id": contact_id,
        "names": list(dict.fromkeys(one.name for one in known if one.name)),
        "addresses": [
            {"channel": its, "address": its_address}
            for its, its_address in contacts.addresses(tx, contact_id)
        ],
        "shown_as": list(dict.fromkeys(one.address for one in known if one.address)),
        "erased_at": known[0].erased_at,
        "merges": [
            {"contact_id": one, "into_contact_id": into, "merged_at": at}
            for one, into, at in contacts.merges(tx, held)
        ],
        "conversations": [_exported(tx, one) for one in conversations.of_contact(tx, contact_id)],
    }


def _exported(tx: Tx, conversation_id: UUID) -> dict[str, Any]:
    """One conversation as it is handed out: agents by their names."""
    found = conversations.conversation(tx, conversation_id)
    assert found is not None
    said, _ = messages.of_conversation(tx, conversation_id, messages.EVERY)
    names = messages.external_ids(tx, conversation_id)
    return {
        "id": found.id,
        "channel": found.channel,
        "folder": found.folder,
        "source": found.source,
        "name_in_source": conversations.external_id(tx, conversation_id),
        "opened_at": found.opened_at,
        "since": found.since,
        "assigned_to": found.assigned_to_name,
        "assignments": [
            {"assigned_to": people.name(tx, to), "assigned_at": at, "assigned_by": people.name(tx, by)}
            for to, at, by in conversations.assignments(tx, conversation_id)
        ],
        "messages": [
            {
                "external_id": names[one.id],
                "direction": one.direction,
                "sent_at": one.sent_at,
                "text": one.body,
                "author": one.author_name,
            }
            for one in said
        ],
        "conclusions": [_concluded(one) for one in conversations.conclusions(tx, conversation_id)],
        "reopenings": [
            {"reopened_at": one.reopened_at, "reopened_by": one.reopened_by_name, "cause": one.cause}
            for one in conversations.reopenings(tx, conversation_id)
        ],
    }


def _concluded(one: Conclusion) -> dict[str, Any]:
    return {
        "concluded_at": one.concluded_at,
        "concluded_by": one.concluded_by_name,
        "archive_preference": one.archive_preference,
        "classifications": [
            {
                "category": version.category,
                "reason": version.reason,
                "value": version.value,
                "currency": version.currency,
                "classified_at": version.classified_at,
                "classified_by": version.classified_by_name,
            }
            for version in one.classifications
        ],
    }


# Erasure ------------------------------------------------------------------------------------------


@query
def contact_to_erase(tx: Tx, caller: Caller, address: str, channel: str | None = None) -> Held:
    """What `erase_contact` would erase, or why it would not."""
    rules.check_administrator(who(tx, caller))
    return _to_erase(tx, address, channel)


def _to_erase(tx: Tx, address: str, channel: str | None) -> Held:
    contact_id = _contact(tx, address, channel)
    if contacts.contact(tx, contact_id).erased_at:
        raise NotFound("The data of this contact was already erased.")
    if still_open := contacts.open_conversations(tx, contact_id):
        raise OpenConversationExists(
            "A conversation with this contact is still open: {conversation}. Conclude it first.",
            conversation=still_open[0], facts={"conversation_id": still_open[0]},
        )  # fmt: skip
    theirs = conversations.of_contact(tx, contact_id)
    return Held(
        contact_id=contact_id,
        conversations=len(theirs),
        messages=messages.count(tx, theirs),
        addresses=tuple(contacts.addresses(tx, contact_id)),
        imported=tuple(conversations.imported(tx, contact_id)),
    )


@command
def erase_contact(tx: Tx, caller: Caller, address: str, channel: str | None = None, *, now: datetime) -> Held:
    """Erase a contact's name, addresses and texts, and those of all who turned out to be the same person.

    Counts, outcomes, and what the team did stay. Whoever was erased and writes again is a new contact. `address`:
    however a phone is written, or the contact's id. `contacts.note_down` follows.

    Errors: `NotFound`; `Invalid` where several have the address; `OpenConversationExists`, because nobody could
    answer it any more.
    """
    user = who(tx, caller)
    rules.check_administrator(user)
    held = _to_erase(tx, address, channel)
    tx.record(user.id, "erase_contact", now, held.contact_id)
    contacts.erase(tx, [held.contact_id], user.id, now)
    return held


@query
def old_contacts(tx: Tx, caller: Caller, before: datetime) -> list[UUID]:
    """Whose last message or conclusion is older, of those who have data and nothing open."""
    rules.check_administrator(who(tx, caller))
    return contacts.quiet_since(tx, before)


@command
def erase_old_contacts(
    tx: Tx, caller: Caller, before: datetime, contact_ids: Sequence[UUID], *, now: datetime
) -> int:
    """Erase those of these contacts of whom that is still so, as `erase_contact` does; return how many."""
    user = who(tx, caller)
    rules.check_administrator(user)
    old = contacts.quiet_since(tx, before, contact_ids)
    for contact_id in old:
        tx.record(user.id, "erase_contact", now, contact_id)
    contacts.erase(tx, old, user.id, now)
    return len(old)


@command
def forget_old_answers(tx: Tx, caller: Caller, *, now: datetime) -> int:
    """Delete first answers that nobody can ask for again (R14), at most so many at once; return how many."""
    rules.check_administrator(who(tx, caller))
    return idempotency.forget_before(tx, now - rules.IDEMPOTENCY_KEPT)
