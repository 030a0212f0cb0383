"""Telling the workers of jobs whose rows are committed."""

from __future__ import annotations

from collections.abc import Iterable

from backend.service import Service
from backend.store import jobs
from backend.store.models import Job


def announce(service: Service, new: Iterable[Job]) -> None:
    """Announce jobs. If that fails, the sweep does it: the client need not know."""
    announced = [job.id for job in new if service.doorbell.wake(job.id)]
    if not announced:
        return
    with service.database.write() as session:
        for job_id in announced:
            jobs.mark_dispatched(session, job_id)
