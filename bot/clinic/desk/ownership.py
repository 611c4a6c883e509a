"""Who may speak to a patient: the assistant, or one person. The only place that knows which changes make sense."""

from __future__ import annotations

from typing import Literal

Owner = Literal["bot", "waiting", "person", "returned"]
Change = Literal["ask", "take_over", "hand_back"]

# change -> the states it may start from, and where it leads.
_CHANGES: dict[Change, tuple[tuple[Owner, ...], Owner]] = {
    "ask": (("bot", "returned"), "waiting"),
    "take_over": (("bot", "waiting", "returned"), "person"),
    "hand_back": (("person", "waiting"), "returned"),
}


def starts_from(change: Change) -> tuple[Owner, ...]:
    """The states in which a change makes sense."""
    return _CHANGES[change][0]


def leads_to(change: Change) -> Owner:
    """The state after a change."""
    return _CHANGES[change][1]


def bot_may_speak(owner: Owner) -> bool:
    """Whether the assistant answers: always, except while a person has the chat."""
    return owner != "person"
