"""R20: messages are posted by an administrator, by a token with scope `messages`, or by the system."""

import pytest

from core import rules
from core.model import SYSTEM_USER_ID, Role, Scope, User
from tests.spec.examples import ANA, CLARA, MARTA, NADIA, answer

SYSTEM = User(SYSTEM_USER_ID, None, "system", Role.SYSTEM, active=True)
THEMSELVES = None

# fmt: off
WHO_POSTS = [
    # who      came with         answer
    (CLARA,    THEMSELVES,       "allowed"),
    (CLARA,    Scope.API,        "allowed"),
    (CLARA,    Scope.MESSAGES,   "allowed"),
    (ANA,      THEMSELVES,       "not_permitted"),
    (ANA,      Scope.API,        "not_permitted"),
    (ANA,      Scope.MESSAGES,   "allowed"),
    (MARTA,    THEMSELVES,       "not_permitted"),
    (MARTA,    Scope.MESSAGES,   "allowed"),
    (NADIA,    Scope.API,        "not_permitted"),
    (NADIA,    Scope.MESSAGES,   "allowed"),
    (SYSTEM,   THEMSELVES,       "allowed"),          # webhooks and the command line
]
# fmt: on


@pytest.mark.parametrize(("who", "scope", "expected"), WHO_POSTS)
def test_who_posts(who: User, scope: Scope | None, expected: str) -> None:
    assert answer(rules.check_posts_messages, who, scope) == expected
