"""Wishes told by the visit one has already: "same time on Friday", "an hour later", "a week later"."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

_COUNTS = {"a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "half an": 0.5}
_UNITS = {unit: timedelta(**{f"{unit}s": 1}) for unit in ("minute", "hour", "day", "week")}
_SAME_TIME = re.compile(r"\b(?:at )?(?:the )?same (?:time|hour)\b", re.IGNORECASE)
_SAME_DAY = re.compile(r"\b(?:on )?(?:the )?same day\b(?! next)", re.IGNORECASE)
_SHIFT = re.compile(
    r"\b(half an|an?|one|two|three|\d{1,2}) (minute|hour|day|week)s? "
    r"(later|after(?: that)?|earlier|sooner|before(?: that)?)(?=\W*$|,| if| please| would| works| is| at| in)",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"\b\d{1,2}[:.]\d\d\b|\b(?:at|to|make (?:it|that)) \d{1,2}\b|\d ?[ap]\.?m\b|o'? ?clock"
    r"|\b(?:half|quarter) (?:past|to)\b|\bnoon\b",
    re.IGNORECASE,
)
_LONG = re.compile(r"\d(?:[ ()/-]*\d){4}")
_CLOCK = re.compile(r"\d[:.]\d\d|\bat \d|\d ?[ap]m|morning|afternoon|evening|noon|midday|lunch", re.IGNORECASE)


def is_clock(text: str) -> bool:
    """Whether the text says an hour as people say one, and holds no longer number, such as a phone number's."""
    return _HOUR.search(text) is not None and _LONG.search(text) is None


def spelled_out(text: str, start: datetime | None, *, is_hour_only: bool = False) -> str:
    """The text with what it says of the visit's present time (on the clinic's clock) as dates and times.

    `is_hour_only`: it names an hour and no day ("can it be 18:00?"), which means the day one has.
    """
    if start is None:
        return text
    if is_hour_only and not _SHIFT.search(text):
        return f"{start:%Y-%m-%d} {text}"
    text = _SAME_TIME.sub(f"at {start:%H:%M}", text)
    text = _SAME_DAY.sub(f"{start:%Y-%m-%d}", text)
    return _SHIFT.sub(_moved(start, says_when=bool(_CLOCK.search(_SHIFT.sub("", text)))), text)


def _moved(start: datetime, *, says_when: bool) -> Callable[[re.Match[str]], str]:
    def spell(match: re.Match[str]) -> str:
        count = _COUNTS.get(match[1].lower()) or float(match[1])
        span = _UNITS[match[2].lower()] * count
        is_later = match[3].lower().startswith(("later", "after"))
        moment = start + (span if is_later else -span)  # on the wall clock: a week later is at the same hour
        return f"{moment:%Y-%m-%d}" if says_when else f"{moment:%Y-%m-%dT%H:%M}"

    return spell
