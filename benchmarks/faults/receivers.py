"""What stands outside and can be switched off and on: the clinic's own system, as a webhook, and a mail server."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

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


class MailServer:
    """Takes emails on one port; `references` are the bookings that their subjects name."""

    def __init__(self) -> None:
        self.port = free_port()
        self.references: set[str] = set()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.references.update(re.findall(r"MG-[0-9A-Z]{6}", envelope.content.decode("utf-8", "replace")))
        return "250 OK"

    def start(self) -> None:
        """Take emails from now on."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


def _references(body: object) -> set[str]:
    """Every booking reference that an event mentions."""
    if isinstance(body, dict):
        own = {str(body["reference"])} if "reference" in body else set()
        return own.union(*(_references(value) for value in body.values()))
    return set().union(*(_references(value) for value in body)) if isinstance(body, list) else set()
