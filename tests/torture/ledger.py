"""What the clients asked and were answered, and its comparison with what the desk holds.

Each request bears a mark that no other has: a message its external id, a classification its value. So what is there
tells whose it is: every answer must be found in full, every request without an answer in full or not at all, and
nothing that nobody asked for.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

MARK = "torture-"  # how external ids begin, and the texts, which begin with theirs

Version = tuple[str, str, str]  # reason, value, who


@dataclass(eq=False)
class Request:
    """One request, and what came of it. Ids are texts."""

    kind: str  # message, conclude, edit, reopen, assign
    user: str
    method: str
    path: str
    body: dict[str, Any]
    key: str | None
    conversation: str | None  # None: a message, which is answered with its own
    conclusion: str | None = None  # that an edit is of
    state: str = "sent"  # answered, refused, unsent, in doubt; then found or absent
    answer: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False
    effect: str | None = None  # the id of what it made, where that is known: the conversation of a message

    @property
    def mark(self) -> str:
        return str(self.body["external_id"])

    @property
    def version(self) -> Version | None:
        value = self.body.get("value")
        return (self.body["reason_id"], value, self.user) if value else None

    @property
    def took_effect(self) -> bool:
        return self.state in ("answered", "found")


@dataclass
class State:
    """What a desk, or some of its conversations, hold."""

    conversations: set[str] = field(default_factory=set)
    messages: dict[str, list[str]] = field(default_factory=dict)  # the conversations that hold each mark
    conclusions: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # conversation, who
    versions: dict[str, list[Version]] = field(default_factory=dict)  # of a conclusion, in their order
    reopenings: dict[str, tuple[str, str | None, datetime, str]] = field(default_factory=dict)
    assignments: Counter[tuple[str, str | None, str | None]] | None = None  # None: HTTP does not tell


def from_file(connection: duckdb.DuckDBPyConnection) -> State:
    def rows(question: str) -> list[tuple[Any, ...]]:
        return connection.execute(question).fetchall()

    state = State(assignments=Counter())
    state.conversations = {one for (one,) in rows("SELECT id::VARCHAR FROM conversations")}
    for mark, where in rows(
        "SELECT external_id, conversation_id::VARCHAR FROM messages WHERE external_id IS NOT NULL"
    ):
        state.messages.setdefault(mark, []).append(where)
    for id_, where, who in rows(
        "SELECT id::VARCHAR, conversation_id::VARCHAR, concluded_by::VARCHAR FROM conclusions"
    ):
        state.conclusions[id_] = where, who
    for of, *version in rows(
        "SELECT conclusion_id::VARCHAR, reason_id::VARCHAR, value::VARCHAR, classified_by::VARCHAR FROM classifications"
        " ORDER BY version"
    ):
        state.versions.setdefault(of, []).append((version[0], version[1], version[2]))
    for id_, *reopening in rows(
        "SELECT id::VARCHAR, conversation_id::VARCHAR, reopened_by::VARCHAR, reopened_at, cause"
        " FROM reopenings"
    ):
        state.reopenings[id_] = reopening[0], reopening[1], reopening[2], reopening[3]
    state.assignments = Counter(
        rows("SELECT conversation_id::VARCHAR, assigned_to::VARCHAR, assigned_by::VARCHAR FROM assignments")
    )  # type: ignore[arg-type]
    return state


def from_answers(details: Iterable[dict[str, Any]]) -> State:
    """Of conversations as `GET /conversations/{id}` answers."""
    state = State()
    for detail in details:
        state.conversations.add(detail["id"])
        for message in detail["messages"]:
            if message["body"].startswith(MARK):
                state.messages.setdefault(message["body"].split(" ")[0], []).append(detail["id"])
        for conclusion in detail["conclusions"]:
            state.conclusions[conclusion["id"]] = detail["id"], _id(conclusion["concluded_by"])
            state.versions[conclusion["id"]] = [
                (version["reason_id"], version["value"], _id(version["classified_by"]) or "")
                for version in conclusion["versions"]
            ]
        for one in detail["reopenings"]:
            state.reopenings[one["id"]] = (
                detail["id"], _id(one["reopened_by"]), moment(one["reopened_at"]), one["cause"],
            )  # fmt: skip
    return state


def _id(person: dict[str, Any] | None) -> str | None:
    return person["id"] if person else None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


class Ledger:
    """Everything that was asked. Clients write while the coordinator waits, and it compares while they wait."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.before = State()  # what was there before the first request
        self.faults: list[str] = []
        self.lock = threading.Lock()

    def add(self, request: Request) -> Request:
        with self.lock:
            self.requests.append(request)
        return request

    def fault(self, what: str, request: Request | None = None) -> None:
        asked = f" ({request.kind} {request.path} {request.key or '-'} {request.state})" if request else ""
        with self.lock:
            self.faults.append(what + asked)

    def count(self, *states: str) -> int:
        return sum(request.state in states for request in list(self.requests))

    def compare(self, state: State, where: str) -> None:
        """Look for every request in `state`, and for what no request asked for; settle what was in doubt."""
        whole = state.assignments is not None
        comparison = _Comparison(self, state, where)
        mine = [r for r in self.requests if whole or _conversation(r) in state.conversations]
        for request in mine:
            if request.took_effect:
                comparison.expect(request)
        for request in mine:
            if request.state == "in doubt":
                comparison.settle(request)
        comparison.rest(whole)


