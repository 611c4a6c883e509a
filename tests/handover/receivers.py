"""Receiving systems on loopback, as bad as real ones: they fail, hang, drop what they took, answer twice, restart."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fhir.resources.R4B.bundle import Bundle

Taken = tuple[str, dict[str, str], bytes]


@dataclass
class Receiver:
    """An HTTP server that does what `script` says for each request in turn, then `ok`.

    ok: takes it, 200      a number: takes nothing, answers it     lost: takes it, closes without an answer
    hang: takes nothing, never answers                             twice: takes it, sends two answers
    """

    script: list[Any] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    asked: int = 0
    port: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    on_take: Callable[[Taken], None] = lambda taken: None
    _server: ThreadingHTTPServer | None = None
    _released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Receiver:
        """Listen, after a stop on the same port again."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = receiver.files.get(self.path)
                receiver.answer(self, 200 if body is not None else 404, body or b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                taken = (self.path, {key.lower(): value for key, value in self.headers.items()}, body)
                receiver.asked += 1
                receiver.act(self, receiver.script.pop(0) if receiver.script else "ok", taken)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._released.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Go away, whoever waits for an answer."""
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def act(self, handler: BaseHTTPRequestHandler, move: Any, taken: Taken) -> None:
        if move in ("ok", "lost", "twice"):
            self.on_take(taken)
            self.taken.append(taken)
        if move == "hang":
            self._released.wait(30)
        if move in ("hang", "lost"):
            handler.close_connection = True
            with suppress(OSError):
                handler.connection.shutdown(socket.SHUT_RDWR)
            return
        for _ in range(2 if move == "twice" else 1):
            self.answer(handler, move if isinstance(move, int) else 200, b"{}")

    def answer(self, handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        handler.send_response(status)
        for key, value in self.headers.items():
            handler.send_header(key, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@dataclass
class BookingSystem:
    """A clinic's system behind a webhook: keeps each event once by its id, and of each booking the latest version."""

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    order: dict[str, list[int]] = field(default_factory=dict)

    def take(self, taken: Taken) -> None:
        _, headers, body = taken
        data = json.loads(body)["data"]
        if headers["webhook-id"] not in self.events:
            self.events[headers["webhook-id"]] = data
            self.order.setdefault(data["reference"], []).append(data["version"])


@dataclass
class FhirServer:
    """A FHIR server's conditional updates and creations in a transaction, in memory; it takes only what is valid R4."""

    resources: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    bundles: list[dict[str, Any]] = field(default_factory=list)

    def take(self, taken: Taken) -> None:
        bundle = json.loads(taken[2])
        Bundle.model_validate(bundle)
        self.bundles.append(bundle)
        for entry in bundle["entry"]:
            request = entry["request"]
            search = urlsplit(request["url"]).query or request["ifNoneExist"]
            key = (entry["resource"]["resourceType"], parse_qs(search)["identifier"][0])
            states = self.resources.setdefault(key, [])
            if request["method"] == "PUT" or not states:
                states.append(entry["resource"])

    def latest(self, kind: str) -> list[dict[str, Any]]:
        return [states[-1] for (type_, _), states in self.resources.items() if type_ == kind]


def manifest(slots: Sequence[dict[str, Any]]) -> dict[str, bytes]:
    """The files of a SMART Scheduling Links publisher."""
    lines = "\n".join(json.dumps(slot) for slot in slots)
    index = {"transactionTime": "2026-11-25T00:00:00Z", "output": [{"type": "Slot", "url": "slots.ndjson"}]}
    return {"/$bulk-publish": json.dumps(index).encode(), "/slots.ndjson": lines.encode()}
