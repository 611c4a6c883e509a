"""Messenger as a Rasa input channel: Meta's webhook on one side, the durable queue and its worker on the other.

In credentials.yml: `bot.channels.messenger.MessengerChannel: {}`. Settings and secrets come from the environment;
without them the channel answers 404 and starts nothing. docs/messenger.md
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

import httpx
from rasa.core.channels.channel import InputChannel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response
from sanic.response import text as text_response

from bot.channels.apology import apology
from bot.channels.messenger import graph
from bot.channels.messenger.delivery import Delivery
from bot.channels.messenger.events import NotAPage, read_body
from bot.channels.messenger.intake import Intake
from bot.channels.messenger.moves import Moves
from bot.channels.messenger.routing import Routing
from bot.channels.messenger.settings import MessengerSettings
from bot.channels.messenger.signature import HEADER, is_signed, same_token
from bot.channels.messenger.words import Words, load_words
from bot.channels.messenger.work import Answers, HearsDanger, Work
from bot.channels.messenger.worker import Worker
from bot.channels.records import Records
from bot.channels.turns import Ask, Turns
from bot.channels.understanding import understood_by
from bot.settings import Settings
from bot.store import messenger_queue
from bot.store.engine import Sessions, unit_of_work

log = logging.getLogger(__name__)

NAME = "messenger"
LARGEST_BODY = 1024 * 1024  # bytes; Meta batches at most 1,000 events, and keeps calls far below this
COUNT_SECONDS = 10.0
LAST_SECONDS = 8.0  # given to what is under way when the server stops

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(timezone.utc)


@dataclass
class Parts:
    """What the channel is made of. Tests make their own."""

    settings: MessengerSettings
    sessions: Sessions
    words: Words
    topics: Mapping[str, str]
    placeholders: Mapping[str, str]
    shared: bool = False
    public_url: str = ""
    visit_record_days: int = 0
    clock: Clock = utc_now
    works: bool = True  # False: the worker waits to be told (`worker.drain()`)


def parts(settings: Settings, messenger: MessengerSettings) -> Parts:
    """The parts as the settings want them; raises SettingError or ContentError naming what is wrong."""
    from bot.clinic.content import load_content
    from bot.store.opening import open_store

    content = load_content(settings.content)
    return Parts(
        settings=messenger,
        sessions=open_store(settings),
        words=load_words(settings.content, content.placeholders()),
        topics=content.next_steps.topics,
        placeholders=content.placeholders(),
        shared=settings.redis_url is not None or settings.rasa_processes > 1,
        public_url=settings.public_url,
        visit_record_days=content.clinic.privacy.visit_record_days,
    )


class MessengerChannel(InputChannel):
    """Rasa's door for Messenger. Not configured, it says so and does nothing else."""

    def __init__(self, made: Parts | None = None, missing: list[str] | None = None) -> None:
        self.parts = made
        self.missing = missing or []

    @classmethod
    def name(cls) -> str:
        return NAME

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> MessengerChannel:
        settings = MessengerSettings.from_env()
        if not settings.is_configured:
            level = logging.WARNING if settings.is_begun else logging.INFO  # a clinic need not be on Messenger
            log.log(level, "Messenger answers 404: %s not set", ", ".join(settings.missing))
            return cls(missing=settings.missing)
        return cls(parts(Settings.from_env(), settings))

    def blueprint(self, on_new_message: Ask) -> Blueprint:
        """The routes, for Rasa's server to mount under /webhooks/messenger."""
        if self.parts is not None:
            return routes(Door(self.parts, on_new_message))
        blueprint = Blueprint(NAME)
        blueprint.add_route(_not_configured, "/", methods=["GET", "POST"], name="not_configured")
        return blueprint


