"""A thread of the API that announces or ends jobs that nobody works on, and keeps house."""

from __future__ import annotations

import logging
import threading
import time

from backend.access.caller import OPERATOR, acting_as
from backend.service import Service
from backend.store.sweep import sweep
from backend.upkeep.keep import keep_house

_HOUSEKEEPING_SECONDS = 300.0
_log = logging.getLogger(__name__)


class Sweeper:
    """Sweeps until it is stopped; workers do the same, and all may at once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._tidy_at = 0.0

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, after a sweep that is under way."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        with acting_as(OPERATOR):
            self._sweep_until_stopped()

    def _sweep_until_stopped(self) -> None:
        while not self._stop.wait(self._service.settings.sweep_interval):
            try:
                self._sweep()
                self._tidy()
            except Exception:  # a database or disk that is away comes back; nobody would miss a dead thread
                _log.exception("sweep")

    def _sweep(self) -> None:
        service = self._service
        with service.database.write() as session:
            swept = sweep(session, service.settings.redispatch_after, service.settings.worker_timeout)
        service.metrics.count_sweep(len(swept.wake), len(swept.failed), len(swept.cancelled))
        for job_id in swept.failed:
            _log.warning("job %s was given up: its workers were lost", job_id)
        for job_id in swept.wake:
            service.doorbell.wake(job_id)

    def _tidy(self) -> None:
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + _HOUSEKEEPING_SECONDS
        service = self._service
        report = keep_house(service.database, service.artifacts, service.settings)
        for what, share in report.shares.items():
            service.metrics.count_removed(what, share.number, share.size)
        if report.size:
            _log.info("upkeep removed %s", report.text)
