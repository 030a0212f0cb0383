"""Pipelines of jobs, the sets and scores that their stages make, and content keys in place of checkpoint ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: copying a table drops the first one, and the events of its jobs with it.
    op.add_column("job", sa.Column("content_key", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_job_content_key"), "job", ["content_key"], unique=False)
    op.drop_index(op.f("ix_job_checkpoint_id"), "job")  # the settings name it
    op.drop_column("job", "checkpoint_id")
    _image_set()
    _score()
    _pipeline()


def _image_set() -> None:
    op.create_table(
        "image_set",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("job_id", sa.String(length=100), nullable=False),
        sa.Column("dataset_id", sa.String(length=100), nullable=False),
        sa.Column("split", sa.String(length=100), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_image_set_job_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_set")),
        sa.UniqueConstraint("job_id", name=op.f("uq_image_set_job_id")),
    )
    with op.batch_alter_table("image_set") as table:
        table.create_index(op.f("ix_image_set_created_at_id"), ["created_at", "id"], unique=False)
        table.create_index(op.f("ix_image_set_dataset_id"), ["dataset_id"], unique=False)
        table.create_index(op.f("ix_image_set_key"), ["key"], unique=False)


def _score() -> None:
    checkpoint, image_set = op.f("fk_score_checkpoint_id_checkpoint"), op.f("fk_score_set_id_image_set")
    op.create_table(
        "score",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=100), nullable=False),
        sa.Column("dataset_id", sa.String(length=100), nullable=False),
        sa.Column("checkpoint_id", sa.String(length=100), nullable=True),
        sa.Column("set_id", sa.String(length=100), nullable=True),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("counts_key", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=checkpoint, ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["set_id"], ["image_set.id"], name=image_set, ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_score_job_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score")),
        sa.UniqueConstraint("job_id", name=op.f("uq_score_job_id")),
    )
    with op.batch_alter_table("score") as table:
        table.create_index(op.f("ix_score_created_at_id"), ["created_at", "id"], unique=False)
        for column in ("checkpoint_id", "dataset_id", "set_id"):
            table.create_index(op.f(f"ix_score_{column}"), [column], unique=False)


def _pipeline() -> None:
    op.create_table(
        "pipeline",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("dataset_id", sa.String(length=100), nullable=False),
        sa.Column("cancel_requested_at", sa.Float(precision=53), nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("payload_sha", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_pipeline_idempotency_key")),
    )
    with op.batch_alter_table("pipeline") as table:
        table.create_index(op.f("ix_pipeline_created_at_id"), ["created_at", "id"], unique=False)
    pipeline = op.f("fk_pipeline_stage_pipeline_id_pipeline")
    op.create_table(
        "pipeline_stage",
        sa.Column("pipeline_id", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=100), nullable=True),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_pipeline_stage_job_id_job")),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipeline.id"], name=pipeline, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pipeline_id", "position", name=op.f("pk_pipeline_stage")),
    )
    with op.batch_alter_table("pipeline_stage") as table:
        table.create_index(op.f("ix_pipeline_stage_job_id"), ["job_id"], unique=False)


def downgrade() -> None:
    for table in ("pipeline_stage", "pipeline", "score", "image_set"):
        op.drop_table(table)
    op.drop_index(op.f("ix_job_content_key"), "job")
    op.drop_column("job", "content_key")
    op.add_column("job", sa.Column("checkpoint_id", sa.String(length=100), nullable=True))
    op.create_index(op.f("ix_job_checkpoint_id"), "job", ["checkpoint_id"], unique=False)
