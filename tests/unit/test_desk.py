"""The desk's file: made once, owned by one process, durable, exact, all or nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from core import services
from core.desk import Desk, Tx, conversations, messages
from core.desk.store import DESK_FILE, LOCK_FILE
from core.errors import Invalid, Unavailable
from core.model import (
    SYSTEM,
    SYSTEM_USER_ID,
    ArchivePreference,
    Category,
    Direction,
    Listing,
    Outcome,
    Reason,
    ValueMode,
)
from core.rules import Incoming
from tests.conftest import NOW, Team, write

ROOT = Path(__file__).parents[2]


def reopened(desk: Desk) -> Desk:
    desk.close()
    return Desk.open(desk.folder, NOW, "tests")


# Opening ------------------------------------------------------------------------------------------


def test_migrations_are_applied_once(desk: Desk) -> None:
    def migrations(of: Desk) -> list[tuple[object, ...]]:
        return of.read(lambda tx: tx.rows("SELECT name, applied_at FROM migrations ORDER BY name"))

    files = sorted(p.name for p in (ROOT / "core/desk/migrations").glob("*.sql"))
    first = migrations(desk)
    assert first == [(name, NOW) for name in files]
    again = Desk.open(reopened_folder(desk), datetime(2027, 1, 1, tzinfo=UTC))
    assert migrations(again) == first
    again.close()


def reopened_folder(desk: Desk) -> Path:
    desk.close()
    return desk.folder


def test_a_failing_migration_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "package" / "migrations"
    folder.mkdir(parents=True)
    for file in (ROOT / "core/desk/migrations").glob("*.sql"):
        shutil.copy(file, folder)
    (folder / "9000_bad.sql").write_text("CREATE TABLE half (a INTEGER); INSERT INTO nowhere VALUES (1);")
    data = reopened_folder(desk)
    with monkeypatch.context() as patched:
        patched.setattr("core.desk.opening.resources.files", lambda _: folder.parent)
        with pytest.raises(Unavailable, match=r"\(9000_bad.sql\): .*nowhere"):
            Desk.open(data, NOW)
    again = Desk.open(data, NOW)  # the lock was given back, and the file is as it was
    assert (
        again.read(lambda tx: tx.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'")) == 0
    )
    again.close()


def test_a_file_of_a_newer_version_is_refused_and_untouched(desk: Desk) -> None:
    write(desk, "m1")
    desk.transact(lambda tx: tx.run("INSERT INTO migrations VALUES ('9999_from_the_future.sql', ?)", NOW))
    folder = reopened_folder(desk)
    for _ in range(2):  # and the lock is given back each time
        with pytest.raises(Unavailable, match=r"newer version of Desfecho \(9999_from_the_future.sql\)"):
            Desk.open(folder, NOW)
    with duckdb.connect(str(folder / DESK_FILE)) as left:
        assert left.execute("SELECT count(*) FROM messages").fetchall() == [(1,)]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable, match="cannot be written"):
        Desk.open(tmp_path / "file" / "data", NOW)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    with pytest.raises(Unavailable, match="cannot be written"):
        Desk.open(tmp_path / "data", NOW)


def test_a_file_that_is_no_desk(tmp_path: Path) -> None:
    (tmp_path / DESK_FILE).write_bytes(b"this is not a database " * 1000)
    for _ in range(2):
        with pytest.raises(Unavailable, match="is damaged: it is no DuckDB file"):
            Desk.open(tmp_path, NOW)
    assert (tmp_path / DESK_FILE).read_bytes().startswith(b"this is not")


# Another process ----------------------------------------------------------------------------------


def run_child(code: str, *args: object) -> "subprocess.Popen[str]":
    prelude = """
import sys
from pathlib import Path
from core import services
from core.desk import Desk
from core.model import ArchivePreference, Outcome, SYSTEM, Caller
from tests.conftest import *
"""
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, *map(str, args)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_is_told_who_has_the_desk_and_loses_nothing(desk: Desk) -> None:
    write(desk, "m1")
    child = run_child(
        """
try:
    Desk.open(Path(sys.argv[1]), NOW, "second")
except Exception as error:
    print(type(error).__name__, error)
""",
        desk.folder,
    )
    said, _ = child.communicate(timeout=60)
    assert said.startswith("Unavailable The data folder ")
    assert f"(process {os.getpid()}, tests)" in said
    write(desk, "m2")
    again = reopened(desk)
    assert again.read(lambda tx: tx.value("SELECT count(*) FROM messages")) == 2
    again.close()
    assert (desk.folder / LOCK_FILE).exists()


def test_a_desk_closed_is_free_for_the_next(desk: Desk) -> None:
    folder = reopened_folder(desk)
    child = run_child('Desk.open(Path(sys.argv[1]), NOW).close(); print("had it")', folder)
    assert child.communicate(timeout=60)[0] == "had it\n"


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    child = run_child(
        """
