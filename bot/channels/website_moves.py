"""A patient takes the chat along: a code to go on in another channel, and a code from there to go on here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from bot.channels.apology import words
from bot.channels.incoming import Incoming
from bot.channels.records import Records
from bot.channels.shapes import Said
from bot.channels.tokens import Tokens
from bot.store import conversations, desk_ownership
from bot.store.engine import Sessions, unit_of_work
from bot.store.moving import LIFETIME, TooManyGuesses, issue_code, read_code, redeem_code

CODE_ROW = "(a code)"  # what the transcript shows of a typed code
MOVED_TO = "moved_to"  # metadata of the line that ends the old chat: the conversation that goes on


@dataclass(frozen=True)
class Moves:
    """Codes out and in. A typed code is answered by a line whose metadata carries the token of the other chat."""

    sessions: Sessions
    records: Records
    tokens: Tokens
    channel: str
    clock: Callable[[], datetime]

    def give(self, conversation_id: str) -> dict[str, Any]:
        """A new code for this conversation: {"code", "expires_in"} (seconds). Raises UnknownConversation."""
        with unit_of_work(self.sessions) as session:
            code = issue_code(session, conversation_id, self.clock())
            session.commit()
        return {"code": code, "expires_in": int(LIFETIME.total_seconds())}

    @staticmethod
    def concerns(message: Incoming) -> bool:
        """Whether a message is nothing but a code."""
        return read_code(message.text) is not None

    def take(self, conversation_id: str, message: Incoming) -> list[Said]:
        """The answer to a typed code; the same again when the same message is repeated."""
        turn = self.records.accept(conversation_id, Incoming(message.id, text=CODE_ROW), self.clock())
        told = self.records.answer_to(turn) if turn.repeated else None
        if told is None:
            say = self._say(conversation_id, read_code(message.text) or "")
            told = self.records.answered(turn, [say], self.clock(), "") or [_unkept(say)]
        return [self._with_token(one) for one in told]

    def _say(self, conversation_id: str, code: str) -> dict[str, Any]:
        try:
            target = self._redeemed(conversation_id, code)
        except TooManyGuesses:
            return _line("too_many_codes")
        return _line("wrong_code") if target is None else _line("moved", **{MOVED_TO: target})

    def _redeemed(self, conversation_id: str, code: str) -> str | None:
        """The conversation a code opens. Lines told so far are in its history; later ones come here."""
        now = self.clock()
        with unit_of_work(self.sessions) as session:
            target = redeem_code(session, code, f"website:{conversation_id}", now, conversation_id)
            if target is not None and target != conversation_id:
                conversations.get_conversation(session, target).channel = self.channel
                desk_ownership.tell_patient(session, target, None, _line("moved"), now)
            session.commit()
        return target

    def _with_token(self, said: Said) -> Said:
        target = said["metadata"].get(MOVED_TO)
        if target is None:
            return said
        metadata = {"kind": said["metadata"]["kind"], "token": self.tokens.issue(target, self.clock()).token}
        return {**said, "metadata": metadata}


def _line(name: str, **metadata: str) -> dict[str, Any]:
    return {"text": words()[name], "buttons": [], "metadata": {"kind": "smalltalk", **metadata}}


def _unkept(say: dict[str, Any]) -> Said:
    """A person has the old chat, where the bot is silent: the patient who moves still gets through."""
    return {"id": str(uuid4()), "from": "bot", **say}
