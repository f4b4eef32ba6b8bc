"""What an import takes, what it refuses and why, and what becomes of it in the desk."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import services
from core.desk import Desk
from core.errors import Invalid
from core.facts import Facts
from core.importing import ImportReport, import_log
from core.model import SYSTEM, Caller, Category, Folder, Reason, ReopenCause, ValueMode
from tests.conftest import NOW, Team, answer, change_user

COLUMNS = "conversation,event,occurred_at,contact,contact_name,channel,agent,direction,body,reason,category,value,currency,archive"
pytestmark = pytest.mark.usefixtures("sound")
csv.field_size_limit(1_000_000)  # for the rejected message that is too long
ALL = f"SELECT {COLUMNS}, row_number() OVER () + 1 AS line FROM source"

Import = Callable[..., ImportReport]
Event = dict[str, str]


def event(kind: str, at: str, conversation: str = "c1", **more: str) -> Event:
    """`at` is a time of 1 March 2026 in UTC."""
    return {"conversation": conversation, "event": kind, "occurred_at": f"2026-03-01T{at}:00Z", **more}


@pytest.fixture
def log(desk: Desk, tmp_path: Path) -> Import:
    """Import events: `log([event(…), …])`; everything else as in `import_log`."""

    def run(events: Sequence[Event], mapping: str = ALL, source: str = "old", **options: Any) -> ImportReport:
        file = tmp_path / "log.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, COLUMNS.split(","))
            writer.writeheader()
            writer.writerows(events)
        options.setdefault("now", NOW)
        return import_log(desk, file, mapping, source, rejects_folder=tmp_path / "rejects", **options)

    return run


def rows(desk: Desk, question: str) -> list[tuple[Any, ...]]:
    return desk.read(lambda tx: tx.rows(question))


def refusals(report: ImportReport) -> list[tuple[str, str]]:
    """The line and the reason of each rejected row."""
    if report.rejects_file is None:
        return []
    with report.rejects_file.open(encoding="utf-8", newline="") as file:
        return [(row["line"], row["rejected_because"]) for row in csv.DictReader(file)]


STORY = [
    event("opened", "10:00", contact="+55 11 98888-7777", contact_name="João", channel="whatsapp"),
    event("message", "10:00", direction="in", body="Olá"),
    event("assigned", "10:05", agent="Rita"),
    event("message", "10:06", direction="out", agent="Rita", body="Bom dia!"),
    event("concluded", "10:30", agent="Rita", category="achieved", reason="Venda", value="120.50"),
    event("classified", "10:40", category="achieved", reason="Venda", value="99"),
    event("reopened", "11:00", agent="Rita"),
    event("concluded", "11:30", agent="Rita", category="lost", reason="Preço", archive="immediately"),
]


# What becomes of a log ----------------------------------------------------------------------------


def test_a_story_is_recorded_as_it_happened(desk: Desk, log: Import) -> None:
    report = log(STORY)

    assert (report.rows_read, report.events, report.added, report.rejected) == (8, 8, 8, 0)
    assert (report.conversations, report.conclusions, report.reopenings, report.conversations_reopened) == (
        1,
        2,
        1,
        1,
    )
    assert report.rejects_file is None
    [(conversation_id, folder, opened_at, since, source, name)] = rows(
        desk, "SELECT id, folder, opened_at, since, source, external_id FROM conversations"
    )
    assert (folder, source, name) == ("concluded", "old", "c1")
    assert opened_at == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    assert since == datetime(2026, 3, 1, 11, 30, tzinfo=UTC)

    detail = services.conversation(desk, SYSTEM, conversation_id)
    assert detail.contact.name == "João"
    assert detail.contact.address == "5511988887777"
    assert [(m.direction, m.body, m.author_name) for m in detail.messages] == [
        ("in", "Olá", None),
        ("out", "Bom dia!", "Rita"),
    ]
    first, second = detail.conclusions
    assert [(v.version, v.value, v.currency, v.classified_by_name) for v in first.classifications] == [
        (1, Decimal("120.50"), "BRL", "Rita"),
        (2, Decimal("99.00"), "BRL", "Rita"),  # by who concluded, as the log names nobody
    ]
    assert (first.cycle, first.from_folder, first.archive_preference) == (1, "in_progress", "after_12h")
    assert (second.cycle, second.from_folder, second.archive_preference) == (2, "in_progress", "immediately")
    assert second.classification is not None
    assert (second.classification.category, second.classification.reason) == ("lost", "Preço")
    [reopening] = detail.reopenings
    assert (reopening.conclusion_id, reopening.cause) == (first.id, ReopenCause.IMPORTED)
    assert detail.conversation.conclusion is not None
    assert detail.conversation.conclusion.id == second.id


def test_the_facts_take_an_import_over(desk: Desk, log: Import, tmp_path: Path) -> None:
    log(STORY)
    facts = Facts.open(tmp_path)
    facts.catch_up(desk)
    found = answer(
        facts,
        "SELECT source, cycle, category, value, edits, reopened, reopen_cause, handling_seconds"
        " FROM analytics.conclusions ORDER BY cycle",
    )
    assert found == [
        ("old", 1, "achieved", Decimal("99.00"), 1, True, "imported", 1800),
        ("old", 2, "lost", None, 0, False, None, 1800),
    ]
    facts.close()


def test_one_import_is_one_command(desk: Desk, log: Import) -> None:
    log(STORY)
    assert rows(desk, "SELECT number, action FROM history") == [(1, "import")]
    for table in ("users", "reasons", "conversations", "messages", "assignments", "conclusions", "classifications", "reopenings", "imported_events"):  # fmt: skip
        assert rows(desk, f"SELECT DISTINCT number FROM {table} WHERE number > 0") == [(1,)], table
    assert desk.number == 1


def test_the_same_log_gives_the_same_ids(log: Import, desk: Desk, tmp_path: Path) -> None:
    log(STORY)
    other = Desk.open(tmp_path / "other", NOW)
    import_log(other, tmp_path / "log.csv", ALL, "old", now=NOW, rejects_folder=tmp_path)
    for table in ("conversations", "messages", "conclusions", "classifications", "reopenings", "users", "contacts", "reasons"):  # fmt: skip
        ids = f"SELECT id FROM {table} ORDER BY id"
        assert rows(desk, ids) == rows(other, ids)
        assert {row[0].version for row in rows(desk, ids)} == {7}
    other.close()


def test_messages_of_one_second_keep_their_order(desk: Desk, log: Import) -> None:
    log([event("message", "10:00", body=f"linha {n}") for n in range(20)])
    [(conversation_id,)] = rows(desk, "SELECT id FROM conversations")
    shown = services.conversation(desk, SYSTEM, conversation_id).messages
    assert [m.body for m in shown] == [f"linha {n}" for n in range(20)]
    assert rows(desk, "SELECT m.body FROM conversations AS c JOIN messages AS m ON m.id = c.last_message_id") == [("linha 19",)]  # fmt: skip


def test_a_conversation_starts_with_its_first_event(desk: Desk, log: Import) -> None:
    report = log([event("concluded", "10:00", "a"), event("message", "11:00", "b", body="Oi")])
    assert report.conversations == 2
    assert rows(desk, "SELECT external_id, folder, opened_at = since FROM conversations ORDER BY 1") == [
        ("a", "concluded", True),
        ("b", "new", True),
    ]
    assert rows(desk, "SELECT from_folder, concluded_by FROM conclusions") == [("new", None)]


def test_opened_may_follow_a_message_of_the_same_moment(log: Import) -> None:
    assert log([event("message", "10:00", body="Oi"), event("opened", "10:00")]).rejected == 0


def test_events_go_by_time_then_by_row(desk: Desk, log: Import) -> None:
    report = log([event("reopened", "12:00"), event("concluded", "10:00"), event("concluded", "12:00"), event("opened", "09:00")])  # fmt: skip
    assert (report.conclusions, report.reopenings, report.rejected) == (2, 1, 0)


def test_a_reopening_can_be_a_messages_doing(desk: Desk, log: Import) -> None:
    log(STORY, reopen_cause=ReopenCause.MESSAGE)
    assert rows(desk, "SELECT cause, reopened_by FROM reopenings") == [("message", None)]


# People, reasons, contacts ------------------------------------------------------------------------


def test_agents_are_found_by_email_and_else_recorded_as_left(desk: Desk, team: Team, log: Import) -> None:
    log(
        [
            event("concluded", "10:00", "a", agent="ANA@example.com"),
            event("concluded", "10:00", "b", agent="Rita"),
        ]
    )
    [(ana,), (rita,)] = rows(desk, "SELECT concluded_by FROM conclusions JOIN conversations AS c ON c.id = conversation_id ORDER BY external_id")  # fmt: skip
    assert ana == team.ana.user_id
    assert rows(desk, f"SELECT email, name, role, active, source FROM users WHERE id = '{rita}'") == [
        (None, "Rita", "agent", False, "old")
    ]
    log([event("concluded", "11:00", "c", agent="Rita")])
    assert rows(desk, "SELECT count(*) FROM users WHERE name = 'Rita'") == [(1,)]
    log([event("concluded", "11:00", "c", agent="Rita")], source="other")
    assert rows(desk, "SELECT count(*) FROM users WHERE name = 'Rita'") == [(2,)]


def test_agents_known_by_name_match_ignoring_case(desk: Desk, log: Import) -> None:
    log([event("concluded", "10:00", "a", agent="Élio"), event("assigned", "09:00", "b", agent="ÉLIO")])
    assert rows(desk, "SELECT name FROM users WHERE source = 'old'") == [("ÉLIO",)]  # the first, by time
    log([event("concluded", "11:00", "c", agent="élio"), event("concluded", "11:00", "d", agent="Elio")])
    assert rows(desk, "SELECT name FROM users WHERE source = 'old' ORDER BY name") == [("Elio",), ("ÉLIO",)]
    found = rows(desk, "SELECT count(DISTINCT concluded_by), count(*) FROM conclusions")
    assert found == [(2, 3)]


def test_a_reason_in_use_wins_else_a_retired_one_else_a_new_one(desk: Desk, log: Import) -> None:
    retired = services.create_reason(desk, SYSTEM, "Venda", Category.ACHIEVED, ValueMode.NONE, now=NOW)
    services.change_reason(desk, SYSTEM, retired.id, in_use=False, now=NOW)

    def said() -> set[tuple[Any, ...]]:
        return set(rows(desk, "SELECT reason_id, reason FROM classifications"))

    log([event("concluded", "10:00", "a", category="achieved", reason="VENDÁ")])
    assert said() == {(retired.id, "Venda")}
    used = services.create_reason(desk, SYSTEM, "venda ", Category.ACHIEVED, ValueMode.REQUIRED, now=NOW)
    log([event("concluded", "10:00", "b", category="achieved", reason="Venda")])
    assert said() == {(retired.id, "Venda"), (used.id, "venda")}
    log(
        [
            event("concluded", "10:00", c, category="lost", reason=r)
            for c, r in (("c", "Venda"), ("d", "vênda"))
        ]
    )
    added = [r for r in services.list_reasons(desk, SYSTEM) if r.category is Category.LOST]
    assert [(r.description, r.value, r.in_use) for r in added] == [("Venda", ValueMode.OPTIONAL, False)]
    assert rows(desk, f"SELECT count(*) FROM reason_changes WHERE reason_id = '{added[0].id}'") == [(1,)]


def test_contacts_are_known_by_their_address_on_a_channel(desk: Desk, log: Import) -> None:
    def of(name: str, channel: str, contact: str) -> Event:
        return event("opened", "10:00", name, channel=channel, contact=contact)

    log([of("a", "whatsapp", "+55 (11) 98888-7777"), of("b", "whatsapp", "5511988887777"), of("c", "phone", "5511988887777"), of("d", "", ""), of("e", "", "")])  # fmt: skip
    found = rows(
        desk,
        "SELECT c.external_id, c.channel, k.address, dense_rank() OVER (ORDER BY k.id) FROM conversations AS c"
        " JOIN contacts AS k ON k.id = c.contact_id ORDER BY 1",
    )
    assert [row[:3] for row in found] == [
        ("a", "whatsapp", "5511988887777"),
        ("b", "whatsapp", "5511988887777"),
        ("c", "phone", "5511988887777"),
        ("d", "other", "d"),
        ("e", "other", "e"),
    ]
    ranks = [row[3] for row in found]
    assert ranks[0] == ranks[1]
    assert len(set(ranks)) == 4
    assert rows(desk, "SELECT count(*) FROM contact_addresses") == [(2,)]
    log([of("f", "whatsapp", "55 11 98888 7777") | {"contact_name": "João"}])
    assert rows(desk, "SELECT count(*) FROM contacts") == [(4,)]
    assert rows(desk, "SELECT name FROM contacts WHERE name IS NOT NULL") == [("João",)]


# What stays open ----------------------------------------------------------------------------------


def test_an_open_conversation_is_with_its_last_agent_if_they_still_handle_conversations(
    desk: Desk, team: Team, log: Import
) -> None:
    change_user(desk, team.bruno, active=False)
    log(
        [
            event("assigned", "10:00", "ana", agent="ana@example.com"),
            event("assigned", "10:00", "left", agent="bruno@example.com"),
            event("assigned", "10:00", "unknown", agent="Rita"),
            event("assigned", "10:00", "analyst", agent="nadia@example.com"),
            event("concluded", "10:00", "back", agent="ana@example.com"),
            event("reopened", "11:00", "back"),
            event("concluded", "10:00", "nobody"),
            event("reopened", "11:00", "nobody"),
            event("opened", "10:00", "untouched"),
        ]
    )
    ana = team.ana.user_id
    assert rows(desk, "SELECT external_id, folder, assigned_to FROM conversations ORDER BY 1") == [
        ("ana", "in_progress", ana),
        ("analyst", "new", None),
        ("back", "in_progress", ana),  # a reopening that names nobody goes to who concluded
        ("left", "new", None),
        ("nobody", "new", None),
        ("unknown", "new", None),
        ("untouched", "new", None),
    ]


def test_imported_history_may_overlap(desk: Desk, log: Import) -> None:
    log([event("opened", "10:00", name, contact="x", channel="phone") for name in ("a", "b")])
    assert rows(
        desk, "SELECT count(DISTINCT contact_id), count(*) FROM conversations WHERE folder = 'new'"
    ) == [(1, 2)]


# Again, and longer --------------------------------------------------------------------------------

ODD = [
    event("opened", "10:00"),
    event("classified", "10:00", category="lost", reason="Preço"),  # before any conclusion
    event("reopened", "10:00"),  # not concluded
    event("concluded", "10:00", agent="Rita"),
    event("concluded", "10:00", agent="Rita"),  # twice
    event("assigned", "10:10", agent="Rita"),  # concluded
    event("reopened", "10:20"),
    event("message", "10:20", body="Oi"),
    event("message", "10:20", body="Oi"),
    event("opened", "10:30"),  # again
]


def test_importing_again_adds_nothing(desk: Desk, log: Import) -> None:
    first = log(ODD)
    assert (first.added, first.already_known, first.rejected) == (5, 0, 5)
    before = rows(desk, "SELECT * FROM conversations")
    again = log(ODD)
    assert (again.added, again.already_known, again.rejected) == (0, 5, 5)
    assert rows(desk, "SELECT * FROM conversations") == before
    assert rows(desk, "SELECT count(*) FROM history") == [(1,)]


def test_a_longer_log_adds_only_what_is_new(desk: Desk, log: Import, tmp_path: Path) -> None:
    """Bit by bit or at once: the same."""
    known = 0
    for cut in (2, 4, 5, 7, 8):
        report = log(STORY[:cut])
        assert (report.added, report.already_known, report.rejected) == (cut - known, known, 0)
        known = cut
    whole = Desk.open(tmp_path / "whole", NOW)
    import_log(whole, tmp_path / "log.csv", ALL, "old", now=NOW, rejects_folder=tmp_path)
    for question in (
        "SELECT id, channel, folder, opened_at, since, conclusion_id, conclusions, last_message_at, last_message_id, last_inbound_at FROM conversations",
        "SELECT id, conversation_id, cycle, concluded_at, from_folder, archive_preference FROM conclusions ORDER BY id",
        "SELECT id, conclusion_id, version, category, reason, value, classified_at FROM classifications ORDER BY id",
        "SELECT id, conversation_id, conclusion_id, reopened_at FROM reopenings ORDER BY id",
        "SELECT id, direction, sent_at, body FROM messages ORDER BY id",
        "SELECT conversation, event, occurred_at, rank FROM imported_events ORDER BY ALL",
    ):
        assert rows(desk, question) == rows(whole, question)
    whole.close()


def test_new_events_go_on_from_what_the_application_did_meanwhile(
    desk: Desk, team: Team, log: Import
) -> None:
    log([event("assigned", "10:00", agent="ana@example.com")])
    [(conversation_id,)] = rows(desk, "SELECT id FROM conversations")
    services.conclude(desk, team.ana, conversation_id, now=NOW)  # on 2 March at 13:00
    later = {"occurred_at": "2026-03-02T14:00:00Z"}
    report = log(
        [
            event("assigned", "10:00", agent="ana@example.com"),
            event("concluded", "11:00"),  # older than what the desk has
            event("message", "11:00", body="Oi"),  # messages can come late
            event("concluded", "14:00") | later,
            event("reopened", "14:00", agent="bruno@example.com") | later,
        ]
    )
    assert (report.added, report.already_known, report.rejected) == (2, 1, 2)
    assert refusals(report) == [
        ("3", "The event is older than what is already known of the conversation."),
        ("5", "The conversation is already concluded."),
    ]
    found = services.conversation(desk, SYSTEM, conversation_id)
    assert (found.conversation.folder, found.conversation.assigned_to) == (
        Folder.IN_PROGRESS,
        team.bruno.user_id,
    )
    assert len(found.messages) == 1


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk, log: Import) -> None:
    dry = log(ODD, dry_run=True)
    assert desk.number == 0
    assert rows(desk, "SELECT count(*) FROM users") == [(1,)]
    assert dry == log(ODD)


def test_sources_do_not_mix(desk: Desk, log: Import) -> None:
    log(STORY)
    assert log(STORY, source="other").added == 8
    assert rows(desk, "SELECT source, external_id FROM conversations ORDER BY 1") == [
        ("old", "c1"),
        ("other", "c1"),
    ]


# What is refused ----------------------------------------------------------------------------------


VALUE = "The value must be a number from 0 to 9999999999999.99 with at most two decimals."
NO_TIME = "The time is not one of ISO 8601, such as 2026-03-02T10:00:00-03:00."

BAD_ROWS: list[tuple[Event, str]] = [  # what makes a conclusion, otherwise good, one that cannot be taken
    ({"conversation": " "}, "The row names no conversation."),
    ({"conversation": "x" * 201}, "The name of the conversation is longer than 200 characters."),
    ({"conversation": "a\x07b"}, "The name of the conversation has control characters."),
    ({"event": ""}, "The row names no event."),
    ({"event": "closed"}, "The event is not one of opened, message, assigned, concluded, reopened, classified."),
    ({"occurred_at": ""}, "The row has no time."),
    ({"occurred_at": "1/3/2026 10:00"}, NO_TIME),
    ({"occurred_at": "2026-02-30T10:00"}, NO_TIME),
    ({"occurred_at": "1999-12-31T23:59:59Z"}, "The time is before the year 2000."),
    ({"channel": "Whats App"}, "A channel is named with up to 40 lower-case letters, digits, hyphens and underscores."),
    ({"contact": "x" * 201}, "The contact: At most 200 characters fit here."),
    ({"agent": "x" * 201}, "The agent: At most 200 characters fit here."),
    ({"event": "assigned"}, "The row does not say which agent it was assigned to."),
    ({"event": "message"}, "The message has no text."),
    ({"event": "message", "body": " \n\u00a0"}, "The message has no text."),
    ({"event": "message", "body": "x" * 262_145}, "The message is longer than 262144 characters."),
    ({"event": "message", "body": "Oi", "direction": "up"}, "The direction is neither in nor out."),
    ({"category": "won", "reason": "Venda"}, "The category is not one of achieved, lost, question, other."),
    ({"category": "lost"}, "A category goes with a reason."),
    ({"reason": "Venda"}, "A reason goes with a category."),
    ({"reason": "x" * 121, "category": "lost"}, "The reason: At most 120 characters fit here."),
    ({"event": "classified"}, "A classification needs a category and a reason."),
    ({"value": "1"}, "A value goes with a reason."),
    ({"category": "lost", "reason": "x", "value": "1.234"}, VALUE),
    ({"category": "lost", "reason": "x", "value": "-1"}, VALUE),
    ({"category": "lost", "reason": "x", "value": "1,50"}, VALUE),
    ({"category": "lost", "reason": "x", "value": "1", "currency": "XYZ"}, "XYZ is not a currency of ISO 4217."),
    ({"archive": "never"}, "The archive preference is neither after_12h nor immediately."),
]  # fmt: skip


def test_rows_that_are_bad_in_themselves(desk: Desk, log: Import) -> None:
    bad = [event("concluded", "10:00", f"c{n}") | what for n, (what, _) in enumerate(BAD_ROWS)]
    report = log([*bad, event("concluded", "10:00", "good")])
    assert refusals(report) == [(str(line), why) for line, (_, why) in enumerate(BAD_ROWS, 2)]
    assert (report.events, report.added, report.rejected) == (len(bad) + 1, 1, len(bad))
    assert rows(desk, "SELECT external_id FROM conversations") == [("good",)]
    assert rows(desk, "SELECT count(*) FROM reasons") == [(0,)]


IMPOSSIBLE = [  # of each, the last event cannot follow
    (["opened", "opened"], "The conversation was already opened."),
    (["concluded", "concluded"], "The conversation is already concluded."),
    (["concluded", "opened"], "The conversation was already concluded."),
    (["concluded", "assigned"], "The conversation is already concluded."),
    (["opened", "reopened"], "The conversation is not concluded."),
    (["concluded", "reopened", "reopened"], "The conversation is not concluded."),
    (["opened", "classified"], "The conversation was never concluded."),
    (["reopened"], "The conversation is not concluded."),
]


def test_events_that_cannot_follow(log: Import) -> None:
    said = {"category": "lost", "reason": "Preço", "agent": "Rita"}
    events, expected = [], []
    for number, (kinds, why) in enumerate(IMPOSSIBLE):
        events += [event(kind, f"1{hour}:00", f"c{number}", **said) for hour, kind in enumerate(kinds)]
        expected.append((str(len(events) + 1), why))
    assert refusals(log(events)) == expected


def test_a_message_is_taken_in_any_state(desk: Desk, log: Import) -> None:
    report = log([event("concluded", "10:00"), event("message", "10:01", body="Obrigado")])
    assert report.rejected == 0
    assert rows(desk, "SELECT folder FROM conversations") == [("concluded",)]


def test_a_classification_may_come_while_it_is_open_again(desk: Desk, log: Import) -> None:
    said = {"category": "lost", "reason": "Preço"}
    log([event("concluded", "10:00"), event("reopened", "11:00"), event("classified", "12:00", **said)])
    assert rows(desk, "SELECT version, reason FROM classifications") == [(1, "Preço")]


def test_what_an_event_has_no_use_for_is_put_aside(log: Import) -> None:
    assert (
        log([event("opened", "10:00", category="won", value="x", archive="no", direction="up")]).rejected == 0
    )


def test_the_rejects_file_can_be_mended_and_imported(log: Import, desk: Desk, tmp_path: Path) -> None:
    report = log([event("concluded", "10:00", "bad", category="won", reason="Venda", value="12")])
    assert report.rejects_file is not None
    assert report.rejects_file.name == "old-20260302T130000Z.csv"
    text = report.rejects_file.read_text("utf-8")
    assert text.splitlines()[0] == f"line,rejected_because,{COLUMNS}"
    assert "bad,concluded,2026-03-01T10:00:00Z" in text
    mended = tmp_path / "mended.csv"
    mended.write_text(text.replace("won", "achieved"), "utf-8")
    mapping = "SELECT * EXCLUDE (rejected_because) FROM source"
    assert import_log(desk, mended, mapping, "old", now=NOW, rejects_folder=tmp_path).added == 1


# Times --------------------------------------------------------------------------------------------


TIMES = [  # as given, read in São Paulo, and in UTC
    ("2026-03-01T10:00:00Z", "10:00:00"),
    ("2026-03-01T10:00:00-03:00", "13:00:00"),
    ("2026-03-01 10:00:00+0100", "09:00:00"),
    ("2026-03-01T10:00-03", "13:00:00"),
    ("2026-03-01T10:00:00", "13:00:00"),
    ("2026-03-01 10:00", "13:00:00"),
    ("2026-03-01", "03:00:00"),
    ("2026-03-01T10:00:00.250", "13:00:00.25"),
]


def test_a_time_says_its_offset_or_is_read_in_the_zone(desk: Desk, log: Import) -> None:
    events = [event("opened", "", f"c{n}") | {"occurred_at": given} for n, (given, _) in enumerate(TIMES)]
    log(events, timezone="America/Sao_Paulo")
    found = rows(desk, "SELECT opened_at::TIME::VARCHAR FROM conversations ORDER BY external_id")
    assert found == [(utc,) for _, utc in TIMES]


def test_times_in_json_keep_their_offset(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    log = [{"conversation": f"c{n}", "event": "opened", "occurred_at": at} for n, (at, _) in enumerate(TIMES)]
    for n, (_, utc) in enumerate(TIMES):  # each by itself, or one odd text would make all of them text
        file.write_text(json.dumps([log[n]]), "utf-8")
        import_log(
            desk, file, "FROM source", "old", timezone="America/Sao_Paulo", now=NOW, rejects_folder=tmp_path
        )
        [(found,)] = rows(
            desk, f"SELECT opened_at::TIME::VARCHAR FROM conversations WHERE external_id = 'c{n}'"
        )
        assert found == utc


@pytest.mark.parametrize(
    ("typed", "hour"),
    [
        ("occurred_at::TIMESTAMP", 13),
        ("occurred_at::TIMESTAMP_NS", 13),
        ("occurred_at::DATE", 3),
        ("'2026-03-01T10:00:00+02:00'::TIMESTAMPTZ", 8),
    ],
)
def test_a_mapping_may_give_times_as_times(desk: Desk, log: Import, typed: str, hour: int) -> None:
    log(
        [{"conversation": "a", "event": "opened", "occurred_at": "2026-03-01 10:00"}],
        f"SELECT conversation, event, {typed} AS occurred_at FROM source",
        timezone="America/Sao_Paulo",
    )
    assert rows(desk, "SELECT hour(opened_at) FROM conversations") == [(hour,)]


def test_time_without_sense_is_refused_whatever_its_type(log: Import) -> None:
    report = log(
        [event("opened", "10:00", name) for name in ("a", "b", "c")],
        "SELECT conversation, event, CASE conversation WHEN 'a' THEN 'infinity'::TIMESTAMP"
        " WHEN 'b' THEN TIMESTAMP '1900-01-01' END AS occurred_at FROM source",
    )
    assert [why for _, why in refusals(report)] == [
        "The time is not one of ISO 8601, such as 2026-03-02T10:00:00-03:00.",
        "The time is before the year 2000.",
        "The row has no time.",
    ]


@pytest.mark.parametrize("kind", ["TIMESTAMPTZ", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "DATE"])
def test_a_time_in_the_future_is_refused_and_no_other_row_is_lost(desk: Desk, log: Import, kind: str) -> None:
    times = ["10896-01-01", "56000-01-01", "294247-01-10", "infinity", "-infinity", "2026-03-03 13:00:01"]
    listed = ", ".join(f"('{at}'::TIMESTAMPTZ, {n})" for n, at in enumerate([*times, "2026-03-01 14:00"]))
    report = log(
        [],
        f"SELECT 'c' || n AS conversation, 'opened' AS event, moment::{kind} AS occurred_at"
        f" FROM (VALUES {listed}) AS given (moment, n) ORDER BY n",
    )
    future, none = "The time is in the future.", NO_TIME
    expected = [future, future, future, none, none, *([] if kind == "DATE" else [future])]
    assert [why for _, why in refusals(report)] == expected
    assert report.added == 7 - len(expected)
    assert ("c6",) in rows(desk, "SELECT external_id FROM conversations")


def test_a_time_too_far_for_the_zone_is_refused(log: Import) -> None:
    report = log(
        [],
        "SELECT 'a' AS conversation, 'opened' AS event, TIMESTAMP '294247-01-10 04:00:00' AS occurred_at",
        timezone="America/Sao_Paulo",
    )
    assert [why for _, why in refusals(report)] == [NO_TIME]


def test_seconds_taken_for_milliseconds_are_seen(desk: Desk, log: Import) -> None:
    report = log(
        [event("opened", "10:00", name) for name in ("a", "b", "c")],
        "SELECT conversation, event, CASE conversation WHEN 'a' THEN to_timestamp(1772359200000)"
        " WHEN 'b' THEN to_timestamp(1772359200000 / 1000) ELSE make_timestamptz(1772359200000 * 1000) END"
        " AS occurred_at FROM source",
        timezone="America/Sao_Paulo",
    )
    assert [why for _, why in refusals(report)] == ["The time is in the future."]
    assert (
        rows(desk, "SELECT opened_at FROM conversations") == [(datetime(2026, 3, 1, 10, 0, tzinfo=UTC),)] * 2
    )


def test_clocks_may_be_ahead(desk: Desk, log: Import) -> None:
    ahead = {"occurred_at": "2026-03-02T14:00:00Z"}  # an hour
    far = {"occurred_at": "9999-12-31T00:00:00Z"}
    report = log([event("opened", "", "a") | ahead, event("opened", "", "b") | far])
    assert refusals(report) == [("3", "The time is in the future.")]
    assert rows(desk, "SELECT external_id FROM conversations") == [("a",)]


def test_bad_times_can_be_kept_in_sight(desk: Desk, log: Import) -> None:
    report = log(
        [event("opened", "", name) | {"occurred_at": at} for name, at in (("a", "01/03/2026 10:00"), ("b", "31/02/2026 10:00"))],
        "SELECT conversation, event, coalesce(CAST(try_strptime(occurred_at, '%d/%m/%Y %H:%M') AS VARCHAR), occurred_at)"
        " AS occurred_at FROM source",
    )  # fmt: skip
    assert [why for _, why in refusals(report)] == [NO_TIME]
    assert report.rejects_file is not None
    assert "31/02/2026 10:00" in report.rejects_file.read_text("utf-8")
    assert rows(desk, "SELECT opened_at FROM conversations") == [(datetime(2026, 3, 1, 10, tzinfo=UTC),)]


@pytest.mark.parametrize(("given", "utc"), [("2025-11-02T01:30", 6), ("2025-03-09T02:30", 7)])
def test_hours_at_a_daylight_saving_change(desk: Desk, log: Import, given: str, utc: int) -> None:
    """The second of two; one that does not exist moves on by an hour."""
    log([event("opened", "") | {"occurred_at": given}], timezone="America/New_York")
    assert rows(desk, "SELECT hour(opened_at) FROM conversations") == [(utc,)]


# Files and mappings that cannot be used -----------------------------------------------------------


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk in which nothing ever happens."""
    opened = Desk.open(tmp_path_factory.mktemp("untouched"), NOW)
    yield opened
    opened.close()


