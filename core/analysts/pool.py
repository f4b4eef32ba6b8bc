"""The workers there are, and whose turn it is."""

import asyncio
import http.client
import json
import logging
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from core.analysts import quack
from core.analysts.limits import BUSY, LATE, MEGABYTE, TOO_LONG, WORKERS, Limits
from core.errors import Unavailable

PATIENCE = 2.0  # seconds that a stopped question has to end by itself
CHECK = 10.0  # seconds that what usually takes a millisecond may take on a busy machine
UNWANTED = 1.0  # seconds after which a result that nobody goes on fetching gives way to a question that waits
SPENT = 0.25  # of its memory: a worker that keeps more than that after a question is replaced
PAGE = os.sysconf("SC_PAGE_SIZE")
FORGOTTEN = 5.0  # seconds after which a result of an older copy that nobody goes on fetching is let go
LARGEST_PIECE = 64 * MEGABYTE  # of an answer over Quack
START = 30.0  # seconds that a worker has to come up
WAIT = 8.0  # seconds that a question waits for a worker: with its own time, less than DuckDB's clients wait
log = logging.getLogger(__name__)


class Gone(Exception):
    """The worker is no more: its question was more than the process could bear."""


class Worker:
    """A worker, seen from the analysts' process. One thread at a time uses it; `kill` may come from any."""

    def __init__(self, copy: Path, spill: Path, limits: Limits) -> None:
        """Start it. Errors: `Gone` where it does not come up."""
        self.copy = copy
        self._share = limits.share * MEGABYTE
        self._ended = False
        self._spill = spill
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-m", "core.analysts.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        _make_modest(self._process.pid)
        self._pipe = Connection(ours.detach())
        self._port = _free_port()
        self._token = secrets.token_urlsafe(32)
        try:
            self._begin(limits)
        except BaseException:
            self.kill()
            raise

    def _begin(self, limits: Limits) -> None:
        asked = {
            "copy": str(self.copy),
            "spill": str(self._spill),
            "memory": limits.share,
            "port": self._port,
        }
        self._tell(asked | {"token": self._token})
        told = self._told(START)
        if "failed" in told:
            raise Gone(told["failed"])
        self.as_of: str | None = told["as_of"]
        connected = quack.read(self._post(quack.connect(self._token), START))
        if connected.kind != quack.Kind.CONNECTED:
            raise Gone(connected.text)
        self._session = connected.session
        self._reserved_first = self._reserved()
        self._tell({"do": "hold", "memory": limits.share})  # now that Quack's threads have begun

    @property
    def alive(self) -> bool:
        return not self._ended and self._process.poll() is None

    def kill(self) -> None:
        """End it, and what it has left."""
        self.end()
        self._process.wait()
        self._pipe.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    @property
    def spent(self) -> bool:
        """Whether it keeps so much of what it was lent for earlier questions that the next would have too little."""
        return self._reserved() - self._reserved_first > SPENT * self._share

    def _reserved(self) -> int:
        """Bytes that the process has reserved for data, which is what it is held to."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[5]
        except (OSError, IndexError):  # it has ended
            return 0
        return int(pages) * PAGE

    def end(self) -> None:
        """End whatever it does, from any thread; who waits for it finds it `Gone`."""
        self._ended = True
        self._process.kill()

    def welcome(self, data: bytes, message: quack.Message) -> bytes:
        """What Quack says to a client that connects, whose token the door has known. Errors: `Gone`, `TimeoutError`."""
        said = self._post(quack.asking(data, message, self._token), CHECK)
        opened = quack.read(said)
        if opened.kind == quack.Kind.CONNECTED:  # it is not used: the worker has one session of its own
            self._post(quack.disconnect(opened.session), CHECK)
        return said

    def check(self, question: str) -> str | None:
        """Why a question is refused; None: it may be asked."""
        self._tell({"do": "check", "question": question})
        told = self._told(CHECK)
        return told["refused"].format(**told["params"]) if "refused" in told else None

    def ask(self, question: str, rows: int, seconds: float, gone: Callable[[], bool]) -> dict[str, Any]:
        """Have a question answered. `gone`: whether who asked still waits.

        Returns {more, stream} or {refused, params}. Errors: `Gone`.
        """
        self._tell({"do": "ask", "question": question, "rows": rows})
        until = time.monotonic() + seconds
        stopped = None
        while not self._has_told(0.05):
            if stopped is None and (gone() or time.monotonic() > until):
                stopped = time.monotonic()
                self._tell({"do": "stop"})
            if stopped is not None and time.monotonic() > stopped + PATIENCE:
                self.kill()
                return _too_long(seconds)
        told = self._told(PATIENCE)
        if "refused" not in told:
            told["stream"] = self._stream()
        elif stopped is not None:
            return _too_long(seconds)
        return told

    def forward(self, data: bytes, message: quack.Message, seconds: float) -> bytes:
        """What Quack says to a client's message. Errors: `TimeoutError`, `Gone`."""
        return self._post(quack.addressed(data, message, self._session), seconds)

    def finished(self) -> bool:
        """Whether Quack has given all there is of its last answer."""
        self._tell({"do": "finished"})
        return bool(self._told(CHECK)["finished"])

    def _post(self, data: bytes, seconds: float) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=max(seconds, 0.1))
        try:
            connection.request("POST", "/quack", data, {"Content-Type": "application/octet-stream"})
            response = connection.getresponse()
            said = response.read(LARGEST_PIECE + 1)
            if len(said) > LARGEST_PIECE:
                raise MemoryError
            if response.status != 200:
                raise Gone(f"Quack answered {response.status}")
            quack.read(said)
            return said
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Gone from error
        finally:
            connection.close()

    def _stream(self) -> bytes:
        with _or_gone():
            return self._pipe.recv_bytes()

    def _tell(self, what: dict[str, Any]) -> None:
        with _or_gone():
            self._pipe.send_bytes(json.dumps(what).encode())

    def _has_told(self, seconds: float) -> bool:
        with _or_gone():
            return self._pipe.poll(seconds)

    def _told(self, seconds: float) -> dict[str, Any]:
        if not self._has_told(seconds):
            self.end()  # what it says later would be taken for another answer
            raise Gone
        told: dict[str, Any] = json.loads(self._stream())
        return told


