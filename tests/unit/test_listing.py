"""The list of conversations: sorted, narrowed, paged."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core import services
from core.desk import Desk
from core.model import SYSTEM, Category, Direction, Folder, Listing, Order, ValueMode
from core.rules import Incoming
from tests.conftest import NOW, Team

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = NOW + 30 * HOUR


def say(desk: Desk, name: str, ago: timedelta, channel: str = "whatsapp", direction: str = "in") -> object:
    """A message of, or to, the contact of this name, so long before LATER."""
    at = LATER - ago
    told = Incoming(channel, (name,), name, f"{name} {ago} {direction}", at, "Olá", Direction(direction))
    return services.receive_message(desk, SYSTEM, told, now=at).conversation_id


@pytest.fixture
def conversations(desk: Desk, team: Team) -> dict[str, object]:
    found = {
        "Answered": say(desk, "Answered", 3 * HOUR),
        "Long": say(desk, "Long", 26 * HOUR),  # and so the window is closed
        "Web": say(desk, "Web", 5 * HOUR, "webchat"),
        "Closing": say(desk, "Closing", 23 * HOUR),
        "Fresh": say(desk, "Fresh", 2 * MINUTE),
        "Back": say(desk, "Back", 4 * HOUR),
        "Gone": say(desk, "Gone", 6 * HOUR),
    }
    say(desk, "Answered", HOUR + MINUTE, direction="out")
    say(desk, "Closing", 22 * HOUR)  # waiting since the first of the two
    for name in ("Back", "Gone"):
        services.conclude(desk, team.ana, found[name], now=LATER - 2 * HOUR)
    say(desk, "Back", HOUR)
    return found


def names(desk: Desk, which: Listing, **page: int) -> list[str]:
    return [row.contact.name or "" for row in services.list_conversations(desk, SYSTEM, which, **page)]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Listing(), ["Fresh", "Back", "Answered", "Gone", "Web", "Closing", "Long"]),
        (Listing(folder=Folder.NEW), ["Fresh", "Answered", "Web", "Closing", "Long"]),
        (
            Listing(folder=Folder.NEW, order=Order.WAITING),
            ["Long", "Closing", "Web", "Fresh", "Answered"],  # who waits for nothing comes last
        ),
        (
            Listing(folder=Folder.NEW, order=Order.WINDOW),
            ["Closing", "Answered", "Fresh", "Web", "Long"],  # without a window, or closed: last
        ),
        (Listing(waiting=True), ["Fresh", "Back", "Web", "Closing", "Long"]),
        (Listing(reopened=True), ["Back"]),
        (Listing(channel="webchat"), ["Web"]),
        (Listing(channel="webchat", reopened=True), []),
        (Listing(folder=Folder.CONCLUDED), ["Gone"]),
        (
            Listing(waiting=True, order=Order.WAITING, q="ola"),  # what all of them wrote
            ["Long", "Closing", "Web", "Back", "Fresh"],
        ),
    ],
)
def test_order_and_filters(
    desk: Desk, conversations: dict[str, object], which: Listing, expected: list[str]
) -> None:
    which = replace(which, window_after=LATER - 24 * HOUR)
    assert names(desk, which) == expected
    assert [name for n in range(0, 8, 2) for name in names(desk, which, limit=2, offset=n)] == expected
    counted = services.count_conversations(desk, SYSTEM, which)
    assert sum(counted.values()) >= len(expected)
    if which.folder:
        assert counted[which.folder] == len(expected)


def test_by_agent(desk: Desk, team: Team, conversations: dict[str, object]) -> None:
    services.assign(desk, team.bruno, conversations["Web"], now=LATER)
    assert names(desk, Listing(agent=team.bruno.user_id)) == ["Web"]
    assert names(desk, Listing(agent=team.marta.user_id)) == []


def test_how_long_a_contact_waits_and_what_is_left_of_the_window(
    desk: Desk, conversations: dict[str, object]
) -> None:
    rows = {row.contact.name: row for row in services.list_conversations(desk, SYSTEM)}
    waiting = {name: row.waiting_since and LATER - row.waiting_since for name, row in rows.items()}
    assert waiting == {
        "Answered": None, "Long": 26 * HOUR, "Web": 5 * HOUR, "Closing": 23 * HOUR, "Fresh": 2 * MINUTE,
        "Back": HOUR, "Gone": None,
    }  # fmt: skip
    left = {
        name: row.service_window_ends_at and row.service_window_ends_at - LATER for name, row in rows.items()
    }
    assert (left["Long"], left["Closing"], left["Web"]) == (-2 * HOUR, 2 * HOUR, None)


def test_the_channels(desk: Desk, team: Team, conversations: dict[str, object]) -> None:
    assert services.list_channels(desk, team.ana) == ["webchat", "whatsapp"]


def test_what_one_uses_most_comes_first(desk: Desk, team: Team) -> None:
    """Often, then lately; one's own alone, and nothing retired."""
    made = {
        name: services.create_reason(desk, SYSTEM, name, Category.OTHER, ValueMode.NONE, now=NOW)
        for name in ("a", "b", "c", "d", "retired")
    }
    for n, (who, name) in enumerate(
        [
            ("ana", "a"), ("ana", "b"), ("ana", "b"), ("ana", "c"), ("bruno", "d"), ("bruno", "d"), ("bruno", "d"),
            ("ana", "retired"), ("ana", "retired"), ("ana", "retired"),
        ]
    ):  # fmt: skip
        opened = say(desk, f"contact {n}", n * MINUTE)
        services.conclude(desk, getattr(team, who), opened, made[name].id, now=LATER)
    services.change_reason(desk, SYSTEM, made["retired"].id, in_use=False, now=LATER)
    assert services.usual_reasons(desk, team.ana) == [made[name].id for name in ("b", "c", "a")]
    assert services.usual_reasons(desk, team.marta) == []


@pytest.mark.parametrize("q", ["+55 (11) 98888-7777", "98888.7777", "5511988887777", "11 9"])
def test_a_phone_is_found_however_it_is_written(desk: Desk, team: Team, q: str) -> None:
    opened = services.receive_message(
        desk,
        SYSTEM,
        Incoming("whatsapp", ("+55 11 98888-7777",), "João", "m1", NOW, "Olá", Direction.IN),
        now=NOW,
    ).conversation_id
    assert [row.id for row in services.list_conversations(desk, team.ana, Listing(q=q))] == [opened]
    assert services.list_conversations(desk, team.ana, Listing(q="+55 (21)")) == []
