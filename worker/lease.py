"""Keeping a job: renewal, cancellation, and giving up in time when the database cannot be reached."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from backend.store import jobs
from backend.store.database import Database
from backend.store.transitions import Claim, LeaseLost

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
"""What the database raises while it is locked, restarting or out of reach."""

_RENEWALS = 3
_GIVE_UP_AFTER = 0.8
_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 0.5
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Lease:
    """The right to a job, kept alive by calling ``keep`` often.

    Args:
        database: where the job lives.
        claim: the right, just gained.
        clock: monotonic seconds: a host clock that jumps must neither end nor prolong a lease.
    """

    def __init__(self, database: Database, claim: Claim, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._claim, self._clock = database, claim, clock
        self._renewed = self._looked = clock()
        self._next = self._renewed + claim.ttl / _RENEWALS
        self.cancelled = False

    def keep(self) -> None:
        """Renew when it is time, and look whether someone cancelled the job.

        Raises:
            LeaseLost: another worker may own the job by now; stop at once.
        """
        at = self._clock()
        try:
            if at >= self._next:
                self._renew(at)
            elif at - self._looked >= _LOOK_SECONDS:
                self._look(at)
        except DATABASE_AWAY as error:
            _log.warning("the database is away, lease of job %s not renewed: %s", self._claim.job_id, error)
            self._next = self._clock() + _LOOK_SECONDS
        if self._clock() - self._renewed > _GIVE_UP_AFTER * self._claim.ttl:
            raise LeaseLost(f"no renewal of job {self._claim.job_id} succeeded in time")

    def _renew(self, at: float) -> None:
        with self._database.write() as session:
            self.cancelled = jobs.heartbeat(session, self._claim)
        self._renewed = self._looked = at
        self._next = at + self._claim.ttl / _RENEWALS

    def _look(self, at: float) -> None:
        self._looked = at
        with self._database.read() as session:
            job = jobs.get(session, self._claim.job_id)
            self.cancelled = job is not None and job.cancel_requested_at is not None

    def write(self, action: Callable[[Session], T]) -> T:
        """Run ``action`` in a transaction, again and again while the database is away.

        Raises:
            LeaseLost: it stayed away for too long, or ``action`` found the job owned by someone else.
        """
        while True:
            try:
                with self._database.write() as session:
                    return action(session)
            except DATABASE_AWAY as error:
                _log.warning("the database is away, job %s waits to be concluded: %s", self._claim.job_id, error)
                time.sleep(_RETRY_SECONDS)
                self.keep()
