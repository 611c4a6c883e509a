"""What the booking interview asks next: the first missing field, the read-back, or the same question another way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.clinic.booking import when
from bot.clinic.booking.card import time_card
from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.contact import ContactProblem, understand_contact
from bot.clinic.booking.diary import Diary
from bot.clinic.booking.turns import FIELDS, Heard, Say, State, Turn, button, question, show_time

MISSES = 2  # unusable answers after which the question is put another way
AT_THE_END = ("confirm", "change")


def next_question(state: State, diary: Diary) -> Turn:
    """Ask for the first field that is missing, or read everything back."""
    state["misses"] = 0
    return ask(state, next((one for one in FIELDS if one not in state["answers"]), "confirm"), diary)


def ask(state: State, asks: str, diary: Diary) -> Turn:
    """Ask for a field; a pending wish for a time is worked on when the time is asked for."""
    if asks == "when":
        say = when.settle(state, diary)
        if say is None:
            return next_question(state, diary)
        state["asking"] = "when"
        return Turn(state, (say,))
    state["asking"] = asks
    if asks == "change":
        return Turn(state, (question("utter_booking_change_what", "change"),))
    if asks == "confirm":
        return Turn(state, (_read_back(state, diary.clinic),))
    return Turn(state, (put(f"utter_ask_booking_{asks}", asks, diary.clinic),))


def put(response: str, asks: str, clinic: Clinic) -> Say:
    """A response that asks for a field, with the buttons that belong to it."""
    return question(response, asks, _treatments(clinic) if asks == "treatment" else ())


def missed(state: State, heard: Heard, diary: Diary) -> Turn:
    """An answer that could not be used: say what is needed, and after two of them say it another way."""
    asked = "confirm" if state["asking"] in AT_THE_END else state["asking"]
    state["misses"] += 1
    if state["misses"] >= MISSES:
        return Turn(state, (put(f"utter_booking_explain_{asked}", asked, diary.clinic),))
    if asked == "contact":
        problem = understand_contact(heard.text, diary.clinic.region)
        reason = problem.reason if isinstance(problem, ContactProblem) else "missing"
        return Turn(state, (question(f"utter_booking_contact_{reason}", "contact"),))
    if asked == "when":
        return Turn(state, (when.unclear(state, diary),))
    return Turn(state, (put(f"utter_booking_{asked}_unclear", asked, diary.clinic),))


def _treatments(clinic: Clinic) -> list[Mapping[str, str]]:
    return [button(one.title, "treatment", one.id) for one in clinic.treatments.values()]


def _read_back(state: State, clinic: Clinic) -> Say:
    answers = state["answers"]
    response = "utter_ask_booking_confirm_with_note" if answers["note"] else "utter_ask_booking_confirm"
    start = datetime.fromisoformat(answers["when"])
    return question(
        response,
        "confirm",
        card=time_card(clinic, start, answers["treatment"]),
        treatment=clinic.title(answers["treatment"]),
        name=answers["name"],
        contact=answers["contact"]["display"],
        when=show_time(clinic.local(start)),
        note=answers["note"],
    )
