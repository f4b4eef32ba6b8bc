"""Contacts: who writes, by which addresses; and what is left of them once their data was erased.

An erased contact has no name, no address and no texts. Its conversations, their times and their outcomes stay, and so
does its id, from which the facts make its key. What is known by a name that can hold a phone, a message's id on its
channel and a conversation's name in an import, is known from then on by a keyed hash of it: enough to recognise it.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from core import rules
from core.desk import idempotency, organisation, rewrite
from core.desk.store import Desk
from core.desk.transaction import Tx, only, places
from core.ids import new_id
from core.model import SYSTEM_USER_ID, Contact, Folder

ERASED = ""  # in the place of an address, and of a message's text
LOG = "erasures.log"  # beside the desk: a backup restored later must not bring anybody back

# What stands for a name once it was erased; the question mark is the secret. `kept_as` says the same.
KEPT_AS = "'erased:' || sha256(concat_ws(chr(31), ?, {}, {}))"


def contact(tx: Tx, contact_id: UUID) -> Contact:
    row = tx.row("SELECT id, name, address, erased_at FROM contacts WHERE id = ?", contact_id)
    assert row is not None
    return Contact(*row)


def contacts_at(tx: Tx, channel: str, addresses: Sequence[str]) -> dict[str, UUID]:
    """Whose each of these addresses is, of those that are somebody's."""
    named = tx.rows(
        f"SELECT address, contact_id, channel FROM contact_addresses WHERE address IN ({places(addresses)})",
        *addresses,
    )
    return {address: contact_id for address, contact_id, its in named if its == channel}


def add_contact(tx: Tx, name: str | None, address: str, now: datetime) -> UUID:
    new = new_id(now)
    tx.insert("contacts", new, name, address, now, None)
    return new


def set_contact(tx: Tx, known: Contact, name: str | None, address: str) -> None:
    """Follow what the contact calls themselves now; a message without a name takes none away."""
    if (name or known.name, address) != (known.name, known.address):
        tx.run(
            "UPDATE contacts SET name = coalesce(?, name), address = ? WHERE id = ?",
            name,
            address,
            known.id,
        )


def add_address(tx: Tx, channel: str, address: str, contact_id: UUID) -> None:
    tx.insert("contact_addresses", channel, address, contact_id)


def addresses(tx: Tx, contact_id: UUID) -> list[tuple[str, str]]:
    """Channel and address, of each of the contact's."""
    sql = "SELECT channel, address FROM contact_addresses WHERE contact_id = ? ORDER BY channel, address"
    return [(channel, address) for channel, address in tx.rows(sql, contact_id)]


def open_conversations(tx: Tx, contact_id: UUID) -> list[UUID]:
    rows = tx.rows("SELECT id, folder FROM conversations WHERE contact_id = ?", contact_id)
    return [id_ for id_, folder in rows if folder != Folder.CONCLUDED]


def merge(tx: Tx, contact_id: UUID, into: UUID, now: datetime) -> None:
    """Make one contact of two that turned out to be one person."""
    tx.run("UPDATE contact_addresses SET contact_id = ? WHERE contact_id = ?", into, contact_id)
    tx.run(
        "UPDATE conversations SET contact_id = ?, number = ? WHERE contact_id = ?",
        into,
        tx.number,
        contact_id,
    )
    tx.insert("contact_merges", tx.number, contact_id, into, now)


def merged_since(tx: Tx, number: int, most: int) -> list[UUID]:
    """The contacts that commands after `number` found to be another one too, at most so many."""
    sql = "SELECT DISTINCT into_contact_id FROM contact_merges WHERE number > ? LIMIT ?"
    return [contact_id for (contact_id,) in tx.rows(sql, number, most)]


# Finding somebody ---------------------------------------------------------------------------------


