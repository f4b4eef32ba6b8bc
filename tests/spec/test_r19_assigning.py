"""R19: an agent takes from `new`; manager and administrator assign any open conversation to whoever handles them."""

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
    answer,
    conclusion,
    conversation,
)

# fmt: off
WHO_ASSIGNS = [
    # who           folder        with      to                answer
    (ANA,           NEW,          NOBODY,   ANA,              "allowed"),
    (ANA,           NEW,          NOBODY,   BRUNO,            "not_permitted"),
    (ANA,           IN_PROGRESS,  BRUNO,    ANA,              "not_permitted"),
    (ANA,           IN_PROGRESS,  ANA,      ANA,              "allowed"),           # changes nothing
    (ANA,           IN_PROGRESS,  ANA,      BRUNO,            "not_permitted"),
    (ANA,           IN_PROGRESS,  NOBODY,   ANA,              "not_permitted"),
    (ANA,           CONCLUDED,    ANA,      ANA,              "already_concluded"),
    (MARTA,         NEW,          NOBODY,   MARTA,            "allowed"),
    (MARTA,         NEW,          NOBODY,   BRUNO,            "allowed"),
    (MARTA,         IN_PROGRESS,  ANA,      BRUNO,            "allowed"),
    (MARTA,         IN_PROGRESS,  ANA,      CLARA,            "allowed"),
    (MARTA,         IN_PROGRESS,  ANA,      NADIA,            "invalid"),
    (MARTA,         IN_PROGRESS,  BRUNO,    ANA_WHO_LEFT,     "invalid"),
    (MARTA,         IN_PROGRESS,  BRUNO,    ANA_NOW_ANALYST,  "invalid"),
    (MARTA,         CONCLUDED,    ANA,      BRUNO,            "already_concluded"),
    (CLARA,         IN_PROGRESS,  ANA,      BRUNO,            "allowed"),
    (CLARA,         NEW,          NOBODY,   CLARA,            "allowed"),
    (NADIA,         NEW,          NOBODY,   ANA,              "not_permitted"),
    (NADIA,         NEW,          NOBODY,   NADIA,            "not_permitted"),
    (ANA_WHO_LEFT,  NEW,          NOBODY,   ANA_WHO_LEFT,     "not_permitted"),
]
# fmt: on


@pytest.mark.parametrize(("who", "folder", "assigned_to", "to", "expected"), WHO_ASSIGNS)
def test_who_assigns(who: User, folder: Folder, assigned_to: User | None, to: User, expected: str) -> None:
    last = conclusion(ANA) if folder is CONCLUDED else None
    assert answer(rules.check_assign, who, conversation(folder, assigned_to, last), to) == expected


def test_no_refusal_speaks_of_none() -> None:
    """In progress, though with nobody: only an import can say so."""
    with pytest.raises(rules.NotPermitted) as refused:
        rules.check_assign(BRUNO, conversation(IN_PROGRESS, NOBODY), BRUNO)
    assert "None" not in str(refused.value)
