"""The screening as a Rasa form: every message goes to the pure interview, what it says is uttered, a verdict is stored."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from rasa_sdk.events import SlotSet

from bot.actions.base import Events, Turn
from bot.actions.consent import PersonalForm
from bot.actions.replies import answer_asides, answer_one
from bot.clinic.consent import REFUSED
from bot.clinic.screening import Heard, Screening, begin, hear, resume
from bot.clinic.screening import Turn as Step
from bot.clinic.screening.rules import find
from bot.clinic.understanding import Question
from bot.store import screenings, triage

FORM = "screening_form"
FIRST_PERSON = re.compile(r"\b(i|i'?m|i'?ve|my|me|am|she|he|her|his|we|mum|mom)\b", re.IGNORECASE)
ASKS = re.compile(
    r"\?|^\W*(can|could|is|are|do|does|what|who|how|why|when|where|which|will|would|should|may)\b", re.IGNORECASE
)


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
        if told and ASKS.search(turn.text):  # "I'm diabetic, can I have it?" is answered without a check
            answer_one(turn, Question("ask_suitability", turn.text, entities=tuple(turn.parse.get("entities") or ())))
            return turn.slot("consent") == REFUSED
        _answer_besides(turn)
        return False

    def finish(self, turn: Turn, before: Screening, step: Step) -> Events:
        """Store a verdict, then say what there is to say. The form ends when `screening_outcome` is set."""
        if step.verdict is not None:
            _store(turn, step)
        for say in step.says:
            turn.say_text(say.text, say.metadata, say.buttons)
        ended = step.verdict.outcome if step.verdict else step.state.status if step.state.status != "open" else None
        offered = {"suitable": "booking", "not_suitable": "person", "clinician_review": "person"}
        return [
            SlotSet("screening", step.state.to_dict()),
            SlotSet("screening_outcome", ended),
            SlotSet("offered", offered.get(str(ended), "none")),
            SlotSet("booking_gate", None),
            SlotSet("misunderstood", 0),
        ]


def _answer_besides(turn: Turn) -> None:
    told = _tells(heard_by_screening(turn))
    if not asks_about_self(turn) and (ASKS.search(turn.text) or not told):  # "yes, type 2" asks nothing
        answer_asides(turn)


def _has(turn: Turn, criterion: str) -> bool:
    """Whether the patient says that a criterion applies to them."""
    return any(
        e.get("entity") == criterion and e.get("value") not in ("no", "refused")
        for e in turn.parse.get("entities") or []
    )


def _step(turn: Turn, state: Screening) -> Step:
    """Go on, take up again, change a finished screening, or begin."""
    heard, day = heard_by_screening(turn), today(turn)
    if turn.slot("screening") is None or (state.status == "done" and not _tells(heard)):
        return begin(turn.content, heard, day)
    if state.status in ("stopped", "person"):
        return resume(replace(state, status="stopped"), turn.content)
    return hear(state, heard, turn.content, day)


def _tells(heard: Heard) -> bool:
    return bool(heard.facts or heard.age is not None or heard.question)


def reopens_screening(turn: Turn) -> bool:
    """Whether the message changes an answer of a screening that has its outcome ("wait, I take insulin")."""
    state = turn.slot("screening") or {}
    return state.get("status") == "done" and _tells(heard_by_screening(turn))


def asks_about_self(turn: Turn) -> bool:
    """Whether the patient asks about suitability and tells several things of themselves: then they mean the check."""
    heard = heard_by_screening(turn)
    told = len(heard.facts) + (heard.age is not None)
    return turn.intent == "ask_suitability" and told > 1 and bool(FIRST_PERSON.search(turn.text))


def tells_of_health(turn: Turn) -> bool:
    """Whether the message tells something the check asks for ("I'm 34 and not pregnant"): then the check begins."""
    return turn.intent == "inform" and _tells(heard_by_screening(turn))


def heard_by_screening(turn: Turn) -> Heard:
    """The latest message as the interview understands it."""
    entities = turn.parse.get("entities") or []
    known = {question.criterion for question in turn.content.screening.questions} | {"none_of_these"}
    known |= {one.id for question in turn.content.screening.questions for one in question.follow_ups}
    facts = {str(e["entity"]): str(e["value"]) for e in entities if e.get("entity") in known}
    if turn.intent.startswith("ask_") and ASKS.search(turn.text) and not FIRST_PERSON.search(turn.text):
        facts = {}  # "can diabetics have it?" says nothing about the patient
    age, pressed = turn.entity("age"), turn.entity("question")
    return Heard(
        intent=turn.intent,
        facts=facts,
        age=int(age) if isinstance(age, (int, str)) and str(age).isdecimal() else None,
        about="other" if any(e.get("about") == "other" for e in entities) else "self",
        question=pressed if find(turn.content.screening, str(pressed)) else None,  # the booking's buttons are not ours
        answer=turn.entity("answer"),
        text=turn.text,
    )


def today(turn: Turn) -> date:
    """The clinic's date."""
    return turn.now.astimezone(ZoneInfo(str(turn.content.clinic.time_zone))).date()


def _store(turn: Turn, step: Step) -> None:
    verdict = step.verdict
    assert verdict is not None
    decision = screenings.Decision(
        answers={key: step.state.to_dict()[key] for key in ("answers", "amendments", "about")},
        outcome=verdict.outcome,
        reasons=verdict.reasons,
        open=verdict.open,
        content_version=turn.content.version,
        rules_version=turn.content.screening.version,
    )
    with turn.saving() as session:
        former = screenings.latest(session, turn.conversation_id)
        row = (
            screenings.amend(session, former, decision, turn.now)
            if former is not None and step.state.amendments
            else screenings.save(session, turn.conversation_id, decision, turn.now)
        )
        if verdict.outcome == "clinician_review":
            triage.add(
                session,
                kind="review",
                handoff_reason="review",
                conversation_id=turn.conversation_id,
                key=f"review:{row.id}",
                details={"screening": row.id, "open": list(verdict.open)},
                now=turn.now,
            )
