"""The checksums of a DuckDB file, looked at without DuckDB: it compares that of a block only when it reads it.

Three headers, then blocks; each begins with the checksum of the rest (DuckDB 1.5, storage version 64 and later). Only
for a file that nobody has open: to open and close it would release DuckDB's lock on it.
"""

import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

HEADER = 4096
BLOCK = 262_144
SUB_BLOCKS = 64  # pieces of a block that holds DuckDB's own notes, in which the list of free blocks is
NONE = 2**64 - 1


def fault(file: Path) -> str | None:
    """What is wrong with the file, in a few words; None: nothing. Errors: `OSError` where it cannot be read."""
    with file.open("rb") as opened:
        headers = [opened.read(HEADER) for _ in range(3)]
        if headers[0][8:12] != b"DUCK":
            return "it is no DuckDB file"
        if not all(map(_sound, headers)):
            return "a header is damaged"
        # checksum, iteration, DuckDB's notes, list of free blocks, how many blocks, their size; the later one counts
        *_, free_list, count, size = max(
            (struct.unpack_from("<6Q", h) for h in headers[1:]), key=lambda h: h[1]
        )
        if size != BLOCK:
            return "its blocks have an unknown size"
        damaged = [number for number in range(count) if not _sound(opened.read(BLOCK))]
        if not damaged:
            return None
        # What a crash left half written in a block that nothing refers to is no fault; nor are such blocks that DuckDB
        # counts and, at the end of the file, has not written yet.
        free = _free(opened, free_list)
        present = opened.seek(0, os.SEEK_END)
    if damaged := [number for number in damaged if number not in free]:
        if 3 * HEADER + (damaged[-1] + 1) * BLOCK > present:
            return "its end is missing"
        return f"{len(damaged)} of {count} blocks, the first at byte {3 * HEADER + damaged[0] * BLOCK}"
    return None


def _sound(part: bytes) -> bool:
    """Whether a header or a block, read as a whole, has its checksum."""
    if len(part) not in (HEADER, BLOCK):
        return False
    words = np.frombuffer(part, "<u8")
    mixed = np.bitwise_xor.reduce(words[1:] * np.uint64(0xBF58476D1CE4E5B9))
    return bool(mixed ^ np.uint64(5381) == words[0])


def _free(file: BinaryIO, pointer: int) -> set[int]:
    """The blocks that are free, from the list that begins at `pointer`."""
    length = (BLOCK - 8) // SUB_BLOCKS // 8 * 8
    listed = b""
    seen = set()
    while pointer != NONE:
        block, piece = pointer & (2**56 - 1), pointer >> 56
        file.seek(3 * HEADER + block * BLOCK + 8 + piece * length)
        part = file.read(length)
        if len(part) < length or pointer in seen:
            return set()
        seen.add(pointer)
        (pointer,) = struct.unpack_from("<Q", part)
        listed += part[8:]
    if len(listed) < 8:
        return set()
    (count,) = struct.unpack_from("<Q", listed)
    if 8 * count + 8 > len(listed):
        return set()
    return set(struct.unpack_from(f"<{count}q", listed, 8))
