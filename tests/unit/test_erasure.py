"""A person's data: all of it told, and erased so that nothing but counts and outcomes is left."""

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import services
from core.desk import Desk, backup, contacts, idempotency
from core.desk.store import DESK_FILE
from core.errors import Invalid, NotFound, OpenConversationExists
from core.facts import Facts
from core.importing import ImportReport, import_log, rejects
from core.model import SYSTEM, SYSTEM_USER_ID, Direction, Listing, Outcome, Reason
from core.rules import Incoming
from tests.conftest import NOW, Team, answer, write
from tests.server import ROOT

PHONE = "5511988887777"
WRITTEN = "+55 (11) 98888-7777"
VIEWS = ("conclusions", "classifications", "reopenings", "daily_outcomes")


def rows(desk: Desk, sql: str, *params: object) -> list[tuple[Any, ...]]:
    return desk.read(lambda tx: tx.rows(sql, *params))


def everything(desk: Desk) -> str:
    """All that the desk says, but for its own history."""
    tables = rows(desk, "SELECT table_name FROM duckdb_tables() WHERE NOT internal")
    return "\n".join(str(rows(desk, f"FROM {table}")) for (table,) in tables)


def everything_of(facts: Facts) -> list[list[tuple[Any, ...]]]:
    return [answer(facts, f"FROM analytics.{view} ORDER BY ALL") for view in VIEWS]


@pytest.fixture
def story(desk: Desk, team: Team, sale: Reason) -> Desk:
    """João wrote, was answered, was concluded twice; somebody else wrote too, and is waiting."""
    first = write(desk, f"wamid.{PHONE}", body="meu CPF é 123").conversation_id
    services.assign(desk, team.ana, first, now=NOW)
    write(desk, f"wamid.out.{PHONE}", body="Bom dia, João", direction=Direction.OUT)
    services.conclude(desk, team.ana, first, sale.id, "10", now=NOW)
    write(desk, "wamid.2", NOW + timedelta(hours=1), body="ainda sou eu")
    services.conclude(desk, team.ana, first, sale.id, "20", now=NOW + timedelta(hours=2))
    write(desk, "wamid.other", address="5521977776666", body="outra pessoa")
    return desk


def erase(desk: Desk, address: str = WRITTEN, channel: str | None = None) -> services.Held:
    held = services.erase_contact(desk, SYSTEM, address, channel, now=NOW + timedelta(days=1))
    contacts.note_down(desk, desk.folder, NOW + timedelta(days=1))
    return held


# Erasing ------------------------------------------------------------------------------------------


def test_name_addresses_and_texts_are_gone_and_what_was_counted_stays(story: Desk, tmp_path: Path) -> None:
    facts = Facts.open(story.folder)
    facts.catch_up(story)
    before = everything_of(facts)
    actions = rows(story, "SELECT action FROM history ORDER BY number")
    assert "João" in everything(story)

    held = erase(story)

    assert (held.conversations, held.messages) == (1, 3)
    left = everything(story)
    for secret in (PHONE, "98888", "CPF", "Bom dia", "ainda sou eu", "wamid.2"):
        assert secret not in left, secret
    assert rows(story, "SELECT name FROM contacts WHERE id = ?", held.contact_id) == [(None,)]
    assert "outra pessoa" in left and "5521977776666" in left
    facts.catch_up(story)
    assert everything_of(facts) == before
    facts.rebuild(story)
    assert everything_of(facts) == before
    facts.close()
    [row] = [r for r in services.list_conversations(story, SYSTEM) if r.contact.id == held.contact_id]
    assert row.contact.erased_at and (row.contact.name, row.contact.address, row.last_message) == (
        None,
        "",
        "",
    )
    assert rows(story, "SELECT action FROM history ORDER BY number") == [*actions, ("erase_contact",)]
    assert rows(story, "SELECT contact_id, erased_by FROM erasures") == [(held.contact_id, SYSTEM_USER_ID)]


