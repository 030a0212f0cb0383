"""How much one user may have at a time. The operator on this machine has no limit."""

from __future__ import annotations

import threading
from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.access.caller import current
from backend.problems import Problem
from backend.settings import Settings
from backend.store.database import take_turns
from backend.store.models import Checkpoint, Image, Job, Pipeline, PipelineStage
from backend.store.outputs import LIVE

_JOBS_RETRY = 60
_STREAMS_RETRY = 10


def check_jobs(session: Session, settings: Settings) -> None:
    """Refuse another job of a user who has as many waiting or running as allowed; before any row is locked.

    Raises:
        Problem: 429.
    """
    caller = current()
    if caller.is_operator:
        return
    take_turns(session)  # two requests at the same moment must not both find the last place
    if _live(session, caller.user) >= settings.jobs_per_user:
        most = settings.jobs_per_user
        text = f"You have {most} waiting or running jobs and pipelines, the most for one user. Wait or cancel some."
        raise _over(text, _JOBS_RETRY)


def _live(session: Session, user: str) -> int:
    """Jobs at work, and pipelines: those may wait together for one job, and then each starts one of its own."""
    jobs = select(func.count(Job.id)).where(Job.owner == user, Job.state.in_(LIVE))
    stages = select(PipelineStage.pipeline_id).join(Job, PipelineStage.job_id == Job.id).where(Job.state.in_(LIVE))
    mine = (Pipeline.owner == user, Pipeline.cancel_requested_at.is_(None), Pipeline.id.in_(stages))
    pipelines = select(func.count(Pipeline.id)).where(*mine)
    return session.scalars(jobs).one() + session.scalars(pipelines).one()


def check_upload(session: Session, settings: Settings, size: int) -> None:
    """Refuse an upload of ``size`` bytes beyond what one user may keep.

    Raises:
        Problem: 429; time does not help, deleting does.
    """
    caller = current()
    if caller.is_operator:
        return
    take_turns(session)
    if stored_bytes(session, caller.user) + size > settings.upload_bytes_per_user:
        most = f"{settings.upload_bytes_per_user / 2**30:.4g} GiB"
        raise _over(f"With this you would keep more than the {most} of one user. Delete photographs or weights first.")


def stored_bytes(session: Session, user: str) -> int:
    """Bytes of the photographs and weights that a user brought in; what jobs made does not count."""
    images = select(func.coalesce(func.sum(Image.size), 0)).where(Image.owner == user)
    brought = (Checkpoint.owner == user, Checkpoint.job_id.is_(None))
    weights = select(func.coalesce(func.sum(Checkpoint.size), 0)).where(*brought)
    return int(session.scalars(images).one()) + int(session.scalars(weights).one())


class UserStreams:
    """Open event streams by user."""

    def __init__(self, most: int) -> None:
        self._most, self._open = most, Counter[str]()
        self._lock = threading.Lock()

    def take(self) -> str:
        """Count one more stream of the caller; whoever takes one gives it back with the returned name.

        Raises:
            Problem: 429, the caller has too many.
        """
        caller = current()
        with self._lock:
            if not caller.is_operator and self._open[caller.user] >= self._most:
                raise _over(f"You have {self._most} open event streams, the most for one user.", _STREAMS_RETRY)
            self._open[caller.user] += 1
        return caller.user

    def give_back(self, user: str) -> None:
        """One stream less."""
        with self._lock:
            self._open[user] -= 1


def _over(detail: str, retry_after: int | None = None) -> Problem:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Problem(429, "quota", detail, headers=headers)
