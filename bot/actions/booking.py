"""The booking as a Rasa form over the pure interview, the gate before it, and what can be done with a booking later."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from bot.actions.base import ClinicAction, Events, Turn
from bot.actions.consent import PersonalForm
from bot.actions.handoff import LEAVE_FORM, PAUSE_FORM, hand_off
from bot.actions.replies import answer_asides, other_questions
from bot.actions.screening import reopens_screening
from bot.actions.visitor import checked, counting, visitor, visits, waiting
from bot.clinic.booking import interview, visit
from bot.clinic.booking.card import calendar_path, visit_card
from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.course import course_of
from bot.clinic.booking.gather import gather
from bot.clinic.booking.plan import clinic_from
from bot.clinic.booking.slots import is_free
from bot.clinic.booking.times import understand_wish
from bot.clinic.booking.turns import Heard, show_short
from bot.clinic.booking.turns import Turn as Step
from bot.clinic.content.fields import TITLE_LENGTH
from bot.clinic.screening.whom import BOOK, MYSELF, Whom, called, for_whom
from bot.store import bookings, slots
from bot.store.engine import looking, reading
from bot.store.models import Booking

FORM = "booking_form"
PERSONAL = ("name", "contact", "note")  # fields whose answers may look like a question to the understanding
SURE = 0.9
WITHOUT_CHECK = re.compile(r"\b(?:without|skip|no)\b.{0,12}\b(?:check|screening)\b", re.IGNORECASE)


class ActionOpenBooking(ClinicAction):
    """Decides whether a booking may start: `booking_gate` open, check_first or closed."""

    def name(self) -> str:
        return "action_open_booking"

    def act(self, turn: Turn) -> Events:
        whom = visitor(turn)
        with reading(turn.clinic.sessions) as session:
            found = counting(session, turn, whom)
            outcome = found.outcome if found else None
        if outcome == "not_suitable":
            _say_closed(turn, whom)
            return [SlotSet("booking_gate", "closed"), SlotSet("offered", "person")]
        if outcome is not None or _declines(turn, whom):
            opened = [SlotSet("booking_gate", "open"), SlotSet("offered", "none"), SlotSet("booking_outcome", None)]
            return [*opened, SlotSet("booking", _kept_for(turn, whom))]
        _say(turn, "utter_ask_check_first", whom, _for_who_was_checked(turn, whom))
        asked_for = {"text": turn.text, "treatment": turn.entity("treatment"), "for": [whom.about, whom.person]}
        return [SlotSet("booking_gate", "check_first"), SlotSet("offered", "screening"), SlotSet("booking", asked_for)]


def _say_closed(turn: Turn, whom: Whom) -> None:
    """No visit for somebody whom the check found it is not for; a person, their answers, or whose visit it may be."""
    buttons = _for_who_was_checked(turn, whom)
    if whom.about == "other":
        title = turn.content.screening.buttons.change
        buttons = [{"title": title, "payload": for_whom("/check_eligibility", whom)}]
    _say(turn, "utter_booking_not_suitable", whom, buttons)


def _say(turn: Turn, response: str, whom: Whom, buttons: list[dict[str, str]]) -> None:
    """A response of the gate to the patient, or the one that speaks of somebody else."""
    more = {"buttons": buttons} if buttons else {}
    if whom.about == "self":
        turn.say(response, **more)
    else:
        turn.say(f"{response}_other", person=called(whom, turn.content), **more)


def _for_who_was_checked(turn: Turn, whom: Whom) -> list[dict[str, str]]:
    """After a check of somebody else: a way to say that the visit is for them."""
    last = checked(turn)
    if whom.about == "other" or last is None or last.about == "self":
        return []
    title = turn.content.fill(turn.content.screening.buttons.visit_for, person=called(last, turn.content))
    return [{"title": title[:TITLE_LENGTH], "payload": for_whom(BOOK, last)}]


def _kept_for(turn: Turn, whom: Whom) -> dict[str, Any]:
    """What is known of the visit, which is for them; a visit for somebody else that was begun is not this one."""
    before = turn.slot("booking") or {}
    is_same = waiting(turn) in (None, whom)
    return {**(before if is_same else {}), "for": [whom.about, whom.person]}


def _declines(turn: Turn, whom: Whom) -> bool:
    """Whether the patient does without the check for this visit."""
    return turn.intent == "deny" or turn.entity("answer") == "without_check" or _does_without_check(turn, whom)


def note_before_the_check(turn: Turn) -> Events:
    """What is told of the visit while the bot waits for the answer to "check first?" is kept, and that asked again;
    nothing when the bot waits for something else or the message tells nothing of a visit."""
    if (turn.slot("booking_gate"), turn.slot("offered")) != ("check_first", "screening"):
        return []
    if not gather(_heard(turn), None, clinic_from(turn.content.clinic), turn.now):
        return []
    before = turn.slot("booking") or {}
    turn.say("utter_check_first_noted")
    text = f"{before.get('text') or ''}\n{turn.text}".strip()
    kept = {**before, "text": text, "treatment": turn.entity("treatment") or before.get("treatment")}
    return [SlotSet("booking", kept), SlotSet("misunderstood", 0)]


def _does_without_check(turn: Turn, whom: Whom) -> bool:
    """Whether the patient says so, asks for a visit of the same person again instead of answering, or did without it
    once in this chat."""
    is_asked = turn.slot("booking_gate") == "check_first" and turn.slot("offered") == "screening"
    if WITHOUT_CHECK.search(turn.text) or (is_asked and waiting(turn) in (None, whom)):
        return True
    with reading(turn.clinic.sessions) as session:
        return bool(visits(session, turn, whom))


class ValidateBookingForm(PersonalForm):
    """Called by Rasa's form at its start and with every message while it runs."""

    ended_by = "booking_outcome"

    def name(self) -> str:
        return f"validate_{FORM}"

    def go_on(self, turn: Turn) -> Events:
        clinic = clinic_from(turn.content.clinic)
        state = turn.slot("booking") or {}
        taken = _taken(turn, clinic, state)
        if not state.get("asking"):
            whom = waiting(turn)
            if whom and whom.about == "other":
                turn.say("utter_booking_for_other", person=called(whom, turn.content))
            return _went(turn, clinic, _begun(turn, clinic, taken))
        if visit.named(_heard(turn)):  # a button about a visit that was asked for before
            with turn.saving() as session:
                slots.release(session, turn.conversation_id)
            return [*LEAVE_FORM, SlotSet("booking_gate", None), FollowupAction("visit_form")]
        if reopens_screening(turn):  # "wait, I take insulin": the check comes first again
            return [*PAUSE_FORM, FollowupAction("screening_form")]
        if _strays(turn, state) and not tells_a_time(turn, clinic, state):
            answer_asides(turn)
            return _went(turn, clinic, interview.ask_again(state, clinic, taken, turn.now))
        if "?" in turn.text:
            answer_asides(turn)
        return _went(turn, clinic, interview.hear(state, _heard(turn), clinic, taken, turn.now))


