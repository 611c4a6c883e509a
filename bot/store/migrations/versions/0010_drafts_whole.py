"""Name, topic and day of review belong to a version of an answer: they wait for approval as its text does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("answer_revision", sa.Column("title", sa.String(160), nullable=False, server_default=""))
    op.add_column("answer_revision", sa.Column("topic", sa.String(64)))
    op.add_column("answer_revision", sa.Column("review_by", sa.Date()))
    op.execute(
        "UPDATE answer_revision SET (title, topic, review_by) = (SELECT title, topic, review_by FROM learned_answer"
        " WHERE learned_answer.id = answer_revision.answer_id)"
    )
    with op.batch_alter_table("answer_revision") as table:
        table.alter_column("title", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("answer_revision") as table:
        for name in ("title", "topic", "review_by"):
            table.drop_column(name)
