"""Sockets in the data folder, which only the same user of the machine can reach."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def address(folder: Path, name: str) -> Iterator[str]:
    """A short name for a socket in `folder`, whatever the length of the folder's: sockets take 107 characters."""
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{here}/{name}"
    finally:
        os.close(here)


def listen(folder: Path, name: str) -> socket.socket:
    """A socket that listens in `folder`, in the place of one that a killed process left: the folder is ours."""
    (folder / name).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        with address(folder, name) as short:
            listening.bind(short)
    finally:
        os.umask(before)
    listening.listen(128)
    return listening


def connect(folder: Path, name: str) -> socket.socket:
    """Errors: `OSError` where nobody listens."""
    connected = socket.socket(socket.AF_UNIX)
    try:
        with address(folder, name) as short:
            connected.connect(short)
    except OSError:
        connected.close()
        raise
    return connected
