"""JSON of the hot paths: orjson where it says the same as Python's own, which does the rest.

Left to Python's: whole numbers beyond 64 bits, NaN and Infinity, keys that are no text, half characters.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

# What Python's refuses is refused here too; numpy's numbers, which are subclasses of Python's, are not.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SERIALIZE_NUMPY
_LONG = re.compile(rb"\d{19}")  # maybe a number that orjson would round; nearly always absent


def to_json(value: Any) -> bytes:
    """A value as JSON in UTF-8. Raises TypeError for what is no JSON."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def from_json(text: bytes) -> Any:
    """The value of a JSON text. Raises ValueError."""
    if _LONG.search(text):
        return json.loads(text)
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)
