"""What stays of the attempts at a job that succeeded."""

from __future__ import annotations

from pathlib import Path

from ssenet.sets import RESULT

LOGS = frozenset({"log.txt", "run.json"})


def needless(attempt: Path, *, result: bool) -> list[Path]:
    """What only a further attempt would need of an attempt's folder: all but the logs, and its ``result`` if so."""
    kept = LOGS | {RESULT} if result else LOGS
    return [path for path in attempt.iterdir() if path.name not in kept] if attempt.is_dir() else []
