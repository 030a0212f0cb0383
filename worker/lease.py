"""Keeping a job: renewal, cancellation, and giving up in time when the database cannot be reached."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
_GUARD_SECONDS = 0.2
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
                self.renew()
            elif at - self._looked >= _LOOK_SECONDS:
                self._look(at)
        except DATABASE_AWAY as error:
            _log.warning("the database is away, lease of job %s not renewed: %s", self._claim.job_id, error)
            self._next = self._clock() + _LOOK_SECONDS
        if self.overdue:
            raise LeaseLost(f"no renewal of job {self._claim.job_id} succeeded in time")

    @property
    def overdue(self) -> bool:
        """Whether the last renewal that succeeded is so long ago that another worker may soon own the job."""
        return self._clock() - self._renewed > _GIVE_UP_AFTER * self._claim.ttl

    @contextmanager
    def guarding(self, give_up: Callable[[], object]) -> Iterator[None]:
        """Call ``give_up`` from a thread as soon as the lease is overdue.

        ``keep`` cannot notice that while it waits for a database that hangs and neither answers nor fails.
        """
        over = threading.Event()

        def guard() -> None:
            while not over.wait(_GUARD_SECONDS):
                if self.overdue:
                    give_up()
                    return

        thread = threading.Thread(target=guard, name="lease-guard", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def renew(self) -> None:
        """Renew now.

        Raises:
            LeaseLost: another worker may own the job by now; stop at once.
            sqlalchemy.exc.OperationalError: the database is away; try again.
        """
        at = self._clock()  # before the database's own look at its clock: this one must not believe it lasts longer
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

        def transaction() -> T:
            with self._database.write() as session:
                return action(session)

        return self.patiently(transaction)

    def patiently(self, action: Callable[[], T]) -> T:
        """Run ``action`` again and again while it finds the database away.

        Raises:
            LeaseLost: it stayed away for too long.
        """
        while True:
            try:
                return action()
            except DATABASE_AWAY as error:
                _log.warning("the database is away, job %s waits: %s", self._claim.job_id, error)
                time.sleep(_RETRY_SECONDS)
                self.keep()
