"""The tables. Times are seconds since 1970 (UTC) and JSON columns hold plain values."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ssenet.config import JobKind, NetworkRole, SetKind
from ssenet.scores import Subject

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
CamState = Literal["pending", "done", "failed"]
ImageSource = Literal["gallery", "upload", "dataset"]

_STATES = "'queued', 'running', 'succeeded', 'failed', 'cancelled'"
Id = String(100)


class Base(DeclarativeBase):
    """Base of all tables; constraints have stable names so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON, float: Float(53)}  # noqa: RUF012


class Owned:
    """Something that belongs to one user, or, with the owner "", to all: what is built in or the operator made.

    Sessions of the API see, of these tables, the caller's rows and the shared ones (``backend.store.owners``).
    """

    owner: Mapped[str] = mapped_column(String(64), server_default="", index=True)


class Image(Owned, Base):
    """A photograph; its canonical RGB pixels are the artifact ``images/<sha>.png``, whoever uploaded them."""

    __tablename__ = "image"
    __table_args__ = (UniqueConstraint("sha", "owner"), Index(None, "created_at", "id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sha: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger, server_default="0")
    width: Mapped[int]
    height: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    source: Mapped[ImageSource] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(Text)
    licence: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    labels: Mapped[list[Any]]
    created_at: Mapped[float]


class Dataset(Base):
    """A data set that the operator registered; its id is its name."""

    __tablename__ = "dataset"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    spec: Mapped[dict[str, Any]]
    classes: Mapped[list[Any]]
    splits: Mapped[dict[str, Any]]
    fingerprint: Mapped[str] = mapped_column(String(64))
    label_source: Mapped[str] = mapped_column(Text)
    has_masks: Mapped[bool]
    masked_splits: Mapped[list[Any]]
    created_at: Mapped[float]


class Job(Owned, Base):
    """A unit of work. The row, never a message, says who may work on it (lease) and who may write (fence)."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index(None, "created_at", "id"),
        Index(None, "state"),
        Index(None, "owner", "state"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str | None] = mapped_column(String(120))
    settings: Mapped[dict[str, Any]]
    dataset_id: Mapped[str | None] = mapped_column(Id)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("job.id"), index=True)
    content_key: Mapped[str | None] = mapped_column(String(64), index=True)

    state: Mapped[JobState] = mapped_column(String(16))
    fence: Mapped[int]
    attempts: Mapped[int]
    max_attempts: Mapped[int]
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_expires_at: Mapped[float | None]
    dispatched_at: Mapped[float | None]
    cancel_requested_at: Mapped[float | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    measured: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    step: Mapped[int]
    event_seq: Mapped[int]
    progress_done: Mapped[int | None]
    progress_total: Mapped[int | None]
    progress_unit: Mapped[str | None] = mapped_column(String(20))
    progress_message: Mapped[str | None] = mapped_column(Text)
    progress_at: Mapped[float | None]
    base_done: Mapped[int | None]
    base_at: Mapped[float | None]

    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    payload_sha: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]


class JobEvent(Base):
    """What happened in a job, numbered 1, 2, 3 … without gaps."""

    __tablename__ = "job_event"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fence: Mapped[int]
    type: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]
    at: Mapped[float]


class Checkpoint(Owned, Base):
    """Weights with their card. A built-in one lies in the installation, every other in the artifact store."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        UniqueConstraint("job_id", "step"),
        CheckConstraint("(weights_key IS NULL) <> (weights_path IS NULL)", name="one_place"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    builtin: Mapped[bool]
    final: Mapped[bool]
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id"))
    epoch: Mapped[int | None]
    step: Mapped[int | None]
    method: Mapped[str] = mapped_column(String(40))
    dataset: Mapped[str | None] = mapped_column(String(200))
    card: Mapped[dict[str, Any]]
    content_sha: Mapped[str] = mapped_column(String(64), index=True)
    weights_key: Mapped[str | None] = mapped_column(String(200), index=True)
    weights_path: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[float]

    @property
    def role(self) -> NetworkRole:
        """What the network is for."""
        return "affinity" if self.method == "affinity" else "segmentation" if self.method == "segmentation" else "cam"


class Evaluation(Owned, Base):
    """Scores of a checkpoint's CAMs; the counts are the artifact ``evaluations/<id>.npz`` or a built-in file."""

    __tablename__ = "evaluation"
    __table_args__ = (
        CheckConstraint("(histograms_key IS NULL) <> (histograms_path IS NULL)", name="one_place"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoint.id", ondelete="CASCADE"), index=True)
    dataset_id: Mapped[str] = mapped_column(Id, index=True)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id"), unique=True)
    record: Mapped[dict[str, Any]]
    summary: Mapped[list[Any]]
    histograms_key: Mapped[str | None] = mapped_column(String(200))
    histograms_path: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float]


class ImageSet(Owned, Base):
    """One typed file an image, as a job left them in its attempt's folder."""

    __tablename__ = "image_set"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[SetKind] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(120))
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), unique=True)
    dataset_id: Mapped[str] = mapped_column(Id, index=True)
    split: Mapped[str] = mapped_column(String(100))
    images: Mapped[int]
    key: Mapped[str] = mapped_column(String(64), index=True)
    folder: Mapped[str] = mapped_column(String(200))
    manifest: Mapped[dict[str, Any]]
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[float]


class Score(Owned, Base):
    """Agreement of label maps with ground truth; the counts image by image are the artifact ``scores/<id>.npz``."""

    __tablename__ = "score"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    subject: Mapped[Subject] = mapped_column(String(40))
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), unique=True)
    dataset_id: Mapped[str] = mapped_column(Id, index=True)
    checkpoint_id: Mapped[str | None] = mapped_column(ForeignKey("checkpoint.id", ondelete="SET NULL"), index=True)
    set_id: Mapped[str | None] = mapped_column(ForeignKey("image_set.id", ondelete="CASCADE"), index=True)
    record: Mapped[dict[str, Any]]
    counts_key: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[float]


