"""A damaged desk: either it is said in one line, or nothing is missing. Never a wrong desk without a word."""

import random
import shutil
import struct
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import services
from core.desk import Desk, blocks
from core.desk.backup import back_up, restore
from core.desk.check import faults
from core.desk.store import DESK_FILE
from core.errors import Unavailable
from core.model import SYSTEM, Category, ValueMode
from tests.conftest import NOW, write

WAL = f"{DESK_FILE}.wal"
QUICKLY = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def everything(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    tables = desk.read(lambda tx: tx.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1"))
    return desk.read(lambda tx: {name: tx.rows(f"FROM {name} ORDER BY ALL") for (name,) in tables})


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[tuple[object, ...]]]]:
    """A closed desk, some of whose blocks are free, and all that is in it; beside it a backup."""
    folder = tmp_path_factory.mktemp("sound")
    with closing(Desk.open(folder, NOW)) as desk:
        sale = services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.REQUIRED, now=NOW)
        body = random.Random(1)
        for n in range(60):
            said = write(desk, f"m{n}", address=f"{n}", body=body.randbytes(8000).hex())
            services.conclude(desk, SYSTEM, said.conversation_id, sale.id, "1.50", now=NOW)
    with closing(Desk.open(folder, NOW)) as desk:
        desk.transact(lambda tx: tx.run("UPDATE messages SET body = 'short' WHERE external_id < 'm3'"))
    with closing(Desk.open(folder, NOW)) as desk:
        back_up(desk, folder / "backup", NOW)
        return folder, everything(desk)


def said_or_whole(folder: Path, held: object) -> str | None:
    """What the start says, in one line; None: all is there."""
    try:
        with closing(Desk.open(folder, NOW)) as desk:
            assert everything(desk) == held
            for n in (0, 29, 59):  # by the indexes too
                assert write(desk, f"m{n}", address=f"{n}").outcome == "duplicate"
    except Unavailable as refusal:
        said = str(refusal)
        assert "\n" not in said and "python -m core restore FILE --replace" in said
        return said
    return None


@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@QUICKLY
def test_a_bit_flipped_anywhere(sound, tmp_path_factory, at: float, bit: int) -> None:
    kept, held = sound
    folder = tmp_path_factory.mktemp("flipped")
    data = bytearray((kept / DESK_FILE).read_bytes())
    data[int(at * len(data))] ^= 1 << bit
    (folder / DESK_FILE).write_bytes(data)
    said_or_whole(folder, held)
    shutil.rmtree(folder)


def test_a_bit_flipped_in_each_header_and_block(sound, tmp_path: Path) -> None:
    """A block that is in use is missed; one that is free is not."""
    kept, held = sound
    whole = (kept / DESK_FILE).read_bytes()
    headers = [number * blocks.HEADER for number in range(3)]
    for at in [*headers, *range(3 * blocks.HEADER, len(whole), blocks.BLOCK)]:
        folder = tmp_path / str(at)
        folder.mkdir()
        data = bytearray(whole)
        data[at + 4000] ^= 16
        (folder / DESK_FILE).write_bytes(data)
        said = said_or_whole(folder, held)
        assert "is damaged: " in said if said else at not in headers
        if said:
            restore(folder, kept / "backup", NOW, replace=True)
            assert said_or_whole(folder, held) is None
            (aside,) = folder.glob("desk-before-restore-*")
            assert aside.read_bytes() == data
        shutil.rmtree(folder)


def _with_checksum(part: bytearray) -> bytearray:
    words = np.frombuffer(part, "<u8")
    part[:8] = (np.bitwise_xor.reduce(words[1:] * np.uint64(0xBF58476D1CE4E5B9)) ^ np.uint64(5381)).tobytes()
    return part