@pytest.mark.parametrize("q", ["João", "98888-7777", "CPF", "ainda", "erased"])
def test_a_search_finds_nothing_of_it(story: Desk, q: str) -> None:
    erase(story)
    write(story, "n1", address="5521977776666", body="x")
    found = services.list_conversations(story, SYSTEM, Listing(q=q))
    assert all(row.contact.erased_at is None for row in found)


def test_a_second_time_there_is_nothing_to_erase(story: Desk) -> None:
    held = erase(story)
    number, left = story.number, everything(story)
    with pytest.raises(NotFound):
        erase(story)
    with pytest.raises(NotFound):
        erase(story, str(held.contact_id))
    assert (story.number, everything(story)) == (number, left)


def test_a_message_delivered_again_is_still_a_duplicate(story: Desk) -> None:
    [(conversation_id,)] = rows(story, "SELECT conversation_id FROM messages WHERE external_id = 'wamid.2'")
    erase(story)
    again = write(story, "wamid.2", NOW + timedelta(hours=1), body="ainda sou eu")
    assert (again.outcome, again.conversation_id) == (Outcome.DUPLICATE, conversation_id)
    assert "ainda" not in everything(story)
    other = services.receive_message(
        story, SYSTEM, Incoming("webchat", ("x",), None, "wamid.2", NOW, "another channel"), now=NOW
    )
    assert other.outcome is Outcome.OPENED


def test_who_writes_again_is_somebody_new(story: Desk) -> None:
    held = erase(story)
    came = write(story, "wamid.3", NOW + timedelta(hours=3))
    assert came.outcome is Outcome.OPENED
    detail = services.conversation(story, SYSTEM, came.conversation_id)
    assert detail.contact.id != held.contact_id and detail.contact.name == "João"


def test_while_something_is_open_it_is_refused_and_says_what(story: Desk) -> None:
    opened = write(story, "wamid.3", NOW + timedelta(days=3)).conversation_id
    number = story.number
    with pytest.raises(OpenConversationExists, match=str(opened)):
        erase(story)
    assert story.number == number
    services.conclude(story, SYSTEM, opened, now=NOW + timedelta(days=4))
    erase(story)


def test_two_that_turned_out_to_be_one_are_erased_as_one(desk: Desk) -> None:
    def say(external_id: str, *addresses: str, name: str | None = None) -> None:
        message = Incoming("whatsapp", addresses, name, external_id, NOW, f"texto {external_id}")
        opened = services.receive_message(desk, SYSTEM, message, now=NOW).conversation_id
        if services.conversation(desk, SYSTEM, opened).conversation.is_open:
            services.conclude(desk, SYSTEM, opened, now=NOW)

    say("a", "551", name="Maria")
    say("b", "BR.2", name="Mariazinha")
    say("c", "551", "BR.2")
    assert len(rows(desk, "FROM contact_merges")) == 1
    told = services.export_contact(desk, SYSTEM, "BR.2", now=NOW)
    assert set(told["names"]) == {"Maria", "Mariazinha"}
    assert {one["address"] for one in told["addresses"]} == {"551", "BR.2"}
    erase(desk, "BR.2")
    left = everything(desk)
    assert not [word for word in ("Maria", "BR.2", "'551'", "texto") if word in left]
    assert len(rows(desk, "SELECT * FROM erasures")) == 2


def test_answers_kept_for_a_repeated_request_go_too(story: Desk, team: Team) -> None:
    [(conversation_id,)] = rows(story, "SELECT conversation_id FROM messages WHERE external_id = 'wamid.2'")
    other = rows(story, "SELECT conversation_id FROM messages WHERE external_id = 'wamid.other'")[0][0]

    def keep(key: str, route: str, body: str) -> None:
        story.transact(
            lambda tx: idempotency.keep(tx, team.clara.user_id, route, key, "hash", 200, body, NOW)
        )

    keep(f"my-{PHONE}", "POST /api/v1/messages", json.dumps({"conversation_id": str(conversation_id)}))
    keep("k2", f"POST /api/v1/conversations/{conversation_id}/reopen", "{}")
    keep("k3", "POST /api/v1/messages", json.dumps({"conversation_id": str(other)}))
    erase(story)
    assert rows(story, "SELECT key FROM idempotency_keys") == [("k3",)]


