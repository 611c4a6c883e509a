"""Messenger: people, the inbound queue, lanes, deliveries, and codes that move a chat between channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HASH = sa.String(64)
TABLES = ("messenger_person", "messenger_event", "messenger_lane", "messenger_delivery", "move_code", "move_guess")


def upgrade() -> None:
    _person()
    _event()
    _lane()
    _delivery()
    _codes()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _conversation(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_conversation_id_conversation"
    return sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=name, ondelete="CASCADE")


def _person() -> None:
    op.create_table(
        "messenger_person",
        sa.Column("person_index", HASH, nullable=False),
        sa.Column("psid", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("from_position", BIG_ID, nullable=False),
        sa.Column("last_wrote_at", TIME),
        sa.Column("disclosed_at", TIME),
        sa.Column("with_person", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        _conversation("messenger_person"),
        sa.PrimaryKeyConstraint("person_index", name="pk_messenger_person"),
        sa.UniqueConstraint("conversation_id", name="uq_messenger_person_conversation_id"),
    )
    op.create_index("ix_messenger_person_with_person", "messenger_person", ["with_person"])


def _event() -> None:
    op.create_table(
        "messenger_event",
        sa.Column("position", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", HASH, nullable=False),
        sa.Column("person_index", HASH, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", TIME),
        sa.Column("error", sa.String(128)),
        sa.PrimaryKeyConstraint("position", name="pk_messenger_event"),
        sa.UniqueConstraint("key", name="uq_messenger_event_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_messenger_event_waiting",
        "messenger_event",
        ["person_index", "sent_at", "position"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_messenger_event_done_at", "messenger_event", ["done_at"])


def _lane() -> None:
    op.create_table(
        "messenger_lane",
        sa.Column("person_index", HASH, nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("person_index", name="pk_messenger_lane"),
    )


def _delivery() -> None:
    states = ("sending", "waiting", "sent", "refused")
    op.create_table(
        "messenger_delivery",
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*states, name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("reason", sa.String(64)),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("mid_hash", HASH),
        sa.Column("updated_at", TIME, nullable=False),
        _conversation("messenger_delivery"),
        sa.PrimaryKeyConstraint("message_id", name="pk_messenger_delivery"),
    )
    op.create_index("ix_messenger_delivery_mid_hash", "messenger_delivery", ["mid_hash"])
    op.create_index("ix_messenger_delivery_conversation_id", "messenger_delivery", ["conversation_id"])


def _codes() -> None:
    op.create_table(
        "move_code",
        sa.Column("code_hash", HASH, nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        _conversation("move_code"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_move_code"),
    )
    op.create_table(
        "move_guess",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_move_guess"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_move_guess_who_at", "move_guess", ["who", "at"])
