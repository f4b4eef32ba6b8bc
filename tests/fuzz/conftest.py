"""How long the fuzzing is: `HYPOTHESIS_PROFILE=long`, as `make fuzz` sets it, tries many more cases."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from limits import RateLimitItemPerMinute

from core.analysts.service import Analysts
from core.application import Application
from core.desk import Desk
from core.facts import Facts
from core.http import limits
from core.settings import Settings
from tests.conftest import NOW
from tests.http.conftest import SECRET, VERIFY

MANY = 1_000_000  # requests a minute: they are not limited here

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def cases(short: int, long: int) -> settings:
    """How many cases of one thing: in CI, always the same, and in `make fuzz`, each time others."""
    return settings(
        max_examples=long if LONG else short,
        derandomize=not LONG,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


TRIED: dict[str, int] = {}  # cases, by what they were tried on


def tried(what: str) -> None:
    TRIED[what] = TRIED.get(what, 0) + 1


@contextmanager
def opened(folder: Path) -> Iterator[Application]:
    """An application on a new desk."""
    desk, facts = Desk.open(folder, NOW, "tests"), Facts.open(folder)
    ours = Settings(
        auth="demo", data_dir=str(folder), requests_per_minute=str(MANY),
        whatsapp_app_secret=SECRET, whatsapp_verify_token=VERIFY,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "FAILURES", RateLimitItemPerMinute(MANY))
        yield Application(ours, desk, facts, lambda: NOW, Analysts(ours, desk, facts, lambda: NOW))
    facts.close()
    desk.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tried"] = TRIED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for what, count in getattr(node, "workeroutput", {}).get("tried", {}).items():
        TRIED[what] = TRIED.get(what, 0) + count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TRIED:
        said = ", ".join(f"{count:,} on {name}" for name, count in sorted(TRIED.items()))
        terminalreporter.write_line(f"Cases tried: {sum(TRIED.values()):,} ({said})")
