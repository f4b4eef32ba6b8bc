"""The door for any DuckDB: `ATTACH 'quack:host:port' AS desfecho`.

Quack's own server does whatever its client asks, for as long as it takes, and forgets its sessions when it ends. So the door
stands before it: it knows the sessions and their tokens, lets through the few kinds of messages that reading takes, has each
question checked, lends it a worker, and ends it at its limit with a sentence.
"""

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.analysts import quack
from core.analysts.limits import ENDED, TOO_LONG, TOO_MUCH
from core.analysts.pool import Gone, Pool, Worker
from core.analysts.quack import Kind
from core.errors import Unavailable
from core.ids import secret_hash

LONGEST_MESSAGE = 1_000_000  # bytes
MOST_SESSIONS = 1_000
FORGOTTEN = 8 * 3600.0  # seconds after which a session that nobody used is forgotten
NOT_ADMITTED = "The token is not known, has expired, was revoked, or is not for SQL."
NO_SESSION = "This session is not known any more: DETACH and ATTACH again."
NOT_READING = "Nothing can be changed here: only questions are answered."
PUT_ASIDE = "Nobody went on fetching this answer while others waited. Ask again."
GAVE_WAY = "This answer gave way to a later question of the same connection. Ask again, one after the other."
WELCOME = (
    "This is where DuckDB asks Desfecho: ATTACH 'quack:…' AS desfecho (TOKEN '…'). See docs/analysts.md.\n"
)

# What DuckDB 1.5.5 asks when it attaches. It is told of `analytics` alone, as nothing else may be asked about, and of its views
# as tables: of those it knows the columns, and fetches no more of them than it needs.
ATTACHING = {
    "SELECT catalog_name, schema_name FROM information_schema.schemata"
    " WHERE catalog_name NOT IN ('system', 'temp') ORDER BY ALL": (
        "SELECT 'desfecho' AS catalog_name, unnest(['analytics', 'main']) AS schema_name"
    ),
    "SELECT schema_name, sql, 'table' FROM duckdb_tables()"
    " UNION ALL SELECT schema_name, view_name, 'view' FROM duckdb_views()": (
        "SELECT schema_name, format('CREATE TABLE {}.{} ({})', schema_name, table_name,"
        " string_agg(format('{} {}', column_name, data_type), ', ' ORDER BY column_index)), 'table'"
        " FROM duckdb_columns() WHERE schema_name = 'analytics' GROUP BY schema_name, table_name"
    ),
}

RESULT_ID = b"\x05\x00"  # the field of a first answer that names its result; the last of the message
LONGEST_ID = 32  # bytes, with the field and the end of the message
OUT_OF_MEMORY = re.compile("out of memory|bad.alloc|allocation failure|failed to allocate", re.IGNORECASE)

T = TypeVar("T")


@dataclass(slots=True)
class Session:
    """A client's. It has one question at a time, and of each message the next waits until it is answered."""

    token: str  # its hash
    used: float
    worker: Worker | None = None  # that has an answer still to be fetched
    result: bytes = b""  # the end of what came first of it, which names it
    left: float = 0  # seconds the question may still take
    lost: str = ""  # why its answer cannot be fetched any more
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_fetching(self, data: bytes, message: quack.Message) -> bool:
        """Whether a message wants more of this session's last answer, and not of one before."""
        named = data[message.head_end + 2 :]
        return bool(self.result) and self.result.endswith(RESULT_ID + named)


class Door:
    def __init__(self, pool: Pool, key: str) -> None:
        """`key`: of the names of sessions, so that they are still known after this process was started anew."""
        self._pool = pool
        self._key = key.encode()
        self._sessions: dict[str, Session] = {}
        self.tokens: frozenset[str] = frozenset()  # the hashes of those admitted
        self._used: dict[str, float] = {}  # when each was used last, since somebody asked

    def used(self) -> dict[str, float]:
        """How many seconds ago each token was used last, of those used since this was asked before."""
        now, used, self._used = time.monotonic(), self._used, {}
        return {token: now - at for token, at in used.items()}

    async def answer(self, request: Request) -> Response:
        try:
            data = await _body(request)
            message = quack.read(data)
        except (ValueError, ClientDisconnect):
            return PlainTextResponse(WELCOME, 400)
        try:
            said = await self._answer(request, data, message)
        except Unavailable as error:
            said = quack.error(str(error))
        return Response(said, media_type="application/vnd.duckdb")

    async def _answer(self, request: Request, data: bytes, message: quack.Message) -> bytes:
        if message.kind == Kind.CONNECT:
            return await self._connect(data, message)
        session = self._sessions.get(message.session) or self._known_before(message.session)
        if session is None:
            return quack.error(NO_SESSION)
        async with session.turn:
            session.used = time.monotonic()
            if session.token not in self.tokens or message.kind == Kind.DISCONNECT:
                await self._release(session)
                self._sessions.pop(message.session, None)
                return quack.done() if message.kind == Kind.DISCONNECT else quack.error(NOT_ADMITTED)
            self._used[session.token] = session.used
            if message.kind == Kind.PREPARE:
                return await self._prepare(request, session, data, message)
            if message.kind == Kind.FETCH:
                return await self._fetch(request, session, data, message)
            return quack.error(NOT_READING)

    async def _connect(self, data: bytes, message: quack.Message) -> bytes:
        token = secret_hash(message.text)
        if token not in self.tokens:
            return quack.error(NOT_ADMITTED)
        self._used[token] = time.monotonic()
        worker = await self._pool.take()
        try:
            welcome = await asyncio.to_thread(worker.welcome, data, message)
        except (Gone, TimeoutError):
            return quack.error(ENDED)
        finally:
            await self._pool.give(worker)
        said = quack.read(welcome)
        if said.kind != Kind.CONNECTED:
            return welcome
        await self._forget_some()
        name = self._name(secrets.token_hex(8), token)
        self._sessions[name] = Session(token, time.monotonic())
        return quack.addressed(welcome, said, name)

    def _name(self, first_half: str, token: str) -> str:
        signed = hmac.digest(self._key, f"{first_half}{token}".encode(), "sha256")
        return first_half + signed[:8].hex()

    def _known_before(self, name: str) -> Session | None:
        """A session that was begun at this door before its process was started anew."""
        for token in self.tokens:
            if hmac.compare_digest(name.encode(), self._name(name[:16], token).encode()):
                return self._sessions.setdefault(name, Session(token, time.monotonic(), lost=ENDED))
        return None

    async def _forget_some(self) -> None:
        """Of the sessions that nobody ended, let the oldest go: who comes back has the token to be known again."""
        by_use = sorted(self._sessions, key=lambda name: self._sessions[name].used)
        too_many = by_use[: max(0, len(by_use) - MOST_SESSIONS + 1)]
        before = time.monotonic() - FORGOTTEN
        for name in {*too_many, *(name for name in by_use if self._sessions[name].used < before)}:
            session = self._sessions.pop(name)
            async with session.turn:
                await self._release(session)

    async def _prepare(
        self, request: Request, session: Session, data: bytes, message: quack.Message
    ) -> bytes:
        await self._release(session)
        session.result, session.lost = b"", ""
        worker = await self._pool.take()
        try:
            instead = ATTACHING.get(" ".join(message.text.split()))
            refusal = None if instead else await asyncio.to_thread(worker.check, message.text)
        except Gone:
            refusal = ENDED
        except BaseException:
            await self._pool.give(worker)
            raise
        if refusal:
            await self._pool.give(worker)
            return quack.error(refusal)
        session.worker, session.left = worker, self._pool.limits.seconds
        if instead:
            data = quack.asking(data, message, instead)
        return await self._forward(request, session, worker, data, message)

    async def _fetch(self, request: Request, session: Session, data: bytes, message: quack.Message) -> bytes:
        if session.lost:
            return quack.error(session.lost)
        if not session.is_fetching(data, message):
            return quack.error(GAVE_WAY)
        if session.worker is None:
            return quack.nothing_more()
        self._pool.resume(session.worker)
        return await self._forward(request, session, session.worker, data, message)

    async def _forward(
        self, request: Request, session: Session, worker: Worker, data: bytes, message: quack.Message
    ) -> bytes:
        """Have the worker answer, and keep it for the session while there is more to fetch."""
        began = time.monotonic()
        failed, finished, said = ENDED, True, b""
        try:
            call = partial(worker.forward, data, message, session.left)
            said = await _while_wanted(request, call, worker.end)
            complaint = _complaint(said)
            failed = TOO_MUCH if OUT_OF_MEMORY.search(complaint) else ""
            if message.kind == Kind.PREPARE:
                session.result = said[-LONGEST_ID:]
            finished = bool(complaint) or await asyncio.to_thread(worker.finished)
        except TimeoutError:
            failed = TOO_LONG.format(seconds=f"{self._pool.limits.seconds:g}")
        except MemoryError:
            failed = TOO_MUCH
        except Gone:
            failed = ENDED
        finally:  # also where this is cancelled
            session.left -= time.monotonic() - began
            session.lost = failed
            if failed:
                worker.end()
            if failed or finished:
                await self._release(session)
            else:
                self._pool.hold(worker, partial(_lose, session))
        return quack.error(failed) if failed else said

    async def _release(self, session: Session) -> None:
        if session.worker is not None:
            worker, session.worker = session.worker, None
            await self._pool.give(worker)


def _complaint(said: bytes) -> str:
    """Why Quack does not answer, without the question, which it repeats below; '' where it does."""
    message = quack.read(said)
    return message.text.partition("\n")[0] or " " if message.kind == Kind.ERROR else ""


def _lose(session: Session) -> None:
    session.worker, session.lost = None, PUT_ASIDE


async def _while_wanted(request: Request, call: Callable[[], T], end: Callable[[], None]) -> T:
    """What the call returns; it is ended where the client goes away."""
    if await request.is_disconnected():
        raise Gone
    calling = asyncio.ensure_future(asyncio.to_thread(call))
    while not calling.done():
        await asyncio.wait([calling], timeout=0.5)
        if not calling.done() and await request.is_disconnected():
            end()
    return calling.result()


async def _body(request: Request) -> bytes:
    """Errors: `ValueError` where it is longer than any message of ours."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > LONGEST_MESSAGE:
            raise ValueError("too long")
    return data


async def _welcome(_: Request) -> Response:
    return PlainTextResponse(WELCOME)


def create_door(door: Door) -> Starlette:
    return Starlette(routes=[Route("/quack", door.answer, methods=["POST"]), Route("/", _welcome)])
