"""What all answers share, and the things that are there before any job: photographs, data sets, checkpoints."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from ssenet.config import NetworkRole
from ssenet.results import CheckpointCard


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Readiness(Answer):
    """Whether every part of the service can work."""

    ready: bool = False
    database: str = "unknown"
    broker: str = "unknown"
    workers: dict[str, int] = Field(default_factory=dict)
    infer_warm: bool = False


class Ability(Answer):
    """Whether a part that may be missing is there."""

    available: bool = False
    reason: str | None = None


class Capabilities(Answer):
    """What this installation can do."""

    crf: Ability = Ability(available=True)


class Image(Answer):
    """A photograph the service holds."""

    id: str
    sha: str = ""
    width: int
    height: int
    name: str = ""
    source: str = ""
    title: str | None = None
    author: str | None = None
    licence: str | None = None
    origin: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """The best name for people."""
        return self.title or self.name or f"image {self.id[:8]}"


class Dataset(Answer):
    """A data set the operator registered."""

    id: str
    name: str
    kind: str = ""
    classes: tuple[str, ...] = ()
    fingerprint: str = ""
    splits: dict[str, int] = Field(default_factory=dict)
    has_masks: bool = False
    masked_splits: tuple[str, ...] = ()
    label_source: str = ""


class Sample(Answer):
    """An image of a data set, without its pixels."""

    index: int
    id: str
    labels: tuple[str, ...] = ()


class SamplePage(Answer):
    """Some samples of a split."""

    items: list[Sample]
    total: int = 0


class Checkpoint(Answer):
    """Weights and their card."""

    id: str
    name: str
    builtin: bool = False
    final: bool = True
    job_id: str | None = None
    epoch: int | None = None
    card: CheckpointCard
    created_at: datetime | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Foreground classes, in the order of the maps."""
        return self.card.classes

    @property
    def role(self) -> NetworkRole:
        """What the network is for."""
        return self.card.role
