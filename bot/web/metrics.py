"""Figures for Prometheus: requests by route and status, how long they took, and which parts answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The figures of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "mesoguide_requests_total", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "mesoguide_request_seconds",
            "Time until the answer began",
            ["route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._away = Counter(
            "mesoguide_rasa_away_total", "Requests that Rasa could not be asked", ["error"], registry=self._registry
        )
        self._part_up = Gauge("mesoguide_part_up", "1 when the part answered", ["part"], registry=self._registry)

        self._part_seconds = Gauge(
            "mesoguide_part_seconds", "How long the part took to answer", ["part"], registry=self._registry
        )
        self.rasa_seconds = Histogram(
            "mesoguide_rasa_seconds",
            "Time that Rasa and the action server took of a request",
            ["method"],
            buckets=SECONDS,
            registry=self._registry,
        )

    def away(self, error: str) -> None:
        """Count a request that Rasa could not be asked; `error` is the error's class."""
        self._away.labels(error).inc()

    def parts(self, parts: Mapping[str, str], seconds: Mapping[str, float]) -> None:
        """Note which parts answered, by name, and how long each took."""
        for name, state in parts.items():
            self._part_up.labels(name).set(state == "ok")
            self._part_seconds.labels(name).set(seconds.get(name, 0.0))

    def register(self, figures: Collector) -> None:
        """Add figures that are read when somebody asks."""
        self._registry.register(figures)

    def text(self) -> tuple[bytes, str]:
        """All figures in Prometheus' format, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Count the requests of an ASGI app by its routes; an address without a route is counted as "other"."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            began = time.perf_counter()

            async def send_counted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = _route(scope)
                    self.requests.labels(scope["method"], route, message["status"]).inc()
                    self.seconds.labels(route).observe(time.perf_counter() - began)
                await send(message)

            await app(scope, receive, send_counted)

        return counted


def is_inside(request: Request) -> bool:
    """Whether a request comes from an address that is not on the internet, and not through a proxy."""
    if request.client is None or any(name in request.headers for name in ("x-forwarded-for", "forwarded")):
        return False
    try:
        return not ip_address(request.client.host).is_global
    except ValueError:
        return False


def bears(request: Request, token: str) -> bool:
    """Whether a request carries this token."""
    return compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def _route(scope: Mapping[str, Any]) -> str:
    route = scope.get("route")
    return str(getattr(route, "path", "other"))
