"""What the parts of an answer took, for its JSON and for the ``Server-Timing`` header (W3C)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timing:
    """Milliseconds by stage, from the moment it is made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds what its block takes to the stage ``name``, also when it fails."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + 1000 * (time.perf_counter() - started)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._started

    @property
    def header(self) -> str:
        """As ``Server-Timing`` has it; browsers show it beside the request."""
        stages = {**self.stages, "total": 1000 * self.seconds}
        return ", ".join(f"{name};dur={ms:.1f}" for name, ms in stages.items())
