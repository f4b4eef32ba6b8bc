"""The facts: derived from the desk, disposable, without personal data."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from core import services
from core.desk import Desk, Tx
from core.facts import Facts, bulk, few
from core.facts.few import FEW
from core.facts.names import Names
from core.facts.store import FACTS_FILE, LONGEST_KEPT
from core.importing import import_log
from core.model import SYSTEM, Caller, Category, Reason, Role
from core.rules import Incoming
from tests.conftest import NOW, Team, add_user, answer, change_user, write
from tests.property.histories import VIEWS

EVERYTHING = "SELECT * FROM analytics.conclusions ORDER BY conclusion_id"


@pytest.fixture
def facts(desk: Desk) -> Iterator[Facts]:
    opened = Facts.open(desk.folder)
    yield opened
    opened.close()


def test_nothing_to_tell_yet(desk: Desk, facts: Facts) -> None:
    assert facts.catch_up(desk) == facts.rebuild(desk) == 0
    assert answer(facts, EVERYTHING) == []


def test_facts_of_a_longer_history_are_made_anew(
    desk: Desk, facts: Facts, team: Team, tmp_path: Path
) -> None:
    """The desk was restored from an older backup."""
    for n in ("1", "2"):
        services.conclude(desk, team.ana, write(desk, n, address=n).conversation_id, now=NOW)
    facts.catch_up(desk)
    older = Desk.open(tmp_path / "older", NOW)
    dora = Caller(add_user(older, "Dora", Role.AGENT).id)
    services.conclude(older, dora, write(older, "1").conversation_id, now=NOW)
    assert facts.catch_up(older) == older.number == facts.number < desk.number
    assert answer(facts, "SELECT concluded_by FROM analytics.conclusions") == [(dora.user_id,)]
    older.close()


def test_nothing_in_the_facts_says_who_a_contact_is(
    desk: Desk, team: Team, sale: Reason, tmp_path: Path
) -> None:
    personal = ("Joana Prado", "5511955554444", "BR.99887766", "my secret is blue")
    message = Incoming("whatsapp", personal[1:3], personal[0], "wamid.1", NOW, personal[3])
    opened = services.receive_message(desk, SYSTEM, message, now=NOW).conversation_id
    contact = services.conversation(desk, SYSTEM, opened).contact
    services.conclude(desk, team.ana, opened, sale.id, "1", now=NOW)
    facts = Facts.open(desk.folder)
    facts.catch_up(desk)
    (row,) = answer(facts, EVERYTHING)
    said = " ".join(map(str, row))
    assert "Venda" in said
    for secret in (*personal, str(contact.id), *personal[0].split()):
        assert secret not in said
    facts.close()
    # Nor does the file, whatever its tables and columns are.
    with duckdb.connect(str(desk.folder / FACTS_FILE), read_only=True) as file:
        file.execute(f"EXPORT DATABASE '{tmp_path / 'export'}' (FORMAT csv)")
    exported = "".join(path.read_text() for path in (tmp_path / "export").glob("*.csv"))
    assert "Venda" in exported
    for secret in (*personal, str(contact.id)):
        assert secret not in exported


def test_the_same_contact_has_the_same_key_and_another_desk_another(
    desk: Desk, facts: Facts, team: Team
) -> None:
    for n in range(2):
        at = NOW + timedelta(days=n)
        services.conclude(desk, team.ana, write(desk, f"m{n}", at).conversation_id, now=at)
    services.conclude(desk, team.ana, write(desk, "x", address="x").conversation_id, now=NOW)
    facts.catch_up(desk)
    keys = answer(facts, "SELECT contact_key, count(*) FROM analytics.conclusions GROUP BY 1")
    assert sorted(n for _, n in keys) == [1, 2]


def test_two_contacts_found_to_be_one_get_one_key(desk: Desk, facts: Facts, team: Team) -> None:
    def say(hours: int, *addresses: str) -> UUID:
        at = NOW + timedelta(hours=hours)
        message = Incoming("whatsapp", addresses, "João", f"m{hours}", at, "Olá")
        return services.receive_message(desk, SYSTEM, message, now=at).conversation_id

    for hours, address in ((1, "BR.1"), (2, "5511")):
        services.conclude(desk, team.ana, say(hours, address), now=NOW + timedelta(hours=hours))
    facts.catch_up(desk)
    before = answer(facts, "SELECT DISTINCT contact_key FROM analytics.conclusions")
    say(3, "5511", "BR.1")  # reopens the second; the first only changes hands
    facts.catch_up(desk)
    after = answer(facts, EVERYTHING)
    assert (len(before), len({row[2] for row in after})) == (2, 1)
    facts.rebuild(desk)
    assert answer(facts, EVERYTHING) == after


@pytest.mark.parametrize("at_most", [FEW, -1])  # one by one, and in bulk
def test_what_is_caught_up_is_as_rebuilt(
    desk: Desk, facts: Facts, team: Team, sale: Reason, at_most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that changes a conclusion, after the facts know of it."""
    monkeypatch.setattr(few, "FEW", at_most)
    now = NOW
    ended = []
    for n in range(7):
        opened = write(desk, f"m{n}", now, address=f"{n}").conversation_id
        ended.append(
            services.conclude(
                desk, team.ana, opened, sale.id if n % 2 else None, "10.10" if n % 2 else None, now=now
            )
        )
    facts.catch_up(desk)
    later = now + timedelta(hours=1)
    services.edit_classification(desk, team.ana, ended[0].id, sale.id, "5", now=later)  # had none
    services.edit_classification(desk, team.ana, ended[1].id, sale.id, "7.77", now=later)
    write(desk, "again", later, address="2")
    write(desk, "again too", later, address="3")
    services.conclude(desk, team.ana, ended[3].conversation_id, now=later)  # a second cycle
    services.receive_message(
        desk, SYSTEM, Incoming("whatsapp", ("4", "5", "6"), "João", "all", later, "Olá"), now=later
    )
    facts.catch_up(desk)
    caught_up = {view: answer(facts, f"FROM {view} ORDER BY ALL") for view in VIEWS}
    facts.rebuild(desk)
    assert {view: answer(facts, f"FROM {view} ORDER BY ALL") for view in VIEWS} == caught_up
    counted = answer(
        facts,
        "SELECT count(*), sum(reopened::INT), sum(edits), count(DISTINCT contact_key) FROM analytics.conclusions",
    )
    assert counted == [(8, 3, 1, 5)]


