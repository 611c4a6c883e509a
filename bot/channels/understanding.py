"""What Rasa understands of a typed message, before the turn: for the desk, also of danger while the bot is silent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Understand = Callable[[str], Awaitable[Mapping[str, Any] | None]]
KEPT = ("intent", "entities", "danger", "questions", "learned")


async def understood_by(app: Any, text: str) -> Mapping[str, Any] | None:
    """Rasa's parse of a text; None for a button's payload, and while there is no model."""
    agent = getattr(app.ctx, "agent", None)
    if text.startswith("/") or agent is None or not agent.is_ready():
        return None
    return await agent.parse_message(text)


def kept(parse: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is kept of a parse beside the message: intent, entities and danger, without the rankings."""
    return {key: parse[key] for key in KEPT if parse.get(key)} if parse else None
