"""Where a page of the list ended, opaque to who carries it."""

import base64
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAYOUT = struct.Struct(">q16s")  # microseconds since 1970, the id


def encode(active_at: datetime, conversation_id: UUID) -> str:
    microseconds = (active_at - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(LAYOUT.pack(microseconds, conversation_id.bytes)).decode()


def decode(text: str) -> tuple[datetime, UUID]:
    try:
        microseconds, key = LAYOUT.unpack(base64.b64decode(text, altchars=b"-_", validate=True))
        return EPOCH + timedelta(microseconds=microseconds), UUID(bytes=key)
    except (ValueError, OverflowError, struct.error):
        raise Invalid("The cursor is not one that a page gave.", field="cursor") from None
