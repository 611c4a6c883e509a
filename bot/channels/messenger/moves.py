"""A patient takes the chat along: gives out a code for the website, or takes one from there and goes on here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.incoming import Incoming
from bot.channels.messenger.words import MOVE, Words
from bot.channels.records import Records
from bot.store import desk_ownership, messenger
from bot.store.engine import Sessions, unit_of_work
from bot.store.messenger import Link
from bot.store.moving import TooManyGuesses, issue_code, read_code, redeem_code

CODE_ROW = "(a code)"


@dataclass
class Moves:
    """Codes in and out, for one page."""

    sessions: Sessions
    records: Records
    words: Words
    clock: Callable[[], datetime]

    def concerns(self, text: str) -> bool:
        """Whether a message is a code or asks for one."""
        return bool(text) and (text.strip().lower() in self.words.moving.ask or read_code(text) is not None)

    def reply(self, link: Link, message: Incoming) -> bool:
        """Give out or take a code; what is to be said stands in the transcript then."""
        code = read_code(message.text)
        if code is None or message.payload == MOVE:
            self._give(link, message)
        else:
            self._take(link, message, code)
        return True

    def _give(self, link: Link, message: Incoming) -> None:
        with unit_of_work(self.sessions) as session:
            code = issue_code(session, link.conversation_id, self.clock())
            session.commit()
        title = next((item.title for item in self.words.menu if item.payload == MOVE), MOVE)
        self._answered(link, message.id, message.text or title, self.words.moving.code.replace("{code}", code))

    def _take(self, link: Link, message: Incoming, code: str) -> None:
        """A right code moves the patient; a wrong one is answered where they are."""
        words = self.words.moving
        try:
            moved = self._moved(link, code)
        except TooManyGuesses:
            self._answered(link, message.id, CODE_ROW, words.too_many)
            return
        if not moved:
            self._answered(link, message.id, CODE_ROW, words.wrong)

    def _moved(self, link: Link, code: str) -> bool:
        """Try a code; a wrong one is counted. Raises TooManyGuesses."""
        now = self.clock()
        with unit_of_work(self.sessions) as session:
            target = redeem_code(session, code, link.person_index, now, link.conversation_id)
            moved = target is not None and messenger.move_to(session, link.person_index, target)
            if moved and target is not None and target != link.conversation_id:
                desk_ownership.tell_patient(session, target, None, _say(self.words.moving.moved), now)
            session.commit()
        return moved

    def _answered(self, link: Link, message_id: str, row: str, text: str) -> None:
        turn = self.records.accept(link.conversation_id, Incoming(message_id, text=row), self.clock())
        self.records.answered(turn, [_say(text)], self.clock(), "")


def _say(text: str) -> dict[str, Any]:
    return {"text": text, "buttons": [], "metadata": {"kind": "smalltalk"}}
