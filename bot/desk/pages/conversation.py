"""The conversation: transcript, what was understood, screening and booking; taking over, replying, handing back."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Form
from starlette.responses import Response

from bot.desk import mail
from bot.desk.context import View
from bot.desk.pages.queue import listing
from bot.desk.routing import Pages, Refused, Signed, Whole
from bot.store import (
    audit,
    bookings,
    consents,
    conversations,
    desk_ownership,
    desk_questions,
    desk_queue,
    desk_transcript,
    messenger,
    screenings,
    staff,
    staff_sessions,
)
from bot.store.engine import Session

pages = Pages()
Field = Annotated[str, Form()]
SHOWN = 200  # newest messages on the page; older ones follow on demand
HERE_FOR = timedelta(seconds=40)  # how long after its last sign of life a page counts as open
LONGEST_REPLY = 4000
VIEWED = "transcript.viewed"  # in the audit log


@pages.get("/c/{conversation_id}")
def conversation(view: Signed, conversation_id: str, item: str = "") -> Response:
    """A conversation beside the queue. Opening it is written to the audit log."""
    with view.changing() as session:
        conversations.get_conversation(session, conversation_id)
        desk_ownership.see(session, conversation_id, view.staff.id, view.now)
        _viewed(session, view, conversation_id)
    values = whole(view, conversation_id, item)
    if view.is_partial:
        return view.page("conversation.html", **values)
    return view.page("queue.html", **(listing(view) | values))


@pages.get("/c/{conversation_id}/news")
def news(view: Signed, conversation_id: str, after: Whole = 0) -> Response:
    """What came since a position: new messages, and who has the chat now. The audit log has the view of the page that
    asks; whoever asks without one gets an entry of their own.
    """
    with view.changing() as session:
        conversations.get_conversation(session, conversation_id)
        desk_ownership.see(session, conversation_id, view.staff.id, view.now)
        _viewed_once(session, view, conversation_id)
    with view.reading() as session:
        rows = conversations.transcript(session, conversation_id, after)
        values = _state(view, session, conversation_id)
    return view.page("conversation_news.html", messages=rows, after=after, **values)


@pages.get("/c/{conversation_id}/older")
def older(view: Signed, conversation_id: str, before: Whole) -> Response:
    """Older messages than those on the page. Reading them is written to the audit log too."""
    with view.changing() as session:
        conversations.get_conversation(session, conversation_id)
        _viewed(session, view, conversation_id, before=before)
    with view.reading() as session:
        rows = desk_transcript.older(session, conversation_id, before, SHOWN)
        people, known = staff.names(session), messenger.deliveries(session, conversation_id)
    values = {"messages": rows, "people": people, "deliveries": known, "conversation_id": conversation_id}
    return view.page("messages_older.html", shown=SHOWN, **values)


@pages.post("/c/{conversation_id}/take-over")
def take_over(view: Signed, conversation_id: str, item: Field = "", taken_from: Field = "") -> Response:
    """The person has the chat from here; the patient is told, Rasa pauses."""
    key = "joined_after_another" if taken_from else "joined"
    with view.changing() as session:
        done = desk_ownership.take_over(
            session,
            conversation_id,
            view.staff.id,
            _say(view, key, "joined"),
            view.now,
            taken_from=taken_from or None,
        )
        if not done:
            raise Refused("A colleague has just taken this chat.", 409)
        desk_queue.assign_free(session, item, view.staff.id, view.now)
    return conversation_again(view, conversation_id, item)


@pages.post("/c/{conversation_id}/hand-back")
def hand_back(view: Signed, conversation_id: str, item: Field = "") -> Response:
    """The assistant has the chat again and says so; Rasa resumes."""
    with view.changing() as session:
        done = desk_ownership.hand_back(session, conversation_id, view.staff.id, handed_back(view), view.now)
    if not done:
        raise Refused("This chat is not yours to hand back any more.", 409)
    return conversation_again(view, conversation_id, item)


@pages.post("/c/{conversation_id}/reply")
def reply(  # noqa: PLR0913, PLR0917 - the fields of the form
    view: Signed, conversation_id: str, text: Field = "", item: Field = "", by_email: Field = "", finish: Field = ""
) -> Response:
    """A person's message into the patient's chat, by email too when the patient left an address and went away.

    Who writes into a chat that no colleague has takes it over first. `finish` hands it back and closes the row.
    """
    words = text.strip()
    if not words or len(words) > LONGEST_REPLY:
        raise Refused(f"Write 1 to {LONGEST_REPLY} characters.", 400)
    with view.changing() as session:
        if desk_ownership.take_over(session, conversation_id, view.staff.id, _say(view, "joined", "joined"), view.now):
            desk_queue.assign_free(session, item, view.staff.id, view.now)
        message = desk_ownership.say_as_staff(session, conversation_id, view.staff.id, words, view.now)
        if message is None:
            raise Refused("A colleague or the assistant has this chat now. Your text is still in the box.", 409)
        if by_email:
            mail.queue_reply(session, view, conversation_id, message)
        if finish:
            _finish(session, view, conversation_id, item)
    return conversation_again(view, conversation_id, item)


def _finish(session: Session, view: View, conversation_id: str, item: str) -> None:
    """Give the chat back, and close the row it was about unless a colleague has it."""
    desk_ownership.hand_back(session, conversation_id, view.staff.id, handed_back(view), view.now)
    desk_queue.close_mine(session, conversation_id, item, actor=view.staff.id, now=view.now)


def conversation_again(view: View, conversation_id: str, item: str) -> Response:
    """The conversation after a change: as a part for htmx, else by a redirect."""
    if not view.is_partial:
        return view.goto(f"/desk/c/{conversation_id}" + (f"?item={item}" if item else ""))
    with view.changing() as session:
        _viewed_once(session, view, conversation_id)
    return view.page("conversation.html", **whole(view, conversation_id, item))


def _viewed(session: Session, view: View, conversation_id: str, **details: int) -> None:
    subject = f"conversation:{conversation_id}"
    audit.record(session, actor=view.staff.id, action=VIEWED, subject=subject, now=view.now, details=details)


def _viewed_once(session: Session, view: View, conversation_id: str) -> None:
    """Note the view unless the log has one of this sign-in already."""
    since = staff_sessions.began(session, view.session_id)
    if not audit.has(session, view.staff.id, VIEWED, f"conversation:{conversation_id}", since):
        _viewed(session, view, conversation_id)


def whole(view: View, conversation_id: str, item: str) -> dict[str, Any]:
    """Everything the conversation's template shows."""
    with view.reading() as session:
        state = _state(view, session, conversation_id)
        items = desk_queue.of_conversation(session, conversation_id)
        visits = bookings.of_conversation(session, conversation_id)
        name = visits[0].name if visits else None
        chosen = next((one for one in items if one.id == item), None) or next(
            (one for one in items if one.closed_at is None), None
        )
        return {
            **state,
            "messages": conversations.last_messages(session, conversation_id, SHOWN),
            "item": chosen,
            "items": items,
            "visits": visits,
            "name": name,
            "group": desk_questions.groups_of(session, [chosen.id]).get(chosen.id) if chosen else None,
            "address": mail.address(view.desk, visits),
            "consent": consents.latest(session, conversation_id),
            "screenings": screenings.current(session, conversation_id),
            "canned": view.desk.words.canned_for(view.desk.content, view.staff.name, name),
            "shown": SHOWN,
        }


def _state(view: View, session: Session, conversation_id: str) -> dict[str, Any]:
    """Who has the chat, who else looks at it, and what became of the lines sent to Messenger."""
    chat = conversations.get_conversation(session, conversation_id)
    people = staff.names(session)
    others = desk_ownership.others_here(session, conversation_id, view.staff.id, view.now - HERE_FOR)
    is_mine = chat.owner == "person" and chat.assigned_to == view.staff.id
    return {
        "chat": chat,
        "people": people,
        "others": [people.get(one, "?") for one in others],
        "is_mine": is_mine,
        "deliveries": messenger.deliveries(session, conversation_id),
    }


def handed_back(view: View) -> dict[str, Any]:
    """What the patient reads when a person has left the chat."""
    return _say(view, "handed_back", "handed_back")


def _say(view: View, key: str, notice: str) -> dict[str, Any]:
    text = view.desk.words.say(view.desk.content, key, staff=view.staff.name)
    return {"text": text, "metadata": {"kind": "handoff", "notice": notice}}
