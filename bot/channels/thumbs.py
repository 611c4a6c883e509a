"""A patient's thumb under an answer: stored, and a thumb down is put before the desk with its reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bot.channels.incoming import LARGEST_BODY, clean
from bot.problems import Problem
from bot.store import desk_queue, feedback
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.terms import Thumb

LONGEST_REASON = 300  # characters


@dataclass(frozen=True)
class Opinion:
    """What a patient thinks of one answer; `reason` is empty when none was given."""

    message_id: str
    thumb: Thumb
    reason: str = ""


def read_opinion(body: bytes) -> Opinion:
    """The opinion in a request's body; raises Problem when there is none."""
    if len(body) > LARGEST_BODY:
        raise Problem("too_large", limit=LARGEST_BODY // 1024)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem("not_json") from error
    if not isinstance(data, dict) or data.get("thumb") not in ("up", "down"):
        raise Problem("bad_message", what='"thumb" must be "up" or "down"')
    reason = data.get("reason", "")
    if not isinstance(reason, str):
        raise Problem("bad_message", what='"reason" must be a text')
    return Opinion(_id(data.get("message_id")), data["thumb"], clean(reason)[:LONGEST_REASON])


def keep(sessions: Sessions, conversation_id: str, opinion: Opinion, now: datetime) -> None:
    """Store the opinion; raises Problem when the conversation holds no such message of the bot."""
    with unit_of_work(sessions) as session:
        if not feedback.is_of_bot(session, conversation_id, opinion.message_id):
            raise Problem("unknown_message")
        feedback.give(
            session,
            conversation_id,
            opinion.message_id,
            thumb=opinion.thumb,
            now=now,
            reason=opinion.reason or None,
        )
        if opinion.thumb == "down":
            desk_queue.question_from_thumb(session, opinion.message_id, opinion.reason, now)
        session.commit()


def given(sessions: Sessions, conversation_id: str) -> dict[str, Thumb]:
    """The thumbs of a conversation by message."""
    with reading(sessions) as session:
        return feedback.of_conversation(session, conversation_id)


def with_thumbs(messages: list[dict[str, Any]], thumbs: dict[str, Thumb]) -> list[dict[str, Any]]:
    """The messages, each that got a thumb with it as `metadata.thumb`."""
    return [
        {**one, "metadata": {**one["metadata"], "thumb": thumbs[one["id"]]}} if one["id"] in thumbs else one
        for one in messages
    ]


def _id(value: Any) -> str:
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError) as error:
        raise Problem("bad_message", what='"message_id" must be the id of a message') from error
