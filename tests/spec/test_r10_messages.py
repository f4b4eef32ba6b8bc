"""R10: what a contact's message does.

Ana concluded at noon; in the tables times are counted from then. `duplicate`, which is decided before all of
this, is in tests/unit/test_services.py.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core import rules
from core.errors import Invalid
from core.model import ArchivePreference, Conversation, Folder, Outcome, User
from tests.spec.examples import (
    AFTER_12H,
    ANA,
    ANA_NOW_ANALYST,
    ANA_NOW_MANAGER,
    ANA_WHO_LEFT,
    BRUNO,
    CONCLUDED,
    HOUR,
    IMMEDIATELY,
    IN_PROGRESS,
    MINUTE,
    NEW,
    NOBODY,
    NOON,
    SECOND,
    TICK,
    conclusion,
    conversation,
)

OPENED, APPENDED, REOPENED = Outcome.OPENED, Outcome.APPENDED, Outcome.REOPENED
H12 = 12 * HOUR
NO_WAIT = 0 * HOUR

# fmt: off
AFTER_A_CONCLUSION = [
    # archive      concluded by      sent           arrives         outcome    in           assigned to      chatbot
    (AFTER_12H,    ANA,              SECOND,        SECOND,         REOPENED,  IN_PROGRESS, ANA,             False),
    (AFTER_12H,    ANA,              H12 - TICK,    H12 - TICK,     REOPENED,  IN_PROGRESS, ANA,             False),
    (AFTER_12H,    ANA,              H12,           H12,            REOPENED,  IN_PROGRESS, ANA,             False),  # exactly
    (AFTER_12H,    ANA,              H12 + TICK,    H12 + TICK,     OPENED,    NEW,         NOBODY,          True),
    (AFTER_12H,    ANA,              100 * H12,     100 * H12,      OPENED,    NEW,         NOBODY,          True),
    # on its way while Ana concluded: not seen, so it counts as new
    (AFTER_12H,    ANA,              NO_WAIT,       MINUTE,         REOPENED,  IN_PROGRESS, ANA,             False),
    (AFTER_12H,    ANA,              -SECOND,       SECOND,         REOPENED,  IN_PROGRESS, ANA,             False),
    (AFTER_12H,    ANA,              -100 * H12,    MINUTE,         REOPENED,  IN_PROGRESS, ANA,             False),
    # late: its own time counts, not when it arrives
    (AFTER_12H,    ANA,              HOUR,          13 * HOUR,      REOPENED,  IN_PROGRESS, ANA,             False),
    (AFTER_12H,    ANA,              -HOUR,         100 * H12,      REOPENED,  IN_PROGRESS, ANA,             False),
    # a clock that runs ahead by up to five minutes is believed
    (AFTER_12H,    ANA,              H12 + TICK,    H12 - MINUTE,   OPENED,    NEW,         NOBODY,          True),
    # whoever concluded no longer handles conversations
    (AFTER_12H,    ANA_WHO_LEFT,     SECOND,        SECOND,         REOPENED,  NEW,         NOBODY,          False),
    (AFTER_12H,    ANA_NOW_ANALYST,  SECOND,        SECOND,         REOPENED,  NEW,         NOBODY,          False),
    (AFTER_12H,    ANA_NOW_MANAGER,  SECOND,        SECOND,         REOPENED,  IN_PROGRESS, ANA_NOW_MANAGER, False),
    (AFTER_12H,    NOBODY,           SECOND,        SECOND,         REOPENED,  NEW,         NOBODY,          False),  # imported
    (AFTER_12H,    ANA_WHO_LEFT,     H12 + TICK,    H12 + TICK,     OPENED,    NEW,         NOBODY,          True),
    # archived immediately: at any time
    (IMMEDIATELY,  ANA,              -SECOND,       SECOND,         OPENED,    NEW,         NOBODY,          True),
    (IMMEDIATELY,  ANA,              NO_WAIT,       NO_WAIT,        OPENED,    NEW,         NOBODY,          True),
    (IMMEDIATELY,  ANA,              SECOND,        SECOND,         OPENED,    NEW,         NOBODY,          True),
    (IMMEDIATELY,  ANA,              100 * H12,     100 * H12,      OPENED,    NEW,         NOBODY,          True),
    (IMMEDIATELY,  NOBODY,           SECOND,        SECOND,         OPENED,    NEW,         NOBODY,          True),
]
# fmt: on


@pytest.mark.parametrize(
    ("archive", "concluded_by", "sent", "arrives", "outcome", "folder", "assigned_to", "chatbot"),
    AFTER_A_CONCLUSION,
)
def test_a_message_after_a_conclusion(
    archive: ArchivePreference,
    concluded_by: User | None,
    sent: timedelta,
    arrives: timedelta,
    outcome: Outcome,
    folder: Folder,
    assigned_to: User | None,
    chatbot: bool,
) -> None:
    latest = conversation(CONCLUDED, ANA, conclusion(concluded_by, NOON, archive))
    decided = rules.receive(latest, concluded_by, NOON + sent, NOON + arrives)
    assert (decided.outcome, decided.folder) == (outcome, folder)
    assert decided.assigned_to == (assigned_to.id if assigned_to else None)
    assert decided.present_chatbot is chatbot


def test_it_reopens_for_who_concluded_not_for_who_it_was_assigned_to() -> None:
    latest = conversation(CONCLUDED, BRUNO, conclusion(ANA))
    assert rules.receive(latest, ANA, NOON + HOUR, NOON + HOUR).assigned_to == ANA.id


# fmt: off
WITHOUT_A_CONCLUSION = [
    # the latest conversation                              outcome    in            assigned to  chatbot
    (None,                                                 OPENED,    NEW,          NOBODY,      True),
    (conversation(NEW),                                    APPENDED,  NEW,          NOBODY,      False),
    (conversation(IN_PROGRESS, ANA),                       APPENDED,  IN_PROGRESS,  ANA,         False),
    (conversation(IN_PROGRESS, BRUNO, conclusion(ANA)),    APPENDED,  IN_PROGRESS,  BRUNO,       False),  # reopened
    (conversation(NEW, NOBODY, conclusion(ANA)),           APPENDED,  NEW,          NOBODY,      False),  # reopened
]
# fmt: on


@pytest.mark.parametrize(("latest", "outcome", "folder", "assigned_to", "chatbot"), WITHOUT_A_CONCLUSION)
@pytest.mark.parametrize("sent", [-1000 * HOUR, NO_WAIT, 1000 * HOUR], ids=["long ago", "noon", "long after"])
def test_a_message_to_an_open_conversation_or_none(
    latest: Conversation | None,
    outcome: Outcome,
    folder: Folder,
    assigned_to: User | None,
    chatbot: bool,
    sent: timedelta,
) -> None:
    decided = rules.receive(latest, ANA, NOON + sent, NOON + max(sent, NO_WAIT))
    assert (decided.outcome, decided.folder) == (outcome, folder)
    assert decided.assigned_to == (assigned_to.id if assigned_to else None)
    assert decided.present_chatbot is chatbot


# fmt: off
WHEN = [
    # concluded  sent       arrives   the conversation opens or reopens at
    (False,      -HOUR,     MINUTE,   -HOUR),      # when the person wrote
    (False,      MINUTE,    NO_WAIT,  NO_WAIT),    # though not in the future
    (True,       HOUR,      2 * HOUR, HOUR),
    (True,       -HOUR,     MINUTE,   NO_WAIT),    # nor before it was concluded
    (True,       13 * HOUR, 14 * HOUR, 13 * HOUR),
]
# fmt: on


@pytest.mark.parametrize(("concluded", "sent", "arrives", "expected"), WHEN)
def test_when_a_conversation_opens_or_reopens(
    concluded: bool, sent: timedelta, arrives: timedelta, expected: timedelta
) -> None:
    latest = conversation(CONCLUDED, ANA, conclusion(ANA)) if concluded else None
    assert rules.receive(latest, ANA, NOON + sent, NOON + arrives).at == NOON + expected


BRASILIA = timezone(timedelta(hours=-3))
Y2K = datetime(2000, 1, 1, tzinfo=UTC)

# fmt: off
STORED = [
    # its own time                                stored at
    (NOON,                                        NOON),
    (NOON - 9000 * HOUR,                          NOON - 9000 * HOUR),    # late: at its own time
    (NOON + 5 * MINUTE - TICK,                    NOON + 5 * MINUTE - TICK),
    (NOON + 5 * MINUTE,                           NOON + 5 * MINUTE),     # exactly five minutes is not more
    (NOON + 5 * MINUTE + TICK,                    NOON),                  # as received now
    (NOON + 9000 * HOUR,                          NOON),
    (datetime.max.replace(tzinfo=UTC),            NOON),
    (datetime(2026, 3, 2, 9, tzinfo=BRASILIA),    NOON),
    (Y2K,                                         Y2K),
    (Y2K - TICK,                                  "invalid"),
    (datetime(1970, 1, 1, tzinfo=UTC),            "invalid"),
    (datetime.min.replace(tzinfo=UTC),            "invalid"),
    (None,                                        "invalid"),
    (datetime(2026, 3, 2, 12),                    "invalid"),             # noqa: DTZ001 - noon where?
]
# fmt: on


@pytest.mark.parametrize(("sent_at", "expected"), STORED)
def test_the_time_a_message_is_stored_at(sent_at: datetime | None, expected: datetime | str) -> None:
    if expected == "invalid":
        with pytest.raises(Invalid) as refused:
            rules.stored_time(sent_at, NOON)
        assert refused.value.field == "sent_at"
    else:
        stored = rules.stored_time(sent_at, NOON)
        assert stored == expected
        assert stored.utcoffset() == timedelta(0)
