"""What a patient does with a visit they asked for: hear how it stands, move it, call it off. Pure, like the interview.

A visit of another chat is shown only to who gives both its reference and the contact it was made with; the caller looks
it up (`look_up`) and answers with `found` or `not_found`, which never say which half was wrong.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from bot.clinic.booking import when
from bot.clinic.booking.card import Card, time_card, visit_card
from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.contact import find_contact
from bot.clinic.booking.diary import Diary
from bot.clinic.booking.reference import find_reference, without_reference
from bot.clinic.booking.times import names_a_day
from bot.clinic.booking.turns import Heard, Say, State, question, show_short, show_time
from bot.clinic.booking.wish import wish_to_dict

_CANCEL = re.compile(r"\bcancel (?:it|that|this|everything|the (?:visit|appointment|booking))\b", re.IGNORECASE)
_COMING = re.compile(
    r"\b(?:come|coming|move|push|shift|change|make it|do it|have it|be there|put it|bring it|swap)\b", re.IGNORECASE
)
OPEN = ("proposed", "pending", "booked")
MISSES = 3  # answers that could not be used, after which a person is offered

Wants = Literal["change", "cancel", "accept"]
Does = Literal["look_up", "pick", "move", "cancel", "accept"]
Status = Literal["asking", "done", "left", "wants_person"]


@dataclass(frozen=True)
class Visit:
    """A booking as far as its patient may see it. `calendar` is the path of its calendar file, if it has one."""

    id: str
    reference: str
    status: str
    treatment: str | None
    starts_at: datetime | None
    calendar: str = ""


@dataclass(frozen=True)
class Step:
    """The new state, what to say, and what the caller has to do: look a booking up, pick one of this chat's, move,
    cancel or accept it."""

    state: State
    says: tuple[Say, ...] = ()
    status: Status = "asking"
    does: Does | None = None


def begin(heard: Heard, visits: Sequence[Visit], diary: Diary) -> Step:
    """Start with a message (intents change_booking, cancel_booking) and this chat's visits, newest first."""
    accepts = (heard.answer or "").startswith("accept")
    wants = "cancel" if heard.intent == "cancel_booking" else "accept" if accepts else "change"
    state: State = {"wants": wants, "misses": 0}
    state |= {"reference": named(heard) or find_reference(heard.text)}
    state |= {"contact": _contact(heard.text, diary.clinic), "offered": []}
    known = [one for one in visits if state["reference"] in ("", one.reference)]
    if not known:
        return _who(state)
    open_ones = [one for one in known if is_open(one.status, one.starts_at, diary)]
    suggested = [one for one in open_ones if one.status == "pending"] if wants == "accept" else []
    choice = suggested or open_ones or known[:1]
    return found(state, choice[0], heard, diary) if len(choice) == 1 else _which(state, choice, heard, diary)


def payload(wants: Wants, reference: str) -> str:
    """What a button sends that is about one visit, whichever others there are."""
    intent = "cancel_booking" if wants == "cancel" else "change_booking"
    answer = f"accept {reference}" if wants == "accept" else reference
    return f'/{intent}{{"question": "visit", "answer": "{answer}"}}'


def named(heard: Heard) -> str:
    """The reference that a button named, or empty."""
    return find_reference(heard.answer or "") if heard.intent in ("change_booking", "cancel_booking") else ""


def is_open(status: str, starts_at: datetime | None, diary: Diary) -> bool:
    """Whether a visit can still be changed: a fixed one whose day is over was, whether or not the desk has noted it."""
    is_over = starts_at is not None and diary.clinic.local(starts_at).date() < diary.clinic.local(diary.now).date()
    return status in OPEN and not (status == "booked" and is_over)


