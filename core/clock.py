"""The time, as the application sees it. It is asked for here, at the edge, and passed in everywhere else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from core.desk import Desk, Tx, organisation
from core.model import SYSTEM_USER_ID

Clock = Callable[[], datetime]

DEMO_SETTING = "demo_clock_seconds"


def system_clock() -> datetime:
    return datetime.now(UTC)


class DemoClock:
    """The system's clock, moved on by whoever evaluates the application; the desk remembers by how much."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        kept = desk.read(organisation.settings).get(DEMO_SETTING, "0")
        self._ahead = timedelta(seconds=int(kept))

    def __call__(self) -> datetime:
        return system_clock() + self._ahead

    def move_on(self, by: timedelta) -> None:
        ahead = self._ahead + by
        now = system_clock() + ahead

        def work(tx: Tx) -> None:
            tx.record(SYSTEM_USER_ID, "move_clock", now)
            organisation.add_setting(tx, DEMO_SETTING, str(int(ahead.total_seconds())), SYSTEM_USER_ID, now)

        self._desk.transact(work)
        self._ahead = ahead
