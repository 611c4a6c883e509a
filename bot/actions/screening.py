"""The screening as a Rasa form: every message goes to the pure interview; what it says is uttered, a verdict stored."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from rasa_sdk.events import SlotSet

from bot.actions.base import Events, Turn
from bot.actions.consent import PersonalForm
from bot.actions.replies import answer_asides, answer_suitability
from bot.actions.visitor import counting, visits, waiting
from bot.clinic.consent import REFUSED
from bot.clinic.screening import Heard, Screening, begin, hear, resume, verdict
from bot.clinic.screening import Turn as Step
from bot.clinic.screening.checklist import CHECKLIST
from bot.clinic.screening.interview import AGAIN, SMALL_TALK
from bot.clinic.screening.rules import find
from bot.clinic.screening.telling import is_for_another, person_named
from bot.clinic.screening.whom import MYSELF, Whom, is_of_another
from bot.clinic.understanding import QUESTION
from bot.store import bookings, screenings, triage
from bot.store.engine import reading

FORM = "screening_form"
SURE = 0.8
OFFERED = {"suitable": "booking", "not_suitable": "person", "clinician_review": "person"}
CHECKS = ("check_eligibility", "ask_suitability")
FOR_ANOTHER = re.compile(r"\bfor\s+(my|our|the|a|him|her|them)\b", re.IGNORECASE)
FIRST_PERSON = re.compile(r"\b(i|i'?m|i'?ve|my|me|am|she|he|her|his|we|mum|mom)\b", re.IGNORECASE)
OF_A_CLOCK = re.compile(r"\d\s*[:.h]\s*$")  # what stands before minutes


class ValidateScreeningForm(PersonalForm):
    """Called by Rasa's form at its start and with every message while it runs."""

    ended_by = "screening_outcome"

    def name(self) -> str:
        return f"validate_{FORM}"

    def go_on(self, turn: Turn) -> Events:
        state = Screening.from_dict(turn.slot("screening"))
        _answer_besides(turn)
        return self.finish(turn, state, _step(turn, state))

    def before_notice(self, turn: Turn) -> bool:
        told = [question.criterion for question in turn.content.screening.questions if _has(turn, question.criterion)]
        if told and QUESTION.search(turn.text):  # "I'm diabetic, can I have it?" is answered without a check
            answer_suitability(turn)
            return turn.slot("consent") == REFUSED
        _answer_besides(turn)
        return False

    def finish(self, turn: Turn, before: Screening, step: Step) -> Events:
        """Store a verdict, then say what there is to say. The form ends when `screening_outcome` is set."""
        changed = _store(turn, step) if step.verdict is not None else []
        told = turn.content.screening.phrases.visit
        heard_of = f" {turn.content.fill(told, reference=turn.content.listed(changed))}" if changed else ""
        for say in step.says:
            turn.say_text(f"{say.text}{heard_of}", say.metadata, say.buttons)
        ended = _ended(turn, step.state)
        return [
            SlotSet("screening", step.state.to_dict()),
            SlotSet("screening_outcome", ended),
            SlotSet("offered", OFFERED.get(str(ended), "none")),
            SlotSet("booking_gate", None),
            SlotSet("misunderstood", 0),
        ]


def _answer_besides(turn: Turn) -> None:
    heard = heard_by_screening(turn)
    asks = QUESTION.search(turn.text) or not _tells(heard)  # "yes, type 2" asks nothing
    if heard.intent and not asks_about_self(turn) and asks:
        answer_asides(turn, besides=(*SMALL_TALK, "goodbye", *(CHECKS if turn.intent in CHECKS else ())))


def _has(turn: Turn, criterion: str) -> bool:
    """Whether the patient says that a criterion applies to them."""
    return any(
        e.get("entity") == criterion and e.get("value") not in ("no", "refused")
        for e in turn.parse.get("entities") or []
    )


def _ended(turn: Turn, state: Screening) -> str | None:
    """The outcome of a finished check, how another one ended, or None while it goes on."""
    if state.status == "done":
        return verdict(state, turn.content).outcome
    return None if state.status == "open" else state.status


def _step(turn: Turn, state: Screening) -> Step:
    """Go on, take up again, change a finished screening, or begin."""
    heard, day = heard_by_screening(turn), today(turn)
    if turn.slot("screening") is None:
        return begin(turn.content, heard, day)
    if state.status == "done" and heard.answer == AGAIN:
        return begin(turn.content, replace(heard, about=state.about, person=state.person), day)
    if state.status != "open" and is_of_another(state, heard, turn.content):
        kept = _kept_of(turn, heard)
        return begin(turn.content, heard, day) if kept is None else hear(kept, heard, turn.content, day)
    if state.status in ("stopped", "person"):
        return _take_up(replace(state, status="stopped"), heard, turn, day)
    return hear(state, heard, turn.content, day)


def _take_up(state: Screening, heard: Heard, turn: Turn, day: date) -> Step:
    """Go on where the patient stopped; what they tell on coming back counts."""
    step = resume(state, turn.content)
    return hear(step.state, heard, turn.content, day) if _tells(heard) and step.state.status == "open" else step


def _kept_of(turn: Turn, heard: Heard) -> Screening | None:
    """The decided check of the person a message is about, where there is one already; who is not named has none."""
    whom = Whom("other", heard.person or person_named(heard.text, turn.content)) if heard.about == "other" else MYSELF
    if whom == Whom("other"):
        return None
    with reading(turn.clinic.sessions) as session:
        row = counting(session, turn, whom)
        return Screening.from_dict({**row.answers, "status": "done"}) if row else None


def _tells(heard: Heard) -> bool:
    return bool(heard.facts or heard.age is not None or heard.question)


