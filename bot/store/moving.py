"""Codes with which a patient takes a chat along from one channel to another: short-lived, used once, hard to guess."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.store.conversations import get_conversation
from bot.store.crypto import blind_index, blind_indexes
from bot.store.messenger_models import MoveCode, MoveGuess

LIFETIME = timedelta(minutes=10)
GUESSES = 5  # wrong codes within GUESS_TIME, after which even a right one is refused
GUESS_TIME = timedelta(hours=1)
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another; 8 of them make 8 * 10^11 codes
_CODE = re.compile(rf"\s*([{LETTERS}]{{4}})[\s-]?([{LETTERS}]{{4}})\s*", re.IGNORECASE)


class TooManyGuesses(RuntimeError):
    """Somebody tried too many wrong codes."""


def read_code(text: str) -> str | None:
    """The code a text consists of, as "ABCD-2345"; None when it is something else."""
    found = _CODE.fullmatch(text)
    # A real word of eight letters is no code: each code has a digit.
    if found is None or not any(c.isdigit() for c in text):
        return None
    return f"{found[1]}-{found[2]}".upper()


def issue_code(session: Session, conversation_id: str, now: datetime) -> str:
    """A new code for a conversation; an earlier one no longer counts. Raises UnknownConversation."""
    get_conversation(session, conversation_id)
    session.execute(delete(MoveCode).where(MoveCode.conversation_id == conversation_id))
    code = _new_code()
    session.add(MoveCode(code_hash=blind_index(code), conversation_id=conversation_id, expires_at=now + LIFETIME))
    session.flush()
    return code


def redeem_code(session: Session, code: str, who: str, now: datetime, current: str | None = None) -> str | None:
    """The conversation a code opens, once; None for a wrong, used or old one. `who` tries: raises TooManyGuesses.

    A code that opened the conversation `current` does so again: the answer to it was lost. Commit in either case: a
    wrong guess is counted.
    """
    recent = select(func.count()).where(MoveGuess.who == who, MoveGuess.at > now - GUESS_TIME)
    if (session.scalar(recent) or 0) >= GUESSES:
        raise TooManyGuesses(who)
    row = session.scalar(select(MoveCode).where(MoveCode.code_hash.in_(blind_indexes(code))))
    if row is not None and row.expires_at > now:
        if row.used_at is not None and row.conversation_id == current:
            return row.conversation_id
        mine = update(MoveCode).where(MoveCode.code_hash == row.code_hash, MoveCode.used_at.is_(None))
        if session.execute(mine.values(used_at=now)).rowcount:  # type: ignore[attr-defined]
            return row.conversation_id
    session.add(MoveGuess(who=who, at=now))
    return None


def _new_code() -> str:
    while True:
        letters = "".join(secrets.choice(LETTERS) for _ in range(8))
        if any(c.isdigit() for c in letters):
            return f"{letters[:4]}-{letters[4:]}"
