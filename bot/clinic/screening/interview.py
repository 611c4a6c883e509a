"""The course of a screening: what to ask next, and what a patient's message changes. Pure: state in, state out.

The action reads the state from its slot, calls `begin` or `hear`, utters `Turn.says` and puts `Turn.state` back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from bot.clinic.content import Asked, Content
from bot.clinic.screening import speech
from bot.clinic.screening.rules import Answer, Verdict, called_for, find, is_needless, screen, settled
from bot.clinic.screening.speech import Say
from bot.clinic.screening.state import Screening
from bot.clinic.screening.telling import Heard, birth_year, needless_for_men, person_named, speaks_of_self, told
from bot.clinic.screening.whom import is_of_another

OFFER_AFTER = 2  # misses
SMALL_TALK = {"greet": ("greeted",), "thank": ("thanked",), "chitchat": ("chatted",)}  # what is said to it
AGAIN = "again"  # the answer of the button that starts a finished check anew


@dataclass(frozen=True)
class Turn:
    """What a message led to. `notes` name what happened: intro, intro_other, noted, amended, told, respected, resumed,
    nearly, about_other, about_self, missed, birthday, offer, why, help, digression, left, again, stopped, person.
    `verdict` is there when this message decided the screening."""

    state: Screening
    says: tuple[Say, ...] = ()
    notes: tuple[str, ...] = ()
    verdict: Verdict | None = None


def begin(content: Content, heard: Heard | None, today: date) -> Turn:
    """Start a screening; what the first message already told counts as answered. `today` is the clinic's date."""
    heard = heard or Heard()
    state = _named(Screening(about="other" if heard.about == "other" else "self"), heard, content)
    after = _record(state, told(state, heard, content, today), heard, content, today)
    intro = "intro_other" if state.about == "other" else "intro"
    has_told = after.answers.keys() - needless_for_men(state, heard, content).keys()
    return _go_on(after, content, (*(("noted",) if has_told else ()), intro))


def next_question(state: Screening, content: Content) -> Asked | None:
    """The question to ask now: the first one, in content order, that still matters; None when none is left."""
    if "under_18" in _met(state, content):
        return None
    return next((asked for asked in _open_questions(state, content)), None)


def verdict(state: Screening, content: Content) -> Verdict:
    """The verdict on what is answered so far; unanswered criteria are open."""
    return screen(settled(state.values, content.screening), content.screening)


def resume(state: Screening, content: Content) -> Turn:
    """The question at hand again, after something else was talked about; nothing is said when there is none."""
    if state.status not in ("open", "stopped"):
        return Turn(state)
    return _go_on(replace(state, status="open"), content, ("resumed",))


def hear(state: Screening, heard: Heard, content: Content, today: date) -> Turn:
    """What a message does to the screening. `today` (the clinic's date) dates the answer and turns a year of birth into
    an age. The given state is not changed."""
    if heard.intent in ("stop", "talk_to_human"):
        return _end(state, "stopped" if heard.intent == "stop" else "person", content)
    if state.status in ("stopped", "person"):
        return Turn(state)
    of_another = _of_another(state, heard, content, today)
    if of_another is not None:
        return of_another
    if heard.intent in ("ask_why", "help") and state.asked is not None:
        return _explain(state, heard, content)
    return _take(_named(state, heard, content), heard, content, today)


# ---- what becomes of a message


def _take(state: Screening, heard: Heard, content: Content, today: date) -> Turn:
    after = _record(state, told(state, heard, content, today), heard, content, today)
    if after.values == state.values:
        return _not_understood(after, heard, content, today)
    return _go_on(replace(after, status="open"), content, _acknowledged(state, after, content))


def _record(state: Screening, values: Mapping[str, Answer], heard: Heard, content: Content, today: date) -> Screening:
    main = {question.id for question in content.screening.questions}
    for id, value in sorted(values.items(), key=lambda one: one[0] not in main):  # main questions first
        if state.values.get(id) == value:
            continue
        for further in _behind(id, content) if id in state.answers else ():
            state = state.without(further)
        state = state.with_answer(id, value, heard.text, today)
    return state


def _behind(id: str, content: Content) -> tuple[str, ...]:
    """The follow-ups that an answer to this question led to: they are asked anew when it changes."""
    found = find(content.screening, id)
    direct = [one.id for one in found[0].after(found[1].id)] if found else []
    return (*direct, *(further for one in direct for further in _behind(one, content)))


def _acknowledged(before: Screening, after: Screening, content: Content) -> tuple[str, ...]:
    """What is said of the answers before the next question: of a change, of what came unasked, of a hard answer."""
    if any(amendment.question in after.answers for amendment in after.amendments[len(before.amendments) :]):
        return ("amended",)
    if set(after.answers) - set(before.answers) - {before.asked, *_behind(before.asked or "", content)}:
        return ("noted",)
    value = after.values.get(before.asked or "")
    if value in ("unsure", "refused"):
        return ("respected",)
    is_main = before.asked in {question.id for question in content.screening.questions}
    return ("told",) if is_main and value in ("yes", "past", "partial") else ()