def test_answers_of_more_than_seven_days_ago_are_deleted(desk: Desk, team: Team) -> None:
    for key, age in (("old", 8), ("new", 6)):
        story = NOW - timedelta(days=age)
        desk.transact(
            lambda tx, key=key, at=story: idempotency.keep(
                tx, team.clara.user_id, "r", key, "h", 200, "{}", at
            )
        )
    assert services.forget_old_answers(desk, SYSTEM, now=NOW) == 1
    assert rows(desk, "SELECT key FROM idempotency_keys") == [("new",)]


# Who is meant -------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [PHONE, WRITTEN, "55 11 98888.7777", "  +5511988887777 "])
def test_a_phone_is_found_however_it_is_written(story: Desk, written: str) -> None:
    assert services.contact_to_erase(story, SYSTEM, written).addresses == (("whatsapp", PHONE),)


def test_the_same_address_on_two_channels_must_be_told_apart(story: Desk) -> None:
    message = Incoming("webchat", (WRITTEN,), "Zé", "w1", NOW, "oi")
    opened = services.receive_message(story, SYSTEM, message, now=NOW).conversation_id
    services.conclude(story, SYSTEM, opened, now=NOW)
    with pytest.raises(Invalid, match="webchat") as refused:
        erase(story, PHONE)
    assert "whatsapp" in str(refused.value) and refused.value.field == "channel"
    erase(story, PHONE, "webchat")
    assert "'João'" in everything(story) and "'Zé'" not in everything(story)
    with pytest.raises(NotFound):
        erase(story, PHONE, "webchat")
    erase(story, PHONE)


@pytest.mark.parametrize("unknown", ["5511000000000", "", "019caea2-5480-7ca0-9e63-358919b5ea4c", "*", "%"])
def test_nobody_has_it(story: Desk, unknown: str) -> None:
    with pytest.raises(NotFound):
        services.export_contact(story, SYSTEM, unknown, now=NOW)


# Access -------------------------------------------------------------------------------------------


def test_everything_is_told(story: Desk, team: Team) -> None:
    told = services.export_contact(story, team.clara, WRITTEN, now=NOW)
    assert told["names"] == ["João"] and told["addresses"] == [{"channel": "whatsapp", "address": PHONE}]
    [one] = told["conversations"]
    assert [(m["direction"], m["text"], m["external_id"]) for m in one["messages"]] == [
        ("in", "meu CPF é 123", f"wamid.{PHONE}"),
        ("out", "Bom dia, João", f"wamid.out.{PHONE}"),
        ("in", "ainda sou eu", "wamid.2"),
    ]
    assert [c["concluded_by"] for c in one["conclusions"]] == ["Ana", "Ana"]
    assert [str(v["value"]) for c in one["conclusions"] for v in c["classifications"]] == ["10.00", "20.00"]
    assert [r["cause"] for r in one["reopenings"]] == ["message"]
    assert [a["assigned_to"] for a in one["assignments"]] == ["Ana"]
    assert "outra pessoa" not in str(told)
    assert rows(story, "SELECT action, user_id FROM history ORDER BY number DESC LIMIT 1") == [
        ("export_contact", team.clara.user_id)
    ]


# Imports ------------------------------------------------------------------------------------------

