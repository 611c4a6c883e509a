"""Appointments: held times, deliveries to other systems, reminders, and guesses at bookings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("diary_day", "slot_hold", "delivery", "delivery_target", "reminder", "booking_guess")


def upgrade() -> None:
    _diary()
    _delivery()
    _reminder()
    _guess()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _diary() -> None:
    op.create_table(
        "diary_day",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_diary_day"),
    )
    op.create_table(
        "slot_hold",
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_slot_hold_conversation_id_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_slot_hold"),
    )
    op.create_index("ix_slot_hold_starts_at", "slot_hold", ["starts_at"])


def _delivery() -> None:
    waiting = sa.text("delivered_at IS NULL AND dead_at IS NULL")
    op.create_table(
        "delivery",
        sa.Column("position", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("item_position", BIG_ID, nullable=False),
        sa.Column("target", sa.String(48), nullable=False),
        sa.Column("subject", sa.String(64)),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", TIME),
        sa.Column("dead_at", TIME),
        sa.Column("last_error", sa.String(128)),
        sa.ForeignKeyConstraint(
            ["item_position"], ["outbox.position"], name="fk_delivery_item_position_outbox", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_delivery"),
        sa.UniqueConstraint("item_position", "target", name="uq_delivery_item_position_target"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["available_at", "position"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_delivery_target_subject_position", "delivery", ["target", "subject", "position"])
    op.create_table(
        "delivery_target",
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("disabled_at", TIME),
        sa.PrimaryKeyConstraint("name", name="pk_delivery_target"),
    )


def _reminder() -> None:
    op.create_table(
        "reminder",
        sa.Column("booking_id", sa.String(36), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name="fk_reminder_booking_id_booking", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("booking_id", "starts_at", name="pk_reminder"),
    )


def _guess() -> None:
    op.create_table(
        "booking_guess",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_booking_guess"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_booking_guess_key_at", "booking_guess", ["key", "at"])
