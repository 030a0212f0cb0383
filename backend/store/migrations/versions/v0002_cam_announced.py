"""When a CAM request was last announced to the workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM cam_request")  # whoever still waits asks again
    with op.batch_alter_table("cam_request") as table:
        table.add_column(sa.Column("announced_at", sa.Float(precision=53), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("cam_request") as table:
        table.drop_column("announced_at")
