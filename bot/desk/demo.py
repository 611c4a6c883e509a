"""Demo data: ten weeks of an invented clinic, drawn the same each time, so that a newcomer sees a living desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

import yaml

from bot.clinic.content.screening_parts import CRITERIA
from bot.clinic.screening import Screening
from bot.clinic.screening.rules import Answer
from bot.desk.jobs.grouping import group_in
from bot.desk.meaning import ENCODER, encode
from bot.store import answers_learned, bookings, conversations, feedback, screenings, staff, triage
from bot.store.answers_learned import Draft
from bot.store.bookings import Request
from bot.store.conversations import UnknownConversation, get_conversation
from bot.store.desk_queue import close_kind
from bot.store.engine import Session
from bot.store.models import StaffUser
from bot.store.passwords import nobodys
from bot.store.screenings import Decision
from bot.store.terms import Outcome

FILE = Path(__file__).with_name("demo.yml")
FIRST = "demo-0"
WEEKS = 10
TREATMENTS = ("facial", "hair", "no_needle", "body")
ASKED = tuple(name for name in CRITERIA if name != "under_18")  # by yes or no
MET: Mapping[Outcome, Answer] = {"not_suitable": "yes", "clinician_review": "unsure"}


@dataclass
class Draw:
    """One run: where it writes, what it draws from, and how far it is."""

    session: Session
    words: dict[str, Any]
    random: Random
    now: datetime
    nurse: StaffUser
    doctor: StaffUser
    made: int = 0

    def one(self, key: str) -> Any:
        """One of the words under a key."""
        return self.random.choice(self.words[key])

    def chat(self, at: datetime) -> str:
        """A new conversation."""
        name = f"demo-{self.made}"
        self.made += 1
        channel = "messenger" if self.random.random() < 0.25 else "website"
        return conversations.open_conversation(self.session, channel=channel, now=at, conversation_id=name).id

    def turn(  # noqa: PLR0913, PLR0917 - one turn of a chat
        self, chat: str, at: datetime, text: str, say: str, intent: str, confidence: float, **metadata: Any
    ) -> Any:
        """A patient's message and the assistant's answer; the answer's row."""
        row = conversations.accept_message(self.session, chat, f"c{at.timestamp()}", text, at).row
        understood = {"intent": {"name": intent, "confidence": confidence}, "entities": []}
        says = [{"text": say, "metadata": metadata}]
        return conversations.record_reply(self.session, row, says, at + timedelta(seconds=1), understood)[0]


def demo_data(session: Session, now: datetime) -> int:
    """Fill an empty store; returns how many conversations were made, 0 when the demo data is there already."""
    try:
        get_conversation(session, FIRST)
    except UnknownConversation:
        words = yaml.safe_load(FILE.read_text(encoding="utf-8"))
        draw = Draw(session, words, Random(7), now, *_people(session, now))  # noqa: S311 - a draw for a demo
        _past(draw)
        _learned(draw)
        _today(draw)
        while group_in(session):
            continue
        return draw.made
    return 0


def _people(session: Session, now: datetime) -> tuple[StaffUser, StaffUser]:
    """Two colleagues who cannot sign in: they only have names."""
    made = []
    for name, role in (("Mira (demo)", "front_desk"), ("Dr. Demo", "clinician")):
        email = f"{name.split()[0].strip('.').lower()}@demo.invalid"
        found = staff.find(session, email)
        row = found or StaffUser(
            email=email, name=name, role=role, password_hash=nobodys(), active=False, created_at=now
        )
        session.add(row)
        session.flush()
        made.append(row)
    return made[0], made[1]


def _past(draw: Draw) -> None:
    for week in range(WEEKS, 0, -1):
        for _ in range(draw.random.randint(14, 26) + 2 * (WEEKS - week)):
            minutes = draw.random.randint(0, 7 * 24 * 60 - 2880)
            at = draw.now - timedelta(weeks=week) + timedelta(minutes=minutes)
            _one_past(draw, at)


