"""The clinic's website as a Rasa input channel: sessions, messages, history and a stream of what arrives later.

Every error is problem JSON. In credentials.yml: `bot.channels.website.WebsiteChannel: {}`
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial, wraps
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from bot.channels import thumbs
from bot.channels.apology import apology
from bot.channels.feed import Feed, TooManyWatchers
from bot.channels.incoming import LARGEST_BODY, read_message
from bot.channels.leftovers import keep_working_off
from bot.channels.line import Asked, Line, here
from bot.channels.records import Records
from bot.channels.tokens import BadToken, Tokens
from bot.channels.turns import Ask, NotStored, Turns, log_error
from bot.channels.understanding import understood_by
from bot.channels.website_moves import Moves
from bot.limits import RATES, Limits, TooFast, visitor
from bot.problems import CONTENT_TYPE, Problem, Problems
from bot.settings import Settings
from bot.store import inline
from bot.store.conversations import UnknownConversation
from bot.store.engine import Sessions

log = logging.getLogger(__name__)

NAME = "website"
OPENING = "/start_chat"  # what Rasa hears when a chat is opened; a rule answers with the welcome
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 25 * 60.0  # a stream ends cleanly before Rasa's server would cut it; the page comes back by itself
ON_THE_LINE = {"message": "message", "session": "open"}  # requests that come without HTTP too, and their handlers
LAST_SECONDS = 8.0  # given to turns under way when the server stops

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse | None]]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(timezone.utc)


@dataclass
class Website:
    """What the channel is made of. Tests make their own."""

    sessions: Sessions
    tokens: Tokens
    limits: Limits
    problems: Problems
    topics: Mapping[str, str]
    placeholders: Mapping[str, str]
    shared: bool = False
    others: bool = False
    visit_record_days: int = 0
    clock: Clock = utc_now
    heartbeat: float = HEARTBEAT_SECONDS
    line: Path | None = None  # the socket on which the web process may ask without HTTP
    records: Records = field(init=False)

    def __post_init__(self) -> None:
        self.records = Records(self.sessions, NAME, self._title, self.visit_record_days)

    def _title(self, intent: str) -> str:
        return self.topics.get(intent) or intent.replace("_", " ").capitalize()


def website(settings: Settings, rates: Mapping[str, str] = RATES) -> Website:
    """The parts as the settings want them; raises SettingError or ContentError naming what is wrong."""
    from bot.clinic.content import load_content
    from bot.store.opening import open_store

    content = load_content(settings.content)
    return Website(
        sessions=open_store(settings),
        tokens=Tokens(settings.secret, NAME),
        limits=Limits(settings.redis_url, rates),
        problems=Problems(content.placeholders()),
        topics=content.next_steps.topics,
        placeholders=content.placeholders(),
        shared=settings.redis_url is not None,
        others=settings.rasa_processes > 1,
        visit_record_days=content.clinic.privacy.visit_record_days,
        line=here(),
    )


class WebsiteChannel(InputChannel):
    """Rasa's door for the website. Keys in credentials.yml, all optional: `rates: {message: 120/minute, …}`."""

    def __init__(self, parts: Website) -> None:
        self.parts = parts

    @classmethod
    def name(cls) -> str:
        return NAME

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> WebsiteChannel:
        return cls(website(Settings.from_env(), (credentials or {}).get("rates") or RATES))

    def blueprint(self, on_new_message: Ask) -> Blueprint:
        """The routes, for Rasa's server to mount under /webhooks/website."""
        door = Door(self.parts, on_new_message)
        blueprint = Blueprint(NAME)
        for method, path, handler in (
            ("POST", "/session", door.open),
            ("POST", "/message", door.message),
            ("GET", "/history", door.history),
            ("POST", "/feedback", door.feedback),
            ("POST", "/move", door.move),
            ("GET", "/stream", door.stream),
            ("GET", "/health", door.health),
        ):
            blueprint.add_route(_answering(self.parts.problems, handler), path, methods=[method], name=path[1:])
        blueprint.listener("before_server_start")(door.start)
        blueprint.listener("before_server_stop")(door.stop)
        return blueprint


