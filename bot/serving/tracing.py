"""Traces over OTLP when OTEL_EXPORTER_OTLP_ENDPOINT names a collector: one trace runs through web, Rasa and actions.

Without that setting nothing of OpenTelemetry's SDK is imported, nothing is wrapped and nothing is sent. A span holds a
name, a route, a status or the class of an error: never what a patient wrote, an address or a conversation's id.
`pip install -r requirements-tracing.lock` brings the packages.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bot.settings import SettingError

if TYPE_CHECKING:
    from opentelemetry.trace import Span
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SCOPE = "mesoguide"
TRACED = ("/webhooks/", "/desk")
Method = Callable[..., Awaitable[Any]]


def is_on() -> bool:
    """Whether this installation sends traces."""
    return bool(os.environ.get(ENDPOINT))


def is_installed() -> bool:
    """Whether the packages that traces take are here."""
    try:
        return all(find_spec(name) for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.json.http"))
    except ModuleNotFoundError:  # what they are parts of is not here either
        return False


def start(part: str) -> None:
    """Send the spans of this process from now on, as the service `mesoguide-<part>`. Raises SettingError without the
    packages that it takes."""
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingError(
            f"{ENDPOINT} is set, and the packages for it are missing; "
            "install them with: uv pip install --no-deps -r requirements-tracing.lock"
        ) from error

    class Ours(BatchSpanProcessor):
        """Sends our own spans alone: those that libraries make hold addresses and what staff searched for."""

        def on_end(self, span: Any) -> None:
            if span.instrumentation_scope is not None and span.instrumentation_scope.name == SCOPE:
                super().on_end(span)

    provider = TracerProvider(resource=Resource.create({"service.name": f"mesoguide-{part}"}))
    provider.add_span_processor(Ours(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def of_web(app: ASGIApp) -> ASGIApp:
    """The public app with a span for each request of the chat and the desk; what it passes on carries the trace."""
    if not is_on():
        return app
    start("web")
    return _Traced(app)


def of_rasa() -> None:
    """Rasa's process: a span for each request of the website, its parse, its actions and its store.

    Called after bot/serving/fast.py has put its functions in place, which are wrapped like Rasa's own.
    """
    if not is_on():
        return
    start("rasa")
    from rasa.core.processor import MessageProcessor
    from rasa.utils.endpoints import EndpointConfig

    from bot.channels.website import Door
    from bot.store.tracker_store import CompactTrackerStore

    for name in ("open", "message"):
        _wrap(Door, name, lambda door, request, *_: (f"website {request.path.rsplit('/', 1)[-1]}", request.headers))
    _wrap(MessageProcessor, "parse_message", lambda *_: ("understand", None))
    _wrap(CompactTrackerStore, "retrieve", lambda *_: ("read conversation", None))
    _wrap(CompactTrackerStore, "save", lambda *_: ("store conversation", None))
    EndpointConfig.request = _carrying(EndpointConfig.request)  # type: ignore[method-assign]
    _follow_actions()


def of_actions() -> None:
    """The action server: a span for each action, in the trace of the turn that asked for it."""
    if not is_on():
        return
    start("actions")
    _follow_actions()


def _follow_actions() -> None:
    from rasa_sdk.executor import ActionExecutor

    _wrap(ActionExecutor, "run", lambda executor, call, *_: (f"action {call.get('next_action')}", None))


def follow(app: Any) -> None:
    """Let the requests of a Sanic app go on with the trace they come with."""
    if not is_on():
        return
    from opentelemetry import context, propagate

    async def attach(request: Any) -> None:
        context.attach(propagate.extract(dict(request.headers)))

    app.register_middleware(attach, "request")


@contextmanager
def span(name: str, carrier: Mapping[str, str] | None = None) -> Iterator[Span]:
    """A span around a block; `carrier` are the headers of the request it belongs to. An error leaves its class only."""
    from opentelemetry import propagate, trace

    context = propagate.extract(dict(carrier)) if carrier is not None else None
    tracer = trace.get_tracer(SCOPE)
    with tracer.start_as_current_span(name, context, record_exception=False, set_status_on_exception=False) as current:
        try:
            yield current
        except Exception as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(trace.StatusCode.ERROR)
            raise


def inject(headers: MutableMapping[str, str]) -> None:
    """Write the current trace into the headers of a request."""
    from opentelemetry import propagate

    propagate.inject(headers)


def _wrap(owner: type, name: str, describe: Callable[..., tuple[str, Mapping[str, str] | None]]) -> None:
    """Put a span around a coroutine method; `describe` gives its name and the headers it starts from."""
    inner: Method = getattr(owner, name)

    @wraps(inner)
    async def traced(*arguments: Any, **named: Any) -> Any:
        with span(*describe(*arguments)):
            return await inner(*arguments, **named)

    setattr(owner, name, traced)


def _carrying(request: Method) -> Method:
    @wraps(request)
    async def carrying(*arguments: Any, **named: Any) -> Any:
        with span("ask the action server"):
            headers = dict(named.pop("headers", None) or {})
            inject(headers)
            return await request(*arguments, headers=headers, **named)

    return carrying


class _Traced:
    """ASGI middleware. A trace that a stranger's request brings is left out: the trace begins here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(TRACED):
            await self.app(scope, receive, send)
            return
        with span(f"{scope['method']} request", {}) as current:
            carried: dict[str, str] = {}
            inject(carried)
            kept = [(name, value) for name, value in scope["headers"] if name != b"traceparent"]
            scope["headers"] = kept + [(name.encode(), value.encode()) for name, value in carried.items()]

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = str(getattr(scope.get("route"), "path", "other"))
                    current.update_name(f"{scope['method']} {route}")
                    current.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self.app(scope, receive, send_noted)