def test_handling_seconds_are_whole_seconds_gone_by(desk: Desk, facts: Facts, team: Team) -> None:
    began = NOW + timedelta(seconds=0.9)
    ended = NOW + timedelta(seconds=2.1)
    services.conclude(desk, team.ana, write(desk, "m1", began).conversation_id, now=ended)
    facts.catch_up(desk)
    assert answer(facts, "SELECT handling_seconds FROM analytics.conclusions") == [(1,)]


def test_a_damaged_file_is_set_aside_and_made_anew(desk: Desk, team: Team) -> None:
    services.conclude(desk, team.ana, write(desk, "m1").conversation_id, now=NOW)
    (desk.folder / FACTS_FILE).write_bytes(b"no database " * 1000)
    facts = Facts.open(desk.folder)
    facts.catch_up(desk)
    assert answer(facts, "SELECT count(*) FROM analytics.conclusions") == [(1,)]
    facts.close()
    assert (desk.folder / "facts-damaged.duckdb").read_bytes().startswith(b"no database")


def test_every_view_and_column_is_explained(facts: Facts) -> None:
    tables = answer(
        facts, "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'analytics' ORDER BY 1"
    )
    assert [name for name, _ in tables] == [
        "as_of", "classifications", "conclusions", "daily_outcomes", "dictionary", "reasons", "reopenings", "users",
    ]  # fmt: skip
    assert [name for name, comment in tables if not comment] == []
    columns = answer(
        facts,
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'analytics' AND comment IS NULL",
    )
    assert columns == []