def known_by(tx: Tx, text: str, channel: str | None) -> dict[UUID, list[str]]:
    """The contacts that have this address, however a phone is written, or this id: each with its channels."""
    try:
        rows = tx.rows("SELECT id FROM contacts WHERE id = ?", UUID(text))
        found = [contact_id for (contact_id,) in rows]
    except ValueError:
        found = _at(tx, text)
    known: dict[UUID, list[str]] = {}
    for contact_id in dict.fromkeys(_now(tx, contact_id) for contact_id in found):
        channels = {its for its, _ in addresses(tx, contact_id)}
        rows = tx.rows("SELECT DISTINCT channel FROM conversations WHERE contact_id = ?", contact_id)
        channels |= {its for (its,) in rows}
        if channel is None or channel in channels:
            known[contact_id] = sorted(channels)
    return known


def _at(tx: Tx, text: str) -> list[UUID]:
    """By what a contact writes from, or by what is shown: of an imported one the name of its conversation.

    Phones are compared by their digits, so nothing is looked up by key: this is asked for seldom.
    """
    plain = rules.address_sought(text)
    same = "lower(address) = lower(?) OR regexp_replace(address, ?, '', 'g') = ?"
    asked = (text, rules.PHONE_PUNCTUATION.pattern, plain if plain.isdecimal() else text)
    return [
        contact_id
        for sql in (
            f"SELECT contact_id FROM contact_addresses WHERE {same}",
            f"SELECT id FROM contacts WHERE {same} ORDER BY id",
        )
        for (contact_id,) in tx.rows(sql, *asked)
    ]


def _now(tx: Tx, contact_id: UUID) -> UUID:
    """Into whom the contact was merged; itself where it was not."""
    sql = "SELECT into_contact_id FROM contact_merges WHERE contact_id = ?"
    while into := tx.first(only, sql, contact_id):
        contact_id = into
    return contact_id


def with_merged(tx: Tx, contact_ids: Sequence[UUID]) -> list[UUID]:
    """These contacts, and all that were merged into them."""
    found = dict.fromkeys(contact_ids)
    new = list(found)
    while new:
        sql = f"SELECT contact_id FROM contact_merges WHERE into_contact_id IN ({places(new)})"
        new = [id_ for (id_,) in tx.rows(sql, *new) if id_ not in found]
        found |= dict.fromkeys(new)
    return list(found)


def quiet_since(tx: Tx, before: datetime, among: Sequence[UUID] | None = None) -> list[UUID]:
    """The contacts with data, of these or of all, whose last message or conclusion is older and who have nothing open."""
    if among is not None and not among:
        return []
    of = f"WHERE contact_id IN ({places(among)})" if among else ""
    rows = tx.rows(
        f"""
        SELECT contact_id FROM conversations {of} GROUP BY contact_id
        HAVING max(greatest(since, coalesce(last_message_at, since))) < ?
           AND count(*) FILTER (folder <> 'concluded') = 0
           AND contact_id IN (SELECT id FROM contacts WHERE erased_at IS NULL)
        ORDER BY contact_id
        """,
        *(among or ()),
        before,
    )
    return [contact_id for (contact_id,) in rows]


def merges(tx: Tx, contact_ids: Sequence[UUID]) -> list[tuple[UUID, UUID, datetime]]:
    """Who of these was found to be whom, and when."""
    sql = f"SELECT contact_id, into_contact_id, merged_at FROM contact_merges WHERE contact_id IN ({places(contact_ids)})"
    return [(one, into, at) for one, into, at in tx.rows(sql, *contact_ids)]


# Erasing ------------------------------------------------------------------------------------------


def any_erased(tx: Tx) -> bool:
    """Whether something may be known by its hash alone."""
    sql = "SELECT contact_id FROM erasures LIMIT 1"
    return tx.remembered("any erased", read=lambda: tx.row(sql) is not None)


def kept_as(tx: Tx, of: str, name: str) -> str:
    """What stands for a name, on a channel or in an import, once it was erased."""
    said = chr(31).join((organisation.contact_key(tx), of, name))
    return f"erased:{sha256(said.encode('utf-8', 'replace')).hexdigest()}"


