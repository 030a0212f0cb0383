"""A few bytes that a Celery worker's main process and its pool child share.

The main process hears of shutdowns and beats for the worker; the pool child does the work. Both see this
record because it is anonymous shared memory from before the fork: no file that a crash could leave behind.
"""

from __future__ import annotations

import mmap
import struct

_DRAINING, _WARM, _JOB, _DEVICE, _SIZE = 0, 1, 2, 104, 256


class Status:
    """What the two processes of a worker tell each other. Create it before the pool forks."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)

    @property
    def draining(self) -> bool:
        """Whether the worker shall finish: set by the main process, read by the child."""
        return self._memory[_DRAINING] == 1

    @draining.setter
    def draining(self, value: bool) -> None:
        self._memory[_DRAINING] = int(value)

    @property
    def warm(self) -> bool:
        """Whether the child has loaded what its first task needs."""
        return self._memory[_WARM] == 1

    @warm.setter
    def warm(self, value: bool) -> None:
        self._memory[_WARM] = int(value)

    @property
    def job_id(self) -> str | None:
        """The job or request that the child works on."""
        return self._text(_JOB)

    @job_id.setter
    def job_id(self, value: str | None) -> None:
        self._set_text(_JOB, _DEVICE - _JOB, value)

    @property
    def device(self) -> str | None:
        """Where the child computes, such as ``cpu`` or a card's name."""
        return self._text(_DEVICE)

    @device.setter
    def device(self, value: str | None) -> None:
        self._set_text(_DEVICE, _SIZE - _DEVICE, value)

    def _text(self, at: int) -> str | None:
        (length,) = struct.unpack_from("B", self._memory, at)
        return self._memory[at + 1 : at + 1 + length].decode(errors="replace") if length else None

    def _set_text(self, at: int, size: int, value: str | None) -> None:
        data = (value or "").encode()[: size - 1]
        self._memory[at] = 0  # a reader in between sees no text rather than half a text
        self._memory[at + 1 : at + 1 + len(data)] = data
        self._memory[at] = len(data)
