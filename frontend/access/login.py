"""A log-in as the browser keeps it: one cookie that no script of a page can read."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

COOKIE = "ssenet_login"
OUTSIDE = "x-ssenet-outside"
"""Header that the gate adds for the pages to a connection that came in by another address than loopback."""
_ID = re.compile(r"[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{8,512}")


@dataclass(frozen=True)
class Login:
    """One log-in of one browser.

    Attributes:
        id: names this log-in, so that logging out ends it in every tab.
        token: the person's access token; never in the address, a log, or a cache.
    """

    id: str
    token: str = field(repr=False)

    @classmethod
    def new(cls, token: str) -> Login:
        """A log-in with a token that the service has accepted."""
        return cls(secrets.token_hex(8), token)

    @classmethod
    def parse(cls, cookie: object) -> Login | None:
        """The log-in in a cookie's value; None when there is none, or something else."""
        if not isinstance(cookie, str):
            return None
        identity, _, token = cookie.partition(".")
        return cls(identity, token) if _ID.fullmatch(identity) and plausible(token) else None

    @property
    def cookie(self) -> str:
        """Value of the cookie."""
        return f"{self.id}.{self.token}"


def plausible(token: str) -> bool:
    """Whether this may stand in a header at all; anything else is not asked about."""
    return _TOKEN.fullmatch(token) is not None


def fingerprint(token: str) -> str:
    """What stands for a token where the token itself must not be."""
    return hashlib.sha256(token.encode()).hexdigest()
