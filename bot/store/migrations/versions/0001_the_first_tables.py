"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TABLES = (
    "audit",
    "conversation",
    "staff_user",
    "tracker_state",
    "tracker_turn",
    "feedback",
    "message",
    "outbox",
    "screening",
    "booking",
    "triage_item",
)


def upgrade() -> None:
    _audit()
    _conversation()
    _staff_user()
    _tracker_state()
    _tracker_turn()
    _feedback()
    _message()
    _outbox()
    _screening()
    _booking()
    _triage_item()
    _audit_is_append_only()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only()")


def _one_of(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_subject", "audit", ["subject"])


def _conversation() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("owner", _one_of("owner", "bot", "waiting", "person", "returned"), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("assigned_to", sa.String(length=36), nullable=True),
        sa.Column("promised_at", TIME, nullable=True),
        sa.Column("consent_version", sa.String(length=32), nullable=True),
        sa.Column("consent_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_message_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
    )
    op.create_index("ix_conversation_last_message_at", "conversation", ["last_message_at"])
    op.create_index("ix_conversation_owner_last_message_at", "conversation", ["owner", "last_message_at"])


def _staff_user() -> None:
    op.create_table(
        "staff_user",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("role", _one_of("role", "front_desk", "clinician", "admin"), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until", TIME, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_user"),
        sa.UniqueConstraint("email", name="uq_staff_user_email"),
    )


def _tracker_state() -> None:
    op.create_table(
        "tracker_state",
        sa.Column("sender_id", sa.String(length=255), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("window_start", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sender_id", name="pk_tracker_state"),
    )


def _tracker_turn() -> None:
    op.create_table(
        "tracker_turn",
        sa.Column("sender_id", sa.String(length=255), nullable=False),
        sa.Column("last", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sender_id", "last", name="pk_tracker_turn"),
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("thumb", _one_of("thumb", "up", "down"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_feedback_conversation_id_conversation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("message_id", name="uq_feedback_message_id"),
    )
    op.create_index("ix_feedback_created_at", "feedback", ["created_at"])


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("position", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("sender", _one_of("sender", "patient", "bot", "staff"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("buttons", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.Column("topic", sa.String(length=64), nullable=True),
        sa.Column("intent", sa.String(length=64), nullable=True),
        sa.Column("understood", sa.Text(), nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("reply_to", sa.String(length=36), nullable=True),
        sa.Column("author", sa.String(length=36), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_message_conversation_id_conversation"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_message"),
        sa.UniqueConstraint("conversation_id", "client_id", name="uq_message_conversation_id_client_id"),
        sa.UniqueConstraint("id", name="uq_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_conversation_id_position", "message", ["conversation_id", "position"])
    op.create_index("ix_message_created_at", "message", ["created_at"])
    op.create_index("ix_message_reply_to", "message", ["reply_to"])
    op.create_index(
        "ix_message_unanswered",
        "message",
        ["created_at"],
        sqlite_where=sa.text("sender = 'patient' AND answered_at IS NULL"),
        postgresql_where=sa.text("sender = 'patient' AND answered_at IS NULL"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("dead_at", TIME, nullable=True),
        sa.Column("last_error", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_outbox_conversation_id_conversation"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_conversation_id", "outbox", ["conversation_id"])
    op.create_index("ix_outbox_subject_position", "outbox", ["subject", "position"])
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["available_at", "position"],
        sqlite_where=sa.text("delivered_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL AND dead_at IS NULL"),
    )


def _screening() -> None:
    op.create_table(
        "screening",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("outcome", _one_of("outcome", "suitable", "not_suitable", "clinician_review"), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("open", sa.Text(), nullable=False),
        sa.Column("content_version", sa.String(length=64), nullable=False),
        sa.Column("rules_version", sa.String(length=64), nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.Column("amends", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["amends"], ["screening.id"], name="fk_screening_amends_screening"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_screening_conversation_id_conversation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_screening"),
    )
    op.create_index("ix_screening_conversation_id_decided_at", "screening", ["conversation_id", "decided_at"])
    op.create_index("ix_screening_decided_at", "screening", ["decided_at"])


def _booking() -> None:
    op.create_table(
        "booking",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("contact_kind", _one_of("contact_kind", "phone", "email"), nullable=False),
        sa.Column("contact_index", sa.String(length=64), nullable=False),
        sa.Column("treatment", sa.String(length=64), nullable=True),
        sa.Column("starts_at", TIME, nullable=True),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "status",
            _one_of("status", "proposed", "pending", "booked", "cancelled", "arrived", "fulfilled", "noshow"),
            nullable=False,
        ),
        sa.Column("screening_id", sa.String(length=36), nullable=True),
        sa.Column("screening_status", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_booking_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name="fk_booking_screening_id_screening"),
        sa.PrimaryKeyConstraint("id", name="pk_booking"),
        sa.UniqueConstraint("key", name="uq_booking_key"),
        sa.UniqueConstraint("reference", name="uq_booking_reference"),
    )
    op.create_index("ix_booking_contact_index", "booking", ["contact_index"])
    op.create_index("ix_booking_conversation_id_created_at", "booking", ["conversation_id", "created_at"])
    op.create_index("ix_booking_starts_at", "booking", ["starts_at"])
    op.create_index("ix_booking_status_created_at", "booking", ["status", "created_at"])


def _triage_item() -> None:
    op.create_table(
        "triage_item",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", _one_of("kind", "danger", "person", "review", "booking", "question"), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("booking_id", sa.String(length=36), nullable=True),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("status", _one_of("status", "open", "assigned", "snoozed", "closed"), nullable=False),
        sa.Column("assigned_to", sa.String(length=36), nullable=True),
        sa.Column("snoozed_until", TIME, nullable=True),
        sa.Column(
            "handoff_reason",
            _one_of(
                "handoff_reason",
                "asked_for_person",
                "knowledge_missing",
                "out_of_policy",
                "part_failed",
                "danger",
                "review",
                "booking",
            ),
            nullable=False,
        ),
        sa.Column("close_reason", sa.String(length=64), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name="fk_triage_item_booking_id_booking"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_triage_item_conversation_id_conversation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_triage_item"),
        sa.UniqueConstraint("key", name="uq_triage_item_key"),
    )
    op.create_index("ix_triage_item_conversation_id_created_at", "triage_item", ["conversation_id", "created_at"])
    op.create_index("ix_triage_item_kind_created_at", "triage_item", ["kind", "created_at"])
    op.create_index(
        "ix_triage_item_queue",
        "triage_item",
        ["urgency", "created_at", "id"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _audit_is_append_only() -> None:
    """The database refuses to change or delete an audit row, whoever asks."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_refuses_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )
