"""What staff call a patient who gave no name: drawn at random, so it tells nothing about the person."""

from __future__ import annotations

import secrets

_COLOURS = "Amber Blue Copper Coral Golden Green Grey Indigo Ivory Jade Olive Pearl Rose Ruby Scarlet Silver"
_BIRDS = """
    Avocet Bunting Crane Curlew Dunlin Egret Falcon Finch Gannet Heron Ibis Jay Kestrel Kite Lapwing Linnet
    Martin Merlin Oriole Osprey Petrel Pipit Plover Puffin Robin Sandpiper Siskin Swallow Swift Tern Wagtail Wren
"""


def new_pseudonym() -> str:
    """For example "Blue Heron 42"; about 46,000 differ, so two patients rarely share one."""
    colour, bird = secrets.choice(_COLOURS.split()), secrets.choice(_BIRDS.split())
    return f"{colour} {bird} {secrets.randbelow(90) + 10}"
