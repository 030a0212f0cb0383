"""What the supervisor says to the person at the terminal."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape

_log = logging.getLogger(__name__)
COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


class Terminal:
    """Prefixed lines; a terminal that has gone away (SIGHUP) is no reason to fail."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._lock = threading.Lock()

    def say(self, text: str, *, style: str = "") -> None:
        """One line of the supervisor's own, which its log keeps."""
        _log.info("%s", text)
        with self._lock, suppress(OSError):
            self._console.print(escape(text), style=style)

    def log(self, name: str, colour: str, line: str) -> None:
        """One line of a child's log."""
        with self._lock, suppress(OSError):
            self._console.print(f"[{colour}]{escape(name):<8}|[/] {escape(line)}")


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log file, to say why its process ended."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
