"""The state of the service itself."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.schemas.common import Answer
from backend.schemas.jobs import JobProgress

Health = Literal["ok", "away"]


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Answer):
    """Whether requests that need every part can be served now."""

    ready: bool
    status: Literal["ok", "degraded", "away"] = Field(
        description="`degraded`: a part is missing, but jobs are accepted and wait for it; `away`: nothing can be kept."
    )
    database: Health
    broker: Health
    workers: dict[str, int]
    infer_warm: bool


class Version(Answer):
    """Versions of the program and of its interface."""

    version: str
    api: str
    cam: str


class Work(Answer):
    """What a worker is doing."""

    id: str = Field(description="Of the job, or the key of the request for CAMs.")
    kind: str = Field(description="Kind of the job; `cams`: maps of one photograph on demand.")
    name: str | None = Field(description="Of the job or of the photograph.")
    progress: JobProgress | None
    since: datetime = Field(description="When this attempt began, or the maps were asked for.")


class Worker(Answer):
    """A worker by its own heartbeats."""

    id: str
    queue: str
    pid: int
    host: str
    state: Literal["idle", "busy", "draining"]
    job_id: str | None
    device: str | None
    warm: bool
    started_at: datetime
    heartbeat_at: datetime
    work: Work | None = Field(description="Null while it is idle, or when what it does was deleted.")


class Workers(Answer):
    """Workers that gave a sign of life lately."""

    items: list[Worker]


class Capability(Answer):
    """Whether an optional part is there."""

    available: bool
    reason: str | None = Field(description="Why not, and what to do.")


class Capabilities(Answer):
    """The optional parts of this installation."""

    crf: Capability
