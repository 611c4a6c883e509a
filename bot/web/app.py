"""The public web app: the clinic's page with the chat, the way to the bot, and what shows whether all is well."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bot import desk
from bot.clinic.content import Content, load_content
from bot.desk import inbound
from bot.handover import calendar_route, worker
from bot.handover.settings import HandoverSettings
from bot.problems import CONTENT_TYPE, Problem, Problems
from bot.serving import content_live
from bot.serving.figures import ClinicFigures
from bot.settings import Settings
from bot.store.engine import Sessions
from bot.store.opening import open_store
from bot.web import notice
from bot.web.bodies import BodyLimits
from bot.web.doors import WEBSITE, doors
from bot.web.headers import SecurityHeaders
from bot.web.health import Health
from bot.web.metrics import Metrics, bears, is_inside
from bot.web.page import SPOKEN, page_context, read_languages, read_words, widget_config
from bot.web.proxy import Forwarder, ShortWay, told

HERE = Path(__file__).resolve().parent
STATIC, TEMPLATES = HERE / "static", HERE / "templates"
WIDGET_SECONDS = 300  # browsers ask again for /widget.js after so long, so that a new version arrives soon
LOOPBACK = ("127.0.0.1", "localhost")  # who asks from this machine whether all is well
DARK_WHEN = {"auto": "(prefers-color-scheme: dark)", "dark": "all", "light": "not all"}  # theme: media of dark.css

Handler = Callable[..., Awaitable[Response]]
Page = Callable[[Request, int], Awaitable[Response]]


def create_app(settings: Settings) -> FastAPI:
    """The app of an installation.

    Raises SettingError, ContentError or NotApproved naming what is wrong; touches the database only to bring its tables
    up to date and to note which content is live.
    """
    content = load_content(settings.content)
    problems = Problems(content.placeholders())
    metrics = Metrics()
    rasas = {url: settings.line_of(port) for url, port in zip(settings.rasa_urls, settings.rasa_ports, strict=True)}
    forwarder = Forwarder(rasas, problems, metrics, moves=settings.redis_url is not None)
    sessions = open_store(settings)
    content_live.check(settings, sessions, content.version)
    content_live.note_live(sessions, settings.content, content.version, datetime.now(timezone.utc))
    front_desk = desk.create_router(settings, sessions)
    metrics.register(ClinicFigures(sessions))
    handover = HandoverSettings.from_env()
    lifespan = _lifespan(forwarder, desk.lifespan(front_desk), _handing_over(settings, sessions, handover))
    app = FastAPI(title="Mesoguide", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(ShortWay, forwarder=forwarder, door=WEBSITE, problems=problems)
    app.add_middleware(BodyLimits, problems=problems)
    if settings.hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*settings.hosts, *LOOPBACK], www_redirect=False)
    https = settings.public_url.startswith("https:")
    app.add_middleware(SecurityHeaders, embed_origins=settings.embed_origins, https=https)
    app.add_middleware(metrics.middleware)
    _add_errors(app, problems, _add_pages(app, content, settings.messenger_page))
    _add_widget(app, content)
    _add_operations(app, Health(settings, sessions), metrics, forwarder, settings.metrics_token)
    for door in doors(settings.credentials):
        app.add_route(door.path, forwarder.through(door), methods=list(door.methods), include_in_schema=False)
    app.include_router(front_desk)
    app.include_router(inbound.create_router(front_desk.desk, handover.answer_secrets))
    app.include_router(calendar_route.create_router(settings, sessions))
    app.include_router(notice.create_router(content))
    app.mount("/static", GZipMiddleware(Lasting(directory=STATIC)), name="static")
    return app


def _lifespan(*parts: AbstractAsyncContextManager[Any]) -> Callable[[FastAPI], Any]:
    """What runs while the app serves: the way to Rasa, the desk's jobs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            for part in parts:
                await running.enter_async_context(part)
            yield

    return lifespan


@asynccontextmanager
async def _handing_over(settings: Settings, sessions: Sessions, handover: HandoverSettings) -> AsyncIterator[None]:
    """Deliver bookings to the clinic's systems and remind patients, while the app serves."""
    stopping = asyncio.Event()
    task = asyncio.create_task(worker.run(settings, stopping, handover=handover, sessions=sessions))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait([task], timeout=3)
        task.cancel()