def found(state: State, visit: Visit, heard: Heard, diary: Diary) -> Step:
    """The visit is known: say how it stands, or go on to what was asked for."""
    state = copy.deepcopy(state)
    start = visit.starts_at.isoformat() if visit.starts_at else None
    state |= {"visit": {**vars(visit), "starts_at": start}, "answers": {"treatment": visit.treatment}, "misses": 0}
    state |= {"wish": None, "wished": "", "contact": ""}
    if not is_open(visit.status, visit.starts_at, diary):
        return Step({}, (_standing(state, diary),), "done")
    if state["wants"] == "cancel":
        return _sure(state, "cancel", diary.clinic)
    if state["wants"] == "accept" and visit.status == "pending":
        return _accept(state)
    heard = _spelled_out(state, heard, diary)
    if names_a_day(heard.text, diary.now, diary.clinic):
        return _wish(state, heard, diary)
    return _menu(state, diary)


def picked(state: State, visits: Sequence[Visit], diary: Diary) -> Step:
    """Go on with the one of this chat's visits that the patient chose."""
    chosen = next((one for one in visits if one.reference == state["reference"]), None)
    if chosen is None:
        return not_found(state)
    return found(state, chosen, Heard("inform", state["said"]), diary)


def not_found(state: State) -> Step:
    """No visit has this reference and contact: ask for both again."""
    state = {**state, "reference": "", "contact": "", "misses": state["misses"] + 1, "asking": "who"}
    return _give_up() if state["misses"] >= MISSES else Step(state, (question("utter_visit_not_found", "visit"),))


def too_many() -> Step:
    """Too many wrong guesses: nothing is looked up for a while."""
    return Step({}, (Say("utter_visit_too_many"),), "done")


def hear(state: State, heard: Heard, diary: Diary) -> Step:
    """Take one message of the patient. The state given is not changed."""
    if heard.intent == "talk_to_human":
        return Step({}, (), "wants_person")
    if heard.intent in ("stop", "restart"):
        if not _CANCEL.search(heard.text) or state["asking"] == "who":
            return _kept(state)
        heard = replace(heard, intent="cancel_booking")  # "cancel it": asked once more before it counts
    return _answered(copy.deepcopy(state), heard, diary)


def _answered(state: State, heard: Heard, diary: Diary) -> Step:
    if state["asking"] in ("who", "which"):
        return _identify(state, heard, diary.clinic) if state["asking"] == "who" else _pick(state, heard, diary)
    heard = _spelled_out(state, heard, diary)
    if state["asking"] == "menu" and heard.intent == "affirm" and state["visit"]["status"] == "pending":
        return _accept(state)
    if heard.question == "visit" or heard.intent == "cancel_booking" or _opens_anew(state, heard, diary):
        return _choose(state, _choice(heard), diary) if heard.text or heard.answer else ask_again(state, diary)
    if state["asking"] == "sure":
        return _answer(state, heard, diary)
    if state["asking"] == "when" or heard.question == "when" or names_a_day(heard.text, diary.now, diary.clinic):
        return _wish(state, heard, diary)
    return _kept(state) if heard.intent == "deny" else _missed(state, diary)


def _opens_anew(state: State, heard: Heard, diary: Diary) -> bool:
    """Whether the visit is to be changed without a word of when; "can you make it 11 instead" says when."""
    if heard.intent != "change_booking":
        return False
    is_offered = state["asking"] == "when" and diary.understand(heard.text).usable
    return not is_offered and not names_a_day(heard.text, diary.now, diary.clinic)


def wants_to_move(state: State, text: str, diary: Diary) -> bool:
    """Whether a message tells the new time by the one the visit has: "can I come an hour later?"."""
    if not state.get("visit") or _COMING.search(text) is None:
        return False
    return diary.spelled_out(text, _start(state), hours=not state.get("offered")) != text


def ask_again(state: State, diary: Diary) -> Step:
    """The open question once more, after something else was answered."""
    state = copy.deepcopy(state)
    if state["asking"] == "who":
        return _who(state)
    if state["asking"] == "which":
        return _ask_which(state)
    if state["asking"] == "sure":
        return _sure(state, state["about"], diary.clinic)
    if state["asking"] == "when":
        return _when(state, diary)
    return _menu(state, diary)


def chosen(state: State) -> datetime:
    """The time that a step with `does` move asks for."""
    return datetime.fromisoformat(state["answers"]["when"])


