"""The pages run by Streamlit's AppTest, on the stores of the test."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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
    opened = Application(settings, desk, Facts.open(desk.folder), clock)
    runtime.start(opened)
    yield opened
    runtime.stop()
    opened.facts.close()


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
