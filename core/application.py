"""What is opened at start-up and closed at the end: the one object that pages and routes are given."""

from dataclasses import dataclass

from core import services
from core.analysts.service import Analysts
from core.clock import Clock, DemoClock, system_clock
from core.desk import Desk, contacts
from core.errors import Unavailable
from core.facts import Facts
from core.model import SYSTEM, Role
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

    @classmethod
    def open_to_serve(cls, settings: Settings, owner: str) -> "Application":
        """Open both stores, and see to it that somebody can let others in.

        Errors: `Unavailable` where nobody can, and no setting says who.
        """
        opened = cls.open(settings, owner)
        try:
            if settings.oidc:
                opened._appoint()
        except BaseException:
            opened.close()
            raise
        return opened

    def _appoint(self) -> None:
        people = services.list_users(self.desk, SYSTEM)
        if self.settings.admin:
            services.ensure_administrator(self.desk, self.settings.admin, now=self.clock())
        elif not any(user.active and user.email and user.role is Role.ADMIN for user in people):
            raise Unavailable(
                "Nobody could let anybody in: set DESFECHO_ADMIN to the e-mail of the first administrator."
            )

    def close(self) -> None:
        self.analysts.stop()
        self.facts.close()
        self.desk.close()
