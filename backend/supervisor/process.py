"""One supervised process: start, logs, restart with back-off, stop."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from backend.supervisor.guard import guarded

Emit = Callable[[str], None]
_LOG_BYTES = 8 * 2**20
_CRASHES, _CRASH_WINDOW = 5, 60.0
_LONGEST_PAUSE = 15.0


@dataclass(frozen=True)
class Service:
    """What a process is: its command, when it counts as ready, and how long it may take to stop."""

    name: str
    command: list[str]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    start_seconds: float = 120.0
    stop_seconds: float = 10.0


class Process:
    """A running service, in a session of its own so that a Ctrl-C reaches the supervisor only.

    Args:
        service: what to run.
        log: file its output is appended to; one older file is kept.
        emit: also receives every line; None keeps the terminal quiet.
    """

    def __init__(self, service: Service, log: Path, emit: Emit | None = None) -> None:
        self.service, self.log = service, log
        self._emit = emit
        self._popen: subprocess.Popen[bytes] | None = None
        self._crashes: deque[float] = deque(maxlen=_CRASHES)
        self._restart_at = 0.0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._popen.poll() if self._popen else None

    def start(self) -> None:
        """Start it; must be called from the supervisor's main thread (see ``guard``)."""
        rotate(self.log)
        with self.log.open("ab") as file:
            self._popen = subprocess.Popen(
                guarded(self.service.command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._emit else file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.service.environment},
                start_new_session=True,
            )
        if self._emit and self._popen.stdout:
            copy = threading.Thread(target=self._copy, args=(self._popen.stdout, self._emit), daemon=True)
            copy.start()

    def _copy(self, source: IO[bytes], emit: Emit) -> None:
        with source, self.log.open("ab") as file:
            for line in source:
                file.write(line)
                file.flush()
                emit(line.decode(errors="replace").rstrip())

    def crashed(self) -> float:
        """Note that it ended on its own; returns the seconds until ``restart_due`` is true."""
        self._crashes.append(time.monotonic())
        pause = min(0.5 * 2.0 ** (len(self._crashes) - 1), _LONGEST_PAUSE)
        self._restart_at = time.monotonic() + pause
        self._popen = None
        return pause

    @property
    def crash_looping(self) -> bool:
        """Whether it crashed so often of late that starting it again is pointless."""
        full = len(self._crashes) == _CRASHES
        return full and self._crashes[-1] - self._crashes[0] < _CRASH_WINDOW

    @property
    def restart_due(self) -> bool:
        """Whether it crashed and its pause is over."""
        return self._popen is None and time.monotonic() >= self._restart_at

    def terminate(self) -> None:
        """Ask it to stop."""
        if self._popen and self.alive:
            with suppress(ProcessLookupError):
                self._popen.terminate()

    def kill(self) -> None:
        """End it and everything in its process group now."""
        if self._popen is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


def rotate(log: Path) -> None:
    """Start a new log file when ``log`` is large, keeping one older."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".1.log"))
