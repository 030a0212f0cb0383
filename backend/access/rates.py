"""How often someone may ask. Counted in the memory of this process: several API processes count each for itself."""

from __future__ import annotations

import ipaddress
import math
import time
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.access.caller import current
from backend.problems import Problem, render
from backend.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Kind = Literal["read", "write", "failed log-in"]
_IPV6_NETWORK = 64  # one household or machine has as many addresses as it likes in it


@dataclass(frozen=True)
class Standing:
    """How someone stands to a limit; ``reset`` is in seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """What every answer says of it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }

    @property
    def problem(self) -> Problem:
        """What a request is answered that comes too soon."""
        text = f"You may send {self.limit} such requests a minute. Try again in {self.reset} s."
        return Problem(429, "rate-limit", text, headers={**self.headers, "Retry-After": str(self.reset)})


class Rates:
    """Requests of the last minute, by user or address."""

    def __init__(self, settings: Settings) -> None:
        # Counters expire with their window; a list of moments would stay for every address that ever asked.
        self.storage = MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self.storage)
        self._items: dict[Kind, RateLimitItem] = {
            "read": RateLimitItemPerMinute(settings.reads_per_minute),
            "write": RateLimitItemPerMinute(settings.writes_per_minute),
            "failed log-in": RateLimitItemPerMinute(settings.failed_logins_per_minute),
        }

    def hit(self, kind: Kind, who: str) -> Standing:
        """Count one request of ``who``."""
        item = self._items[kind]
        allowed = self._limiter.hit(item, kind, who)
        reset, remaining = self._limiter.get_window_stats(item, kind, who)
        return Standing(allowed, item.amount, remaining, max(1, math.ceil(reset - time.time())))


def kind_of(scope: Scope) -> Kind:
    """Whether a request only looks, or changes something."""
    return "read" if scope["method"] in SAFE else "write"


def address_of(scope: Scope) -> str:
    """Where a request comes from; of IPv6 addresses the network that belongs to one household."""
    host: str = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return host


class RateLimit:
    """Bounds the requests of each user; lies within the log-in. The operator on this machine is not counted."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self.app, self.rates = app, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (caller := current()).is_operator:
            await self.app(scope, receive, send)
            return
        standing = self.rates.hit(kind_of(scope), f"user {caller.user}")
        if not standing.allowed:
            await render(standing.problem, scope.get("request_id", ""))(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(standing.headers)
            await send(message)

        await self.app(scope, receive, told)
