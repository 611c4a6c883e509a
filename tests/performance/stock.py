"""Rasa's own functions, taken before bot/serving/fast.py replaces any, and a way to have both at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.serving import fast

_INHERITED = object()


def stock() -> dict[str, Any]:
    """What stands at each replaced place before the replacement, by path."""
    return {one.path: vars(one.place()[0]).get(one.place()[1], _INHERITED) for one in fast.REPLACEMENTS}


STOCK = stock()


@contextmanager
def installed() -> Iterator[None]:
    """The replacements in place, and Rasa as it was afterwards."""
    fast.install()
    try:
        yield
    finally:
        for one in fast.REPLACEMENTS:
            owner, name = one.place()
            if STOCK[one.path] is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, STOCK[one.path])
