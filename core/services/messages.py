"""Taking messages in (R10, R17, R20)."""

from datetime import datetime
from uuid import UUID

from core import rules
from core.desk import Tx, contacts, conversations, messages, people
from core.errors import Invalid
from core.model import Caller, Direction, Outcome, ReceivedMessage, ReopenCause, Scope
from core.rules import Incoming
from core.services.asking import command, who


@command
def receive_message(
    tx: Tx, caller: Caller, message: Incoming, *, now: datetime, writer_id: UUID | None = None
) -> ReceivedMessage:
    """Take a message in or, with direction `out`, note one of the team's own (R10, R17, R20)."""
    user = who(tx, caller, token_for=Scope.MESSAGES)
    rules.check_posts_messages(user, caller.scope)
    channel = rules.clean_channel(message.channel)
    addresses = [rules.clean_address(channel, address) for address in message.addresses]
    if not addresses:
        raise Invalid("A contact needs an address.", field="contact.address")
    external_id = rules.clean_line(message.external_id, "external_id", rules.EXTERNAL_ID_LENGTH)
    if not external_id:
        raise Invalid("A message needs an external id.", field="external_id")
    body = rules.clean_body(message.body)
    sent_at = rules.stored_time(message.sent_at, now)
    writer = people.user(tx, writer_id) if writer_id else None
    if writer_id and writer is None:
        raise Invalid("There is no such user.", field="agent_id")

    if known := messages.conversation_of(tx, channel, external_id):
        return ReceivedMessage(Outcome.DUPLICATE, known, present_chatbot=False)
    tx.record(user.id, "receive_message", now)
    inbound = message.direction is Direction.IN
    contact_id = _contact(tx, channel, addresses, rules.clean_name(message.name) if inbound else None, now)
    latest = conversations.latest(tx, contact_id, channel)
    if inbound:
        concluder_id = latest.conclusion.concluded_by if latest and latest.conclusion else None
        concluder = people.user(tx, concluder_id) if concluder_id else None
        decided = rules.receive(latest, concluder, sent_at, now)
    else:
        decided = rules.receive_own(latest, writer, sent_at, now)

    if latest is None or decided.outcome is Outcome.OPENED:
        conversation_id = conversations.open_conversation(
            tx, contact_id, channel, decided.folder, decided.assigned_to, decided.at
        )
        if decided.assigned_to:
            conversations.add_assignment(tx, conversation_id, decided.assigned_to, user.id, decided.at)
    else:
        conversation_id = latest.id
    message_id = messages.add(
        tx,
        conversation_id,
        channel,
        external_id,
        message.direction,
        sent_at,
        now,
        body,
        writer.id if writer and not inbound else None,
    )
    if latest and decided.outcome is Outcome.REOPENED:
        conversations.reopen(
            tx, latest, decided.folder, decided.assigned_to, decided.at, ReopenCause.MESSAGE, None, message_id
        )
    return ReceivedMessage(decided.outcome, conversation_id, decided.present_chatbot)


def _contact(tx: Tx, channel: str, addresses: list[str], name: str | None, now: datetime) -> UUID:
    """The contact known by these addresses; a new one, or two found to be one, where need be.

    Two that both have an open conversation stay two until one of them is concluded (R13).
    """
    whose = contacts.contacts_at(tx, channel, addresses)
    known = [whose[address] for address in addresses if address in whose]
    unknown = [address for address in dict.fromkeys(addresses) if address not in whose]
    contact_id = known[0] if known else contacts.add_contact(tx, name, addresses[0], now)
    for address in unknown:
        contacts.add_address(tx, channel, address, contact_id)
    if not known:
        return contact_id
    contact = contacts.contact(tx, contact_id)
    for other in dict.fromkeys(known):
        if other != contact_id and not all(
            contacts.open_conversations(tx, one) for one in (contact_id, other)
        ):
            name = name or contact.name or contacts.contact(tx, other).name
            contacts.merge(tx, other, contact_id, now)
    contacts.set_contact(tx, contact, name, addresses[0] if addresses[0] in unknown else contact.address)
    return contact_id
