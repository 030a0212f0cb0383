"""People and their tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from frontend.schemas.common import Answer

Scope = Literal["read", "run", "admin"]

_IMPLIED: dict[str, tuple[Scope, ...]] = {"read": ("read",), "run": ("read", "run"), "admin": ("read", "run", "admin")}


class Identity(Answer):
    """For whom the service takes a request."""

    user: str = ""
    scopes: tuple[str, ...] = ()
    login_required: bool = False
    expires_at: datetime | None = None

    def may(self, scope: Scope) -> bool:
        """Whether a scope is granted: ``run`` implies ``read``, and ``admin`` all."""
        return any(scope in _IMPLIED.get(granted, ()) for granted in self.scopes)


class Token(Answer):
    """An access token without its text."""

    id: str
    name: str = ""
    user: str = ""
    scopes: tuple[str, ...] = ()
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class NewToken(Token):
    """A token that was just made, with its text: shown once."""

    token: str = ""
