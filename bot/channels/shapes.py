"""A message as the HTTP interface shows it: {"id", "from", "text", "buttons", "metadata"}."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from bot.store.conversations import Line
from bot.store.models import Message

Said = dict[str, Any]


def shown(row: Message | Line) -> Said:
    """A stored message; a patient's own carries the `id` its program gave it as metadata.client_id."""
    metadata = dict(row.meta or {})
    if row.client_id:
        metadata["client_id"] = row.client_id
    return {
        "id": row.id,
        "from": row.sender,
        "text": row.text,
        "buttons": list(row.buttons or []),
        "metadata": metadata,
    }


def unstored(says: Sequence[Mapping[str, Any]]) -> list[Said]:
    """Messages of the bot that could not be stored, in the same shape, with ids that will not come again."""
    return [
        {
            "id": str(uuid4()),
            "from": "bot",
            "text": say["text"],
            "buttons": say.get("buttons", []),
            "metadata": say["metadata"],
        }
        for say in says
    ]
