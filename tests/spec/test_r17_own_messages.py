"""R17: the team's own messages never reopen, conclude or reassign; with no conversation yet, one opens."""

from datetime import timedelta

import pytest

from core import rules
from core.model import Conversation, Folder, Outcome, User
from tests.spec.examples import (
    AFTER_12H,
    ANA,
    ANA_WHO_LEFT,
    BRUNO,
    CLARA,
    CONCLUDED,
    HOUR,
    IMMEDIATELY,
    IN_PROGRESS,
    MARTA,
    NADIA,
    NEW,
    NOBODY,
    NOON,
    conclusion,
    conversation,
)

# fmt: off
WITH_A_CONVERSATION = [
    # the latest conversation                                          stays in      assigned to
    (conversation(NEW),                                                NEW,          NOBODY),
    (conversation(IN_PROGRESS, ANA),                                   IN_PROGRESS,  ANA),
    (conversation(CONCLUDED, ANA, conclusion(ANA, NOON, AFTER_12H)),   CONCLUDED,    ANA),
    (conversation(CONCLUDED, ANA, conclusion(ANA, NOON, IMMEDIATELY)), CONCLUDED,    ANA),
]
# fmt: on


@pytest.mark.parametrize(("latest", "folder", "assigned_to"), WITH_A_CONVERSATION)
@pytest.mark.parametrize("writer", [ANA, BRUNO, NOBODY], ids=["Ana", "Bruno", "unknown"])
@pytest.mark.parametrize("after", [HOUR, 13 * HOUR], ids=["within 12 h", "later"])
def test_a_message_of_the_team_changes_nothing(
    latest: Conversation, folder: Folder, assigned_to: User | None, writer: User | None, after: timedelta
) -> None:
    decided = rules.receive_own(latest, writer, NOON + after, NOON + after)
    assert (decided.outcome, decided.folder) == (Outcome.APPENDED, folder)
    assert decided.assigned_to == (assigned_to.id if assigned_to else None)
    assert not decided.present_chatbot


# fmt: off
WITH_NONE_YET = [
    # writer        opens in      for
    (ANA,           IN_PROGRESS,  ANA),
    (MARTA,         IN_PROGRESS,  MARTA),
    (CLARA,         IN_PROGRESS,  CLARA),
    (NOBODY,        NEW,          NOBODY),
    (ANA_WHO_LEFT,  NEW,          NOBODY),   # cannot be given a conversation
    (NADIA,         NEW,          NOBODY),
]
# fmt: on


@pytest.mark.parametrize(("writer", "folder", "assigned_to"), WITH_NONE_YET)
def test_with_none_yet_one_opens(writer: User | None, folder: Folder, assigned_to: User | None) -> None:
    decided = rules.receive_own(None, writer, NOON, NOON)
    assert (decided.outcome, decided.folder) == (Outcome.OPENED, folder)
    assert decided.assigned_to == (assigned_to.id if assigned_to else None)
    assert not decided.present_chatbot