FILE = """conversation,event,occurred_at,contact,contact_name,channel,agent,direction,body,reason,category
5511988887777,opened,2026-03-01T10:00:00Z,+55 11 98888-7777,João,whatsapp,,,,,
5511988887777,message,2026-03-01T10:00:00Z,,,,,in,segredo do João,,
5511988887777,concluded,2026-03-01T10:30:00Z,,,,Rita,,,Venda,achieved
c2,opened,2026-03-01T10:00:00Z,5521977776666,Bia,whatsapp,,,,,
c2,message,2026-03-01T10:00:00Z,,,,,in,segredo da Bia,,
"""
BAD = "5511988887777,message,never,+55 11 98888-7777,João,whatsapp,,in,mais um segredo,,\n"
BAD_2 = "c2,message,never,,,,,in,outro da Bia,,\n"
LATER = "5511988887777,reopened,2026-03-02T09:00:00Z,+55 11 98888-7777,João,whatsapp,,,,,\n"
LATER_TEXT = "5511988887777,message,2026-03-02T09:01:00Z,,,,,in,voltei,,\n"


def take(desk: Desk, tmp_path: Path, text: str, minute: int = 0) -> ImportReport:
    file = tmp_path / "log.csv"
    file.write_text(text)
    mapping = "SELECT *, row_number() OVER () + 1 AS line FROM source"
    now = NOW + timedelta(minutes=minute)
    return import_log(desk, file, mapping, "old", now=now, rejects_folder=desk.folder / rejects.FOLDER)


def rejected(report: ImportReport) -> Sequence[dict[str, str]]:
    assert report.rejects_file
    with report.rejects_file.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_file_again_adds_nothing_and_brings_nothing_back(desk: Desk, tmp_path: Path) -> None:
    first = take(desk, tmp_path, FILE)
    assert (first.added, first.conclusions) == (5, 1)
    erase(desk)
    left = everything(desk)
    assert PHONE not in left and "João" not in left and "segredo do" not in left

    again = take(desk, tmp_path, FILE, 1)

    assert (again.added, again.already_known, again.rejected) == (0, 5, 0)
    assert everything(desk) == left


def test_what_a_file_says_later_of_who_was_erased_is_rejected_without_saying_it_again(
    desk: Desk, tmp_path: Path
) -> None:
    take(desk, tmp_path, FILE)
    erase(desk)
    left = everything(desk)
    report = take(desk, tmp_path, FILE + BAD + LATER + LATER_TEXT, 1)
    assert (report.added, report.already_known, report.rejected) == (0, 5, 3)
    told = rejected(report)
    assert [row["line"] for row in told] == ["7", "8", "9"]
    assert "erased" in told[1]["rejected_because"] and "erased" in told[2]["rejected_because"]
    assert not any(row[name] for row in told for name in ("conversation", "contact", "contact_name", "body"))
    assert everything(desk) == left


def test_rejected_rows_of_who_is_erased_are_taken_out_of_their_files(desk: Desk, tmp_path: Path) -> None:
    report = take(desk, tmp_path, FILE + BAD + BAD_2)
    held = services.contact_to_erase(desk, SYSTEM, PHONE)
    rejects.forget(desk.folder / rejects.FOLDER, held.addresses, held.imported)
    assert [row["body"] for row in rejected(report)] == ["outro da Bia"]
    assert report.rejects_file and report.rejects_file.stat().st_mode & 0o777 == 0o600


def test_rejected_rows_of_a_conversation_whose_address_stands_on_another_row_go_too(
    desk: Desk, tmp_path: Path
) -> None:
    bad = "c2,opened,ontem,5511988887777,João,whatsapp,,,,,\nc2,message,ontem,,,,,in,outro segredo,,\n"
    report = take(desk, tmp_path, FILE + bad)
    held = services.contact_to_erase(desk, SYSTEM, PHONE)
    rejects.forget(desk.folder / rejects.FOLDER, held.addresses, held.imported)
    assert rejected(report) == []


def test_a_contact_known_by_a_conversation_alone_is_found_by_its_name(desk: Desk, tmp_path: Path) -> None:
    header = FILE.splitlines()[0]
    take(desk, tmp_path, f"{header}\natendimento-9,opened,2026-03-01T10:00:00Z,,Nina,,,,,,\n"
         "atendimento-9,concluded,2026-03-01T10:01:00Z,,,,Rita,,,,\n")  # fmt: skip
    assert services.export_contact(desk, SYSTEM, "atendimento-9", now=NOW)["names"] == ["Nina"]
    erase(desk, "atendimento-9")
    assert "Nina" not in everything(desk) and "atendimento-9" not in everything(desk)


