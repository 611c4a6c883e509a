"""How many Messenger events a second an installation accepts on loopback, and whether each is in the queue just once.

    .venv/bin/python benchmarks/messenger.py [--rate 500] [--seconds 5] [--repeats 0.2]

Every event is its own signed call, as in Meta's worst case; one in five is delivered twice. As in an installation the
calls go to the public web process, which passes them to the channel's server in a process of its own; the worker works
them off meanwhile and sends its answers to a stand-in for the Graph API. Rasa's turn is one line. One SQLite file. Sent
at the given rate; latencies are those of the answer 200 after the commit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.fernet import Fernet

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

PAGE, SECRET = "100200300400500", "an app secret"
PEOPLE = 200


def main() -> None:
    """Print one line of JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rate", type=int, default=500, help="events a second, repeats included")
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--repeats", type=float, default=0.2, help="share of events delivered twice")
    given = options.parse_args()
    key = Fernet.generate_key().decode()
    with tempfile.TemporaryDirectory() as folder:
        sessions_at(folder, key)
        with installation(folder, key) as (address, processes):
            bodies, wanted = calls(given.rate * given.seconds, given.repeats)
            figures = asyncio.run(send(address, bodies, given.rate, processes))
            stored, waiting = count(folder, key)
        figures |= {"distinct_events": wanted, "stored": stored, "worked_off_meanwhile": stored - waiting}
    figures["lost"] = wanted - figures["stored"]
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(1 if figures["lost"] or figures["not_200"] else 0)


@contextmanager
def installation(folder: str, key: str) -> Iterator[tuple[str, dict[str, int]]]:
    """The web process, the channel's server with its worker, and Meta's stand-in; yields the webhook's address, and the
    ids of web and channel."""
    public, rasa, meta = (free_port() for _ in range(3))
    spawn = multiprocessing.get_context("spawn").Process
    started = {
        "meta": spawn(target=serve_meta, args=(meta,), daemon=True),
        "channel": spawn(target=serve_channel, args=(folder, key, rasa, meta), daemon=True),
        "web": spawn(target=serve_public, args=(folder, key, public, rasa), daemon=True),
    }
    for process in started.values():
        process.start()
    try:
        address = f"http://127.0.0.1:{public}/webhooks/messenger"
        yield address, {name: int(started[name].pid or 0) for name in ("web", "channel")}
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.join()


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def serve_meta(port: int) -> None:
    """A Graph API that takes everything."""

    async def take(request: web.Request) -> web.Response:
        return web.json_response({"message_id": "m_1", "success": True})

    app = web.Application()
    app.router.add_route("*", "/{path:.+}", take)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def serve_channel(folder: str, key: str, port: int, meta: int) -> None:
    """The channel's door and its worker, in a server as Rasa's."""
    from sanic import Sanic

    from bot.channels.messenger.channel import Door, Parts, routes
    from bot.channels.messenger.settings import MessengerSettings
    from bot.channels.messenger.words import load_words
    from bot.clinic.content import load_content
    from bot.settings import BOT

    settings = MessengerSettings("t", SECRET, "verify", "1", PAGE, f"http://127.0.0.1:{meta}")
    words = load_words(BOT / "content", load_content(BOT / "content").placeholders())
    made = Parts(settings, sessions_at(folder, key), words, {}, {})
    app = Sanic("messenger-benchmark", configure_logging=False)
    app.config.MOTD = False
    app.blueprint(routes(Door(made, _answer)), url_prefix="/webhooks/messenger")
    app.run("127.0.0.1", port, access_log=False)


def serve_public(folder: str, key: str, port: int, rasa: int) -> None:
    """The public web process."""
    import uvicorn

    from bot.settings import Settings
    from bot.web.app import create_app

    settings = Settings(
        port=port,
        rasa_port=rasa,
        actions_port=free_port(),
        var=Path(folder),
        database_url=f"sqlite:///{folder}/store.db",
        secret="a secret for this measurement",  # noqa: S106 - signs nothing that lasts
        keys=(key,),
    )
    uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_level="warning", access_log=False, ws="none")


