"""Each version of the content that went live or was approved, so that what was said once can be traced to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "content_version",
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("files", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("live_at", TIME),
        sa.Column("approved_by", sa.String(128)),
        sa.Column("approved_at", TIME),
        sa.PrimaryKeyConstraint("version", name="pk_content_version"),
    )


def downgrade() -> None:
    op.drop_table("content_version")
