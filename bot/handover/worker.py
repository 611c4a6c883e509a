"""The worker of the hand-over: takes what changed from the outbox to every target, as often as it needs, in order.

Runs inside the web process; several processes may run one each. What fails waits longer and longer, apart for each
target; after ten attempts it stays as a dead letter that the desk can see and send again.
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

import httpx

from bot.clinic.booking.plan import clinic_from
from bot.clinic.content import load_content
from bot.handover import reminders
from bot.handover.adapters import AWAY, SECONDS, Adapter, Gone, Item, NotTaken, Say
from bot.handover.backoff import pause_after
from bot.handover.settings import HandoverSettings
from bot.handover.words import Words, load_words
from bot.settings import Settings
from bot.store import deliveries, desk_ownership, slots, slots_guesses
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.opening import open_store

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
MINUTE = 60.0
CLAIM = timedelta(seconds=3 * SECONDS)  # an attempt is cut off long before its claim ends
AT_ONCE = 8
PASSING = (NotTaken, httpx.HTTPError, smtplib.SMTPException, OSError, asyncio.TimeoutError)
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(timezone.utc)


async def run(
    settings: Settings,
    stop_event: asyncio.Event,
    *,
    handover: HandoverSettings | None = None,
    sessions: Sessions | None = None,
    clock: Clock = utc_now,
) -> None:
    """Hand over until `stop_event` is set. Raises SettingError at once when a setting of the hand-over is wrong."""
    handover = handover or HandoverSettings.from_env()
    content = load_content(settings.content)
    words = load_words(content, clinic_from(content.clinic))
    sessions = sessions or open_store(settings)
    worker = Worker(sessions, adapters(handover, words), clock)
    remind = partial(reminders.send_due, sessions, words, by_email=bool(handover.smtp_url), secret=settings.secret)
    await asyncio.gather(worker.work(stop_event), look_after(sessions, remind, stop_event, clock))


async def look_after(
    sessions: Sessions, remind: Callable[[datetime], int], stop_event: asyncio.Event, clock: Clock
) -> None:
    """Once a minute until `stop_event`: remind who is due, forget holds that ran out and guesses that count no more."""
    while not stop_event.is_set():
        try:
            await asyncio.to_thread(remind, clock())
            await asyncio.to_thread(_tidy, sessions, clock())
        except Exception as error:  # the database is away: it is done a minute later
            log.warning("reminders cannot be written: %s", type(error).__name__)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop_event.wait(), MINUTE)


def _tidy(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        slots.tidy(session, now)
        slots_guesses.tidy(session, now)
        session.commit()


def adapters(handover: HandoverSettings, words: Words) -> list[Adapter]:
    """The targets that the settings switch on."""
    from bot.handover.calendar_mail import CalendarMail
    from bot.handover.fhir import FhirTarget
    from bot.handover.scheduling_links import SchedulingLinks
    from bot.handover.webhook import WebhookTarget

    found: list[Adapter] = []
    if handover.webhook_url:
        found.append(WebhookTarget(handover.webhook_url, handover.webhook_secrets))
    if handover.fhir_url:
        system = f"{words.content.clinic.url.rstrip('/')}/booking"
        found.append(FhirTarget(handover.fhir_url, handover.fhir_token, words.clinic, system))
    if handover.calendar_email:
        found.append(CalendarMail(handover.smtp_url, words, handover.calendar_email))
    if handover.invite_patients:
        found.append(CalendarMail(handover.smtp_url, words, to_patient=True))
    if handover.scheduling_links:
        found.append(SchedulingLinks(handover.scheduling_links, words))
    return found


@dataclass
class Worker:
    """Works off the outbox for some targets."""

    sessions: Sessions
    adapters: Sequence[Adapter]
    clock: Clock = utc_now
    poll_seconds: float = POLL_SECONDS

    async def work(self, stop_event: asyncio.Event) -> None:
        """Deliver what is due, wait a little, look again; whatever goes wrong in between passes."""
        while not stop_event.is_set():
            try:
                await self.drain(stop_event)
            except Exception as error:  # the database is away: everything waits in it
                log.warning("the hand-over cannot read or note: %s", type(error).__name__)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop_event.wait(), self.poll_seconds)

    async def drain(self, stop_event: asyncio.Event | None = None) -> None:
        """Deliver until nothing is due."""
        while stop_event is None or not stop_event.is_set():
            claimed = await asyncio.to_thread(self._claim)
            if not claimed:
                return
            await asyncio.gather(*(self._deliver(one) for one in claimed))

    async def _deliver(self, claimed: deliveries.Claimed) -> None:
        adapter = next(one for one in self.adapters if one.name == claimed.target)
        error: Exception | None = None
        say: Say | None = None
        try:
            if not (claimed.is_superseded and adapter.wants_latest_only):
                told = claimed.item
                item = Item(told.id, told.kind, told.created_at, told.payload, claimed.was_booked)
                say = await asyncio.wait_for(adapter.deliver(item, self.clock()), SECONDS + 5)
        except PASSING as passing:
            error = passing
        except Exception as unexpected:  # a fault of ours: it is tried again, and seen as a dead letter in the end
            log.error("handing over to %s failed: %s", adapter.name, type(unexpected).__name__)
            error = unexpected
        await asyncio.to_thread(self._note, claimed, say, error)

    def _claim(self) -> list[deliveries.Claimed]:
        now = self.clock()
        names = [adapter.name for adapter in self.adapters]
        with reading(self.sessions) as session:
            if not deliveries.anything(session, names, now):
                return []
        with unit_of_work(self.sessions) as session:
            while deliveries.spread(session, names, now):
                session.flush()
            claimed = deliveries.claim(session, names, now, now + CLAIM, AT_ONCE)
            session.commit()
            return claimed

    def _note(self, claimed: deliveries.Claimed, say: Say | None, error: Exception | None) -> None:
        """The outcome, and what the patient is told, in one transaction."""
        now = self.clock()
        with unit_of_work(self.sessions) as session:
            if error is None:
                is_first = deliveries.delivered(session, claimed.position, now)
                deliveries.hurry(session, claimed.target, AWAY, now)
                if is_first and say is not None and claimed.item.conversation_id is not None:
                    desk_ownership.tell_patient(session, claimed.item.conversation_id, None, say, now)
            elif isinstance(error, Gone):
                log.warning("the target %s wants nothing more; it is switched off", claimed.target)
                deliveries.disable(session, claimed.target, now)
            else:
                wish = error.retry_after if isinstance(error, NotTaken) else None
                pause = pause_after(claimed.number, claimed.item.id, wish)
                again = None if pause is None else now + pause
                deliveries.failed(session, claimed.position, _code(error), again, now)
            session.commit()


def _code(error: Exception) -> str:
    return error.code if isinstance(error, NotTaken) else type(error).__name__