def gone(state: State, diary: Diary) -> Step:
    """The chosen time was taken by somebody else: the nearest free ones."""
    state = copy.deepcopy(state)
    wanted = chosen(state)
    del state["answers"]["when"]
    state["asking"] = "when"
    return Step(state, (when.gone(state, wanted, diary.sized(state)),))


def done(state: State, diary: Diary) -> Step:
    """The move, cancellation or acceptance is stored."""
    response, status = _DONE[state["about"]]
    card = _card(state, status, diary.clinic)
    return Step({}, (Say(response, _values(state, diary.clinic), (), card),), "done")


_DONE = {
    "cancel": ("utter_cancelled", "cancelled"),
    "move": ("utter_visit_moved", "proposed"),
    "accept": ("utter_visit_accepted", "booked"),
}


# --- who is it


def _who(state: State) -> Step:
    state["asking"] = "who"
    return Step(state, does="look_up") if _both(state) else _half(state)


def _identify(state: State, heard: Heard, clinic: Clinic) -> Step:
    reference, contact = find_reference(heard.text, bare=not state["reference"]), _contact(heard.text, clinic)
    state["reference"], state["contact"] = reference or state["reference"], contact or state["contact"]
    if reference or contact:
        return _who(state)
    state["misses"] += 1
    return _give_up() if state["misses"] >= MISSES else _half(state)


def _half(state: State) -> Step:
    response = "utter_ask_visit_contact" if state["reference"] else "utter_ask_visit_reference"
    return Step(state, (question(response, "visit"),))


def _both(state: State) -> bool:
    return bool(state["reference"] and state["contact"])


def _contact(text: str, clinic: Clinic) -> str:
    hit = find_contact(without_reference(text), clinic.region)
    return hit.contact.value if hit else ""


def _give_up() -> Step:
    return Step({}, (Say("utter_no_booking"),), "done")


def _which(state: State, visits: Sequence[Visit], heard: Heard, diary: Diary) -> Step:
    """Several visits may be meant: ask, the soonest first. What was said is heard again once it is known."""
    starts = [(one.reference, diary.clinic.local(one.starts_at)) for one in visits if one.starts_at]
    choices = [{"reference": reference, "title": show_short(start)} for reference, start in sorted(starts, key=_moment)]
    choices += [{"reference": one.reference, "title": one.reference} for one in visits if not one.starts_at]
    if len({one["title"] for one in choices}) < len(choices):
        choices = [{**one, "title": one["reference"]} for one in choices]
    return _ask_which({**state, "asking": "which", "choices": choices, "said": heard.text})


def _moment(one: tuple[str, datetime]) -> datetime:
    return one[1]


def _ask_which(state: State) -> Step:
    buttons = [
        {"title": one["title"], "payload": payload(state["wants"], one["reference"])} for one in state["choices"]
    ]
    return Step(state, (question("utter_ask_which_visit", "visit", buttons),))


def _pick(state: State, heard: Heard, diary: Diary) -> Step:
    """One of several visits, by its button, its reference or its day of the week."""
    reference = find_reference(heard.answer or "") or find_reference(heard.text, bare=True)
    days = [one for one in state["choices"] if re.search(rf"\b{one['title'][:3]}", heard.text, re.IGNORECASE)]
    meant = [one for one in state["choices"] if one["reference"] == reference] or days
    if len(meant) == 1:
        return Step({**state, "reference": meant[0]["reference"]}, does="pick")
    return _kept(state) if heard.intent == "deny" else _missed(state, diary)


# --- what is to be done


def _menu(state: State, diary: Diary) -> Step:
    state["asking"] = "menu"
    asked = "utter_ask_visit_suits" if state["visit"]["status"] == "pending" else "utter_ask_visit_what"
    return Step(state, (_standing(state, diary), question(asked, "visit")))


def _accept(state: State) -> Step:
    """The clinic's own suggestion suits: nothing more to ask."""
    state["about"] = "accept"
    return Step(state, does="accept")


def _spelled_out(state: State, heard: Heard, diary: Diary) -> Heard:
    """What is said of the time one has ("an hour later") in dates; the words as typed are kept for the desk."""
    state["typed"] = heard.text
    start, hours = _start(state), not state.get("offered")
    return replace(heard, text=diary.spelled_out(heard.text, start, hours=hours))


