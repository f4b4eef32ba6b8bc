"""R11: Meta's window ends 24 hours after the contact's last message; concluding never moves it."""

from datetime import datetime, timedelta

import pytest

from core import rules, services
from core.desk import Desk
from core.model import Direction, ReceivedMessage
from tests.conftest import NOW, Team, write
from tests.spec.examples import HOUR, NOON

# fmt: off
ENDS = [
    # channel       the contact wrote last   the window ends
    ("whatsapp",    NOON,                    NOON + 24 * HOUR),
    ("instagram",   NOON,                    NOON + 24 * HOUR),
    ("messenger",   NOON,                    NOON + 24 * HOUR),
    ("whatsapp",    None,                    None),              # the team wrote first
    ("webchat",     NOON,                    None),              # not Meta's
]
# fmt: on


@pytest.mark.parametrize(("channel", "wrote", "ends"), ENDS)
def test_when_the_window_ends(channel: str, wrote: datetime | None, ends: datetime | None) -> None:
    assert rules.service_window_ends_at(channel, wrote) == ends


def test_nothing_but_the_contacts_own_words_moves_it(desk: Desk, team: Team) -> None:
    def ends(of: ReceivedMessage) -> timedelta | None:
        at = services.conversation(desk, team.clara, of.conversation_id).service_window_ends_at
        return at - NOW if at else None

    first = write(desk, "m1", NOW)
    assert ends(first) == 24 * HOUR
    services.assign(desk, team.ana, first.conversation_id, now=NOW + HOUR)
    assert ends(first) == 24 * HOUR
    write(desk, "o1", NOW + 2 * HOUR, direction=Direction.OUT)
    assert ends(first) == 24 * HOUR
    services.conclude(desk, team.ana, first.conversation_id, now=NOW + 3 * HOUR)
    assert ends(first) == 24 * HOUR
    services.reopen(desk, team.ana, first.conversation_id, now=NOW + 4 * HOUR)
    assert ends(first) == 24 * HOUR
    write(desk, "m2", NOW + 5 * HOUR)
    assert ends(first) == 29 * HOUR
    write(desk, "m0", NOW - HOUR, now=NOW + 6 * HOUR)  # late: not their last
    assert ends(first) == 29 * HOUR
    services.conclude(desk, team.ana, first.conversation_id, now=NOW + 6 * HOUR)
    second = write(desk, "m3", NOW + 30 * HOUR)
    assert second.conversation_id != first.conversation_id
    assert ends(first) == ends(second) == 54 * HOUR  # the contact's last message, in whichever conversation
