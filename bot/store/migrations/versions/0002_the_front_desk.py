"""The front desk: staff sessions, question groups, answers that teach, and indexes for the queue and the figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TABLES = (
    "counter",
    "presence",
    "staff_link",
    "staff_session",
    "errand",
    "question_group",
    "learned_answer",
    "answer_revision",
    "answer_wording",
    "grouped_question",
    "regression_case",
    "training_example",
)
INDEXES = (
    ("ix_triage_item_updated_at", "triage_item"),
    ("ix_conversation_created_at", "conversation"),
    ("ix_message_figures", "message"),
)


def upgrade() -> None:
    _counter()
    _presence()
    _staff_link()
    _staff_session()
    _errand()
    _question_group()
    _learned_answer()
    _answer_revision()
    _answer_wording()
    _grouped_question()
    _regression_case()
    _training_example()
    _indexes()


def downgrade() -> None:
    for index, table in INDEXES:
        op.drop_index(index, table_name=table)
    for table in reversed(TABLES):
        op.drop_table(table)


def _one_of(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )


def _presence() -> None:
    op.create_table(
        "presence",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_presence_conversation_id_conversation",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"], name="fk_presence_staff_id_staff_user"),
        sa.PrimaryKeyConstraint("conversation_id", "staff_id", name="pk_presence"),
    )


def _staff_link() -> None:
    op.create_table(
        "staff_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=True),
        sa.Column("role", _one_of("role", "front_desk", "clinician", "admin"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"], name="fk_staff_link_staff_id_staff_user"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_link"),
    )


def _staff_session() -> None:
    op.create_table(
        "staff_session",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"], name="fk_staff_session_staff_id_staff_user"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])


def _errand() -> None:
    op.create_table(
        "errand",
        sa.Column("position", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("kind", _one_of("kind", "tracker", "email", "alert"), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_errand_conversation_id_conversation", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_errand"),
        sa.UniqueConstraint("key", name="uq_errand_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_errand_conversation_id", "errand", ["conversation_id"])
    op.create_index(
        "ix_errand_waiting",
        "errand",
        ["available_at", "position"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )


def _question_group() -> None:
    op.create_table(
        "question_group",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("status", _one_of("status", "open", "topic", "answered", "out_of_scope", "settled"), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("centre", sa.Text(), nullable=False),
        sa.Column("encoder", sa.String(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("newest_at", TIME, nullable=False),
        sa.Column("settled_by", sa.String(length=36), nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_question_group"),
    )
    op.create_index("ix_question_group_status_asked_newest_at", "question_group", ["status", "asked", "newest_at"])


def _learned_answer() -> None:
    op.create_table(
        "learned_answer",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=True),
        sa.Column("group_id", sa.String(length=36), nullable=True),
        sa.Column("live_revision_id", sa.String(length=36), nullable=True),
        sa.Column("review_by", sa.Date(), nullable=True),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["question_group.id"], name="fk_learned_answer_group_id_question_group", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_learned_answer"),
    )
    op.create_index("ix_learned_answer_created_at", "learned_answer", ["created_at"])
    op.create_index("ix_learned_answer_live_revision_id", "learned_answer", ["live_revision_id"])


def _answer_revision() -> None:
    op.create_table(
        "answer_revision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("answer_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column(
            "status", _one_of("status", "draft", "approved", "superseded", "rejected", "retired"), nullable=False
        ),
        sa.Column("author", sa.String(length=36), nullable=False),
        sa.Column("author_name", sa.String(length=128), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_by_name", sa.String(length=128), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["learned_answer.id"], name="fk_answer_revision_answer_id_learned_answer"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_answer_revision"),
        sa.UniqueConstraint("answer_id", "number", name="uq_answer_revision_answer_id_number"),
    )
    op.create_index("ix_answer_revision_status_created_at", "answer_revision", ["status", "created_at"])


def _answer_wording() -> None:
    op.create_table(
        "answer_wording",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("answer_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("vector", sa.Text(), nullable=False),
        sa.Column("encoder", sa.String(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["learned_answer.id"], name="fk_answer_wording_answer_id_learned_answer"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["triage_item.id"], name="fk_answer_wording_item_id_triage_item", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_answer_wording"),
    )
    op.create_index("ix_answer_wording_answer_id", "answer_wording", ["answer_id"])
    op.create_index("ix_answer_wording_item_id", "answer_wording", ["item_id"])


def _grouped_question() -> None:
    op.create_table(
        "grouped_question",
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["question_group.id"], name="fk_grouped_question_group_id_question_group", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["triage_item.id"], name="fk_grouped_question_item_id_triage_item", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", name="pk_grouped_question"),
    )
    op.create_index("ix_grouped_question_group_id", "grouped_question", ["group_id"])


def _regression_case() -> None:
    op.create_table(
        "regression_case",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("answer_id", sa.String(length=36), nullable=False),
        sa.Column("wording_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["learned_answer.id"], name="fk_regression_case_answer_id_learned_answer"
        ),
        sa.ForeignKeyConstraint(
            ["wording_id"],
            ["answer_wording.id"],
            name="fk_regression_case_wording_id_answer_wording",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_regression_case"),
    )
    op.create_index("ix_regression_case_answer_id", "regression_case", ["answer_id"])


def _training_example() -> None:
    op.create_table(
        "training_example",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("intent", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", _one_of("status", "proposed", "approved", "rejected"), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("wording_id", sa.String(length=36), nullable=True),
        sa.Column("proposed_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["triage_item.id"], name="fk_training_example_item_id_triage_item", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["wording_id"],
            ["answer_wording.id"],
            name="fk_training_example_wording_id_answer_wording",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_training_example"),
    )
    op.create_index("ix_training_example_item_id", "training_example", ["item_id"])
    op.create_index("ix_training_example_status_intent", "training_example", ["status", "intent"])
    op.create_index("ix_training_example_wording_id", "training_example", ["wording_id"])


def _indexes() -> None:
    op.create_index("ix_conversation_created_at", "conversation", ["created_at"])
    op.create_index("ix_message_figures", "message", ["created_at", "sender", "kind", "topic", "conversation_id"])
    op.create_index("ix_triage_item_updated_at", "triage_item", ["updated_at"])
