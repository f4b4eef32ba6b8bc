"""What commands refuse without a trace, and do beyond a single rule."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from core import services
from core.desk import Desk
from core.errors import AppError, Invalid, NotPermitted
from core.ids import new_id
from core.model import (
    SYSTEM,
    ArchivePreference,
    Caller,
    Category,
    Direction,
    Folder,
    Listing,
    Outcome,
    Reason,
    ReceivedMessage,
    Role,
    Scope,
    ValueMode,
)
from core.rules import Incoming
from tests.conftest import NOW, Team, add_user, change_user, write
from tests.scene import code

HOUR = timedelta(hours=1)


# Roles ----------------------------------------------------------------------------------------------


def test_a_role_taken_away_counts_at_once(desk: Desk, team: Team) -> None:
    opened = write(desk, "m1").conversation_id
    services.assign(desk, team.ana, opened, now=NOW)
    change_user(desk, team.ana, Role.ANALYST)
    with pytest.raises(NotPermitted):
        services.conclude(desk, team.ana, opened, now=NOW)
    change_user(desk, team.ana, Role.AGENT)
    services.conclude(desk, team.ana, opened, now=NOW)


# Nothing is recorded of what changed nothing --------------------------------------------------------


def test_refusals_and_repetitions_leave_no_trace(desk: Desk, team: Team, sale: Reason, doubt: Reason) -> None:
    opened = write(desk, "m1").conversation_id
    services.assign(desk, team.ana, opened, now=NOW)
    concluded = services.conclude(desk, team.ana, opened, sale.id, "10", now=NOW)
    services.change_organisation(desk, team.clara, currency="EUR", now=NOW)
    services.create_token(desk, SYSTEM, "ana@example.com", "one", Scope.API, now=NOW)
    nowhere = new_id(NOW)
    number = desk.number
    history = desk.read(lambda tx: tx.value("SELECT count(*) FROM history"))

    nothing_new: list[Callable[[], object]] = [
        lambda: write(desk, "m1"),
        lambda: services.edit_classification(desk, team.ana, concluded.id, sale.id, "10.00", now=NOW),
        lambda: services.change_reason(desk, team.clara, sale.id, now=NOW),
        lambda: services.change_reason(desk, team.clara, sale.id, description=" Venda ", now=NOW),
        lambda: services.change_organisation(desk, team.clara, currency="EUR", now=NOW),
        lambda: services.set_archive_preference(desk, team.ana, ArchivePreference.AFTER_12H, now=NOW),
    ]
    for again in nothing_new:
        assert code(again) == "allowed"
        assert desk.number == number

    # fmt: off
    refused: list[tuple[str, Callable[[], object]]] = [
        ("already_concluded", lambda: services.conclude(desk, team.marta, opened, now=NOW)),
        ("already_concluded", lambda: services.assign(desk, team.marta, opened, now=NOW)),
        ("not_permitted",     lambda: services.reopen(desk, team.bruno, opened, now=NOW)),
        ("not_found",         lambda: services.conclude(desk, team.ana, nowhere, now=NOW)),
        ("not_found",         lambda: services.assign(desk, team.ana, nowhere, now=NOW)),
        ("not_found",         lambda: services.reopen(desk, team.ana, nowhere, now=NOW)),
        ("not_found",         lambda: services.conversation(desk, team.ana, nowhere)),
        ("not_found",         lambda: services.edit_classification(desk, team.ana, nowhere, sale.id, "1", now=NOW)),
        ("not_found",         lambda: services.change_reason(desk, team.clara, nowhere, in_use=False, now=NOW)),
        ("not_permitted",     lambda: services.edit_classification(desk, team.clara, concluded.id, sale.id, "1", now=NOW)),
        ("invalid",           lambda: services.edit_classification(desk, team.ana, concluded.id, nowhere, now=NOW)),
        ("invalid",           lambda: services.edit_classification(desk, team.ana, concluded.id, doubt.id, "1", now=NOW)),
        ("invalid",           lambda: services.edit_classification(desk, team.ana, concluded.id, sale.id, now=NOW)),
        ("invalid",           lambda: write(desk, "")),
        ("invalid",           lambda: write(desk, "m2", body="")),
        ("invalid",           lambda: write(desk, "m2", body="x" * 300_000)),
        ("invalid",           lambda: write(desk, "m2", address=" ")),
        ("invalid",           lambda: write(desk, "x" * 301)),
        ("invalid",           lambda: services.create_reason(desk, team.clara, "VENDA", Category.ACHIEVED, ValueMode.NONE, now=NOW)),
        ("invalid",           lambda: services.change_organisation(desk, team.clara, currency="REAL", now=NOW)),
        ("invalid",           lambda: services.create_token(desk, team.clara, "ana@example.com", "one", Scope.API, now=NOW)),
        ("invalid",           lambda: services.create_token(desk, team.clara, "who@example.com", "two", Scope.API, now=NOW)),
        ("invalid",           lambda: services.create_token(desk, team.clara, "ana@example.com", " ", Scope.API, now=NOW)),
        ("not_found",         lambda: services.revoke_token(desk, team.clara, "none", now=NOW)),
    ]
    # fmt: on
    for position, (expected, ask) in enumerate(refused):
        assert code(ask) == expected, position
        assert desk.number == number, position
    assert desk.read(lambda tx: tx.value("SELECT count(*) FROM history")) == history


# Messages ---------------------------------------------------------------------------------------------


def test_a_message_seen_already_changes_nothing_whatever_became_of_its_conversation(
    desk: Desk, team: Team
) -> None:
    first = write(desk, "m1")
    services.conclude(desk, team.ana, first.conversation_id, now=NOW)
    again = write(desk, "m1", NOW + HOUR, address="somebody else", body="other words")
    assert again == ReceivedMessage(Outcome.DUPLICATE, first.conversation_id, present_chatbot=False)
    assert not services.conversation(desk, team.ana, first.conversation_id).conversation.is_open


def test_an_external_id_is_the_channels_own(desk: Desk) -> None:
    def on(channel: str) -> ReceivedMessage:
        message = Incoming(channel, ("joao",), "João", "1", NOW, "Olá")
        return services.receive_message(desk, SYSTEM, message, now=NOW)

    assert on("whatsapp").outcome is on("webchat").outcome is Outcome.OPENED
    assert on("webchat").outcome is Outcome.DUPLICATE


def test_messages_are_kept_at_their_own_time_in_its_order(desk: Desk) -> None:
    for external_id, minutes in (("second", 2), ("third", 3), ("first", 1)):
        opened = write(desk, external_id, NOW + timedelta(minutes=minutes), now=NOW + HOUR, body=external_id)
    told = services.conversation(desk, SYSTEM, opened.conversation_id)
    assert [message.body for message in told.messages] == ["first", "second", "third"]
    (row,) = services.list_conversations(desk, SYSTEM)
    assert row.last_message == "third"
    assert services.conversation(desk, SYSTEM, opened.conversation_id, 2).earlier_messages == 1


def test_the_team_s_writer_is_the_author_and_a_contact_has_none(desk: Desk, team: Team) -> None:
    def say(external_id: str, direction: Direction) -> ReceivedMessage:
        message = Incoming("whatsapp", ("1",), None, external_id, NOW, "x", direction)
        return services.receive_message(desk, SYSTEM, message, now=NOW, writer_id=team.ana.user_id)

    opened = say("o1", Direction.OUT)
    assert say("m1", Direction.IN).conversation_id == opened.conversation_id
    told = services.conversation(desk, SYSTEM, opened.conversation_id)
    assert told.conversation.assigned_to == team.ana.user_id
    assert [message.author for message in told.messages] == [team.ana.user_id, None]


@pytest.mark.parametrize("written", ["+55 (11) 98888-7777", "5511988887777", " 55.11.98888.7777 "])
def test_a_phone_is_its_digits(desk: Desk, written: str) -> None:
    first = write(desk, "m1", address="5511988887777")
    assert write(desk, "m2", address=written).conversation_id == first.conversation_id


# Two addresses, one person ------------------------------------------------------------------------------

PHONE, USER_ID = ("5511",), ("BR.1",)
BOTH = ("5511", "BR.1")


def say(desk: Desk, external_id: str, addresses: tuple[str, ...], hours: int = 0) -> ReceivedMessage:
    at = NOW + hours * HOUR
    message = Incoming("whatsapp", addresses, "João", external_id, at, "Olá")
    return services.receive_message(desk, SYSTEM, message, now=at)


def open_conversations(desk: Desk) -> list[tuple[UUID, int]]:
    """How many are open of each contact."""
    return desk.read(
        lambda tx: tx.rows(
            "SELECT contact_id, count(*) FROM conversations WHERE folder <> 'concluded' GROUP BY contact_id"
        )
    )  # type: ignore[return-value]


@pytest.mark.parametrize(
    "order",
    [order for order in permutations((PHONE, USER_ID, BOTH)) if order.index(BOTH) < 2],
    ids=lambda order: " ".join("both" if a == BOTH else "phone" if a == PHONE else "id" for a in order),
)
def test_once_seen_together_they_are_one_whoever_comes_first(
    desk: Desk, order: tuple[tuple[str, ...], ...]
) -> None:
    answers = [say(desk, f"m{n}", addresses) for n, addresses in enumerate(order)]
    assert len({answer.conversation_id for answer in answers}) == 1
    (row,) = services.list_conversations(desk, SYSTEM)
    assert row.contact.address == "5511"  # the phone is shown, where there is one


@pytest.mark.parametrize("order", [(PHONE, USER_ID), (USER_ID, PHONE)], ids=["phone first", "id first"])
@pytest.mark.parametrize("concluded", [0, 1], ids=["first is concluded", "second is concluded"])
def test_two_with_open_conversations_stay_two_until_one_is_concluded(
    desk: Desk, team: Team, order: tuple[tuple[str, ...], ...], concluded: int
) -> None:
    opened = [say(desk, f"m{n}", addresses).conversation_id for n, addresses in enumerate(order)]
    together = say(desk, "both 1", BOTH)
    assert together.conversation_id == opened[order.index(PHONE)]  # of the address shown first
    assert sorted(n for _, n in open_conversations(desk)) == [1, 1]

    services.conclude(desk, team.marta, opened[concluded], now=NOW + HOUR)
    left = opened[1 - concluded]
    assert say(desk, "both 2", BOTH, 2).conversation_id == left
    assert [n for _, n in open_conversations(desk)] == [1]
    for n, addresses in enumerate((PHONE, USER_ID, BOTH)):
        assert say(desk, f"later {n}", addresses, 3).conversation_id == left
    contacts = desk.read(lambda tx: tx.rows("SELECT DISTINCT contact_id FROM conversations"))
    assert len(contacts) == 1
    with pytest.raises(AppError) as refused:
        services.reopen(desk, team.marta, opened[concluded], now=NOW + 4 * HOUR)
    assert refused.value.code == "open_conversation_exists"


def test_a_conclusion_is_found_under_the_other_address(desk: Desk, team: Team) -> None:
    """R10 counts for the person, not for the address."""
    opened = say(desk, "m1", USER_ID).conversation_id
    services.conclude(desk, team.ana, opened, now=NOW)
    assert say(desk, "m2", BOTH, 1).outcome is Outcome.REOPENED
    assert say(desk, "m3", PHONE, 1).conversation_id == opened


def test_three_addresses_two_of_them_open(desk: Desk) -> None:
    a, b = say(desk, "m1", ("a",)), say(desk, "m2", ("b",))
    assert say(desk, "m3", ("c", "a", "b")).conversation_id == a.conversation_id
    assert say(desk, "m4", ("c",)).conversation_id == a.conversation_id
    assert say(desk, "m5", ("b",)).conversation_id == b.conversation_id


def test_a_merge_and_messages_in_one_transaction(desk: Desk, team: Team) -> None:
    """A webhook's delivery."""
    opened = say(desk, "m1", PHONE).conversation_id
    services.conclude(desk, team.ana, opened, now=NOW)

    def delivery(tx: Desk) -> list[Outcome]:
        return [
            say(tx, "m2", USER_ID, 1).outcome,
            say(tx, "m3", BOTH, 1).outcome,
            say(tx, "m4", PHONE, 1).outcome,
            say(tx, "m5", BOTH, 1).outcome,
        ]

    assert desk.transact(delivery) == [Outcome.OPENED, *[Outcome.APPENDED] * 3]  # type: ignore[arg-type]
    assert len(services.list_conversations(desk, SYSTEM, Listing(folder=Folder.NEW))) == 1
    again = desk.folder
    desk.close()
    reopened = Desk.open(again, NOW)  # the log of all this can be replayed
    assert len(services.list_conversations(reopened, SYSTEM, Listing(folder=Folder.NEW))) == 1
    reopened.close()


def test_the_name_known_of_one_stays_when_they_are_found_to_be_one(desk: Desk) -> None:
    def nameless(external_id: str, addresses: tuple[str, ...]) -> ReceivedMessage:
        message = Incoming("whatsapp", addresses, None, external_id, NOW, "Olá")
        return services.receive_message(desk, SYSTEM, message, now=NOW)

    opened = say(desk, "m1", USER_ID).conversation_id
    services.conclude(desk, Caller(add_user(desk, "Dora", Role.AGENT).id), opened, now=NOW)
    nameless("m2", PHONE)
    nameless("m3", BOTH)
    assert services.conversation(desk, SYSTEM, opened).contact.name == "João"


# Settings and reasons -------------------------------------------------------------------------------------


# fmt: off
SETTINGS = [
    # setting                         answer
    ({"currency": "EUR"},             "allowed"),
    ({"currency": "eur"},             "invalid currency"),
    ({"currency": ""},                "invalid currency"),
    ({"currency": "R$"},              "invalid currency"),
    ({"timezone": "Europe/Lisbon"},   "allowed"),
    ({"timezone": "UTC"},             "allowed"),
    ({"timezone": "Lisbon"},          "invalid timezone"),
    ({"timezone": ""},                "invalid timezone"),
    ({"timezone": "../../etc/hosts"}, "invalid timezone"),
    ({"classification_on": False},    "allowed"),
]
# fmt: on