# Retention ----------------------------------------------------------------------------------------


def test_whoever_was_quiet_for_long_is_erased_and_nobody_else(story: Desk) -> None:
    late = write(story, "late", NOW + timedelta(days=30), address="5531966665555", body="recente")
    services.conclude(story, SYSTEM, late.conversation_id, now=NOW + timedelta(days=31))
    before = NOW + timedelta(days=10)

    old = services.old_contacts(story, SYSTEM, before)
    assert services.erase_old_contacts(story, SYSTEM, before, old, now=NOW + timedelta(days=400)) == 1

    left = everything(story)
    assert PHONE not in left
    assert "recente" in left
    assert "outra pessoa" in left, "it is still open"
    assert services.old_contacts(story, SYSTEM, before) == []


def test_whoever_came_back_since_they_were_looked_for_is_not_erased(story: Desk) -> None:
    before = NOW + timedelta(days=10)
    old = services.old_contacts(story, SYSTEM, before)
    write(story, "back", NOW + timedelta(days=11))
    assert services.erase_old_contacts(story, SYSTEM, before, old, now=NOW + timedelta(days=11)) == 0
    assert "João" in everything(story)


# What is left in files ----------------------------------------------------------------------------

CANARY = "canario-incompressivel-7f3a9c"


def files_with(folder: Path, word: str) -> list[str]:
    """The files that hold the word, read by another process: the desk's own reading would release its lock."""
    found = subprocess.run(["grep", "-rlaF", word, str(folder)], capture_output=True, text=True)
    return sorted(Path(line).name for line in found.stdout.splitlines())


def test_after_the_next_start_no_file_holds_a_word_of_it(desk: Desk) -> None:
    texts = [f"mensagem {n}" for n in range(50)] + [CANARY]
    for n, body in enumerate(texts):
        opened = write(desk, f"{CANARY}-{n}", body=body, address=CANARY).conversation_id
    services.conclude(desk, SYSTEM, opened, now=NOW)
    desk.close()
    again = Desk.open(desk.folder, NOW)  # all of it is in the file now
    assert files_with(desk.folder, CANARY) == [DESK_FILE]
    erase(again, CANARY)
    again.close()
    assert files_with(desk.folder, CANARY) == [DESK_FILE], "if not, this test shows nothing"

    last = Desk.open(desk.folder, NOW)
    try:
        assert files_with(desk.folder, CANARY) == []
        assert write(last, f"{CANARY}-7", address=CANARY).outcome is Outcome.DUPLICATE
    finally:
        last.close()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from core import services
from core.desk import Desk, contacts
from core.model import SYSTEM
folder, now = Path(sys.argv[1]), datetime(2026, 3, 3, tzinfo=UTC)
desk = Desk.open(folder, now)
services.erase_contact(desk, SYSTEM, sys.argv[2], now=now)
if sys.argv[3] == "noted":
    contacts.note_down(desk, folder, now)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", ["noted", "not noted"])
def test_a_crash_right_after_it_changes_nothing_of_that(desk: Desk, when: str) -> None:
    opened = write(desk, CANARY, body=CANARY, address=CANARY).conversation_id
    services.conclude(desk, SYSTEM, opened, now=NOW)
    desk.close()
    Desk.open(desk.folder, NOW).close()
    command = [sys.executable, "-c", KILLED, str(desk.folder), CANARY, when]
    assert subprocess.run(command, cwd=ROOT).returncode == -signal.SIGKILL

    for _ in range(
        1 if when == "noted" else 2
    ):  # what was not noted is at the first start, and counts at the next
        again = Desk.open(desk.folder, NOW)
        contacts.erase_again(again, desk.folder, NOW)
        assert write(again, CANARY, body=CANARY, address=CANARY).outcome is Outcome.DUPLICATE
        again.close()
    assert files_with(desk.folder, CANARY) == []
    assert len(contacts.noted(desk.folder)) == 1