def fails(desk: Desk, file: Path, mapping: str = ALL, source: str = "old", timezone: str = "UTC") -> str:
    with pytest.raises(Invalid) as caught:
        import_log(desk, file, mapping, source, timezone=timezone, now=NOW, rejects_folder=file.parent)
    assert desk.number == 0
    return str(caught.value)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "small.csv"
    file.write_text("conversation,event,occurred_at\na,opened,2026-03-01\n", "utf-8")
    return file


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("", "must be one SELECT"),
        ("SELECT 1; SELECT 2", "must be one SELECT"),
        ("DROP VIEW source", "must be one SELECT"),
        ("COPY source TO 'x.csv'", "must be one SELECT"),
        ("SELECT conversation, event FROM source", "lacks the column occurred_at"),
        (
            "SELECT *, 1 AS colour FROM source",
            "has the column colour. It may have conversation, event, occurred_at",
        ),
        ("SELECT *, 'x' AS event FROM source", "has the column event twice"),
        ("SELECT nothing FROM source", '"nothing" not found'),
        ("SELEC 1", "syntax error"),
        (
            "SELECT conversation, event, 5 AS occurred_at FROM source",
            "must be a time, a date or text, not INTEGER",
        ),
        ("SELECT conversation, event, occurred_at::INTEGER AS occurred_at FROM source", "Could not convert"),
    ],
)
def test_a_mapping_that_cannot_be_used(untouched: Desk, small: Path, mapping: str, message: str) -> None:
    assert message in fails(untouched, small, mapping)


