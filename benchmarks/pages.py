"""How long a run of the conversations page takes with few and with many conversations, or messages.

Both servers run at once and are asked by turns, by one person each who does nothing but have the page run again.
"""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.people import Figures, Person, Widget, prepare
from core import identity, services
from core.clock import system_clock
from core.desk import Desk
from core.model import SYSTEM, Caller, Direction, Folder, Listing, Role
from core.rules import Incoming
from core.text import Text
from tests.server import serving

FEW, MANY = 50, 50_000
SHORT, LONG = 5, 5_000
ROUNDS = 30
SKIPPED = 5  # the first runs of each


class Reader(Person):
    """Somebody who looks at one page again and again."""

    def __init__(self, url: str, query: str) -> None:
        super().__init__(url, query, random.Random(1), Figures())  # noqa: S311

    async def open(self, folder: Folder | None) -> None:
        await self.connect()
        await self._ask("first", time.perf_counter())
        if folder:
            (widget,) = self._find("folder")
            await self._ask("folder", time.perf_counter(), widget.fragment, _chosen(widget, folder))

    async def again(self) -> float:
        await self._ask("again", time.perf_counter())
        return self._figures.actions["again"][-1]


def _chosen(widget: Widget, folder: Folder) -> WidgetState:
    label = Text("pt_BR", "UTC").label(folder)
    option = next(option.content for option in widget.proto.options if option.content.startswith(label))
    state = WidgetState(id=widget.id)
    state.string_array_value.data.append(option)
    return state


async def compare(views: Mapping[str, tuple[str, str, Folder | None]]) -> dict[str, float]:
    """The median run of each view, in milliseconds, taken by turns."""
    readers = {}
    for name, (url, query, folder) in views.items():
        readers[name] = Reader(url, query)
        await readers[name].open(folder)
    took: dict[str, list[float]] = {name: [] for name in views}
    for _ in range(ROUNDS + SKIPPED):
        for name, reader in readers.items():
            took[name].append(await reader.again())
    for reader in readers.values():
        await reader.close()
        assert not reader.errors, reader.errors
    return {name: round(median(series[SKIPPED:]) * 1000, 1) for name, series in took.items()}


def write_long(folder: Path) -> dict[str, str]:
    """A conversation with few and one with very many messages; their ids."""
    desk = Desk.open(folder, system_clock(), "benchmark")
    began = system_clock() - timedelta(days=2)
    found = {}
    try:
        for name, count in (("short", SHORT), ("long", LONG)):

            def tell(tx: Any, name: str = name, count: int = count) -> str:
                for n in range(count):
                    direction = Direction.OUT if n % 2 else Direction.IN
                    told = Incoming(
                        "webchat", (f"bench-{name}",), name, f"bench-{name}-{n}", began + timedelta(seconds=n),
                        f"Mensagem {n} desta conversa.", direction,
                    )  # fmt: skip
                    received = services.receive_message(tx, SYSTEM, told, now=system_clock())
                return str(received.conversation_id)

            found[name] = desk.transact(tell)
    finally:
        desk.close()
    return found


def people(folder: Path) -> dict[Role, str]:
    """One agent and one manager who have something to see."""
    desk = Desk.open(folder, system_clock(), "benchmark")
    try:
        found: dict[Role, tuple[int, str]] = {}
        for user in identity.people_to_be(desk):
            if user.role in (Role.AGENT, Role.MANAGER):
                sees = services.count_conversations(desk, Caller(user.id), Listing())[Folder.CONCLUDED]
                found[user.role] = max(found.get(user.role, (0, "")), (sees, str(user.id)))
        return {role: id_ for role, (_, id_) in found.items()}
    finally:
        desk.close()


def measure() -> dict[str, Any]:
    """Medians in milliseconds, by who looks at what."""
    with tempfile.TemporaryDirectory(prefix="desfecho-bench-") as there:
        few, many = Path(there) / "few", Path(there) / "many"
        prepare(few, FEW)
        prepare(many, MANY)
        long = write_long(few)
        who = {"few": people(few), "many": people(many)}
        with serving(few) as small, serving(many) as large:
            urls = {"few": small.url, "many": large.url}
            found: dict[str, Any] = {}
            for role in (Role.AGENT, Role.MANAGER):
                for folder in (Folder.NEW, Folder.CONCLUDED):
                    views = {name: (urls[name], f"as={who[name][role]}", folder) for name in urls}
                    found[f"{role}, {folder}"] = asyncio.run(compare(views))
            manager = who["few"][Role.MANAGER]
            found["messages"] = asyncio.run(
                compare({name: (small.url, f"as={manager}&c={id_}", None) for name, id_ in long.items()})
            )
        return found


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))  # noqa: T201
