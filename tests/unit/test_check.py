"""What must hold of any desk: a sound one has no faults, and damage is seen for what it is."""

from datetime import timedelta

import pytest

from core import services
from core.desk import Desk
from core.desk.check import CHECKS, faults
from core.model import SYSTEM, Reason
from tests.conftest import NOW, Team, write

HOUR = timedelta(hours=1)


@pytest.fixture
def story(desk: Desk, team: Team, sale: Reason, doubt: Reason) -> None:
    """Lia is concluded, back and concluded again, Rui waits with Ana, João is new."""

    def lia(external_id: str, hours: int) -> None:
        write(desk, external_id, NOW + hours * HOUR, address="lia")

    lia("lia-1", 0)
    (conversation,) = services.list_conversations(desk, SYSTEM)
    services.assign(desk, team.ana, conversation.id, now=NOW)
    concluded = services.conclude(desk, team.ana, conversation.id, sale.id, "10.00", now=NOW + HOUR)
    services.edit_classification(desk, team.ana, concluded.id, sale.id, "12.50", now=NOW + 2 * HOUR)
    lia("lia-2", 3)
    services.conclude(desk, team.marta, conversation.id, doubt.id, now=NOW + 4 * HOUR)
    rui = write(desk, "rui-1", NOW + 5 * HOUR, address="rui")
    services.assign(desk, team.marta, rui.conversation_id, team.ana.user_id, now=NOW + 6 * HOUR)
    write(desk, "joao-1", NOW + 7 * HOUR, address="joao")


def test_a_sound_desk_has_no_faults(desk: Desk, story: None) -> None:
    assert desk.read(faults) == []


def test_an_empty_desk_has_no_faults(desk: Desk) -> None:
    assert desk.read(faults) == []


LIA = "WHERE conversation_id = (SELECT id FROM conversations WHERE folder = 'concluded')"
NOBODY = "'00000000-0000-7000-8000-0000000000ff'"
MESSAGE_AGAIN = (
    "INSERT INTO messages SELECT uuid(), number, conversation_id, channel, external_id, direction, sent_at, received_at,"
    " body, author FROM messages WHERE external_id = 'joao-1'"
)

