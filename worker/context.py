"""What a worker process works with: its settings, database, artifacts and doorbell."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from backend.queue import Doorbell
from backend.settings import Settings
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database


@dataclass(frozen=True)
class Context:
    """The rooms a worker may enter. Open one per process: connections do not survive a fork."""

    settings: Settings
    database: Database
    artifacts: ArtifactStore
    doorbell: Doorbell

    @classmethod
    def open(cls, settings: Settings) -> Context:
        """Connect as ``settings`` say."""
        database, artifacts = Database(settings.database), ArtifactStore(settings.artifacts)
        return cls(settings, database, artifacts, Doorbell.of(settings))

    def close(self) -> None:
        """Close the connections."""
        self.database.dispose()


def worker_id(queue: str) -> str:
    """A name that no other living worker has: queue, host and process."""
    return f"{queue}@{socket.gethostname()}:{os.getpid()}"
