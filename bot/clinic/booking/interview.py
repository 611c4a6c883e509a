"""The booking conversation as pure functions: a state and a message in, the new state and what to say out.

Asks for treatment, name, contact, time and note, reads everything back, and lets every field be changed at any point.
"""

from __future__ import annotations

import copy
import re
from datetime import datetime
from typing import Any

from bot.clinic.booking import when
from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.contact import ContactProblem, understand_contact
from bot.clinic.booking.gather import Gathered, gather
from bot.clinic.booking.slots import fits
from bot.clinic.booking.times import understand_wish
from bot.clinic.booking.turns import (
    FIELDS,
    UNDECIDED,
    Heard,
    Say,
    State,
    Taken,
    Turn,
    button,
    new_state,
    question,
    show_time,
)
from bot.clinic.booking.wish import wish_to_dict

MISSES = 2  # unusable answers after which the question is put another way
AT_THE_END = ("confirm", "change")
STOP_INTENTS = ("stop", "cancel_booking", "restart")
_STOP = re.compile(
    r"^\W*(?:please )?(?:stop|quit|cancel|abort|exit|forget it|never ?mind)(?: (?:it|this|please|the booking))?\W*$",
    re.I,
)
_CHANGE = re.compile(
    r"\b(?:change|wrong|incorrect|different|another|edit|correct|fix|not right|mistake|misspelled|update)\b", re.I
)
_NAMED = {
    "treatment": r"treatments?",
    "name": r"name",
    "contact": r"contact|phone|number|e-?mail|mail|mobile",
    "when": r"time|date|day|hour|slot|appointment|when",
    "note": r"notes?|comments?|remarks?",
}


