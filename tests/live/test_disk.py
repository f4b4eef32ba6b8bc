"""The disk fails while the application serves: it is said, nothing acknowledged is lost, and service is back afterwards."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from core import services
from core.desk import Desk
from core.desk.check import faults
from core.desk.database import NO_SPACE, NOT_WRITABLE
from core.desk.store import DESK_FILE
from core.model import SYSTEM, Role, Scope
from tests.conftest import NOW, add_user
from tests.server import SERVE, run, serving

SMALL, LARGE = 48, 160  # megabytes
NOBODY = 65534


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


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


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
            while not beside.exists() or beside.stat().st_size < 15_500_000:
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


@pytest.fixture
def nobody_s(tmp_path: Path) -> Path:
    """A folder for an application that is not root's: root may write anywhere."""
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root becomes somebody else")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o111 != 0o111:
            folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path / "data"


AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def test_a_folder_turned_read_only(nobody_s: Path) -> None:
    secret = token(nobody_s)
    for path in (nobody_s, *nobody_s.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    with serving(nobody_s, (*AS_NOBODY, *SERVE), HOME="/nonexistent") as server:
        messages = Messages(server.url, secret)
        nobody_s.chmod(0o555)
        try:
            for _ in range(5):  # nothing beside the file can be made
                refused(messages.send(), NOT_WRITABLE)
        finally:
            nobody_s.chmod(0o755)
        until(lambda: messages.send().status_code == 200)
        nobody_s.chmod(0o555)  # what is beside the file is open, and goes on until DuckDB wants to remove it
        try:
            refused(messages.send_until_refused(), NOT_WRITABLE)
            refused(messages.send(), NOT_WRITABLE)
        finally:
            nobody_s.chmod(0o755)
        until(lambda: messages.send().status_code == 200)
    nobody_s.chmod(0o555)
    started = subprocess.run([*AS_NOBODY, *SERVE], cwd=Path(__file__).parents[2], capture_output=True, text=True,
                             env={**os.environ, "DESFECHO_AUTH": "demo", "DESFECHO_DATA_DIR": str(nobody_s)})  # fmt: skip
    assert (started.returncode, started.stderr) == (1, f"The data folder {nobody_s} cannot be written.\n")
    nobody_s.chmod(0o755)
    check(nobody_s, messages)
