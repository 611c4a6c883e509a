"""Two indexes less to write with every message: one whose columns another begins with, one over a clock nobody sorts by
among all owners."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_conversation_owner", "conversation", ["owner"])
    op.drop_index("ix_conversation_owner_last_message_at", "conversation")
    op.drop_index("ix_message_created_at", "message")


def downgrade() -> None:
    op.create_index("ix_message_created_at", "message", ["created_at"])
    op.create_index("ix_conversation_owner_last_message_at", "conversation", ["owner", "last_message_at"])
    op.drop_index("ix_conversation_owner", "conversation")
