"""A worker that is killed again and again in the middle of its work: every change arrives, once in effect, in order."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from sqlalchemy import Engine

from bot.store import deliveries
from bot.store.engine import Sessions, reading
from tests.handover.clinic import Clock, Desk
from tests.handover.receivers import BookingSystem, Receiver
from tests.store.conftest import address

KILLS = 4
BOOKINGS = 30


def start(root: Path, arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.handover.working", *arguments]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def is_done(sessions: Sessions) -> bool:
    with reading(sessions) as session:
        return deliveries.figures(session).get("webhook", {}).get("delivered") == 3 * BOOKINGS


def test_nothing_is_lost_doubled_or_out_of_order_however_often_the_worker_is_killed(  # noqa: PLR0913, PLR0917
    engine: Engine, sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, key: str, root: Path
) -> None:
    clock.now = datetime.now(timezone.utc)
    system, chance = BookingSystem(), random.Random(7)  # noqa: S311
    receiver.on_take = lambda taken: (time.sleep(0.02), system.take(taken))  # type: ignore[assignment,func-returns-value]
    for number in range(BOOKINGS):
        desk.set(desk.ask(str(number)), "booked", "cancelled")
    arguments = [address(engine), key, receiver.url, clock.now.isoformat()]
    for _ in range(KILLS):
        process = start(root, arguments)
        time.sleep(chance.uniform(0.02, 0.4))
        process.kill()
        process.communicate()
    process = start(root, arguments)
    until = time.monotonic() + 120
    while not is_done(sessions) and time.monotonic() < until:
        time.sleep(0.1)
    process.kill()
    process.communicate()
    assert len(system.events) == 3 * BOOKINGS
    assert set(map(tuple, system.order.values())) == {(0, 1, 2)}
