"""Whose visit and whose check: the patient's own unless said otherwise, and what the store knows of that person."""

from __future__ import annotations

from bot.actions.base import Turn
from bot.clinic.content import Content
from bot.clinic.screening import Screening
from bot.clinic.screening.whom import MYSELF, Whom, said_for
from bot.store import bookings, screenings
from bot.store.engine import Session
from bot.store.models import Booking


def visitor(turn: Turn) -> Whom:
    """For whom a visit is asked: by the button or the words, as said before of this visit, or as the bot has just
    offered it; the patient themself otherwise."""
    said = Whom.pressed(turn.entity("answer")) or _said(turn) or waiting(turn)
    if said is None and turn.intent == "affirm" and turn.slot("offered") == "booking":
        said = checked(turn)
    return said or MYSELF


def waiting(turn: Turn) -> Whom | None:
    """For whom the visit is that was asked for and is not settled yet, if any."""
    kept = (turn.slot("booking") or {}).get("for")
    return Whom(*kept) if kept else None


def checked(turn: Turn) -> Whom | None:
    """Whom the last check was about, once it has its outcome."""
    state = Screening.from_dict(turn.slot("screening"))
    return Whom.of(state) if state.status == "done" else None


def counting(session: Session, turn: Turn, whom: Whom) -> screenings.Screening | None:
    """The stored screening that counts for a visit of theirs."""
    return screenings.of_visitor(session, turn.conversation_id, whom.about, words(whom, turn.content))


def visits(session: Session, turn: Turn, whom: Whom) -> list[Booking]:
    """Their visits, newest first."""
    return bookings.of_visitor(session, turn.conversation_id, whom.about, words(whom, turn.content))


def words(whom: Whom, content: Content) -> tuple[str, ...]:
    """What they may be called; nothing for the patient and for who was not named."""
    return content.screening.somebody_else.alike(whom.person)


def _said(turn: Turn) -> Whom | None:
    entities = turn.parse.get("entities") or []
    about = "other" if any(one.get("about") == "other" for one in entities) else "self"
    said = said_for(turn.text, about, turn.content)
    last = checked(turn)
    if said and said.about == "other" and not said.person and last and last.about == "other":
        return last  # "book it for her"
    return said
