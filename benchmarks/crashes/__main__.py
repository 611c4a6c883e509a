"""How many bookings are lost, doubled or begun anew when the parts of an installation are killed in the middle of them.

    .venv/bin/python -m benchmarks.crashes --kills 200 --seed 7 [--minutes 8] [--backwards] [--out results/crashes.json]

Every kill has a patient of its own who books (and in the later steps: whose visit the desk confirms, and who moves it),
a step, a part of the installation, and a moment; all of them follow from the seed. The part is ended with SIGKILL while
the step's message is under way, the supervisor starts it again, and the patient sends what got no answer once more, as
the page does. Every change is also handed over to a webhook receiver. With `--minutes` it stops after so many and goes
on when it is started again: what the file has already is not made twice. `--backwards` begins at the end of the plan,
so that two runs can share it; `--join OTHER` adds its file. Exit code 1 when something was lost, doubled or begun
anew.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks.crashes import checks, system
from benchmarks.crashes.people import Desk, GaveUp, Kill, Patient
from benchmarks.crashes.system import System
from bot.clinic.booking.plan import clinic_from
from bot.clinic.content import load_content
from bot.serving.first_start import DEMO_ADMIN
from bot.settings import BOT
from bot.store import bookings
from bot.store.crypto import configure_keys
from bot.store.engine import Sessions, make_engine, make_sessions, reading
from bot.store.models import Booking
from tests.handover.clinic import SECRET
from tests.handover.receivers import BookingSystem, Receiver

BOOKING = ("start", "book", "check_first", "consent", "treatment", "name", "contact", "when", "note", "confirm")
LATER = ("desk", "change", "visit", "move when", "move")
WEIGHTS = {"Rasa's workers": 5, "Rasa": 2, "web": 3}  # Rasa takes longest to start again
SPREAD = 1.2  # a kill comes at any moment of the step's usual time, or shortly after
HANDED_OVER = 200.0  # seconds: a claim of a killed worker ends after 60, and a second one may follow


Result = dict[str, Any]
Keep = Callable[[Result], None]


@dataclass(frozen=True)
class Plan:
    """One kill before it is made: the part, the step, and the moment as a share of the step's usual time."""

    number: int
    part: str
    step: str
    moment: float


def plan(kills: int, seed: int) -> list[Plan]:
    """The kills of a run; every step gets its share."""
    chance = random.Random(seed)
    steps = [*BOOKING, *LATER]
    parts, weights = list(WEIGHTS), list(WEIGHTS.values())
    drawn = []
    for number in range(kills):
        step = steps[number % len(steps)]
        part = "web" if step == "desk" else chance.choices(parts, weights)[0]  # of the desk's work only the web knows
        drawn.append(Plan(number, part, step, chance.uniform(0, SPREAD)))
    return drawn


class Run:
    """Patients, one after the other, each with a kill."""

    def __init__(self, running: System, sessions: Sessions, desk: Desk | None, names: int = 0) -> None:
        self.system, self.sessions, self.desk, self.names = running, sessions, desk, names
        self.usual: dict[str, float] = {}

    def rehearse(self) -> None:
        """Book, confirm and move once without a kill, to know how long each step takes."""
        patient = Patient(self.system.base, self.names + 900)
        self._go(patient, is_whole=self.desk is not None)
        self.usual = {"desk": 0.3, **patient.seconds}

    def make(self, planned: Plan) -> dict[str, Any]:
        """One kill and everything around it; what came of it."""
        after = planned.moment * self.usual[planned.step]
        kill = Kill(planned.number, planned.part, planned.step, after, self.system.kill)
        patient = Patient(self.system.base, self.names + planned.number, kill)
        began = time.monotonic()
        try:
            status = self._go(patient, is_whole=planned.step in LATER)
            self.system.wait()
            with reading(self.sessions) as session:
                wrong = checks.problems_of(session, patient, status)
        except GaveUp as stuck:
            self.system.wait()
            wrong = [f"cannot be picked up: {stuck}"]
        return {
            **vars(planned),
            "after_seconds": round(after, 3),
            "hit": kill.hit,
            "sent_again": patient.sent_again,
            "apologies": patient.apologies,
            "seconds": round(time.monotonic() - began, 1),
            "wrong": wrong,
        }

    def _go(self, patient: Patient, *, is_whole: bool) -> str:
        """The booking, or all of it with confirmation and move; the state in which the visit must be then."""
        patient.book()
        if not is_whole or self.desk is None:
            return "proposed"
        with reading(self.sessions) as session:
            booking_id = bookings.of_conversation(session, patient.conversation_id)[0].id
        self.desk.confirm(booking_id, patient.kill)
        patient.change()
        return "proposed"


def handed_over(sessions: Sessions, taken: BookingSystem) -> list[str]:
    """Waits until the receiver has every change; the references of visits of which it misses some, or their order."""
    until = time.monotonic() + HANDED_OVER
    while True:
        with reading(sessions) as session:
            wanted = {row.reference: list(range(row.version + 1)) for row in session.scalars(select(Booking))}
        wrong = [reference for reference, versions in wanted.items() if taken.order.get(reference) != versions]
        if not wrong or time.monotonic() > until:
            return wrong
        time.sleep(1)


