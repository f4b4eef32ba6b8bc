"""R1: who may conclude what.

From `in_progress`: the assigned agent, a manager or an administrator. From `new`: any of them. Concluding what
is already concluded changes nothing and says who concluded it and when, before anybody asks whose it is.
"""

import pytest

from core import rules
from core.errors import AlreadyConcluded
from core.model import Folder, User
from tests.spec.examples import (
    ANA,
    ANA_WHO_LEFT,
    BRUNO,
    CLARA,
    CONCLUDED,
    IN_PROGRESS,
    MARTA,
    NADIA,
    NEW,
    NOBODY,
    NOON,
    answer,
    conclusion,
    conversation,
)

# fmt: off
WHO_CONCLUDES = [
    # who           folder        assigned to   answer
    (ANA,           NEW,          NOBODY,       "allowed"),
    (MARTA,         NEW,          NOBODY,       "allowed"),
    (CLARA,         NEW,          NOBODY,       "allowed"),
    (NADIA,         NEW,          NOBODY,       "not_permitted"),
    (ANA_WHO_LEFT,  NEW,          NOBODY,       "not_permitted"),
    (ANA,           IN_PROGRESS,  ANA,          "allowed"),
    (BRUNO,         IN_PROGRESS,  ANA,          "not_permitted"),
    (MARTA,         IN_PROGRESS,  ANA,          "allowed"),
    (CLARA,         IN_PROGRESS,  ANA,          "allowed"),
    (NADIA,         IN_PROGRESS,  ANA,          "not_permitted"),
    (ANA_WHO_LEFT,  IN_PROGRESS,  ANA,          "not_permitted"),
    (BRUNO,         IN_PROGRESS,  NOBODY,       "not_permitted"),
    (ANA,           CONCLUDED,    ANA,          "already_concluded"),
    (BRUNO,         CONCLUDED,    ANA,          "already_concluded"),   # before ownership
    (MARTA,         CONCLUDED,    ANA,          "already_concluded"),
    (NADIA,         CONCLUDED,    ANA,          "not_permitted"),       # sees no conversations at all
]
# fmt: on


@pytest.mark.parametrize(
    ("who", "folder", "assigned_to", "expected"),
    WHO_CONCLUDES,
    ids=lambda cell: getattr(cell, "name", None) or str(cell),
)
def test_who_concludes(who: User, folder: Folder, assigned_to: User | None, expected: str) -> None:
    concluded = conclusion(ANA) if folder is CONCLUDED else None
    assert answer(rules.check_conclude, who, conversation(folder, assigned_to, concluded)) == expected


def test_a_reopened_conversation_is_concluded_like_any_other() -> None:
    reopened = conversation(IN_PROGRESS, BRUNO, conclusion(ANA))
    assert answer(rules.check_conclude, BRUNO, reopened) == "allowed"
    assert answer(rules.check_conclude, ANA, reopened) == "not_permitted"


def test_what_is_concluded_says_who_and_when() -> None:
    with pytest.raises(AlreadyConcluded) as refused:
        rules.check_conclude(BRUNO, conversation(CONCLUDED, ANA, conclusion(ANA)))
    assert refused.value.facts["concluded_by"] == {"id": ANA.id, "name": "Ana"}
    assert refused.value.facts["concluded_at"] == NOON
    assert "Ana" in str(refused.value)


def test_an_imported_conclusion_by_nobody_known_says_when() -> None:
    with pytest.raises(AlreadyConcluded) as refused:
        rules.check_conclude(BRUNO, conversation(CONCLUDED, NOBODY, conclusion(NOBODY)))
    assert refused.value.facts["concluded_by"] == {"id": None, "name": None}
    assert "None" not in str(refused.value)


def test_no_refusal_speaks_of_none() -> None:
    """In progress, though with nobody: only an import can say so."""
    with pytest.raises(rules.NotPermitted) as refused:
        rules.check_conclude(BRUNO, conversation(IN_PROGRESS, NOBODY))
    assert "None" not in str(refused.value)
