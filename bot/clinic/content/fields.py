"""The small values of the content (times, button titles, payloads …), each refusing with the cure in its message."""

from __future__ import annotations

import json
import re
from datetime import date, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Treatment = Literal["facial", "hair", "no_needle", "body"]
Concern = Literal[
    "cellulite",
    "stretch_marks",
    "scar",
    "blemish",
    "wrinkles",
    "dark_circles",
    "hair_loss",
    "dandruff",
    "local_fat",
    "pain",
]
Value = Literal["yes", "no", "unsure", "past", "partial", "refused"]
TITLE_LENGTH = 20


class Base(BaseModel):
    """A part of the content: read-only, and no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _clock(value: Any) -> time:
    text = value if isinstance(value, str) else ""
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        return time.fromisoformat(text)
    meant = f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) and 0 <= value < 1440 else "17:30"
    raise ValueError(f'{value!r} is not a time; write it in quotes, as "{meant}"')


def _day(value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f'{value!r} is not a date; write year-month-day, as "2027-01-31"') from None


def _title(value: str) -> str:
    if not 0 < len(value) <= TITLE_LENGTH:
        raise ValueError(f'"{value}" has {len(value)} characters; a button shows 1 to {TITLE_LENGTH}')
    return value


def _payload(value: str) -> str:
    found = re.fullmatch(r"/[a-z_]+(\{.*\})?", value)
    try:
        fine = found is not None and isinstance(json.loads(found[1] or "{}"), dict)
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(f'"{value}" is not a payload; write /intent or /intent{{"entity": "value"}}')
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'"{value}" is not a time zone; use an IANA name, as Europe/Berlin') from None
    return value


def _phone(value: str) -> str:
    if not re.fullmatch(r"\+[0-9 ()-]{6,24}", value):
        raise ValueError(f'"{value}" is not a phone number; write it with the country code, as "+1 202 555 0143"')
    return value


def _quoted_word(value: Any) -> Any:
    if isinstance(value, bool):
        word = "yes" if value else "no"
        raise ValueError(f'{value} is what YAML makes of {word} without quotes; write "{word}"')
    return value


Clock = Annotated[time, BeforeValidator(_clock)]
Day = Annotated[date, BeforeValidator(_day)]
Title = Annotated[str, AfterValidator(_title), BeforeValidator(_quoted_word)]
Payload = Annotated[str, AfterValidator(_payload)]
Zone = Annotated[str, AfterValidator(_zone)]
Phone = Annotated[str, AfterValidator(_phone)]
AnswerValue = Annotated[Value, BeforeValidator(_quoted_word)]
Text = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
FactId = Annotated[str, Field(pattern=r"^F\d\d$")]
Topic = Annotated[str, Field(pattern=r"^ask_[a-z_]+$")]
