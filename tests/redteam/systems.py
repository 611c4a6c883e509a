"""The systems around an installation, all on loopback: what takes bookings, a mail server, and Meta's Graph API."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from aiosmtpd.controller import Controller

from tests.handover.receivers import Receiver
from tests.messenger.bodies import APP, PAGE
from tests.messenger.graph import FakeGraph

TOKEN, SECRET, VERIFY = "EAAB-page-token", "an app secret", "a-verify-token-of-32-characters!"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of an invented clinic


@dataclass
class Mailbox:
    """Keeps what it gets."""

    mails: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(f"{envelope.rcpt_tos} {envelope.content.decode('utf-8', 'replace')}")
        return "250 OK"


@dataclass
class Systems:
    """What stands around the installation, and the settings that lead there."""

    webhook: Receiver
    mailbox: Mailbox
    graph: FakeGraph
    environment: Mapping[str, str]


@contextmanager
def systems() -> Iterator[Systems]:
    """All of them, running."""
    webhook, mailbox = Receiver().start(), Mailbox()
    graph = FakeGraph(PAGE, APP, TOKEN, SECRET, lambda: datetime.now(timezone.utc))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mail = Controller(mailbox, hostname="127.0.0.1", port=port)
    mail.start()
    with _serving(graph) as address:
        yield Systems(webhook, mailbox, graph, _environment(webhook.url, f"smtp://127.0.0.1:{port}", address))
    mail.stop()
    webhook.stop()


def _environment(webhook: str, smtp: str, graph: str) -> dict[str, str]:
    return {
        "HANDOVER_WEBHOOK_URL": webhook,
        "HANDOVER_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "SMTP_URL": smtp,
        "HANDOVER_CALENDAR_EMAIL": "diary@clinic.example",
        "HANDOVER_INVITE_PATIENTS": "1",
        "MESSENGER_PAGE_TOKEN": TOKEN,
        "MESSENGER_APP_SECRET": SECRET,
        "MESSENGER_VERIFY_TOKEN": VERIFY,
        "MESSENGER_APP_ID": APP,
        "MESSENGER_PAGE_ID": PAGE,
        "GRAPH_API_URL": graph,
    }


@contextmanager
def _serving(graph: FakeGraph) -> Iterator[str]:
    """The graph in an event loop of its own; yields its address."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[str] = []

    async def serve() -> None:
        async with graph.serving() as address:
            found.append(address)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(30), "the graph did not start"
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()
