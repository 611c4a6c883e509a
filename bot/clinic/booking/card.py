"""What a message about a visit carries for the page besides its words: instants, the clinic's zone, the calendar file.

The page shows them on the patient's own clock (docs/booking.md); texts and buttons are on the clinic's.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.turns import show_short

Card = dict[str, Any]
WITH_FILE = ("proposed", "pending", "booked", "cancelled", "arrived", "fulfilled")
_SIGNED = 32  # hex digits of the signature


def visit_card(  # noqa: PLR0913, PLR0917 - a visit as its patient may see it
    clinic: Clinic, reference: str, status: str, start: datetime | None, treatment: str | None, calendar: str = ""
) -> Card:
    """The card of one visit, as a confirmation. `calendar` is the path of its file, empty when there is none."""
    card: Card = {"kind": "confirmation", "reference": reference, "status": status}
    if start is None:
        return card
    card |= time_card(clinic, start, treatment)
    return card | {"calendar": calendar} if calendar and status in WITH_FILE else card


def time_card(clinic: Clinic, start: datetime, treatment: str | None) -> Card:
    """One moment that is read back: ISO 8601 with the clinic's offset, minutes, and the clinic's zone."""
    local = clinic.local(start)
    return {"starts_at": local.isoformat(), "minutes": clinic.minutes(treatment), "time_zone": clinic.time_zone.key}


def times_card(clinic: Clinic, times: Sequence[datetime]) -> Card:
    """Moments that are offered, each with the title of its button."""
    listed = [clinic.local(start) for start in times]
    shown = [{"title": show_short(start), "starts_at": start.isoformat()} for start in listed]
    return {"time_zone": clinic.time_zone.key, "times": shown} if shown else {}


def calendar_path(secret: str, booking_id: str) -> str:
    """The path of a visit's calendar file, which opens that file and nothing else; empty without a secret."""
    return f"/calendar/{booking_id}.{_signature(secret, booking_id)}.ics" if secret else ""


def booking_of(secret: str, token: str) -> str | None:
    """The id of the visit whose file a path's token opens; None for one that is not ours."""
    booking_id, _, signature = token.rpartition(".")
    is_ours = bool(secret) and hmac.compare_digest(signature.encode(), _signature(secret, booking_id).encode())
    return booking_id if is_ours else None


def _signature(secret: str, booking_id: str) -> str:
    return hmac.digest(secret.encode(), f"calendar:{booking_id}".encode(), "sha256").hex()[:_SIGNED]
