"""People using the pages: how long a run of a page takes with one person alone, and with fifty at once.

No browser: each person speaks Streamlit's own protocol over a websocket, as its front end does. They send the state of
every widget with each request, keep and offer large messages they have, follow the address the server names, and let
the fragments that ask for it (`run_every`) run again. All people are one process and one loop, which is not the
server's: on two cores each has one.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from core import identity
from core.clock import system_clock
from core.desk import Desk
from tests.server import run, serving


@dataclass(frozen=True)
class Action:
    """What a person does: the widgets used one after the other, by key, of those that are there.

    A key that ends in `-` begins the keys of many, of which one is used.
    """

    name: str
    often: int
    keys: tuple[str, ...]


# How a widget is used depends on its kind, and is said at `USES`; of our own components, at `EVENTS`.
ACTIONS = (
    Action("open", 6, ("open-", "rows")),
    Action("folder", 3, ("folder",)),
    Action("search", 2, ("q",)),
    Action("page", 2, ("page",)),
    Action("conclude", 2, ("conclude", "conclude-only", "classify-")),
)
WORDS = ("óculos", "lente", "receita", "Pix", "garantia", "maria")
WRONG = "Algo deu errado"  # how the shell begins what it says about an error

EVERY = 20.0  # seconds between the actions of one person
EVERY_ALONE = 2.0
WITHIN = 2.0  # between the steps of one action
ARRIVE_IN = 20.0  # seconds in which all people have come
PATIENCE = 60.0  # seconds after which no answer is an error
SHOWN_ERRORS = 5


# What a browser keeps ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Widget:
    """One on the page, and the fragment it is in, which is what runs again when it is used."""

    id: str
    kind: str
    proto: Any  # Button, TextInput, …
    fragment: str

    @property
    def key(self) -> str:
        return self.id.split("-", maxsplit=2)[-1]


@dataclass(frozen=True)
class Node:
    run: str
    fragment: str
    kind: str
    element: Element | None  # None: a block


@dataclass
class Kept:
    message: ForwardMsg
    run: int


class Page:
    """One page as a browser has it: no more of it than is needed to go on talking."""

    def __init__(self, url: str, query: str) -> None:
        self.query = query
        self.script = ""
        self.keep_for = 2
        self._context = ContextInfo(
            timezone="America/Sao_Paulo", timezone_offset=180, locale="pt-BR", url=f"{url}/?{query}",
            is_embedded=False, color_scheme="light",
        )  # fmt: skip
        self._nodes: dict[tuple[int, ...], Node] = {}
        self._states: dict[str, WidgetState] = {}
        self._kept: dict[str, Kept] = {}
        self._runs = 0
        self._begun = False  # whether a run began since the last was asked for
        self._run = ""
        self._fragments: frozenset[str] = frozenset()

    def request(self, fragment: str = "", used: WidgetState | None = None, automatic: bool = False) -> bytes:
        """What asks for a run. `used` is what was done: a value stays, a press does not."""
        states = self._states | ({used.id: used} if used else {})
        if used and used.WhichOneof("value") not in ("trigger_value", "json_trigger_value"):
            self._states = states
        asked = ClientState(
            query_string=self.query, page_script_hash=self.script, fragment_id=fragment,
            is_auto_rerun=automatic, cached_message_hashes=list(self._kept), context_info=self._context,
        )  # fmt: skip
        asked.widget_states.widgets.extend(states.values())
        self._begun = False
        data: bytes = BackMsg(rerun_script=asked).SerializeToString()
        return data

    def read(self, data: bytes) -> ForwardMsg:
        """A message whole, where the server sent only the hash of one that is here already.

        Errors: `KeyError` where it is not.
        """
        message = ForwardMsg()
        message.ParseFromString(data)
        if message.WhichOneof("type") == "ref_hash":
            kept = self._kept[message.ref_hash]
            kept.run = self._runs
            whole = ForwardMsg()
            whole.CopyFrom(kept.message)
            whole.metadata.CopyFrom(message.metadata)
            return whole
        if message.metadata.cacheable and message.hash:
            self._kept.setdefault(message.hash, Kept(message, self._runs)).run = self._runs
        return message

    def take(self, message: ForwardMsg) -> None:
        """Let the page be what the message says."""
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._draw(message)
        elif kind == "new_session":
            self._begun = True
            self._run = message.metadata.run.script_run_id
            self._fragments = frozenset(message.metadata.run.fragment_ids)
            self.keep_for = message.new_session.config.max_cached_message_age
            if not self._fragments:
                self.script = message.new_session.page_script_hash
        elif kind == "navigation":
            self.script = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._forget()
            if message.script_finished != ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self._clear()

    def widgets(self) -> list[Widget]:
        """Those that can be used, as they stand on the page."""
        found = []
        for _, node in sorted(self._nodes.items()):
            if node.element is not None and node.kind in USES:
                proto = getattr(node.element, node.kind)
                if not getattr(proto, "disabled", False):  # a component of our own has no such field
                    found.append(Widget(proto.id, node.kind, proto, node.fragment))
        return found

    def value(self, widget: Widget) -> Any:
        state = self._states.get(widget.id)
        holds = state.WhichOneof("value") if state else None
        return getattr(state, holds) if holds else None

    def _draw(self, message: ForwardMsg) -> None:
        delta, path = message.delta, tuple(message.metadata.delta_path)
        what = delta.WhichOneof("type")
        if what not in ("new_element", "add_block"):
            return  # a spinner comes and goes
        element = delta.new_element if what == "new_element" else None
        kind = (element or delta.add_block).WhichOneof("type") or ""
        before = self._nodes.get(path)
        if before and (before.element is None) and (element is not None or before.kind != kind):
            for other in [p for p in self._nodes if len(p) > len(path) and p[: len(path)] == path]:
                del self._nodes[other]
        self._nodes[path] = Node(self._run, delta.fragment_id, kind, element)
        if element and kind in STARTS:
            self._begin(getattr(element, kind), STARTS[kind])

    def _begin(self, proto: Any, start: "Start") -> None:
        """A widget begins with its default, and later takes what the script sets."""
        if proto.set_value or proto.id not in self._states:
            state = WidgetState(id=proto.id)
            start(proto, state)
            self._states[proto.id] = state

    def _forget(self) -> None:
        """Large messages go when as many runs as the server says did without them, and none is yet to come
        that was told of them."""
        if not self._begun:
            return
        self._runs += 1
        for name, kept in list(self._kept.items()):
            ran = not self._fragments or kept.message.delta.fragment_id in self._fragments
            if ran and self._runs - kept.run > self.keep_for:
                del self._kept[name]

    def _clear(self) -> None:
        """Take off the page what the run was to draw and did not draw again, and the state of its widgets."""
        blocks = {
            path
            for path, node in self._nodes.items()
            if node.fragment in self._fragments and node.element is None
        }

        def stale(path: tuple[int, ...], node: Node) -> bool:
            if node.run == self._run:
                return False
            if not self._fragments or node.fragment in self._fragments:
                return True
            return any(path[:depth] in blocks for depth in range(1, len(path)))

        self._nodes = {path: node for path, node in self._nodes.items() if not stale(path, node)}
        there = {
            getattr(node.element, node.kind).id
            for node in self._nodes.values()
            if node.element and node.kind in STARTS
        }
        self._states = {id: state for id, state in self._states.items() if id in there}


# Widgets -------------------------------------------------------------------------------------------

Start = Callable[[Any, WidgetState], None]
Event = Callable[[Any, random.Random], tuple[str, Any] | None]
Use = Callable[[Widget, Any, random.Random], WidgetState | None]


def _start_text(proto: Any, state: WidgetState) -> None:
    name = "value" if proto.set_value else "default"
    if proto.HasField(name):
        state.string_value = getattr(proto, name)


def _start_choice(proto: Any, state: WidgetState) -> None:
    if proto.set_value and proto.HasField("raw_value"):
        state.string_value = proto.raw_value
    elif not proto.set_value and proto.HasField("default") and proto.default < len(proto.options):
        state.string_value = proto.options[proto.default]


def _start_group(proto: Any, state: WidgetState) -> None:
    chosen = proto.raw_values if proto.set_value else [_option(proto.options[n]) for n in proto.default]
    state.string_array_value.data.extend(chosen)
    state.string_array_value.SetInParent()  # nothing chosen is said too


def _start_pages(proto: Any, state: WidgetState) -> None:
    state.int_value = (proto.value if proto.set_value else 0) or proto.default or 1


def _start_box(proto: Any, state: WidgetState) -> None:
    state.bool_value = proto.value if proto.set_value else proto.default


def _option(option: Any) -> str:
    return f"{option.content_icon} {option.content}".strip() if option.content_icon else str(option.content)


def _press(widget: Widget, _: Any, __: random.Random) -> WidgetState:
    return WidgetState(id=widget.id, trigger_value=True)


def _write(widget: Widget, now: Any, chance: random.Random) -> WidgetState:
    """Look for a word, and the next time for nothing, which is the whole list again."""
    return WidgetState(id=widget.id, string_value="" if now else chance.choice(WORDS))


def _choose(widget: Widget, now: Any, chance: random.Random) -> WidgetState | None:
    chosen = now.data if now else ()
    others = [option for option in map(_option, widget.proto.options) if option not in chosen]
    if not others:
        return None
    state = WidgetState(id=widget.id)
    state.string_array_value.data.append(chance.choice(others))
    return state


def _turn(widget: Widget, now: Any, chance: random.Random) -> WidgetState | None:
    """Mostly the next page, as people do."""
    last = widget.proto.num_pages
    pages = [page for page in (min((now or 1) + 1, last), chance.randint(1, last)) if page != now]
    return WidgetState(id=widget.id, int_value=pages[0]) if pages else None


def _tell(widget: Widget, _: Any, chance: random.Random) -> WidgetState | None:
    """One of our own components: all its events go to one trigger beside it."""
    event = EVENTS.get(widget.proto.component_name)
    told = event(json.loads(widget.proto.json or "null"), chance) if event else None
    if told is None:
        return None
    state = WidgetState(id=f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{widget.id}__events")
    state.json_trigger_value = json.dumps([{"event": told[0], "value": told[1]}])
    return state


def _click_row(data: Any, chance: random.Random) -> tuple[str, Any] | None:
    closed = [row["id"] for row in data["rows"] if not row["opened"]]
    return ("open", chance.choice(closed)) if closed else None


def _only_conclude(_: Any, __: random.Random) -> tuple[str, Any]:
    return "done", {"classified": False, "reason_id": None, "value": ""}


# What people do with our own components, by name: from their data, the event and its value.
EVENTS: dict[str, Event] = {"desfecho_rows": _click_row, "desfecho_classify": _only_conclude}
# How each kind begins, and how people use it.
STARTS: dict[str, Start] = {
    "text_input": _start_text, "text_area": _start_text, "selectbox": _start_choice, "radio": _start_choice,
    "button_group": _start_group, "pagination": _start_pages, "checkbox": _start_box,
}  # fmt: skip
USES: dict[str, Use] = {
    "button": _press, "text_input": _write, "button_group": _choose, "pagination": _turn, "bidi_component": _tell,
}  # fmt: skip


# People --------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """What was measured of many people, in seconds."""

    first: list[float] = field(default_factory=list)  # from the connection to the end of the first run
    actions: dict[str, list[float]] = field(default_factory=dict)
    polls: list[float] = field(default_factory=list)
    overtaken: int = 0  # polls without a run of their own, because the whole page ran
    lost_ends: int = 0  # runs whose end the server did not tell: it is when the next begins
    skipped: int = 0  # actions without a widget to use
    errors: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        every = [took for series in self.actions.values() for took in series]
        return {
            "first": summary(self.first),
            "actions": summary(every),
            "polls": summary(self.polls),
            "each": {name: summary(series) for name, series in sorted(self.actions.items())},
            "overtaken_polls": self.overtaken,
            "lost_ends": self.lost_ends,
            "skipped_actions": self.skipped,
            "errors": {"count": len(self.errors), "first": self.errors[:SHOWN_ERRORS]},
        }


def summary(series: Sequence[float]) -> dict[str, float]:
    """Count, and milliseconds."""
    if not series:
        return {"count": 0}
    ordered = sorted(series)
    nearest = [ordered[-(-len(ordered) * share // 100) - 1] for share in (50, 95, 100)]
    return {"count": len(ordered)} | {
        name: round(took * 1000, 1) for name, took in zip(("p50", "p95", "max"), nearest, strict=True)
    }


def wrong(message: ForwardMsg) -> str | None:
    """What a message says went wrong."""
    kind = message.WhichOneof("type")
    if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
        element = message.delta.new_element
        if element.WhichOneof("type") == "exception" and not element.exception.is_warning:
            return f"exception: {element.exception.type} {element.exception.message}"
        if element.WhichOneof("type") == "alert" and WRONG in element.alert.body:
            return f"alert: {element.alert.body}"
    elif kind == "session_event" and message.session_event.HasField("script_compilation_exception"):
        return f"does not compile: {message.session_event.script_compilation_exception.message}"
    elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
        return "finished with a compile error"
    elif kind == "page_not_found":
        return f"page not found: {message.page_not_found.page_name}"
    return None


@dataclass
class Asked:
    """A run somebody waits for: of a fragment, or of the whole page."""

    fragment: str
    at: float
    done: "asyncio.Future[float]"
    running: bool = False
    stopped: float | None = None  # when it ended early, for another run to go on


class Gone(Exception):
    """The socket closed."""


class Person:
    def __init__(self, url: str, query: str, chance: random.Random, figures: Figures) -> None:
        self._url = url
        self._page = Page(url, query)
        self._chance = chance
        self._figures = figures
        self._asked: Asked | None = None
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._polls: dict[str, list[float]] = {}  # by fragment: when they were sent
        self._running: list[float] = []  # the polls that the fragment run going on answers
        self._socket: ClientConnection
        self._reading: asyncio.Task[None]

    async def live(self, after: float, until: float, every: float) -> None:
        """Come, act, and leave at `until`."""
        await asyncio.sleep(after)
        came = time.perf_counter()
        try:
            await self.connect()
        except (OSError, WebSocketException) as error:
            self._figures.errors.append(f"could not connect: {error!r}")
            return
        try:
            await self._ask("first", came)
            pause = self._chance.uniform(0, every)
            while time.perf_counter() + pause < until:
                await asyncio.sleep(pause)
                await self._act()
                pause = every * self._chance.uniform(0.5, 1.5)
            await asyncio.sleep(max(0.0, until - time.perf_counter()))
        except Gone:
            pass  # is among the errors
        finally:
            await self.close()

    async def connect(self) -> None:
        # A browser names its origin and its protocol, takes messages of any size, and does not ping.
        self._socket = await connect(
            f"{self._url.replace('http', 'ws', 1)}/_stcore/stream", origin=self._url,  # type: ignore[arg-type]
            subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],  # type: ignore[list-item]
            max_size=None, ping_interval=None, open_timeout=PATIENCE, proxy=None,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        self._stop()
        for fragment in list(self._polls):
            self._lose_patience(fragment)
        closed = self._reading.done()
        self._reading.cancel()
        # What broke the reading is to be seen.
        await asyncio.gather(self._reading, return_exceptions=not closed)
        await self._socket.close()

    @property
    def errors(self) -> list[str]:
        return self._figures.errors

    async def _act(self) -> None:
        """Do one of the things that can be done here."""
        possible = [action for action in ACTIONS if any(map(self._find, action.keys))]
        action = self._chance.choices(possible, [a.often for a in possible])[0] if possible else None
        steps = 0
        for key in action.keys if action else ():
            if steps and self._find(key):
                await asyncio.sleep(WITHIN * self._chance.uniform(0.5, 1.5))
            found = self._find(key)
            widget = self._chance.choice(found) if found else None
            used = USES[widget.kind](widget, self._page.value(widget), self._chance) if widget else None
            if widget and used:
                await self._ask(key.rstrip("-"), time.perf_counter(), widget.fragment, used)
                steps += 1
        self._figures.skipped += not steps

    def _find(self, key: str) -> list[Widget]:
        many = key.endswith("-")
        return [w for w in self._page.widgets() if (w.key.startswith(key) if many else w.key == key)]

    async def _ask(
        self, name: str, since: float, fragment: str = "", used: WidgetState | None = None
    ) -> None:
        """Ask for a run, wait for its end, and keep how long it took."""
        self._asked = Asked(fragment, since, asyncio.get_running_loop().create_future())
        try:
            await self._send(self._page.request(fragment, used))
            took = await asyncio.wait_for(self._asked.done, PATIENCE)
        except TimeoutError:
            self._figures.errors.append(f"no end of {name} in {PATIENCE:.0f} s")
        else:
            series = self._figures.first if name == "first" else self._figures.actions.setdefault(name, [])
            series.append(took)
        finally:
            self._asked = None

    async def _send(self, data: bytes) -> None:
        try:
            await self._socket.send(data)
        except WebSocketException as error:
            raise Gone from error  # whoever reads says so

    async def _read(self) -> None:
        try:
            while True:
                data = await self._socket.recv(decode=False)
                try:
                    message = self._page.read(data)
                except KeyError as missing:
                    self._figures.errors.append(f"a message kept no longer was referred to: {missing}")
                    continue
                if error := wrong(message):
                    self._figures.errors.append(error)
                self._page.take(message)
                self._follow(message)
        except WebSocketException as error:
            self._figures.errors.append(f"the socket closed: {error}")
            self._stop()
            if self._asked and not self._asked.done.done():
                self._asked.done.set_exception(Gone())

    # Runs and their ends ---------------------------------------------------------------------------

    def _follow(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begins(list(message.metadata.run.fragment_ids))
        elif kind == "script_finished":
            self._ends(message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        elif kind == "auto_rerun":
            self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._stop(fragment)
                self._figures.overtaken += len(self._polls.pop(fragment, ()))

    def _begins(self, fragments: list[str]) -> None:
        if (
            not fragments
        ):  # the whole page: it does what the fragments asked for, and they say anew what they want
            self._stop()
            self._figures.overtaken += len(self._running) + sum(map(len, self._polls.values()))
            self._polls.clear()
            self._running = []
        elif self._running or (self._asked and self._asked.running):
            # Streamlit loses the end of a run, if a fragment is asked for while it stops (its issue 9921).
            self._figures.lost_ends += 1
            self._ends(early=False)
        for fragment in fragments:
            self._running += self._polls.pop(fragment, ())
        asked = self._asked
        if asked is None or asked.done.done():
            return
        if asked.stopped is not None and fragments:
            # The server says "early" too where the next fragment began before it could send the end of this one.
            asked.done.set_result(asked.stopped - asked.at)
            return
        asked.stopped = None
        asked.running = not fragments or asked.fragment in fragments

    def _ends(self, early: bool) -> None:
        now = time.perf_counter()
        self._figures.polls += [now - sent for sent in self._running]
        self._running = []
        asked = self._asked
        if asked is None or not asked.running or asked.done.done():
            return
        asked.running = False
        if early:
            asked.stopped = now
        else:
            asked.done.set_result(now - asked.at)

    def _repeat(self, fragment: str, interval: float) -> None:
        if fragment in self._timers and self._timers[fragment][0] == interval:
            return
        self._stop(fragment)
        self._timers[fragment] = interval, asyncio.create_task(self._poll(fragment, interval))

    def _stop(self, fragment: str | None = None) -> None:
        for name in list(self._timers) if fragment is None else [fragment]:
            if name in self._timers:
                self._timers.pop(name)[1].cancel()

    async def _poll(self, fragment: str, interval: float) -> None:
        at = time.perf_counter()
        while True:
            at += interval
            await asyncio.sleep(at - time.perf_counter())
            self._lose_patience(fragment)
            self._polls.setdefault(fragment, []).append(time.perf_counter())
            try:
                await self._send(self._page.request(fragment, automatic=True))
            except Gone:
                return

    def _lose_patience(self, fragment: str) -> None:
        before = time.perf_counter() - PATIENCE
        sent = self._polls.get(fragment, [])
        late = [at for at in sent if at < before]
        self._figures.errors += [f"no end of a poll in {PATIENCE:.0f} s"] * len(late)
        sent[:] = sent[len(late) :]


async def crowd(url: str, user_ids: Sequence[str], people: int, seconds: float, every: float) -> Figures:
    """So many people for so long, who come one after the other."""
    figures = Figures()
    within = min(ARRIVE_IN, seconds / 2) if people > 1 else 0.0
    until = time.perf_counter() + seconds
    await asyncio.gather(
        *(
            Person(url, f"as={user_ids[n % len(user_ids)]}", random.Random(n), figures).live(  # noqa: S311
                within * n / people, until, every
            )
            for n in range(people)
        )
    )
    return figures


# Measuring -----------------------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors."""
    after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """What a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def used(pid: int, work: Callable[[], Figures]) -> dict[str, Any]:
    """The figures of some work, and what it took of the machine; 100 percent is one core."""
    began, cpu, own, memory = time.perf_counter(), cpu_seconds(pid), time.process_time(), megabytes(pid)
    found = work().plain()
    took = (time.perf_counter() - began) / 100
    return found | {
        "server_cpu_percent": round((cpu_seconds(pid) - cpu) / took, 1),
        "people_cpu_percent": round((time.process_time() - own) / took, 1),
        "server_mb_before": memory,
        "server_mb_after": megabytes(pid),
    }


def prepare(folder: Path, conversations: int) -> list[str]:
    """Fill the folder with the demonstration; the ids of who may handle conversations."""
    done = run(folder, "demo", "--conversations", str(conversations))
    assert done.returncode == 0, done.stdout + done.stderr
    desk = Desk.open(folder, system_clock(), "benchmark")
    try:
        return [str(user.id) for user in identity.people_to_be(desk) if user.handles_conversations]
    finally:
        desk.close()


def measure(people: int, seconds: float, conversations: int, alone_seconds: float = 60) -> dict[str, Any]:
    """One person alone, then all of them, on the same server. Times are in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="desfecho-bench-") as there:
        folder = Path(there) / "data"
        user_ids = prepare(folder, conversations)
        gc.collect()
        gc.freeze()  # what was imported is not looked at while people wait
        with serving(folder) as server:

            def together(count: int, for_seconds: float, every: float) -> dict[str, Any]:
                def work() -> Figures:
                    return asyncio.run(crowd(server.url, user_ids, count, for_seconds, every))

                return used(server.process.pid, work)

            alone = together(1, alone_seconds, EVERY_ALONE)
            many = together(people, seconds, EVERY)
    before, after = alone["actions"].get("p95"), many["actions"].get("p95")
    return {
        "people": people,
        "seconds": seconds,
        "conversations": conversations,
        "alone": alone,
        "many": many,
        "p95_ratio": round(after / before, 2) if before and after else None,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """The figures for a person to read."""
    said = []
    for who, title in (("alone", "one person alone"), ("many", f"{found['people']} people")):
        one = found[who]
        said.append(f"{title}:")
        series = [("first run", one["first"]), ("actions", one["actions"]), ("polls", one["polls"])]
        series += [(f"  {name}", of) for name, of in one["each"].items()]
        for name, of in series:
            times = "".join(f"  {n} {of[n]:8.1f} ms" for n in ("p50", "p95", "max") if n in of)
            said.append(f"  {name:18}{of['count']:6}{times}")
        said.append(
            f"  overtaken polls {one['overtaken_polls']}, lost ends {one['lost_ends']},"
            f" skipped actions {one['skipped_actions']}"
        )
        said.append(
            f"  CPU: server {one['server_cpu_percent']} %, these people {one['people_cpu_percent']} % of a core;"
            f" server memory {one['server_mb_before']} MB, then {one['server_mb_after']} MB"
        )
        said.append(f"  errors {one['errors']['count']}")
        said += [f"    {text}" for text in one["errors"]["first"]]
    return [*said, f"p95 of actions, {found['people']} people to one alone: {found['p95_ratio']}"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.people", description=__doc__)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--conversations", type=int, default=20_000)
    parser.add_argument("--alone", type=float, default=60, help="seconds of one person alone")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.people, asked.seconds, asked.conversations, asked.alone)
    print(json.dumps(found, ensure_ascii=False) if asked.json else "\n".join(lines(found)))  # noqa: T201


if __name__ == "__main__":
    main()
