"""What is opened at start-up and closed at the end: the one object that pages and routes are given."""

import logging
from dataclasses import dataclass

from core import services
from core.analysts.service import Analysts
from core.clock import Clock, DemoClock, system_clock
from core.desk import Desk, contacts
from core.errors import Unavailable
from core.facts import Facts
from core.model import SYSTEM
from core.settings import Settings

log = logging.getLogger(__name__)

# Seconds that a thread of Python keeps the others waiting. A statement of the desk lets go and comes back six times, a
# conclusion some sixty: each time it would wait so long for a page that is being drawn. Python's own is 5 ms; shorter
# turns than these cost more in changing hands than they gain.
TURN = 0.0002


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
        named = self.settings.admin.lower()
        if named:
            services.ensure_administrator(self.desk, named, now=self.clock())
        administer = {user.email for user in services.list_users(self.desk, SYSTEM) if user.administers}
        if not administer:
            raise Unavailable(
                "Nobody could let anybody in: set DESFECHO_ADMIN to the e-mail of the first administrator."
            )
        if named and named not in administer:
            log.warning("DESFECHO_ADMIN changes nothing: somebody else administers already.")

    def close(self) -> None:
        self.analysts.stop()
        self.facts.close()
        self.desk.close()
