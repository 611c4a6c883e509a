"""Who wrote a piece of content, who checked it, when, and until when that holds: the same for every kind."""

from __future__ import annotations

from typing import Any

from bot.clinic.content.fields import Base, Day, Text


class Authored(Base):
    """Somebody stands behind it: the author, the reviewer, the day of the review and the day of the next one."""

    author: Text
    reviewer: Text
    reviewed: Day
    review_by: Day


class Authorship(Base):
    """Values for every entry of a file that does not say otherwise."""

    author: Text | None = None
    reviewer: Text | None = None
    reviewed: Day | None = None
    review_by: Day | None = None


def with_defaults(raw: Any, key: str, known: type[Base]) -> Any:
    """The file as read, its `defaults` put into each entry of the list `key` that does not say otherwise."""
    if not isinstance(raw, dict) or not isinstance(raw.get(key), list):
        return raw
    defaults = raw.get("defaults")
    given = defaults if isinstance(defaults, dict) else {}
    values = {name: value for name, value in given.items() if name in known.model_fields}
    return raw | {key: [values | one if isinstance(one, dict) else one for one in raw[key]]}
