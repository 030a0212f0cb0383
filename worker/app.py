"""What both Celery workers have in common: how they start, say that they live, sweep, and end."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery, signals

from backend import logs
from backend.queue import make_celery, requested_by
from backend.settings import Settings
from backend.store.orphans import end_leases
from backend.supervisor.guard import die_with_parent, watch_parent
from worker.careful import take_care
from worker.context import Context, worker_id
from worker.lease import DATABASE_AWAY
from worker.presence import Presence
from worker.status import Status

_log = logging.getLogger(__name__)
_WARM_UP_SECONDS = 300.0


class WorkerApp:
    """A Celery application with the life of its worker attached: one main process, one pool child.

    Args:
        settings: of the installation.
        queue: the queue that is served.
        warm_up: runs in every new pool child before its first task and returns the device it computes on.
    """

    def __init__(self, settings: Settings, queue: str, warm_up: Callable[[], str] | None = None) -> None:
        self.settings, self.queue = settings, queue
        self.celery: Celery = make_celery(settings.broker)
        self.celery.conf.worker_proc_alive_timeout = _WARM_UP_SECONDS
        take_care(self.celery.conf)
        self.status = Status()
        self._warm_up = warm_up
        self._main = os.getpid()
        self._context: Context | None = None
        self._context_process = 0
        self._presence: Presence | None = None
        self._leaving = False  # of a pool child
        self.id = worker_id(queue)  # of the main process, also in its child
        self._connect()

    def _connect(self) -> None:
        signals.setup_logging.connect(self._set_up_logging, weak=False)
        signals.worker_ready.connect(self._ready, weak=False)
        signals.worker_shutting_down.connect(self._shutting_down, weak=False)
        signals.worker_shutdown.connect(self._gone, weak=False)
        signals.worker_process_init.connect(self._child_started, weak=False)

    @property
    def context(self) -> Context:
        """The connections of this process; a forked child opens its own."""
        if self._context is None or self._context_process != os.getpid():
            self._context, self._context_process = Context.open(self.settings), os.getpid()
        return self._context

    @property
    def draining(self) -> bool:
        """Whether the work at hand shall be given back: the worker, or this pool child alone, was asked to leave."""
        return self.status.draining or self._leaving

    def _set_up_logging(self, **_: Any) -> None:
        """Instead of Celery's own formats; its pool child inherits it."""
        logs.configure(self.settings, self.queue)

    def _ready(self, **_: Any) -> None:
        """In the main process, once the pool has forked; ``Presence`` holds its breath during later forks."""
        self._presence = Presence(Context.open(self.settings), self.id, self.queue, self.status)
        self._presence.start()

    def _shutting_down(self, **_: Any) -> None:
        self.status.draining = True

    def _gone(self, **_: Any) -> None:
        if self._presence is not None:
            self._presence.stop()

    def _child_started(self, **_: Any) -> None:
        """In the pool child: it, and whatever it starts, ends with the main process."""
        die_with_parent(self._main)
        watch_parent(self._main, lambda: os.kill(os.getpid(), signal.SIGKILL))
        self.status.warm = False
        self.status.job_id = None
        self._free_predecessor()
        if self._warm_up is not None:
            self.status.device = self._warm_up()
        self.status.warm = True

    def _asked_to_leave(self, *_: Any) -> None:
        """In the pool child, as whoever stops a host asks every process: work at hand is given back first."""
        self._leaving = True

    def _free_predecessor(self) -> None:
        """What this worker's earlier pool child held when it was killed need not wait for its lease to expire."""
        try:
            with self.context.database.write() as session:
                end_leases(session, [self.id])
        except DATABASE_AWAY:
            _log.warning("the database is away; leases of an earlier pool child will expire by themselves")

    @contextmanager
    def busy_with(self, job_id: str) -> Iterator[None]:
        """Show what the worker works on for as long as it does."""
        self.status.job_id = job_id
        before = self._listen()
        try:
            with logs.bound(job_id=job_id, request_id=requested_by(self.celery)):
                yield
        except Exception:
            if self._leaving:  # else Celery logs it
                _log.exception("the work on %s failed while this process was leaving", job_id)
            raise
        finally:
            self.status.job_id = None
            if before is not None:
                signal.signal(signal.SIGTERM, before)
            if self._leaving:  # also after a failure: the next message is for someone who stays
                raise SystemExit(0)

    def _listen(self) -> Any:
        """Hear SIGTERM for as long as there is work; returns what it did before. (Signals are for main threads.)"""
        if threading.current_thread() is not threading.main_thread():
            return None
        return signal.signal(signal.SIGTERM, self._asked_to_leave)
