"""Searching the queue for words. What patients wrote is encrypted, so the database cannot search it: a process reads
each open question once and remembers it, as long as it is open.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.forgetting import remembers
from bot.store.models import Booking, TriageItem

AT_ONCE = 2000  # questions read in one request; the rest follow with the next


class SearchIndex:
    """The words of open questions and the names of patients, in memory. Safe to share between threads."""

    def __init__(self) -> None:
        self._questions: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()
        remembers(self.forget)

    def forget(self) -> None:
        """Let go of all words; they are read again when somebody searches."""
        with self._lock:
            self._questions, self._names = {}, {}

    def find(self, session: Session, rows: Sequence[tuple[str, str]], words: str) -> tuple[set[str], bool]:
        """Of rows (item id, conversation id): the items whose question or patient's name has the words.

        The second value says that some rows were not read yet.
        """
        with self._lock:
            self._forget({item for item, _ in rows})
            missing = [item for item, _ in rows if item not in self._questions]
            self._read(session, missing[:AT_ONCE])
            self._read_names(session)
            found = {
                item
                for item, chat in rows
                if words in self._questions.get(item, "") or words in self._names.get(chat, "")
            }
        return found, len(missing) > AT_ONCE

    def _forget(self, present: set[str]) -> None:
        if len(self._questions) > 2 * len(present) + AT_ONCE:
            self._questions = {item: text for item, text in self._questions.items() if item in present}

    def _read(self, session: Session, items: Iterable[str]) -> None:
        wanted = list(items)
        for start in range(0, len(wanted), 500):
            query = select(TriageItem.id, TriageItem.question).where(TriageItem.id.in_(wanted[start : start + 500]))
            for item, question in session.execute(query):
                self._questions[item] = (question or "").casefold()

    def _read_names(self, session: Session) -> None:
        known = set(session.scalars(select(Booking.conversation_id).distinct()))
        self._names = {chat: name for chat, name in self._names.items() if chat in known}
        new = [chat for chat in known if chat not in self._names][:AT_ONCE]
        for start in range(0, len(new), 500):
            query = select(Booking.conversation_id, Booking.name).where(
                Booking.conversation_id.in_(new[start : start + 500])
            )
            for chat, name in session.execute(query.order_by(Booking.created_at)):
                self._names[chat] = name.casefold()
