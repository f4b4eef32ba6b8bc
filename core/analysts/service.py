"""Analysts in the application: the process for their questions, kept running, told of new data and tokens, and asked."""

import http.client
import json
import logging
import os
import secrets
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from core import logs, services, sockets
from core.analysts import ABOUT, Answer
from core.analysts.limits import LATE, LONGEST, STOPPED, TOO_WORDY
from core.clock import Clock
from core.desk import Desk
from core.errors import Invalid, Unavailable
from core.facts import Facts
from core.model import SYSTEM, Caller
from core.settings import Settings

SOCKET = "analysts.sock"
COPIES = "analysts"  # the folder, in the data folder
TICK = 1.0  # seconds between looks at what has changed
USES = 60.0  # seconds between questions for who came
AGAIN = 5.0  # seconds until another copy is tried, where one failed
ANSWER_WITHIN = 60.0  # seconds a copy may take
ROOT = Path(__file__).parents[2]

log = logging.getLogger(__name__)


class Analysts:
    """Any number of threads ask; one keeps the process running and its data new, one says who is admitted: that somebody is
    not, any more, does not wait for a copy, nor for facts that are made anew."""

    def __init__(self, settings: Settings, desk: Desk, facts: Facts, clock: Clock) -> None:
        self._settings = settings
        self._desk = desk
        self._facts = facts
        self._clock = clock
        self._key = secrets.token_urlsafe(32)
        self._inside: socket.socket | None = None
        self._door: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._tending = threading.Lock()
        self._ending = threading.Event()
        self._copied: int | None = None  # the facts' `changes` that the copy in use has
        self._next_copy = 0.0
        self._admitting = threading.Lock()
        self._admitted: frozenset[str] | None = None  # the hashes of the tokens that the process knows
        self._next_uses = 0.0

    def open_door(self) -> None:
        """Take the port of the live server. Errors: `Unavailable` where it cannot be had."""
        host, port = self._settings.analysts_host, int(self._settings.analysts_port)
        if not port or self._door:
            return
        self._door = sockets.bind(host, port, "DESFECHO_ANALYSTS_PORT, or 0 for none")
        self._door.listen(512)

    def start(self) -> None:
        """Serve: open the door, and keep the process running and its data new until `stop`."""
        self.open_door()
        for name, work in {"analysts": self._tend, "analysts' tokens": self._tend_tokens}.items():
            threading.Thread(target=self._keep, args=(work,), name=name, daemon=True).start()

    def stop(self) -> None:
        self._ending.set()
        if self._process is not None:
            self._process.kill()  # so that nobody waits for it
        with self._tending:
            self._end_process()
            for listening in (self._inside, self._door):
                if listening:
                    listening.close()
            if self._inside:
                (self._settings.folder / SOCKET).unlink(missing_ok=True)

    def ask(
        self,
        caller: Caller,
        question: str,
        *,
        rows: int,
        newest: bool = False,
        stop: threading.Event | None = None,
    ) -> Answer:
        """Answer one SELECT over schema `analytics`, with at most so many rows; of the newest data, if need be.

        Errors: `NotPermitted`; `Invalid` with why it is refused, or DuckDB's own words; `Unavailable`.
        """
        services.check_asks_sql(self._desk, caller)
        if len(question) > LONGEST:
            raise Invalid(TOO_WORDY, field="sql", characters=LONGEST)
        if self._copied is None or newest:
            self._tend(at_once=True)
        began = time.monotonic()
        asked = {"question": question, "rows": rows, "newest": newest}
        about, stream = self._request("ask", asked, stop)
        as_of = datetime.fromisoformat(about["as_of"]).replace(tzinfo=UTC) if about["as_of"] else None
        table = pa.ipc.open_stream(stream).read_all()
        return Answer(table, about["more"], time.monotonic() - began, as_of)

    def snapshot(self, folder: Path) -> dict[str, Any]:
        """Write the facts as they are now into `folder`, an absolute path, complete or not at all.

        Returns {as_of, number, rows: {table: n}, files, bytes}. Errors: `Unavailable` with why not.
        """
        self._tend(at_once=True)
        copy = self._settings.folder / COPIES / f"snapshot-{secrets.token_hex(4)}"
        try:
            with self._facts.standing_still() as file:
                self._request("copy_to", {"file": str(file), "copy": str(copy)})
            written = subprocess.run(  # noqa: S603 - our own
                [sys.executable, "-m", "core.analysts.snapshot", str(copy), str(folder)],
                cwd=ROOT,
                env=_environment(),
                capture_output=True,
                text=True,
            )
        finally:
            copy.unlink(missing_ok=True)
        if written.returncode:
            said = written.stderr.strip().splitlines() or ["The snapshot was stopped."]
            raise Unavailable("{error}", error=said[-1])
        totals: dict[str, Any] = json.loads(written.stdout)
        return totals

    def _keep(self, tend: Callable[[], None]) -> None:
        while not self._ending.wait(TICK):
            try:
                tend()
            except Unavailable as error:
                if not self._ending.is_set():
                    log.warning("Analysts: %s", error)
            except Exception:
                log.exception("What analysts ask could not be kept up to date.")

    def _tend(self, at_once: bool = False) -> None:
        """Start the process where none runs, say who is admitted, and have it copy the facts when they have changed."""
        with self._tending:
            if self._ending.is_set():
                raise Unavailable(LATE)
            if self._process is None or self._process.poll() is not None:
                if self._process is not None:
                    log.warning(
                        "The analysts' process ended (%s): it is started anew.", self._process.returncode
                    )
                self._start_process()
            self._admit()
            if at_once or time.monotonic() >= self._next_copy:
                self._copy()

    def _tend_tokens(self) -> None:
        if self._admitted is not None:  # there is a process, and it knows of some
            self._admit()
            self._note_uses()

    def _admit(self) -> None:
        with self._admitting:
            process = self._process
            tokens = services.sql_tokens(self._desk, SYSTEM, now=self._clock())
            if tokens != self._admitted:
                self._request("admit", {"tokens": sorted(tokens)})
                if process is self._process:  # another one is told by who starts it
                    self._admitted = tokens

    def _note_uses(self) -> None:
        """Learn from the process, once in a while, which tokens were used."""
        if time.monotonic() < self._next_uses:
            return
        self._next_uses = time.monotonic() + USES
        _, said = self._request("used", {})
        now = self._clock()
        used = {token: now - timedelta(seconds=ago) for token, ago in json.loads(said).items()}
        if used:
            services.note_token_uses(self._desk, SYSTEM, used)

    def _copy(self) -> None:
        self._facts.catch_up(self._desk)
        changes = self._facts.changes
        if changes == self._copied:
            return
        began = time.monotonic()
        self._next_copy = began + AGAIN
        with self._facts.standing_still() as file:
            self._request("copy", {"file": str(file)})
        self._copied = changes
        took = time.monotonic() - began
        # What happens from now on is seen after the next copy, and what comes before it: a look, the copy, new workers.
        self._next_copy = began + max(TICK, int(self._settings.analysts_lag) - 2 * took - 5)

    def _start_process(self) -> None:
        self._end_process()
        if self._inside is None:
            self._inside = sockets.listen(self._settings.folder, SOCKET)
        handed = [listening.fileno() for listening in (self._inside, self._door) if listening]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.analysts"],
            stdin=subprocess.PIPE,
            pass_fds=handed,
            cwd=ROOT,
            env=_environment() | {logs.VARIABLE: self._settings.log},
            # Ctrl+C is for the application, which ends it. In a session of its own Linux would give it half of the machine.
            process_group=0,
        )
        assert self._process.stdin
        asked = {
            "folder": str(self._settings.folder / COPIES),
            "inside": self._inside.fileno(),
            "door": self._door.fileno() if self._door else None,
            "key": self._key,
            "seconds": int(self._settings.analysts_seconds),
            "memory": int(self._settings.analysts_memory),
        }
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()

    def _end_process(self) -> None:
        if self._process is not None:
            assert self._process.stdin
            with suppress(OSError):
                self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with self._admitting:
            self._process = self._copied = self._admitted = None
        self._next_copy = 0.0

    def _wait(self, answering: socket.socket, stop: threading.Event | None) -> None:
        """Wait until an answer begins. Errors: `Invalid` where `stop` is set; `Unavailable` where none will come."""
        poll = select.poll()
        poll.register(answering, select.POLLIN)
        until = time.monotonic() + ANSWER_WITHIN + int(self._settings.analysts_seconds)
        while not poll.poll(50):
            if stop is not None and stop.is_set():
                raise Invalid(STOPPED, field="sql")
            process = self._process
            if process is None or process.poll() is not None or time.monotonic() > until:
                raise Unavailable(LATE)

    def _request(
        self, path: str, asked: dict[str, Any], stop: threading.Event | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Ask the process: what its answer says, and the Arrow stream that comes with it.

        Errors: `Invalid` where it refuses, or `stop` was set meanwhile; `Unavailable`.
        """
        connection = http.client.HTTPConnection("inside", timeout=ANSWER_WITHIN)
        try:
            connection.sock = sockets.connect(self._settings.folder, SOCKET)
            connection.sock.settimeout(ANSWER_WITHIN)
            connection.request("POST", f"/{path}", json.dumps(asked), {"Content-Type": "application/json"})
            self._wait(connection.sock, stop)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(LATE) from error
        finally:
            connection.close()
        if response.status == 200:
            return json.loads(response.headers.get(ABOUT, "{}")), body
        said = json.loads(body) if response.headers.get_content_type() == "application/json" else {}
        refused, params = said.get("refused", ""), said.get("params", {})
        if "failed" in said:
            raise Unavailable("The facts could not be copied: {error}.", error=said["failed"])
        if response.status == 503:
            raise Unavailable(refused, **params)
        if response.status == 422:
            raise Invalid(refused, field="sql", **params)
        raise Unavailable(LATE)


def _environment() -> dict[str, str]:
    """What the processes of analysts get to know of the environment: none of the settings, which hold secrets."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
