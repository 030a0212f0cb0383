"""The state of the service itself."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.schemas.common import Answer

Health = Literal["ok", "away"]


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Answer):
    """Whether requests that need every part can be served now."""

    ready: bool
    database: Health
    broker: Health
    workers: dict[str, int]
    infer_warm: bool


class Version(Answer):
    """Versions of the program and of its interface."""

    version: str
    api: str
    cam: str


class Worker(Answer):
    """A worker by its own heartbeats."""

    id: str
    queue: str
    pid: int
    host: str
    state: str
    job_id: str | None
    device: str | None
    warm: bool
    heartbeat_at: datetime


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
