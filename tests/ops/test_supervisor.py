"""Starting, watching and stopping processes, with small real ones."""

from __future__ import annotations

import io
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from backend.supervisor.console import Terminal
from backend.supervisor.process import Process, Service
from backend.supervisor.supervisor import ServiceFailedError, StopRequestedError, Supervisor

Wait = Callable[..., Any]


def service(name: str, code: str, folder: Path, *, stop_seconds: float = 5.0) -> Service:
    """A process that runs ``code`` with ``ready`` naming the file whose existence makes it ready."""
    ready = folder / f"{name}.ready"
    source = f"from pathlib import Path\nready = Path({str(ready)!r})\n{textwrap.dedent(code)}"
    return Service(name, [sys.executable, "-u", "-c", source], ready.exists, {}, 20.0, stop_seconds)


SLEEP = "ready.touch()\nimport time\nprint('sleeping')\ntime.sleep(600)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nready.touch()\ntime.sleep(600)"
CRASH = "ready.touch()\nraise SystemExit('the reason of the crash')"


@pytest.fixture
def output() -> io.StringIO:
    """What the terminal shows."""
    return io.StringIO()


@pytest.fixture
def supervisor(tmp_path: Path, output: io.StringIO) -> Any:
    """A supervisor whose processes are stopped after the test."""
    made = Supervisor(tmp_path / "logs", Terminal(Console(file=output, width=200)), verbose=True)
    yield made
    made.stop()


def processes(supervisor: Supervisor) -> list[Process]:
    """What it runs."""
    return supervisor._processes


def test_start_waits_until_all_are_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service("a", SLEEP, tmp_path), service("b", SLEEP, tmp_path)])
    assert (tmp_path / "a.ready").exists() and (tmp_path / "b.ready").exists()
    assert all(process.alive for process in processes(supervisor))


def test_logs_go_to_files_and_with_verbose_to_the_terminal(
    supervisor: Supervisor, tmp_path: Path, output: io.StringIO, wait_until: Wait
) -> None:
    supervisor.start([service("a", SLEEP, tmp_path)])
    wait_until(lambda: "a       | sleeping" in output.getvalue())
    wait_until(lambda: "sleeping" in (tmp_path / "logs" / "a.log").read_text())


def test_a_process_that_ends_while_starting_is_reported_with_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(ServiceFailedError, match=r"bad ended while starting(.|\n)*no such thing"):
        supervisor.start([service("bad", "raise SystemExit('no such thing')", tmp_path)])


def test_a_process_that_never_gets_ready_is_reported(supervisor: Supervisor) -> None:
    slow = Service("slow", [sys.executable, "-c", "import time; time.sleep(600)"], lambda: False, {}, 0.5)
    with pytest.raises(ServiceFailedError, match=r"slow was not ready in 0.5 s"):
        supervisor.start([slow])


def test_a_killed_process_is_started_again(supervisor: Supervisor, tmp_path: Path, output: io.StringIO) -> None:
    supervisor.start([service("a", SLEEP, tmp_path)])
    process = processes(supervisor)[0]
    first = process._popen
    assert first is not None
    psutil.Process(first.pid).kill()
    supervisor.wait_for(lambda: process.alive and process._popen is not first, seconds=20, what="a new process")
    assert "a ended with status -9; starting it again" in output.getvalue()


def test_a_crash_loop_ends_with_the_reason(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(ServiceFailedError, match=r"keeps crashing(.|\n)*the reason of the crash"):
        crashing = service("a", CRASH, tmp_path)
        (tmp_path / "a.ready").touch()
        supervisor.start([crashing])
        supervisor.wait_for(lambda: False, seconds=60, what="nothing")


def test_a_signal_ends_the_waiting(supervisor: Supervisor) -> None:
    never = Service("never", [sys.executable, "-c", "import time; time.sleep(600)"], lambda: False)
    threading.Timer(0.3, supervisor._signalled, (15, None)).start()
    with pytest.raises(StopRequestedError):
        supervisor.start([never])


def test_stop_ends_all_and_kills_the_stubborn(supervisor: Supervisor, tmp_path: Path, output: io.StringIO) -> None:
    supervisor.start([service("a", SLEEP, tmp_path), service("b", STUBBORN, tmp_path, stop_seconds=0.5)])
    supervisor.stop()
    assert not any(process.alive for process in processes(supervisor))
    assert "b did not stop in time and is killed" in output.getvalue()
    assert "a did not" not in output.getvalue()
