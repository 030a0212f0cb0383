"""Telling the workers of jobs whose rows are committed."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sqlalchemy.exc import SQLAlchemyError

from backend.service import Service
from backend.store import jobs
from backend.store.models import Job

_log = logging.getLogger(__name__)


def announce(service: Service, new: Iterable[Job]) -> None:
    """Announce jobs. If that fails, the sweep does it: the client need not know."""
    announced = [job.id for job in new if service.doorbell.wake(job.id)]
    if not announced:
        return
    try:
        with service.database.write() as session:
            for job_id in announced:
                jobs.mark_dispatched(session, job_id)
    except SQLAlchemyError:  # the jobs are in: the client must not be told otherwise
        _log.warning("announced jobs are not marked as such; the sweep announces them once more", exc_info=True)
