"""What every way of handing a booking over has in common: an item in, and it is taken or an error says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx

SECONDS = 20.0  # for one attempt; the worker's claim lasts longer
AWAY = (  # codes of failed attempts that speak of the target, and not of what was sent
    *("ConnectError", "ConnectTimeout", "ReadError", "ReadTimeout", "WriteError", "WriteTimeout"),
    *("RemoteProtocolError", "SMTPConnectError", "SMTPServerDisconnected", "http 502", "http 503", "http 504"),
    *("ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError", "TimeoutError", "OSError", "gaierror"),
)

Say = Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """One change of a booking. `id` is the same at every attempt; `booking` as in `bot.store.bookings.as_payload`;
    `was_booked`: an earlier change had confirmed it."""

    id: str
    kind: str
    at: datetime
    booking: Mapping[str, Any]
    was_booked: bool = False

    @property
    def starts_at(self) -> datetime | None:
        """The time asked for or agreed, in UTC."""
        start = self.booking.get("starts_at")
        return datetime.fromisoformat(start) if start else None


class NotTaken(Exception):
    """The target did not take the item; `code` is fit for a log, `retry_after` seconds if the target named them."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code, self.retry_after = code, retry_after


class Gone(NotTaken):
    """The target wants nothing more, ever (HTTP 410)."""


class Adapter(Protocol):
    """One target. `wants_latest_only` leaves out an item when the target has a later state of the booking already."""

    name: str
    wants_latest_only: bool

    async def deliver(self, item: Item, now: datetime) -> Say | None:
        """Hand the item over; returns what the patient is to be told, if anything. Raises NotTaken or Gone, OSError,
        httpx.HTTPError or smtplib.SMTPException; may be called again for an item the target has already."""
        ...


def check(answer: httpx.Response, now: datetime) -> None:
    """Raise Gone or NotTaken unless the status is 2xx. Redirects count as not taken."""
    if answer.status_code == httpx.codes.GONE:
        raise Gone("http 410")
    if not answer.is_success:
        raise NotTaken(f"http {answer.status_code}", _seconds(answer.headers.get("retry-after", ""), now))


def _seconds(value: str, now: datetime) -> float | None:
    """Retry-After, given as seconds or as a date."""
    if value.isdecimal():
        return float(value)
    try:
        return max((parsedate_to_datetime(value) - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None
