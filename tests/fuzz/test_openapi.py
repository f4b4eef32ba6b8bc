"""Every route with what its description allows and with what it does not: no 5xx, no answer that it does not tell of."""

from collections import deque
from collections.abc import Iterator
from random import Random
from zlib import crc32

import pytest
import schemathesis
from schemathesis import Case, GenerationMode, Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

from core import services
from core.application import Application
from core.desk import Desk
from core.http.api import create_api
from core.model import SYSTEM, Caller, Category, Role, Scope, ValueMode
from tests.conftest import NOW, add_user, write
from tests.fuzz.conftest import cases, opened, tried

OPENED: list[Application] = []

schema = schemathesis.openapi.from_asgi("/api/openapi.json", create_api(lambda: OPENED[-1]))


class Known:
    """What there is on the desk that requests can name, and who can send them."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.users: list[str] = []
        self.reasons: deque[str] = deque(maxlen=20)
        self.conversations: deque[str] = deque(maxlen=40)
        self.conclusions: deque[str] = deque(maxlen=40)

    def named(self, parameter: str) -> "deque[str] | list[str] | None":
        return {
            "conversation_id": self.conversations,
            "conclusion_id": self.conclusions,
            "reason_id": self.reasons,
            "agent_id": self.users,
            "agent": self.users,
        }.get(parameter)


KNOWN = Known()


@pytest.fixture(scope="module", autouse=True)
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A team, reasons, and a conversation in every state."""
    with opened(tmp_path_factory.mktemp("routes")) as made:
        OPENED.append(made)
        _fill(made.desk)
        yield


def _fill(desk: Desk) -> None:
    people = {name: add_user(desk, name, role) for name, role in (
        ("Ana", Role.AGENT), ("Marta", Role.MANAGER), ("Nadia", Role.ANALYST), ("Clara", Role.ADMIN),
    )}  # fmt: skip
    KNOWN.users += [str(person.id) for person in people.values()]
    for name, scope in (("Ana", Scope.API), ("Marta", Scope.API), ("Nadia", Scope.API), ("Clara", Scope.API),
                        ("Clara", Scope.MESSAGES), ("Nadia", Scope.SQL)):  # fmt: skip
        made = services.create_token(
            desk, SYSTEM, f"{name.lower()}@example.com", f"{name} {scope}", scope, now=NOW
        )
        KNOWN.tokens.append(made.secret)
    for description, category, value in (
        ("Venda", Category.ACHIEVED, ValueMode.REQUIRED),
        ("Preço", Category.LOST, ValueMode.OPTIONAL),
        ("Horário", Category.QUESTION, ValueMode.NONE),
    ):
        made_reason = services.create_reason(desk, SYSTEM, description, category, value, now=NOW)
        KNOWN.reasons.append(str(made_reason.id))
    ana = Caller(people["Ana"].id)
    for number in range(6):
        found = write(desk, f"wamid.{number}", address=f"551190000000{number}").conversation_id
        KNOWN.conversations.append(str(found))
        if number % 3:
            services.assign(desk, ana, found, now=NOW)
        if number % 3 == 2:
            KNOWN.conclusions.append(str(services.conclude(desk, ana, found, now=NOW).id))


def _random(case: Case) -> Random:
    """The same for the same case."""
    return Random(crc32(repr((case.method, case.path, case.path_parameters, case.query, case.body)).encode()))


@schema.auth(refresh_interval=None)
class Somebody:
    """A place for a token: examples are made before there are any."""

    def get(self, case: Case, context: schemathesis.AuthContext) -> str:
        return "Bearer somebody"

    def set(self, case: Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = data


def _dress(case: Case) -> None:
    """Come as somebody, and mostly name what exists: a request about nothing gets no further than 404."""
    like = _random(case)
    if case.headers.get("Authorization") == "Bearer somebody":
        case.headers["Authorization"] = f"Bearer {like.choice(KNOWN.tokens)}"
    if case.meta is not None and case.meta.generation.mode is GenerationMode.NEGATIVE:
        return
    for part in (case.path_parameters, case.query, case.body):
        for name in list(part) if isinstance(part, dict) else []:
            if (known := KNOWN.named(name)) and like.random() < 0.8:
                part[name] = like.choice(known)


def _remember(response: Response) -> None:
    tried("HTTP routes")
    made = response.json() if response.status_code == 200 and response.request.method == "POST" else {}
    if "cycle" in made:
        KNOWN.conclusions.append(made["id"])
    if "conversation_id" in made:
        KNOWN.conversations.append(made["conversation_id"])


@schema.parametrize()
@cases(10, 700)
def test_every_answer_is_described(case: Case) -> None:
    _dress(case)
    # what keeps to the description can still be refused by a rule
    _remember(case.call_and_validate(excluded_checks=[positive_data_acceptance]))