def _go_on(state: Screening, content: Content, notes: tuple[str, ...] = ()) -> Turn:
    """Ask what is next, or end with the outcome."""
    asked, was = next_question(state, content), state.asked
    if asked is not None:
        state = replace(state, asked=asked.id, misses=0 if asked.id != state.asked else state.misses)
        left = len({find(content.screening, one.id)[0].id for one in _open_questions(state, content)})  # type: ignore[index]
        if left == 1 and asked.id != was and content.screening.questions[-1] == asked:
            notes = (*notes, "nearly")
        spoken = tuple(note for note in notes if left > 1 or not note.startswith("intro"))
        return Turn(state, (speech.question(state, asked, content, spoken, left),), notes)
    done = verdict(state, content)
    state = replace(state, asked=None, misses=0, status="done")
    spoken = tuple(note for note in notes if note == "amended")
    return Turn(state, (speech.outcome(state, done, content, spoken),), notes, done)


def _open_questions(state: Screening, content: Content) -> list[Asked]:
    """What is still to be asked, in content order: questions, and follow-ups that the answers call for."""
    values, rules = state.values, content.screening
    asked = [
        one
        for question in rules.questions
        if not is_needless(question, values, rules)
        for one in called_for(question, values)
    ]
    return [one for one in asked if one.id not in values]


def _of_another(state: Screening, heard: Heard, content: Content, today: date) -> Turn | None:
    """What becomes of a message about another person than the check: after the outcome a check of their own."""
    if state.status == "done" and is_of_another(state, heard, content):
        return begin(content, heard, today)
    if heard.about == "other" and state.about == "self" and heard.question is None:
        return _about_somebody_else(state, heard, content, today)
    if state.about == "other" and speaks_of_self(heard):
        return _go_on(state, content, ("about_self",))
    return None


def _about_somebody_else(state: Screening, heard: Heard, content: Content, today: date) -> Turn:
    """Before the first answer the whole check is for that person; later their illness is not written down as the
    patient's."""
    if state.answers:
        return _go_on(state, content, ("about_other",))
    turn = _take(_named(replace(state, about="other"), heard, content), heard, content, today)
    return turn if turn.state.answers else _go_on(replace(turn.state, misses=0), content, ("intro_other",))


def _named(state: Screening, heard: Heard, content: Content) -> Screening:
    if state.about == "self" or state.person:
        return state
    return replace(state, person=heard.person or person_named(heard.text, content))


def _not_understood(state: Screening, heard: Heard, content: Content, today: date) -> Turn:
    asked = next_question(state, content)
    if state.status == "done" and (heard.intent == "check_eligibility" or not heard.is_aside):
        return Turn(state, (speech.again(state, verdict(state, content), content),), ("again",))
    if asked is None or state.status == "done":
        return Turn(state)
    if heard.is_aside:
        return _after_an_aside(state, heard, content)
    if heard.question is not None and heard.question in state.answers:
        return _go_on(state, content)  # a button pressed twice
    return _missed(replace(state, asked=asked.id, misses=state.misses + 1), asked, heard, content, today)


def _after_an_aside(state: Screening, heard: Heard, content: Content) -> Turn:
    if heard.intent == "check_eligibility":
        return _go_on(state, content, ("resumed",))
    if heard.intent == "goodbye":
        return Turn(state, (speech.ending("left", content),), ("left",))
    return replace(_go_on(state, content, SMALL_TALK.get(heard.intent, ())), notes=("digression",))


def _missed(state: Screening, asked: Asked, heard: Heard, content: Content, today: date) -> Turn:
    if state.misses >= OFFER_AFTER:
        return Turn(state, (speech.offer(state, asked, content),), ("missed", "offer"))
    if birth_year(state, heard, content, today):
        return Turn(state, (speech.question(state, asked, content, ("birthday",)),), ("missed", "birthday"))
    note = "age_missed" if asked.id == content.screening.age.id else "missed"
    return Turn(state, (speech.question(state, asked, content, (note,)),), ("missed",))


def _explain(state: Screening, heard: Heard, content: Content) -> Turn:
    found = find(content.screening, state.asked or "")
    if found is None or state.status != "open":
        return Turn(state)
    question, asked = found
    if heard.intent == "help":
        return Turn(state, (speech.explained(state, asked, content),), ("help",))
    why = speech.why(state, asked, (question.fact,), content)
    return Turn(state, (why, speech.question(state, asked, content)), ("why",))


def _end(state: Screening, status: str, content: Content) -> Turn:
    if state.status != "open":
        return Turn(state)
    after = replace(state, status=status, asked=None, misses=0)  # type: ignore[arg-type]
    return Turn(after, (speech.ending(status, content),), (status,))


def _met(state: Screening, content: Content) -> tuple[str, ...]:
    found = verdict(state, content)
    return found.reasons if found.outcome == "not_suitable" else ()
