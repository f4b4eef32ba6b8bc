"""The disk fails while the application serves: it is said, nothing acknowledged is lost, and service is back afterwards."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from core import services
from core.desk import Desk
from core.desk.check import faults
from core.desk.database import IN_DOUBT, NO_SPACE, NOT_WRITABLE
from core.desk.store import DESK_FILE
from core.model import SYSTEM, Role, Scope
from tests.conftest import NOW, add_user, until
from tests.server import ROOT, SERVE, environment, free_port, run, serving

SMALL, LARGE = 64, 160  # megabytes


class Disk:
    """A small disk that can grow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"

    def resize(self, megabytes: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(self.folder)], check=True)

    def fill(self, leave: int = 0) -> None:
        left = os.statvfs(self.folder)
        with (self.folder / "ballast").open("wb") as ballast:
            ballast.write(b"x" * max(0, left.f_bavail * left.f_bsize - leave))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}m", "tmpfs", str(folder)]
    if subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip("only root makes a small disk")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


class Messages:
    """Somebody who writes over HTTP, and knows what was acknowledged."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )
        self.sent = 0
        self.acknowledged: list[str] = []

    def send(self, length: int = 50_000) -> httpx2.Response:
        self.sent += 1
        name = f"m{self.sent}"
        body = os.urandom(length // 2).hex()  # which no compression makes small
        message = {"channel": "webchat", "contact": {"address": name}, "external_id": name,
                   "sent_at": datetime.now(UTC).isoformat(), "body": body}  # fmt: skip
        answer = self._client.post("/api/v1/messages", json=message)
        if answer.status_code == 200:
            self.acknowledged.append(name)
        return answer

    def send_until_refused(self) -> httpx2.Response:
        for _ in range(5000):
            if (answer := self.send()).status_code != 200:
                return answer
        raise AssertionError("The disk did not fill.")

    def ready(self) -> bool:
        return self._client.get("/readyz").status_code == 200


def token(folder: Path) -> str:
    """Of somebody on a new desk."""
    with closing(Desk.open(folder, NOW)) as desk:
        add_user(desk, "Clara", Role.ADMIN)
        return services.create_token(desk, SYSTEM, "clara@example.com", "tests", Scope.API, now=NOW).secret


def check(folder: Path, messages: Messages) -> None:
    """Everything acknowledged is there, and the desk is sound."""
    with closing(Desk.open(folder, NOW)) as desk:
        kept = {name for (name,) in desk.read(lambda tx: tx.rows("SELECT external_id FROM messages"))}
        assert set(messages.acknowledged) <= kept
        assert desk.read(faults) == []


def refused(answer: httpx2.Response, sentence: str) -> None:
    assert answer.status_code == 503 and answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["detail"]) == ("unavailable", sentence)


@pytest.mark.parametrize("where", ["beside the file", "in the file"])
def test_a_full_disk(disk: Disk, where: str) -> None:
    """In the file, DuckDB does not survive it."""
    secret = token(disk.data)
    with serving(disk.data) as server:
        messages = Messages(server.url, secret)
        beside = disk.data / f"{DESK_FILE}.wal"
        if where == "beside the file":
            messages.send()
            disk.fill(leave=2_000_000)
        else:
            while not beside.exists() or beside.stat().st_size < 14_000_000:
                assert messages.send().status_code == 200
            disk.fill(leave=3_000_000)
        refused(messages.send_until_refused(), NO_SPACE)
        refused(messages.send(), NO_SPACE)
        said = server.log.read_text()
        assert "No space left" in said and len(said) < 20_000
        assert ("has to be opened again" in said) is (where == "in the file")
        (disk.folder / "ballast").unlink()
        disk.resize(LARGE)
        until(lambda: messages.send().status_code == 200)
        assert messages.ready()
        assert [messages.send().status_code for _ in range(20)] == [200] * 20
    check(disk.data, messages)


def test_started_and_backed_up_on_a_full_disk(disk: Disk) -> None:
    """One line each; nothing is left behind, and what was there stays."""
    token(disk.data)
    before = (disk.data / DESK_FILE).read_bytes()
    disk.fill()
    backed_up = run(disk.data, "backup", str(disk.folder / "backup.duckdb"))
    assert backed_up.returncode == 1 and len(backed_up.stderr.splitlines()) == 1, backed_up.stderr
    assert sorted(path.name for path in disk.folder.iterdir()) == ["ballast", "data"]
    restored = run(disk.data, "restore", str(disk.data / DESK_FILE), "--replace")
    assert restored.returncode == 1 and "No space left" in restored.stderr
    new = disk.folder / "new"
    started = run(new, "serve")
    assert started.returncode == 1 and started.stderr.startswith("There is no space left"), started.stderr
    assert len(started.stderr.splitlines()) == 1
    assert (disk.data / DESK_FILE).read_bytes() == before


# A root that may write no more than others: what the mode of a folder forbids counts for it too.
BOUND = "-dac_override,-dac_read_search"
AS_OTHERS = ("setpriv", f"--bounding-set={BOUND}", f"--inh-caps={BOUND}") if os.geteuid() == 0 else ()


@pytest.mark.skipif(bool(AS_OTHERS) and not shutil.which("setpriv"), reason="root may write everywhere")
def test_a_folder_turned_read_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    secret = token(data)
    with serving(data, (*AS_OTHERS, *SERVE)) as server:
        messages = Messages(server.url, secret)
        data.chmod(0o555)
        try:
            for _ in range(3):  # nothing beside the file can be made
                refused(messages.send(), NOT_WRITABLE)
        finally:
            data.chmod(0o755)
        until(lambda: messages.send().status_code == 200)
        data.chmod(0o555)  # what is beside the file is open, and goes on until DuckDB wants to remove it
        try:
            assert messages.send_until_refused().json()["detail"] in (IN_DOUBT, NOT_WRITABLE)
            refused(messages.send(), NOT_WRITABLE)
        finally:
            data.chmod(0o755)
        until(lambda: messages.send().status_code == 200)
    data.chmod(0o555)
    started = subprocess.run(
        [*AS_OTHERS, *SERVE], cwd=ROOT, env=environment(data, free_port()), capture_output=True, text=True
    )
    data.chmod(0o755)
    assert (started.returncode, started.stderr) == (1, f"The data folder {data} cannot be written.\n")
    check(data, messages)