def test_a_day_is_the_organisation_s_and_another_time_zone_makes_days_anew(
    desk: Desk, facts: Facts, team: Team
) -> None:
    """22:30 in São Paulo is the next day in Lisbon; a clock set back has an hour twice."""
    for n, at in enumerate(
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
         datetime(2026, 10, 26, 1, 30, tzinfo=UTC))
    ):  # fmt: skip
        services.conclude(desk, team.ana, write(desk, f"m{n}", at, address=f"5{n}").conversation_id, now=at)
    days = "SELECT day::VARCHAR, conclusions FROM analytics.daily_outcomes ORDER BY day"
    facts.catch_up(desk)
    assert answer(facts, days) == [("2026-10-24", 2), ("2026-10-25", 1)]
    services.change_organisation(desk, SYSTEM, timezone="Europe/Lisbon", now=NOW)
    facts.catch_up(desk)
    assert answer(facts, days) == [("2026-10-25", 2), ("2026-10-26", 1)]
    # Lisbon's clocks went back at 02:00 of the 25th: 00:30 and 01:30 UTC are both 01:30 there.
    assert answer(facts, "SELECT hour FROM store.conclusions ORDER BY concluded_at") == [(1,), (1,), (1,)]


def test_a_renamed_and_a_retired_reason_keep_their_history(
    desk: Desk, facts: Facts, team: Team, doubt: Reason
) -> None:
    def conclude(n: int) -> None:
        services.conclude(
            desk, team.ana, write(desk, f"m{n}", address=f"5{n}").conversation_id, doubt.id, now=NOW
        )
        facts.catch_up(desk)

    conclude(1)
    services.change_reason(desk, SYSTEM, doubt.id, description="Horários", now=NOW)
    conclude(2)
    services.change_reason(desk, SYSTEM, doubt.id, category=Category.OTHER, now=NOW)
    conclude(3)
    services.change_reason(desk, SYSTEM, doubt.id, in_use=False, now=NOW)
    facts.catch_up(desk)
    said = answer(facts, "SELECT category, reason, reason_id FROM analytics.conclusions ORDER BY ALL")
    assert said == [
        ("other", "Horários", doubt.id),
        ("question", "Horário", doubt.id),
        ("question", "Horários", doubt.id),
    ]
    assert answer(facts, "FROM analytics.reasons") == [(doubt.id, "Horários", "other", "none", False)]


def test_a_user_s_new_role_is_theirs_in_the_facts(desk: Desk, facts: Facts, team: Team) -> None:
    facts.catch_up(desk)
    change_user(desk, team.ana, Role.MANAGER, active=False)
    facts.catch_up(desk)
    (ana,) = answer(facts, f"SELECT name, role, active FROM analytics.users WHERE id = '{team.ana.user_id}'")
    assert ana == ("Ana", "manager", False)


def test_currencies_are_kept_apart(desk: Desk, facts: Facts, team: Team, sale: Reason) -> None:
    for n, currency in enumerate(("BRL", "USD", "BRL")):
        services.change_organisation(desk, SYSTEM, currency=currency, now=NOW)
        opened = write(desk, f"m{n}", address=f"5{n}").conversation_id
        services.conclude(desk, team.ana, opened, sale.id, "10.10", now=NOW)
        facts.catch_up(desk)
    found = answer(
        facts, "SELECT currency, conclusions, value::VARCHAR FROM analytics.daily_outcomes ORDER BY 1"
    )
    assert found == [("BRL", 2, "20.20"), ("USD", 1, "10.10")]


