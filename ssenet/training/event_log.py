"""What a training told, beside its states: a worker that dies has not recorded all of it yet. Free of torch.

Without it, whoever goes on from the last state would never hear of the steps just before that state.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ssenet.events import EventType, Reporter
from ssenet.files import make_folder
from ssenet.training.notes import STATES

LOG = Path(STATES) / "events.jsonl"
"""Below a run's folder."""
_KEPT = frozenset({"metrics", "epoch", "checkpoint"})


class EventLog:
    """A reporter that writes the events of steps down before it passes them on.

    Args:
        folder: of the run.
        report: who is told.
    """

    def __init__(self, folder: Path, report: Reporter) -> None:
        self._path, self._report = folder / LOG, report
        self._file: BinaryIO | None = None

    def __call__(self, type: EventType, **values: Any) -> None:
        """Take note of an event."""
        if type in _KEPT:
            line = {"type": type, **values}
            self._opened().write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY))
        self._report(type, **values)

    def sync(self) -> None:
        """Wait until all is on the disk; called before a state that is past these events becomes known."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def _opened(self) -> BinaryIO:
        if self._file is None:
            make_folder(self._path.parent)
            self._file = self._path.open("ab", buffering=0)
            self._file.truncate(_whole_bytes(self._path))  # a line that a kill has torn ends here
        return self._file


def _whole_bytes(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


def logged_events(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of a run's folder in their order, up to a line that a kill has torn."""
    path = folder / LOG
    for line in path.read_bytes().split(b"\n")[:-1] if path.is_file() else []:
        try:
            event = orjson.loads(line)
        except ValueError:
            return
        if isinstance(event, dict):
            yield event
