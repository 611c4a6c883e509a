"""What can be done with a visit in which state. The states are those of FHIR's Appointment that the clinic uses."""

from __future__ import annotations

from typing import Literal

Move = Literal["confirm", "propose", "decline", "arrived", "fulfilled", "noshow"]

# move -> the states it may start from, and where it leads.
_MOVES: dict[Move, tuple[tuple[str, ...], str]] = {
    "confirm": (("proposed", "pending"), "booked"),
    "propose": (("proposed", "pending", "booked"), "pending"),
    "decline": (("proposed", "pending", "booked"), "cancelled"),
    "arrived": (("booked",), "arrived"),
    "fulfilled": (("arrived",), "fulfilled"),
    "noshow": (("booked",), "noshow"),
}


def moves_from(status: str) -> tuple[Move, ...]:
    """What can be done with a visit in this state."""
    return tuple(move for move, (states, _) in _MOVES.items() if status in states)


def leads_to(move: Move) -> str:
    """The state after a move."""
    return _MOVES[move][1]