class Ranking(Owned, Base):
    """Photographs as triage measured them; all rows are the artifact ``rankings/<id>.json``."""

    __tablename__ = "ranking"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoint.id", ondelete="CASCADE"), index=True)
    other_id: Mapped[str | None] = mapped_column(ForeignKey("checkpoint.id", ondelete="CASCADE"), index=True)
    dataset_id: Mapped[str] = mapped_column(Id, index=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), unique=True)
    record: Mapped[dict[str, Any]]
    rows_key: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[float]


class Pipeline(Owned, Base):
    """Stages that feed one another. Its state follows from the jobs of its stages."""

    __tablename__ = "pipeline"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str | None] = mapped_column(String(120))
    settings: Mapped[dict[str, Any]]
    dataset_id: Mapped[str] = mapped_column(Id)
    cancel_requested_at: Mapped[float | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    payload_sha: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]


class PipelineStage(Base):
    """A stage and the job that does it; ``reused``: the job was not submitted for this pipeline."""

    __tablename__ = "pipeline_stage"

    pipeline_id: Mapped[str] = mapped_column(ForeignKey("pipeline.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[JobKind] = mapped_column(String(40))
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id"), index=True)
    reused: Mapped[bool]


class CamRequest(Base):
    """A wish for raw CAMs of one image. The artifacts are its result; the row makes it single and tells errors."""

    __tablename__ = "cam_request"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'done', 'failed')", name="state"),
        Index(None, "state", "expires_at"),
    )

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    checkpoint_id: Mapped[str] = mapped_column(Id, index=True)
    image_id: Mapped[str] = mapped_column(String(32), index=True)
    views: Mapped[list[Any]]
    state: Mapped[CamState] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float]
    announced_at: Mapped[float]
    expires_at: Mapped[float]
    finished_at: Mapped[float | None]


class Worker(Base):
    """A Celery worker, as its own heartbeats describe it."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    queue: Mapped[str] = mapped_column(String(40))
    pid: Mapped[int]
    host: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20))
    job_id: Mapped[str | None] = mapped_column(Id)
    device: Mapped[str | None] = mapped_column(String(100))
    warm: Mapped[bool]
    started_at: Mapped[float]
    heartbeat_at: Mapped[float]


class AccessToken(Base):
    """A secret that lets its user in; only its hash is kept. ``expires_at`` is null when it never expires."""

    __tablename__ = "access_token"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    revoked_at: Mapped[float | None]
    last_used_at: Mapped[float | None]