@pytest.mark.parametrize(
    "reaches",
    [
        "read_csv('{other}')",
        "'{other}'",
        "read_text('{other}')",
        "read_parquet('{other}')",
        "glob('{folder}/*')",
        "read_csv('{file}/../other.csv')",
        "secret",
    ],
)
def test_a_mapping_reaches_nothing_but_its_file(untouched: Desk, small: Path, reaches: str) -> None:
    other = small.with_name("other.csv")
    other.write_text("conversation,event,occurred_at\nsecret,opened,2026-03-01\n", "utf-8")
    secret = pa.table({"a": [1]})  # a variable of this program
    assert secret.num_rows
    where = reaches.format(other=other, folder=small.parent, file=small)
    message = fails(untouched, small, f"SELECT conversation, event, occurred_at FROM {where}")
    assert "disabled by configuration" in message or "does not exist" in message


def test_a_mapping_cannot_write(untouched: Desk, small: Path) -> None:
    out = small.with_name("out.csv")
    assert "one SELECT" in fails(untouched, small, f"COPY (SELECT 1) TO '{out}'")
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.xlsx", b"x", "must end in .csv, .csv.gz, .json, .json.gz, .ndjson, .ndjson.gz, .jsonl, .jsonl.gz or .parquet."),
        ("log.parquet.gz", b"x", "must end in .csv"),
        ("log.parquet", b"a,b\n1,2\n", "cannot be read as Parquet"),
        ("log.csv.gz", b"a,b\n1,2\n", "cannot be read as CSV"),
        ("log.json", b"{not json", "cannot be read as JSON"),
        ("log.csv", b"conversation,event,occurred_at\n" + b"b,opened,2026-03-01\n" * 9 + b"a,opened\n", "cannot be read as CSV"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_says(
    untouched: Desk, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert message in fails(untouched, file)


GOOD = b"conversation,event,occurred_at\n" + b"b,opened,2026-03-01\n" * 9


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.csv", b""),
        ("log.csv", b"\xef\xbb\xbf\n\n"),
        ("log.csv.gz", gzip.compress(b"", mtime=0)),
        ("log.json", b""),
        ("log.parquet", b""),
    ],
)
def test_an_empty_file(untouched: Desk, tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert fails(untouched, file) == f"The file {name} is empty."


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (GOOD + "João,opened,2026-03-01\n".encode("cp1252"), 11),
        (GOOD * 9000 + "João,opened,2026-03-01\n".encode("cp1252"), 90_001),
        ("conversation,event,occurred_at,situação\n".encode("cp1252") + b"b,opened,2026-03-01,\n", 1),
        (GOOD.decode().encode("utf-16"), 1),
        (GOOD.decode().encode("utf-16-le"), 1),
    ],
)
def test_a_csv_that_is_not_utf8(untouched: Desk, tmp_path: Path, content: bytes, line: int) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(content)
    assert fails(untouched, file) == (
        f"The file log.csv cannot be read as CSV: it must be in UTF-8, and line {line} is not."
        " Convert it first, for example with iconv -f WINDOWS-1252 -t UTF-8."
    )


