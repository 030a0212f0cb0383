"""Requests for raw CAMs: one row per (image, checkpoint, views), so that equal wishes share one computation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import CamRequest, Worker
from ssenet.results import View

_REMEMBER_FAILURE = 10.0
_ANNOUNCE_AGAIN = 10.0
_WORKER_LIVES = 30.0  # after its last heartbeat


class QueueFull(Exception):  # noqa: N818
    """As many requests wait as may wait."""


@dataclass(frozen=True)
class Wish:
    """What is to be computed."""

    checkpoint_id: str
    image_id: str
    views: tuple[View, ...]
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """Content key of the request."""
        return hashlib.sha256("|".join(sorted(self.keys)).encode()).hexdigest()


@dataclass(frozen=True)
class Standing:
    """Where a request stands: ``new`` must be announced to the workers, ``failed`` says why."""

    state: Literal["new", "pending", "failed"]
    error: str | None = None


def request(session: Session, wish: Wish, *, room: int, deadline: float) -> Standing:
    """Join the running request for the same views, or make one.

    A failure is told for a few seconds to whoever asks; after that, asking means trying again. A request that
    no worker took up for a while is announced once more: its message may be lost, and a second one does no harm.

    Args:
        room: requests that may wait at one time.
        deadline: seconds until workers drop it.

    Raises:
        QueueFull: there is no room.
    """
    at = now(session)
    row = session.get(CamRequest, wish.key, with_for_update=True)
    if row is not None and row.state == "pending" and row.expires_at > at:
        return _announce_again(session, row, at)
    if row is not None and row.state == "failed" and (row.finished_at or 0) > at - _REMEMBER_FAILURE:
        return Standing("failed", row.error)
    if pending(session) >= room:
        raise QueueFull(f"{room} CAM requests are waiting")
    if row is not None:
        row.state, row.error, row.announced_at, row.expires_at = "pending", None, at, at + deadline
        return Standing("new")
    return _insert(session, wish, at, deadline)


def pending(session: Session) -> int:
    """Requests that wait for a worker or are being computed."""
    waiting = select(func.count()).where(CamRequest.state == "pending", CamRequest.expires_at > now(session))
    return session.scalars(waiting).one()


def failure(session: Session, key: str) -> str | None:
    """Why the request failed; None when it did not."""
    row = session.get(CamRequest, key)
    return row.error if row is not None and row.state == "failed" else None


def image_in_use(session: Session, image_id: str) -> bool:
    """Whether a request for the image is under way."""
    return _in_use(session, CamRequest.image_id == image_id)


def checkpoint_in_use(session: Session, checkpoint_id: str) -> bool:
    """Whether a request for the checkpoint is under way."""
    return _in_use(session, CamRequest.checkpoint_id == checkpoint_id)


def _in_use(session: Session, condition: object) -> bool:
    query: Sequence[object] = (condition, CamRequest.state == "pending", CamRequest.expires_at > now(session))
    return session.scalars(select(CamRequest.key).where(*query).limit(1)).first() is not None  # type: ignore[arg-type]


def _announce_again(session: Session, row: CamRequest, at: float) -> Standing:
    taken = select(Worker.id).where(Worker.job_id == row.key, Worker.heartbeat_at > at - _WORKER_LIVES)
    if row.announced_at > at - _ANNOUNCE_AGAIN or session.scalars(taken.limit(1)).first() is not None:
        return Standing("pending")
    row.announced_at = at
    return Standing("new")


def _insert(session: Session, wish: Wish, at: float, deadline: float) -> Standing:
    row = CamRequest(
        key=wish.key,
        checkpoint_id=wish.checkpoint_id,
        image_id=wish.image_id,
        views=[view.name for view in wish.views],
        state="pending",
        created_at=at,
        announced_at=at,
        expires_at=at + deadline,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # someone else made it in between
        return Standing("pending")
    return Standing("new")
