"""Real processes and how to find them again."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import psutil
import pytest

MARKER = "SSENET_TEST_MARKER"


@dataclass(frozen=True)
class Family:
    """All processes that inherited a marker in their environment, however they were started or orphaned."""

    marker: str

    @property
    def environment(self) -> dict[str, str]:
        """What the first process must be started with."""
        return {**os.environ, MARKER: self.marker}

    @property
    def members(self) -> list[psutil.Process]:
        """Those that live now; zombies do not."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                marked = process.environ().get(MARKER) == self.marker
                if marked and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def describe(self) -> list[str]:
        """Their command lines, for a message."""
        lines = []
        for process in self.members:
            with suppress(psutil.NoSuchProcess):
                lines.append(" ".join(process.cmdline()))
        return lines


@pytest.fixture
def family() -> Iterator[Family]:
    """A fresh marker; what still carries it after the test is ended."""
    marked = Family(uuid.uuid4().hex)
    yield marked
    for process in marked.members:
        with suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.fixture
def gone(family: Family, wait_until: Callable[..., object]) -> Callable[..., None]:
    """``gone(seconds)``: nothing of the family is left in time."""

    def check(seconds: float = 5.0) -> None:
        wait_until(lambda: not family.members, timeout=seconds, what=f"the end of {family.describe()}")

    return check
