"""Keys: UUIDv7, which sort by the time they carry."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(now: datetime) -> UUID:
    """Return a new key that carries `now`."""
    return uuid7(nanoseconds=(now - EPOCH) // timedelta(microseconds=1) * 1000)
