"""Several questions of the check answered on one form: what a page may offer, and what it sends back.

A checklist is metadata of a question: [{"id", "title", "options": [{"title", "answer"}]}]. Its answer is a button's
payload with the question CHECKLIST and an answer such as "pregnant=no diabetes=yes"; what is left out is asked later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CHECKLIST = "checklist"
Item = Mapping[str, Any]


def ticked(answer: str) -> dict[str, str]:
    """Question id -> answer of a filled-in checklist; words of another shape are left out."""
    pairs = (word.partition("=") for word in answer.split())
    return {id: value for id, equals, value in pairs if equals and id and value}


def read_out(answer: str, checklist: Sequence[Item]) -> str | None:
    """The filled-in checklist in words, a line for each question; None when it was not offered like this."""
    items = {str(item["id"]): item for item in checklist}
    lines = [_line(items.get(id), value) for id, value in ticked(answer).items()]
    return "\n".join(line for line in lines if line) if lines and all(lines) else None


def _line(item: Item | None, answer: str) -> str | None:
    titles = (str(one["title"]) for one in (item or {}).get("options", ()) if one["answer"] == answer)
    title = next(titles, None)
    return f"{item['title']} {title}" if item and title else None
