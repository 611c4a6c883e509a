"""One owner of a chat at a time, for every channel: taking over, handing back, and keeping the bot silent meanwhile.

Each change locks the conversation's row first, so that an answer of the bot still on its way either was stored before a
person came, or is dropped. Rasa's tracker hears of each change through an errand (bot/store/errands.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clinic.desk.ownership import bot_may_speak, leads_to, starts_from
from bot.store import audit, conversations, errands, messenger, triage
from bot.store.conversations import Line, PatientLine, Say, UnknownConversation
from bot.store.desk_models import Presence
from bot.store.desk_queue import bump
from bot.store.models import Conversation, Message
from bot.store.plain import Where
from bot.store.terms import Owner
from bot.store.writing import insert_if_new

PAUSE: Mapping[str, Any] = {"event": "pause"}
RESUME: Mapping[str, Any] = {"event": "resume"}
ELSEWHERE = "elsewhere"  # whom a chat is taken from that a person answers outside the desk, in Meta's inbox


def record_reply_if_free(  # noqa: PLR0913, PLR0917 - an answer and when it may be given
    where: Where,
    patient_row: PatientLine,
    says: Sequence[Say | Line],
    now: datetime,
    understood: Mapping[str, Any] | None = None,
    regardless: Sequence[Say | Line] = (),
) -> Sequence[Message | Line]:
    """What `conversations.record_reply` does, but when a person took the chat while the bot thought, only those of
    `says` are said that are `regardless` of it.

    The message then counts as received (its `answered_at` is set), and what the bot had to say is dropped.
    """
    free = bot_may_speak(conversations.locked(where, patient_row.conversation_id).owner)
    return conversations.record_reply_under_lock(where, patient_row, says if free else regardless, now, understood)


def locked_owner(session: Session, conversation_id: str) -> Owner:
    """Who owns the chat, and nobody changes it before this transaction ends. Raises UnknownConversation."""
    same = update(Conversation).where(Conversation.id == conversation_id).values(owner=Conversation.owner)
    owner = session.scalar(same.returning(Conversation.owner), execution_options={"synchronize_session": False})
    if owner is None:
        raise UnknownConversation(f"no conversation {conversation_id}")
    return owner


def ask_for_person(session: Session, conversation_id: str, promised_at: datetime | None, now: datetime) -> bool:
    """The patient waits for a person, until `promised_at` or what the desk promises next; False when they do already or
    one is there."""
    changed = conversations.set_owner(session, conversation_id, leads_to("ask"), expected=starts_from("ask"))
    if changed:
        _promise(session, conversation_id, promised_at)
        bump(session)
    return changed


def forget_promise(session: Session, conversation_id: str) -> None:
    """What was promised before counts no more; who still waits is promised a time anew."""
    _promise(session, conversation_id, None)


def take_over(  # noqa: PLR0913 - who takes which chat, what the patient is told, and from whom
    session: Session, conversation_id: str, staff_id: str, say: Say, now: datetime, *, taken_from: str | None = None
) -> bool:
    """Give the chat to a person and tell the patient; False when another person has it.

    `taken_from` names the colleague it is taken from, or ELSEWHERE, as the page showed it.
    """
    locked_owner(session, conversation_id)
    changed = conversations.set_owner(
        session, conversation_id, "person", expected=starts_from("take_over"), assigned_to=staff_id
    )
    if not changed and not (taken_from and _take_from(session, conversation_id, taken_from, staff_id)):
        return False
    conversations.add_bot_message(session, conversation_id, say, now)
    if changed or taken_from == ELSEWHERE:
        errands.put(session, "tracker", conversation_id, PAUSE, now)
    _record(session, conversation_id, "conversation.taken_over", staff_id, now)
    return True


def hand_back(session: Session, conversation_id: str, staff_id: str, say: Say, now: datetime) -> bool:
    """Give the chat back to the bot, which says so; False when a colleague has it or the bot has it already."""
    owner = locked_owner(session, conversation_id)
    row = conversations.get_conversation(session, conversation_id)
    session.refresh(row)
    if owner not in starts_from("hand_back") or (owner == "person" and row.assigned_to not in (None, staff_id)):
        return False
    conversations.set_owner(session, conversation_id, leads_to("hand_back"), expected=[owner])
    _promise(session, conversation_id, None)
    conversations.add_bot_message(session, conversation_id, say, now)
    if owner == "person":
        errands.put(session, "tracker", conversation_id, RESUME, now)
    _record(session, conversation_id, "conversation.handed_back", staff_id, now)
    return True


def left_elsewhere(session: Session, conversation_id: str, now: datetime) -> bool:
    """Whoever answered outside the desk is done: the bot has the chat again, unless somebody at the desk has it."""
    mine = (Conversation.id == conversation_id, Conversation.owner == "person", Conversation.assigned_to.is_(None))
    change = update(Conversation).where(*mine).values(owner=leads_to("hand_back"), promised_at=None)
    if session.execute(change).rowcount == 0:  # type: ignore[attr-defined]
        return False
    errands.put(session, "tracker", conversation_id, RESUME, now)
    bump(session)
    return True


def was_announced(session: Session, conversation_id: str) -> bool:
    """Whether the patient was just told that the assistant is back."""
    newest = conversations.last_messages(session, conversation_id, 1)
    return any(row.meta.get("notice") == "handed_back" for row in newest)


def say_as_staff(session: Session, conversation_id: str, staff_id: str, text: str, now: datetime) -> Message | None:
    """A person's message to the patient; None, and nothing said, when that person does not have the chat."""
    owner = locked_owner(session, conversation_id)
    row = conversations.get_conversation(session, conversation_id)
    session.refresh(row)
    if owner != "person" or row.assigned_to != staff_id:
        return None
    message = conversations.add_staff_message(session, conversation_id, staff_id, text, now)
    _promise(session, conversation_id, None)
    said = {"event": "bot", "text": text, "data": {}, "metadata": {"from": "staff"}}
    errands.put(session, "tracker", conversation_id, said, now)
    _record(session, conversation_id, "conversation.replied", staff_id, now)
    return message


