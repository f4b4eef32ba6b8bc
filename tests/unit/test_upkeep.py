"""What the serving application forgets by itself once a day."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core import logs, services, upkeep
from core.analysts.service import Analysts
from core.application import Application
from core.desk import Desk, contacts, idempotency
from core.errors import Unavailable
from core.facts import Facts
from core.model import SYSTEM, SYSTEM_USER_ID
from core.settings import Settings
from tests.conftest import NOW, write

LATER = NOW + timedelta(days=100)


@pytest.fixture
def serving(desk: Desk) -> Iterator[Application]:
    """Three people, concluded 100, 100 and 5 days before LATER; the fourth is still waiting."""
    for number, at in enumerate((NOW, NOW, LATER - timedelta(days=5), NOW)):
        opened = write(desk, f"m{number}", at, address=f"55{number}", body=f"texto {number}").conversation_id
        if number < 3:
            services.conclude(desk, SYSTEM, opened, now=at)
    settings = Settings(auth="demo", data_dir=str(desk.folder), retention_days="30")
    facts = Facts.open(desk.folder)
    yield Application(settings, desk, facts, lambda: LATER, Analysts(settings, desk, facts, lambda: LATER))
    facts.close()


def texts(desk: Desk) -> list[str]:
    return sorted(body for (body,) in desk.read(lambda tx: tx.rows("SELECT body FROM messages")))


def reject(folder: Path, day: datetime) -> Path:
    file = folder / "rejects" / f"old-{day:%Y%m%dT%H%M%SZ}.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text("line,rejected_because\n")
    return file


def test_the_retention_erases_in_small_steps_and_says_how_many(
    serving: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "AT_ONCE", 1)
    old, new = (reject(serving.desk.folder, LATER - timedelta(days=days)) for days in (31, 29))
    number = serving.desk.number
    with caplog.at_level(logging.INFO):
        assert upkeep.once(serving, LATER) == 2
    assert texts(serving.desk) == ["", "", "texto 2", "texto 3"]
    assert serving.desk.number == number + 2
    done = serving.desk.read(
        lambda tx: tx.rows("SELECT user_id, action, occurred_at FROM history WHERE number > ?", number)
    )
    assert done == [(SYSTEM_USER_ID, "erase_contact", LATER)] * 2
    assert len(contacts.noted(serving.desk.folder)) == 2
    assert (old.exists(), new.exists()) == (False, True)
    assert "2 contacts" in caplog.text
    assert upkeep.once(serving, LATER) == 0 and serving.desk.number == number + 2


def test_without_a_retention_nothing_is_erased(serving: Application) -> None:
    forever = Application(
        Settings(auth="demo", data_dir=str(serving.desk.folder)),
        serving.desk,
        serving.facts,
        serving.clock,
        serving.analysts,
    )
    serving.desk.transact(
        lambda tx: idempotency.keep(tx, SYSTEM_USER_ID, "r", "k", "h", 200, "{}", LATER - timedelta(days=8))
    )
    assert upkeep.once(forever, LATER) == 0
    assert "texto 0" in texts(serving.desk)
    assert serving.desk.read(lambda tx: tx.rows("FROM idempotency_keys")) == []


def test_it_is_done_by_a_thread_that_ends(serving: Application) -> None:
    started = upkeep.Upkeep.start(serving)
    started._thread.join(0)
    started.stop()
    assert not started._thread.is_alive()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"retention_days": "6"}, "DESFECHO_RETENTION_DAYS must be a number from 7 to 36500, not 6."),
        (
            {"retention_days": "a year"},
            "DESFECHO_RETENTION_DAYS must be a number from 7 to 36500, not a year.",
        ),
        ({"log": "xml"}, "DESFECHO_LOG must be text or json, not xml."),
        ({"log": ""}, "DESFECHO_LOG must be text or json, not empty."),
    ],
)
def test_a_bad_setting_refuses_the_start_in_one_line(setting: dict[str, str], said: str) -> None:
    with pytest.raises(Unavailable) as refused:
        Settings(auth="demo", **setting).check_serving()
    assert str(refused.value) == said


@pytest.mark.parametrize("setting", [{"retention_days": ""}, {"retention_days": "365"}, {"log": logs.JSON}])
def test_good_settings(setting: dict[str, str]) -> None:
    Settings(auth="demo", **setting).check_serving()