def erase(tx: Tx, contact_ids: Sequence[UUID], by: UUID, now: datetime) -> list[UUID]:
    """Erase name, addresses and texts of these contacts and of all merged into them, under the command under way.

    Returns whose data it was: those that had been erased before are left alone.
    """
    everybody = with_merged(tx, contact_ids)
    sql = f"SELECT id FROM contacts WHERE erased_at IS NULL AND id IN ({places(everybody)})"
    ids = [id_ for (id_,) in tx.rows(sql, *everybody)] if everybody else []
    if not ids:
        return []
    idempotency.forget_about(
        tx,
        [
            id_
            for (id_,) in tx.rows(f"SELECT id FROM conversations WHERE contact_id IN ({places(ids)})", *ids)
        ],
    )
    secret = organisation.contact_key(tx)
    theirs = f"IN ({places(ids)})"
    of = f"IN (SELECT id FROM conversations WHERE contact_id {theirs})"
    tx.run(
        f"UPDATE contacts SET name = NULL, address = ?, erased_at = ? WHERE id {theirs}", ERASED, now, *ids
    )
    tx.run(
        "UPDATE refusals SET who = NULL"
        f" WHERE who IN (SELECT lower(address) FROM contact_addresses WHERE contact_id {theirs})",
        *ids,
    )
    tx.run(f"DELETE FROM contact_addresses WHERE contact_id {theirs}", *ids)
    tx.run(
        f"UPDATE messages SET body = ?, external_id = CASE WHEN external_id IS NOT NULL"
        f" THEN {KEPT_AS.format('channel', 'external_id')} END WHERE conversation_id {of}",
        ERASED, secret, *ids,
    )  # fmt: skip
    tx.run(
        "UPDATE imported_events SET conversation = c.kept_as"
        f" FROM (SELECT source, external_id, {KEPT_AS.format('source', 'external_id')} AS kept_as"
        f"       FROM conversations WHERE contact_id {theirs}) AS c"
        " WHERE imported_events.source = c.source AND imported_events.conversation = c.external_id",
        secret, *ids,
    )  # fmt: skip
    tx.run(
        f"UPDATE conversations SET number = ?, external_id = CASE WHEN external_id IS NOT NULL"
        f" THEN {KEPT_AS.format('source', 'external_id')} END WHERE contact_id {theirs}",
        tx.number, secret, *ids,
    )  # fmt: skip
    for id_ in ids:
        tx.insert("erasures", tx.number, id_, now, by)
    return ids


def noted(folder: Path) -> set[UUID]:
    """Whose data was erased, as the file beside the desk has it; what a crash tore is left out."""
    try:
        lines = (folder / LOG).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return set()
    ids = set()
    for line in lines:
        try:
            ids.add(UUID(line.partition(" ")[0]))
        except ValueError:
            continue
    return ids


def note_down(desk: Desk, folder: Path, now: datetime) -> None:
    """Write down, beside the desk, whose data was erased, nothing but ids and the time; and have the desk's file
    written anew at the next start. It is called after each erasure, and makes up for what a crash prevented."""
    erased = {id_ for (id_,) in desk.read(lambda tx: tx.rows("SELECT contact_id FROM erasures"))}
    new = sorted(erased - noted(folder))
    if not new:
        return
    rewrite.ask_for(folder)
    lines = "".join(f"\n{id_} {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for id_ in new)
    file = os.open(folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, lines.encode())
        os.fsync(file)
    finally:
        os.close(file)


def erase_again(desk: Desk, folder: Path, now: datetime) -> int:
    """Erase anew whom a restored backup brought back, also where something of theirs is open; return how many."""
    before = noted(folder)
    sql = "SELECT id FROM contacts WHERE erased_at IS NULL"
    back = [id_ for (id_,) in desk.read(lambda tx: tx.rows(sql)) if id_ in before] if before else []

    def work(tx: Tx) -> list[UUID]:
        tx.record(SYSTEM_USER_ID, "erase_contact", now)
        return erase(tx, back, SYSTEM_USER_ID, now)

    if back:
        rewrite.ask_for(folder)  # before it is done: after a crash nobody would ask again
    erased = desk.transact(work) if back else []
    note_down(desk, folder, now)
    return len(erased)