desk = Desk.open(Path(sys.argv[1]), NOW)
ana = Caller(add_user(desk, "Ana", Role.AGENT).id)
sale = services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.REQUIRED, now=NOW)
opened = write(desk, "m1").conversation_id
concluded = services.conclude(desk, ana, opened, sale.id, "10.50", now=NOW)
print(opened, concluded.id, flush=True)
time.sleep(60)
""".replace("time.sleep", "__import__('time').sleep"),
        tmp_path / "data",
    )
    assert child.stdout
    opened, conclusion_id = child.stdout.readline().split()
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=30)
    desk = Desk.open(tmp_path / "data", NOW)
    (kept,) = desk.read(lambda tx: tx.rows("SELECT id, conversation_id FROM conclusions"))
    assert [str(key) for key in kept] == [conclusion_id, opened]
    (concluded,) = services.conversation(desk, SYSTEM, kept[1]).conclusions
    assert concluded.classification and concluded.classification.value == Decimal("10.50")
    desk.close()


def test_what_was_under_way_leaves_nothing_after_a_kill(tmp_path: Path) -> None:
    child = run_child(
        """
desk = Desk.open(Path(sys.argv[1]), NOW)
write(desk, "m1")
def work(tx):
    write(tx, "m2", address="another")
    services.conclude(tx, SYSTEM, write(tx, "m3").conversation_id, now=NOW)
    print("half way", flush=True)
    __import__("time").sleep(60)
desk.transact(work)
""",
        tmp_path / "data",
    )
    assert child.stdout
    assert child.stdout.readline() == "half way\n"
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=30)
    desk = Desk.open(tmp_path / "data", NOW)
    assert desk.read(lambda tx: tx.rows("SELECT external_id FROM messages")) == [("m1",)]
    assert desk.read(lambda tx: tx.value("SELECT count(*) FROM conclusions")) == 0
    assert desk.number == 1
    desk.close()


def test_after_a_kill_the_indexes_know_what_the_tables_hold(tmp_path: Path) -> None:
    """DuckDB 1.5.5 loses what it replayed into an index that nothing looked up before the next checkpoint."""
    desk = Desk.open(tmp_path / "data", NOW)
    write(desk, "before")
    desk.close()
    child = run_child(
        """
desk = Desk.open(Path(sys.argv[1]), NOW)
for n in range(9):
    write(desk, f"after {n}", address=f"55119{n}")
print("written", flush=True)
__import__("time").sleep(60)
""",
        tmp_path / "data",
    )
    assert child.stdout
    assert child.stdout.readline() == "written\n"
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=30)
    Desk.open(tmp_path / "data", NOW).close()  # somebody starts it and looks up nothing
    desk = Desk.open(tmp_path / "data", NOW)
    held = desk.read(lambda tx: tx.rows("SELECT conversation_id, contact_id FROM messages JOIN conversations AS c"
                                        " ON c.id = conversation_id"))  # fmt: skip
    assert len(held) == 10
    for conversation, contact in held:
        by_index = "SELECT count(*) FROM messages WHERE conversation_id = ?"
        assert desk.read(lambda tx: tx.value(by_index, conversation)) == 1  # noqa: B023
        by_index = "SELECT count(*) FROM conversations WHERE contact_id = ?"
        assert desk.read(lambda tx: tx.value(by_index, contact)) == 1  # noqa: B023
    assert write(desk, "after 3", address="551193").outcome is Outcome.DUPLICATE
    desk.close()


# Transactions -------------------------------------------------------------------------------------


def everything(desk: Desk) -> dict[str, int]:
    def work(tx: Tx) -> dict[str, int]:
        tables = tx.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal")
        return {name: tx.value(f"SELECT count(*) FROM {name}") for (name,) in tables}

    return desk.read(work)


def test_a_failure_after_writes_rolls_everything_back(desk: Desk, team: Team, sale: Reason) -> None:
    """R6, and more: several commands joined in one transaction."""
    before, number = everything(desk), desk.number

    def work(tx: Tx) -> None:
        opened = write(tx, "m1").conversation_id  # type: ignore[arg-type]
        services.conclude(tx, team.ana, opened, sale.id, "1", now=NOW)
        raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        desk.transact(work)
    assert everything(desk) == before
    assert desk.number == number
    write(desk, "m1")
    assert desk.number == number + 1


def test_a_conclusion_whose_classification_fails_is_none(
    desk: Desk, team: Team, sale: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: either both or neither."""
    opened = write(desk, "m1").conversation_id
    before = everything(desk)

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("core.desk.conversations.add_classification", full_disk)
    with pytest.raises(OSError, match="No space"):
        services.conclude(desk, team.ana, opened, sale.id, "1", now=NOW)
    assert everything(desk) == before
    assert services.conversation(desk, team.ana, opened).conversation.is_open


