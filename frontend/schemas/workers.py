"""Workers, and what each is doing."""

from __future__ import annotations

from datetime import datetime

from frontend.schemas.common import Answer
from frontend.schemas.jobs import Progress


class Work(Answer):
    """What a worker is doing: a job, or maps on demand (kind ``cams``)."""

    id: str
    kind: str = ""
    name: str | None = None
    progress: Progress | None = None
    since: datetime | None = None


class Worker(Answer):
    """A worker by its own sign of life."""

    id: str
    queue: str
    host: str = ""
    pid: int = 0
    state: str = "idle"
    device: str | None = None
    warm: bool = False
    started_at: datetime | None = None
    heartbeat_at: datetime
    work: Work | None = None


class Workers(Answer):
    """Workers that gave a sign of life lately."""

    items: tuple[Worker, ...] = ()