class Door:
    """The handlers of one server process."""

    def __init__(self, parts: Website, on_new_message: Ask) -> None:
        self.parts = parts
        self.records = parts.records
        self._ask = on_new_message
        self._moves = Moves(parts.sessions, parts.records, parts.tokens, NAME, parts.clock)
        self._turns: Turns | None = None
        self._feed: Feed | None = None
        self._leftovers: asyncio.Task[None] | None = None
        self._line: Line | None = None
        self._app: Any = None

    async def start(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Build what belongs to this process's event loop."""
        self._app = app
        say_sorry = partial(apology, app, self.parts.placeholders)
        self._turns = Turns(NAME, self._ask, self.records, say_sorry, self.parts.clock, self.parts.shared)
        self._turns.understand = partial(understood_by, app)
        self._turns.others = self.parts.others
        self._feed = Feed(self.parts.sessions)
        self._leftovers = asyncio.create_task(keep_working_off(self._turns))
        if self.parts.line is not None:
            handlers = {name: _answering(self.parts.problems, getattr(self, of)) for name, of in ON_THE_LINE.items()}
            self._line = Line(self.parts.line, handlers)
            await self._line.open()

    async def stop(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        """End the streams and let turns under way come to their end."""
        if self._leftovers is not None:
            self._leftovers.cancel()
        if self._line is not None:
            self._line.close()
        await self.feed.close()
        await self.turns.finish(LAST_SECONDS)
        if self._line is not None:
            self._line.hang_up()

    @property
    def turns(self) -> Turns:
        assert self._turns is not None, "the server has not started"
        return self._turns

    @property
    def feed(self) -> Feed:
        assert self._feed is not None, "the server has not started"
        return self._feed

    async def open(self, request: Request | Asked) -> HTTPResponse:
        """POST session: a conversation, its token, and the bot's first words in its history."""
        if len(request.body) > LARGEST_BODY:
            raise Problem("too_large", limit=LARGEST_BODY // 1024)
        await self.parts.limits.hit(("session", _address(request)))
        self._need_agent()
        now = self.parts.clock()
        conversation_id = await inline.run(self.records.open, now)
        await self.turns.greet(conversation_id, OPENING)
        issued = self.parts.tokens.issue(conversation_id, now)
        body = {"token": issued.token, "conversation_id": conversation_id, "expires_in": issued.expires_in}
        return _json(body, 201)

    async def message(self, request: Request | Asked) -> HTTPResponse:
        """POST message: the bot's answer, complete."""
        conversation_id = self._visitor(request)
        message = read_message(request.body)
        await self.parts.limits.hit(("message", conversation_id), ("address", _address(request)))
        if self._moves.concerns(message):
            await self.parts.limits.hit(("code", _address(request)))
            return _json({"messages": await asyncio.to_thread(self._moves.take, conversation_id, message)})
        self._need_agent()
        messages = await self.turns.answer(conversation_id, message)
        self.feed.wake()
        return _json({"messages": messages})

    async def history(self, request: Request) -> HTTPResponse:
        """GET history: the conversation so far, with the thumbs given."""
        conversation_id = self._visitor(request)
        await self.parts.limits.hit(("history", conversation_id), ("address", _address(request)))
        said = await asyncio.to_thread(self.records.history, conversation_id)
        given = await asyncio.to_thread(thumbs.given, self.parts.sessions, conversation_id)
        return _json({"messages": thumbs.with_thumbs(said, given)})

    async def feedback(self, request: Request) -> HTTPResponse:
        """POST feedback: a thumb under one of the bot's answers; the last one counts."""
        conversation_id = self._visitor(request)
        opinion = thumbs.read_opinion(request.body)
        await self.parts.limits.hit(("message", conversation_id), ("address", _address(request)))
        await asyncio.to_thread(thumbs.keep, self.parts.sessions, conversation_id, opinion, self.parts.clock())
        return _json({"message_id": opinion.message_id, "thumb": opinion.thumb})

    async def move(self, request: Request) -> HTTPResponse:
        """POST move: a code with which this chat goes on in another channel."""
        conversation_id = self._visitor(request)
        await self.parts.limits.hit(("message", conversation_id), ("address", _address(request)))
        return _json(await asyncio.to_thread(self._moves.give, conversation_id), 201)

    async def health(self, request: Request) -> HTTPResponse:
        """GET health: 200 when the bot can answer, and no action in this process has stopped coming to its end."""
        self._need_agent()
        actions = getattr(getattr(self._app.ctx, "agent", None), "action_endpoint", None)
        if getattr(actions, "is_stuck", bool)():
            raise Problem("away", retry_after=5)
        return _json({"status": "ok"})

    async def stream(self, request: Request) -> HTTPResponse | None:
        """GET stream: what bot and staff say from now on, or after the message named in Last-Event-ID or `?after=`."""
        conversation_id = self._visitor(request)
        await self.parts.limits.hit(("stream", conversation_id), ("address", _address(request)))
        after = request.headers.get("last-event-id") or request.args.get("after")
        async with self.feed.watch(conversation_id, after) as watcher:
            response = await request.respond(content_type="text/event-stream", headers=_STREAM_HEADERS)
            await response.send("retry: 2000\n\n")
            loop = asyncio.get_running_loop()
            until = loop.time() + STREAM_SECONDS
            while loop.time() < until:
                try:
                    said = await asyncio.wait_for(watcher.queue.get(), self.parts.heartbeat)
                except asyncio.TimeoutError:
                    await response.send(": still here\n\n")
                    continue
                if said is None:
                    break
                await response.send(f"id: {said['id']}\nevent: message\ndata: {json.dumps(said)}\n\n")
            await response.eof()
        return None

    def _visitor(self, request: Request | Asked) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise BadToken("no token")
        return self.parts.tokens.read(token.strip(), self.parts.clock())

    def _need_agent(self) -> None:
        agent = getattr(self._app.ctx, "agent", None)
        if agent is not None and not agent.is_ready():
            raise Problem("away", retry_after=5)


_STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def _answering(problems: Problems, handler: Handler) -> Handler:
    """The one place where errors become answers."""

    @wraps(handler)
    async def answer(request: Request | Asked, *args: Any, **kwargs: Any) -> HTTPResponse | None:
        try:
            return await handler(request, *args, **kwargs)
        except Exception as error:
            problem = _problem(error)
            body = problems.body(problem)
            return json_response(
                body, status=body["status"], headers=problems.headers(problem), content_type=CONTENT_TYPE
            )

    return answer


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, (BadToken, UnknownConversation)):
        return Problem("bad_token")
    if isinstance(error, TooFast):
        return Problem("too_fast", retry_after=error.retry_after, seconds=error.retry_after)
    if isinstance(error, TooManyWatchers):
        return Problem("too_fast", retry_after=30, seconds=30)
    if not isinstance(error, NotStored):
        log_error("a request failed", error)
    return Problem("away", retry_after=5)


def _json(body: Mapping[str, Any], status: int = 200) -> HTTPResponse:
    return json_response(body, status=status, headers={"Cache-Control": "no-store"})


def _address(request: Request | Asked) -> str:
    """Whose request it is: the web process in front, on loopback, says so in X-Forwarded-For."""
    forwarded = request.headers.get("x-forwarded-for", "")
    return visitor(forwarded.rsplit(",", 1)[-1].strip() or str(request.ip))
