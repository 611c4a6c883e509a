"""For whom a visit is, where it is not for the patient who asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking", sa.Column("person", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("booking") as table:
        table.drop_column("person")
