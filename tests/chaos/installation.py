"""Broker, API and train workers of one run: real processes that are killed, and started again as a supervisor does."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from celery_workers import QUICK, STAND_IN, CeleryWorker, alive
from history import History

from backend.queue import Doorbell
from backend.settings import Settings
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database
from backend.supervisor import services, valkey
from backend.supervisor.process import Process, Service

LEASE_SECONDS = 3.0
STEP_SECONDS = 0.3
"""What a step of a job takes."""
_RESTART_SECONDS = 0.5


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Slot:
    """A worker that is to be there, and its processes: Celery's main process, its pool child, the job's process."""

    worker: CeleryWorker

    @property
    def main(self) -> list[psutil.Process]:
        """Celery's main process, as long as it lives."""
        with suppress(psutil.NoSuchProcess):
            return alive([psutil.Process(self.worker.popen.pid)])
        return []

    @property
    def pool_child(self) -> list[psutil.Process]:
        """The process that claims jobs."""
        with suppress(psutil.NoSuchProcess):
            return [child for main in self.main for child in alive(main.children())]
        return []

    @property
    def trainers(self) -> list[psutil.Process]:
        """The job's process, when there is one."""
        with suppress(psutil.NoSuchProcess):
            return [trainer for child in self.pool_child for trainer in alive(child.children())]
        return []


class Installation:
    """One installation on ``folder``.

    Args:
        folder: everything of it.
        history: told when something was started.
        persistent: whether the broker keeps a file; without it every restart is empty.
        workers: number of train workers.
        lease: seconds until a silent worker loses its job.
        variables: more of the environment, for every process.
    """

    def __init__(
        self,
        folder: Path,
        history: History,
        *,
        persistent: bool = True,
        workers: int = 3,
        lease: float = LEASE_SECONDS,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.history, self._count, self.lease = folder, history, workers, lease
        self._variables = dict(variables or {})
        self.settings = Settings(
            data_dir=folder, redis_url=f"redis+socket://{folder / 'v.sock'}", api_port=free_port(), train_threads=1
        )
        self.database, self.artifacts = Database(self.settings.database), ArtifactStore(self.settings.artifacts)
        self.doorbell = Doorbell.of(self.settings)
        self.broker = Process(self._broker_service(persistent), folder / "valkey.log")
        self.api = Process(self._api_service(), folder / "api.log")
        self.slots: list[Slot] = []
        self._ended: dict[int, float] = {}

    def _broker_service(self, persistent: bool) -> Service:
        data, own = self.folder / "valkey", self.folder / "v.sock"
        data.mkdir(parents=True, exist_ok=True)
        command = valkey.command(valkey.find_server(), own, data)
        command += [] if persistent else ["--appendonly", "no"]
        return Service("valkey", command, lambda: valkey.answers(own))

    def _api_service(self) -> Service:
        base = services.api_service(self.settings)
        return Service("api", base.command, base.ready, self.environment | {"SSENET_MAX_ATTEMPTS": "100"})

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the installation is told."""
        return {
            **QUICK,
            "SSENET_DATA_DIR": str(self.settings.data_dir),
            "SSENET_REDIS_URL": self.settings.redis_url,
            "SSENET_LEASE_TTL": str(self.lease),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(STAND_IN), os.environ.get("PYTHONPATH", "")])),
            **self._variables,
        }

    @property
    def address(self) -> str:
        """Of the API."""
        return f"{services.api_address(self.settings)}/api/v1"

    def start(self, wait_until: Callable[..., object]) -> None:
        """Start everything and wait until the API answers and the workers have said that they live."""
        self.start_broker()
        wait_until(self.broker.service.ready, what="the broker")
        self.api.start()
        wait_until(self.api.service.ready, timeout=60, what="the API")
        self.slots = [self._slot() for _ in range(self._count)]
        wait_until(lambda: self.idle >= self._count, timeout=60, what="the workers")

    @property
    def idle(self) -> int:
        """Number of workers that say that they live."""
        from backend.store.models import Worker

        with self.database.read() as session:
            return session.query(Worker).count()

    def start_broker(self, *, empty: bool = False) -> None:
        """Start the broker, without what it had kept when ``empty``."""
        if empty:
            shutil.rmtree(self.folder / "valkey")
            (self.folder / "valkey").mkdir()
        (self.folder / "v.sock").unlink(missing_ok=True)
        self.broker.start()

    def _slot(self) -> Slot:
        worker = CeleryWorker(self.settings, f"steps:{STEP_SECONDS:g}", self.lease, self.environment)
        self.history.note("worker started", pid=worker.popen.pid)
        return Slot(worker)

    def tend(self) -> None:
        """Start again what has ended half a second ago; call often, from the main thread."""
        for index, slot in enumerate(self.slots):
            if slot.worker.popen.poll() is not None and self._due(slot.worker.popen.pid):
                self.history.note("worker ended", pid=slot.worker.popen.pid, status=slot.worker.popen.returncode)
                self.slots[index] = self._slot()
        if not self.api.alive and self._due(-1):
            self.api.start()
            self._ended.pop(-1)

    def _due(self, who: int) -> bool:
        return time.monotonic() - self._ended.setdefault(who, time.monotonic()) >= _RESTART_SECONDS

    @property
    def trainers(self) -> list[psutil.Process]:
        """All processes of jobs, also those whose worker is gone."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.status() != psutil.STATUS_ZOMBIE and str(self.settings.artifacts) in " ".join(
                    process.cmdline()
                ):
                    found.append(process)
        return found

    @property
    def refused_writes(self) -> int:
        """How often a worker learned that it no longer owned what it was about to write."""
        return sum(log.read_text(errors="replace").count("no longer owns job") for log in self.logs)

    @property
    def logs(self) -> list[Path]:
        """Logs of the workers."""
        return sorted(self.folder.glob("worker-*.log"))

    def close(self) -> None:
        """End every process, also what is paused."""
        for slot in self.slots:
            slot.worker.end()
        for trainer in self.trainers:
            with suppress(psutil.NoSuchProcess):
                trainer.kill()
        self.api.kill()
        self.broker.kill()
        self.database.dispose()
