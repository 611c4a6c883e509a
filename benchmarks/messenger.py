"""How many Messenger events a second the webhook accepts on loopback, and whether each is in the queue exactly once.

    .venv/bin/python benchmarks/messenger.py [--rate 500] [--seconds 5] [--repeats 0.2]

Every event is its own signed call, as in Meta's worst case; one in five is delivered twice. A real Sanic server in a
process of its own, a real SQLite file. Sent at the given rate; latencies are those of the answer 200 after the commit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import socket
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import aiohttp
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
    with tempfile.TemporaryDirectory() as folder, socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        sock.close()
        path = f"{folder}/store.db"
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(path, key, port), daemon=True)
        server.start()
        try:
            bodies, wanted = calls(given.rate * given.seconds, given.repeats)
            figures = asyncio.run(send(f"http://127.0.0.1:{port}/webhooks/messenger/", bodies, given.rate))
        finally:
            server.terminate()
            server.join()
        figures |= {"distinct_events": wanted, "queued": count(path, key)}
    figures["lost"] = wanted - figures["queued"]
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(1 if figures["lost"] or figures["not_200"] else 0)


def serve(path: str, key: str, port: int) -> None:
    """The channel's door, with the worker at rest: acceptance is measured, not Rasa."""
    from sanic import Sanic

    from bot.channels.messenger.channel import Door, Parts, routes, utc_now
    from bot.channels.messenger.settings import MessengerSettings
    from bot.channels.messenger.words import load_words
    from bot.clinic.content import load_content
    from bot.settings import BOT

    settings = MessengerSettings("t", SECRET, "verify", "1", PAGE, "http://127.0.0.1:9")
    words = load_words(BOT / "content", load_content(BOT / "content").placeholders())
    made = Parts(settings, sessions_at(path, key), words, {}, {}, clock=utc_now, works=False)
    app = Sanic("messenger-benchmark", configure_logging=False)
    app.config.MOTD = False
    app.blueprint(routes(Door(made, _silent)), url_prefix="/webhooks/messenger")
    app.run("127.0.0.1", port, access_log=False)


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


async def send(address: str, bodies: list[bytes], rate: int) -> dict[str, Any]:
    """Send at a steady rate, whether or not answers have come; returns the figures."""
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

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as http:
        await ready(http, address)
        start, tasks = time.perf_counter(), []
        for number, (raw, headers) in enumerate(signed):
            ahead = start + number / rate - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            tasks.append(asyncio.create_task(one(raw, headers)))
        await asyncio.gather(*tasks)
        took = time.perf_counter() - start
    times.sort()
    return {
        "events_sent": len(bodies),
        "events_per_second": round(len(bodies) / took, 1),
        "not_200": wrong,
        "median_ms": round(times[len(times) // 2] * 1000, 1),
        "p99_ms": round(times[int(len(times) * 0.99)] * 1000, 1),
    }


async def ready(http: aiohttp.ClientSession, address: str) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + 60
    while True:
        try:
            async with http.get(address):
                return
        except aiohttp.ClientError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)


def count(path: str, key: str) -> int:
    """How many events wait in the queue."""
    from bot.store.engine import reading
    from bot.store.messenger_queue import backlog

    with reading(sessions_at(path, key)) as session:
        return backlog(session, datetime.now(timezone.utc)).waiting


def sessions_at(path: str, key: str) -> Any:
    """The store in a file."""
    from bot.store.crypto import configure_keys
    from bot.store.engine import make_engine, make_sessions
    from bot.store.migrate import migrate

    configure_keys([key])
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    return make_sessions(engine)


async def _silent(message: Any) -> None:
    return None


if __name__ == "__main__":
    main()
