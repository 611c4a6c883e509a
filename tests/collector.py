"""A collector of traces on loopback: it takes OTLP in JSON as OpenTelemetry's own does, and keeps what it was sent."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Span:
    """One span as it was sent."""

    service: str
    name: str
    trace: str
    id: str
    parent: str


class Collector:
    """Listens from the start until `stop`."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.bodies.append(body.decode())
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def text(self) -> str:
        """Everything that was sent."""
        return "\n".join(self.bodies)

    def spans(self) -> list[Span]:
        """Every span so far."""
        return [span for body in list(self.bodies) for span in _spans(json.loads(body))]

    def wait_for(self, holds: Callable[[list[Span]], bool], seconds: float = 20) -> bool:
        """Whether the spans come to be as wanted."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if holds(self.spans()):
                return True
            time.sleep(0.1)
        return False


def _spans(body: dict[str, list[dict[str, object]]]) -> Iterator[Span]:
    for of_service in body["resourceSpans"]:
        about = {one["key"]: one["value"] for one in of_service["resource"]["attributes"]}  # type: ignore[index]
        service = about["service.name"]["stringValue"]
        for scope in of_service["scopeSpans"]:  # type: ignore[attr-defined]
            for one in scope["spans"]:
                yield Span(service, one["name"], one["traceId"], one["spanId"], one.get("parentSpanId", ""))
