"""Errands: events for Rasa's tracker through its own HTTP API, emails, and alerts to the team's own channels.

An alert says that something waits, never what a patient wrote.
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx

from bot.desk import mail
from bot.desk.context import Desk
from bot.desk.present import KINDS
from bot.store import desk_bookings, desk_queue, errands
from bot.store.desk_models import Errand, ErrandKind
from bot.store.engine import reading, unit_of_work

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=30)
ALERT_WITHIN = timedelta(hours=1)  # older items have been seen, or the alerts were switched on just now
Do = Callable[[Errand], Awaitable[None]]


class TooLate(Exception):
    """What was to be said would come after the fact."""


async def tell_trackers(desk: Desk, client: httpx.AsyncClient) -> None:
    """Append pause, resume and what staff said to the trackers of their conversations."""

    async def append(errand: Errand) -> None:
        url = f"{desk.settings.rasa_url}/conversations/{quote(errand.conversation_id, safe='')}/tracker/events"
        answer = await client.post(url, params={"token": desk.settings.rasa_token}, json=errand.payload)
        answer.raise_for_status()

    await _work(desk, "tracker", append, (httpx.HTTPError,))


async def send_emails(desk: Desk, client: httpx.AsyncClient) -> None:
    """Send the replies that patients get by email."""
    url = mail.smtp_url(desk)
    if not url:
        return
    sender = desk.content.clinic.email

    async def send(errand: Errand) -> None:
        text = errand.payload
        if not await asyncio.to_thread(_is_still_right, desk, text):
            return
        await asyncio.to_thread(mail.send, url, sender, text["to"], text["subject"], text["text"])

    await _work(desk, "email", send, (OSError, smtplib.SMTPException))


async def alert_staff(desk: Desk, client: httpx.AsyncClient) -> None:
    """Alert the team once for each new danger and each patient who waits for a person."""
    url = getattr(desk.settings, "alert_url", "") or ""
    if not url:
        return
    await asyncio.to_thread(_queue_alerts, desk)

    async def send(errand: Errand) -> None:
        what = errand.payload
        base = desk.settings.public_url or desk.content.clinic.url.rstrip("/")
        words = f"{KINDS[what['kind']]}: {what['who']}. {base}/desk?kind={what['kind']}"
        if not await asyncio.to_thread(_notify, url, words):
            raise ConnectionError("no service took the alert")

    await _work(desk, "alert", send, (ConnectionError,))


def _is_still_right(desk: Desk, letter: Mapping[str, Any]) -> bool:
    """Whether the visit that a letter speaks of is still as it was. Raises TooLate once its time has come."""
    if "visit" not in letter:
        return True
    with reading(desk.sessions) as session:
        row = desk_bookings.by_id(session, [letter["visit"]]).get(letter["visit"])
        if row is None or row.version != letter["version"]:
            return False
        if row.starts_at is not None and row.starts_at <= desk.clock():
            raise TooLate
    return True


def _queue_alerts(desk: Desk) -> None:
    now = desk.clock()
    with reading(desk.sessions) as session:
        news = desk_queue.not_alerted(session, now - ALERT_WITHIN)
    if not news:
        return
    with unit_of_work(desk.sessions) as session:
        for item_id, conversation_id, kind, who in news:
            payload = {"kind": kind, "who": who}
            errands.put(session, "alert", conversation_id, payload, now, key=f"alert:{item_id}")
        session.commit()


def _notify(url: str, words: str) -> bool:
    import apprise

    sender = apprise.Apprise()
    return sender.add(url) and bool(sender.notify(body=words, title="Front desk"))


async def _work(desk: Desk, kind: ErrandKind, do: Do, passing: tuple[type[Exception], ...]) -> None:
    """Do what is due of a kind until nothing is; what fails for a passing reason is tried again later."""
    while True:
        rows = await asyncio.to_thread(_claim, desk, kind)
        for row in rows:
            error: Exception | None = None
            try:
                await do(row)
            except (*passing, TooLate) as expected:
                error = expected
            except Exception as unexpected:  # one errand that cannot be done holds up no other
                log.error("an errand (%s) failed: %s", kind, type(unexpected).__name__)
                error = unexpected
            await asyncio.to_thread(_note, desk, row, error)
        if not rows:
            return


def _claim(desk: Desk, kind: ErrandKind) -> list[Errand]:
    now = desk.clock()
    with reading(desk.sessions) as session:
        if not errands.waiting(session, kind, now):
            return []
    with unit_of_work(desk.sessions) as session:
        rows = errands.claim(session, kind, now, now + CLAIM)
        session.commit()
        return rows


def _note(desk: Desk, row: Errand, error: Exception | None) -> None:
    with unit_of_work(desk.sessions) as session:
        if error is None:
            errands.done(session, row.position, desk.clock())
        elif isinstance(error, TooLate):
            errands.give_up(session, row.position, desk.clock())
        else:
            errands.failed(session, row, desk.clock())
        session.commit()