def run(planned: Sequence[Plan], minutes: float, keep: Keep) -> Result:
    """Start an installation, make the kills, each handed to `keep`, and look everything over at the end."""
    taken, receiver = BookingSystem(), Receiver()
    receiver.on_take = taken.take
    receiver.start()
    with tempfile.TemporaryDirectory(prefix="mesoguide-crashes-") as folder:
        more = {"HANDOVER_WEBHOOK_URL": receiver.url, "HANDOVER_WEBHOOK_SECRETS": SECRET}
        started = system.start(Path(folder), **more)
        configure_keys([started.env["MESOGUIDE_KEYS"]])
        try:
            return _run(planned, started, taken, time.monotonic() + 60 * minutes, keep)
        finally:
            started.stop()
            receiver.stop()


def _run(planned: Sequence[Plan], started: system.Started, taken: BookingSystem, until: float, keep: Keep) -> Result:
    with closing(make_engine(started.system.database_url).connect()) as connection:
        sessions = make_sessions(connection.engine)
        desk = Desk(started.system.base, DEMO_ADMIN, started.env["MESOGUIDE_DESK_PASSWORD"])
        desk.sign_in()
        course = Run(started.system, sessions, desk)
        course.rehearse()
        for one in planned:
            if time.monotonic() > until:
                break
            keep(course.make(one))
        with reading(sessions) as session:
            crowded = checks.crowded(session, clinic_from(load_content(BOT / "content").clinic))
        return {"crowded": crowded, "not_handed_over": handed_over(sessions, taken)}


def figures(result: Result) -> dict[str, int]:
    """The counts of a run."""
    made = result["kills"]
    kinds = Counter(problem.split(":")[0] for one in made for problem in one["wrong"])
    return {
        "kills": sum(one["hit"] for one in made),
        "bookings": len(made),
        "good": sum(not one["wrong"] for one in made),
        "lost": kinds.pop("lost", 0),
        "doubled": kinds.pop("doubled", 0),
        "not_picked_up": kinds.pop("cannot be picked up", 0) + kinds.pop("begun anew", 0),
        "otherwise_wrong": sum(kinds.values()),
        "without_a_room": len(result["crowded"]),
        "not_handed_over": len(result["not_handed_over"]),
        "messages_sent_again": sum(one["sent_again"] for one in made),
        "apologies": sum(one["apologies"] for one in made),
    }


def table(result: Result) -> Table:
    """Kills and good ends by step and part."""
    shown = Table(title="kills made / bookings that came to a good end")
    shown.add_column("step")
    for part in WEIGHTS:
        shown.add_column(part, justify="right")
    for step in (*BOOKING, *LATER):
        cells = [[one for one in result["kills"] if (one["step"], one["part"]) == (step, part)] for part in WEIGHTS]
        shown.add_row(step, *(f"{sum(o['hit'] for o in c)} / {sum(not o['wrong'] for o in c)}" for c in cells))
    return shown


@dataclass
class Book:
    """The figures of a plan (number of kills, seed) in a file, written after every kill."""

    path: Path
    plan: list[int]

    def __post_init__(self) -> None:
        kept = json.loads(self.path.read_text()) if self.path.exists() else {}
        none: Result = {"plan": self.plan, "kills": [], "crowded": [], "not_handed_over": []}
        self.result = kept if kept.get("plan") == self.plan else none

    def keep(self, made: Result) -> None:
        """Print one kill and write it down."""
        print(f"{made['number'] + 1}: {made['part']} at {made['step']}: {made['seconds']} s", made["wrong"], flush=True)
        self.add({"kills": [made]})

    def add(self, more: Result) -> None:
        """Write further kills down, each number once, and what was found at the end of a run."""
        kills = {one["number"]: one for one in [*self.result["kills"], *more.get("kills", [])]}
        self.result["kills"] = [kills[number] for number in sorted(kills)]
        for key in ("crowded", "not_handed_over"):
            self.result[key] += more.get(key, [])
        self.result["figures"] = figures(self.result)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.result, indent=1))


def main() -> None:
    """Run, print, write down."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--minutes", type=float, default=24 * 60, help="stop after so many; 0 makes no kill")
    options.add_argument("--backwards", action="store_true", help="begin at the end of the plan")
    options.add_argument("--join", type=Path, help="add the figures of this file")
    options.add_argument("--out", type=Path, default=Path("results/crashes.json"))
    given = options.parse_args()
    book = Book(given.out, [given.kills, given.seed])
    if given.join:
        book.add(json.loads(given.join.read_text()))
    done = {one["number"] for one in book.result["kills"]}
    left = [one for one in plan(given.kills, given.seed) if one.number not in done]
    if left and given.minutes:
        book.add(run(left[::-1] if given.backwards else left, given.minutes, book.keep))
    console, counts = Console(), figures(book.result)
    console.print(table(book.result))
    console.print_json(data=counts)
    sys.exit(
        0 if counts["good"] == counts["bookings"] and not counts["without_a_room"] + counts["not_handed_over"] else 1
    )


if __name__ == "__main__":
    main()
