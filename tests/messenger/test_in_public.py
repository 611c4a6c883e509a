"""The webhook as Meta reaches it: through the public web process, which passes challenge, bytes and signature on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from bot.channels.messenger.signature import HEADER, sign
from bot.settings import Settings
from bot.store.crypto import forget_keys
from bot.store.engine import Sessions, reading
from bot.store.messenger_queue import backlog
from bot.web.app import create_app
from tests.channels.website_server import KEY, free_port, sessions_at

from . import bodies
from .bodies import ANNA
from .clinic import SECRET, VERIFY, Clinic, clinic

# As JSON need not be written: a proxy that reads and writes it anew would spoil the signature.
RAW = (
    bodies.body(bodies.text(ANNA, "placeholder"))
    .replace(b"placeholder", b"gr\\u00fc\\u00df dich \\/ ")
    .replace(b'": ', b'" :\r\n ')
)


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    made = sessions_at(tmp_path / "store.db")
    yield made
    made.kw["bind"].dispose()
    forget_keys()


@contextmanager
def in_public(it: Clinic, folder: Path) -> Iterator[str]:
    """The web process's app on a port of its own, before the channel's server."""
    rasa_port = it.http.base_url.port
    assert rasa_port is not None
    settings = Settings(
        port=free_port(),
        rasa_port=rasa_port,
        actions_port=free_port(),
        var=folder,
        database_url=f"sqlite:///{folder}/store.db",
        secret="a secret for tests",  # noqa: S106 - signs nothing that lasts
        keys=(KEY,),
    )
    config = uvicorn.Config(
        create_app(settings), "127.0.0.1", settings.port, log_level="warning", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        threading.Event().wait(0.02)
    try:
        yield f"http://127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        thread.join(10)


async def test_metas_calls_pass_the_public_web_process_unchanged(sessions: Sessions, tmp_path: Path) -> None:
    async with clinic(sessions) as it:
        with in_public(it, tmp_path) as address:
            async with httpx.AsyncClient(base_url=address, timeout=20) as http:
                asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
                answer = await http.get("/webhooks/messenger", params=asked)
                assert (answer.status_code, answer.text) == (200, "1158201444")
                asked["hub.verify_token"] = "wrong"  # noqa: S105 - a test's
                assert (await http.get("/webhooks/messenger", params=asked)).status_code == 403

                for header in ({}, {HEADER: sign(RAW + b" ", SECRET)}, {"X-Hub-Signature": sign(RAW, SECRET)}):
                    assert (await http.post("/webhooks/messenger", content=RAW, headers=header)).status_code == 403
                too_large = b" " * (1024 * 1024 + 1)
                signed = {HEADER: sign(too_large, SECRET)}
                assert (await http.post("/webhooks/messenger", content=too_large, headers=signed)).status_code == 413

                it.graph.wrote[ANNA] = it.clock()
                for _ in range(2):  # Meta delivers twice
                    answer = await http.post("/webhooks/messenger", content=RAW, headers={HEADER: sign(RAW, SECRET)})
                    assert (answer.status_code, answer.text) == (200, "EVENT_RECEIVED")
        with reading(sessions) as session:
            assert backlog(session, it.clock()).waiting == 1
        await it.settle()
        assert it.graph.texts(ANNA)[-1] == "You said: grüß dich /"
