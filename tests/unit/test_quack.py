"""The messages of Quack that the door reads and writes; that a real DuckDB understands them is tested in tests/live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysts import quack
from core.analysts.quack import Kind, Message

# As DuckDB 1.5.5 sends and answers them.
CONNECT = bytes.fromhex(
    "0100010300 06ffff 01000c7365727665725f746f6b656e 0200067631 2e352e35 03000b6c696e75785f616d643634 040001 050001ffff"
)
SESSION = "6428850031FED1F7BF73E90D555E3E12"
PREPARE = (
    b"\x01\x00\x03\x02\x00\x20"
    + SESSION.encode()
    + b"\x03\x00\x07\xff\xff\x01\x00\x1aFROM analytics.conclusions\xff\xff"
)
FETCH = (
    b"\x01\x00\x07\x02\x00\x20"
    + SESSION.encode()
    + b"\x03\x00\x09\xff\xff\x01\x00\xc3\x88\x89\x99\x01\xff\xff"
)
FAILED = b"\x01\x00d\x03\x00" + b"\xff" * 9 + b"\x01\xff\xff\x01\x00\x0bhello there\xff\xff"


@pytest.mark.parametrize(
    ("data", "kind", "session", "text"),
    [
        (CONNECT, Kind.CONNECT, "", "server_token"),
        (PREPARE, Kind.PREPARE, SESSION, "FROM analytics.conclusions"),
        (FETCH, Kind.FETCH, SESSION, ""),
        (FAILED, Kind.ERROR, "", "hello there"),
        (quack.done(), Kind.DONE, "", ""),
        (quack.nothing_more(), Kind.FETCHED, "", ""),
        (quack.disconnect(SESSION), Kind.DISCONNECT, SESSION, ""),
    ],
)
def test_reading(data: bytes, kind: Kind, session: str, text: str) -> None:
    message = quack.read(data)
    assert (message.kind, message.session, message.text) == (kind, session, text)


def test_what_is_written_is_what_duckdb_writes() -> None:
    assert quack.error("hello there") == FAILED
    body = CONNECT[quack.read(CONNECT).head_end :]
    assert quack.connect("server_token").endswith(body)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(texts, texts)
def test_only_what_is_asked_for_changes(session: str, text: str) -> None:
    message = quack.read(PREPARE)
    moved = quack.addressed(PREPARE, message, session)
    assert quack.read(moved).session == session
    assert moved[quack.read(moved).head_end :] == PREPARE[message.head_end :]
    asked = quack.asking(PREPARE, message, text)
    assert (quack.read(asked).session, quack.read(asked).text) == (SESSION, text)
    assert asked[quack.read(asked).text_end :] == PREPARE[message.text_end :] == quack.END


@given(
    st.binary(max_size=80)
    | st.builds(lambda cut, tail: PREPARE[:cut] + tail, st.integers(0, 60), st.binary(max_size=20))
)
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    try:
        message = quack.read(data)
    except ValueError:
        return
    assert isinstance(message, Message) and message.head_end <= message.text_end <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x01\x00",
        b"\xff\xff"[:1],
        PREPARE[:40],
        b"\x01\x00" + b"\xff" * 40,
        b"\x09\x00\x01\xff\xff",
    ],
)
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError):
        quack.read(data)
