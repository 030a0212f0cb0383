"""Real Celery workers of an installation, done by the stand-in child, to be killed, paused and drained."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from backend.settings import Settings
from backend.supervisor import valkey
from backend.supervisor.process import Process, Service

STAND_IN = Path(__file__).parents[1] / "worker"
QUICK = {"SSENET_SWEEP_INTERVAL": "0.5", "SSENET_REDISPATCH_AFTER": "1"}


class CeleryWorker:
    """A train worker in a process of its own, with the installation's settings.

    Args:
        settings: of the installation.
        mode: what the stand-in child does (``tests/worker/fake_child.py``).
        lease_ttl: seconds until a silent worker loses its job.
        environment: more variables.
    """

    def __init__(
        self, settings: Settings, mode: str, lease_ttl: float = 3, environment: Mapping[str, str] | None = None
    ) -> None:
        given = {
            **os.environ,
            **QUICK,
            "FAKE_MODE": mode,
            "PYTHONPATH": str(STAND_IN),
            "SSENET_DATA_DIR": str(settings.data_dir),
            "SSENET_DATABASE_URL": settings.database_url,
            "SSENET_REDIS_URL": settings.redis_url,
            "SSENET_LEASE_TTL": str(lease_ttl),
            **(environment or {}),
        }
        command = ["celery", "--app", "fake_train", "worker", "--pool", "prefork", "--concurrency", "1"]
        options = ["--queues", "train", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        self.log = settings.data_dir / f"worker-{mode.replace(':', '-')}.log"
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *command, *options],
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def family(self) -> list[psutil.Process]:
        """The pool child, the job's process, and what they started."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.popen.pid).children(recursive=True)
        return []

    def end(self) -> None:
        """Kill it and all its family, also what is paused."""
        with suppress(psutil.NoSuchProcess):
            for process in [*self.family, psutil.Process(self.popen.pid)]:
                process.kill()
        self.popen.wait()


@contextmanager
def workers_of(settings: Settings) -> Iterator[Callable[..., CeleryWorker]]:
    """``start(mode, lease_ttl=3, environment=None)``: a running worker; all end with their families."""
    started: list[CeleryWorker] = []

    def start(mode: str, lease_ttl: float = 3, environment: Mapping[str, str] | None = None) -> CeleryWorker:
        started.append(CeleryWorker(settings, mode, lease_ttl, environment))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            worker.end()


def broker_process(folder: Path) -> Process:
    """A broker of the test's own on ``folder/v.sock``, to be started, killed, and started again."""
    socket, data = folder / "v.sock", folder / "valkey"
    data.mkdir(exist_ok=True)
    command = valkey.command(valkey.find_server(), socket, data)
    return Process(Service("valkey", command, lambda: valkey.answers(socket)), folder / "valkey.log")


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie does not."""
    running = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                running.append(process)
    return running
