"""Access tokens, and who asks."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.schemas.common import Answer
from backend.store.tokens import DEFAULT_DAYS, DEFAULT_SCOPES, USER, Scope
from ssenet.config import Closed


class WhoAmI(Answer):
    """Who asks, as the service sees it."""

    user: str = Field(description='Name on the token; "" is the operator, who needs none on this machine.')
    scopes: list[Scope] = Field(description="`run` implies `read`, and `admin` all.")
    login_required: bool = Field(description="Whether requests need a token.")
    expires_at: datetime | None = Field(description="When the token expires; null is never.")


class NewToken(Closed):
    """A token to be made."""

    user: str = Field(pattern=USER, description="Whom it lets in.")
    scopes: list[Scope] = Field(default=list(DEFAULT_SCOPES), min_length=1, max_length=3)
    days: float | None = Field(default=DEFAULT_DAYS, gt=0, le=36_500, description="Until it expires; null is never.")
    name: str = Field(default="", max_length=120, description="Label for people.")


class Token(Answer):
    """An access token without its secret."""

    id: str
    user: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")


class MadeToken(Token):
    """A new access token with its secret, which is shown this once."""

    token: str


class Tokens(Answer):
    """Access tokens, newest first."""

    items: list[Token]