def _conversation(request: Request) -> str | None:
    return request.effect if request.kind == "message" else request.conversation


class _Comparison:
    def __init__(self, ledger: Ledger, state: State, where: str) -> None:
        self.ledger, self.state, self.where = ledger, state, where
        self.messages: dict[str, str] = {}
        self.conclusions = set(ledger.before.conclusions)
        self.reopenings = set(ledger.before.reopenings)
        self.versions: dict[str, set[Version]] = {}
        self.reopened: Counter[str] = Counter()  # by messages: at least so often
        self.perhaps: Counter[str] = Counter()  # and perhaps so much more often
        self.assigned: Counter[tuple[str, str | None, str | None]] = Counter()
        self.handed = {made[:2] for made in state.assignments or ()}
        for conversation, who, _, cause in state.reopenings.values():
            concluders = (
                {by for of, by in state.conclusions.values() if of == conversation}
                if cause == "message"
                else {who}
            )
            self.handed |= {(conversation, one) for one in concluders}

    def fault(self, what: str, request: Request | None = None) -> None:
        self.ledger.fault(f"{self.where}: {what}", request)

    # What was answered, or found before, is there --------------------------------------------------

    def expect(self, request: Request) -> None:
        getattr(self, f"_expect_{request.kind}")(request)

    def _expect_message(self, request: Request) -> None:
        assert request.effect
        held = self.state.messages.get(request.mark, [])
        if held != [request.effect]:
            self.fault(f"the message is in {held}, not once in {request.effect}", request)
        if request.mark not in self.messages and request.state == "found":
            self.perhaps[request.effect] += 1
        if request.answer.get("outcome") == "reopened":
            self.reopened[request.effect] += not request.replayed
        self.messages[request.mark] = request.effect

    def _expect_conclude(self, request: Request) -> None:
        assert request.effect
        self.conclusions.add(request.effect)
        if self.state.conclusions.get(request.effect) != (request.conversation, request.user):
            self.fault("the conclusion is not there", request)
        if request.version:
            self.versions.setdefault(request.effect, set()).add(request.version)
            if self.state.versions.get(request.effect, [])[:1] != [request.version]:
                self.fault("the conclusion is there without its classification", request)

    def _expect_edit(self, request: Request) -> None:
        assert request.conclusion and request.version
        self.versions.setdefault(request.conclusion, set()).add(request.version)
        if self.state.versions.get(request.conclusion, []).count(request.version) != 1:
            self.fault("the version is not there once", request)

    def _expect_reopen(self, request: Request) -> None:
        if request.effect is None:  # answered: known by its time
            expected = request.conversation, request.user, moment(request.answer["since"]), "manual"
            request.effect = next(
                (id_ for id_, one in self.state.reopenings.items() if one == expected), None
            )
        if request.effect not in self.state.reopenings:
            self.fault("the reopening is not there", request)
        else:
            self.reopenings.add(request.effect)

    def _expect_assign(self, request: Request) -> None:
        assert request.conversation
        made = request.conversation, request.body["agent_id"], request.user
        self.assigned[made] += 1
        if (
            self.state.assignments is not None and made[:2] not in self.handed
        ):  # by whomever: it was theirs already
            self.fault("the assignment is not there", request)

    # What was not answered is there whole or not at all --------------------------------------------

    def settle(self, request: Request) -> None:
        request.effect = getattr(self, f"_settle_{request.kind}")(request)
        request.state = "found" if request.effect else "absent"

    def _settle_message(self, request: Request) -> str | None:
        held = self.state.messages.get(request.mark, [])
        if len(held) > 1:
            self.fault(f"the message is there {len(held)} times", request)
        if not held:
            return None
        if request.mark not in self.messages:
            self.perhaps[held[0]] += 1
        self.messages[request.mark] = held[0]
        return held[0]

    def _settle_conclude(self, request: Request) -> str | None:
        for id_, made in self.state.conclusions.items():
            versions = self.state.versions.get(id_, [])
            same = versions[:1] == [request.version] if request.version else not versions
            if id_ not in self.conclusions and made == (request.conversation, request.user) and same:
                self.conclusions.add(id_)
                if request.version:
                    self.versions.setdefault(id_, set()).add(request.version)
                return id_
        return None

    def _settle_edit(self, request: Request) -> str | None:
        assert request.conclusion and request.version
        if request.version not in self.state.versions.get(request.conclusion, []):
            return None
        self.versions.setdefault(request.conclusion, set()).add(request.version)
        return request.conclusion

    def _settle_reopen(self, request: Request) -> str | None:
        for id_, (conversation, who, _, cause) in self.state.reopenings.items():
            if id_ not in self.reopenings and (conversation, who, cause) == (
                request.conversation,
                request.user,
                "manual",
            ):
                self.reopenings.add(id_)
                return id_
        return None

    def _settle_assign(self, request: Request) -> str | None:
        made = str(request.conversation), request.body["agent_id"], request.user
        there = self.state.assignments[made] if self.state.assignments is not None else 0
        if there <= self.assigned[made]:
            return None
        self.assigned[made] += 1
        return request.conversation

    # Nothing else is there ---------------------------------------------------------------------------

    def rest(self, whole: bool) -> None:
        for mark in self.state.messages.keys() - self.messages.keys() - self.ledger.before.messages.keys():
            self.fault(f"nobody's message: {mark}")
        for id_ in self.state.conclusions.keys() - self.conclusions:
            self.fault(f"nobody's conclusion: {id_} with versions {self.state.versions.get(id_)}")
        for id_, versions in self.state.versions.items():
            known = len(self.versions.get(id_, ())) + len(self.ledger.before.versions.get(id_, ()))
            if len(versions) != known and id_ in self.conclusions:
                self.fault(f"{len(versions)} versions, {known} asked for: {id_}")
        by_message: Counter[str] = Counter()
        for id_, (conversation, _, _, cause) in self.state.reopenings.items():
            if id_ in self.reopenings:
                continue
            if cause == "message":
                by_message[conversation] += 1
            else:
                self.fault(f"nobody's reopening: {id_}")
        for conversation in self.state.conversations:
            least, most = (
                self.reopened[conversation],
                self.reopened[conversation] + self.perhaps[conversation],
            )
            if not least <= by_message[conversation] <= most:
                self.fault(
                    f"reopened by {by_message[conversation]} messages, of {least} to {most}: {conversation}"
                )
        if not whole:
            return
        if lost := self.ledger.before.conversations - self.state.conversations:
            self.fault(f"conversations are lost: {sorted(lost)}")
        begun = set(self.messages.values()) | self.ledger.before.conversations
        if more := self.state.conversations - begun:
            self.fault(f"nobody's conversations: {sorted(more)}")
        assert self.state.assignments is not None and self.ledger.before.assignments is not None
        assigners = {request.user for request in self.ledger.requests if request.kind == "assign"}
        for (
            made,
            times,
        ) in self.state.assignments.items():  # the team's own messages assign too, by who posts them
            if times > self.assigned[made] + self.ledger.before.assignments[made] and made[2] in assigners:
                self.fault(f"assigned {times} times, {self.assigned[made]} asked for: {made}")
