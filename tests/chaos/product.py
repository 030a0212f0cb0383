"""The whole product under ``ssenet-lab up``: its processes, and what they hold."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from celery_workers import alive
from sqlalchemy import func, select

from backend.settings import Settings
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database, now
from backend.store.models import CamRequest, Job
from backend.store.transitions import TERMINAL
from backend.supervisor import services

PARTS = {
    "API": services.api_command(Settings())[2],  # after "python -m"
    "train worker": "worker.train",
    "infer worker": "worker.infer",
    "broker": "unixsocket",
}
"""Words in the command lines of the processes that ``up`` starts."""


@dataclass(frozen=True)
class Holdings:
    """What the product holds while it is at rest."""

    processes: int
    descriptors: int
    temporary_files: int
    unfinished_jobs: int
    open_requests: int
    mebibytes: float

    def beyond(self, other: Holdings) -> dict[str, float]:
        """How much more this is than ``other``, by name."""
        return {name: value - asdict(other)[name] for name, value in asdict(self).items()}


class Product:
    """A running ``ssenet-lab up`` without pages.

    Args:
        folder: everything of it, also its temporary files.
        port: of the API, or the next free one.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self._temporary = folder, folder / "tmp"
        self._temporary.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(data_dir=folder / "lab", api_port=port)
        self.output = folder / "up.txt"
        quick = {"SSENET_LEASE_TTL": "10", "SSENET_SWEEP_INTERVAL": "1", "SSENET_REDISPATCH_AFTER": "3"}
        limits = {"SSENET_MAX_ATTEMPTS": "100", "SSENET_WORKER_TIMEOUT": "10", "SSENET_TRAIN_THREADS": "1"}
        command = ["up", "--no-ui", "--data-dir", str(self.settings.data_dir), "--port", str(port)]
        with self.output.open("wb") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "backend.lab", *command],
                env={**os.environ, **quick, **limits, "TMPDIR": str(self._temporary)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.database, self.artifacts = Database(self.settings.database), ArtifactStore(self.settings.artifacts)

    @property
    def address(self) -> str | None:
        """Of the API with its prefix, once all is ready."""
        if self.popen.poll() is not None:
            raise RuntimeError(f"ssenet-lab up ended: {self.output.read_text()}")
        found = re.search(r"API\s+(http://\S+)", self.output.read_text())
        return found[1] if found else None

    @property
    def family(self) -> list[psutil.Process]:
        """Every process below ``up``."""
        with suppress(psutil.NoSuchProcess):
            return alive(psutil.Process(self.popen.pid).children(recursive=True))
        return []

    def part(self, name: str) -> psutil.Process | None:
        """A process that ``up`` started, by its name in ``PARTS``; None while it is away."""
        for process in self.family:
            with suppress(psutil.NoSuchProcess):
                if process.ppid() == self.popen.pid and PARTS[name] in " ".join(process.cmdline()):
                    return process
        return None

    def pool_child(self, name: str) -> psutil.Process | None:
        """The process of a worker that does the work."""
        worker = self.part(name)
        with suppress(psutil.NoSuchProcess):
            words = [(child, " ".join(child.cmdline())) for child in (worker.children() if worker else [])]
            return next((child for child, line in words if PARTS[name] in line), None)
        return None

    @property
    def trainers(self) -> list[psutil.Process]:
        """The processes of jobs."""
        return [process for process in self.family if "ssenet.child" in _line(process)]

    def holdings(self) -> Holdings:
        """What is held just now."""
        family = self.family
        with self.database.read() as session:
            unfinished = session.scalars(select(func.count()).where(Job.state.not_in(sorted(TERMINAL)))).one()
            waiting = select(func.count()).where(CamRequest.state == "pending", CamRequest.expires_at > now(session))
            requests = session.scalars(waiting).one()
        return Holdings(
            processes=len(family),
            descriptors=sum(_descriptors(process) for process in family),
            temporary_files=sum(1 for place in self._temporary_places for path in place.rglob("*") if path.is_file()),
            unfinished_jobs=unfinished,
            open_requests=requests,
            mebibytes=round(sum(_resident(process) for process in family) / 2**20, 1),
        )

    @property
    def _temporary_places(self) -> list[Path]:
        return [self._temporary, self.settings.artifacts / ".tmp"]

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        status = self.popen.wait(120)
        self.database.dispose()
        return status

    def kill(self) -> None:
        """End everything, whatever it is doing."""
        for process in [*self.family, psutil.Process(self.popen.pid)] if self.popen.poll() is None else []:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.popen.wait()
        self.database.dispose()


def _line(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def _descriptors(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.num_fds())
    return 0


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0
