"""The booking conversation as pure functions: a state and a message in, the new state and what to say out.

Asks for treatment, name, contact, time and note, reads everything back, and lets every field be changed at any point.
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.clinic.booking import when
from bot.clinic.booking.asking import AT_THE_END, ask, missed, next_question, put
from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.diary import Diary
from bot.clinic.booking.gather import Gathered, gather
from bot.clinic.booking.names import name_as_written
from bot.clinic.booking.slots import fits
from bot.clinic.booking.turns import FIELDS, UNDECIDED, Heard, Say, State, Taken, Turn, new_state
from bot.clinic.booking.wish import wish_to_dict

STOP_INTENTS = ("stop", "cancel_booking", "restart")
_STOP = re.compile(
    r"^\W*(?:please )?(?:stop|quit|cancel|abort|exit|forget it|never ?mind)(?: (?:it|this|please|the booking))?\W*$",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:change|wrong|incorrect|different|another|edit|correct|fix|not right|mistake|misspelled|update)\b",
    re.IGNORECASE,
)
_NAMED = {
    "treatment": re.compile(r"\btreatments?\b", re.IGNORECASE),
    "name": re.compile(r"\bname\b", re.IGNORECASE),
    "contact": re.compile(r"\b(?:contact|phone|number|e-?mail|mail|mobile)\b", re.IGNORECASE),
    "when": re.compile(r"\b(?:time|date|day|hour|slot|appointment|when)\b", re.IGNORECASE),
    "note": re.compile(r"\b(?:notes?|comments?|remarks?)\b", re.IGNORECASE),
}


def begin(  # noqa: PLR0913, PLR0917 - what is told, and what it is read against
    heard: Heard, known: dict[str, Any], clinic: Clinic, taken: Taken, now: datetime, before: str = ""
) -> Turn:
    """Start a booking with what the first message volunteers.

    `before`: what was told of the visit earlier; the first message counts where they differ. `known`: answers kept from
    before, by field: treatment, name, contact (kind, value, display), note. `taken`: (start, minutes) of every
    appointment already held.
    """
    state = new_state()
    state["answers"].update({key: value for key, value in known.items() if _is_usable(key, value, clinic)})
    for text in (before, heard.text):
        if text:
            gather(replace(heard, text=text), None, clinic, now).keep(state)
    return next_question(state, Diary(clinic, taken, now))


def hear(state: State, heard: Heard, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """Take one message of the patient into the booking. The state given is not changed; an empty one is begun."""
    if _stops(heard):
        return Turn({}, (Say("utter_booking_stopped"),), "stopped")
    if "asking" not in state:
        return begin(heard, {}, clinic, taken, now)
    state, diary = copy.deepcopy(state), Diary(clinic, taken, now)
    if heard.intent == "talk_to_human" or (heard.question == "booking" and heard.answer == "person"):
        return Turn(state, (), "wants_person")
    return _press(state, heard, diary) if heard.question is not None else _typed(state, heard, diary)


def ask_again(state: State, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """The open question once more, after something else was answered in between."""
    return ask(copy.deepcopy(state), state["asking"], Diary(clinic, taken, now))


def time_gone(state: State, clinic: Clinic, taken: Taken, now: datetime) -> Turn:
    """The chosen time was lost to somebody else: offer the nearest free ones."""
    return _offer_next_best(copy.deepcopy(state), Diary(clinic, taken, now))


def request(state: State, clinic: Clinic) -> dict[str, Any]:
    """The finished booking as plain values.

    treatment (None if undecided), name, contact, contact_kind (phone or email), contact_display, starts_at (aware
    datetime), minutes, note, wish (the patient's own words for the time). KeyError while a field is missing.
    """
    answers = state["answers"]
    return {
        "treatment": None if answers["treatment"] == UNDECIDED else answers["treatment"],
        "name": answers["name"],
        "contact": answers["contact"]["value"],
        "contact_kind": answers["contact"]["kind"],
        "contact_display": answers["contact"]["display"],
        "starts_at": datetime.fromisoformat(answers["when"]),
        "minutes": clinic.minutes(answers["treatment"]),
        "note": answers["note"],
        "wish": state["wished"],
    }


def _is_usable(field: str, value: Any, clinic: Clinic) -> bool:
    if field == "treatment":
        return value in clinic.treatments or value == UNDECIDED
    return field in FIELDS and field != "when" and bool(value)


def _stops(heard: Heard) -> bool:
    typed = heard.question is None and (heard.intent in STOP_INTENTS or _STOP.match(heard.text) is not None)
    return typed or (heard.question is not None and heard.answer == "stop")


def _typed(state: State, heard: Heard, diary: Diary) -> Turn:
    asking = state["asking"]
    if heard.intent == "ask_why" and asking in FIELDS:
        return Turn(state, (Say(f"utter_booking_why_{asking}"), *ask(state, asking, diary).says))
    if asking in AT_THE_END or (asking == "note" and _wants_change(heard) and _named(heard.text)):
        return _at_the_end(state, heard, diary)
    return _answer(state, heard, diary)


# --- answers ----------------------------------------------------------------------------------------------------------


def _press(state: State, heard: Heard, diary: Diary) -> Turn:
    """A button: an answer to any field, the choice at the end, or what to change."""
    asks, answer = heard.question, heard.answer or ""
    if asks == "confirm":
        return _decide(state, answer, diary)
    if asks == "change" and answer in FIELDS:
        return _change(state, answer, diary)
    if asks == "booking":  # "go on"
        state["misses"] = 0
        return ask(state, state["asking"], diary)
    if asks == "when" and answer == when.OTHER:
        state["asking"], state["misses"] = "when", 0
        return Turn(state, (when.other_times(state, diary),))
    gathered = _from_button(asks or "", answer, diary)
    return _keep(state, gathered, diary) if gathered else missed(state, heard, diary)


def _from_button(asks: str, answer: str, diary: Diary) -> Gathered:
    if asks == "treatment" and (answer in diary.clinic.treatments or answer == UNDECIDED):
        return Gathered({"treatment": answer})
    if asks == "when":
        return Gathered(wish=diary.understand(answer))
    if asks == "note" and answer in ("no", "none", "skip"):
        return Gathered({"note": ""})
    if asks in ("name", "contact", "note"):
        return gather(Heard("inform", answer), asks, diary.clinic, diary.now)
    return Gathered()


def _answer(state: State, heard: Heard, diary: Diary) -> Turn:
    """A typed answer while fields are still being asked for."""
    asked = state["asking"]
    chosen = when.chosen(heard, state["offered"], diary) if asked == "when" else None
    if chosen:
        return _press(state, Heard("inform", question="when", answer=chosen), diary)
    gathered = gather(heard, asked, diary.clinic, diary.now)
    if gathered:
        kept = _keep(state, gathered, diary)
        is_aside = asked != "when" and asked not in gathered.answers and kept.state.get("asking") == asked
        return replace(kept, says=(Say("utter_booking_noted"), *kept.says)) if is_aside else kept
    if heard.intent == "refuse" and asked in ("name", "contact"):
        state["misses"] += 1
        return Turn(state, (put(f"utter_booking_{asked}_needed", asked, diary.clinic),))
    return _insisted(state, heard, diary) if asked == "name" else missed(state, heard, diary)


def _insisted(state: State, heard: Heard, diary: Diary) -> Turn:
    """Somebody may be called Hi, If or Person: what is written twice as the name is the name."""
    typed, name = " ".join(heard.text.split()).casefold(), name_as_written(heard.text)
    if name and state.get("typed") == typed and heard.intent not in ("deny", "affirm", "unsure"):
        return _keep(state, Gathered({"name": name}), diary)
    state["typed"] = typed
    return missed(state, heard, diary)


def _keep(state: State, gathered: Gathered, diary: Diary) -> Turn:
    gathered.keep(state)
    start = state["answers"].get("when")
    if start and not diary.sized(state).has(datetime.fromisoformat(start)):
        del state["answers"]["when"]  # a longer treatment no longer fits there
        state["wish"] = wish_to_dict(diary.understand(start[:16]))
    return next_question(state, diary)


# --- the end ----------------------------------------------------------------------------------------------------------


def _at_the_end(state: State, heard: Heard, diary: Diary) -> Turn:
    """A typed answer to the read-back: yes, no, or a change of one field with or without its new value."""
    if "when" in state["answers"]:
        heard = replace(heard, text=diary.spelled_out(heard.text, datetime.fromisoformat(state["answers"]["when"])))
    named = _named(heard.text)
    gathered = gather(heard, named, diary.clinic, diary.now) if named != "note" else Gathered()
    if heard.intent == "affirm" and not _wants_change(heard) and _is_no_news(gathered, state, diary.clinic):
        return _decide(state, "yes", diary)
    if gathered:
        return _keep(state, gathered, diary)
    if named and (state["asking"] == "change" or heard.intent == "deny" or _wants_change(heard)):
        return _change(state, named, diary)
    if heard.intent == "deny" or _wants_change(heard):
        return _decide(state, "change", diary)
    return missed(state, heard, diary)


def _wants_change(heard: Heard) -> bool:
    return heard.intent == "change_booking" or _CHANGE.search(heard.text) is not None


def _named(text: str) -> str | None:
    """The field that a wish for a change names; the first of several."""
    return next((key for key, pattern in _NAMED.items() if pattern.search(text)), None)


def _is_no_news(gathered: Gathered, state: State, clinic: Clinic) -> bool:
    """Whether a yes only repeats what was read back ("yes, Tuesday is fine")."""
    start = clinic.local(datetime.fromisoformat(state["answers"]["when"]))
    same_time = gathered.wish is None or fits(start, gathered.wish)
    return same_time and all(state["answers"].get(key) == value for key, value in gathered.answers.items())


def _change(state: State, field: str, diary: Diary) -> Turn:
    state["answers"].pop(field, None)
    state["misses"], state["wish"], state["offered"] = 0, None, []
    return ask(state, field, diary)


def _decide(state: State, answer: str, diary: Diary) -> Turn:
    if any(one not in state["answers"] for one in FIELDS):  # a button of an earlier read-back
        return next_question(state, diary)
    if answer != "yes":
        return ask(state, "change", diary)
    if not diary.sized(state).has(datetime.fromisoformat(state["answers"]["when"])):
        return _offer_next_best(state, diary)
    return Turn(state, (), "confirmed")


def _offer_next_best(state: State, diary: Diary) -> Turn:
    wanted = datetime.fromisoformat(state["answers"].pop("when"))
    state["asking"], state["misses"] = "when", 0
    return Turn(state, (when.gone(state, wanted, diary.sized(state)),))
