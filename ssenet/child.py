"""``python -m ssenet.child RUN.json``: one stage in a process of its own.

It knows no database. Standard output carries one JSON event a line, standard error the
log. SIGTERM saves a state and exits 75. Exit codes: 0 done, 2 the user's settings or
data cannot be used, 75 stopped and resumable, anything else is a crash.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from ssenet.errors import UserError
from ssenet.events import EventType, Stopped

EXIT_USER_ERROR, EXIT_STOPPED = 2, 75


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
    except (UserError, ValidationError) as error:
        report("error", message=str(error))
        return EXIT_USER_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
