"""Whether an edited message may still be heard as what the patient says now. Pure.

An edit is no answer to a question that was put after the message: a corrected "no" to the question before would be
taken for the answer to this one.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.store.models import Message


def is_open_to_edit(rows: Sequence[Message], client_id: str, edit_id: str) -> bool:
    """Whether the message `client_id` is the patient's newest in this transcript and the bot has asked nothing else
    since. `edit_id` is the edit's own row, if it was begun before: what came later is an answer to it."""
    ids = [row.client_id or "" for row in rows]
    rows = rows[: ids.index(edit_id)] if edit_id in ids else rows
    edited = next((at for at, row in enumerate(rows) if (row.client_id or "").startswith(client_id)), None)
    if edited is None:
        return False
    later = [row for row in rows[edited:] if row.sender == "patient"]
    is_newest = all((row.client_id or "").startswith(client_id) for row in later)
    return is_newest and _asked(rows) == _asked(rows[:edited])


def _asked(rows: Sequence[Message]) -> tuple[str, ...]:
    """What the bot's last word of weight asks for; nothing when it was no question."""
    said = (row.meta or {} for row in reversed(rows) if row.sender != "patient" and row.kind != "smalltalk")
    meta = next(said, {})
    return tuple(str(meta.get(name) or "") for name in ("asks", "part"))
