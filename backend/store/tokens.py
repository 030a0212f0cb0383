"""Access tokens. The secret is shown once, when it is made; the table has its hash only."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Collection
from typing import Literal, get_args

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import AccessToken
from ssenet.errors import UserError

Scope = Literal["read", "run", "admin"]
State = Literal["living", "expired", "revoked"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
DEFAULT_SCOPES: tuple[Scope, ...] = ("read", "run")
DEFAULT_DAYS = 90
USER = r"^[a-z0-9][a-z0-9._-]{0,63}$"
PREFIX = "sslab_"
_DAY = 24 * 3600.0
_SECRET = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")  # 256 bits in base64url
_USED_EVERY = 60.0


class BadToken(UserError):  # noqa: N818
    """A token cannot be made like this."""


def create(
    session: Session, user: str, *, scopes: Collection[Scope], days: float | None, name: str = ""
) -> tuple[AccessToken, str]:
    """Make a token for ``user``.

    Args:
        scopes: what it is good for.
        days: until it expires; None is never.
        name: label for people.

    Returns:
        its row, and the secret, which cannot be had again.

    Raises:
        BadToken: the name of the user is not allowed, or there is no scope.
    """
    if not re.fullmatch(USER, user):
        raise BadToken(f"{user!r} is no user name: take up to 64 of a-z, 0-9, '.', '_', '-', a letter or digit first.")
    if not scopes:
        raise BadToken(f"A token needs a scope: {', '.join(SCOPES)}.")
    secret, at = PREFIX + secrets.token_urlsafe(32), now(session)
    row = AccessToken(
        id=uuid.uuid4().hex,
        user=user,
        name=name[:120],
        sha256=_hash(secret),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_at=at,
        expires_at=None if days is None else at + days * _DAY,
    )
    session.add(row)
    session.flush()
    return row, secret


def find(session: Session, secret: str) -> AccessToken | None:
    """The row of a secret, whatever its state; None when there is none."""
    if not _SECRET.fullmatch(secret):
        return None
    digest = _hash(secret)
    row = session.scalars(select(AccessToken).where(AccessToken.sha256 == digest)).one_or_none()
    return row if row is not None and hmac.compare_digest(row.sha256, digest) else None


def state(row: AccessToken, at: float) -> State:
    """Whether a token lets anyone in at a time."""
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= at else "living"


def mark_used(session: Session, token_id: str) -> None:
    """Note that a token was used just now, unless that was noted within the last minute."""
    row, at = session.get(AccessToken, token_id), now(session)
    if row is not None and (row.last_used_at is None or row.last_used_at <= at - _USED_EVERY):
        row.last_used_at = at


def revoke(session: Session, row: AccessToken) -> None:
    """Let a token never let anyone in again; its row stays, so that people see it."""
    if row.revoked_at is None:
        row.revoked_at = now(session)


def living(session: Session) -> int:
    """Number of tokens that let someone in now."""
    return session.scalars(select(func.count(AccessToken.id)).where(_lives(now(session)))).one()


def _lives(at: float) -> ColumnElement[bool]:
    lasting = or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > at)
    return AccessToken.revoked_at.is_(None) & lasting


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
