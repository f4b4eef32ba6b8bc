"""R18: an agent sees `new`, what is assigned to them, and what they concluded."""

import pytest

from core import rules
from core.model import Folder, User
from tests.spec.examples import (
    ANA,
    ANA_NOW_ANALYST,
    ANA_WHO_LEFT,
    BRUNO,
    CLARA,
    CONCLUDED,
    IN_PROGRESS,
    MARTA,
    NADIA,
    NEW,
    NOBODY,
    conclusion,
    conversation,
)

# fmt: off
WHO_SEES = [
    # who               folder        assigned to   has concluded it   sees it
    (ANA,               NEW,          NOBODY,       False,             True),
    (ANA,               IN_PROGRESS,  ANA,          False,             True),
    (ANA,               IN_PROGRESS,  BRUNO,        False,             False),
    (ANA,               IN_PROGRESS,  BRUNO,        True,              True),    # concluded, since reopened
    (ANA,               IN_PROGRESS,  NOBODY,       False,             False),
    (ANA,               CONCLUDED,    BRUNO,        False,             False),
    (ANA,               CONCLUDED,    BRUNO,        True,              True),
    (ANA,               CONCLUDED,    NOBODY,       True,              True),    # concluded from `new`
    (ANA,               CONCLUDED,    NOBODY,       False,             False),
    (ANA,               CONCLUDED,    ANA,          False,             True),    # concluded by a manager
    (MARTA,             NEW,          NOBODY,       False,             True),
    (MARTA,             IN_PROGRESS,  ANA,          False,             True),
    (MARTA,             CONCLUDED,    ANA,          False,             True),
    (CLARA,             IN_PROGRESS,  ANA,          False,             True),
    (CLARA,             CONCLUDED,    ANA,          False,             True),
    (NADIA,             NEW,          NOBODY,       False,             False),
    (NADIA,             CONCLUDED,    NADIA,        True,              False),
    (ANA_NOW_ANALYST,   CONCLUDED,    ANA,          True,              False),
    (ANA_WHO_LEFT,      NEW,          NOBODY,       False,             False),
    (ANA_WHO_LEFT,      CONCLUDED,    ANA,          True,              False),
]
# fmt: on


@pytest.mark.parametrize(("who", "folder", "assigned_to", "has_concluded_it", "sees"), WHO_SEES)
def test_who_sees(
    who: User, folder: Folder, assigned_to: User | None, has_concluded_it: bool, sees: bool
) -> None:
    last = conclusion(who if has_concluded_it else BRUNO) if folder is CONCLUDED else None
    assert rules.may_see(who, conversation(folder, assigned_to, last), has_concluded_it) is sees
