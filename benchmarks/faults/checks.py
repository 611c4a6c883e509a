"""What must hold after the faults, read from the database and from what each patient was told."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import select, update

from benchmarks.faults.injections import World
from benchmarks.faults.patients import Patient
from bot.store import conversations, turns
from bot.store.engine import reading, unit_of_work
from bot.store.models import Booking, Message
from bot.store.slots_models import Delivery

CALM = 120.0  # seconds given to left-over work after the last fault


@dataclass
class Outcome:
    """Figures of a run and, in words, everything that does not hold."""

    messages: int = 0
    answered: int = 0
    accepted: int = 0  # stored by the installation, whether or not the patient was still there
    worked_off: int = 0  # of those, with an answer stored
    confirmed: int = 0  # bookings that a patient was told of
    hastened: int = 0  # deliveries that waited for their next attempt when the run ended
    mailed: int = 0  # bookings of which an email reached the clinic's mailbox
    apologies: int = 0
    kept_waiting: float = 0.0
    bookings: int = 0
    events: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "problems": dict(self.problems)}


def settle(world: World) -> None:
    """Wait until nothing accepted is unanswered and nothing waits to be handed over; gives up after CALM seconds.

    What failed twice in a row waits five minutes by itself; here it leaves at once, as if they were over.
    """
    with unit_of_work(world.system.sessions) as session:
        waiting = update(Delivery).where(Delivery.delivered_at.is_(None), Delivery.dead_at.is_(None))
        world.hastened = session.execute(waiting.values(available_at=datetime.now(timezone.utc))).rowcount  # type: ignore[attr-defined]
        session.commit()
    until = time.monotonic() + CALM
    while time.monotonic() < until:
        with reading(world.system.sessions) as session:
            left = conversations.unanswered(session, datetime.now(timezone.utc))
            references = set(session.scalars(select(Booking.reference)))
        outside = [one.references for one in (world.receiver, world.mail) if one is not None]
        if not left and all(references <= reached for reached in outside):
            return
        time.sleep(1)


def check(world: World, patients: Sequence[Patient]) -> Outcome:
    """Compare what patients were told with what is stored."""
    found = Outcome(hastened=world.hastened)
    for patient in patients:
        _heard(found, patient)
        _transcript(found, world, patient)
        _worked_off_once(found, world, patient)
    _bookings(found, world, patients)
    _nothing_left(found, world)
    _accepted(found, world, patients)
    _file_is_whole(found, world)
    return found


def _heard(found: Outcome, patient: Patient) -> None:
    for told in patient.told:
        found.messages += 1
        found.problems.update(told.problems)
        if told.answered is None:
            if time.monotonic() - told.sent > 1:
                found.broken.append(f"patient {patient.number}: no answer at all; heard {told.problems[-3:]}")
            continue
        found.answered += 1
        found.apologies += told.is_apology
        found.kept_waiting = max(found.kept_waiting, told.answered - told.sent)
        if told.unclear:
            found.broken.append(f"patient {patient.number}: a refusal without words: {told.problems}")
        if not told.says:
            found.broken.append(f"patient {patient.number}: an empty answer")


def _transcript(found: Outcome, world: World, patient: Patient) -> None:
    """Each answered message stands in the transcript once, with an answer; what was told is what is stored."""
    if not patient.conversation_id:
        return
    wanted = select(Message.id, Message.client_id, Message.reply_to)
    with reading(world.system.sessions) as session:
        rows = session.execute(wanted.where(Message.conversation_id == patient.conversation_id)).all()
    stored = Counter(client for _, client, _ in rows if client)
    replied = {reply_to for _, _, reply_to in rows if reply_to}
    identity = {client: own for own, client, _ in rows if client}
    for told in patient.told:
        if told.answered is None:
            continue
        if stored[told.id] != 1:
            found.broken.append(f"patient {patient.number}: an answered message is stored {stored[told.id]} times")
        elif identity[told.id] not in replied:
            found.broken.append(f"patient {patient.number}: an answer was told and is not stored")


def _worked_off_once(found: Outcome, world: World, patient: Patient) -> None:
    """Rasa's own log holds each message at most once."""
    engine = world.system.sessions.kw["bind"]
    events = turns.read_all(engine, patient.conversation_id) if patient.conversation_id else []
    heard = Counter(event.get("message_id") for event in events if event.get("event") == "user")
    twice = [identity for identity, count in heard.items() if count > 1 and identity]
    if twice:
        found.broken.append(f"patient {patient.number}: Rasa worked {len(twice)} messages off more than once")


def _bookings(found: Outcome, world: World, patients: Sequence[Patient]) -> None:
    with reading(world.system.sessions) as session:
        rows = session.execute(select(Booking.reference, Booking.conversation_id)).all()
    stored = Counter(reference for reference, _ in rows)
    found.bookings = len(rows)
    confirmed = {reference for patient in patients for reference in patient.references}
    found.confirmed = len(confirmed)
    lost = confirmed - set(stored)
    if lost:
        found.broken.append(f"{len(lost)} confirmed bookings are not stored")
    of_patients = {patient.conversation_id: len(set(patient.references)) for patient in patients}
    for conversation, told in of_patients.items():
        made = sum(of == conversation for _, of in rows)
        if made > told:
            found.broken.append(f"{made} bookings of a patient who was told of {told}")
    if world.receiver is not None:
        found.events = len(world.receiver.taken)
        missed = set(stored) - world.receiver.references
        if missed:
            found.broken.append(f"{len(missed)} bookings never reached the clinic's own system")
    if world.mail is not None:
        found.mailed = len(set(stored) & world.mail.references)
        if found.mailed < len(stored):
            found.broken.append(f"{len(stored) - found.mailed} bookings never reached the clinic's mailbox")


def _nothing_left(found: Outcome, world: World) -> None:
    with reading(world.system.sessions) as session:
        left = conversations.unanswered(session, datetime.now(timezone.utc))
    if left:
        found.broken.append(f"{len(left)} accepted messages have no answer")


def _accepted(found: Outcome, world: World, patients: Sequence[Patient]) -> None:
    """Every message of these patients that was stored has an answer that is stored.

    An installation that was in use before holds others' too, and what is written to a person has none from the bot.
    """
    theirs = [patient.conversation_id for patient in patients if patient.conversation_id]
    wanted = select(Message.id).where(Message.sender == "patient", Message.conversation_id.in_(theirs))
    with reading(world.system.sessions) as session:
        asked = list(session.scalars(wanted))
        answered = set(session.scalars(select(Message.reply_to).where(Message.reply_to.is_not(None))))
    found.accepted, found.worked_off = len(asked), len(answered & set(asked))
    if found.worked_off < found.accepted:
        found.broken.append(f"{found.accepted - found.worked_off} stored messages have no stored answer")


def _file_is_whole(found: Outcome, world: World) -> None:
    connection = sqlite3.connect(world.system.database)
    verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    if verdict != "ok":
        found.broken.append(f"the database is damaged: {verdict}")
