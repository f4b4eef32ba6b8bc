"""How much a token may ask, and how often an address may fail to say who it is."""

import ipaddress
import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from core.errors import TooManyRequests

FAILURES = RateLimitItemPerMinute(60)  # of one address


class Limits:
    """What was counted in the last minute or two; what is older is forgotten.

    Only tokens that are known are counted, and only addresses that connect, so there are never many. A valid token
    is not refused for what others do at its address: tokens of 256 random bits are not found by trying.

    In the event loop: the library's memory for threads starts one more of them for nearly each request, and fails where
    two do so at once.
    """

    def __init__(self) -> None:
        self._counted = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def asked(self, token_hash: str, per_minute: int) -> None:
        """Count a request of a token. Errors: `TooManyRequests`."""
        await self._count(RateLimitItemPerMinute(per_minute), token_hash, "This token asked too often.")

    async def failed(self, address: str) -> None:
        """Count a request that no valid token came with. Errors: `TooManyRequests`."""
        await self._count(
            FAILURES, _neighbours(address), "There were too many requests without a valid token."
        )

    async def _count(self, limit: RateLimitItem, who: str, sentence: str) -> None:
        if not await self._counted.hit(limit, who):
            again = (await self._counted.get_window_stats(limit, who)).reset_time - time.time()
            raise TooManyRequests(
                f"{sentence} Ask again in {{seconds}} seconds.", seconds=max(1, math.ceil(again))
            )


def _neighbours(address: str) -> str:
    """Whom an address is counted with: in IPv6 one customer of a provider has all addresses of a /64."""
    try:
        return str(ipaddress.ip_network((address, 64 if ":" in address else 32), strict=False))
    except ValueError:
        return address