DAMAGE = {
    "a command is lost": (
        "DELETE FROM history WHERE action = 'create_reason' AND number = (SELECT min(number) FROM reasons)",
        "numbers, numbered",
    ),
    "a command came of nowhere": (
        "INSERT INTO history SELECT max(number) + 2, max(occurred_at), min(user_id), 'set_archive_preference', NULL FROM history",
        "numbers",
    ),
    "a row of no command": ("UPDATE users SET number = 999 WHERE email = 'nadia@example.com'", "numbered"),
    "a conversation of nobody": (
        f"UPDATE conversations SET contact_id = {NOBODY} WHERE folder = 'new'",
        "references",
    ),
    "a message of no conversation": (
        f"UPDATE messages SET conversation_id = {NOBODY} WHERE external_id = 'lia-1'",
        "references",
    ),
    "a message is lost": (
        f"DELETE FROM messages {LIA} AND external_id = 'lia-1'",
        "whole commands",
    ),
    "a conclusion is lost": (
        f"DELETE FROM conclusions {LIA} AND cycle = 2",
        "conclusions, folder, references, whole commands, seen by",
    ),
    "an edit is lost": ("DELETE FROM classifications WHERE version = 2", "whole commands"),
    "a classification of another command": (
        "UPDATE classifications SET number = (SELECT max(number) FROM history WHERE action = 'assign')"
        " WHERE version = 2",
        "whole commands, known commands, last change",
    ),
    "a conclusion of another conversation": (
        "UPDATE history SET subject_id = (SELECT id FROM conversations WHERE folder = 'new')"
        " WHERE number = (SELECT min(number) FROM conclusions)",
        "subjects",
    ),
    "a classification before its conclusion": (
        "UPDATE classifications SET number = (SELECT min(number) FROM conclusions)"
        " WHERE conclusion_id = (SELECT id FROM conclusions WHERE cycle = 2)",
        "R6",
    ),
    "two open conversations of one contact": (
        "UPDATE conversations SET contact_id = (SELECT contact_id FROM conversations WHERE folder = 'new')"
        " WHERE folder = 'in_progress'",
        "R13",
    ),
    "a gap between conclusions": (f"UPDATE conclusions SET cycle = 3 {LIA} AND cycle = 2", "R14 cycles"),
    "a gap between versions": ("UPDATE classifications SET version = 3 WHERE version = 2", "R14 versions"),
    "a reopening is lost": (
        "DELETE FROM reopenings",
        "R14 reopenings",
    ),
    "a reopening in another conversation": (
        "UPDATE reopenings SET conversation_id = (SELECT id FROM conversations WHERE folder = 'new')",
        "R14 reopenings",
    ),
    "a message twice": (
        "DROP INDEX messages_external_id;" + MESSAGE_AGAIN,
        "messages once, whole commands",
    ),
    "a message of another channel": ("UPDATE messages SET channel = 'sms' WHERE external_id = 'joao-1'", "channels"),
    "a conversation without messages": (
        "UPDATE messages SET conversation_id = (SELECT id FROM conversations WHERE folder = 'in_progress')"
        " WHERE external_id = 'joao-1'",
        "begun, last change, last messages",
    ),
    "a conclusion counted twice": ("UPDATE conversations SET conclusions = 1 WHERE folder = 'new'", "conclusions"),
    "the wrong conclusion is the last one": (
        f"UPDATE conversations SET conclusion_id = (SELECT id FROM conclusions {LIA} AND cycle = 1) WHERE folder = 'concluded'",
        "conclusions, folder",
    ),
    "concluded by another command": (
        "UPDATE conversations SET concluded_number = 1 WHERE folder = 'concluded'",
        "conclusions",
    ),
    "concluded without a conclusion": (
        "UPDATE conversations SET folder = 'concluded', waiting_since = NULL WHERE folder = 'in_progress'",
        "folder",
    ),
    "since another time": (
        "UPDATE conversations SET since = opened_at + INTERVAL 1 MINUTE WHERE folder = 'new'",
        "folder",
    ),
    "with somebody it was not handed to": (
        "UPDATE conversations SET assigned_to = (SELECT id FROM users WHERE name = 'Bruno'),"
        " seen_by = (SELECT id::VARCHAR FROM users WHERE name = 'Bruno') WHERE folder = 'in_progress'",
        "assigned",
    ),
    "new again, though somebody has it": (
        "UPDATE conversations SET folder = 'new' WHERE folder = 'in_progress'",
        "assigned",
    ),
    "in progress with nobody": ("UPDATE conversations SET folder = 'in_progress' WHERE folder = 'new'", "assigned"),
    "the last message is another": (
        "UPDATE conversations SET last_message_id = (SELECT id FROM messages WHERE external_id = 'lia-1')"
        " WHERE folder = 'new'",
        "last messages",
    ),
    "waiting since another time": (
        "UPDATE conversations SET waiting_since = opened_at - INTERVAL 1 MINUTE WHERE folder = 'new'",
        "last messages",
    ),
    "waiting no more": ("UPDATE conversations SET waiting_since = NULL WHERE folder = 'new'", "last messages"),
    "waiting though concluded": (
        "UPDATE conversations SET waiting_since = since WHERE folder = 'concluded'",
        "last messages",
    ),
    "seen by too few": (
        "UPDATE conversations SET seen_by = assigned_to::VARCHAR || left(seen_by, 0) WHERE folder = 'concluded'",
        "seen by",
    ),
    "seen by too many": (
        f"UPDATE conversations SET seen_by = {NOBODY} WHERE folder = 'new'",
        "seen by",
    ),
    "an old number": ("UPDATE conversations SET number = 1 WHERE folder = 'new'", "last change"),
    "concluded before it was opened": (
        f"UPDATE conclusions SET concluded_at = concluded_at - INTERVAL 1 DAY {LIA} AND cycle = 1",
        "times",
    ),
    "reopened before it was concluded": (
        "UPDATE reopenings SET reopened_at = reopened_at - INTERVAL 1 DAY",
        "times",
    ),
    "classified before it was concluded": (
        "UPDATE classifications SET classified_at = classified_at - INTERVAL 1 DAY",
        "times",
    ),
    "edited before it was classified": (
        "UPDATE classifications SET classified_at = classified_at - INTERVAL 1 HOUR WHERE version = 2;"
        "UPDATE classifications SET classified_at = classified_at + INTERVAL 1 MINUTE WHERE version = 1",
        "times",
    ),
    "assigned before it was opened": (
        "UPDATE assignments SET assigned_at = assigned_at - INTERVAL 1 DAY",
        "times",
    ),
    "less than nothing": ("UPDATE classifications SET value = -1 WHERE version = 2", "money"),
    "money of no currency": ("UPDATE classifications SET currency = NULL WHERE version = 2", "money"),
    "a reason changed behind history's back": (
        "UPDATE reasons SET description = 'Sale' WHERE description = 'Venda'",
        "reasons",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "names"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_seen_for_what_it_is(desk: Desk, story: None, statements: str, names: str) -> None:
    for statement in statements.split(";"):
        desk.transact(lambda tx, statement=statement: tx.run(statement))  # type: ignore[misc]
    found = desk.read(faults)
    assert {fault.partition(":")[0] for fault in found} == set(names.split(", "))
    for said in ("lia", "Ana", "Venda", "Olá"):
        assert said not in " ".join(found), "a fault says ids only"


def test_no_check_is_without_damage_that_it_alone_sees() -> None:
    alone = {names for _, names in DAMAGE.values() if ", " not in names}
    together = {name for _, names in DAMAGE.values() for name in names.split(", ")}
    assert {check.name for check in CHECKS} == together
    assert {check.name for check in CHECKS} - alone == {"known commands", "messages once", "begun"}
