"""A worker's sign of life in the database, and its share of the sweep."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time

from backend.store.database import now
from backend.store.models import Worker
from backend.store.sweep import sweep
from worker.context import Context
from worker.lease import DATABASE_AWAY
from worker.status import Status

_LOOK_SECONDS = 0.25
_log = logging.getLogger(__name__)


class Presence:
    """A thread of the worker's main process: it stays on time while the pool child is busy.

    The main process forks once more whenever a pool child dies. SQLite keeps book of a file's locks for the whole
    process, and a fork inherits the book but not the locks: a child forked within one of our transactions would
    believe for ever that somebody writes. So a fork waits until the thread has finished what it is at, and finds
    no connection open.

    Args:
        context: connections of its own.
        worker: id of this worker.
        queue: the queue it serves.
        status: what its pool child is doing.
    """

    def __init__(self, context: Context, worker: str, queue: str, status: Status) -> None:
        self._context, self._worker, self._queue, self._status = context, worker, queue, status
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)
        self._started = time.time()
        self._said: tuple[object, ...] | None = None
        self._beat_at = self._sweep_at = 0.0
        self._at_work = threading.Lock()

    def start(self) -> None:
        """Begin; returns at once."""
        rise = self._at_work.release
        os.register_at_fork(before=self._rest, after_in_parent=rise, after_in_child=rise)
        self._thread.start()

    def _rest(self) -> None:
        """Called by whoever is about to fork this process."""
        self._at_work.acquire()
        self._context.database.dispose()

    def stop(self) -> None:
        """Sign off."""
        self._stop.set()
        self._thread.join(timeout=5)
        try:
            with self._context.database.write() as session:
                row = session.get(Worker, self._worker)
                if row is not None:
                    session.delete(row)
        except DATABASE_AWAY:
            _log.warning("the database is away; the worker's row will expire by itself")
        self._context.close()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                with self._at_work:
                    self._beat()
                    self._sweep()
            except DATABASE_AWAY as error:
                _log.warning("the database is away: %s", error)
            except Exception:  # a dead thread would make a healthy worker look dead
                _log.exception("sign of life")

    def _beat(self) -> None:
        """Every third of the time after which silence counts as death, and at once when something changed."""
        said = (self._state, self._status.job_id, self._status.warm, self._status.device)
        if said == self._said and time.monotonic() < self._beat_at:
            return
        state, job_id, warm, device = said
        with self._context.database.write() as session:
            session.merge(
                Worker(
                    id=self._worker,
                    queue=self._queue,
                    pid=os.getpid(),
                    host=socket.gethostname(),
                    state=state,
                    job_id=job_id,
                    device=device,
                    warm=warm,
                    started_at=self._started,
                    heartbeat_at=now(session),
                )
            )
        self._said, self._beat_at = said, time.monotonic() + self._context.settings.worker_timeout / 3

    @property
    def _state(self) -> str:
        if self._status.draining:
            return "draining"
        return "busy" if self._status.job_id else "idle"

    def _sweep(self) -> None:
        """Announce what nobody works on; any number of processes may do so at the same time."""
        if time.monotonic() < self._sweep_at:
            return
        settings = self._context.settings
        self._sweep_at = time.monotonic() + settings.sweep_interval
        with self._context.database.write() as session:
            swept = sweep(session, settings.redispatch_after, settings.worker_timeout)
        for job_id in swept.wake:
            self._context.doorbell.wake(job_id)