class Door:
    """The handlers of one server process, its queue's intake and its worker."""

    def __init__(self, made: Parts, on_new_message: Ask) -> None:
        self.parts = made
        self.counts: Counter[str] = Counter()  # since they were last written down
        self._ask = on_new_message
        self._http: httpx.AsyncClient | None = None
        self.worker: Worker | None = None
        self.intake = Intake(made.sessions, made.settings.page_id, made.clock, self._wake, self.counts)
        self._turns: Turns | None = None
        self._counting: asyncio.Task[None] | None = None

    async def start(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Build what belongs to this process's event loop, and begin to work off the queue."""
        made = self.parts
        records = Records(made.sessions, NAME, self._title, made.visit_record_days)
        self._http = graph.client()
        say_sorry = partial(apology, app, made.placeholders)
        self._turns = Turns(NAME, self._ask, records, say_sorry, made.clock, made.shared)
        self._turns.understand = partial(understood_by, app)
        self.worker = make_worker(made, records, self._turns, self._http, partial(_hears_danger, app))
        self.worker.quiet = self.intake.quiet
        if made.works:
            self.worker.start()
            self._counting = asyncio.create_task(self._keep_counts())

    async def stop(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Let what is under way come to its end; the rest stays in the queue."""
        if self._counting is not None:
            self._counting.cancel()
            await self.write_counts()
        if self.worker is not None:
            await self.worker.stop(LAST_SECONDS)
        if self._turns is not None:
            await self._turns.finish(LAST_SECONDS)
        if self._http is not None:
            await self._http.aclose()

    async def write_counts(self) -> None:
        """Add what was counted to the installation's figures; what cannot be written now is written later."""
        counts = dict(self.counts)
        self.counts.clear()
        if not counts:
            return
        try:
            await asyncio.to_thread(_count, self.parts.sessions, counts)
        except Exception as error:
            self.counts.update(counts)
            log.warning("Messenger's counts cannot be written: %s", type(error).__name__)

    async def _keep_counts(self) -> None:
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            await self.write_counts()

    async def verify(self, request: Request) -> HTTPResponse:
        """GET: Meta asks whether this address is ours, and wants its challenge back."""
        right = same_token(request.args.get("hub.verify_token"), self.parts.settings.verify_token)
        challenge = request.args.get("hub.challenge", "")
        if request.args.get("hub.mode") != "subscribe" or not right or not challenge.isalnum():
            return text_response("not verified", status=403)
        return text_response(challenge)

    async def receive(self, request: Request) -> HTTPResponse:
        """POST: events. Signed or refused; 200 as soon as they are safe in the queue, before any is worked on."""
        body = request.body
        if len(body) > LARGEST_BODY:
            return self._refuse("too_large", 413)
        if not is_signed(body, request.headers.get(HEADER), self.parts.settings.app_secret):
            return self._refuse("bad_signature", 403)
        settings = self.parts.settings
        try:
            reading = read_body(body, settings.page_id, settings.app_id, self.parts.clock())
        except NotAPage:
            return self._refuse("not_a_page", 404)
        except ValueError:
            return self._refuse("not_readable", 400)
        self.counts.update(reading.counts)
        try:
            await self.intake.put(reading.events)
        except Exception as error:  # Meta sends it again later; saying 200 now would lose it
            log.error("Messenger's events could not be stored: %s", type(error).__name__)
            return self._refuse("not_stored", 503)
        return text_response("EVENT_RECEIVED")

    def _refuse(self, why: str, status: int) -> HTTPResponse:
        self.counts[why] += 1
        log.warning("a call of Messenger's webhook was refused: %s", why)
        return text_response(why, status=status)

    def _wake(self) -> None:
        if self.worker is not None:
            self.worker.wake()

    def _title(self, intent: str) -> str:
        return self.parts.topics.get(intent) or intent.replace("_", " ").capitalize()


def make_worker(
    made: Parts, records: Records, turns: Answers, http: httpx.AsyncClient, hears_danger: HearsDanger
) -> Worker:
    """The worker with everything behind it."""
    sessions, words, clock = made.sessions, made.words, made.clock
    calls = graph.Graph(made.settings, http, clock=lambda: clock().timestamp())
    delivery = Delivery(sessions, calls, words, clock, made.public_url)
    routing = Routing(sessions, calls, words, clock)
    moves = Moves(sessions, records, words, clock)
    work = Work(sessions, records, turns, delivery, routing, moves, words, made.settings.page_id, hears_danger, clock)
    return Worker(sessions, work, delivery, routing, clock, made.shared)


def routes(door: Door) -> Blueprint:
    """A door's routes, and the worker that starts and stops with the server."""
    blueprint = Blueprint(NAME)
    # Sanic marks a handler as its own, which a bound method does not let it do; hence partial.
    blueprint.add_route(partial(door.verify), "/", methods=["GET"], name="verify")
    blueprint.add_route(partial(door.receive), "/", methods=["POST"], name="receive")
    blueprint.listener("after_server_start")(door.start)
    blueprint.listener("before_server_stop")(door.stop)
    return blueprint


def _count(sessions: Sessions, counts: Mapping[str, int]) -> None:
    with unit_of_work(sessions) as session:
        messenger_queue.count(session, counts)
        session.commit()


async def _hears_danger(app: Any, text: str) -> bool:
    """Whether Rasa's understanding finds a danger sign; True when it cannot say, so that the turn decides."""
    agent = getattr(app.ctx, "agent", None)
    if agent is None or not agent.is_ready():
        return True
    parsed = await agent.parse_message(text)
    return bool((parsed or {}).get("danger"))


async def _not_configured(request: Request) -> HTTPResponse:
    """Nothing of Messenger runs here."""
    return json_response({"error": "not configured"}, status=404)
