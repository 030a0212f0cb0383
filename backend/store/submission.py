"""How a job comes into the queue, once however often its submission is repeated."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import logs
from backend.store.content import content_of
from backend.store.database import now
from backend.store.models import Job
from backend.store.owners import SHARED, identity
from backend.store.transitions import fresh, note


class IdempotencyConflict(Exception):  # noqa: N818
    """The idempotency key was used before with another payload."""


@dataclass(frozen=True)
class NewJob:
    """What a client asks for; ``settings`` are already validated by the stage's model."""

    kind: str
    settings: dict[str, Any]
    name: str | None = None
    parent_id: str | None = None
    idempotency_key: str | None = None
    max_attempts: int = 3
    owner: str | None = None
    """None is the session's user."""

    @property
    def payload_sha(self) -> str:
        """Hash that two submissions with one idempotency key must share."""
        return payload_sha(self.kind, self.settings, self.name, self.parent_id)


def payload_sha(*payload: Any) -> str:
    """Hash of what a client asked for."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def submit(session: Session, new: NewJob) -> tuple[Job, bool]:
    """Queue a job.

    Returns:
        the job, and whether it is new: False when the idempotency key was used before.

    Raises:
        IdempotencyConflict: it was used with another payload.
    """
    earlier = _by_idempotency_key(session, new)
    if earlier is not None:
        return earlier, False
    job = _row(session, new)
    try:
        with session.begin_nested():
            session.add(job)
    except IntegrityError:  # another client was quicker with the same key
        earlier = _by_idempotency_key(session, new)
        if earlier is None:
            raise
        return earlier, False
    asked_by = logs.current("request_id")  # the log of a job's worker leads back to who asked for it
    note(session, job.id, "state", {"state": "queued", **({"request_id": asked_by} if asked_by else {})})
    return fresh(session, job.id), True


def was_submitted(session: Session, new: NewJob) -> bool:
    """Whether the same submission arrived before under its idempotency key.

    Raises:
        IdempotencyConflict: the key was used with another payload.
    """
    return _by_idempotency_key(session, new) is not None


def _by_idempotency_key(session: Session, new: NewJob) -> Job | None:
    if new.idempotency_key is None:
        return None
    job = session.scalars(select(Job).where(Job.idempotency_key == _key(session, new))).one_or_none()
    if job is not None and job.payload_sha != new.payload_sha:
        raise IdempotencyConflict(new.idempotency_key)
    return job


def _key(session: Session, new: NewJob) -> str | None:
    owner = identity(session).user if new.owner is None else new.owner
    return own_key(owner, new.idempotency_key)


def own_key(owner: str, key: str | None) -> str | None:
    """An idempotency key as it is stored: two users may send the same one, and it is unique in its table."""
    if key is None or owner == SHARED:
        return key
    return hashlib.sha256(f"{owner}\n{key}".encode()).hexdigest()


def _row(session: Session, new: NewJob) -> Job:
    content = content_of(session, new.kind, new.settings)
    return Job(
        id=uuid.uuid4().hex,
        kind=new.kind,
        name=new.name,
        settings=new.settings,
        dataset_id=content.dataset_id,
        parent_id=new.parent_id,
        content_key=content.key,
        state="queued",
        fence=0,
        attempts=0,
        max_attempts=new.max_attempts,
        step=0,
        event_seq=0,
        idempotency_key=_key(session, new),
        owner=new.owner,
        payload_sha=new.payload_sha,
        created_at=now(session),
    )