def _add_pages(app: FastAPI, content: Content, messenger_page: str) -> Page:
    """The clinic's page and the chat; returns what makes the clinic's page, with any status."""
    templates = Jinja2Templates(TEMPLATES)
    templates.env.globals["asset"] = _asset
    words = read_words()
    contexts = {
        code: page_context(content, words, language=code, spoken=spoken, messenger_page=messenger_page)
        for code, spoken in read_languages().items()
    }

    async def front_page(request: Request, status: int) -> Response:
        context = {**contexts[SPOKEN], "dark_when": DARK_WHEN["auto"]}
        return templates.TemplateResponse(request, "clinic.html", context, status)

    @app.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> Response:
        """The demo clinic's page, the chat open."""
        return await front_page(request, 200)

    @app.get("/chat", response_class=HTMLResponse)
    async def chat(request: Request, lang: str = SPOKEN, theme: str = "auto") -> Response:
        """The chat alone, for the frame that /widget.js opens on other sites; an unknown wish counts as none."""
        context = contexts.get(lang, contexts[SPOKEN])
        dark_when = DARK_WHEN.get(theme, DARK_WHEN["auto"])
        return templates.TemplateResponse(request, "chat.html", {**context, "dark_when": dark_when})

    return front_page


def _add_widget(app: FastAPI, content: Content) -> None:
    config = json.dumps(widget_config(content, read_languages()), ensure_ascii=False)
    script = f"(function(MESOGUIDE){{{(STATIC / 'widget.js').read_text('utf-8')}}})({config});".encode()
    packed = gzip.compress(script, mtime=0)
    lasting = {"Cache-Control": f"public, max-age={WIDGET_SECONDS}", "Vary": "Accept-Encoding"}

    @app.get("/widget.js")
    async def widget(request: Request) -> Response:
        """The script that puts the chat button on a site."""
        small = "gzip" in request.headers.get("accept-encoding", "")
        headers = {**lasting, **({"Content-Encoding": "gzip"} if small else {})}
        return Response(packed if small else script, media_type="text/javascript", headers=headers)


class Lasting(StaticFiles):
    """Files whose addresses change with their content: a browser that has one need not ask again."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, to be kept when it was asked for by its versioned address."""
        response = super().file_response(*args, **kwargs)
        if b"v=" in args[2]["query_string"]:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


@lru_cache
def _asset(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers never mix versions."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def _add_operations(app: FastAPI, health: Health, metrics: Metrics, forwarder: Forwarder, token: str) -> None:
    @app.get("/livez")
    async def livez() -> Response:
        """200 while this process answers."""
        return JSONResponse({"status": "ok"})

    @app.get("/healthz")
    async def healthz() -> Response:
        """200 only when every part of the installation answers."""
        report = await health.report(forwarder.client, datetime.now(timezone.utc))
        metrics.parts(report["parts"], health.seconds)
        return JSONResponse(report, 200 if report["status"] == "ok" else 503, headers={"Cache-Control": "no-store"})

    @app.get("/readyz")
    async def readyz() -> Response:
        """200 while patients can be served, which goes on without Redis: for what sends requests to this machine."""
        parts = (await health.report(forwarder.client, datetime.now(timezone.utc)))["parts"]
        served = all(state == "ok" for name, state in parts.items() if name != "redis")
        return JSONResponse({"status": "ok" if served else "down"}, 200 if served else 503)

    @app.get("/metrics")
    async def read_metrics(request: Request) -> Response:
        """Figures for Prometheus: who asks from inside, not through a proxy, or has the token."""
        if not is_inside(request) and not (token and bears(request, token)):
            raise HTTPException(403, "Forbidden")
        text, content_type = await asyncio.to_thread(metrics.text)
        return Response(text, media_type=content_type)


def _add_errors(app: FastAPI, problems: Problems, front_page: Page) -> None:
    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return told(problems, error)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        wants_a_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if error.status_code == 404 and wants_a_page:  # a mistyped address leads to the clinic's page
            return await front_page(request, 404)
        body = {"type": "about:blank", "title": error.detail, "status": error.status_code}
        return JSONResponse(body, error.status_code, headers=error.headers, media_type=CONTENT_TYPE)
