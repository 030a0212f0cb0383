"""Run a command that dies with its parent.

``python guard.py PARENT_PID NICENESS MEMORY COMMAND…`` asks the kernel to send SIGKILL to the command when the
process that started it ends, however it ends, limits its memory, and then becomes the command. It runs as its own tiny
program because a child of a threaded parent must not execute Python between fork and exec.
The kernel watches the *thread* that started the command, so start it from a main thread.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1


def guarded(command: Sequence[str], *, nice: int = 0, memory: int = 0) -> list[str]:
    """``command`` wrapped so that it dies with the calling process.

    Args:
        command: what to run.
        nice: lowers its priority.
        memory: bytes that it and each process it starts may allocate; 0 sets no limit.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(nice), str(memory), *command]


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when ``parent`` ends; exits at once if it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the request took effect: then nobody would send the signal.
    if os.getppid() != parent:
        os._exit(1)


def watch_parent(parent: int, orphaned: Callable[[], object], *, period: float = 1.0) -> threading.Thread:
    """Call ``orphaned`` once this process no longer has ``parent``: a second wall beside the kernel's signal."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(period)
        orphaned()

    thread = threading.Thread(target=watch, name="parent-watch", daemon=True)
    thread.start()
    return thread


def limit_memory(memory: int) -> None:
    """Let allocations beyond ``memory`` bytes fail; 0 sets no limit.

    What is counted is memory that can be written to, as drivers of graphics cards reserve addresses beyond measure.
    """
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.nice(int(sys.argv[2]))
    limit_memory(int(sys.argv[3]))
    os.execvp(sys.argv[4], sys.argv[4:])
