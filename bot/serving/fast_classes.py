"""`isinstance` for Rasa's events without the machinery of abstract base classes. Part of bot/serving/fast.py.

Rasa's events are abstract base classes, which ask a register of virtual subclasses each time; no event is one. A turn
asks more than a thousand times, and a plain class answers in a quarter of the time.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Any


class Plain(ABCMeta):
    """Classes that are abstract until they are complete, and otherwise like any class."""

    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__


def make_plain(root: type[Any]) -> None:
    """Make a class and all its subclasses, present and to come, answer like plain classes."""
    root.__class__ = Plain  # type: ignore[assignment]
    for kind in root.__subclasses__():
        make_plain(kind)
