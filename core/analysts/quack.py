"""What the door reads and writes of Quack's messages (Quack 1.5): DuckDB's binary serialisation, a head and a body.

A message is fields, each a little-endian 16-bit number and its value, up to the number 0xFFFF; the head's are the kind, the
session and the number of the question, the body's those of the kind. Numbers are LEB128, texts have their length before them.
"""

from dataclasses import dataclass
from enum import IntEnum

END = b"\xff\xff"
NO_NUMBER = b"\xff" * 9 + b"\x01"
KIND, SESSION, QUESTION_NUMBER = 1, 2, 3  # fields of the head
TEXT = (
    1  # the first field of the bodies that the door reads or writes: a token, a question, an error's sentence
)


class Kind(IntEnum):
    CONNECT = 1
    CONNECTED = 2
    PREPARE = 3
    PREPARED = 4
    FETCH = 7
    FETCHED = 8
    DONE = 10
    DISCONNECT = 11
    ERROR = 100


@dataclass(frozen=True, slots=True)
class Message:
    kind: int
    session: str
    head_end: int  # where the body begins
    text: str  # of the body; empty where the kind has none
    text_end: int  # where what follows it begins

    @property
    def asks(self) -> bool:
        return self.kind in (Kind.CONNECT, Kind.PREPARE)


def read(data: bytes) -> Message:
    """Read a message. Errors: `ValueError` where it is none."""
    try:
        kind, session, at = 0, "", 0
        while (field := data[at : at + 2]) != END:
            at += 2
            match int.from_bytes(field, "little"):
                case 1:
                    kind, at = _number(data, at)
                case 2:
                    session, at = _text(data, at)
                case 3:
                    _, at = _number(data, at)
                case _:
                    raise ValueError("not a message's head")
        head_end = text_end = at + 2
        text = ""
        if kind in (Kind.CONNECT, Kind.PREPARE, Kind.ERROR) and _field(TEXT) == data[head_end : head_end + 2]:
            text, text_end = _text(data, head_end + 2)
        return Message(kind, session, head_end, text, text_end)
    except IndexError:
        raise ValueError("not a whole message") from None


def addressed(data: bytes, message: Message, session: str) -> bytes:
    """The same message of another session."""
    return _head(message.kind, session) + data[message.head_end :]


def asking(data: bytes, message: Message, text: str) -> bytes:
    """The same message with another token or question."""
    return data[: message.head_end] + _field(TEXT) + _as_text(text) + data[message.text_end :]


def error(sentence: str) -> bytes:
    return _head(Kind.ERROR) + _field(TEXT) + _as_text(sentence) + END


def done() -> bytes:
    return _head(Kind.DONE) + END


def nothing_more() -> bytes:
    """The answer to fetching from a result that has been fetched."""
    return _head(Kind.FETCHED) + _field(2) + NO_NUMBER + END


def connect(token: str) -> bytes:
    """What a client of DuckDB 1.5.5 begins with."""
    fields = (_as_text(token), _as_text("v1.5.5"), _as_text("linux_amd64"), _as_number(1), _as_number(1))
    body = b"".join(_field(number) + value for number, value in enumerate(fields, 1))
    return _head(Kind.CONNECT) + body + END


def disconnect(session: str) -> bytes:
    return _head(Kind.DISCONNECT, session) + END


def _head(kind: int, session: str = "") -> bytes:
    head = _field(KIND) + _as_number(kind)
    if session:
        head += _field(SESSION) + _as_text(session)
    return head + _field(QUESTION_NUMBER) + NO_NUMBER + END


def _field(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
        if shift > 63:
            raise ValueError("not a number of a message")


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, at = _number(data, at)
    if at + length > len(data):
        raise ValueError("not a whole message")
    return data[at : at + length].decode("utf-8"), at + length


def _as_number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _as_text(text: str) -> bytes:
    encoded = text.encode("utf-8")
    return _as_number(len(encoded)) + encoded