def shape(desk: Desk) -> list[list[tuple[Any, ...]]]:
    return [
        rows(desk, f"SELECT * EXCLUDE ({out}) FROM duckdb_{what}() WHERE NOT starts_with(database_name, 'system')"
             " AND database_name = current_database() ORDER BY ALL")
        for what, out in (
            ("indexes", "database_oid, schema_oid, index_oid, table_oid"),
            ("constraints", "database_oid, schema_oid, table_oid"),
            ("views", "database_oid, schema_oid, view_oid"),
            ("columns", "database_oid, schema_oid, table_oid"),
        )
    ]  # fmt: skip


def test_a_desk_written_anew_is_the_same_desk(story: Desk) -> None:
    erase(story)
    before, said, number = shape(story), everything(story), story.number
    story.close()
    again = Desk.open(story.folder, NOW)
    try:
        assert not (story.folder / "desk.rewrite").exists()
        assert everything(again) == said and again.number == number
        assert shape(again) == before and all(before)
        assert write(again, "wamid.other").outcome is Outcome.DUPLICATE
        with pytest.raises(Exception, match="Constraint"):
            again.transact(lambda tx: tx.run("INSERT INTO history SELECT * FROM history"))
    finally:
        again.close()


def test_a_failure_while_it_is_written_anew_leaves_the_old_one(
    story: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(story)
    said = everything(story)
    story.close()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.desk.rewrite.disk.sync", full)
    again = Desk.open(story.folder, NOW)
    assert everything(again) == said
    again.close()
    assert sorted(path.name for path in story.folder.glob("desk*")) == [
        DESK_FILE,
        "desk.lock",
        "desk.rewrite",
    ]
    monkeypatch.undo()
    Desk.open(story.folder, NOW).close()
    assert not (story.folder / "desk.rewrite").exists()


def test_a_backup_made_after_it_and_before_the_next_start_holds_nothing_of_it(
    desk: Desk, tmp_path: Path
) -> None:
    opened = write(desk, CANARY, body=CANARY, address=CANARY).conversation_id
    services.conclude(desk, SYSTEM, opened, now=NOW)
    desk.close()
    again = Desk.open(desk.folder, NOW)
    erase(again, CANARY)
    contacts.note_down(again, desk.folder, NOW)
    backup.back_up(again, tmp_path / "backup.duckdb", NOW)
    again.close()
    assert files_with(tmp_path / "backup.duckdb", CANARY) == []


# A backup from before -----------------------------------------------------------------------------


def test_a_backup_brings_nobody_back(story: Desk) -> None:
    story.close()
    old = (story.folder / DESK_FILE).read_bytes()  # nobody has it open
    again = Desk.open(story.folder, NOW)
    erase(again)
    again.close()
    (story.folder / DESK_FILE).write_bytes(old)
    restored = Desk.open(story.folder, NOW)
    try:
        assert PHONE in everything(restored)
        assert contacts.erase_again(restored, story.folder, NOW) == 1
        assert PHONE not in everything(restored) and "CPF" not in everything(restored)
        assert contacts.erase_again(restored, story.folder, NOW) == 0
    finally:
        restored.close()


def test_the_file_beside_the_desk_says_nothing_personal_and_bears_a_torn_line(story: Desk) -> None:
    held = erase(story)
    log = story.folder / contacts.LOG
    assert log.read_text().split() == [str(held.contact_id), "2026-03-03T13:00:00Z"]
    with log.open("a") as file:
        file.write("\n0199")
    assert contacts.noted(story.folder) == {held.contact_id}
    log.unlink()
    assert contacts.erase_again(story, story.folder, NOW) == 0
    assert contacts.noted(story.folder) == {held.contact_id}, "a crash before it was written is made up for"
