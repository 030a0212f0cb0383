"""Start everything in order, watch it, and leave nothing behind."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from types import FrameType

import psutil

from backend.supervisor.console import COLOURS, Terminal, tail
from backend.supervisor.process import Emit, Process, Service
from ssenet.errors import UserError

_POLL_SECONDS = 0.2


class StopRequestedError(Exception):
    """A signal asked to stop while something was being waited for."""


class ServiceFailedError(UserError):
    """A process did not start or keeps crashing; the message ends with its log."""


class Supervisor:
    """Owns the processes of one installation.

    Args:
        logs: folder of the log files.
        terminal: where to say what happens.
        verbose: also copy every log line to the terminal.
    """

    def __init__(self, logs: Path, terminal: Terminal, *, verbose: bool = False) -> None:
        self._logs, self._terminal, self._verbose = logs, terminal, verbose
        self._processes: list[Process] = []
        self._colours = cycle(COLOURS)
        self._stop = threading.Event()
        self._signals = 0
        logs.mkdir(parents=True, exist_ok=True)

    def listen(self) -> None:
        """Stop in order on Ctrl-C, SIGTERM and SIGHUP; a second Ctrl-C stops at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._signalled)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        self._stop.set()

    def start(self, services: Iterable[Service]) -> None:
        """Start ``services`` together and wait until each is ready.

        Raises:
            ServiceFailedError: one ended, or was not ready in time.
            StopRequestedError: a signal came first.
        """
        started = [self._launch(service) for service in services]
        for process in started:
            self._await_ready(process)

    def _launch(self, service: Service) -> Process:
        colour = next(self._colours)
        process = Process(service, self._logs / f"{service.name}.log", self._emitter(service.name, colour))
        self._processes.append(process)
        process.start()
        return process

    def _emitter(self, name: str, colour: str) -> Emit | None:
        return (lambda line: self._terminal.log(name, colour, line)) if self._verbose else None

    def _await_ready(self, process: Process) -> None:
        service = process.service
        deadline = time.monotonic() + service.start_seconds
        while not service.ready():
            self._pause()
            if not process.alive:
                raise ServiceFailedError(self._obituary(process, "ended while starting"))
            if time.monotonic() > deadline:
                raise ServiceFailedError(self._obituary(process, f"was not ready in {service.start_seconds:g} s"))

    def wait_for(self, ready: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Wait until the whole is ready, restarting what crashes meanwhile.

        Raises:
            ServiceFailedError: not ready in time, or something crashes again and again.
            StopRequestedError: a signal came first.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self._pause()
            self._tend()
            if time.monotonic() > deadline:
                raise ServiceFailedError(f"{what} was not ready in {seconds:g} s. The logs are in {self._logs}.")

    def watch(self) -> None:
        """Keep everything running until a signal asks to stop.

        Raises:
            ServiceFailedError: something crashes again and again.
        """
        with suppress(StopRequestedError):
            while True:
                self._pause()
                self._tend()

    def _pause(self) -> None:
        if self._stop.wait(_POLL_SECONDS):
            raise StopRequestedError

    def _tend(self) -> None:
        for process in self._processes:
            if process.exit_status is not None:
                status, pause = process.exit_status, process.crashed()
                if process.crash_looping:
                    raise ServiceFailedError(self._obituary(process, "keeps crashing"))
                name = process.service.name
                self._terminal.say(
                    f"{name} ended with status {status}; starting it again in {pause:g} s", style="yellow"
                )
            elif process.restart_due:
                process.start()

    def _obituary(self, process: Process, what: str) -> str:
        return f"{process.service.name} {what}. The end of {process.log}:\n{tail(process.log)}"

    def stop(self) -> None:
        """Stop everything, the last started group first, the first process (the broker) last."""
        descendants = psutil.Process().children(recursive=True)
        first, rest = self._processes[:1], self._processes[1:]
        for group in (rest, first):
            for process in group:
                process.terminate()
            self._await_end(group)
        for process in self._processes:
            process.kill()
        _kill_all(descendants)

    def _await_end(self, group: list[Process]) -> None:
        asked, began = self._signals, time.monotonic()
        while running := [process for process in group if process.alive]:
            late = [p.service.name for p in running if time.monotonic() - began > p.service.stop_seconds]
            hurry = self._signals > max(asked, 1)
            for process in running:
                if hurry or process.service.name in late:
                    self._terminal.say(f"{process.service.name} did not stop in time and is killed", style="yellow")
                    process.kill()
            time.sleep(_POLL_SECONDS)


def _kill_all(processes: list[psutil.Process]) -> None:
    """End what is left of a process tree; psutil checks that a number was not given to a new process."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)
