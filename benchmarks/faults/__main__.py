"""`python -m benchmarks.faults --seed 3 --minutes 5`: faults at random while patients talk; a table, and JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.checks import Outcome, check, settle
from benchmarks.faults.injections import Fault, World, faults, start_redis
from benchmarks.faults.receivers import MailServer, Receiver
from benchmarks.faults.run import Survived, talk_while
from benchmarks.faults.system import FAKETIME, System, faketime, free_port, running
from bot.settings import ROOT

SECRET = "whsec_" + "TWVzb2d1aWRlIGZhdWx0cyBydW4gc2VjcmV0IQ=="


@dataclass(frozen=True)
class Wishes:
    """What to run."""

    seed: int
    minutes: float
    patients: int
    only: str
    redis: bool
    clock: bool
    disk: Path | None
    out: Path


def main() -> None:
    """Run, print, write; ends with 1 when something does not hold."""
    wishes = _wishes()
    with tempfile.TemporaryDirectory(prefix="faults-", dir=wishes.disk) as folder:
        world = _world(Path(folder), wishes)
        with running(world.system):
            began = time.monotonic()
            chosen = _order(world, wishes)
            survived, patients = asyncio.run(talk_while(world, chosen, wishes.patients, wishes.minutes * 60))
            settle(world)
            outcome = check(world, patients)
        if outcome.broken:
            print(world.system.log.read_text(errors="replace")[-3000:], file=sys.stderr)
        for one in (world.receiver, world.mail):
            if one is not None:
                one.stop()
        if world.redis is not None:
            world.redis.shutdown(nosave=True)  # type: ignore[no-untyped-call]
    _report(wishes, survived, outcome, time.monotonic() - began)
    sys.exit(1 if outcome.broken else 0)


def _wishes() -> Wishes:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long faults are injected")
    parser.add_argument("--patients", type=int, default=50)
    parser.add_argument(
        "--only", default="", help="only faults whose name holds this, or one of these with commas between"
    )
    parser.add_argument("--redis", action="store_true", help="two Rasa processes with Redis between them")
    parser.add_argument("--clock", action="store_true", help="with libfaketime, so that the clock can jump")
    parser.add_argument("--disk", type=Path, help="a folder on a small disk of its own, which is filled up")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "faults.json")
    wishes = Wishes(**vars(parser.parse_args()))
    if wishes.clock and not faketime().exists():
        parser.error(f"{faketime()} is missing; install Debian's faketime, or name another copy in {FAKETIME}")
    return wishes


def _world(folder: Path, wishes: Wishes) -> World:
    receiver, mail = Receiver(), MailServer()
    receiver.start()
    mail.start()
    extra = {
        "SMTP_URL": mail.url,
        "HANDOVER_CALENDAR_EMAIL": "diary@clinic.example",
        "HANDOVER_WEBHOOK_URL": receiver.url,
        "HANDOVER_WEBHOOK_SECRETS": SECRET,
        "MESOGUIDE_RATE_LIMITS": "off",
    }
    chance, small = random.Random(wishes.seed), wishes.disk is not None
    world = World(System(folder, extra, wishes.clock), receiver, chance, mail, small)
    if wishes.redis:
        world.redis_port = free_port()
        world.redis = start_redis(world)
        extra |= {"REDIS_URL": f"redis://127.0.0.1:{world.redis_port}/0", "RASA_PROCESSES": "2"}
    return world


def _order(world: World, wishes: Wishes) -> list[Fault]:
    """The faults in the order of the seed; each kind comes once before any comes again."""
    kinds = [fault for fault in faults(world) if any(wish in fault.name for wish in wishes.only.split(","))]
    return [fault for _ in range(20) for fault in world.chance.sample(kinds, len(kinds))]


def _report(wishes: Wishes, survived: list[Survived], outcome: Outcome, seconds: float) -> None:
    print(f"{'fault':<20} {'lasted':>8} {'healthy after':>14} {'answer after':>13}  /healthz said")
    for one in survived:
        said = ", ".join(sorted(one.seen_down)) or "-"
        print(f"{one.name:<20} {one.lasted:>6.1f} s {one.healthy_after:>12.1f} s {one.answer_after:>11.1f} s  {said}")
    print(
        f"\n{len(survived)} faults, {wishes.patients} patients, seed {wishes.seed}, {seconds:.0f} s: "
        f"{outcome.answered} of {outcome.messages} messages answered, {outcome.apologies} of them with an apology, "
        f"longest wait {outcome.kept_waiting:.0f} s; {outcome.accepted} accepted, {outcome.worked_off} worked off; "
        f"{outcome.bookings} bookings, {outcome.confirmed} told of, {outcome.events} events "
        f"and {outcome.mailed} emails handed over ({outcome.hastened} deliveries were waiting at the end); "
        f"refusals and lost connections {sum(outcome.problems.values())} {dict(outcome.problems)}"
    )
    for line in outcome.broken:
        print(f"DOES NOT HOLD: {line}")
    wishes.out.parent.mkdir(parents=True, exist_ok=True)
    made = {"faults": [one.as_dict() for one in survived], **outcome.as_dict(), "seed": wishes.seed, "seconds": seconds}
    wishes.out.write_text(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