@pytest.mark.parametrize("before", [GOOD, GOOD + b"b,opened,2026-03-01\n" * 50_000])
@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,opened", "Original Line: a,opened; Expected Number of Columns: 3 Found: 2"),
        ("a,opened,1,2", "Original Line: a,opened,1,2; Expected Number of Columns: 3 Found: 4"),
        ('a,opened,"2026', 'Original Line: a,opened,"2026; Value with unterminated quote found.'),
    ],
)
def test_a_broken_line_of_a_csv_is_told_and_nothing_else(
    untouched: Desk, tmp_path: Path, before: bytes, row: str, why: str
) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(before + row.encode() + b"\n")
    line = before.count(b"\n") + 1
    assert (
        fails(untouched, file) == f"The file log.csv cannot be read as CSV: CSV Error on Line: {line}; {why}"
    )


def test_a_quote_that_nothing_closes_is_told_in_short(untouched: Desk, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(GOOD + b'"' + b"b,opened,2026-03-01\n" * 9000)
    message = fails(untouched, file)
    assert "Line: 11" in message
    assert message.endswith("Value with unterminated quote found.")
    assert len(message) < 500


def test_broken_json_is_told_in_a_line(untouched: Desk, tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    file.write_bytes(b'{"a":')
    message = fails(untouched, file)
    assert "unexpected end of data" in message
    assert "\n" not in message


def test_a_file_that_is_not_there(untouched: Desk, tmp_path: Path) -> None:
    assert "There is no file" in fails(untouched, tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in fails(untouched, tmp_path / "folder.csv")


@pytest.mark.parametrize("source", ["desk", "", "Old", "a b", "x" * 41, "a'b"])
def test_a_source_has_a_plain_name(untouched: Desk, small: Path, source: str) -> None:
    assert "A source is named" in fails(untouched, small, source=source)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "localtime", "x'y"])
def test_an_unknown_time_zone(untouched: Desk, small: Path, zone: str) -> None:
    assert f"{zone} is not a time zone" in fails(untouched, small, timezone=zone)


@pytest.mark.parametrize("zone", ["", " "])
def test_an_empty_time_zone(untouched: Desk, small: Path, zone: str) -> None:
    assert "The time zone is empty." in fails(untouched, small, timezone=zone)


# Formats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["log.csv", "LOG.CSV.GZ", "log.parquet", "log.json", "log.ndjson", "log.jsonl.gz", "it's [1].csv"],
)
def test_every_format_gives_the_same(desk: Desk, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    plain = [{column: row.get(column, "") for column in COLUMNS.split(",")} for row in STORY]
    text = "\n".join([COLUMNS, *(",".join(row.values()) for row in plain)]).encode()
    if "csv" in name.lower():
        file.write_bytes(gzip.compress(text) if name.endswith("GZ") else text)
    elif name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(plain), file)
    elif name.endswith("ndjson"):
        file.write_text("\n".join(json.dumps(row) for row in plain), "utf-8")
    elif name.endswith("jsonl.gz"):
        file.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in plain).encode()))
    else:
        file.write_text(json.dumps(plain), "utf-8")
    report = import_log(desk, file, "FROM source", "old", now=NOW, rejects_folder=tmp_path)
    assert (report.rows_read, report.added, report.conclusions) == (8, 8, 2)


