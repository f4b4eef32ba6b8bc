"""Random stories, told to the desk and to the plain model of it (model.py), which must agree at every step.

After each step the answer, or the code of the refusal, is the same, a refusal left no trace, and the conversation
spoken of is the same; every third step so is what one of the team sees. At the end everything is, and the facts
equal their rebuild and a plain computation from the histories.
"""

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core import services
from core.desk import Desk, Tx
from core.desk.check import faults
from core.desk.contacts import note_down
from core.errors import AppError
from core.facts import Facts, few
from core.model import (
    SYSTEM,
    ArchivePreference,
    Caller,
    Category,
    Conclusion,
    ConversationDetail,
    ConversationSummary,
    Direction,
    Folder,
    Role,
    ValueMode,
)
from core.rules import Incoming
from tests.conftest import NOW, add_user, answer, change_user
from tests.property.histories import COLUMNS, VIEWS, conclusions_of, daily_of
from tests.property.model import Model, Refused

T = TypeVar("T")
TEAM = {"Ana": "agent", "Bruno": "agent", "Marta": "manager", "Nadia": "analyst", "Clara": "admin"}
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TICK = timedelta(microseconds=1)

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # stories need no durable disk, only a quick one

people = st.sampled_from(list(TEAM))
LAST = 40
any_number = st.integers(0, LAST)  # of something there is: taken modulo how many there are
# João has a phone and a business user id, and so has Lia; Rui only a phone.
addresses = st.sampled_from(
    [
        ("551100",),
        ("BR.joao",),
        ("551100", "BR.joao"),
        ("551101",),
        ("BR.lia",),
        ("551101", "BR.lia"),
        ("551102",),
    ]
)
# None: no time at all; the last ones: a clock that runs ahead, and one that never was set.
sent_before_now = st.sampled_from(
    [
        *[0 * SECOND] * 6, MINUTE, 11 * HOUR, 13 * HOUR, 72 * HOUR, None,
        -4 * MINUTE, -5 * MINUTE, -5 * MINUTE - TICK, -24 * HOUR, timedelta(days=27 * 365),
    ]
)  # fmt: skip
descriptions = st.sampled_from(["Venda", "VENDA", "vendá", "Preço", "preco", "Horário"])
categories = st.sampled_from([category.value for category in Category])
value_modes = st.sampled_from([mode.value for mode in ValueMode])
values = st.sampled_from([None, None, "0", "10", "10.00", "99.9", "9999999999999.99", "1.001"])


@cache
def template() -> tuple[Path, dict[str, Caller]]:
    """A desk with the team in it, made once and copied for each story."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY, prefix="desfecho-stories-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    desk = Desk.open(folder / "template", NOW, "tests")
    callers = {name: Caller(add_user(desk, name, Role(role)).id) for name, role in TEAM.items()}
    desk.close()
    Facts.open(folder / "template").close()
    return folder / "template", callers


DAILY_BY_AGENT = """
SELECT d.day, a.user_id, nullif(d.category, 'none'), c.name, sum(d.conclusions), sum(d.conclusions - d.reopened),
       CASE WHEN c.code > 0 THEN sum(d.value) END, CASE WHEN c.code > 0 THEN sum(d.value - d.reopened_value) END,
       sum(d.reopened)
