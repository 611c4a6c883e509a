"""What the processes log: lines for people, or with MESOGUIDE_LOG=json one JSON object a line for a log collector.

A line says which part it comes from, and while a patient's message is worked on the pseudonym under which the desk
shows the conversation; never an id, a word or a contact. Of an error only its class is kept.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone

SETTING = "MESOGUIDE_LOG"
_conversation: ContextVar[str] = ContextVar("mesoguide_conversation", default="")


@contextmanager
def about(pseudonym: str) -> Iterator[None]:
    """What is logged inside the block is about the conversation of this pseudonym."""
    token = _conversation.set(pseudonym)
    try:
        yield
    finally:
        _conversation.reset(token)


class Lines(logging.Formatter):
    """A line for people; whatever it quotes cannot begin another one or reach the terminal as a command."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        chat = _conversation.get()
        return super().format(record) + (f" [{chat}]" if chat else "")


class JsonLines(logging.Formatter):
    """A JSON object with time (UTC), level, part, logger, message, and when there is one conversation and error."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        said = {
            "time": moment,
            "level": record.levelname.lower(),
            "part": self._part,
            "logger": record.name,
            "message": record.getMessage(),
            "conversation": _conversation.get(),
            "error": error,
        }
        return json.dumps({name: value for name, value in said.items() if value})


def set_up(part: str) -> None:
    """Log warnings and up of this process to the standard error, as MESOGUIDE_LOG says."""
    handler = logging.StreamHandler()
    is_json = os.environ.get(SETTING) == "json"
    handler.setFormatter(JsonLines(part) if is_json else Lines("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