def test_what_many_ask_of_the_same_facts_is_asked_once(
    desk: Desk, facts: Facts, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    frame = Facts._frame

    def counted(self: Facts, sql: str, params: dict[str, object]) -> object:
        asked.append(params)
        time.sleep(0.05)
        return frame(self, sql, params)

    monkeypatch.setattr(Facts, "_frame", counted)
    sql = "SELECT count(*) AS n, $category AS category FROM store.conclusions"

    def ask(category: str) -> int:
        found = facts.frame(sql, {"category": category, "not named": 1})
        found["n"] += 1000  # what somebody does with theirs is not others' to see
        return int(found["n"].iloc[0]) - 1000

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(ask, ["lost"] * 40)) == {0}
    assert asked == [{"category": "lost"}]
    assert (ask("achieved"), len(asked)) == (0, 2)
    services.conclude(desk, team.ana, write(desk, "m1").conversation_id, now=NOW)
    assert (ask("lost"), len(asked)) == (0, 2)
    facts.catch_up(desk)
    assert (ask("lost"), len(asked)) == (1, 3)
    write(desk, "m2", address="5")  # a message, of which the facts know nothing
    assert facts.catch_up(desk) == desk.number
    assert (ask("lost"), len(asked)) == (1, 3)
    add_user(desk, "Dora", Role.AGENT)
    facts.catch_up(desk)
    assert (ask("lost"), len(asked)) == (1, 4)
    for _ in range(2):  # too long to be kept
        assert len(facts.frame("SELECT unnest(range($rows)) AS n", {"rows": LONGEST_KEPT + 1})) > LONGEST_KEPT
    assert len(asked) == 6


@pytest.mark.parametrize("most", [4, 5])  # one command too many, and as many as may be
def test_behind_by_many_commands(
    desk: Desk, facts: Facts, team: Team, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    rebuilt: list[int] = []
    take_over = bulk.take_over

    def told(desk: Tx, facts: Tx, names: Names, since: int, timezone: str) -> None:
        rebuilt.append(since)
        take_over(desk, facts, names, since, timezone)

    monkeypatch.setattr("core.facts.store.MOST_COMMANDS", most)
    opened = write(desk, "m0").conversation_id
    facts.catch_up(desk)
    monkeypatch.setattr(bulk, "take_over", told)
    services.conclude(desk, team.ana, opened, now=NOW)
    for n in range(1, 4):
        write(desk, f"m{n}", address=str(n))
    facts.catch_up(desk)
    assert rebuilt == ([0] if most == 4 else [])
    assert answer(facts, "SELECT count(*) FROM analytics.conclusions") == [(1,)]
    assert answer(facts, "SELECT number FROM analytics.as_of") == [(desk.number,)]


def test_what_was_committed_a_moment_ago_is_not_lost(desk: Desk, facts: Facts, team: Team) -> None:
    """The facts read while a change of the team is in the file, and the desk's memory does not know of it yet."""
    facts.catch_up(desk)
    write(desk, "m1")
    facts.catch_up(desk)
    write(desk, "m2")
    before = desk._known, desk.number
    dora = add_user(desk, "Dora", Role.AGENT)
    after = desk._known, desk.number
    desk._known, desk.number = before
    facts.catch_up(desk)
    desk._known, desk.number = after
    assert answer(facts, f"SELECT name FROM analytics.users WHERE id = '{dora.id}'") == [("Dora",)]


def test_a_history_without_people_has_the_one_who_brought_it(
    desk: Desk, facts: Facts, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    log.write_text("conversation,event,occurred_at,contact\nc1,opened,2026-01-01 10:00,c1\n")
    import_log(desk, log, "SELECT * FROM source", "old", now=NOW, rejects_folder=tmp_path)
    facts.catch_up(desk)
    caught_up = answer(facts, "FROM analytics.users")
    facts.rebuild(desk)
    assert [row[2] for row in answer(facts, "FROM analytics.users")] == ["system"]
    assert answer(facts, "FROM analytics.users") == caught_up


def test_a_question_that_failed_is_asked_again(facts: Facts) -> None:
    for _ in range(2):
        with pytest.raises(duckdb.Error):
            facts.frame("SELECT nonsense", {})
