"""Tokens for SQL at the door: they expire although nothing else happens, and when they were used is learned."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

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
from tests.conftest import NOW, Team, until
from tests.live.conftest import quack_client, told
from tests.server import free_port


@pytest.fixture
def facts(desk: Desk) -> Iterator[Facts]:
    facts = Facts.open(desk.folder)
    yield facts
    facts.close()


@pytest.fixture
def client() -> Iterator[duckdb.DuckDBPyConnection]:
    client = quack_client()
    yield client
    client.close()


@contextmanager
def asked_live(desk: Desk, facts: Facts, clock: Callable[[], datetime]) -> Iterator[int]:
    """Let analysts in until the block ends; the port."""
    port = free_port()
    settings = Settings(data_dir=str(desk.folder), analysts_port=str(port), analysts_lag="5")
    analysts = Analysts(settings, desk, facts, clock)
    analysts.start()
    try:
        yield port
    finally:
        analysts.stop()


def attached(client: duckdb.DuckDBPyConnection, port: int, secret: str, name: str = "desfecho") -> bool:
    try:
        client.execute(f"ATTACH 'quack:127.0.0.1:{port}' AS {name} (TOKEN '{secret}')")
    except duckdb.Error:  # it is still starting
        return False
    return True


def refused(client: duckdb.DuckDBPyConnection) -> bool:
    try:
        told(client, "SELECT 1")
    except duckdb.Error as error:
        return NOT_ADMITTED in str(error)
    return False


def test_a_token_expires_although_nothing_changes_and_its_use_is_noted(
    desk: Desk, team: Team, facts: Facts, client: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "USES", 0.5)
    secret = services.create_token(
        desk, SYSTEM, "nadia@example.com", "brief", Scope.SQL, expires_at=NOW + timedelta(days=1), now=NOW
    ).secret
    now = [NOW + timedelta(seconds=30)]
    with asked_live(desk, facts, lambda: now[0]) as port:
        until(lambda: attached(client, port, secret))
        assert told(client, "SELECT 1") == [(1,)]
        number = desk.number
        until(lambda: services.list_tokens(desk, SYSTEM)[0].used_at == NOW)
        now[0] = NOW + timedelta(days=1)
        until(lambda: refused(client))
        with pytest.raises(duckdb.Error, match=NOT_ADMITTED):
            client.execute(f"ATTACH 'quack:127.0.0.1:{port}' AS again (TOKEN '{secret}')")
        assert desk.number == number


def test_a_revoked_token_is_out_while_the_facts_are_made_anew(
    desk: Desk, team: Team, facts: Facts, client: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = services.create_token(desk, SYSTEM, "nadia@example.com", "brief", Scope.SQL, now=NOW).secret
    over = threading.Event()
    with asked_live(desk, facts, lambda: NOW) as port:
        until(lambda: attached(client, port, secret))
        waiting = threading.Event()

        def for_long(_: Desk) -> int:
            waiting.set()
            over.wait()
            return facts.number

        monkeypatch.setattr(facts, "catch_up", for_long)
        try:
            assert waiting.wait(40)
            services.revoke_token(desk, team.clara, "brief", now=NOW)
            until(lambda: refused(client))
        finally:
            over.set()
