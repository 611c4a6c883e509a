"""JSON of the hot paths: orjson where it says the same as Python's own, which does the rest.

Left to Python's: whole numbers beyond 64 bits, NaN and Infinity, keys that are no text, half characters.
"""

from __future__ import annotations

import json
import marshal
import re
from typing import Any

import orjson

# What Python's refuses is refused here too; numpy's numbers, which are subclasses of Python's, are not.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SERIALIZE_NUMPY
_LONG = re.compile(rb"(?<![.\d])\d{19}")  # maybe a whole number that orjson would round; nearly always absent
_DIGITS, _NINETEEN = bytes.maketrans(b"123456789", b"0" * 9), b"0" * 19  # found ten times as quickly as by a pattern
_ENDLESS = re.compile(rb"g.{6}[\xf0-\xff][\x7f\xff]", re.DOTALL)  # a float as marshal writes it, NaN or infinite


def to_json(value: Any) -> bytes:
    """A value as JSON in UTF-8. Raises TypeError for what is no JSON."""
    text = _orjsons(value)
    return _pythons(value) if text is None else text


def from_json(text: bytes) -> Any:
    """The value of a JSON text. Raises ValueError."""
    if _NINETEEN in text.translate(_DIGITS) and _LONG.search(text):
        return json.loads(text)
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


def copied(value: Any) -> Any:
    """The value as it arrives when sent as JSON: it shares nothing with the first. Raises TypeError as to_json."""
    text = _orjsons(value)
    return json.loads(_pythons(value)) if text is None else orjson.loads(text)


def _orjsons(value: Any) -> bytes | None:
    """The text, None where Python's own would say something else or refuse."""
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return None
    return None if b"null" in text and _may_be_endless(value) else text


def _pythons(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _may_be_endless(value: Any) -> bool:
    """Whether a NaN or Infinity, which orjson writes as null, may be within; marshal looks in a few microseconds."""
    try:
        return _ENDLESS.search(marshal.dumps(value, 2)) is not None
    except ValueError:  # a kind of value that marshal does not know
        return True