def say_if_free(session: Session, conversation_id: str, say: Say, now: datetime) -> Message | None:
    """Something the bot says unasked, unless a person has the chat; then None, and nothing is said."""
    if not bot_may_speak(locked_owner(session, conversation_id)):
        return None
    return conversations.add_bot_message(session, conversation_id, say, now)


def tell_patient(session: Session, conversation_id: str, staff_id: str | None, say: Say, now: datetime) -> Message:
    """News for a patient (a visit confirmed, a chat moved …): from the bot, or in the name of the person who has the
    chat. `staff_id` says who made the news, None that nobody did."""
    said = say_if_free(session, conversation_id, say, now)
    if said is not None:
        return said
    holder = select(Conversation.assigned_to).where(Conversation.id == conversation_id)
    author = staff_id or session.scalar(holder) or "system"
    text = str(say.get("text") or "")
    return conversations.add_staff_message(session, conversation_id, author, text, now, say.get("metadata"))


def note_heard_in_silence(
    session: Session, patient_row: Message, understood: Mapping[str, Any] | None, now: datetime
) -> None:
    """A message that came while a person has the chat: what was understood is kept; a danger alerts the desk, and so
    does who wants their data deleted, since the silent bot cannot do it."""
    patient_row.understood = dict(understood) if understood else None
    patient_row.intent = ((understood or {}).get("intent") or {}).get("name")
    danger = (understood or {}).get("danger")
    if danger:
        triage.add(
            session,
            kind="danger",
            handoff_reason="danger",
            conversation_id=patient_row.conversation_id,
            message_id=patient_row.id,
            question=patient_row.text,
            details={"level": danger.get("level"), "sign": danger.get("sign")},
            key=f"danger:{patient_row.conversation_id}:{patient_row.id}",
            now=now,
        )
    if patient_row.intent == "delete_my_data":
        triage.add(
            session,
            kind="person",
            handoff_reason="asked_for_person",
            conversation_id=patient_row.conversation_id,
            message_id=patient_row.id,
            question=patient_row.text,
            details={"asks": "deletion"},
            key=f"deletion:{patient_row.conversation_id}:{patient_row.id}",
            now=now,
        )


def see(session: Session, conversation_id: str, staff_id: str, now: datetime) -> None:
    """Note that somebody has the conversation open."""
    values = {"conversation_id": conversation_id, "staff_id": staff_id, "seen_at": now}
    if not insert_if_new(session, Presence, ("conversation_id", "staff_id"), **values):
        mine = update(Presence).where(Presence.conversation_id == conversation_id, Presence.staff_id == staff_id)
        session.execute(mine.values(seen_at=now))


def others_here(session: Session, conversation_id: str, staff_id: str, since: datetime) -> list[str]:
    """The ids of colleagues who have had the conversation open since a moment."""
    query = select(Presence.staff_id).where(
        Presence.conversation_id == conversation_id, Presence.staff_id != staff_id, Presence.seen_at >= since
    )
    return list(session.scalars(query.order_by(Presence.staff_id)))


def without_promise(session: Session, limit: int = 50) -> list[str]:
    """Conversations that wait for a person and have not been told until when."""
    query = select(Conversation.id).where(Conversation.owner == "waiting", Conversation.promised_at.is_(None))
    return list(session.scalars(query.limit(limit)))


def promise(session: Session, conversation_id: str, promised_at: datetime, say: Say, now: datetime) -> bool:
    """Promise a waiting patient an answer by a moment and say so; False when one was promised or nobody waits."""
    query = update(Conversation).where(
        Conversation.id == conversation_id, Conversation.owner == "waiting", Conversation.promised_at.is_(None)
    )
    if session.execute(query.values(promised_at=promised_at)).rowcount == 0:  # type: ignore[attr-defined]
        return False
    conversations.add_bot_message(session, conversation_id, say, now)
    bump(session)
    return True


def _promise(session: Session, conversation_id: str, moment: datetime | None) -> None:
    session.execute(update(Conversation).where(Conversation.id == conversation_id).values(promised_at=moment))


def _take_from(session: Session, conversation_id: str, former: str, staff_id: str) -> bool:
    theirs = Conversation.assigned_to.is_(None) if former == ELSEWHERE else Conversation.assigned_to == former
    query = update(Conversation).where(Conversation.id == conversation_id, Conversation.owner == "person", theirs)
    taken = bool(session.execute(query.values(assigned_to=staff_id)).rowcount)  # type: ignore[attr-defined]
    link = messenger.link_of(session, conversation_id) if taken and former == ELSEWHERE else None
    if link is not None:
        messenger.note_hands(session, link.person_index, False)  # so that thread control at Meta follows to the desk
    return taken


def _record(session: Session, conversation_id: str, action: str, staff_id: str, now: datetime) -> None:
    audit.record(session, actor=staff_id, action=action, subject=f"conversation:{conversation_id}", now=now)
    bump(session)