def _went(turn: Turn, clinic: Clinic, step: Step) -> Events:
    """Take the time, store a confirmed booking, then say what there is to say. The form ends with `booking_outcome`."""
    step = _take_time(turn, clinic, _numbered(turn, step))
    if step.status == "wants_person":
        hand_off(turn)
    for say in step.says:
        turn.say(say.response, **say.values, buttons=[dict(b) for b in say.buttons], **_metadata(say.metadata))
    ended = step.status != "asking"
    return [
        SlotSet("booking", None if ended else step.state),
        SlotSet("booking_outcome", step.status if ended else None),
        SlotSet("booking_gate", None),
        SlotSet("offered", "none"),
    ]


def _numbered(turn: Turn, step: Step) -> Step:
    """The form run is named after its first message, so that a confirmation repeated after a crash books once; for whom
    the visit is stays with it."""
    before = turn.slot("booking") or {}
    kept = {"run": before.get("run") or str(turn.parse.get("message_id")), "for": before.get("for")}
    return replace(step, state={**step.state, **kept}) if step.state else step


def _take_time(turn: Turn, clinic: Clinic, step: Step) -> Step:
    """Hold the chosen time, book the confirmed one, give back one not wanted; who comes too late is offered others."""
    try:
        if step.status == "confirmed":
            _confirm(turn, clinic, step)
        else:
            _hold(turn, clinic, step)
    except slots.TimeGone:
        return interview.time_gone(step.state, clinic, _taken(turn, clinic, step.state), turn.now)
    return step


def _confirm(turn: Turn, clinic: Clinic, step: Step) -> None:
    row = _store(turn, clinic, step)
    start, calendar = row.starts_at, calendar_path(turn.clinic.secret, row.id)
    card = visit_card(clinic, row.reference, row.status, start, row.treatment, calendar)
    contact = step.state["answers"]["contact"]["display"]
    turn.say("utter_booking_confirmed", reference=row.reference, contact=contact, metadata=card)
    _explain_course(turn, clinic, clinic.local(start) if start else None, step)


def _explain_course(turn: Turn, clinic: Clinic, start: datetime | None, step: Step) -> None:
    """Of a treatment given in a series: how many sessions, how far apart, and dates that are free, if there are any."""
    taken, treatment = _taken(turn, clinic, step.state), step.state["answers"].get("treatment")
    course = course_of(start, treatment, clinic, taken, turn.now)
    if course is None:
        return
    cited = {"kind": "answer", "topic": "ask_sessions", "treatment": treatment, "facts": [course.fact]}
    turn.say(
        "utter_booking_course" if course.following else "utter_booking_course_later",
        least=str(course.least),
        most=str(course.most),
        weeks="–".join(str(one) for one in dict.fromkeys(course.weeks)),
        dates=turn.content.listed([show_short(one) for one in course.following]),
        metadata=cited,
    )