FROM store.daily_by_agent AS d JOIN store.agents AS a ON a.code = d.agent JOIN store.currencies AS c ON c.code = d.currency
GROUP BY d.day, a.user_id, d.category, c.name, c.code HAVING sum(d.conclusions) > 0
"""

LEAVING = ["Ana", "Bruno"]  # and coming back
OPEN, CONCLUDED = ("new", "in_progress"), ("concluded",)


class Stories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        made, self.callers = template()
        self.names = {caller.user_id: name for name, caller in self.callers.items()}
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY, prefix="desfecho-story-")) / "data"
        shutil.copytree(made, self.folder)
        self.desk = self.open()
        self.facts = Facts.open(self.folder)
        self.model = Model(TEAM)
        self.now = NOW
        self.conversations: list[UUID] = []  # by the model's numbers
        self.reasons: list[UUID] = []
        self.external_ids: list[str] = []
        self.spoken_of: int | None = None
        self.steps = 0

    def open(self) -> Desk:
        return Desk.open(self.folder, NOW, "tests")

    def commit(self) -> Desk:
        """The desk with everything so far in it, for others to follow."""
        return self.desk

    def teardown(self) -> None:
        try:
            for number in range(len(self.conversations)):
                self.compare_conversation(number)
            for name in TEAM:
                self.compare_list(name)
            self.compare_facts()
            assert self.desk.read(faults) == []
        finally:
            self.facts.close()
            self.desk.close()
            shutil.rmtree(self.folder.parent)

    # Telling both ---------------------------------------------------------------------------------

    def both(self, model: Callable[[], Any], real: Callable[[], Any]) -> tuple[Any, Any]:
        """Ask both; return both answers, or None twice where both refuse for the same reason."""
        before = self.desk.number
        refused = None
        expected = answer = None
        try:
            expected = model()
        except Refused as refusal:
            refused = refusal.code
        try:
            answer = real()
        except AppError as error:
            assert error.code == refused, f"{error.code}: {error}; the design says {refused or expected}"
            assert "None" not in str(error)
            assert self.desk.number == before, "a refusal left its trace"
            return None, None
        assert refused is None, f"the design says {refused}, the desk {answer}"
        return expected, answer

    def tick(self) -> datetime:
        self.now += SECOND
        return self.now

    def sent(self, ago: timedelta | None) -> datetime | None:
        now = self.tick()
        return None if ago is None else now - ago

    def pick(self, number: int, folders: tuple[str, ...]) -> int:
        """A conversation: one in `folders`, where there is one and `number` is not among the last."""
        among = [c["number"] for c in self.model.conversations if c["folder"] in folders]
        if number > LAST - 5 or not among:
            among = list(range(len(self.conversations)))
        self.spoken_of = among[number % len(among)]
        return self.spoken_of

    def reason(self, number: int) -> int | None:
        """One of the reasons, or none."""
        chosen = number % (len(self.reasons) + 1)
        return None if chosen == len(self.reasons) else chosen

    def post(
        self,
        direction: Direction,
        whose: tuple[str, ...],
        external_id: str,
        sent: datetime | None,
        writer: str | None = None,
    ) -> None:
        message = Incoming("whatsapp", whose, "João", external_id, sent, f"text {external_id}", direction)
        expected, answer = self.both(
            lambda: self.model.message(direction.value, whose, external_id, sent, self.now, writer),
            lambda: services.receive_message(
                self.desk,
                SYSTEM,
                message,
                now=self.now,
                writer_id=self.callers[writer].user_id if writer else None,
            ),
        )
        if answer is None:
            return
        outcome, number, chatbot = expected
        if number == len(self.conversations):
            assert answer.conversation_id not in self.conversations
            self.conversations.append(answer.conversation_id)
        self.spoken_of = number
        real = (
            answer.outcome.value,
            self.conversations.index(answer.conversation_id),
            answer.present_chatbot,
        )
        assert real == (outcome, number, chatbot)

    def concluded_and_known(self) -> list[dict[str, Any]]:
        """The conversations that were concluded, of contacts who have an address."""
        return [c for c in self.model.conversations if c["conclusions"] and self.model.contacts[c["contact"]]]

    def new_external_id(self) -> str:
        self.external_ids.append(f"wamid.{len(self.external_ids)}")
        return self.external_ids[-1]

    # Steps ----------------------------------------------------------------------------------------

    @initialize()
    def two_reasons_and_two_conversations(self) -> None:
        self.create_reason("Clara", "Venda", "achieved", "required")
        self.create_reason("Clara", "Preço", "lost", "optional")
        self.contact_writes(("551100",), 0 * SECOND)
        self.contact_writes(("BR.lia",), 0 * SECOND)
        self.assign("Bruno", 1, None)
        self.conclude_well(1, 0, "after_12h")

    @rule(whose=addresses, ago=sent_before_now)
    def contact_writes(self, whose: tuple[str, ...], ago: timedelta | None) -> None:
        self.post(Direction.IN, whose, self.new_external_id(), self.sent(ago))

    @precondition(lambda self: self.concluded_and_known())
    @rule(
        n=any_number,
        beyond=st.sampled_from([-11 * HOUR, -TICK, 0 * TICK, TICK]),
        on_time=st.booleans(),
        concluder_left=st.sampled_from([False, False, True]),
    )
    def contact_writes_when_twelve_hours_are_over(
        self, n: int, beyond: timedelta, on_time: bool, concluder_left: bool
    ) -> None:
        concluded = self.concluded_and_known()
        conversation = concluded[n % len(concluded)]
        sent = conversation["conclusions"][-1]["at"] + 12 * HOUR + beyond
        self.now = max(self.tick(), sent if on_time else sent + 3 * HOUR)
        if concluder_left and conversation["conclusions"][-1]["by"] in LEAVING:
            self.user_changes(conversation["conclusions"][-1]["by"], "agent", False)
        whose = tuple(sorted(self.model.contacts[conversation["contact"]]))
        self.post(Direction.IN, whose, self.new_external_id(), sent)

    @rule(whose=addresses, n=any_number)
    def message_comes_again(self, whose: tuple[str, ...], n: int) -> None:
        again = self.external_ids[n % len(self.external_ids)]
        self.post(Direction.IN, whose, again, self.tick())

    @rule(n=any_number, written_anew=st.booleans())
    def contact_is_erased(self, n: int, written_anew: bool) -> None:
        now, number = self.tick(), self.pick(n, CONCLUDED)
        contact = self.model.conversations[number]["contact"]
        detail = services.conversation(self.desk, SYSTEM, self.conversations[number])
        self.both(
            lambda: self.model.erase(contact),
            lambda: services.erase_contact(self.desk, SYSTEM, str(detail.contact.id), now=now),
        )
        if written_anew:
            note_down(self.commit(), self.folder, now)
            self.desk.close()
            self.desk = self.open()

    @rule(whose=addresses, writer=st.none() | people, ago=sent_before_now)
    def team_writes(self, whose: tuple[str, ...], writer: str | None, ago: timedelta | None) -> None:
        self.post(Direction.OUT, whose, self.new_external_id(), self.sent(ago), writer)

    @rule(who=people, n=any_number, to=st.none() | people)
    def assign(self, who: str, n: int, to: str | None) -> None:
        now, number = self.tick(), self.pick(n, OPEN)
        self.both(
            lambda: self.model.assign(who, number, to or who),
            lambda: services.assign(
                self.desk,
                self.callers[who],
                self.conversations[number],
                self.callers[to].user_id if to else None,
                now=now,
            ),
        )

    @rule(who=people, n=any_number, r=any_number, value=values)
    def conclude(self, who: str, n: int, r: int, value: str | None) -> None:
        now, number, reason = self.tick(), self.pick(n, OPEN), self.reason(r)
        expected, answer = self.both(
            lambda: self.model.conclude(who, number, reason, value, now),
            lambda: services.conclude(
                self.desk,
                self.callers[who],
                self.conversations[number],
                None if reason is None else self.reasons[reason],
                value,
                now=now,
            ),
        )
        if answer is not None:
            assert self.plain_conclusion(answer) == {**expected, "reopened": None}

    @rule(n=any_number, r=any_number, archive=st.sampled_from(["after_12h", "immediately"]))
    def conclude_well(self, n: int, r: int, archive: str) -> None:
        """By whoever may, with what fits: random stories would otherwise conclude too little."""
        conversation = self.model.conversations[self.pick(n, OPEN)]
        who = conversation["assigned"] or "Bruno"
        if not self.model.handles(who):
            who = "Marta"
        self.prefer(who, archive)
        reason = self.reason(r)
        asks = reason is not None and self.model.reasons[reason]["value"] == "required"
        self.conclude(who, n, r, "10" if asks else None)

    @precondition(lambda self: any(c["conclusions"] for c in self.model.conversations))
    @rule(who=st.none() | people, n=any_number, cycle=any_number, r=any_number, value=values)
    def edit(self, who: str | None, n: int, cycle: int, r: int, value: str | None) -> None:
        """By somebody, or by whoever concluded."""
        concluded = [c["number"] for c in self.model.conversations if c["conclusions"]]
        now, number, reason = self.tick(), concluded[n % len(concluded)], r % len(self.reasons)
        self.spoken_of = number
        conversation = self.model.conversations[number]
        cycle %= len(conversation["conclusions"])
        editor = who or conversation["conclusions"][cycle]["by"]
        self.facts.catch_up(self.desk)  # so that the facts must notice an edit that nothing follows
        history = services.conversation(self.desk, SYSTEM, self.conversations[number]).conclusions
        expected, answer = self.both(
            lambda: self.model.edit(editor, number, cycle, reason, value, now),
            lambda: services.edit_classification(
                self.desk, self.callers[editor], history[cycle].id, self.reasons[reason], value, now=now
            ),
        )
        if answer is not None:
            assert self.plain_conclusion(answer) == {**expected, "reopened": None}

    @rule(who=people | st.just("Clara"), n=any_number)  # more often by somebody who may
    def reopen(self, who: str, n: int) -> None:
        now, number = self.tick(), self.pick(n, CONCLUDED)
        self.both(
            lambda: self.model.reopen(who, number, now),
            lambda: services.reopen(self.desk, self.callers[who], self.conversations[number], now=now),
        )

    @rule(
        who=people,
        archive=st.sampled_from(["after_12h", "immediately"]),
        app_on=st.sampled_from([True, True, False]),
        currency=st.sampled_from(["BRL", "EUR"]),
    )
    def settings_change(self, who: str, archive: str, app_on: bool, currency: str) -> None:
        now = self.tick()
        self.prefer(who, archive)
        self.both(
            lambda: self.model.change_organisation(who, app_on, currency),
            lambda: services.change_organisation(
                self.desk, self.callers[who], classification_on=app_on, currency=currency, now=now
            ),
        )

    def prefer(self, who: str, archive: str) -> None:
        now = self.tick()
        self.both(
            lambda: self.model.set_archive(who, archive),
            lambda: services.set_archive_preference(
                self.desk, self.callers[who], ArchivePreference(archive), now=now
            ),
        )

    @rule(
        who=st.sampled_from(["Clara", "Clara", "Ana"]),
        description=descriptions,
        category=categories,
        value=value_modes,
    )
    def create_reason(self, who: str, description: str, category: str, value: str) -> None:
        now = self.tick()
        _, answer = self.both(
            lambda: self.model.create_reason(who, description, category, value),
            lambda: services.create_reason(
                self.desk, self.callers[who], description, Category(category), ValueMode(value), now=now
            ),
        )
        if answer is not None:
            self.reasons.append(answer.id)

    @rule(
        n=any_number,
        description=st.none() | descriptions,
        category=st.none() | categories,
        value=st.none() | value_modes,
        in_use=st.none() | st.booleans(),
    )
    def change_reason(
        self, n: int, description: str | None, category: str | None, value: str | None, in_use: bool | None
    ) -> None:
        now, number = self.tick(), n % len(self.reasons)
        asked = {"description": description, "category": category, "value": value, "in_use": in_use}
        self.both(
            lambda: self.model.change_reason(
                "Clara", number, {what: change for what, change in asked.items() if change is not None}
            ),
            lambda: services.change_reason(
                self.desk,
                self.callers["Clara"],
                self.reasons[number],
                description=description,
                category=Category(category) if category else None,
                value=ValueMode(value) if value else None,
                in_use=in_use,
                now=now,
            ),
        )

    @rule(
        name=st.sampled_from(LEAVING),
        role=st.sampled_from(["agent", "manager", "analyst"]),
        active=st.booleans(),
    )
    def user_changes(self, name: str, role: str, active: bool) -> None:
        self.model.people[name].update(role=role, active=active)
        change_user(self.desk, self.callers[name], Role(role), active)

    @rule(
        by=st.sampled_from([MINUTE, HOUR, 12 * HOUR, 24 * HOUR]),
        then=st.sampled_from(
            ["nothing", "the facts catch up", "the facts catch up with much", "the desk is closed and opened"]
        ),
    )
    def time_passes(self, by: timedelta, then: str) -> None:
        self.now += by
        if then == "the facts catch up with much":
            with patch.object(few, "FEW", -1):
                self.facts.catch_up(self.commit())
        if then == "the facts catch up":
            assert self.facts.catch_up(self.commit()) == self.desk.number == self.facts.number
        if then == "the desk is closed and opened":
            self.desk.close()
            self.desk = self.open()

    # Comparing --------------------------------------------------------------------------------------

    @invariant()
    def same_state(self) -> None:
        if self.spoken_of is not None:
            self.compare_conversation(self.spoken_of)
            self.spoken_of = None
        self.steps += 1
        if self.steps % 3 == 0:  # a list costs more than a step
            self.compare_list(list(TEAM)[self.steps // 3 % len(TEAM)])

    def name(self, user_id: UUID | None) -> str | None:
        return None if user_id is None else self.names[user_id]

    def plain_conclusion(self, conclusion: Conclusion) -> dict[str, Any]:
        assert [v.version for v in conclusion.classifications] == list(
            range(1, len(conclusion.classifications) + 1)
        )
        return {
            "by": self.name(conclusion.concluded_by),
            "at": conclusion.concluded_at,
            "from": conclusion.from_folder.value,
            "archive": conclusion.archive_preference.value,
            "versions": [
                {
                    "reason": self.reasons.index(version.reason_id),
                    "category": version.category.value,
                    "description": version.reason,
                    "value": None if version.value is None else str(version.value),
                    "currency": version.currency,
                    "by": self.name(version.classified_by),
                    "at": version.classified_at,
                }
                for version in conclusion.classifications
            ],
            "reopened": None,
        }

    def plain_conversation(self, detail: ConversationDetail) -> dict[str, Any]:
        """What the desk says, in the model's words."""
        found = detail.conversation
        conclusions = {conclusion.id: self.plain_conclusion(conclusion) for conclusion in detail.conclusions}
        assert [conclusion.cycle for conclusion in detail.conclusions] == list(range(1, len(conclusions) + 1))
        for reopening in detail.reopenings:
            assert conclusions[reopening.conclusion_id]["reopened"] is None
            conclusions[reopening.conclusion_id]["reopened"] = {
                "at": reopening.reopened_at,
                "by": self.name(reopening.reopened_by),
                "cause": reopening.cause.value,
            }
        return {
            "folder": found.folder.value,
            "assigned": self.name(found.assigned_to),
            "opened": found.opened_at,
            "conclusions": list(conclusions.values()),
            "messages": [
                (m.direction.value, m.sent_at, m.body, self.name(m.author)) for m in detail.messages
            ],
            "window ends": detail.service_window_ends_at,
        }

    def compare_conversation(self, number: int) -> None:
        expected = self.model.conversations[number]
        detail = services.conversation(self.desk, SYSTEM, self.conversations[number])
        arrived = [(m["direction"], m["sent"], m["text"], m["author"]) for m in expected["messages"]]
        assert self.plain_conversation(detail) == {
            "folder": expected["folder"],
            "assigned": expected["assigned"],
            "opened": expected["opened"],
            "conclusions": expected["conclusions"],
            "messages": sorted(arrived, key=lambda m: m[1]),
            "window ends": self.model.window_ends(expected),
        }

    def plain_summary(self, row: ConversationSummary) -> dict[str, Any]:
        return {
            "number": self.conversations.index(row.id),
            "folder": row.folder.value,
            "assigned": self.name(row.assigned_to),
            "reopened": row.reopened,
            "last message": row.last_message,
            "waiting": row.waiting_since,
            "window ends": row.service_window_ends_at,
        }

    def compare_list(self, who: str) -> None:
        """What somebody sees of all conversations, R18; and R13, of what they see."""
        expected, rows = self.both(
            lambda: self.model.seen_by(who),
            lambda: services.list_conversations(self.desk, self.callers[who], limit=1000),
        )
        if rows is None:
            return
        assert [row.active_at for row in rows] == sorted((row.active_at for row in rows), reverse=True)
        open_of = Counter((row.contact.id, row.channel) for row in rows if row.folder is not Folder.CONCLUDED)
        assert max(open_of.values(), default=0) <= 1, "two open conversations of a contact on a channel (R13)"
        assert sorted(map(self.plain_summary, rows), key=lambda row: row["number"]) == [
            {
                "number": c["number"],
                "folder": c["folder"],
                "assigned": c["assigned"],
                "reopened": any(conclusion["reopened"] for conclusion in c["conclusions"]),
                "last message": sorted(c["messages"], key=lambda m: m["sent"])[-1]["text"],
                "waiting": self.model.waiting_since(c),
                "window ends": self.model.window_ends(c),
            }
            for c in expected
        ]
        counted = Counter(c["folder"] for c in expected)
        assert services.count_conversations(self.desk, self.callers[who]) == {
            folder: counted[folder.value] for folder in Folder
        }

    def compare_facts(self) -> None:
        question = f"SELECT {', '.join(COLUMNS)} FROM analytics.conclusions ORDER BY conclusion_id"
        self.facts.catch_up(self.commit())
        caught_up = answer(self.facts, question)
        assert caught_up == sorted(conclusions_of(self.desk, self.conversations), key=lambda row: row[0])
        keys = dict(answer(self.facts, "SELECT conversation_id, contact_key FROM analytics.conclusions"))
        contacts = {
            number: self.model.conversations[self.conversations.index(number)]["contact"] for number in keys
        }
        assert (
            len(set(keys.values()))
            == len(set(contacts.values()))
            == len({(keys[number], contacts[number]) for number in keys})
        ), "a contact has one key, and each their own"
        self.compare_days(caught_up)
        before = {view: answer(self.facts, f"FROM {view} ORDER BY ALL") for view in VIEWS}
        self.facts.rebuild(self.commit())
        assert {view: answer(self.facts, f"FROM {view} ORDER BY ALL") for view in VIEWS} == before
        versions = sum(len(c["versions"]) for told in self.model.conversations for c in told["conclusions"])
        assert len(before["analytics.classifications"]) == versions
        assert len(before["analytics.reopenings"]) == sum(row[COLUMNS.index("reopened")] for row in caught_up)

    def compare_days(self, conclusions: list[tuple[Any, ...]]) -> None:
        """The roll-ups are what the conclusions add up to, and those edited are kept once more."""
        edited = answer(self.facts, "FROM store.conclusions WHERE edits > 0 ORDER BY ALL")
        assert answer(self.facts, "FROM store.edited ORDER BY ALL") == edited
        timezone = "America/Sao_Paulo"

        def ordered(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
            return sorted(rows, key=lambda row: [(value is not None, str(value)) for value in row])

        assert ordered(answer(self.facts, "FROM analytics.daily_outcomes")) == ordered(
            daily_of(conclusions, ("category", "reason_id", "reason", "currency"), timezone)
        )
        assert ordered(answer(self.facts, DAILY_BY_AGENT)) == ordered(
            daily_of(conclusions, ("concluded_by", "category", "currency"), timezone)
        )


class InOneTransaction(Desk):
    """A desk on which every command joins the transaction of those before it, as in a group of them."""

    tx: Tx | None = None

    def transact(self, work: Callable[[Tx], T]) -> T:
        if self.tx is None:
            self.tx = Tx(self._writer, self.number, self._known)
        try:
            return work(self.tx)
        finally:
            self.number = self.tx.number

    def read(self, work: Callable[[Tx], T]) -> T:
        return work(self.tx) if self.tx else super().read(work)

    def commit(self) -> None:
        if self.tx:
            self.tx.commit()
            self._committed(self.tx)
            self.tx = None

    def close(self) -> None:
        self.commit()
        super().close()


class StoriesInGroups(Stories):
    """The same stories, with many commands in each transaction: what one writes the next ones see."""

    desk: InOneTransaction

    def open(self) -> Desk:
        return InOneTransaction.open(self.folder, NOW, "tests")

    def commit(self) -> Desk:
        self.desk.commit()
        return self.desk


TestStories = Stories.TestCase
TestStoriesInGroups = StoriesInGroups.TestCase
