"""Consent: each reply to the privacy notice is a row, with the version of the notice; the conversation's own columns,
which nothing ever filled, go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_consent_conversation_id_conversation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consent_conversation_id_at", "consent", ["conversation_id", "at"])
    op.drop_column("conversation", "consent_version")
    op.drop_column("conversation", "consent_at")


def downgrade() -> None:
    op.add_column("conversation", sa.Column("consent_version", sa.String(32)))
    op.add_column("conversation", sa.Column("consent_at", TIME))
    op.drop_table("consent")