def _one_past(draw: Draw, at: datetime) -> None:
    chat = draw.chat(at)
    for number in range(draw.random.randint(1, 3)):
        topic, text, said = draw.one("answered")
        confidence = round(draw.random.uniform(0.72, 0.99), 2)
        row = draw.turn(chat, at + timedelta(minutes=number), text, said, topic, confidence, kind="answer", topic=topic)
        if draw.random.random() < 0.2:
            _thumb(draw, chat, row.id, at)
    chance = draw.random.random()
    later = at + timedelta(minutes=5)
    if chance < 0.16:
        _helped(draw, chat, later)
    elif chance < 0.3:
        _unknown(draw, chat, later, close=True)
    elif chance < 0.6:
        _screened(draw, chat, later)


def _thumb(draw: Draw, chat: str, message_id: str, at: datetime) -> None:
    up = draw.random.random() < 0.7
    reason = None if up else draw.one("down")
    feedback.give(draw.session, chat, message_id, thumb="up" if up else "down", now=at, reason=reason)


def _helped(draw: Draw, chat: str, at: datetime) -> None:
    """Asked for a person and was answered by one."""
    _wants_person(draw, chat, at)
    waited = timedelta(minutes=draw.random.randint(3, 400))
    conversations.add_staff_message(draw.session, chat, draw.nurse.id, draw.one("replies"), at + waited)
    conversations.set_owner(draw.session, chat, "returned", expected=["waiting"])
    close_kind(draw.session, chat, "person", "answered", actor=draw.nurse.id, now=at + waited)


def _wants_person(draw: Draw, chat: str, at: datetime) -> None:
    text = draw.one("person")
    draw.turn(chat, at, text, draw.words["handoff"], "talk_to_human", 0.95, kind="handoff")
    conversations.set_owner(draw.session, chat, "waiting", expected=["bot"])
    triage.add(
        draw.session,
        kind="person",
        handoff_reason="asked_for_person",
        conversation_id=chat,
        question=text,
        now=at,
    )


def _unknown(draw: Draw, chat: str, at: datetime, *, close: bool, text: str = "") -> None:
    words = text or draw.random.choice(draw.one("unknown"))
    confidence = round(draw.random.uniform(0.2, 0.5), 2)
    draw.turn(chat, at, words, draw.words["fallback"], "out_of_scope", confidence, kind="fallback")
    item = triage.add(
        draw.session,
        kind="question",
        handoff_reason="knowledge_missing",
        conversation_id=chat,
        question=words,
        details={"nearest": ["ask_clinic_info"]},
        now=at,
    )
    if close:
        triage.close(draw.session, item.id, "answered", at + timedelta(hours=3))


def _screened(draw: Draw, chat: str, at: datetime) -> None:
    """Screened; some leave half-way, some book."""
    if draw.random.random() < 0.25:
        asks = draw.random.choice(("age", *ASKED))
        draw.turn(
            chat, at, "can I have it?", "One more question.", "check_eligibility", 0.93, kind="question", asks=asks
        )
        return
    chosen = draw.random.choices(("suitable", "not_suitable", "clinician_review"), (6, 2, 2))[0]
    outcome = cast(Outcome, chosen)
    met = [draw.random.choice(ASKED)] if outcome != "suitable" else []
    decision = Decision(
        _answers({"age": draw.random.randint(19, 59), **dict.fromkeys(met, MET.get(outcome, "no"))}, at),
        outcome,
        "demo",
        "demo",
        reasons=met if outcome == "not_suitable" else [],
        open=met if outcome == "clinician_review" else [],
    )
    said = "Thank you. Your answers are noted."
    draw.turn(chat, at, "can I have it?", said, "check_eligibility", 0.93, kind="outcome", outcome=outcome)
    row = screenings.save(draw.session, chat, decision, at)
    if outcome != "not_suitable" and draw.random.random() < 0.7:
        _booked(draw, chat, at + timedelta(minutes=4), row.id, outcome)


def _answers(values: Mapping[str, Answer], at: datetime) -> dict[str, Any]:
    """Answers as a screening keeps them; no to all that is not named."""
    state = Screening()
    for question, value in (dict.fromkeys(ASKED, "no") | dict(values)).items():
        state = state.with_answer(question, value, str(value), at.date())
    return state.to_dict()


