"""Backups: whole and read back, or not there. Restoring: the old desk or the new one, at any moment."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from core import services
from core.desk import Desk, blocks
from core.desk.backup import back_up, restore
from core.desk.check import faults
from core.desk.store import DESK_FILE
from core.errors import Unavailable
from core.facts import Facts
from core.model import SYSTEM, Reason
from tests.conftest import NOW, Team, answer, write
from tests.server import run, serving

ROOT = Path(__file__).parents[2]
LATER = NOW + timedelta(hours=1)


def rows(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(file), read_only=True) as desk:
        names = desk.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        return {name: desk.execute(f"FROM {name} ORDER BY ALL").fetchall() for (name,) in names}


def held(desk: Desk) -> list[tuple[object, ...]]:
    return desk.read(lambda tx: tx.rows("SELECT number, action FROM history ORDER BY number"))


@pytest.fixture
def copy(desk: Desk, team: Team, sale: Reason, tmp_path: Path) -> Path:
    """A backup of a desk with a conclusion."""
    services.conclude(desk, team.ana, write(desk, "m1").conversation_id, sale.id, "10.50", now=NOW)
    back_up(desk, tmp_path / "backup.duckdb", NOW)
    return tmp_path / "backup.duckdb"


# Backing up -----------------------------------------------------------------------------------------


def test_a_backup_is_one_file_with_all_there_is(desk: Desk, team: Team, tmp_path: Path) -> None:
    services.conclude(desk, team.ana, write(desk, "m1").conversation_id, now=NOW)
    assert (desk.folder / f"{DESK_FILE}.wal").exists()  # not everything is in the file itself
    made = back_up(desk, tmp_path / "backup.duckdb", NOW)
    file = tmp_path / "backup.duckdb"
    assert (made["number"], made["bytes"], made["faults"]) == (desk.number, file.stat().st_size, [])
    assert file.stat().st_mode & 0o777 == 0o600 and blocks.fault(file) is None
    desk.close()
    kept = rows(file)
    assert kept == rows(desk.folder / DESK_FILE)
    assert made["rows"] == {name: len(found) for name, found in kept.items()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.duckdb", "data"]


def test_a_backup_is_of_one_moment_however_much_is_written(desk: Desk, tmp_path: Path) -> None:
    """Enough is written meanwhile for DuckDB to want its file several times."""
    ended = threading.Event()
    written: list[int] = []

    def write_on() -> None:
        while not ended.is_set():
            write(desk, f"m{len(written)}", address=f"{len(written)}", body=os.urandom(100_000).hex())
            written.append(desk.number)

    writing = threading.Thread(target=write_on)
    writing.start()
    try:
        for n in range(2):
            before = desk.number
            made = back_up(desk, tmp_path / f"{n}.duckdb", NOW)
            assert before <= made["number"] <= desk.number and made["faults"] == []
    finally:
        ended.set()
        writing.join()
    numbers = [number for number, *_ in rows(tmp_path / "1.duckdb")["history"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [number for number, _ in held(desk)] == list(range(1, desk.number + 1))


def test_a_file_that_is_there_stays(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("something else")
    with pytest.raises(Unavailable, match="exists already"):
        back_up(desk, tmp_path / "mine", NOW)
    assert (tmp_path / "mine").read_text() == "something else"


def test_a_folder_that_is_not_there(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot be written to .*: No such file"):
        back_up(desk, tmp_path / "nowhere" / "backup", NOW)
    with pytest.raises(Unavailable, match="question mark"):
        back_up(desk, tmp_path / "a?" / "backup", NOW)


def test_a_desk_with_faults_is_backed_up_and_they_are_said(desk: Desk, tmp_path: Path) -> None:
    write(desk, "m1")
    desk.transact(lambda tx: tx.run("DELETE FROM messages"))
    desk.close()
    done = run(desk.folder, "backup", str(tmp_path / "backup.duckdb"))
    assert done.returncode == 1 and "The backup was written all the same." in done.stderr
    assert "begun: " in done.stderr and (tmp_path / "backup.duckdb").exists()


def test_a_damaged_desk_is_no_backup(desk: Desk, tmp_path: Path) -> None:
    write(desk, "m1")
    folder = desk.folder
    desk.close()
    with closing(Desk.open(folder, NOW)) as opened:  # which has read what it needs; then a block goes bad
        damage(folder / DESK_FILE, used_block(folder / DESK_FILE))
        with pytest.raises(Unavailable, match="is damaged: 1 of "):
            back_up(opened, tmp_path / "backup.duckdb", NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def used_block(file: Path) -> int:
    """Where a block begins whose damage is seen."""
    whole = file.read_bytes()
    for at in range(3 * blocks.HEADER, len(whole), blocks.BLOCK):
        damage(file, at)
        seen = blocks.fault(file)
        file.write_bytes(whole)
        if seen:
            return at
    raise AssertionError("no block")


def damage(file: Path, at: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(at + 1000)
        (byte,) = opened.read(1)
        opened.seek(at + 1000)
        opened.write(bytes([byte ^ 1]))


@pytest.fixture
def begun(desk: Desk, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """The process of a backup that has copied and waits."""
    write(desk, "m1")
    desk.close()
    arguments = [str(desk.folder / DESK_FILE), str(tmp_path / "backup.duckdb"), "1", NOW.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-m", "core.desk.backup", *arguments], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "copied\n"
    yield process
    process.kill()
    process.communicate()


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "data")


def test_a_backup_that_is_stopped_leaves_nothing(begun: "subprocess.Popen[str]", tmp_path: Path) -> None:
    begun.send_signal(signal.SIGTERM)
    _, said = begun.communicate(timeout=60)
    assert (begun.returncode, said) == (1, "The backup was stopped.\n")
    assert beside(tmp_path) == []


def test_a_backup_whose_application_is_killed_leaves_nothing(
    begun: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Another application may already write into the file that was being copied."""
    _, said = begun.communicate(timeout=60)  # the end, instead of leave to go on
    assert (begun.returncode, said) == (1, "The backup was stopped.\n")
    assert beside(tmp_path) == []


