"""Work for the process pool of the tests: it must be importable in a worker."""

import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Facts:
    """Tells what its process is like; image ``other`` waits until another process has worked, too."""

    folder: Path

    def __call__(self, image_id: str) -> dict[str, object]:
        (self.folder / str(os.getpid())).touch()
        while image_id == "other" and len(list(self.folder.iterdir())) < 2:
            time.sleep(0.01)
        return {
            "pid": os.getpid(),
            "torch": "torch" in sys.modules,
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "start": multiprocessing.get_start_method(allow_none=True),
        }


def die_on_b(image_id: str) -> str:
    """As a process that the system kills."""
    if image_id == "b":
        os.kill(os.getpid(), signal.SIGKILL)
    return image_id


@dataclass(frozen=True)
class Hold:
    """Writes its process id, then works until there is a file ``go``."""

    folder: Path

    def __call__(self, image_id: str) -> str:
        (self.folder / f"{image_id}-{os.getpid()}").touch()
        while not (self.folder / "go").exists():
            time.sleep(0.05)
        return image_id
