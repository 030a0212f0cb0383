"""Watching over one attempt at a job until it ends, one way or another."""

from __future__ import annotations

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from ssenet.child import EXIT_DONE, EXIT_STOPPED, EXIT_USER_ERROR
from worker.lease import DATABASE_AWAY, Lease
from worker.record import Recorder
from worker.trainer import Trainer

Outcome = Literal["done", "user_error", "cancelled", "drained", "stalled", "crashed"]

_TICK_SECONDS = 0.2
_ASKED_TOGETHER_SECONDS = 2.0
_PATIENCE_SECONDS, _PATIENCE_GAPS = 600.0, 20
_log = logging.getLogger(__name__)


class Stall:
    """Notices a child that lives but does nothing, such as one that waits for a hung GPU."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._last = clock, clock()
        self._gaps: deque[float] = deque(maxlen=50)

    def sign_of_life(self) -> None:
        """The child said something."""
        at = self._clock()
        self._gaps.append(at - self._last)
        self._last = at

    @property
    def stalled(self) -> bool:
        """Whether it has been silent for ten minutes and for twenty times its usual pause."""
        usual = statistics.median(self._gaps) if self._gaps else 0.0
        return self._clock() - self._last > max(_PATIENCE_SECONDS, _PATIENCE_GAPS * usual)


class Supervision:
    """The loop between a child, its lease and its records.

    Args:
        trainer: the child.
        lease: the right to the job.
        recorder: where its events go.
        draining: whether this worker shall finish.
    """

    def __init__(
        self,
        trainer: Trainer,
        lease: Lease,
        recorder: Recorder,
        draining: Callable[[], bool],
        stall: Stall | None = None,
    ) -> None:
        self._trainer, self._lease, self._recorder = trainer, lease, recorder
        self._draining = draining
        self._stall = stall or Stall()
        self._reason: Literal["cancelled", "drained", "stalled"] | None = None

    def run(self) -> Outcome:
        """Supervise until the child has ended and everything it announced is committed.

        Raises:
            LeaseLost: the job belongs to someone else by now; the child is dead.
            ProtocolError: the child announced something that is not there; the child is dead.
        """
        try:
            with self._lease.guarding(self._trainer.strike):
                while not self._trainer.ended:
                    self._tick(_TICK_SECONDS)
            self._settle()
            return self._outcome()
        finally:
            self._trainer.kill()

    def _tick(self, timeout: float) -> None:
        if event := self._trainer.next_event(timeout):
            self._stall.sign_of_life()
            self._recorder.take(event)
        self._lease.keep()
        self._flush()
        if self._lease.cancelled:
            self._stop("cancelled")
        elif self._draining():
            self._stop("drained")
        elif self._stall.stalled:
            self._stop("stalled")

    def _stop(self, reason: Literal["cancelled", "drained", "stalled"]) -> None:
        self._reason = self._reason or reason
        self._trainer.stop()

    def _flush(self, *, everything: bool = False) -> bool:
        try:
            self._recorder.flush(everything=everything)
        except DATABASE_AWAY as error:
            _log.warning("the database is away, results wait: %s", error)
            return False
        return True

    def _settle(self) -> None:
        """Take the events that are still in the pipe, and wait for the database if need be."""
        while event := self._trainer.next_event(0):
            self._recorder.take(event)
        while not self._flush(everything=True):
            time.sleep(_TICK_SECONDS)
            self._lease.keep()  # raises LeaseLost when the database stays away

    def _outcome(self) -> Outcome:
        status = self._trainer.exit_status
        if status == EXIT_DONE:
            return "done"
        if status == EXIT_USER_ERROR:
            return "user_error"
        if status == EXIT_STOPPED and self._reason is None and self._drained_soon():
            return "drained"
        return self._reason or "crashed"

    def _drained_soon(self) -> bool:
        """Whether the worker is asked to leave, too: whoever stops a host asks all, in no certain order."""
        until = time.monotonic() + _ASKED_TOGETHER_SECONDS
        while not self._draining() and time.monotonic() < until:
            time.sleep(_TICK_SECONDS)
        return self._draining()
