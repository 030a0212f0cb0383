"""What a job's events say of its attempts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from backend.store.models import JobEvent


def steps(events: Sequence[JobEvent]) -> list[int]:
    """Steps whose metrics were recorded, in order."""
    return [event.data["step"] for event in events if event.type == "metrics"]


def states(events: Sequence[JobEvent]) -> list[str]:
    """States that the job was in, in order."""
    return [event.data["state"] for event in events if event.type == "state" and "state" in event.data]


def first_step_of(events: Sequence[JobEvent], fence: int) -> int:
    """The first step whose metrics an attempt recorded."""
    return next(event.data["step"] for event in events if event.type == "metrics" and event.fence == fence)


def in_session(leader: int) -> list[int]:
    """Living processes of the session that a process led."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def files_outside(root: Path, folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file under ``root`` that is not under ``folder``."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and not path.is_relative_to(folder):
            status = path.stat()
            found[str(path)] = (status.st_size, status.st_mtime_ns)
    return found