def begin(heard: Heard, known: dict[str, Any], clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """Start a booking. `known`: answers kept from before by field (treatment, name, contact as a dict, note)."""
    state = new_state()
    state["answers"].update({key: value for key, value in known.items() if key in FIELDS and key != "when" and value})
    if heard.text:
        gather(heard, None, clinic, now).keep(state)
    return _next(state, clinic, taken, now)


def hear(state: State, heard: Heard, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """Take one message of the patient into the booking. The state given is not changed."""
    state = copy.deepcopy(state)
    asked = state.get("asking")
    if heard.question is None and (heard.intent in STOP_INTENTS or _STOP.match(heard.text)) or heard.answer == "stop":
        return Turn({}, (Say("utter_booking_stopped"),), "stopped")
    if heard.intent == "talk_to_human" or (heard.question == "booking" and heard.answer == "person"):
        return Turn(state, (), "wants_person")
    if heard.question is not None:
        return _payload(state, heard, clinic, taken, now)
    if heard.intent == "ask_why" and asked in FIELDS:
        return Turn(state, (Say(f"utter_booking_why_{asked}"), *ask_again(state, clinic, taken, now).says))
    if asked in AT_THE_END or (asked == "note" and _CHANGE.search(heard.text) and _named_field(heard.text)):
        return _at_confirm(state, heard, clinic, taken, now)
    return _answer(state, heard, asked, clinic, taken, now)


def ask_again(state: State, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """The open question once more, after something else was answered in between."""
    return _ask(copy.deepcopy(state), state["asking"], clinic, taken, now)


def time_gone(state: State, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """The chosen time was lost to somebody else: offer the nearest free ones."""
    state = copy.deepcopy(state)
    wanted = datetime.fromisoformat(state["answers"].pop("when"))
    state["asking"] = "when"
    return Turn(state, (when.gone(state, wanted, _diary(state, clinic, taken, now)),))


def request(state: State, clinic: Clinic) -> dict[str, Any]:
    """The finished booking as plain values: treatment (None if undecided), name, contact, contact_kind, contact_display,
    starts_at (aware datetime), minutes, note, wish (the patient's own words for the time)."""
    answers = state["answers"]
    return {
        "treatment": None if answers["treatment"] == UNDECIDED else answers["treatment"],
        "name": answers["name"],
        "contact": answers["contact"]["value"],
        "contact_kind": answers["contact"]["kind"],
        "contact_display": answers["contact"]["display"],
        "starts_at": datetime.fromisoformat(answers["when"]),
        "minutes": clinic.minutes(answers["treatment"]),
        "note": answers.get("note", ""),
        "wish": state.get("wished", ""),
    }


# --- answers ----------------------------------------------------------------------------------------------------------


def _payload(state: State, heard: Heard, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """A button: an answer to any field, the choice at the end, or what to change."""
    asks, answer = heard.question, heard.answer or ""
    if asks == "confirm":
        return _decide(state, answer, clinic, taken, now)
    if asks == "change" and answer in FIELDS:
        return _change(state, answer, clinic, taken, now)
    if asks == "booking":  # "go on"
        state["misses"] = 0
        return _ask(state, state["asking"], clinic, taken, now)
    if asks == "when" and answer == when.OTHER:
        state["asking"], state["misses"] = "when", 0
        return Turn(state, (when.other_times(state, _diary(state, clinic, taken, now)),))
    gathered = _from_button(asks or "", answer, clinic, now)
    if not gathered:
        return _missed(state, heard, clinic, taken, now)
    return _keep(state, gathered, clinic, taken, now)


def _from_button(asks: str, answer: str, clinic: Clinic, now: datetime) -> Gathered:
    if asks == "treatment" and (answer in clinic.treatments or answer == UNDECIDED):
        return Gathered({"treatment": answer})
    if asks == "when":
        return Gathered(wish=understand_wish(answer, now, clinic))
    if asks in ("name", "contact", "note"):
        typed = "" if asks == "note" and answer in ("no", "none", "skip") else answer
        return gather(Heard("deny" if asks == "note" and not typed else "inform", typed), asks, clinic, now)
    return Gathered()


def _answer(state: State, heard: Heard, asked: str | None, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    if asked == "when":
        chosen = when.chosen(heard, state["offered"], clinic, now)
        if chosen:
            return _payload(state, Heard("inform", question="when", answer=chosen), clinic, taken, now)
    gathered = gather(heard, asked, clinic, now)
    if gathered:
        return _keep(state, gathered, clinic, taken, now)
    if heard.intent == "refuse" and asked in ("name", "contact"):
        state["misses"] += 1
        return Turn(state, (_explained(f"utter_booking_{asked}_needed", asked, clinic),))
    return _missed(state, heard, clinic, taken, now)


def _keep(state: State, gathered: Gathered, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    gathered.keep(state)
    if "treatment" in gathered.answers and "when" in state["answers"]:
        _check_length(state, clinic, taken, now)
    return _next(state, clinic, taken, now)


def _check_length(state: State, clinic: Clinic, taken: Taken, now: datetime) -> None:
    """A longer treatment may no longer fit the chosen time: that becomes a wish again."""
    start = state["answers"]["when"]
    if not _diary(state, clinic, taken, now).has(datetime.fromisoformat(start)):
        state["wish"] = wish_to_dict(understand_wish(start[:16], now, clinic))
        del state["answers"]["when"]


def _missed(state: State, heard: Heard, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """An answer that could not be used: say what is needed, and after two of them say it another way."""
    asked = state["asking"]
    state["misses"] += 1
    if state["misses"] >= MISSES:
        asked = "confirm" if asked in AT_THE_END else asked
        return Turn(state, (_explained(f"utter_booking_explain_{asked}", asked, clinic),))
    if asked == "contact":
        problem = understand_contact(heard.text, clinic.region)
        reason = problem.reason if isinstance(problem, ContactProblem) else "missing"
        return Turn(state, (question(f"utter_booking_contact_{reason}", "contact"),))
    if asked == "when":
        state["wish"] = wish_to_dict(understand_wish("", now, clinic))
        return Turn(state, (when.settle(state, _diary(state, clinic, taken, now)),))  # type: ignore[arg-type]
    if asked in AT_THE_END:
        return Turn(state, (question("utter_booking_confirm_unclear", "confirm"),))
    return Turn(state, (_explained(f"utter_booking_{asked}_unclear", asked, clinic),))


# --- questions --------------------------------------------------------------------------------------------------------


def _next(state: State, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """Ask for the first field that is missing, or read everything back."""
    state["misses"] = 0
    missing = next((one for one in FIELDS if one not in state["answers"]), "confirm")
    return _ask(state, missing, clinic, taken, now)


def _ask(state: State, asks: str, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    if asks == "when":
        say = when.settle(state, _diary(state, clinic, taken, now))
        if say is None:
            return _next(state, clinic, taken, now)
        state["asking"] = "when"
        return Turn(state, (say,))
    state["asking"] = asks
    if asks == "change":
        return Turn(state, (question("utter_booking_change_what", "change"),))
    if asks == "confirm":
        return Turn(state, (_read_back(state, clinic),))
    return Turn(
        state, (question(f"utter_ask_booking_{asks}", asks, _treatments(clinic) if asks == "treatment" else ()),)
    )


def _treatments(clinic: Clinic) -> list[dict[str, str]]:
    return [button(one.title, "treatment", one.id) for one in clinic.treatments.values()]


def _read_back(state: State, clinic: Clinic) -> Say:
    answers = state["answers"]
    response = "utter_ask_booking_confirm_with_note" if answers.get("note") else "utter_ask_booking_confirm"
    return question(
        response, "confirm",
        treatment=clinic.title(answers["treatment"]), name=answers["name"], contact=answers["contact"]["display"],
        when=show_time(clinic.local(datetime.fromisoformat(answers["when"]))), note=answers.get("note", ""),
    )  # fmt: skip


def _explained(response: str, asks: str, clinic: Clinic) -> Say:
    return question(response, asks, _treatments(clinic) if asks == "treatment" else ())


# --- the end ----------------------------------------------------------------------------------------------------------


def _at_confirm(state: State, heard: Heard, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    named = _named_field(heard.text)
    gathered = gather(heard, named, clinic, now) if named != "note" else Gathered()
    if heard.intent == "affirm" and not _CHANGE.search(heard.text) and _is_no_news(gathered, state, clinic):
        return _decide(state, "yes", clinic, taken, now)
    if gathered:
        return _keep(state, gathered, clinic, taken, now)
    asked_what = state["asking"] == "change"
    if named and (asked_what or heard.intent in ("deny", "change_booking") or _CHANGE.search(heard.text)):
        return _change(state, named, clinic, taken, now)
    if heard.intent in ("deny", "change_booking") or _CHANGE.search(heard.text):
        return _decide(state, "change", clinic, taken, now)
    return _missed(state, heard, clinic, taken, now)


def _is_no_news(gathered: Gathered, state: State, clinic: Clinic) -> bool:
    """Whether a yes only repeats what was read back ("yes, Tuesday is fine")."""
    if gathered.wish is not None and "when" in state["answers"]:
        start = clinic.local(datetime.fromisoformat(state["answers"]["when"]))
        if not fits(start, gathered.wish):
            return False
    return all(state["answers"].get(key) == value for key, value in gathered.answers.items())


def _named_field(text: str) -> str | None:
    """The one field that a wish for a change names."""
    named = [key for key, pattern in _NAMED.items() if re.search(rf"\b(?:{pattern})\b", text, re.I)]
    return named[0] if named else None


def _change(state: State, field: str, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    state["answers"].pop(field, None)
    state["misses"], state["wish"], state["offered"] = 0, None, []
    return _ask(state, field, clinic, taken, now)


def _decide(state: State, answer: str, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    missing = [one for one in FIELDS if one not in state["answers"]]
    if missing:  # an old button
        return _next(state, clinic, taken, now)
    if answer != "yes":
        return _ask(state, "change", clinic, taken, now)
    start = datetime.fromisoformat(state["answers"]["when"])
    if not _diary(state, clinic, taken, now).has(start):
        return time_gone(state, clinic, taken, now)
    return Turn(state, (), "confirmed")


def _diary(state: State, clinic: Clinic, taken: Taken, now: datetime) -> when.Diary:
    return when.Diary(clinic, taken, now, state["answers"].get("treatment"))
