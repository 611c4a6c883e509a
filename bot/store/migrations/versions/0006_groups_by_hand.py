"""Groups of questions that a person put together or split off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("question_group", sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("question_group") as table:
        table.alter_column("by_hand", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("question_group") as table:
        table.drop_column("by_hand")
