"""The people and programs: each follows a plan of its own, drawn from the seed, whatever the server does meanwhile."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx2

from tests.torture.ledger import MARK, Ledger, Request

KINDS = {"message": 40, "reply": 8, "conclude": 24, "edit": 8, "reopen": 8, "assign": 8, "old": 4}
CONTACTS = 40
LARGE = 200_000  # characters of a text, where the desk's file is to grow
PATIENCE = 60.0


@dataclass(frozen=True)
class Step:
    """What somebody does next. `pick`, from 0 to 1, says with which of what there is."""

    number: int
    kind: str
    pick: float
    also: float  # another one
    keyed: bool
    twice: bool  # sent again at once, on purpose
    classified: bool


def plan(seed: int, client: int) -> Iterator[Step]:
    chance = Random(f"{seed} client {client}")
    number = 0
    while True:
        number += 1
        (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
        yield Step(
            number, kind, chance.random(), chance.random(),
            chance.random() < 0.6, chance.random() < 0.1, chance.random() < 0.7,
        )  # fmt: skip


class Gate:
    """Where clients wait while the server is down or looked at."""

    def __init__(self, clients: int) -> None:
        self._changed = threading.Condition()
        self._clients, self._waiting, self._open = clients, 0, False
        self.ended = False

    def pass_through(self) -> bool:
        """Wait until it is open; False: go home."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open or self.ended)
            self._waiting -= 1
            return not self.ended

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def shut(self) -> None:
        """Let nobody through any more."""
        self._open = False

    def gather(self) -> None:
        """Wait until all are here."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._waiting == self._clients, 2 * PATIENCE)
            assert came, "a client did not come back"

    def end(self) -> None:
        with self._changed:
            self.ended = True
            self._changed.notify_all()


@dataclass
class Places:
    """What all clients know of: where to go next, and what was touched since the last check."""

    open: deque[str] = field(default_factory=lambda: deque(maxlen=40))
    concluded: deque[str] = field(default_factory=lambda: deque(maxlen=40))
    touched: set[str] = field(default_factory=set)
    large: bool = False  # texts are long


@dataclass(frozen=True)
class Team:
    users: list[tuple[str, str]]  # id and token of each client's person
    poster: tuple[str, str]  # who posts messages
    reasons: list[str]  # that carry a value


# What answers without leaving a row where it says what is so already: taken by who has it, classified as it was.
NOTHING = ("assign", "edit")


class Client(threading.Thread):
    def __init__(
        self, seed: int, number: int, url: str, team: Team, gate: Gate, ledger: Ledger, places: Places
    ) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self._seed, self._number, self._team, self._gate, self._ledger, self._places = (
            seed, number, team, gate, ledger, places,
        )  # fmt: skip
        self._user, self._token = team.users[number]
        self._http = httpx2.Client(base_url=f"{url}/api/v1", timeout=PATIENCE, trust_env=False)
        self._own: list[str] = []  # conclusions
        self._keyed: list[Request] = []  # answered

    def run(self) -> None:
        try:
            for step in plan(self._seed, self._number):
                if not self._gate.pass_through():
                    return
                self._do(step)
        except Exception as error:
            self._ledger.fault(f"client {self._number} broke: {error!r}")
            raise
        finally:
            self._http.close()

    # Steps ----------------------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        if step.kind == "old":
            if self._keyed:
                self._again(self._keyed[int(step.pick * len(self._keyed))])
            return
        request = getattr(self, f"_{step.kind}")(step)
        if request is None:
            return
        self._ask(request)
        if request.state == "in doubt":
            self._doubting(request, step)
        elif step.twice and (request.key or request.kind == "message"):
            self._again(request)

    def _doubting(self, request: Request, step: Step) -> None:
        """The server went while it was asked: wait for another, by when it is known what became of it, and ask again
        where that does no harm."""
        if not self._gate.pass_through() or not (
            request.key or (request.kind == "message" and step.classified)
        ):
            return
        self._again(request)

    def _again(self, request: Request) -> None:
        """The same once more: what took effect is answered as before, what did not may do so now."""
        again = Request(
            request.kind, request.user, request.method, request.path, request.body, request.key, request.conversation,
            request.conclusion,
        )  # fmt: skip
        before, answer = request.state, request.answer
        self._ask(again)
        if again.state in ("in doubt", "unsent") or "concurrent_change" in (
            answer.get("code"),
            again.answer.get("code"),
        ):
            return  # that is no answer to keep
        if request.key:
            if before in ("answered", "found", "refused") and not again.replayed:
                self._ledger.fault("a key that was answered is answered anew", again)
            elif before in ("answered", "refused") and again.answer != answer:
                self._ledger.fault(f"another answer than the first: {answer} and {again.answer}", again)
            elif (
                before == "absent"
                and again.replayed
                and again.state == "answered"
                and again.kind not in NOTHING
            ):
                self._ledger.fault(
                    "an answer to what did not take effect", again
                )  # refusals are kept as well
        elif before in ("answered", "found") and again.answer.get("outcome") != "duplicate":
            self._ledger.fault(f"a message that was there is {again.answer}", again)
        if (
            before == "found"
            and again.state == "answered"
            and request.effect != again.effect
            and again.effect
        ):
            self._ledger.fault(f"found as {request.effect}, answered as {again.effect}", again)

    def _message(self, step: Step, **more: Any) -> Request:
        mark = f"{MARK}{self._seed}-{self._number}-{step.number}"
        address = f"contact-{int(step.pick * CONTACTS)}"
        sent = datetime.now(UTC) - timedelta(seconds=step.also * 600 if step.twice else 0)
        text = f"{mark} text"
        if self._places.large:
            address, text = (
                f"large-{int(step.pick * 4)}-{len(self._ledger.requests) // 2000}",
                f"{mark} {'x' * LARGE}",
            )
        body = {"channel": "webchat", "contact": {"address": address, "name": address}, "external_id": mark,
                "sent_at": sent.isoformat(), "body": text, **more}  # fmt: skip
        return Request("message", self._team.poster[0], "POST", "/messages", body, self._key(step), None)

    def _reply(self, step: Step) -> Request:
        return self._message(step, direction="out", agent_id=self._user)

    def _conclude(self, step: Step) -> Request | None:
        where = self._pick(self._places.open, step)
        if where is None:
            return None
        body = self._classification(step) if step.classified else {}
        return self._request("conclude", "POST", f"/conversations/{where}/conclude", body, step, where)

    def _edit(self, step: Step) -> Request | None:
        conclusion = self._pick(self._own[-10:], step)
        if conclusion is None:
            return None
        of, _, where = conclusion.partition(" ")
        path = f"/conclusions/{of}/classification"
        made = self._request("edit", "PUT", path, self._classification(step), step, where)
        made.conclusion = of
        return made

    def _reopen(self, step: Step) -> Request | None:
        where = self._pick(self._places.concluded, step)
        return where and self._request("reopen", "POST", f"/conversations/{where}/reopen", {}, step, where)  # type: ignore[return-value]

    def _assign(self, step: Step) -> Request | None:
        where = self._pick(self._places.open, step)
        to = self._team.users[int(step.also * len(self._team.users))][0] if step.classified else self._user
        return where and self._request(  # type: ignore[return-value]
            "assign", "POST", f"/conversations/{where}/assign", {"agent_id": to}, step, where
        )

    def _classification(self, step: Step) -> dict[str, Any]:
        """Of a value that no other request has."""
        reason = self._team.reasons[int(step.also * len(self._team.reasons))]
        return {"reason_id": reason, "value": f"{self._number + 1}{step.number:07}.{step.number % 90 + 10}"}

    def _pick(self, among: Any, step: Step) -> Any:
        known = list(among)
        return known[int(step.pick * len(known))] if known else None

    def _key(self, step: Step) -> str | None:
        return f"{self._seed}-{self._number}-{step.number}" if step.keyed else None

    def _request(
        self, kind: str, method: str, path: str, body: dict[str, Any], step: Step, where: str
    ) -> Request:
        return Request(kind, self._user, method, path, body, self._key(step), where)

    # Asking ---------------------------------------------------------------------------------------

    def _ask(self, request: Request) -> None:
        """Send it, and write down what came of it."""
        self._ledger.add(request)
        token = self._team.poster[1] if request.kind == "message" else self._token
        headers = {"Authorization": f"Bearer {token}"} | (
            {"Idempotency-Key": request.key} if request.key else {}
        )
        try:
            answer = self._http.request(request.method, request.path, json=request.body, headers=headers)
        except httpx2.ConnectError:
            request.state = "unsent"
            return
        except httpx2.TransportError:
            request.state = "in doubt"
            if request.conversation:
                self._places.touched.add(request.conversation)
            return
        request.answer, request.replayed = answer.json(), "Idempotent-Replayed" in answer.headers
        request.state = "answered" if answer.status_code < 300 else "refused"
        if answer.status_code >= 500 or answer.status_code in (400, 401, 404, 422):
            self._ledger.fault(f"answered {answer.status_code}: {answer.text[:300]}", request)
        if request.key and request.answer.get("code") != "concurrent_change":
            self._keyed.append(request)
        if request.state == "answered":
            self._learn(request)

    def _learn(self, request: Request) -> None:
        if request.kind == "message":
            request.effect = request.answer["conversation_id"]
            self._places.open.append(request.answer["conversation_id"])
            self._places.touched.add(request.answer["conversation_id"])
            return
        assert request.conversation
        self._places.touched.add(request.conversation)
        if request.kind == "conclude":
            request.effect = request.answer["id"]
            self._own.append(f"{request.effect} {request.conversation}")
            self._places.concluded.append(request.conversation)
        elif request.kind == "edit":
            request.effect = request.conclusion
        elif request.kind == "assign":
            request.effect = request.conversation
        elif request.kind == "reopen":
            self._places.open.append(request.conversation)
