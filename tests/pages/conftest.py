"""The pages run by Streamlit's AppTest, on the stores of the test."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.analysts.service import Analysts
from core.application import Application
from core.desk import Desk
from core.facts import Facts
from core.model import Caller
from core.settings import Settings
from core.ui import inbox, runtime
from core.ui.session import LANGUAGE, PERSON
from tests.conftest import NOW

SHELL = Path(__file__).resolve().parents[2] / "core" / "ui" / "shell.py"


class Clock:
    """A clock the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def application(desk: Desk, clock: Clock, tmp_path: Path) -> Iterator[Application]:
    settings = Settings(auth="demo", data_dir=str(desk.folder))
    facts = Facts.open(desk.folder)
    opened = Application(settings, desk, facts, clock, Analysts(settings, desk, facts, clock))
    runtime.start(opened)
    yield opened
    runtime.stop()
    opened.analysts.stop()
    opened.facts.close()


def component(test: AppTest, key: str) -> dict[str, Any] | None:
    """What one of our components was given to show; None where it is not on the page."""
    found = [element.proto for element in test.get("bidi_component") if element.proto.id.endswith(f"-{key}")]
    return json.loads(found[0].json) if found else None


def send(test: AppTest, key: str, event: str, value: object) -> AppTest:
    """Run the page again as after `event` in one of our components."""
    (proto,) = (e.proto for e in test.get("bidi_component") if e.proto.id.endswith(f"-{key}"))
    states = test._tree.get_widget_states()
    states.widgets.append(
        WidgetState(
            id=f"$$STREAMLIT_INTERNAL_KEY_{proto.id}__events",
            json_trigger_value=json.dumps([{"event": event, "value": value}]),
        )
    )
    return test._run(states)


Look = Callable[..., AppTest]


@pytest.fixture
def look(application: Application) -> Look:
    """Look at the application as somebody: `look(team.ana, conversation_id)`."""

    def run(
        as_who: Caller, conversation_id: object = None, page: str | None = None, language: str = "pt_BR"
    ) -> AppTest:
        test = AppTest.from_file(str(SHELL), default_timeout=30)
        test.session_state[PERSON] = as_who.user_id
        test.session_state[LANGUAGE] = language
        if conversation_id:
            test.query_params[inbox.OPENED] = str(conversation_id)
        test.run()
        return test.switch_page(page).run() if page else test

    return run
