"""The clinic's own system, as a webhook receiver that can be switched off and on."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.faults.system import free_port


class Receiver:
    """Takes events on one port; `taken` counts each event by its id."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: Counter[str] = Counter()
        self.references: set[str] = set()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/bookings"

    def start(self) -> None:
        """Answer from now on."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.taken[self.headers.get("webhook-id", "")] += 1
                receiver.references.update(_references(json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _references(body: object) -> set[str]:
    """Every booking reference that an event mentions."""
    if isinstance(body, dict):
        own = {str(body["reference"])} if "reference" in body else set()
        return own.union(*(_references(value) for value in body.values()))
    return set().union(*(_references(value) for value in body)) if isinstance(body, list) else set()
