"""What the tests of the reports share: a desk full of stories, the same told plainly, and the filters asked with."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import altair as alt
import pytest

from core import services
from core.demo import fill
from core.desk import Desk
from core.facts import Facts
from core.importing import import_log
from core.model import SYSTEM, Caller
from core.reports.filter import ReportFilter
from tests.conftest import NOW, write
from tests.property.histories import COLUMNS, conclusions_of

ZONE = ZoneInfo("America/Sao_Paulo")
UNTIL = NOW.astimezone(ZONE).date()
EVERYTHING = ReportFilter(UNTIL - timedelta(days=200), UNTIL, "BRL")

# What the demonstration has none of. After so many seconds conclusions came back, at the very edges too:
HOUR = 3_600
WAITS = [
    0, 1, HOUR - 1, HOUR, HOUR + 1, 5 * HOUR, 12 * HOUR, 12 * HOUR + 1, 20 * HOUR, 24 * HOUR, 30 * HOUR,
    48 * HOUR, 50 * HOUR, 72 * HOUR, 80 * HOUR, 168 * HOUR, 168 * HOUR + 1, 500 * HOUR,
]  # fmt: skip
SALE, PRICE, HOURS, PRAISE = (
    ("achieved", "Venda"),
    ("lost", "Preço"),
    ("question", "Horário"),
    ("other", "Elogio"),
)
# … and classifications were changed: category, reason, value, currency of each version.
VERSIONS = [
    [(*SALE, "100.10", "BRL"), (*PRICE, "100.10", "BRL")],
    [(*SALE, "0.20", "BRL"), (*PRICE, "0.10", "BRL")],
    [(*SALE, "70", "BRL"), (*HOURS, "", "")],  # of the last version alone, there is no currency
    [(*HOURS, "", ""), (*SALE, "50.05", "BRL")],
    [(*SALE, "10", "USD"), (*SALE, "20", "BRL")],
    [(*SALE, "30", "BRL"), (*SALE, "40", "USD")],
    [(*PRICE, "30", "BRL"), (*SALE, "30", "BRL"), (*PRICE, "40", "BRL")],
    [(*PRAISE, "", ""), (*PRAISE, "", "")],
    [(*PRAISE, "", ""), ("other", "Engano", "", "")],
    [(*PRAISE, "", ""), (*SALE, "9999999999999.99", "BRL")],
]


def _history() -> Iterator[dict[str, Any]]:
    """Events of another system. Of some conclusions it does not say whose they are."""
    agents = ["Rita", "", "Rui", "Íris"]
    categories = [SALE, PRICE, HOURS, PRAISE, ("", "")]
    begin = NOW - timedelta(days=100)
    for n, wait in enumerate(WAITS):
        at = begin + timedelta(days=n, hours=n)
        told: dict[str, Any] = {"conversation": f"w{n}", "agent": agents[n % 4]}
        category, reason = categories[n % 5]
        yield told | {"event": "opened", "occurred_at": at, "contact": f"w{n}", "channel": "webchat"}
        at += timedelta(seconds=n * n * n)  # the first took no time at all
        yield told | {"event": "concluded", "occurred_at": at, "category": category, "reason": reason}
        yield told | {"event": "reopened", "occurred_at": at + timedelta(seconds=wait)}
        yield told | {"event": "concluded", "occurred_at": at + timedelta(seconds=wait + 100 * n)}
    for n, versions in enumerate(VERSIONS):
        at = begin + timedelta(days=n, minutes=n)
        told = {"conversation": f"v{n}", "agent": agents[n % 4]}
        yield told | {"event": "opened", "occurred_at": at, "contact": f"v{n}", "channel": "webchat"}
        for version, (category, reason, value, currency) in enumerate(versions):
            said = {"category": category, "reason": reason, "value": value, "currency": currency}
            event = "classified" if version else "concluded"
            yield told | said | {"event": event, "occurred_at": at + timedelta(minutes=version)}
        if n % 3 == 0:  # came back after all
            yield told | {"event": "reopened", "occurred_at": at + timedelta(hours=9)}
            yield told | {"event": "concluded", "occurred_at": at + timedelta(hours=10)}


def import_events(desk: Desk, folder: Path, source: str, events: Sequence[Mapping[str, Any]]) -> None:
    """Import the history of another system, known as `source`, through a file in `folder`."""
    log = folder / f"{source}.csv"
    with log.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for event in events for name in event)))
        writer.writeheader()
        writer.writerows(events)
    report = import_log(desk, log, "SELECT * FROM source", source, now=NOW, rejects_folder=folder)
    assert report.rejected == 0, report


@dataclass
class World:
    facts: Facts
    rows: list[dict[str, Any]]  # of analytics.conclusions, from the desk; day, hour (local), first_currency
    names: dict[UUID, str]


@contextmanager
def full_world(folder: Path) -> Iterator[World]:
    desk = Desk.open(folder, NOW)
    facts = Facts.open(folder)
    fill(desk, facts, now=NOW, seed=7, conversations=400)
    admin = next(u for u in services.list_users(desk, SYSTEM) if u.role == "admin")
    services.change_organisation(desk, SYSTEM, currency="USD", now=NOW)
    reason = next(r for r in services.list_reasons(desk, SYSTEM) if r.value == "required")
    for n in range(3):  # another currency, another source, an hour ago
        opened = write(desk, f"usd{n}", NOW - timedelta(hours=1), address=f"usd{n}").conversation_id
        services.conclude(desk, Caller(admin.id), opened, reason.id, "100.10", now=NOW)
    write(desk, "again", NOW, address="usd0", now=NOW)  # came back
    import_events(desk, folder, "old", list(_history()))
    facts.catch_up(desk)
    ids = [id_ for (id_,) in desk.read(lambda tx: tx.rows("SELECT id FROM conversations"))]
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in conclusions_of(desk, ids)]
    first = dict(
        desk.read(lambda tx: tx.rows("SELECT conclusion_id, currency FROM classifications WHERE version = 1"))
    )
    for row in rows:
        local = row["concluded_at"].replace(tzinfo=UTC).astimezone(ZONE)
        row |= {"day": local.date(), "hour": local.hour, "first_currency": first.get(row["conclusion_id"])}
    names = {u.id: u.name for u in services.list_users(desk, SYSTEM)}
    yield World(facts, rows, names)
    facts.close()
    desk.close()


def lets_through(row: dict[str, Any], chosen: ReportFilter) -> bool:
    return (
        chosen.since <= row["day"] <= chosen.until
        and (not chosen.categories or (row["category"] or "") in chosen.categories)
        and (not chosen.reasons or row["reason"] in chosen.reasons)
        and (not chosen.agents or row["concluded_by"] in chosen.agents)
        and (not chosen.channels or row["channel"] in chosen.channels)
        and (not chosen.sources or row["source"] in chosen.sources)
    )


def chosen_rows(world: World, chosen: ReportFilter) -> list[dict[str, Any]]:
    return [row for row in world.rows if lets_through(row, chosen)]


def outcome(rows: list[dict[str, Any]], chosen: ReportFilter) -> list[dict[str, Any]]:
    return [row for row in rows if not (chosen.final and row["reopened"])]


def filters(world: World) -> dict[str, ReportFilter]:
    agents = Counter(row["concluded_by"] for row in world.rows)
    first, second, *_ = [agent for agent, _ in agents.most_common() if agent]
    made = {
        "everything": EVERYTHING,
        "a week": replace(EVERYTHING, since=UNTIL - timedelta(days=6)),
        "the future": replace(EVERYTHING, since=UNTIL + timedelta(days=1), until=UNTIL + timedelta(days=30)),
        "a category": replace(EVERYTHING, categories=("lost",)),
        "two and none": replace(EVERYTHING, categories=("achieved", "")),
        "reasons": replace(EVERYTHING, reasons=("Venda de óculos de sol", "Elogio")),
        "an agent": replace(EVERYTHING, agents=(first,)),
        "an agent and a category": replace(EVERYTHING, agents=(first, second), categories=("achieved",)),
        "an agent and a reason": replace(EVERYTHING, agents=(first,), reasons=("Venda de óculos de grau",)),
        "a channel": replace(EVERYTHING, channels=("webchat",)),
        "a source": replace(EVERYTHING, sources=("old",)),
        "another currency": replace(EVERYTHING, currency="USD"),
        "nothing": replace(EVERYTHING, reasons=("there is none",)),
    }
    return made | {f"{name}, all": replace(chosen, final=False) for name, chosen in made.items()}


NAMES = [
    "everything", "a week", "the future", "a category", "two and none", "reasons", "an agent",
    "an agent and a category", "an agent and a reason", "a channel", "a source", "another currency", "nothing",
]  # fmt: skip
each_filter = pytest.mark.parametrize("name", [*NAMES, *(f"{name}, all" for name in NAMES)])


def value_of(rows: list[dict[str, Any]], currency: str, category: str | None = None) -> Decimal:
    return sum(
        (r["value"] for r in rows if r["currency"] == currency and category in (None, r["category"])),
        Decimal(0),
    )


def rows_of(chart: alt.Chart | alt.LayerChart) -> list[dict[str, Any]]:
    """What a chart draws."""
    told = chart.to_dict()
    drawn = told.get("data") or told["layer"][0]["data"]
    return told["datasets"][drawn["name"]]
