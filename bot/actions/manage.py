"""What can be done with a visit later: hear its state, move it, cancel it. A form over bot/clinic/booking/visit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rasa_sdk.events import SlotSet

from bot.actions.base import Events, Turn
from bot.actions.booking import slot_rules, tells_a_time
from bot.actions.consent import PersonalForm
from bot.actions.handoff import hand_off
from bot.actions.replies import answer_asides, other_questions
from bot.clinic.booking import visit
from bot.clinic.booking.card import calendar_path
from bot.clinic.booking.diary import Diary
from bot.clinic.booking.plan import clinic_from
from bot.clinic.booking.turns import Heard
from bot.store import bookings, desk_bookings, slots, slots_guesses, triage
from bot.store.engine import reading
from bot.store.models import Booking


class ValidateVisitForm(PersonalForm):
    """Called by Rasa's form at its start and with every message while it runs."""

    ended_by = "visit_outcome"

    def name(self) -> str:
        return "validate_visit_form"

    def go_on(self, turn: Turn) -> Events:
        state, diary, heard = turn.slot("visit") or {}, _diary(turn), _heard(turn)
        is_about_another = visit.named(heard) and state.get("asking") != "which"
        if not state.get("asking") or is_about_another:
            step = visit.begin(heard, _own(turn), diary)
        elif turn.intent in ("check_eligibility", "book_appointment") and not tells_a_time(turn, diary.clinic, state):
            turn.say("utter_first_visit")
            step = visit.ask_again(state, diary)
        elif _strays(turn) and not _says_when(turn, diary, state):
            answer_asides(turn)
            step = visit.ask_again(state, diary)
        else:
            step = visit.hear(state, heard, diary)
        return _went(turn, _carried_out(turn, step, heard, diary))


def _carried_out(turn: Turn, step: visit.Step, heard: Heard, diary: Diary) -> visit.Step:
    """Do what the step asks for; what comes of it is the step that counts."""
    if step.does == "look_up":
        return _look_up(turn, step, heard, diary)
    if step.does == "pick":
        return visit.picked(step.state, _own(turn), diary)
    if step.does is None:
        return step
    try:
        return _change(turn, step, diary)
    except slots.TimeGone:
        return visit.gone(step.state, _diary(turn))


def _look_up(turn: Turn, step: visit.Step, heard: Heard, diary: Diary) -> visit.Step:
    with turn.saving() as session:
        try:
            row = slots_guesses.look_up(
                session, turn.conversation_id, step.state["reference"], step.state["contact"], turn.now
            )
        except slots_guesses.TooManyGuesses:
            return visit.too_many()
        return visit.not_found(step.state) if row is None else visit.found(step.state, _visit(turn, row), heard, diary)


def _change(turn: Turn, step: visit.Step, diary: Diary) -> visit.Step:
    """Move or cancel, if the visit is still as the patient was told; else say how it stands now."""
    with turn.saving() as session:
        row = session.get(Booking, step.state["visit"]["id"])
        if row is None:
            return visit.not_found(step.state)
        start, rules = visit.chosen(step.state) if step.does == "move" else None, slot_rules(turn, diary.clinic)
        slots.lock(session, row, start, rules)
        if not visit.is_open(row.status, row.starts_at, diary):
            return visit.found(step.state, _visit(turn, row), Heard("inform"), diary)
        if step.does == "accept":
            return _accept(session, turn, step, row, diary)
        if start is None:
            _cancel(session, turn, row)
        elif (row.starts_at, row.status) != (start, "proposed"):  # else a yes repeated after a crash
            slots.move(session, row, start, step.state["wished"] or None, rules, actor="patient")
            _tell_desk(session, turn, row, "change")
        return visit.done(step.state, diary)


def _accept(session: Any, turn: Turn, step: visit.Step, row: Booking, diary: Diary) -> visit.Step:
    """The clinic's suggestion suits the patient: that fixes the visit, unless the clinic has changed it since."""
    told = step.state["visit"]["starts_at"]
    is_as_told = row.starts_at is not None and told is not None and row.starts_at == datetime.fromisoformat(told)
    if row.status == "proposed" or not is_as_told:
        return visit.found({**step.state, "wants": "change"}, _visit(turn, row), Heard("inform"), diary)
    bookings.set_status(session, row, "booked", actor="patient", now=turn.now)
    return visit.done(step.state, diary)


def _cancel(session: Any, turn: Turn, row: Booking) -> None:
    """What the desk had promised or asked, it hears of; a visit it had not looked at yet just leaves the queue."""
    was_settled = row.status != "proposed"
    bookings.set_status(session, row, "cancelled", actor="patient", now=turn.now)
    desk_bookings.settle(session, row, "no_answer_needed", turn.now)
    if was_settled:
        _tell_desk(session, turn, row, "cancelled")


def _tell_desk(session: Any, turn: Turn, row: Booking, wants: str) -> None:
    """A row that says what the patient did with the visit, in place of those that are open for it."""
    desk_bookings.settle(session, row, "duplicate", turn.now)
    triage.add_for_visit(
        session,
        row,
        details={"wants": wants},
        key=f"{wants}:{row.id}:{row.version}",
        now=turn.now,
    )


def _went(turn: Turn, step: visit.Step) -> Events:
    if step.status == "wants_person":
        hand_off(turn)
    for say in step.says:
        metadata = {"metadata": dict(say.metadata)} if say.metadata else {}
        turn.say(say.response, **say.values, buttons=[dict(button) for button in say.buttons], **metadata)
    ended = step.status != "asking"
    return [
        SlotSet("visit", None if ended else step.state),
        SlotSet("visit_outcome", step.status if ended else None),
        SlotSet("booking_gate", None),
        SlotSet("offered", "person" if any(say.response == "utter_no_booking" for say in step.says) else "none"),
    ]


def _strays(turn: Turn) -> bool:
    """Whether the message asks something else instead of answering."""
    if turn.entity("question") is not None:
        return False
    if turn.intent in ("greet", "thank", "bot_challenge", "chitchat", "report_symptom"):
        return True
    return turn.intent.startswith(("ask_", "inform")) and bool(other_questions(turn))


def _says_when(turn: Turn, diary: Diary, state: dict[str, Any]) -> bool:
    return tells_a_time(turn, diary.clinic, state) or visit.wants_to_move(state, turn.text, diary)


def _heard(turn: Turn) -> Heard:
    return Heard(turn.intent, turn.text, (), turn.entity("question"), turn.entity("answer"))


def _own(turn: Turn) -> list[visit.Visit]:
    with reading(turn.clinic.sessions) as session:
        return [_visit(turn, row) for row in bookings.of_conversation(session, turn.conversation_id)]


def _visit(turn: Turn, row: Booking) -> visit.Visit:
    calendar = calendar_path(turn.clinic.secret, row.id)
    return visit.Visit(row.id, row.reference, row.status, row.treatment, row.starts_at, calendar)


def _diary(turn: Turn) -> Diary:
    clinic = clinic_from(turn.content.clinic)
    with reading(turn.clinic.sessions) as session:
        after = turn.now - timedelta(days=1)
        return Diary(clinic, slots.taken(session, slot_rules(turn, clinic), after), turn.now)