def test_what_a_killed_backup_leaves_the_next_removes(begun: "subprocess.Popen[str]", tmp_path: Path) -> None:
    begun.send_signal(signal.SIGKILL)
    begun.wait(60)
    assert len(beside(tmp_path)) == 1
    with closing(Desk.open(tmp_path / "data", NOW)) as desk:
        back_up(desk, tmp_path / "another.duckdb", NOW)
    assert beside(tmp_path) == ["another.duckdb"]


def test_a_copy_that_lacks_what_was_there_is_thrown_away(desk: Desk, tmp_path: Path) -> None:
    write(desk, "m1")
    desk.close()
    file = str(tmp_path / "backup.duckdb")
    done = subprocess.run(
        [sys.executable, "-m", "core.desk.backup", str(desk.folder / DESK_FILE), file, "2", NOW.isoformat()],
        cwd=ROOT, input="go on\n", capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and "ends with command 1, and the desk had reached 2" in done.stderr
    assert beside(tmp_path) == []


def test_the_application_does_it_while_it_serves(desk: Desk, tmp_path: Path) -> None:
    write(desk, "m1")
    folder = desk.folder
    desk.close()
    with serving(folder):
        done = run(folder, "backup", str(tmp_path / "backup.duckdb"))
        assert done.returncode == 0, done.stderr
        assert "up to command 1\n" in done.stdout
        refused = run(folder, "restore", str(tmp_path / "backup.duckdb"), "--replace")
        assert refused.returncode == 1 and "in use by another process (process" in refused.stderr
        assert "serving http://" in refused.stderr
    assert len(rows(tmp_path / "backup.duckdb")["messages"]) == 1


def test_without_a_desk_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    done = run(tmp_path, "backup", str(tmp_path / "backup.duckdb"))
    assert (done.returncode, done.stderr) == (1, f"There is no desk in {tmp_path}.\n")


# Restoring ------------------------------------------------------------------------------------------


def test_a_backup_takes_an_empty_place(copy: Path, desk: Desk, tmp_path: Path) -> None:
    done = restore(tmp_path / "new", copy, LATER, replace=False)
    assert (done["number"], done["faults"], done["aside"]) == (desk.number, [], None)
    with closing(Desk.open(tmp_path / "new", LATER)) as restored:
        assert held(restored) == held(desk)
        assert len(services.list_conversations(restored, SYSTEM)) == 1
    assert {path.name for path in (tmp_path / "new").iterdir()} == {DESK_FILE, "desk.lock"}


def test_a_desk_is_only_replaced_when_that_is_said_and_is_kept(copy: Path, desk: Desk) -> None:
    write(desk, "m2")
    desk.close()
    before = rows(desk.folder / DESK_FILE)
    with pytest.raises(Unavailable, match="With --replace it is moved aside"):
        restore(desk.folder, copy, LATER, replace=False)
    assert rows(desk.folder / DESK_FILE) == before
    done = restore(desk.folder, copy, LATER, replace=True)
    aside = desk.folder / "desk-before-restore-20260302T140000Z.duckdb"
    assert Path(done["aside"]) == aside
    assert rows(aside) == before
    assert rows(desk.folder / DESK_FILE) == rows(copy)


def test_everybody_has_to_sign_in_again(copy: Path, desk: Desk, team: Team) -> None:
    signed_in = "INSERT INTO sign_ins VALUES ('a', ?, ?, NULL), ('b', ?, ?, ?)"
    ana = team.ana.user_id
    desk.transact(lambda tx: tx.run(signed_in, ana, NOW, ana, NOW, NOW))
    back_up(desk, copy.with_name("signed-in"), NOW)
    desk.close()
    restore(desk.folder, copy.with_name("signed-in"), LATER, replace=True)
    with closing(Desk.open(desk.folder, LATER)) as restored:
        ends = restored.read(lambda tx: tx.rows("SELECT session, signed_out_at FROM sign_ins ORDER BY 1"))
    assert ends == [("a", LATER), ("b", NOW)]


def test_the_facts_follow_a_restored_desk(copy: Path, desk: Desk, team: Team) -> None:
    services.conclude(desk, team.ana, write(desk, "m2", address="another").conversation_id, now=NOW)
    with closing(Facts.open(desk.folder)) as facts:
        facts.catch_up(desk)
        assert answer(facts, "SELECT count(*) FROM analytics.conclusions") == [(2,)]
    desk.close()
    restore(desk.folder, copy, LATER, replace=True)
    with closing(Desk.open(desk.folder, LATER)) as restored, closing(Facts.open(desk.folder)) as facts:
        facts.catch_up(restored)
        assert answer(facts, "SELECT count(*) FROM analytics.conclusions") == [(1,)]


@pytest.mark.parametrize("more", [0, 1, 5], ids=["as many", "one more", "many more"])
def test_the_facts_notice_another_desk_swapped_in_by_hand(
    copy: Path, desk: Desk, team: Team, more: int
) -> None:
    """Even where its number is that of the desk they knew, or a later one."""
    services.conclude(desk, team.ana, write(desk, "m2", address="another").conversation_id, now=NOW)
    number = desk.number
    with closing(Facts.open(desk.folder)) as facts:
        facts.catch_up(desk)
    desk.close()
    shutil.copy(copy, desk.folder / DESK_FILE)
    with closing(Desk.open(desk.folder, LATER)) as other, closing(Facts.open(desk.folder)) as facts:
        for n in range(number + more - other.number):
            write(other, f"other {n}", LATER)
        assert other.number == number + more
        facts.catch_up(other)
        assert answer(facts, "SELECT count(*) FROM analytics.conclusions") == [(1,)]


def test_what_is_no_sound_backup_changes_nothing(copy: Path, desk: Desk, tmp_path: Path) -> None:
    desk.close()
    before = sorted(desk.folder.iterdir())
    newer = tmp_path / "newer"
    shutil.copy(copy, newer)
    with duckdb.connect(str(newer)) as changed:
        changed.execute("INSERT INTO migrations VALUES ('9999_from_the_future.sql', NULL)")
    cut = tmp_path / "cut"
    cut.write_bytes(copy.read_bytes()[: -blocks.BLOCK])
    flipped = tmp_path / "flipped"
    shutil.copy(copy, flipped)
    damage(flipped, used_block(copy))
    text = tmp_path / "text"
    text.write_text("not a backup")
    for file, why in (
        (newer, "newer version of Desfecho"),
        (cut, "its end is missing"),
        (flipped, "1 of "),
        (text, "it is no DuckDB file"),
        (tmp_path / "nothing", "No such file"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(Unavailable, match=f"cannot be restored: .*{why}"):
            restore(desk.folder, file, LATER, replace=True)
        assert sorted(desk.folder.iterdir()) == before


def test_a_backup_of_an_earlier_schema_is_brought_to_this_one(tmp_path: Path) -> None:
    from tests.unit.test_migrations import OLD, make

    make(tmp_path / "old", OLD[0])
    restore(tmp_path / "new", tmp_path / "old" / DESK_FILE, NOW, replace=False)
    with closing(Desk.open(tmp_path / "new", NOW)) as desk:
        assert desk.read(faults) == []
    assert len(rows(tmp_path / "old" / DESK_FILE)["migrations"]) == 1  # the backup stays what it was


class Killed(BaseException):
    """As SIGKILL: whatever would be done afterwards does not happen."""


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """From the change of that number on, no name and no folder is changed any more."""
    changes = iter(range(step))

    def counted(change: Callable[..., None]) -> Callable[..., None]:
        def changing(*given: object, **named: object) -> None:
            if next(changes, None) is None:
                raise Killed
            change(*given, **named)

        return changing

    for name in ("rename", "unlink", "replace", "mkdir", "rmdir", "fsync"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


def test_killed_at_any_moment_there_is_the_old_desk_or_the_new_one(
    copy: Path, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(desk, "m2")
    with closing(Facts.open(desk.folder)) as facts:
        facts.catch_up(desk)
    new, old = held(desk)[:-1], held(desk)
    killed = tmp_path / "killed"  # with something beside the file
    shutil.copytree(desk.folder, killed)
    desk.close()
    seen, done = [], False
    for step in range(40):
        folder = tmp_path / f"step {step}"
        shutil.copytree(killed, folder)
        with monkeypatch.context() as patched, suppress(Killed):
            kill_at(patched, step)
            restore(folder, copy, LATER, replace=True)
            done = True
        with closing(Desk.open(folder, LATER)) as found:
            seen.append(held(found))
            assert seen[-1] in (old, new) and found.read(faults) == []
        if seen[-1] == new:  # and the old one is still there, with what was beside it
            (aside,) = folder.glob("desk-before-restore-*.duckdb")
            restore(tmp_path / f"aside {step}", aside, LATER, replace=False)
            assert len(rows(tmp_path / f"aside {step}" / DESK_FILE)["history"]) == len(old)
        assert not (folder / "restoring").exists()
        if done:
            break
    assert done and seen.count(old) > 3 and seen.count(new) > 3


def test_restored_on_the_command_line(copy: Path, desk: Desk, tmp_path: Path) -> None:
    folder = desk.folder
    desk.close()
    done = run(folder, "restore", str(copy), "--replace")
    assert done.returncode == 0, done.stderr
    assert (
        f"up to command {len(rows(copy)['history'])}." in done.stdout
        and "The desk there was is in " in done.stdout
    )
