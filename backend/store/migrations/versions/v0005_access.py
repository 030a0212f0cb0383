"""Access tokens, and the owner of everything that users make; what is there by now is shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OWNED = ("image", "job", "checkpoint", "evaluation", "image_set", "score", "ranking", "pipeline")


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=True),
        sa.Column("revoked_at", sa.Float(precision=53), nullable=True),
        sa.Column("last_used_at", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("sha256", name=op.f("uq_access_token_sha256")),
    )
    op.create_index(op.f("ix_access_token_user"), "access_token", ["user"], unique=False)
    # Not as a batch: copying a table drops the first one, and with it the rows that refer to its rows.
    for table in OWNED:
        op.add_column(table, sa.Column("owner", sa.String(length=64), server_default="", nullable=False))
        op.create_index(op.f(f"ix_{table}_owner"), table, ["owner"], unique=False)
    op.create_index(op.f("ix_job_owner_state"), "job", ["owner", "state"], unique=False)
    op.add_column("image", sa.Column("size", sa.BigInteger(), server_default="0", nullable=False))
    with op.batch_alter_table("image") as batch:  # nothing refers to its rows
        batch.drop_constraint(op.f("uq_image_sha"), type_="unique")
        batch.create_unique_constraint(op.f("uq_image_sha_owner"), ["sha", "owner"])


def downgrade() -> None:
    # Fails, and changes nothing, where two users have the same photograph.
    with op.batch_alter_table("image") as batch:
        batch.drop_constraint(op.f("uq_image_sha_owner"), type_="unique")
        batch.create_unique_constraint(op.f("uq_image_sha"), ["sha"])
    op.drop_column("image", "size")
    op.drop_index(op.f("ix_job_owner_state"), "job")
    for table in OWNED:
        op.drop_index(op.f(f"ix_{table}_owner"), table)
        op.drop_column(table, "owner")
    op.drop_table("access_token")
