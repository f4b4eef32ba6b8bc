"""Folders and files that are there whole or not at all, whatever happens to the process that writes them."""

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder, which the system takes back from a process that was killed. Errors: `OSError`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def remove_unless_held(left: Path) -> None:
    """Remove what a killed process left."""
    with suppress(OSError), held(left):
        shutil.rmtree(left, ignore_errors=True)


def sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def tidy_when_stopped() -> None:
    """Let a process that is told to stop end as after Ctrl+C: what was begun is then removed."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)


def _stop(*_: object) -> NoReturn:
    for name in (signal.SIGTERM, signal.SIGINT):  # once is enough
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt
