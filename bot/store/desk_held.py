"""Chats that a person has: what their patients write stays in sight, and none is left to a person who went away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from bot.store import audit, conversations, desk_ownership, errands, triage
from bot.store.conversations import Say
from bot.store.desk_queue import bump
from bot.store.models import Conversation, Message, TriageItem

AT_ONCE = 100
_HELD = "held:"  # how the keys of rows begin that were made because a patient wrote on


def keep_in_sight(session: Session, said: Message, now: datetime) -> None:
    """A patient wrote while a person has the chat: it stands in the queue for who has it, unless it does already.

    A row that sleeps wakes up.
    """
    chat = conversations.get_conversation(session, said.conversation_id)
    session.refresh(chat)
    if chat.owner != "person":
        return
    of_holder = TriageItem.assigned_to.is_not(None) & (TriageItem.assigned_to == chat.assigned_to)
    seen = (*_open(chat.id), or_(of_holder, TriageItem.kind.in_(["danger", "person"])))
    awake = or_(TriageItem.snoozed_until.is_(None), TriageItem.snoozed_until <= now)
    if session.scalar(select(TriageItem.id).where(*seen, awake).limit(1)) is not None:
        return
    sleeping = select(TriageItem).where(*seen).order_by(TriageItem.urgency).limit(1)
    row = session.scalar(sleeping) or _row_for(session, said, f"{_HELD}{said.id}", now)
    if row.closed_at is not None:  # the same message once more, after its row was settled
        return
    row.snoozed_until, row.updated_at = None, now
    row.assigned_to, row.status = chat.assigned_to, "assigned" if chat.assigned_to else "open"
    session.flush()


def answered_elsewhere(session: Session, conversation_id: str, now: datetime) -> None:
    """A person answered outside the desk: rows made because the patient wrote on are done, unless somebody has them."""
    mine = (*_open(conversation_id), TriageItem.key.startswith(_HELD), TriageItem.assigned_to.is_(None))
    values = {"status": "closed", "close_reason": "answered", "closed_at": now, "updated_at": now}
    session.execute(update(TriageItem).where(*mine).values(**values))


def settled(session: Session, conversation_id: str, staff_id: str, say: Say, now: datetime) -> bool:
    """A row of the chat was closed by somebody. When it was their last one and they have the chat, it goes back to the
    assistant, which says so (then True); a patient who waits for a person waits no longer when no row says so."""
    owner = desk_ownership.locked_owner(session, conversation_id)
    mine = select(TriageItem.id).where(*_open(conversation_id), TriageItem.assigned_to == staff_id)
    if owner == "person" and session.scalar(mine.limit(1)) is None:
        chat = conversations.get_conversation(session, conversation_id)
        session.refresh(chat)
        held = chat.assigned_to == staff_id
        return held and desk_ownership.hand_back(session, conversation_id, staff_id, say, now)
    if owner == "waiting" and not triage.is_open(session, conversation_id, "person"):
        conversations.set_owner(session, conversation_id, "returned", expected=["waiting"])
        desk_ownership.forget_promise(session, conversation_id)
    return False


def left_waiting(session: Session, before: datetime) -> list[Conversation]:
    """Chats that a person has, whose patients have waited for that person since before a moment."""
    held = select(Conversation).where(Conversation.owner == "person", Conversation.created_at <= before)
    rows = session.scalars(held.order_by(Conversation.last_message_at).limit(1000))
    return [row for row in rows if _waits_since(session, row, before)][:AT_ONCE]


def return_to_bot(session: Session, conversation_id: str, before: datetime, say: Say, now: datetime) -> bool:
    """Give a chat of `left_waiting` back to the assistant, which says so, and its rows to everybody; False when the
    person has answered meanwhile."""
    if desk_ownership.locked_owner(session, conversation_id) != "person":
        return False
    chat = conversations.get_conversation(session, conversation_id)
    session.refresh(chat)
    if not _waits_since(session, chat, before):
        return False
    rows = update(TriageItem).where(*_open(chat.id), TriageItem.assigned_to == chat.assigned_to)
    session.execute(rows.values(status="open", assigned_to=None, snoozed_until=None, updated_at=now))
    conversations.set_owner(session, chat.id, "returned", expected=["person"])
    desk_ownership.forget_promise(session, chat.id)
    conversations.add_bot_message(session, chat.id, say, now)
    errands.put(session, "tracker", chat.id, desk_ownership.RESUME, now)
    last = select(Message).where(Message.conversation_id == chat.id, Message.sender == "patient")
    said = session.scalar(last.order_by(Message.position.desc()).limit(1))
    if said is not None and not any(triage.is_open(session, chat.id, kind) for kind in ("danger", "person")):
        _row_for(session, said, f"{_HELD}{said.id}:{now.timestamp():.0f}", now)
    subject = f"conversation:{chat.id}"
    audit.record(session, actor="system", action="conversation.left_waiting", subject=subject, now=now)
    bump(session)
    return True


def _row_for(session: Session, said: Message, key: str, now: datetime) -> TriageItem:
    """A row for what a patient wrote to a person."""
    return triage.add(
        session,
        kind="person",
        handoff_reason="asked_for_person",
        conversation_id=said.conversation_id,
        message_id=said.id,
        question=said.text,
        key=key,
        now=now,
    )


def _waits_since(session: Session, chat: Conversation, before: datetime) -> bool:
    """Whether the patient has waited for the person since before a moment: since that person came and wrote nothing, or
    since the first message that the person's last line left unanswered. Advice in danger is nobody's answer."""
    by_person = and_(Message.sender == "staff", Message.kind.is_(None))
    by_bot = and_(Message.sender == "bot", or_(Message.kind.is_(None), Message.kind.not_in(["emergency", "urgent"])))
    of_chat = Message.conversation_id == chat.id
    last = session.scalar(
        select(Message).where(of_chat, or_(by_person, by_bot)).order_by(Message.position.desc()).limit(1)
    )
    if last is not None and last.sender == "bot" and last.kind == "handoff" and chat.assigned_to:
        return last.created_at <= before
    after = Message.position > (last.position if last is not None else 0)
    first = select(func.min(Message.created_at)).where(of_chat, Message.sender == "patient", after)
    since = session.scalar(first)
    return since is not None and since <= before


def _open(conversation_id: str) -> tuple[object, ...]:
    return TriageItem.conversation_id == conversation_id, TriageItem.closed_at.is_(None)
