"""What is opened at start-up and closed at the end: the one object that pages and routes are given."""

from dataclasses import dataclass

from core.analysts.service import Analysts
from core.clock import Clock, DemoClock, system_clock
from core.desk import Desk, contacts
from core.facts import Facts
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Application:
    settings: Settings
    desk: Desk
    facts: Facts
    clock: Clock
    analysts: Analysts

    @classmethod
    def open(cls, settings: Settings, owner: str) -> "Application":
        """Open both stores. `owner`: what another process is told when it wants the folder too."""
        desk = Desk.open(settings.folder, system_clock(), owner)
        try:
            contacts.erase_again(desk, settings.folder, system_clock())
            facts = Facts.open(settings.folder)
        except BaseException:
            desk.close()
            raise
        clock: Clock = DemoClock(desk) if settings.demo else system_clock
        desk.clock = clock
        return cls(settings, desk, facts, clock, Analysts(settings, desk, facts, clock))

    def close(self) -> None:
        self.analysts.stop()
        self.facts.close()
        self.desk.close()
