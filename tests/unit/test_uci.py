"""A real log through its mapping, against figures counted here from the file in plain Python."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from core.desk import Desk
from core.facts import Facts
from core.importing import ImportReport, import_log
from tests.conftest import NOW, answer

ROOT = Path(__file__).parents[2]
FILE = ROOT / "data/samples/uci_incidents.csv.gz"
MAPPING = (ROOT / "data/mappings/uci_incidents.sql").read_text("utf-8")


@dataclass
class Counted:
    """The log, read the slow way."""

    rows: int = 0
    incidents: int = 0
    conclusions: int = 0
    reopenings: int = 0
    reopened_incidents: int = 0
    assignments: int = 0
    handling_seconds: int = 0
    last_categories: Counter[str | None] = field(default_factory=Counter)  # of every conclusion
    reasons: Counter[str | None] = field(default_factory=Counter)
    concluded_by: Counter[str | None] = field(default_factory=Counter)
    edits: int = 0


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def count(rows: list[dict[str, str]]) -> Counted:
    counted = Counted(rows=len(rows))
    rows = sorted(rows, key=lambda r: (r["number"], int(r["sys_mod_count"]), moment(r["sys_updated_at"])))
    for _, updates in groupby(rows, key=lambda r: r["number"]):
        count_incident(counted, list(updates))
    return counted


def count_incident(counted: Counted, updates: list[dict[str, str]]) -> None:
    counted.incidents += 1
    at = began = moment(updates[0]["opened_at"])
    concluded, agent, reopenings = False, "?", 0
    endings: list[dict[str, Any]] = []
    for update in updates:
        at = max(at, moment(update["sys_updated_at"]))
        is_concluded = update["incident_state"] in ("Resolved", "Closed")
        if is_concluded and not concluded:
            counted.handling_seconds += int((at - began).total_seconds())
            endings.append({"sla": [update["made_sla"]], "by": update["assigned_to"]})
        elif is_concluded and endings[-1]["sla"][-1] != update["made_sla"]:
            endings[-1]["sla"].append(update["made_sla"])
        elif concluded and not is_concluded:
            reopenings, began = reopenings + 1, at
        if not is_concluded and update["assigned_to"] not in ("?", agent):
            counted.assignments += 1
        if update["assigned_to"] != "?":
            agent = update["assigned_to"]
        concluded = is_concluded
    counted.conclusions += len(endings)
    counted.reopenings += reopenings
    counted.reopened_incidents += reopenings > 0
    for ending in endings:
        counted.concluded_by[None if ending["by"] == "?" else f"Atendente {ending['by']}"] += 1
    code = updates[0]["closed_code"]
    known = len(endings) if code == "?" else len(endings) - 1  # without a reason, or not truly known
    counted.reasons[None] += known
    counted.last_categories[None] += known
    if code != "?":
        counted.reasons[f"Código {code}"] += 1
        counted.last_categories["achieved" if endings[-1]["sla"][-1] == "true" else "lost"] += 1
        counted.edits += len(endings[-1]["sla"]) - 1


@pytest.fixture(scope="module")
def counted() -> Counted:
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        return count(list(csv.DictReader(file)))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, ImportReport]]:
    desk = Desk.open(tmp_path_factory.mktemp("uci"), NOW)
    yield desk, bring(desk)
    desk.close()


def bring(desk: Desk) -> ImportReport:
    return import_log(desk, FILE, MAPPING, "uci_incidents", now=NOW, rejects_folder=desk.folder / "rejects")


def test_the_slice_has_what_makes_the_log_difficult(counted: Counted) -> None:
    assert (counted.rows, counted.incidents) == (15_684, 2_356)
    assert (counted.reopenings, counted.reopened_incidents) == (332, 276)


def test_the_report_says_what_the_file_has(imported: tuple[Desk, ImportReport], counted: Counted) -> None:
    report = imported[1]
    assert report.rows_read == counted.rows
    assert report.conversations == counted.incidents
    assert report.conclusions == counted.conclusions
    assert report.reopenings == counted.reopenings
    assert report.conversations_reopened == counted.reopened_incidents
    assert (report.rejected, report.already_known) == (0, 0)
    assert report.events == report.added == (
        counted.incidents + counted.conclusions + counted.reopenings + counted.assignments + counted.edits
    )  # fmt: skip


def test_everything_ends_concluded(imported: tuple[Desk, ImportReport], counted: Counted) -> None:
    folders = imported[0].read(lambda tx: tx.rows("SELECT folder, count(*) FROM conversations GROUP BY 1"))
    assert folders == [("concluded", counted.incidents)]


def test_the_facts_add_up_to_the_file(
    imported: tuple[Desk, ImportReport], counted: Counted, tmp_path: Path
) -> None:
    desk = imported[0]
    facts = Facts.open(tmp_path)
    facts.catch_up(desk)

    def ask(question: str) -> list[tuple[Any, ...]]:
        return answer(facts, question)

    assert ask(
        "SELECT count(*), count(DISTINCT conversation_id), count(*) FILTER (reopened), sum(handling_seconds), sum(edits)"
        " FROM analytics.conclusions"
    ) == [
        (counted.conclusions, counted.incidents, counted.reopenings, counted.handling_seconds, counted.edits)
    ]
    for column, expected in (("category", counted.last_categories), ("reason", counted.reasons)):
        found = ask(f"SELECT {column}, count(*) FROM analytics.conclusions GROUP BY 1")
        assert dict(found) == expected
    names: dict[Any, str] = dict(desk.read(lambda tx: tx.rows("SELECT id, name FROM users")))
    by = Counter({names.get(user): n for user, n in ask("SELECT concluded_by, count(*) FROM analytics.conclusions GROUP BY 1")})  # fmt: skip
    assert by == counted.concluded_by
    facts.close()


def test_again_it_adds_nothing(imported: tuple[Desk, ImportReport]) -> None:
    desk, first = imported
    again = bring(desk)
    assert (again.added, again.already_known, again.rejected) == (0, first.added, 0)
