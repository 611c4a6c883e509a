"""The front desk's own tables: staff sessions, question groups, answers that teach, notes for the tracker.

Rows that came from a patient's chat hang on it by a foreign key that deletes them with it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Date, Float, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.columns import Base, BigId, Json, UtcDateTime, new_id, one_of
from bot.store.crypto import EncryptedJSON, EncryptedText
from bot.store.models import ID, Conversation, Message, StaffUser, TriageItem
from bot.store.terms import Role

GroupStatus = Literal["open", "topic", "answered", "out_of_scope", "settled"]
RevisionStatus = Literal["draft", "approved", "superseded", "rejected", "retired"]
ErrandKind = Literal["tracker", "email", "alert"]
WordingStatus = Literal["proposed", "approved", "rejected"]

# What the desk reads often from tables of the conversation: changes of the queue, and the figures over many messages.
Index("ix_triage_item_updated_at", TriageItem.__table__.c.updated_at)
Index("ix_conversation_created_at", Conversation.__table__.c.created_at)
Index(
    "ix_message_figures",
    *(Message.__table__.c[name] for name in ("created_at", "sender", "kind", "topic", "conversation_id")),
)


class StaffSession(Base):
    """One signed-in browser. Its id travels in a signed cookie; ending the row ends the session everywhere."""

    __tablename__ = "staff_session"
    __table_args__ = (Index(None, "staff_id"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey(StaffUser.id))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffLink(Base):
    """A one-time link that lets somebody choose a password. Only the link's SHA-256 is kept."""

    __tablename__ = "staff_link"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    # The user who may set a new password; None makes a new user with this role.
    staff_id: Mapped[str | None] = mapped_column(ForeignKey(StaffUser.id))
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Presence(Base):
    """Who has a conversation open right now."""

    __tablename__ = "presence"

    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey(StaffUser.id), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Errand(Base):
    """Something the desk does after a change, at least once: tell Rasa's tracker, send an email, alert staff."""

    __tablename__ = "errand"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_errand_waiting",
            "available_at",
            "position",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(None, "conversation_id"),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(one_of(ErrandKind, "kind"))
    key: Mapped[str | None] = mapped_column(String(96))
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"))
    payload: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it was done, or given up after many attempts.
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed: Mapped[bool] = mapped_column(default=False)


class Counter(Base):
    """A number that grows when something changed, so that another process notices with one cheap read."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class QuestionGroup(Base):
    """Unanswered questions that mean the same. `asked` and `newest_at` are kept with each question that joins."""

    __tablename__ = "question_group"
    __table_args__ = (Index(None, "status", "asked", "newest_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    status: Mapped[GroupStatus] = mapped_column(one_of(GroupStatus, "status"), default="open")
    asked: Mapped[int] = mapped_column(default=0)
    # The sum of the members' vectors (float32, base64), encrypted: it says what was asked.
    centre: Mapped[str] = mapped_column(EncryptedText)
    encoder: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    newest_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Put together or split off by a person: questions may still join, but it is merged with no other by itself.
    by_hand: Mapped[bool] = mapped_column(default=False)
    settled_by: Mapped[str | None] = mapped_column(ID)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class GroupedQuestion(Base):
    """Which group a question of the queue is in."""

    __tablename__ = "grouped_question"
    __table_args__ = (Index(None, "group_id"),)

    item_id: Mapped[str] = mapped_column(ForeignKey(TriageItem.id, ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(ForeignKey(QuestionGroup.id, ondelete="CASCADE"))
    similarity: Mapped[float] = mapped_column(Float)


class LearnedAnswer(Base):
    """An answer the desk wrote. What the bot says is its approved revision; without one it says nothing.

    Name, topic and day of review are the approved revision's; before the first approval those of the newest draft.
    """

    __tablename__ = "learned_answer"
    __table_args__ = (Index(None, "live_revision_id"), Index(None, "created_at"))

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    title: Mapped[str] = mapped_column(String(160))
    # The existing topic its wordings train, when they belong to one.
    topic: Mapped[str | None] = mapped_column(String(64))
    group_id: Mapped[str | None] = mapped_column(ForeignKey(QuestionGroup.id, ondelete="SET NULL"))
    live_revision_id: Mapped[str | None] = mapped_column(ID)
    review_by: Mapped[date | None] = mapped_column(Date)
    created_by: Mapped[str] = mapped_column(ID)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AnswerRevision(Base):
    """One version of an answer, with how often it was given and what patients thought of it."""

    __tablename__ = "answer_revision"
    __table_args__ = (UniqueConstraint("answer_id", "number"), Index(None, "status", "created_at"))

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    answer_id: Mapped[str] = mapped_column(ForeignKey(LearnedAnswer.id))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(160))
    topic: Mapped[str | None] = mapped_column(String(64))
    review_by: Mapped[date | None] = mapped_column(Date)
    text: Mapped[str] = mapped_column(Text)
    facts: Mapped[list[str]] = mapped_column(Json, default=list)
    status: Mapped[RevisionStatus] = mapped_column(one_of(RevisionStatus, "status"), default="draft")
    author: Mapped[str] = mapped_column(ID)
    author_name: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(ID)
    decided_by_name: Mapped[str | None] = mapped_column(String(128))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    views: Mapped[int] = mapped_column(default=0)


class AnswerWording(Base):
    """A way to ask for a learned answer. `vector` is its sentence vector (float32, base64), as secret as the words.

    It waits with the draft until a clinician approves that: then it gets its regression case, and the bot answers it.
    """

    __tablename__ = "answer_wording"
    __table_args__ = (Index(None, "answer_id"), Index(None, "item_id"))

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    answer_id: Mapped[str] = mapped_column(ForeignKey(LearnedAnswer.id))
    item_id: Mapped[str | None] = mapped_column(ForeignKey(TriageItem.id, ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(EncryptedText)
    vector: Mapped[str] = mapped_column(EncryptedText)
    encoder: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TrainingExample(Base):
    """A wording proposed for the next training, under an intent. Nothing is trained before somebody exports it."""

    __tablename__ = "training_example"
    __table_args__ = (Index(None, "status", "intent"), Index(None, "item_id"), Index(None, "wording_id"))

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    intent: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(EncryptedText)
    status: Mapped[WordingStatus] = mapped_column(one_of(WordingStatus, "status"), default="proposed")
    item_id: Mapped[str | None] = mapped_column(ForeignKey(TriageItem.id, ondelete="CASCADE"))
    wording_id: Mapped[str | None] = mapped_column(ForeignKey(AnswerWording.id, ondelete="CASCADE"))
    proposed_by: Mapped[str] = mapped_column(ID)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RegressionCase(Base):
    """A question that must go on getting one learned answer; `mesoguide evaluate` asks it."""

    __tablename__ = "regression_case"
    __table_args__ = (Index(None, "answer_id"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    answer_id: Mapped[str] = mapped_column(ForeignKey(LearnedAnswer.id))
    wording_id: Mapped[str] = mapped_column(ForeignKey(AnswerWording.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