@contextmanager
def _or_gone() -> Iterator[None]:
    """The pipe to a worker breaks when its process ends."""
    try:
        yield
    except (OSError, EOFError) as error:
        raise Gone from error


def _too_long(seconds: float) -> dict[str, Any]:
    return {"refused": TOO_LONG, "params": {"seconds": f"{seconds:g}"}}


def _make_modest(pid: int) -> None:
    """Let a process run only while nobody else wants to: what an agent waits for goes first, always."""
    try:
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, pid, 19)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Held:
    """A worker whose result somebody is fetching."""

    since: float
    let_go: Callable[[], None]  # tells them that it was taken away


class Pool:
    """So many workers, no more: a newer copy takes the place of an older one as its worker becomes free.

    Used on the event loop's thread.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        """`folder`: of the copies, and of what the workers spill."""
        self.limits = limits
        self._folder = folder
        self._copy: Path | None = None  # the newest
        self._free: deque[Worker] = deque()
        self._held: dict[Worker, Held] = {}
        self._count = 0  # of workers, whatever their copy
        self._started = 0
        self._starting_on: Path | None = None  # the copy that a worker is about to open
        self._changed = asyncio.Condition()
        self._missing = asyncio.Event()
        self._ends: set[asyncio.Task[None]] = set()

    def use(self, copy: Path) -> None:
        """Answer on this copy as soon as may be; questions that run finish on theirs."""
        before, self._copy = self._copy, copy
        if before is not None and before != self._starting_on:
            before.unlink(missing_ok=True)  # who has it open keeps it until the end
        self._missing.set()

    async def keep_full(self) -> None:
        """Start the workers that are missing or of an older copy, for ever."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._missing.wait(), 1)
            self._missing.clear()
            self._let_go_of_older()
            while (copy := self._copy) is not None and (self._count < WORKERS or self._older(self._free)):
                try:
                    await self._add(copy)
                except (Gone, OSError, TimeoutError) as error:
                    if copy != self._copy:
                        continue  # it was of a copy that has gone since
                    why = str(error) or "it ended"
                    log.warning("A process for analysts' questions did not start: %s", why)
                    await asyncio.sleep(2)

    async def _add(self, copy: Path) -> None:
        """One more, or one in the place of an older one, which answers until then."""
        self._started += 1
        spill = self._folder / f"spill-{self._started}"
        self._starting_on = copy
        try:
            worker = await asyncio.to_thread(Worker, copy, spill, self.limits)
        finally:
            self._starting_on = None
            if copy != self._copy:  # it was replaced meanwhile, and by now is open or of no use
                copy.unlink(missing_ok=True)
        if self._count >= WORKERS and (older := self._older(self._free)):
            self._free.remove(older[0])
            self._retire(older[0])
        if self._count >= WORKERS:  # the older one was taken meanwhile
            await asyncio.to_thread(worker.kill)
            return
        self._count += 1
        await self._offer(worker)

    def _older(self, workers: Iterable[Worker]) -> list[Worker]:
        return [worker for worker in workers if worker.copy != self._copy]

    def _let_go_of_older(self) -> None:
        """Of results on older copies, those that nobody goes on fetching."""
        before = time.monotonic() - FORGOTTEN
        for worker in self._older(list(self._held)):
            if self._held[worker].since < before:
                self._held.pop(worker).let_go()
                self._retire(worker)

    def _retire(self, worker: Worker) -> None:
        """It is no more one of the workers, and comes to its end."""
        self._count -= 1
        self._missing.set()
        worker.end()
        end = asyncio.create_task(asyncio.to_thread(worker.kill))
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)

    async def _offer(self, worker: Worker) -> None:
        async with self._changed:
            self._free.append(worker)
            self._changed.notify()

    async def take(self, *, newest: bool = False) -> Worker:
        """A worker to ask, to be given back; `newest`: on no copy but the newest.

        Errors: `Unavailable` where none becomes free in time.
        """
        until = time.monotonic() + WAIT
        async with self._changed:
            while time.monotonic() < until:
                for worker in list(self._free):
                    if not worker.alive:
                        self._free.remove(worker)
                        self._retire(worker)
                    elif worker.copy == self._copy or not newest:
                        self._free.remove(worker)
                        return worker
                for worker, held in list(self._held.items()):
                    if worker.alive and held.since > time.monotonic() - UNWANTED:
                        continue
                    self._held.pop(worker).let_go()
                    if worker.alive and worker.copy == self._copy:
                        return worker
                    self._retire(worker)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.2)
        raise Unavailable(BUSY if self._count else LATE)

    async def give(self, worker: Worker) -> None:
        """Give a worker back: to the next question, or to its end where it is of an older copy."""
        self._held.pop(worker, None)
        if worker.alive and worker.copy == self._copy and not worker.spent:
            await self._offer(worker)
        else:
            self._retire(worker)

    def hold(self, worker: Worker, let_go: Callable[[], None]) -> None:
        """Keep a worker for who fetches its result, until they pause while others wait."""
        self._held[worker] = Held(time.monotonic(), let_go)

    def resume(self, worker: Worker) -> None:
        self._held.pop(worker, None)