def test_a_message_skipped_leaves_no_trace_in_the_delivery_it_came_in(desk: Desk, team: Team) -> None:
    """What a command raises it has not half done, so others may share its transaction."""

    def delivery(tx: Tx) -> None:
        write(tx, "m1")  # type: ignore[arg-type]
        for bad in ({"body": " "}, {"address": ""}, {"address": "a\0b"}):
            with pytest.raises(Invalid):
                write(tx, "bad", **bad)  # type: ignore[arg-type]
        nobody = Incoming("whatsapp", (), "x", "bad", NOW, "x")
        with pytest.raises(Invalid):
            services.receive_message(tx, SYSTEM, nobody, now=NOW)
        write(tx, "m2")  # type: ignore[arg-type]

    number = desk.number
    desk.transact(delivery)
    assert desk.number == number + 2
    assert desk.read(lambda tx: tx.value("SELECT max(number) FROM history")) == number + 2


def test_a_conflict_of_the_database_is_tried_again(desk: Desk) -> None:
    tried = []

    def work(tx: Tx) -> str:
        tried.append(tx.number)
        tx.record(SYSTEM_USER_ID, "test", NOW)
        if len(tried) < 3:
            raise duckdb.TransactionException("conflict")
        return "done"

    number = desk.number
    assert desk.transact(work) == "done"
    assert tried == [number] * 3
    assert desk.number == number + 1


# What goes in comes out -----------------------------------------------------------------------------


def test_times_and_money_come_back_exactly(desk: Desk, team: Team, sale: Reason) -> None:
    at = datetime(2026, 3, 2, 13, 0, 0, 123457, tzinfo=UTC)
    value = "9007199254740.93"
    opened = write(desk, "m1", at, now=at).conversation_id
    services.conclude(desk, team.ana, opened, sale.id, value, now=at)
    again = reopened(desk)
    told = services.conversation(again, team.ana, opened)
    assert told.messages[0].sent_at == told.conclusions[0].concluded_at == told.conversation.opened_at == at
    assert told.messages[0].sent_at.utcoffset() is not None
    assert told.conclusions[0].classification
    assert told.conclusions[0].classification.value == Decimal(value)
    again.close()


# fmt: off
BODIES = {
    "SQL":              ("'; DROP TABLE messages; --",     None),
    "placeholders":     ("? $1 :name {x} %s \\",           None),
    "right to left":    ("\u202eמחיר גבוה\u202c مرحبا",     None),
    "emoji":            ("👩🏽‍💻🇧🇷 ok\u200d",              None),
    "lines":            ("  one\r\n\ttwo\x1b[31m\x7f ",     None),
    "not normalized":   ("e\u0301 é ﬁ",                    None),
    "NUL":              ("a\0b\0",                         "a\ufffdb\ufffd"),
    "lone surrogate":   ("a\ud800b",                       "a?b"),
    "100 kB":           ("olá\n" * 25_000,                  None),
}
# fmt: on


@pytest.mark.parametrize("body", BODIES)
def test_a_body_comes_back_as_it_was(desk: Desk, body: str) -> None:
    text, expected = BODIES[body]
    opened = write(desk, "m1", body=text).conversation_id
    (message,) = services.conversation(desk, SYSTEM, opened).messages
    assert message.body == (expected or text)


@pytest.mark.parametrize("text", ["x'); DROP TABLE users; --", "\u202eabc", "👍🏽", "%_", "Ü" * 100])
def test_hostile_text_everywhere_else(desk: Desk, team: Team, text: str) -> None:
    message = Incoming("webchat", (text,), text, text, NOW, text)
    opened = services.receive_message(desk, SYSTEM, message, now=NOW).conversation_id
    told = services.conversation(desk, SYSTEM, opened)
    assert (told.contact.name, told.contact.address) == (text, text)
    (found,) = services.list_conversations(desk, team.ana, Listing(q=text))
    assert found.id == opened
    assert services.receive_message(desk, SYSTEM, message, now=NOW).outcome == "duplicate"
    made = services.create_reason(desk, SYSTEM, text, Category.OTHER, ValueMode.NONE, now=NOW)
    assert made in services.list_reasons(desk, team.ana)
    assert services.list_conversations(desk, team.ana, Listing(q="nobody wrote this")) == []