@pytest.mark.parametrize(("setting", "expected"), SETTINGS, ids=lambda cell: str(cell))
def test_settings(desk: Desk, team: Team, setting: dict[str, object], expected: str) -> None:
    before = services.get_organisation(desk, team.clara)
    try:
        services.change_organisation(desk, team.clara, **setting, now=NOW)  # type: ignore[arg-type]
    except Invalid as error:
        assert f"{error.code} {error.field}" == expected
        assert services.get_organisation(desk, team.clara) == before
    else:
        assert expected == "allowed"
        (name,) = setting
        assert getattr(services.get_organisation(desk, team.ana), name) == setting[name]


def test_a_reason_is_offered_at_once_and_retired_it_is_not(desk: Desk, team: Team, doubt: Reason) -> None:
    assert services.list_reasons(desk, team.ana, in_use_only=True) == [doubt]
    retired = services.change_reason(desk, team.clara, doubt.id, in_use=False, now=NOW)
    assert services.list_reasons(desk, team.ana, in_use_only=True) == []
    assert services.list_reasons(desk, team.ana) == [retired]


def test_a_duplicate_is_refused_also_when_brought_back_moved_or_renamed(desk: Desk, team: Team) -> None:
    def make(description: str, category: Category = Category.LOST) -> Reason:
        return services.create_reason(desk, team.clara, description, category, ValueMode.NONE, now=NOW)

    first = make("Preço")
    with pytest.raises(Invalid):
        make("PRECO")
    services.change_reason(desk, team.clara, first.id, in_use=False, now=NOW)
    second = make("PRECO")  # among those in use only
    with pytest.raises(Invalid):
        services.change_reason(desk, team.clara, first.id, in_use=True, now=NOW)
    other = make("preço", Category.OTHER)  # inside its category only
    with pytest.raises(Invalid):
        services.change_reason(desk, team.clara, other.id, category=Category.LOST, now=NOW)
    third = make("Prazo")
    with pytest.raises(Invalid):
        services.change_reason(desk, team.clara, third.id, description="  preÇo ", now=NOW)
    services.change_reason(desk, team.clara, second.id, description="Preço", now=NOW)  # its own, said better
    services.change_reason(desk, team.clara, first.id, in_use=True, category=Category.QUESTION, now=NOW)