def _choice(heard: Heard) -> str:
    if (heard.answer or "").startswith("accept"):
        return "accept"
    by_intent = {"cancel_booking": "cancel", "change_booking": "move"}
    return by_intent.get(heard.intent, heard.answer or "")


def _choose(state: State, answer: str, diary: Diary) -> Step:
    if answer == "cancel":
        return _sure(state, "cancel", diary.clinic)
    if answer == "accept" and state["visit"]["status"] == "pending":
        return _accept(state)
    if answer == "move":
        state["answers"].pop("when", None)
        return _when(state, diary)
    if answer in ("yes", "no") and state["asking"] == "sure":
        return Step(state, does=state["about"]) if answer == "yes" else _kept(state)
    return _kept(state)


def _when(state: State, diary: Diary) -> Step:
    """Offer times, or take the wish that is pending."""
    say = when.settle(state, diary)
    if say is None:
        return _sure(state, "move", diary.clinic)
    state["asking"] = "when"
    return Step(state, (say,))


def _wish(state: State, heard: Heard, diary: Diary) -> Step:
    if heard.question == "when" and heard.answer == when.OTHER:
        state["asking"] = "when"
        return Step(state, (when.other_times(state, diary),))
    typed = heard.answer if heard.question == "when" else when.chosen(heard, state["offered"], diary) or heard.text
    wish = diary.understand(typed or "")
    if wish.kind == "not_understood":
        return _kept(state) if heard.intent == "deny" else _missed(state, diary)
    state["wish"], state["wished"], state["misses"] = wish_to_dict(wish), state["typed"][:200], 0
    return _when(state, diary)


def _sure(state: State, about: str, clinic: Clinic) -> Step:
    """Everything is asked once more before it counts."""
    state["asking"], state["about"] = "sure", about
    response = "utter_ask_cancel" if about == "cancel" else "utter_ask_visit_move"
    start, treatment = _start(state), state["visit"]["treatment"]
    card = time_card(clinic, start, treatment) if start else None
    return Step(state, (question(response, about, card=card, **_values(state, clinic)),))


def _answer(state: State, heard: Heard, diary: Diary) -> Step:
    if heard.intent == "affirm":
        return Step(state, does=state["about"])
    is_wish = state["about"] == "move" or heard.intent != "deny" or _COMING.search(state["typed"]) is not None
    if is_wish and names_a_day(heard.text, diary.now, diary.clinic):
        state["answers"].pop("when", None)
        return _wish(state, heard, diary)
    return _kept(state) if heard.intent == "deny" else _missed(state, diary)


def _kept(state: State) -> Step:
    """Nothing is changed."""
    return Step({}, (Say("utter_visit_kept"),), "left")


def _missed(state: State, diary: Diary) -> Step:
    state["misses"] += 1
    if state["misses"] >= MISSES:
        return Step({}, (), "wants_person")
    again = ask_again(state, diary)
    return Step(again.state, (Say("utter_visit_unclear"), *again.says), again.status)


def _standing(state: State, diary: Diary) -> Say:
    """How the visit stands."""
    status, clinic = state["visit"]["status"], diary.clinic
    is_as_stored = status == "cancelled" or is_open(status, _start(state), diary)
    part = status if is_as_stored else "past"
    return Say(f"utter_visit_{part}", _values(state, clinic), (), _card(state, status, clinic))


def _values(state: State, clinic: Clinic) -> Mapping[str, Any]:
    """What the responses say: reference, and when (as wished for now, else as it stands)."""
    start = _start(state)
    moment = show_time(clinic.local(start)) if start else "–"
    return {"reference": state["visit"]["reference"], "when": moment}


def _card(state: State, status: str, clinic: Clinic) -> Card:
    kept = state["visit"]
    return visit_card(clinic, kept["reference"], status, _start(state), kept["treatment"], kept.get("calendar", ""))


def _start(state: State) -> datetime | None:
    start = state["answers"].get("when") or state["visit"]["starts_at"]
    return datetime.fromisoformat(start) if start else None
