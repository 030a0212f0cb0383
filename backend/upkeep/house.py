"""What upkeep works on, and the rule by which it removes bytes.

Bytes and rows are two systems, and a training may commit weights that equal those whose row is deleted this moment.
So whoever brings bytes under a key that others may share, and whoever removes such bytes, does so within a
transaction that takes turns (``take_turns``): the check that no row names them and their removal, or the bytes'
arrival and their row, are one step to the other side. Bytes whose key is one row's own come before their row,
outside a transaction: for them, and for good measure for all, only what is older than a grace period is removed.

All others wait meanwhile. So within the transaction a thing only loses its name, which takes no time however large it
is: it moves to the staging folder, and its bytes are counted and deleted afterwards.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from backend.metrics.caches import size_of
from backend.settings import Settings
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database, take_turns
from backend.upkeep.report import Report

DAY = 24 * 3600.0


@dataclass(frozen=True)
class House:
    """An installation, and whether things are only counted.

    Attributes:
        database: with sessions that see all rows, whosever they are.
    """

    database: Database
    artifacts: ArtifactStore
    settings: Settings
    dry_run: bool

    def remove(self, report: Report, what: str, path: Path, unused: Callable[[Session], bool]) -> None:
        """Remove a file or folder of the store if ``unused`` still says so when it is our turn."""
        if self.dry_run:
            with self.database.read() as session:
                gone = path if unused(session) else None
        else:
            gone = self._set_aside(path, unused)
        if gone is not None:
            self.remove_now(report, what, gone)

    def _set_aside(self, path: Path, unused: Callable[[Session], bool]) -> Path | None:
        """Where a thing lies that nobody can take up any more; None when somebody may need it, or it is gone."""
        with self.database.write() as session, suppress(FileNotFoundError):
            take_turns(session)
            return self.artifacts.set_aside(path) if unused(session) else None
        return None

    def remove_now(self, report: Report, what: str, path: Path) -> None:
        """Remove a file or folder that nobody else may take up; whoever has it open reads on."""
        with suppress(FileNotFoundError):
            size = size_of(path) if path.is_dir() else path.stat().st_size
            if not self.dry_run:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            report.add(what, 1, size)


def older(path: Path, seconds: float) -> bool:
    """Whether a file, or what was changed last within a folder's own list, is older; no when it is gone."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime < time.time() - seconds
    return False
