"""Keys: UUIDv7, which sort by the time they carry; and the hashes that secrets are known by."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(now: datetime) -> UUID:
    """Return a new key that carries `now`."""
    return uuid7(nanoseconds=(now - EPOCH) // timedelta(microseconds=1) * 1000)


def secret_hash(secret: str) -> str:
    """What is kept of a secret that was given out: enough to know it again."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
