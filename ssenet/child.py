"""``python -m ssenet.child RUN.json``: one stage in a process of its own.

It knows no database. Standard output carries one JSON event a line, standard error the
log. SIGTERM saves a state and exits 75. Exit codes: 0 done, 2 the user's settings, data
or disk cannot be used, 75 stopped and resumable, anything else is a crash.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from ssenet.errors import StorageError, UserError
from ssenet.events import EventType, Stopped
from ssenet.files import no_space

EXIT_DONE, EXIT_CRASHED, EXIT_USER_ERROR, EXIT_STOPPED = 0, 1, 2, 75
_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "could not create a memory", "cannot allocate memory")
"""What torch and the libraries below it say when memory runs out; they have no exception in common."""


class JsonLines:
    """Writes events to a file descriptor, each whole and at once."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __call__(self, type: EventType, **values: Any) -> None:
        line = orjson.dumps({"type": type, **values}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
        while line:
            line = line[os.write(self.descriptor, line) :]


def main(path: Path) -> int:
    """Run the stage that ``path`` describes; returns the exit code."""
    report = JsonLines(os.dup(1))
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between the events
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
    try:
        from ssenet.stages import RunSpec, run_stage

        run_stage(RunSpec.model_validate_json(path.read_bytes()), report, stopping.is_set)
    except Stopped:
        return EXIT_STOPPED
    except Exception as error:
        return _failed(error, report)
    return EXIT_DONE


def _failed(error: Exception, report: JsonLines) -> int:
    """Say why; whatever nobody foresaw goes to the log with its traceback."""
    if isinstance(error, OSError) and no_space(error):
        error = StorageError()
    if isinstance(error, UserError | ValidationError):
        report("error", message=str(error), kind=getattr(error, "kind", UserError.kind))
        return EXIT_USER_ERROR
    traceback.print_exception(error)
    if _ran_out_of_memory(error):
        report("error", message=_no_memory(error), kind="out_of_memory")
    return EXIT_CRASHED


def _ran_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(text in str(error).lower() for text in _MEMORY)


def _no_memory(error: Exception) -> str:
    words = str(error).strip().splitlines()
    return (
        "The memory that this job may use ran out. Retry with a smaller batch, smaller crops or fewer scales, or give "
        f"its process more memory. ({words[-1] if words else type(error).__name__})"
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
