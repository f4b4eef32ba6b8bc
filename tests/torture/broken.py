"""`python -m core …` with a mistake made on purpose: what torture must find.

early: an answer is given before what it tells of is durable · split: a conclusion and its classification are two
transactions · forgetful: first answers are not kept · astray: the facts lose what was reopened.
"""

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from core.__main__ import main
from core.desk import Desk, Tx, conversations, idempotency
from core.facts import Facts
from core.model import Classification

T = TypeVar("T")


def early() -> None:
    """Commit what was answered a little later."""
    writing = threading.RLock()
    begun: list[Tx] = []

    def transact(self: Desk, work: Callable[[Tx], T]) -> T:
        with writing:
            if not begun:
                begun.append(Tx(self._writer, self.number, self._known))
                threading.Timer(0.1, commit, [self]).start()
            try:
                return work(begun[0])
            finally:
                self.number = begun[0].number

    def commit(self: Desk) -> None:
        with writing:
            tx = begun.pop()
            tx.commit()
            self._committed(tx)

    def read(self: Desk, work: Callable[[Tx], T]) -> T:
        with writing:
            return work(begun[0]) if begun else plain(self, work)

    plain: Any = Desk.read
    Desk.transact, Desk.read = transact, read  # type: ignore[method-assign,assignment]


def split() -> None:
    """Commit between the conclusion and its classification, and take a moment."""
    plain = conversations.add_classification

    def add_classification(tx: Tx, added: Classification) -> None:
        if added.version == 1:
            tx.commit()
            tx._begun = False
            time.sleep(0.05)
        plain(tx, added)

    conversations.add_classification = add_classification


def forgetful() -> None:
    def keep(
        tx: Tx, user_id: UUID, route: str, key: str, request_hash: str, status: int, body: str, now: datetime
    ) -> None:
        pass

    idempotency.keep = keep


def astray() -> None:
    plain = Facts._take_over

    def take_over(self: Facts, desk: Tx, since: int) -> None:
        plain(self, desk, since)
        self._connection.cursor().execute("DELETE FROM store.reopenings")

    Facts._take_over = take_over  # type: ignore[method-assign]


if __name__ == "__main__":
    {"early": early, "split": split, "forgetful": forgetful, "astray": astray}[sys.argv.pop(1)]()
    main()
