"""The application as a process of its own, for tests that need it whole: started on a free port, ended by its id."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVE = (sys.executable, "-m", "core", "serve")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int) -> dict[str, str]:
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("DESFECHO_", "STREAMLIT_"))
    }
    return ours | {
        "DESFECHO_AUTH": "demo",
        "DESFECHO_DATA_DIR": str(folder),
        "DESFECHO_PORT": str(port),
        "DESFECHO_ANALYSTS_PORT": "0",
        "DESFECHO_REQUESTS_PER_MINUTE": "1000000",  # tests and benchmarks ask as much as they like
    }


class Server:
    def __init__(self, folder: Path, port: int, process: "subprocess.Popen[str]", log: Path) -> None:
        self.folder, self.port, self.process, self.log = folder, port, process, log
        self.attach = ""  # what an analyst's DuckDB says to come in, where a test has made a token

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As the power going out."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


def start(folder: Path, command: tuple[str, ...] = SERVE, port: int | None = None, **settings: str) -> Server:
    """Begin to serve `folder`; who starts it ends it."""
    port = port or free_port()
    log = folder.parent / f"{folder.name}-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=ROOT,
            env=environment(folder, port) | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return Server(folder, port, process, log)


@contextmanager
def serving(
    folder: Path, command: tuple[str, ...] = SERVE, port: int | None = None, **settings: str
) -> Iterator[Server]:
    """Serve `folder` until the block ends."""
    server = start(folder, command, port, **settings)
    process = server.process
    try:
        wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def wait_until_ready(server: Server, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise AssertionError(f"It did not start:\n{server.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("It was not ready in time.")


def run(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`python -m core …` on the folder."""
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        env=environment(folder, 8501) | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )
