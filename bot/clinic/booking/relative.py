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
_CLOCK = re.compile(r"\d[:.]\d\d|\bat \d|\d ?[ap]m|morning|afternoon|evening|noon|midday|lunch", re.IGNORECASE)


def spelled_out(text: str, start: datetime | None) -> str:
    """The text with what it says of the visit's present time (on the clinic's clock) as dates and times."""
    if start is None:
        return text
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
