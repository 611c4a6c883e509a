"""What the law makes a clinic keep of a visit, when its patient is erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
STATES = ("proposed", "pending", "booked", "cancelled", "arrived", "fulfilled", "noshow")


def upgrade() -> None:
    op.create_table(
        "kept_visit",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("treatment", sa.String(64)),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column(
            "status",
            sa.Enum(*STATES, name="status", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("erased_at", TIME, nullable=False),
        sa.Column("keep_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_visit"),
    )
    op.create_index("ix_kept_visit_keep_until", "kept_visit", ["keep_until"])


def downgrade() -> None:
    op.drop_table("kept_visit")
