"""Rankings: what triage found about the photographs of a data set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    checkpoint, other = op.f("fk_ranking_checkpoint_id_checkpoint"), op.f("fk_ranking_other_id_checkpoint")
    op.create_table(
        "ranking",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("checkpoint_id", sa.String(length=100), nullable=False),
        sa.Column("other_id", sa.String(length=100), nullable=True),
        sa.Column("dataset_id", sa.String(length=100), nullable=False),
        sa.Column("job_id", sa.String(length=100), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("rows_key", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name=checkpoint, ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["checkpoint.id"], name=other, ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_ranking_job_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ranking")),
        sa.UniqueConstraint("job_id", name=op.f("uq_ranking_job_id")),
    )
    with op.batch_alter_table("ranking") as table:
        table.create_index(op.f("ix_ranking_created_at_id"), ["created_at", "id"], unique=False)
        for column in ("checkpoint_id", "dataset_id", "other_id"):
            table.create_index(op.f(f"ix_ranking_{column}"), [column], unique=False)


def downgrade() -> None:
    op.drop_table("ranking")
