"""The child process that does a job's science, as seen by the worker that supervises it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from backend.supervisor.guard import guarded

Event = dict[str, Any]

NICENESS = 10
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_TAIL_BYTES = 4000


@dataclass(frozen=True)
class Launch:
    """How a child is started: ``command`` gets the path of the run file as its last argument."""

    command: list[str] = field(default_factory=lambda: [sys.executable, "-m", "ssenet.child"])
    stop_seconds: float = 30.0


class Trainer:
    """A running child: its events, and ways to stop it.

    It leads a session of its own, so that one signal reaches everything it started, and it dies with the
    worker. Its log (stderr) is ``log.txt`` in its output folder.

    Args:
        launch: how to start it.
        run: the run file's content, see ``ssenet.child``.
        memory: bytes that it may allocate; 0 sets no limit.
    """

    def __init__(self, launch: Launch, run: Mapping[str, Any], memory: int = 0) -> None:
        self._launch, self._memory = launch, memory
        self._folder = Path(run["output"])
        self._folder.mkdir(parents=True, exist_ok=True)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._kill_at: float | None = None
        self._popen = self._start(run)
        self._reader = threading.Thread(target=self._read, args=(self._popen.stdout,), daemon=True)
        self._reader.start()

    def _start(self, run: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        run_file = self._folder / "run.json"
        run_file.write_text(json.dumps(run), encoding="utf-8")
        threads = dict.fromkeys(_THREAD_VARIABLES, str(run["threads"]))
        with (self._folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                guarded([*self._launch.command, str(run_file)], nice=NICENESS, memory=self._memory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **threads},
                start_new_session=True,
            )

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                with suppress(ValueError):  # a library that prints is no event
                    event = json.loads(line)
                    if isinstance(event, dict) and "type" in event:
                        self._events.put(event)

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its group and session."""
        return self._popen.pid

    def next_event(self, timeout: float) -> Event | None:
        """The next event, None when none came in ``timeout`` seconds."""
        with suppress(queue.Empty):
            return self._events.get(timeout=timeout)
        return None

    @property
    def ended(self) -> bool:
        """Whether it is gone and all its events are in the queue or taken from it."""
        if self._popen.poll() is None:
            return False
        # Something that it started may hold the pipe open: that must not keep us waiting.
        self._reader.join(timeout=2.0)
        return True

    @property
    def exit_status(self) -> int:
        """How it ended; only once ``ended``."""
        status = self._popen.returncode
        assert status is not None
        return status

    def stop(self) -> None:
        """Ask it to save its state and end; it is killed when it does not within ``stop_seconds``.

        It alone is asked: processes that load photographs for it would die of the signal, and it with them.
        """
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._launch.stop_seconds
            self._popen.send_signal(signal.SIGTERM)
        elif time.monotonic() > self._kill_at:
            self.kill()

    def kill(self) -> None:
        """End it and everything it started, now."""
        self.strike()
        self._popen.wait()

    def strike(self) -> None:
        """The same without waiting for its end; may be called from any thread."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def log_tail(self) -> str:
        """The last lines of its log."""
        path = self._folder / "log.txt"
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace").strip()
