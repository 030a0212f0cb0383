"""The lock that lets one supervisor run on a data folder, and says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ssenet.errors import UserError


class AlreadyRunningError(UserError):
    """Another supervisor runs on the same data folder."""


class RunLock:
    """An advisory lock on ``path``; the kernel releases it when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRunningError: someone holds it; the message names the process, its address and since when.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyRunningError(self._holder()) from None
        self._file = file
        self.describe(address="(starting)")

    def describe(self, *, address: str) -> None:
        """Write who holds the lock, for the next one who asks."""
        assert self._file is not None
        holder = {"pid": os.getpid(), "address": address, "since": datetime.now(UTC).isoformat(timespec="seconds")}
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(holder))
        self._file.flush()

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _holder(self) -> str:
        try:
            holder = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError:  # it took the lock this instant and has not written yet
            holder = {"pid": "unknown", "address": "(starting)", "since": "just now"}
        return (
            f"SSENet Lab already runs on {self._path.parent}: process {holder['pid']}, "
            f"address {holder['address']}, since {holder['since']}. Use that one, stop it, or name another --data-dir."
        )