def test_nested_json(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    items = [
        {"ticket": {"id": 7}, "change": {"to": "opened"}, "at": "2026-03-01T10:00:00Z", "by": "Rita"},
        {
            "ticket": {"id": 8},
            "change": {"to": "assigned"},
            "at": "2026-03-01T10:00:00Z",
            "by": {"name": "x"},
        },
    ]
    file.write_text(json.dumps(items), "utf-8")
    mapping = (
        """SELECT ticket.id AS conversation, change."to" AS event, "at" AS occurred_at, "by" ->> '$' AS agent"""
        " FROM source"
    )
    import_log(desk, file, mapping, "old", now=NOW, rejects_folder=tmp_path)
    assert rows(desk, "SELECT external_id FROM conversations ORDER BY 1") == [("7",), ("8",)]
    assert rows(desk, "SELECT name FROM users WHERE source = 'old' ORDER BY name") == [
        ("Rita",),
        ('{"name":"x"}',),
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_csv_may_have_other_separators(desk: Desk, tmp_path: Path, separator: str) -> None:
    file = tmp_path / "log.csv"
    lines = ["conversation,event,occurred_at,body", 'a,message,2026-03-01,"1,5; 2|3"']
    file.write_text("\n".join(separator.join(line.split(",", 3)) for line in lines), "utf-8")
    import_log(desk, file, "FROM source", "old", now=NOW, rejects_folder=tmp_path)
    assert rows(desk, "SELECT body FROM messages") == [("1,5; 2|3",)]


def test_every_column_of_a_csv_is_text(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("conversation,event,occurred_at\n007,opened,2026-03-01\n", "utf-8")
    import_log(desk, file, "FROM source", "old", now=NOW, rejects_folder=tmp_path)
    assert rows(desk, "SELECT external_id FROM conversations") == [("007",)]


def test_progress_is_told(log: Import) -> None:
    told: list[tuple[str, float]] = []
    log(STORY, progress=lambda what, share: told.append((what, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_report_as_json(log: Import) -> None:
    report = log([event("reopened", "10:00")])
    assert json.loads(json.dumps(report.as_json())) == {
        "rows_read": 1, "events": 1, "added": 0, "already_known": 0, "rejected": 1, "conversations": 0,
        "conclusions": 0, "reopenings": 0, "conversations_reopened": 0, "rejects_file": str(report.rejects_file),
    }  # fmt: skip


def test_what_is_imported_goes_on_in_the_application(
    desk: Desk, team: Team, sale: Reason, log: Import
) -> None:
    log([event("assigned", "10:00", agent="ana@example.com")])
    [(conversation_id,)] = rows(desk, "SELECT id FROM conversations")
    concluded = services.conclude(desk, team.ana, conversation_id, sale.id, "10", now=NOW)
    assert concluded.cycle == 1
    reopened = services.reopen(desk, Caller(team.marta.user_id), conversation_id, now=NOW + timedelta(days=1))
    assert reopened.folder is Folder.IN_PROGRESS


def test_the_example_of_the_documentation(desk: Desk, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    mapping = (root / "data/mappings/tickets.sql").read_text("utf-8")
    assert mapping in (root / "docs/import.md").read_text("utf-8")
    report = import_log(
        desk, root / "data/samples/tickets.csv", mapping, "tickets", now=NOW, rejects_folder=tmp_path
    )
    assert (report.rows_read, report.added, report.rejected) == (16, 14, 2)
    assert (report.conversations, report.conclusions, report.reopenings) == (4, 4, 1)
    assert [line for line, _ in refusals(report)] == ["14", "16"]
    assert rows(
        desk,
        "SELECT c.category, c.reason, c.value FROM classifications AS c ORDER BY c.classified_at",
    ) == [
        ("achieved", "Venda", Decimal("149.90")),
        ("question", "Outra dúvida", None),
        ("question", "Horário", None),
        ("achieved", "Venda", Decimal("299.80")),
    ]