def test_history_keeps_what_a_reason_said(desk: Desk, team: Team, sale: Reason) -> None:
    """R4."""
    opened = write(desk, "m1").conversation_id
    services.conclude(desk, team.ana, opened, sale.id, "10", now=NOW)
    services.change_reason(
        desk, team.clara, sale.id, description="Upgrade", category=Category.OTHER, in_use=False, now=NOW
    )
    (kept,) = services.conversation(desk, team.ana, opened).conclusions
    assert kept.classification
    assert (kept.classification.reason, kept.classification.category) == ("Venda", Category.ACHIEVED)


def test_an_edited_value_that_stays_keeps_its_currency(desk: Desk, team: Team, sale: Reason) -> None:
    another = services.create_reason(
        desk, team.clara, "Upgrade", Category.ACHIEVED, ValueMode.OPTIONAL, now=NOW
    )
    opened = write(desk, "m1").conversation_id
    concluded = services.conclude(desk, team.ana, opened, sale.id, "10", now=NOW)
    services.change_organisation(desk, team.clara, currency="EUR", now=NOW)
    for value in ("10.0", "11", None, "11"):
        services.edit_classification(desk, team.ana, concluded.id, another.id, value, now=NOW)
    (kept,) = services.conversation(desk, team.ana, opened).conclusions
    assert [(str(v.value), v.currency) for v in kept.classifications] == [
        ("10.00", "BRL"),
        ("10.00", "BRL"),
        ("11.00", "EUR"),
        ("None", None),
        ("11.00", "EUR"),
    ]


def test_switched_off_older_classifications_stay_visible_and_concluding_goes_on(
    desk: Desk, team: Team, sale: Reason
) -> None:
    """R2."""
    first, second = (write(desk, a, address=a).conversation_id for a in ("1", "2"))
    concluded = services.conclude(desk, team.ana, first, sale.id, "10", now=NOW)
    services.change_organisation(desk, team.clara, classification_on=False, now=NOW)
    assert services.conversation(desk, team.ana, first).conclusions == (concluded,)
    with pytest.raises(AppError) as refused:
        services.edit_classification(desk, team.ana, concluded.id, sale.id, "11", now=NOW)
    assert refused.value.code == "classification_off"
    with pytest.raises(AppError) as refused:
        services.conclude(desk, team.ana, second, sale.id, "11", now=NOW)
    assert refused.value.code == "classification_off"
    assert services.conclude(desk, team.ana, second, now=NOW).classification is None