def calls(number: int, repeats: float) -> tuple[list[bytes], int]:
    """Bodies to send, some twice, shuffled within a second's distance; and how many events differ."""
    drawn = random.Random(6)
    distinct = int(number / (1 + repeats))
    bodies = [body(n, drawn.randrange(PEOPLE)) for n in range(distinct)]
    order = [(n, n) for n in range(distinct)]
    order += [(n + drawn.uniform(1, 300), n) for n in drawn.sample(range(distinct), number - distinct)]
    return [bodies[n] for _, n in sorted(order)], distinct


def body(number: int, person: int) -> bytes:
    """One message, in the documented shape."""
    at = int(datetime(2026, 3, 2, 9, tzinfo=timezone.utc).timestamp() * 1000) + number
    message = {"mid": f"m_{number:08d}" + "x" * 90, "text": "How long does it take until the redness is gone?"}
    sender = {"sender": {"id": f"555{person:013d}"}, "recipient": {"id": PAGE}, "timestamp": at, "message": message}
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": at, "messaging": [sender]}]}).encode()


async def send(address: str, bodies: list[bytes], rate: int, processes: dict[str, int]) -> dict[str, Any]:
    """Send at a steady rate, whether or not answers have come; returns the figures, those of the processes too."""
    from bot.channels.messenger.signature import HEADER, sign

    signed = [(raw, {HEADER: sign(raw, SECRET)}) for raw in bodies]
    times: list[float] = []
    wrong = 0

    async def one(raw: bytes, headers: dict[str, str]) -> None:
        nonlocal wrong
        began = time.perf_counter()
        async with http.post(address, data=raw, headers=headers) as answer:
            wrong += answer.status != 200
        times.append(time.perf_counter() - began)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as http:
        await ready(http, address)
        before = {name: cpu_seconds(pid) for name, pid in processes.items()}
        start, tasks = time.perf_counter(), []
        for number, (raw, headers) in enumerate(signed):
            ahead = start + number / rate - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            tasks.append(asyncio.create_task(one(raw, headers)))
        await asyncio.gather(*tasks)
        took = time.perf_counter() - start
        used = {name: round(cpu_seconds(pid) - before[name], 2) for name, pid in processes.items()}
    times.sort()
    return {
        "events_sent": len(bodies),
        "events_per_second": round(len(bodies) / took, 1),
        "not_200": wrong,
        "cpu_seconds": used,
        "median_ms": round(times[len(times) // 2] * 1000, 1),
        "p99_ms": round(times[int(len(times) * 0.99)] * 1000, 1),
    }


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far (Linux); it says what other work on the machine makes of the other figures."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def ready(http: aiohttp.ClientSession, address: str) -> None:
    """Wait until the channel answers through the web process: 403, for this is no verification."""
    until = time.monotonic() + 120
    while True:
        try:
            async with http.get(address) as answer:
                if answer.status == 403:
                    return
        except aiohttp.ClientError:
            pass
        if time.monotonic() > until:
            raise RuntimeError("the installation does not answer")
        await asyncio.sleep(0.1)


def count(folder: str, key: str) -> tuple[int, int]:
    """How many events were stored, and how many of them still wait."""
    from sqlalchemy import func, select

    from bot.store.engine import reading
    from bot.store.messenger_models import MessengerEvent
    from bot.store.messenger_queue import backlog

    with reading(sessions_at(folder, key)) as session:
        stored = session.scalar(select(func.count()).select_from(MessengerEvent)) or 0
        return stored, backlog(session, datetime.now(timezone.utc)).waiting


def sessions_at(folder: str, key: str) -> Any:
    """The store in a folder's file."""
    from bot.store.crypto import configure_keys
    from bot.store.engine import make_engine, make_sessions
    from bot.store.migrate import migrate

    configure_keys([key])
    engine = make_engine(f"sqlite:///{folder}/store.db")
    migrate(engine)
    return make_sessions(engine)


async def _answer(message: Any) -> None:
    said = {"text": "Redness is gone after a few days.", "buttons": [], "metadata": {"kind": "answer"}}
    await message.output_channel.send_response(message.sender_id, said)


if __name__ == "__main__":
    main()
