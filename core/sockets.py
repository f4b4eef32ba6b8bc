"""Sockets: in the data folder, which only the same user of the machine can reach, and ports."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Unavailable


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


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A socket that has a port, and does not listen yet. Errors: `Unavailable`; `setting` is what chooses another."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise Unavailable(
            "Port {port} of {host} cannot be used: {error}. Choose another with {setting}.",
            port=port, host=host, error=error.strerror, setting=setting,
        ) from error  # fmt: skip
    return bound
