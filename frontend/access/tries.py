"""How many wrong tokens somebody may try. Counted in the memory of this process, which forgets them by itself."""

from __future__ import annotations

import ipaddress
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

TRIES = 10
"""Wrong tokens a minute that may be tried from one address."""
_IPV6_NETWORK = 64  # one household or machine has as many addresses as it likes in it


class Tries:
    """Wrong tokens of the last minute or two, by the network that they came from."""

    def __init__(self) -> None:
        # Not a moving window: in memory that one keeps a key for every address that ever tried.
        self.storage = MemoryStorage()
        self._limit, self._limiter = RateLimitItemPerMinute(TRIES), SlidingWindowCounterRateLimiter(self.storage)

    def wrong(self, address: str) -> float | None:
        """Count a wrong token; the seconds to wait if there were too many, else None."""
        who = network_of(address)
        if self._limiter.hit(self._limit, who):
            return None
        return max(1.0, self._limiter.get_window_stats(self._limit, who).reset_time - time.time())


def network_of(address: str) -> str:
    """The address; of IPv6 the network that belongs to one household."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _IPV6_NETWORK), strict=False))
    return str(found)
