"""Fills booking's plain diary from the clinic's checked content."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.clinic.booking.clinic import Clinic, Series, Treatment
from bot.clinic.booking.contact import region_of
from bot.clinic.booking.turns import UNDECIDED

_latest: tuple[Any, Clinic] | None = None


def clinic_from(content: Any) -> Clinic:
    """The diary of the clinic described by `content` (the checked clinic.yml, `bot.clinic.content.model.Clinic`).

    Every turn asks for it, so the latest is kept, with the starts that it has worked out.
    """
    global _latest  # noqa: PLW0603 - like a cache of one; the content is checked and never changed in place
    kept = _latest
    if kept is None or kept[0] is not content:
        kept = _latest = content, _made(content)
    return kept[1]


def _made(content: Any) -> Clinic:
    openings = enumerate(opening for _, opening in content.hours.days)
    return Clinic(
        time_zone=ZoneInfo(str(content.time_zone)),
        hours={weekday: one.periods for weekday, one in openings if one is not None},
        treatments={one.id: Treatment(one.id, one.title, one.minutes, _series(one)) for one in content.treatments},
        closed_days=frozenset(one.date for one in content.closed_days),
        rooms=content.booking.rooms,
        lead_time=timedelta(hours=content.booking.lead_time_hours),
        horizon_days=content.booking.horizon_days,
        step_minutes=content.booking.step_minutes,
        region=region_of(content.phone),
        name=content.name,
        phone=content.phone,
        email=content.email,
        address=content.address,
        titles={UNDECIDED: getattr(content.phrases, UNDECIDED, "")},
    )


def _series(treatment: Any) -> Series | None:
    course = getattr(treatment, "series", None)
    return Series(course.least, course.most, tuple(course.weeks), course.fact) if course else None
