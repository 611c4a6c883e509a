"""The visit as a calendar file to download: `/calendar/<token>.ics`, behind a signed token that names one visit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.clinic.booking.calendar_file import CalendarEntry, calendar_file
from bot.clinic.booking.card import WITH_FILE, booking_of
from bot.clinic.booking.plan import clinic_from
from bot.clinic.content import load_content
from bot.handover.words import Words, load_words
from bot.handover.worker import utc_now
from bot.settings import Settings
from bot.store import bookings
from bot.store.engine import Sessions, reading
from bot.store.models import Booking


def create_router(settings: Settings, sessions: Sessions, clock: Callable[[], datetime] = utc_now) -> APIRouter:
    """The route, for the public app; raises ContentError or WordsError naming what is wrong."""
    content = load_content(settings.content)
    words = load_words(content, clinic_from(content.clinic))
    router = APIRouter()

    @router.get("/calendar/{token}.ics", include_in_schema=False)
    def download(token: str) -> Response:
        """The visit's file as it stands now; 404 for a wrong token, a visit that is gone, and one without a time."""
        booking_id = booking_of(settings.secret, token)
        with reading(sessions) as session:
            row = session.get(Booking, booking_id) if booking_id else None
            if row is None or row.starts_at is None or row.status not in WITH_FILE:
                raise HTTPException(404, "Not Found")
            file, name = _file(row, row.starts_at, words, clock()), f"visit-{row.reference.lower()}.ics"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex",
        }
        return Response(file, media_type="text/calendar; charset=utf-8", headers=headers)

    return router


def _file(row: Booking, start: datetime, words: Words, now: datetime) -> bytes:
    payload = bookings.as_payload(row)
    entry = CalendarEntry(
        reference=row.reference,
        start=start,
        minutes=words.clinic.minutes(row.treatment),
        status=row.status,
        summary=words.say("patient", "summary", payload),
        description=words.say("patient", "description", payload),
    )
    return calendar_file(entry, words.clinic, row.version, "PUBLISH", now)