def _hold(turn: Turn, clinic: Clinic, step: Step) -> None:
    """Keep the chosen time for ten minutes; the database is touched only when the choice changed."""
    before, chosen = _chosen(turn.slot("booking") or {}), _chosen(step.state)
    if chosen == before:
        return
    with turn.saving() as session:
        if chosen is None:
            slots.release(session, turn.conversation_id)
        else:
            start = datetime.fromisoformat(chosen[0])
            slots.hold(session, turn.conversation_id, start, chosen[1], slot_rules(turn, clinic))


def _chosen(state: dict[str, Any]) -> tuple[str, str | None] | None:
    answers = state.get("answers") or {}
    return (answers["when"], answers.get("treatment")) if answers.get("when") else None


def slot_rules(turn: Turn, clinic: Clinic) -> slots.Rules:
    """What fits into the clinic's diary at this turn."""
    return slots.Rules(
        minutes=clinic.minutes,
        fits=lambda start, minutes, taken: is_free(start, clinic, taken, turn.now, minutes),
        now=turn.now,
    )


def _metadata(metadata: Any) -> dict[str, Any]:
    return {"metadata": dict(metadata)} if metadata else {}


def _strays(turn: Turn, state: dict[str, Any]) -> bool:
    """Whether the message asks something else instead of answering."""
    asking = state.get("asking")
    if turn.entity("question") is not None or (
        asking == "treatment" and turn.entity("treatment") and "?" not in turn.text
    ):
        return False
    if turn.intent == "book_appointment" and turn.entity("treatment") is None:
        return True
    if turn.intent in ("greet", "thank", "bot_challenge", "chitchat", "report_symptom"):
        return asking not in PERSONAL
    asked = other_questions(turn)
    if not asked or not turn.intent.startswith(("ask_", "inform")):
        return False
    sure = "?" in turn.text or asked[0].confidence >= SURE
    return sure if asking in PERSONAL else True


def tells_a_time(turn: Turn, clinic: Clinic, state: dict[str, Any]) -> bool:
    """Whether a message taken for something else answers the question of the time ("something in the evening")."""
    if state.get("asking") != "when" or "?" in turn.text:
        return False
    return understand_wish(turn.text, turn.now, clinic).kind != "not_understood"


def _heard(turn: Turn) -> Heard:
    return Heard(
        intent=turn.intent,
        text=turn.text,
        entities=tuple(turn.parse.get("entities") or ()),
        question=turn.entity("question"),
        answer=turn.entity("answer"),
    )


def _begun(turn: Turn, clinic: Clinic, taken: slots.Taken) -> Step:
    """Start with the message that asks for the booking, unless it only answers the question about the check, and with
    what was told of the visit before and during that."""
    before = (turn.slot("booking") or {}).get("text") or ""
    answers = turn.intent in ("deny", "affirm") or turn.entity("answer") is not None
    first = Heard("book_appointment") if answers else _heard(turn)
    return interview.begin(first, _known(turn), clinic, taken, turn.now, before)


def _known(turn: Turn) -> dict[str, Any]:
    before = turn.slot("booking") or {}
    treatment = turn.entity("treatment") or before.get("treatment")
    return {"treatment": treatment} if treatment else {}


class _WhenNeeded(Sequence[tuple[datetime, int]]):
    """What is taken, read once and only when somebody looks: most questions of the form are not about times."""

    def __init__(self, read: Callable[[], slots.Taken]) -> None:
        self._read = read

    @cached_property
    def _all(self) -> slots.Taken:
        return self._read()

    def __getitem__(self, place: Any) -> Any:
        return self._all[place]

    def __len__(self) -> int:
        return len(self._all)


def _taken(turn: Turn, clinic: Clinic, state: dict[str, Any]) -> slots.Taken:
    def read() -> slots.Taken:
        rules, since = slot_rules(turn, clinic), turn.now - timedelta(days=1)
        with looking(turn.clinic.sessions) as connection:
            return slots.taken(connection, rules, since, besides=turn.conversation_id, key=_key(turn, state))

    return _WhenNeeded(read)


def _key(turn: Turn, state: dict[str, Any]) -> str:
    return f"{turn.conversation_id}:{state.get('run')}"


def _store(turn: Turn, clinic: Clinic, step: Step) -> Booking:
    """Write the request down once. Raises slots.TimeGone."""
    wanted, whom = interview.request(step.state, clinic), waiting(turn) or MYSELF
    with turn.saving() as session:
        screening = counting(session, turn, whom)
        request = bookings.Request(
            name=wanted["name"],
            contact=wanted["contact"],
            contact_kind=wanted["contact_kind"],
            treatment=wanted["treatment"],
            starts_at=wanted["starts_at"],
            wish=wanted["wish"] or None,
            note=wanted["note"] or None,
            screening_id=screening.id if screening else None,
            screening_status=screening.outcome if screening else "not_screened",
            person=None if whom.about == "self" else whom.person,
            key=_key(turn, step.state),
        )
        return slots.book(session, turn.conversation_id, request, slot_rules(turn, clinic))
