"""Guesses at other people's bookings, counted by chat, by reference and by contact, so that none can be tried out.

The counters hold keyed hashes: from them nobody can read who tried what.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.clinic.booking.reference import normal_reference
from bot.store import bookings
from bot.store.crypto import blind_index, blind_indexes
from bot.store.models import Booking
from bot.store.slots_models import BookingGuess

# (wrong guesses, within): a chat tries a few times; a reference or contact is tried from any number of chats
LIMITS = {"chat": (5, timedelta(hours=1)), "reference": (10, timedelta(days=1)), "contact": (10, timedelta(days=1))}


class TooManyGuesses(RuntimeError):
    """Nothing is looked up for a while; right or wrong, the answer is the same."""


def look_up(session: Session, conversation_id: str, reference: str, contact: str, now: datetime) -> Booking | None:
    """The booking with this reference and contact, or None, which is counted. Raises TooManyGuesses before it looks."""
    keys = _keys(conversation_id, reference, contact)
    for kind, key in keys.items():
        most, within = LIMITS[kind]
        tried = select(func.count()).where(BookingGuess.key == key, BookingGuess.at > now - within)
        if (session.scalar(tried) or 0) >= most:
            raise TooManyGuesses
    row = bookings.find(session, reference, contact)
    if row is None:
        session.add_all(BookingGuess(key=key, at=now) for key in keys.values())
        session.flush()
    return row


def tidy(session: Session, now: datetime) -> int:
    """Forget guesses that count for nothing any more; returns how many."""
    old = BookingGuess.at <= now - max(within for _, within in LIMITS.values())
    return int(session.execute(delete(BookingGuess).where(old)).rowcount)  # type: ignore[attr-defined]


def keys_of(conversation_id: str, reference: str | None = None, contact: str | None = None) -> list[str]:
    """Every key, also of older encryption keys, under which guesses by a chat or at a reference or contact count."""
    named = {"chat": conversation_id, "reference": reference, "contact": contact}
    return [key for kind, value in named.items() if value for key in blind_indexes(f"guess:{kind}:{value}")]


def _keys(conversation_id: str, reference: str, contact: str) -> dict[str, str]:
    named = {"chat": conversation_id, "reference": normal_reference(reference), "contact": contact}
    return {kind: blind_index(f"guess:{kind}:{value}") for kind, value in named.items()}
