"""What the serving application does by itself once a day: forget what need not be kept any longer."""

import logging
import threading
from contextlib import suppress
from datetime import datetime, timedelta

from core import services
from core.application import Application
from core.desk import contacts
from core.errors import NotFound, OpenConversationExists
from core.importing import rejects
from core.model import SYSTEM

EVERY = timedelta(days=1)
AT_ONCE = 20  # contacts erased in one transaction, some 0.15 s: agents are not held up

log = logging.getLogger(__name__)


class Upkeep:
    """A thread that does it at the start, and each day from then on."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="upkeep", daemon=True)

    @classmethod
    def start(cls, application: Application) -> "Upkeep":
        started = cls(application)
        started._thread.start()
        return started

    def stop(self) -> None:
        """Have it end, and wait for what it is about."""
        self._ending.set()
        self._thread.join(10)

    def _keep(self) -> None:
        while not self._ending.is_set():
            try:
                once(self._application, self._application.clock(), self._ending)
            except Exception:
                log.exception("The day's upkeep failed; it is tried again tomorrow.")
            self._ending.wait(EVERY.total_seconds())


def once(application: Application, now: datetime, ending: threading.Event | None = None) -> int:
    """Delete answers that nobody can ask for again, and erase whom the retention no longer keeps; return how many."""
    desk, folder, days = application.desk, application.settings.folder, application.settings.retention_days
    ending = ending or threading.Event()
    while not ending.is_set() and services.forget_old_answers(desk, SYSTEM, now=now):
        continue
    if not days:
        return 0
    before = now - timedelta(days=int(days))
    services.forget_strangers(desk, SYSTEM, before)
    rejects.forget_before(folder / rejects.FOLDER, before)
    old = services.old_contacts(desk, SYSTEM, before)
    erased = 0
    for first in range(0, len(old), AT_ONCE):
        if ending.is_set():
            break
        some = old[first : first + AT_ONCE]
        held = []
        for contact_id in some:
            with suppress(NotFound, OpenConversationExists):  # changed since
                held.append(services.contact_to_erase(desk, SYSTEM, str(contact_id)))
        rejects.forget(
            folder / rejects.FOLDER,
            [address for one in held for address in one.addresses],
            [name for one in held for name in one.imported],
        )
        erased += services.erase_old_contacts(desk, SYSTEM, before, some, now=now)
    if erased:
        contacts.note_down(desk, folder, now)
        log.info("The data of %s contacts was erased: nothing of theirs for %s days.", erased, days)
    return erased
