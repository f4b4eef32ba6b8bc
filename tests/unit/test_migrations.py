"""A desk that an earlier version left: brought to this version's shape, with a copy of what it was."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from core import services
from core.desk import Desk, blocks
from core.desk.check import faults
from core.desk.store import DESK_FILE
from core.errors import Unavailable
from core.facts import Facts
from core.model import SYSTEM, Category, Folder, Listing, Role
from tests.conftest import NOW, answer, write

ROOT = Path(__file__).parents[2]
MIGRATIONS = sorted((ROOT / "core/desk/migrations").glob("*.sql"))
OLD = sorted((ROOT / "tests/data").glob("desk-*.sql"))
DAY = timedelta(days=1)


def make(folder: Path, rows: Path) -> None:
    """The desk of an old schema that the file has the rows of."""
    folder.mkdir()
    upto = rows.name.removeprefix("desk-")
    with duckdb.connect(str(folder / DESK_FILE)) as desk:
        desk.execute("CREATE TABLE migrations (name VARCHAR PRIMARY KEY, applied_at TIMESTAMP)")
        for migration in (one for one in MIGRATIONS if one.name <= upto):
            desk.execute(migration.read_text())
            desk.execute("INSERT INTO migrations VALUES (?, ?)", [migration.name, NOW.replace(tzinfo=None)])
        desk.execute(rows.read_text())


@pytest.fixture(params=OLD, ids=lambda rows: rows.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The folder of a desk of each old schema."""
    make(tmp_path / "data", request.param)
    yield tmp_path / "data"


def tables(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(file), read_only=True) as desk:
        names = desk.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        return {name: desk.execute(f"FROM {name} ORDER BY ALL").fetchall() for (name,) in names}


def test_every_earlier_schema_is_here_with_a_row_in_every_table(old: Path) -> None:
    assert [rows.name for rows in OLD] == [f"desk-{migration.name}" for migration in MIGRATIONS[:-1]]
    assert [name for name, rows in tables(old / DESK_FILE).items() if not rows] == []


def test_an_earlier_desk_opens_as_a_sound_one_with_every_row(old: Path) -> None:
    before = tables(old / DESK_FILE)
    Desk.open(old, NOW + DAY).close()
    after = tables(old / DESK_FILE)
    assert {name: len(rows) for name, rows in before.items() if name != "migrations"}.items() <= {
        name: len(rows) for name, rows in after.items()
    }.items()
    assert [name for name, _ in after["migrations"]] == [migration.name for migration in MIGRATIONS]
    with closing(Desk.open(old, NOW + DAY)) as desk:
        assert desk.read(faults) == []


def test_an_earlier_desk_is_worked_with(old: Path) -> None:
    with closing(Desk.open(old, NOW + DAY)) as desk:
        assert {user.role for user in services.list_users(desk, SYSTEM)} >= {Role.AGENT, Role.ADMIN}
        (unanswered,) = services.list_conversations(desk, SYSTEM, Listing(q="alguém"))
        assert unanswered.waiting_since is not None
        assert write(desk, "a1", NOW + DAY, address="5511900000001").outcome == "duplicate"
        reason = next(r for r in services.list_reasons(desk, SYSTEM, True) if r.category is Category.QUESTION)
        services.conclude(desk, SYSTEM, unanswered.id, reason.id, now=NOW + DAY)
        for one in services.list_conversations(desk, SYSTEM):
            services.conversation(desk, SYSTEM, one.id)
        assert services.count_conversations(desk, SYSTEM)[Folder.CONCLUDED] > 1
        assert services.sql_tokens(desk, SYSTEM, now=NOW) == frozenset()
        with closing(Facts.open(old)) as facts:
            facts.catch_up(desk)
            ((counted,),) = answer(facts, "SELECT count(*) FROM analytics.conclusions")
        assert counted == desk.read(lambda tx: tx.value("SELECT count(*) FROM conclusions"))
        assert desk.read(faults) == []


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("desk-before-*"))


def test_what_was_is_kept_beside(old: Path) -> None:
    before = tables(old / DESK_FILE)
    number = len(before["history"])
    first = next(
        one.stem for one in MIGRATIONS if (one.name,) not in {row[:1] for row in before["migrations"]}
    )
    for _ in range(2):
        Desk.open(old, NOW + DAY).close()
        assert [file.name for file in copies(old)] == [f"desk-before-{first}-at-{number}.duckdb"]
    (copy,) = copies(old)
    assert tables(copy) == before and blocks.fault(copy) is None and copy.stat().st_mode & 0o777 == 0o600


def test_a_new_desk_has_nothing_to_keep(tmp_path: Path) -> None:
    Desk.open(tmp_path, NOW).close()
    assert copies(tmp_path) == []


def test_what_is_beside_a_desk_that_was_killed_is_in_the_copy(old: Path) -> None:
    with duckdb.connect(str(old / DESK_FILE)) as desk:
        desk.execute("PRAGMA disable_checkpoint_on_shutdown")
        desk.execute(
            "INSERT INTO history SELECT max(number) + 1, max(occurred_at), min(user_id), 'test', NULL FROM history"
        )
    assert (old / f"{DESK_FILE}.wal").exists()
    Desk.open(old, NOW + DAY).close()
    (copy,) = copies(old)
    assert tables(copy)["history"] == tables(old / DESK_FILE)["history"]


def test_a_migration_that_fails_leaves_the_schema_there_was_and_one_copy(
    old: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "package" / "migrations"
    folder.mkdir(parents=True)
    for migration in MIGRATIONS:
        (folder / migration.name).write_text(migration.read_text())
    first = next(
        one for one in MIGRATIONS if (one.name,) not in {r[:1] for r in tables(old / DESK_FILE)["migrations"]}
    )
    (folder / first.name).write_text(first.read_text() + "; INSERT INTO nowhere VALUES (1);")
    before = tables(old / DESK_FILE)
    with monkeypatch.context() as patched:
        patched.setattr("core.desk.opening.resources.files", lambda _: folder.parent)
        for _ in range(2):
            with pytest.raises(Unavailable, match=rf"\({first.name}\): .*nowhere.* It is as it was\."):
                Desk.open(old, NOW + DAY)
    assert tables(old / DESK_FILE) == before
    assert len(copies(old)) == 1
    Desk.open(old, NOW + DAY).close()
    assert len(copies(old)) == 1
