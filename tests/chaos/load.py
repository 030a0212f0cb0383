"""An API with an infer worker of known speed, and what is measured of it while it is under load."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from history import History
from installation import Installation

CHECKPOINT = "demo-ssenet"
Wait = Callable[..., object]


class Served:
    """An installation that answers CAM requests, one after the other, each in ``pace`` seconds or a little more."""

    def __init__(self, folder: Path, pace: float, environment: Mapping[str, str]) -> None:
        self.runs = folder / "runs.txt"
        self.installation = Installation(folder, History(), workers=0, variables=environment)
        self._pace, self._folder = pace, folder
        self.worker: subprocess.Popen[bytes] | None = None

    def start(self, wait_until: Wait) -> None:
        """Start the API and the worker, and wait until both are there."""
        self.runs.touch()
        self.installation.start(wait_until)
        here = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])}
        pace = {"PACED_SECONDS": str(self._pace), "PACED_RUNS": str(self.runs)}
        command = ["celery", "--app", "paced_infer", "worker", "--pool", "prefork", "--concurrency", "1"]
        with (self._folder / "infer.log").open("wb") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", *command, "--queues", "infer", "--without-gossip", "--without-mingle"],
                env={**os.environ, **self.installation.environment, **here, **pace},
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self.installation.idle == 1, timeout=60, what="the infer worker")

    @property
    def executions(self) -> int:
        """How often the network has run."""
        return len(self.runs.read_text().splitlines())

    @property
    def images(self) -> list[str]:
        """Ids of the sample photographs."""
        found = httpx.get(f"{self.installation.address}/images?source=gallery&limit=50").json()["items"]
        return [image["id"] for image in found]

    @property
    def address(self) -> str:
        """Where maps are asked for."""
        return f"{self.installation.address}/checkpoints/{CHECKPOINT}/cams"

    def resident(self) -> float:
        """Memory of the API and the worker with its pool child, in MiB."""
        assert self.worker is not None
        worker = psutil.Process(self.worker.pid)
        processes = [self.api, worker, *worker.children(recursive=True)]
        return sum(process.memory_info().rss for process in processes) / 2**20

    @property
    def api(self) -> psutil.Process:
        """The API's process."""
        popen = self.installation.api._popen
        assert popen is not None
        return psutil.Process(popen.pid)

    def close(self) -> None:
        """End all."""
        if self.worker is not None:
            main = psutil.Process(self.worker.pid)
            for process in [*main.children(recursive=True), main]:
                process.kill()
            self.worker.wait()
        self.installation.close()


@contextmanager
def served(
    folder: Path, wait_until: Wait, *, pace: float, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """A started ``Served``, which ends with all its processes."""
    made = Served(folder, pace, environment or {})
    try:
        made.start(wait_until)
        yield made
    finally:
        made.close()


class Probe(threading.Thread):
    """Asks an address again and again from a thread of its own, and keeps how long each answer took, in seconds."""

    def __init__(self, url: str, every: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.took: list[float] = []
        self.failed = 0
        self._url, self._every, self._over = url, every, threading.Event()

    def run(self) -> None:
        """The thread."""
        with httpx.Client(timeout=10, trust_env=False) as http:
            while not self._over.wait(self._every):
                began = time.monotonic()
                self.failed += http.get(self._url).status_code != 200
                self.took.append(time.monotonic() - began)

    def stop(self) -> None:
        """End."""
        self._over.set()
        self.join(timeout=15)


def percentile(values: list[float], percent: int) -> float:
    """The value that so many percent of ``values`` do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