@pytest.mark.parametrize("written", [0, 100, blocks.BLOCK // 2])
def test_free_blocks_that_are_counted_and_not_written_yet_are_no_fault(
    sound, tmp_path: Path, written: int
) -> None:
    """As a crash leaves them between the header and the end of a checkpoint, or in the middle of writing one."""
    kept, _ = sound
    data = bytearray((kept / DESK_FILE).read_bytes())
    at = max((4096, 8192), key=lambda at: struct.unpack_from("<Q", data, at + 8)[0])
    *_, pointer, count, _ = struct.unpack_from("<6Q", data, at)
    block = 3 * blocks.HEADER + (pointer & (2**56 - 1)) * blocks.BLOCK
    listed = block + 16 + (pointer >> 56) * ((blocks.BLOCK - 8) // 64 // 8 * 8)
    (free,) = struct.unpack_from("<Q", data, listed)
    struct.pack_into("<Q", data, listed, free + 1)
    rest = listed + 8 + 8 * free
    data[rest + 8 : block + blocks.BLOCK] = data[rest : block + blocks.BLOCK - 8]
    struct.pack_into("<q", data, rest, count)
    data[block : block + blocks.BLOCK] = _with_checksum(data[block : block + blocks.BLOCK])
    struct.pack_into("<Q", data, at + 32, count + 1)
    data[at : at + 4096] = _with_checksum(data[at : at + 4096])
    (tmp_path / DESK_FILE).write_bytes(data + bytes(written))
    assert blocks.fault(tmp_path / DESK_FILE) is None
    struct.pack_into("<Q", data, at + 32, count + 2)
    data[at : at + 4096] = _with_checksum(data[at : at + 4096])
    (tmp_path / DESK_FILE).write_bytes(data + bytes(written))
    assert blocks.fault(tmp_path / DESK_FILE) == "its end is missing", "one that is not free is"


def test_some_blocks_are_free_and_some_are_not(sound, tmp_path: Path) -> None:
    """As of a crash that left a new block half written: nothing refers to it yet."""
    kept, _ = sound
    data = (kept / DESK_FILE).read_bytes()
    refused = []
    for at in range(3 * blocks.HEADER, len(data), blocks.BLOCK):
        flipped = bytearray(data)
        flipped[at + 4000] ^= 1
        (tmp_path / DESK_FILE).write_bytes(flipped)
        refused.append(blocks.fault(tmp_path / DESK_FILE) is not None)
    assert True in refused and False in refused
    with duckdb.connect(str(kept / DESK_FILE), read_only=True) as opened:
        assert opened.execute("SELECT free_blocks FROM pragma_database_size()").fetchall() == [
            (refused.count(False),)
        ]


@pytest.mark.parametrize("left", [0, 1, 4095, 4096, 12287, 12288, "a block", "half a block", "a byte"])
def test_a_file_cut_short(sound, tmp_path: Path, left: object) -> None:
    kept, held = sound
    data = (kept / DESK_FILE).read_bytes()
    missing = {"a block": blocks.BLOCK, "half a block": blocks.BLOCK // 2, "a byte": 1}
    (tmp_path / DESK_FILE).write_bytes(data[:left] if isinstance(left, int) else data[: -missing[str(left)]])
    said = said_or_whole(tmp_path, held)
    assert said and f"{DESK_FILE} is damaged: " in said
    restore(tmp_path, kept / "backup", NOW, replace=True)
    assert said_or_whole(tmp_path, held) is None


@pytest.fixture(scope="module")
def killed(sound, tmp_path_factory: pytest.TempPathFactory):
    """A desk that was killed, and so has its latest transactions beside the file; and all that is in it."""
    folder = tmp_path_factory.mktemp("killed")
    shutil.copy(sound[0] / DESK_FILE, folder)
    with closing(Desk.open(folder, NOW)) as desk:
        for n in range(20):
            write(desk, f"n{n}", address=f"{n}", body="later " * 20)
        copied = tmp_path_factory.mktemp("copied")
        for name in (DESK_FILE, WAL):
            shutil.copy(folder / name, copied)
        return copied, everything(desk)


def test_what_is_beside_a_missing_file_stays(killed, tmp_path: Path) -> None:
    """DuckDB would begin an empty desk, and remove it."""
    shutil.copy(killed[0] / WAL, tmp_path)
    said = said_or_whole(tmp_path, {})
    assert said and f"{DESK_FILE} is missing" in said
    assert [path.name for path in tmp_path.glob("desk.duckdb*")] == [WAL]


@given(at=st.floats(0, 1, exclude_max=True))
@QUICKLY
def test_a_bit_flipped_beside_the_file(killed, tmp_path_factory, at: float) -> None:
    """DuckDB takes some of these for a last write that a crash cut short, and goes on without what follows: what is there
    then is a sound desk of an earlier moment. Nothing tells more, so the guide says so."""
    kept, held = killed
    folder = tmp_path_factory.mktemp("flipped")
    shutil.copy(kept / DESK_FILE, folder)
    data = bytearray((kept / WAL).read_bytes())
    data[int(at * len(data))] ^= 4
    (folder / WAL).write_bytes(data)
    try:
        with closing(Desk.open(folder, NOW)) as desk:
            assert desk.read(faults) == []
            history = everything(desk)["history"]
            assert history == held["history"][: len(history)]
    except Unavailable as refusal:
        assert f"{WAL} is damaged: " in str(refusal)
    shutil.rmtree(folder)
