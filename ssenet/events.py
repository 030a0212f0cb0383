"""What a long run tells: the same events feed the terminal, the service and the tests. Free of torch."""

from __future__ import annotations

from typing import Any, Literal, Protocol

EventType = Literal[
    "progress", "metrics", "epoch", "checkpoint", "state", "evaluation", "set", "scores", "ranking", "error", "done"
]


class Reporter(Protocol):
    """Receives one event; ``values`` are JSON-safe."""

    def __call__(self, type: EventType, **values: Any) -> None:
        """Take note of an event."""


class Stopped(Exception):  # noqa: N818 - it is a way to end, not an error
    """The run was asked to stop; a resumable state lies on the disk."""
