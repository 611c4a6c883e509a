"""The second factor's last used step, so that a code counts once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_user", sa.Column("totp_step", sa.BigInteger()))


def downgrade() -> None:
    with op.batch_alter_table("staff_user") as table:
        table.drop_column("totp_step")