def _booked(draw: Draw, chat: str, at: datetime, screening: str | None, status: str) -> None:
    name = draw.one("names")
    day = (at + timedelta(days=draw.random.randint(2, 12))).replace(
        hour=draw.random.randint(8, 14), minute=draw.random.choice((0, 30)), second=0, microsecond=0
    )
    while day.weekday() > 4:
        day += timedelta(days=1)
    request = Request(
        name,
        f"{name.split()[0].lower()}{draw.made}@patients.invalid",
        "email",
        treatment=draw.random.choice(TREATMENTS),
        starts_at=day,
        wish=draw.one("wishes"),
        screening_id=screening,
        screening_status=status,
    )
    row = bookings.create(draw.session, chat, request, at)
    if day < draw.now:
        ended = draw.random.choices(("arrived", "noshow", "cancelled"), (8, 1, 1))[0]
        bookings.set_status(draw.session, row, "booked", actor=draw.nurse.id, now=at + timedelta(hours=2))
        bookings.set_status(draw.session, row, ended, actor=draw.nurse.id, now=day)  # type: ignore[arg-type]
    elif draw.random.random() < 0.6:
        bookings.set_status(draw.session, row, "booked", actor=draw.nurse.id, now=at + timedelta(hours=2))
    if row.status != "proposed":
        close_kind(draw.session, chat, "booking", "booked", actor=draw.nurse.id, now=at + timedelta(hours=2))


def _learned(draw: Draw) -> None:
    """One live answer, and one draft that waits for a clinician."""
    text = draw.words["learned"]
    at = draw.now - timedelta(days=20)
    for wordings, draft in (
        (draw.words["unknown"][3], Draft(text["title"], text["text"])),
        (
            draw.words["unknown"][1],
            Draft("Parking", "There is a car park behind the house. Patients park free for two hours."),
        ),
    ):
        known = [(one, vector, None) for one, vector in zip(wordings, encode(wordings), strict=True)]
        row = answers_learned.write(draw.session, draft, known, encoder=ENCODER, author=draw.nurse, now=at)
        if draft.title == text["title"]:
            revision = answers_learned.revisions(draw.session, row.id)[0]
            answers_learned.approve(draw.session, revision.id, clinician=draw.doctor, now=at)


def _today(draw: Draw) -> None:
    """What waits in the queue now."""
    for group in draw.words["unknown"]:
        for text in group:
            at = draw.now - timedelta(minutes=draw.random.randint(20, 1700))
            _unknown(draw, draw.chat(at), at, close=False, text=text)
    for minutes in (8, 35, 190):
        at = draw.now - timedelta(minutes=minutes)
        chat = draw.chat(at - timedelta(minutes=2))
        topic, text, said = draw.one("answered")
        draw.turn(chat, at - timedelta(minutes=1), text, said, topic, 0.91, kind="answer", topic=topic, facts=["F28"])
        _wants_person(draw, chat, at)
    for minutes in (55, 130, 600, 900):
        at = draw.now - timedelta(minutes=minutes)
        _booked(draw, draw.chat(at), at, None, "not_screened")
    _review(draw, draw.now - timedelta(minutes=240))
    for number, (level, sign, text, said) in enumerate(draw.words["danger"]):
        at = draw.now - timedelta(minutes=4 + 26 * number)
        chat = draw.chat(at)
        intent = "report_emergency" if level == "emergency" else "report_urgent"
        draw.turn(chat, at, text, said, intent, 0.99, kind=level)
        details = {"level": level, "sign": sign}
        triage.add(
            draw.session,
            kind="danger",
            handoff_reason="danger",
            conversation_id=chat,
            question=text,
            details=details,
            urgency=number,
            now=at,
        )


def _review(draw: Draw, at: datetime) -> None:
    chat = draw.chat(at)
    answers = _answers({"age": 44, "cancer": "past"}, at)
    decision = Decision(answers, "clinician_review", "demo", "demo", open=["cancer"])
    screenings.save(draw.session, chat, decision, at)
    said = "A clinician looks at your answers and we write to you."
    draw.turn(
        chat, at, "I had cancer eight years ago", said, "inform", 0.88, kind="outcome", outcome="clinician_review"
    )
    triage.add(
        draw.session,
        kind="review",
        handoff_reason="review",
        conversation_id=chat,
        question="Cancer: past",
        now=at,
    )
