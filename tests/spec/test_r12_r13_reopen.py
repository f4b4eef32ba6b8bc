"""R12, R13: taking a concluded conversation up again by hand, and never two open ones."""

from uuid import UUID

import pytest

from core import rules
from core.errors import OpenConversationExists
from core.model import ArchivePreference, Folder, User
from tests.spec.examples import (
    AFTER_12H,
    ANA,
    ANA_NOW_ANALYST,
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
    answer,
    conclusion,
    conversation,
    key,
)

ANOTHER_OPEN = key("another conversation")
NONE_OPEN = None

# fmt: off
WHO_REOPENS = [
    # who               concluded by  it is now     the contact has  answer
    (ANA,               ANA,          CONCLUDED,    NONE_OPEN,       "allowed"),
    (MARTA,             ANA,          CONCLUDED,    NONE_OPEN,       "allowed"),
    (CLARA,             ANA,          CONCLUDED,    NONE_OPEN,       "allowed"),
    (BRUNO,             ANA,          CONCLUDED,    NONE_OPEN,       "not_permitted"),
    (NADIA,             ANA,          CONCLUDED,    NONE_OPEN,       "not_permitted"),
    (ANA_WHO_LEFT,      ANA,          CONCLUDED,    NONE_OPEN,       "not_permitted"),
    (ANA_NOW_ANALYST,   ANA,          CONCLUDED,    NONE_OPEN,       "not_permitted"),
    (BRUNO,             NOBODY,       CONCLUDED,    NONE_OPEN,       "not_permitted"),   # imported
    (MARTA,             NOBODY,       CONCLUDED,    NONE_OPEN,       "allowed"),
    (ANA,               ANA,          CONCLUDED,    ANOTHER_OPEN,    "open_conversation_exists"),
    (CLARA,             ANA,          CONCLUDED,    ANOTHER_OPEN,    "open_conversation_exists"),
    (BRUNO,             ANA,          CONCLUDED,    ANOTHER_OPEN,    "not_permitted"),
    (ANA,               ANA,          IN_PROGRESS,  NONE_OPEN,       "concurrent_change"),  # somebody was faster
    (MARTA,             ANA,          NEW,          NONE_OPEN,       "concurrent_change"),
]
# fmt: on


@pytest.mark.parametrize(("who", "concluded_by", "folder", "other_open", "expected"), WHO_REOPENS)
def test_who_reopens(
    who: User, concluded_by: User | None, folder: Folder, other_open: UUID | None, expected: str
) -> None:
    found = conversation(folder, ANA, conclusion(concluded_by))
    assert answer(rules.check_reopen, who, found, other_open) == expected


@pytest.mark.parametrize("archive", [AFTER_12H, IMMEDIATELY])
def test_at_any_time_however_it_is_archived(archive: ArchivePreference) -> None:
    long_ago = conversation(CONCLUDED, ANA, conclusion(ANA, NOON - 9000 * HOUR, archive))
    assert answer(rules.check_reopen, ANA, long_ago, NONE_OPEN) == "allowed"


def test_the_refusal_names_the_open_one() -> None:
    with pytest.raises(OpenConversationExists) as refused:
        rules.check_reopen(ANA, conversation(CONCLUDED, ANA, conclusion(ANA)), ANOTHER_OPEN)
    assert refused.value.facts == {"conversation_id": ANOTHER_OPEN}