def test_readers_do_not_wait_for_a_writer(desk: Desk) -> None:
    write(desk, "m1")
    seen = []

    def work(tx: Tx) -> None:
        write(tx, "m2", address="another")  # type: ignore[arg-type]
        began = time.monotonic()
        seen.append(len(services.list_conversations(desk, SYSTEM)))  # another transaction: the state before
        assert time.monotonic() - began < 5

    desk.transact(work)
    seen.append(len(services.list_conversations(desk, SYSTEM)))
    assert seen == [1, 2]


def test_a_transaction_inside_another_says_so_at_once(desk: Desk) -> None:
    with pytest.raises(RuntimeError, match="under way"):
        desk.transact(lambda _: desk.transact(lambda tx: tx.value("SELECT 1")))
    assert desk.transact(lambda tx: tx.value("SELECT 1")) == 1


def test_of_two_concluded_at_one_moment_the_later_command_counts(desk: Desk, team: Team) -> None:
    """And an edit of the earlier one's classification does not change which."""
    question = services.create_reason(desk, SYSTEM, "Dúvida", Category.QUESTION, ValueMode.NONE, now=NOW)
    services.set_archive_preference(desk, team.ana, ArchivePreference.IMMEDIATELY, now=NOW)
    first = write(desk, "m1").conversation_id
    concluded = services.conclude(desk, team.ana, first, now=NOW)
    second = write(desk, "m2").conversation_id
    services.set_archive_preference(desk, team.ana, ArchivePreference.AFTER_12H, now=NOW)
    services.conclude(desk, team.ana, second, now=NOW)
    services.edit_classification(desk, team.ana, concluded.id, question.id, now=NOW)
    assert write(desk, "m3").conversation_id == second


WAITING = "SELECT id, last_outbound_at, waiting_since, seen_by FROM conversations ORDER BY id"


def test_the_migration_finds_who_waits_as_the_messages_did(desk: Desk, team: Team) -> None:
    """Answered, unanswered, answered late, concluded, reopened by a message, reopened by hand."""
    minute = timedelta(minutes=1)
    write(desk, "a1", NOW, address="answered")
    write(desk, "a2", NOW + minute, address="answered", direction=Direction.OUT)
    write(desk, "b1", NOW, address="unanswered")
    write(desk, "b2", NOW + minute, address="unanswered")
    for n in range(3):
        write(desk, f"c{n}", NOW + n * minute, address="late")
    write(desk, "c3", NOW + minute, address="late", direction=Direction.OUT)  # answers the first two
    for name in ("concluded", "came back", "by hand"):
        opened = write(desk, f"{name} 1", NOW, address=name).conversation_id
        services.conclude(desk, team.ana, opened, now=NOW + minute)
    services.reopen(desk, team.ana, opened, now=NOW + 2 * minute)
    write(desk, "came back 2", NOW + 3 * minute, address="came back")
    by_name = desk.read(
        lambda tx: dict(
            tx.rows("SELECT k.address, c.waiting_since FROM conversations AS c JOIN contacts AS k ON k.id = c.contact_id")
        )
    )  # fmt: skip
    assert by_name == {
        "answered": None, "unanswered": NOW, "late": NOW + 2 * minute, "concluded": None,
        "came back": NOW + 3 * minute, "by hand": None,
    }  # fmt: skip

    def migrate_again(tx: Tx) -> None:
        tx.run("UPDATE conversations SET waiting_since = NULL, last_outbound_at = NULL, seen_by = NULL")
        text = (ROOT / "core/desk/migrations/0002_quick_lists.sql").read_text()
        for statement in text[text.index("UPDATE") :].split(";")[:4]:
            tx.run(statement)

    before = desk.read(lambda tx: tx.rows(WAITING))
    desk.transact(migrate_again)
    assert desk.read(lambda tx: tx.rows(WAITING)) == before
    desk.transact(
        lambda tx: tx.run("UPDATE conversations SET waiting_since = NULL, seen_by = NULL, number = 77")
    )

    def as_the_import_does(tx: Tx) -> None:
        tx.number = 77
        messages.find_who_waits(tx)
        conversations.find_who_sees(tx)

    desk.transact(as_the_import_does)
    assert desk.read(lambda tx: tx.rows(WAITING)) == before