def reopens_screening(turn: Turn) -> bool:
    """Whether the message changes an answer of a screening that has its outcome ("wait, I take insulin"), or tells of
    somebody else to check ("and for my mother, she is 71")."""
    state, heard = turn.slot("screening") or {}, heard_by_screening(turn)
    if state.get("status") != "done" or not _tells(heard):
        return False
    if not is_of_another(Screening.from_dict(state), heard, turn.content):
        return True
    if heard.about == "other" and (turn.intent in CHECKS or FOR_ANOTHER.search(turn.text)):
        return True
    return _kept_of(turn, heard) is not None


def asks_about_self(turn: Turn) -> bool:
    """Whether the patient asks about suitability and means the check: they tell several things of themselves, or the
    age of somebody else, or ask for the check besides."""
    if turn.intent != "ask_suitability":
        return False
    heard = heard_by_screening(turn)
    parts = {part.get("intent") for part in turn.parse.get("questions") or []}
    if "check_eligibility" in parts or (heard.about == "other" and heard.age is not None):
        return True
    return len(heard.facts) + (heard.age is not None) > 1 and bool(FIRST_PERSON.search(turn.text))


def tells_of_health(turn: Turn) -> bool:
    """Whether the message tells something the check asks for ("I'm 34 and not pregnant"): then the check begins."""
    return turn.intent == "inform" and _tells(heard_by_screening(turn))


def told_of_self(turn: Turn) -> bool:
    """Whether the patient names an illness of their own that the check asks for ("my kidneys are bad")."""
    heard = heard_by_screening(turn)
    is_ill = any(value not in ("no", "refused") for value in heard.facts.values())
    return is_ill and heard.about == "self" and bool(FIRST_PERSON.search(turn.text))


def heard_by_screening(turn: Turn) -> Heard:
    """The latest message as the interview understands it."""
    entities = turn.parse.get("entities") or []
    known = {question.criterion for question in turn.content.screening.questions} | {"none_of_these"}
    known |= {one.id for question in turn.content.screening.questions for one in question.follow_ups}
    facts = {str(e["entity"]): str(e["value"]) for e in entities if e.get("entity") in known}
    if turn.intent.startswith("ask_") and QUESTION.search(turn.text) and not FIRST_PERSON.search(turn.text):
        facts = {}  # "can diabetics have it?" says nothing about the patient
    age, pressed = _age_told(turn), turn.entity("question")
    is_other = any(e.get("about") == "other" for e in entities) or is_for_another(turn.text, turn.content)
    whom = _whose_check(turn) or Whom("other" if is_other else "self")
    return Heard(
        intent="" if _is_hardly_chitchat(turn) else turn.intent,
        facts=facts,
        age=int(age) if isinstance(age, (int, str)) and str(age).isdecimal() else None,
        about=whom.about,
        question=pressed if _is_ours(turn, pressed) else None,
        answer=turn.entity("answer"),
        text=turn.text,
        person=whom.person,
    )


def _whose_check(turn: Turn) -> Whom | None:
    """Whom the check is for that a button or a plain yes starts: as it says, or as the visit that waits for it."""
    named = Whom.pressed(turn.entity("answer"))
    starts = turn.intent == "affirm" and turn.slot("offered") == "screening"
    starts |= turn.intent == "check_eligibility" and not turn.text and turn.entity("answer") is None
    return named or (waiting(turn) if starts else None)


def _age_told(turn: Turn) -> Any:
    """The age in the message. The minutes of a time ("Thursday at 10:30", said while a visit is booked) are none."""
    found = (one for one in turn.parse.get("entities") or [] if one.get("entity") == "age")
    return next((one["value"] for one in found if not OF_A_CLOCK.search(turn.text[: one.get("start") or 0])), None)


def _is_ours(turn: Turn, pressed: Any) -> bool:
    """Whether a button belongs to the check; the booking's do not."""
    return pressed == CHECKLIST or find(turn.content.screening, str(pressed)) is not None


def _is_hardly_chitchat(turn: Turn) -> bool:
    """What fits nowhere is taken for small talk with little confidence; it is no answer and gets none."""
    return turn.intent == "chitchat" and float((turn.parse.get("intent") or {}).get("confidence") or 0) < SURE


def today(turn: Turn) -> date:
    """The clinic's date."""
    return turn.now.astimezone(ZoneInfo(str(turn.content.clinic.time_zone))).date()


def _store(turn: Turn, step: Step) -> list[str]:
    """Write the decision down, as a change of the former one about the same person; a clinician's review is queued.
    Returns the references of the visits to come of which the clinic hears because of it."""
    state, decided = step.state, step.verdict
    assert decided is not None
    decision = screenings.Decision(
        answers={key: state.to_dict()[key] for key in ("answers", "amendments", "about", "person")},
        outcome=decided.outcome,
        reasons=decided.reasons,
        open=decided.open,
        content_version=turn.content.version,
        rules_version=turn.content.screening.version,
    )
    whom = Whom.of(state)
    with turn.saving() as session:
        former = screenings.of_person(session, turn.conversation_id, state.about, state.person)
        if former is None:
            row = screenings.save(session, turn.conversation_id, decision, turn.now)
        else:
            row = screenings.amend(session, former, decision, turn.now)
            triage.close_key(session, screenings.review_key(former), "no_answer_needed", turn.now)
        if decided.outcome == "clinician_review":
            triage.add(
                session,
                kind="review",
                handoff_reason="review",
                conversation_id=turn.conversation_id,
                key=screenings.review_key(row),
                details={"screening": row.id, "open": list(decided.open)},
                now=turn.now,
            )
        theirs = visits(session, turn, whom)
        changed = bookings.rescreen(session, theirs, row.id, row.outcome, actor="patient", now=turn.now)
        return [visit.reference for visit in changed]
