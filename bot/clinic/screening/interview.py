"""The course of a screening: what to ask next, and what a patient's message changes. Pure: state in, state out.

The action reads the state from its slot, calls `begin` or `hear`, utters `Turn.says` and puts `Turn.state` back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import get_args

from bot.clinic.content import Asked, Content, FollowUp
from bot.clinic.content.fields import Value
from bot.clinic.screening import speech
from bot.clinic.screening.rules import ADULT, Answer, Verdict, find, follow_up, is_age, screen, settled
from bot.clinic.screening.speech import Say
from bot.clinic.screening.state import Screening

VALUES = get_args(Value)
BY_INTENT = {"affirm": "yes", "deny": "no", "unsure": "unsure", "refuse": "refused"}
OFFER_AFTER = 2  # misses
DIGRESSIONS = (
    *("greet", "thank", "goodbye", "bot_challenge", "complain", "report_symptom", "check_eligibility"),
    *("book_appointment", "change_booking", "cancel_booking"),
)


@dataclass(frozen=True)
class Heard:
    """What was understood of one message. `facts`: entity -> value (a criterion, a question's id, or none_of_these);
    `question` and `answer` come from a button; `text` is what the patient typed, kept with the answer."""

    intent: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    age: int | None = None
    about: str = "self"
    question: str | None = None
    answer: str | None = None
    text: str = ""


@dataclass(frozen=True)
class Turn:
    """What a message led to. `notes` name what happened: intro, intro_other, noted, amended, about_other, missed,
    offer, why, help, digression, stopped, person. `verdict` is there once the screening is done."""

    state: Screening
    says: tuple[Say, ...] = ()
    notes: tuple[str, ...] = ()
    verdict: Verdict | None = None


def begin(content: Content, heard: Heard | None, today: date) -> Turn:
    """Start a screening; what the first message already told counts as answered. `today` is the clinic's date."""
    heard = heard or Heard()
    state = Screening(about="other" if heard.about == "other" else "self")
    after = _record(state, _told(state, heard, content, today), heard, content, today)
    notes = (*(("noted",) if after.answers else ()), "intro_other" if state.about == "other" else "intro")
    return _go_on(after, content, notes)


def next_question(state: Screening, content: Content) -> Asked | None:
    """The question to ask now: the first one, in content order, that still matters; None when none is left."""
    values = state.values
    if "under_18" in _met(state, content):
        return None
    for question in content.screening.questions:
        if question.id not in values:
            return question
        further = follow_up(question, values[question.id])
        if further is not None and further.id not in values:
            return further
    return None


def verdict(state: Screening, content: Content) -> Verdict:
    """The verdict on what is answered so far; unanswered criteria are open."""
    return screen(settled(state.values, content.screening), content.screening)


def resume(state: Screening, content: Content) -> Turn:
    """The question at hand again, after something else was talked about; nothing is said when there is none."""
    return _go_on(replace(state, status="open"), content) if state.status in ("open", "stopped") else Turn(state)


def hear(state: Screening, heard: Heard, content: Content, today: date) -> Turn:
    """What a message does to the screening. `today` (the clinic's date) dates the answer and turns a year of birth into
    an age. The given state is not changed."""
    if heard.intent in ("stop", "talk_to_human"):
        return _end(state, "stopped" if heard.intent == "stop" else "person", content)
    if state.status in ("stopped", "person"):
        return Turn(state)
    if heard.intent in ("ask_why", "help") and state.asked is not None:
        return _explain(state, heard, content)
    if heard.about == "other" and state.about == "self" and heard.question is None:
        return _about_somebody_else(state, heard, content, today)
    after = _record(state, _told(state, heard, content, today), heard, content, today)
    if after.values == state.values:
        return _not_understood(after, heard, content)
    return _go_on(replace(after, status="open"), content, _acknowledged(state, after))


# ---- what was told


def _told(state: Screening, heard: Heard, content: Content, today: date) -> dict[str, Answer]:
    """Question id -> value for everything the message answers."""
    reply = _from_reply(state, heard, content)
    if reply:
        return reply
    told = _from_facts(state, heard, content)
    age = _age(state, heard, content, today)
    if age is not None:
        told[_age_id(content)] = age
    if heard.facts.get("none_of_these") == "no":
        return _no_to_the_rest(state, content) | told
    if heard.question is not None and heard.answer is not None:
        told |= _from_button(heard.question, heard.answer, content)
    elif state.asked is not None and not _speaks_of_others(told, state, content):
        told |= _from_intent(state, heard, content, told)
    return told


def _from_reply(state: Screening, heard: Heard, content: Content) -> dict[str, Answer]:
    """A message that is nothing but a button's title, or one of the question's `typed` replies."""
    found = find(content.screening, state.asked or "")
    text = heard.text.strip(" .!?,").casefold()
    if found is None or heard.question is not None or not text:
        return {}
    asked = found[1]
    replies = {reply.casefold(): value for value, some in asked.typed.items() for reply in some}
    replies |= {button.title.casefold(): button.answer for button in asked.buttons}
    replies |= {content.screening.buttons.skip.casefold(): "refused"}
    return {asked.id: replies[text]} if text in replies else {}


def _from_facts(state: Screening, heard: Heard, content: Content) -> dict[str, Answer]:
    told: dict[str, Answer] = {}
    for key, value in heard.facts.items():
        found = find(content.screening, key)
        if found is None or value not in VALUES:
            continue
        question, asked = found
        further = follow_up(question, state.values.get(question.id))
        if asked is question and value != "yes" and further is not None and state.asked == further.id:
            told[further.id] = _to_follow_up(further, value, heard.intent)
        elif asked is question and value in question.volunteered:
            told |= question.volunteered[value]  # type: ignore[index]
        else:
            told[asked.id] = value
    return told


def _to_follow_up(asked: FollowUp, value: str, intent: str) -> Answer:
    """What the illness named again means as the answer to its follow-up; the main answer stays. "No cancer" said to
    "are you still treated for it?" is left to a clinician, and so is anything that says neither yes nor no."""
    if value == "no":
        return "no" if asked.becomes.get("no") == "no" else "unsure"
    return BY_INTENT.get(intent, "unsure")


def _from_button(id: str, answer: str, content: Content) -> dict[str, Answer]:
    found = find(content.screening, id)
    if found is None:
        return {}
    asked = found[1]
    if answer == "skip":
        return {asked.id: "refused"}
    if answer.isdecimal() and asked.id == _age_id(content) and is_age(int(answer)):
        return {asked.id: int(answer)}
    return {asked.id: answer} if answer in VALUES else {}


def _from_intent(state: Screening, heard: Heard, content: Content, told: Mapping[str, Answer]) -> dict[str, Answer]:
    value = BY_INTENT.get(heard.intent)
    if value is None or state.asked is None or state.asked in told:
        return {}
    if state.asked == _age_id(content) and value in ("yes", "no"):
        return {}
    return {state.asked: value}


def _speaks_of_others(told: Mapping[str, Answer], state: Screening, content: Content) -> bool:
    """Whether the message names another criterion than the one asked: its yes or no may then belong to that one."""
    asked = find(content.screening, state.asked or "")
    named = {found[0].id for id in told if (found := find(content.screening, id))}
    return asked is None or bool(named - {asked[0].id})


def _no_to_the_rest(state: Screening, content: Content) -> dict[str, Answer]:
    """No to every criterion still open; to a follow-up ("how many medicines?") a "none" answers only that one."""
    found = find(content.screening, state.asked or "")
    if found is not None and found[0] is not found[1]:
        return {found[1].id: "no"}
    return {one.id: "no" for one in content.screening.questions if one.kind == "yes_no" and one.id not in state.answers}


def _age_id(content: Content) -> str:
    return next(question.id for question in content.screening.questions if question.kind == "age")


def _age(state: Screening, heard: Heard, content: Content, today: date) -> int | None:
    is_asked = state.asked == _age_id(content)
    if is_age(heard.age) and (is_asked or re.search(r"[^\W\d]", heard.text)):
        return heard.age  # a bare number is an age only when the age was asked
    year = re.search(r"\b(19|20)\d\d\b", heard.text) if is_asked and heard.question is None else None
    return _age_from_year(int(year[0]), today) if year else None


def _age_from_year(year: int, today: date) -> int | None:
    """The age before this year's birthday; None when the birthday decides whether the person is an adult."""
    most = today.year - year
    return most - 1 if is_age(most - 1) and most != ADULT else None


# ---- what becomes of it


def _record(state: Screening, told: Mapping[str, Answer], heard: Heard, content: Content, today: date) -> Screening:
    main = {question.id for question in content.screening.questions}
    for id, value in sorted(told.items(), key=lambda one: one[0] not in main):  # main questions first
        if state.values.get(id) == value:
            continue
        if id in main and id in state.answers:
            state = _without_follow_ups(state, id, content)
        state = state.with_answer(id, value, heard.text, today)
    return state


def _without_follow_ups(state: Screening, main: str, content: Content) -> Screening:
    found = find(content.screening, main)
    for one in found[0].follow_ups if found else ():
        state = state.without(one.id)
    return state


def _acknowledged(before: Screening, after: Screening) -> tuple[str, ...]:
    if any(amendment.question in after.answers for amendment in after.amendments[len(before.amendments) :]):
        return ("amended",)
    volunteered = set(after.answers) - set(before.answers) - {before.asked}
    return ("noted",) if volunteered else ()


def _go_on(state: Screening, content: Content, notes: tuple[str, ...] = ()) -> Turn:
    """Ask what is next, or end with the outcome."""
    asked = next_question(state, content)
    if asked is not None:
        state = replace(state, asked=asked.id, misses=0 if asked.id != state.asked else state.misses)
        return Turn(state, (speech.question(state, asked, content, notes),), notes)
    done = verdict(state, content)
    state = replace(state, asked=None, misses=0, status="done")
    spoken = tuple(note for note in notes if note == "amended")  # the outcome itself says thank you
    return Turn(state, (speech.outcome(done, content, spoken),), notes, done)


def _about_somebody_else(state: Screening, heard: Heard, content: Content, today: date) -> Turn:
    """Before the first answer the whole check is for that person; later their illness is not written down as the
    patient's."""
    if state.status == "done":
        return Turn(state, notes=("about_other",))
    if state.answers:
        return _go_on(state, content, ("about_other",))
    turn = hear(replace(state, about="other"), heard, content, today)
    return turn if turn.state.answers else _go_on(replace(turn.state, misses=0), content, ("intro_other",))


def _not_understood(state: Screening, heard: Heard, content: Content) -> Turn:
    asked = next_question(state, content)
    if asked is None or state.status == "done":
        return Turn(state)
    if heard.intent in DIGRESSIONS or heard.intent.startswith("ask_"):
        return replace(_go_on(state, content), notes=("digression",))
    if heard.question is not None and heard.question in state.answers:
        return _go_on(state, content)  # a button pressed twice
    state = replace(state, asked=asked.id, misses=state.misses + 1)
    if state.misses >= OFFER_AFTER:
        return Turn(state, (speech.offer(asked, content),), ("missed", "offer"))
    note = "age_missed" if asked.id == _age_id(content) else "missed"
    return Turn(state, (speech.question(state, asked, content, (note,)),), ("missed",))


def _explain(state: Screening, heard: Heard, content: Content) -> Turn:
    found = find(content.screening, state.asked or "")
    if found is None or state.status != "open":
        return Turn(state)
    question, asked = found
    if heard.intent == "help":
        return Turn(state, (speech.explained(state, asked, content),), ("help",))
    return Turn(state, (speech.why(asked, (question.fact,), content), speech.question(state, asked, content)), ("why",))


def _end(state: Screening, status: str, content: Content) -> Turn:
    if state.status != "open":
        return Turn(state)
    after = replace(state, status=status, asked=None, misses=0)  # type: ignore[arg-type]
    return Turn(after, (speech.ending(status, content),), (status,))


def _met(state: Screening, content: Content) -> tuple[str, ...]:
    found = verdict(state, content)
    return found.reasons if found.outcome == "not_suitable" else ()
