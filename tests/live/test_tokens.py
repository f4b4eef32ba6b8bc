"""Tokens for SQL at the door: they expire although nothing else happens, and when they were used is learned."""

import time
from collections.abc import Callable
from datetime import timedelta

import duckdb
import pytest

from core import services
from core.analysts import service
from core.analysts.door import NOT_ADMITTED
from core.analysts.service import Analysts
from core.desk import Desk
from core.facts import Facts
from core.model import SYSTEM, Scope
from core.settings import Settings
from tests.conftest import NOW, Team
from tests.live.conftest import quack_client, told
from tests.server import free_port


def until(is_so: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_token_expires_although_nothing_changes_and_its_use_is_noted(
    desk: Desk, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "USES", 0.5)
    made = services.create_token(
        desk, SYSTEM, "nadia@example.com", "brief", Scope.SQL, expires_at=NOW + timedelta(days=1), now=NOW
    )
    port, now = free_port(), [NOW + timedelta(seconds=30)]
    facts = Facts.open(desk.folder)
    settings = Settings(data_dir=str(desk.folder), analysts_port=str(port))
    analysts = Analysts(settings, desk, facts, lambda: now[0])
    client = quack_client()
    attach = f"ATTACH 'quack:127.0.0.1:{port}' AS desfecho (TOKEN '{made.secret}')"

    def refused(ask: Callable[[], object]) -> bool:
        try:
            ask()
        except duckdb.Error as error:
            return NOT_ADMITTED in str(error)
        return False

    def attached() -> bool:
        try:
            client.execute(attach)
        except duckdb.Error:  # it is still starting
            return False
        return True

    analysts.start()
    try:
        until(attached)
        assert told(client, "SELECT 1") == [(1,)]
        number = desk.number
        until(lambda: services.list_tokens(desk, SYSTEM)[0].used_at == NOW)
        now[0] = NOW + timedelta(days=1)
        until(lambda: refused(lambda: told(client, "SELECT 1")))
        assert refused(lambda: client.execute(attach.replace("AS desfecho", "AS again")))
        assert desk.number == number
    finally:
        analysts.stop()
        facts.close()
        client.close()
