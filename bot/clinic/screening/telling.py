"""What a message tells: from its words, facts, buttons and number to values by question id. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import get_args

from bot.clinic.content import Asked, Content, FollowUp
from bot.clinic.content.fields import Value
from bot.clinic.screening.checklist import CHECKLIST, ticked
from bot.clinic.screening.rules import ADULT, Answer, find, follow_up, is_age
from bot.clinic.screening.state import Screening

VALUES = get_args(Value)
BY_INTENT = {"affirm": "yes", "deny": "no", "unsure": "unsure", "refuse": "refused"}
YEAR = "<year>"
OWN = r"(?:my|our|the|an?)"
AGED = r"\d+[\s-]*(?:years?|yrs?|yo|y/o)?[\s-]*(?:old)?\s+"  # "my 17 year old son"
WORD = r"[\w']+|[^\w\s.,;:!?()'\"/-]"  # a word, or a sign such as a thumb
NO_AND_MORE = 5  # words
OF_SELF = re.compile(  # a patient who asked for somebody else speaks of themselves again
    r"\bi(?:'?m| am) (?:(?:already|now|not|also|only) )?(?:\d|pregnant|breast|diabetic|healthy)"
    r"|\b(?:about|for) (?:me|myself)\b|\bme (?:then|too|now)\b",
    re.IGNORECASE,
)
TOLD = "told"  # the value of an answer that is kept in the patient's own words
DIGRESSIONS = (
    *("greet", "thank", "goodbye", "bot_challenge", "complain", "chitchat", "report_symptom", "check_eligibility"),
    *("book_appointment", "change_booking", "cancel_booking"),
)


@dataclass(frozen=True)
class Heard:
    """What was understood of one message. `facts`: entity -> value (a criterion, a question's id, or none_of_these);
    `question` and `answer` come from a button; `text` is what the patient typed, kept with the answer. `person` names
    somebody else where a button says whom."""

    intent: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    age: int | None = None
    about: str = "self"
    question: str | None = None
    answer: str | None = None
    text: str = ""
    person: str = ""

    @property
    def is_aside(self) -> bool:
        """Whether it asks or says something that is no answer to a question of the check."""
        return self.intent in DIGRESSIONS or self.intent.startswith("ask_")


def told(state: Screening, heard: Heard, content: Content, today: date) -> dict[str, Answer]:
    """Question id -> value for everything the message answers."""
    if heard.question == CHECKLIST:
        return _from_checklist(heard.answer or "", content)
    found = _from_reply(state, heard, content) or _in_own_words(state, heard, content)
    found = found or _from_message(state, heard, content, today)
    return {**needless_for_men(state, heard, content), **_heard_in(found, heard, content), **found}


def needless_for_men(state: Screening, heard: Heard, content: Content) -> dict[str, Answer]:
    """The no of a man to what men are not asked, where nothing was told of it before."""
    if not _is_a_man(state, heard, content):
        return {}
    return {one.id: "no" for one in content.screening.questions if not one.ask_men and one.id not in state.answers}


def _is_a_man(state: Screening, heard: Heard, content: Content) -> bool:
    men = content.screening.men
    if state.about == "other" and state.person in men.named:
        return True
    if heard.question is not None or (heard.about != "self" and state.about == "self"):
        return False
    is_reply = heard.text.strip(" .!?,").casefold() in {reply.casefold() for reply in men.replies}
    return is_reply or (state.about == "self" and says(heard.text, men.said))


def _from_message(state: Screening, heard: Heard, content: Content, today: date) -> dict[str, Answer]:
    found = _from_facts(state, heard, content)
    age = _age(state, heard, content, today)
    if age is not None:
        found[content.screening.age.id] = age
    if heard.facts.get("none_of_these") == "no":
        return _no_to_the_rest(state, content) | found
    if heard.question is not None and heard.answer is not None:
        found |= _from_button(heard.question, heard.answer, content)
    elif state.asked is not None and not _speaks_of_others(found, state, content):
        found |= _from_intent(state, heard, content, found)
    elif state.asked is not None and state.asked not in found:
        found |= _said_first(state.asked, heard)
    return found


def person_named(text: str, content: Content) -> str:
    """The word for somebody else that a text uses ("for my elderly mum" -> mum); empty without one."""
    words = "|".join(sorted(map(re.escape, content.screening.somebody_else.named), key=len, reverse=True))
    found = re.search(rf"\b{OWN}\s+(?:{AGED}|\w+\s+)?({words})\b", text, re.IGNORECASE) if words else None
    return found[1].lower() if found else ""


def is_for_another(text: str, content: Content) -> bool:
    """Whether a message asks the check for somebody else by how it names them: "for my mum", "can a friend have it"."""
    names = content.screening.somebody_else
    before = "|".join(map(re.escape, names.asked_for))
    near = re.search(rf"\b(?:{before})\s+(?={OWN}\s)(.+)", text, re.IGNORECASE)
    return near is not None and bool(person_named(" ".join(near[1].split()[:5]), content))


def speaks_of_self(heard: Heard) -> bool:
    """Whether a message is plainly about who writes: "what about me, I'm 45"; a button never is."""
    return heard.about == "self" and heard.question is None and OF_SELF.search(heard.text) is not None


def birth_year(state: Screening, heard: Heard, content: Content, today: date) -> int | None:
    """A year of birth: any year in the answer to the question for the age, elsewhere the one that gave the age."""
    is_asked = state.asked == content.screening.age.id and heard.question is None
    years = [int(year) for year in re.findall(r"\b(?:19|20)\d\d\b", heard.text)]
    told = [year for year in years if heard.age is not None and today.year - year - heard.age in (0, 1)]
    return next(iter(told or (years if is_asked and heard.age is None else ())), None)


def _from_reply(state: Screening, heard: Heard, content: Content) -> dict[str, Answer]:
    """A message that is nothing but a button's title, or one of the question's `typed` replies."""
    found = find(content.screening, state.asked or "")
    text = heard.text.strip(" .!?,").casefold()
    if found is None or heard.question is not None or not text:
        return {}
    asked = found[1]
    is_about_age = asked.id == content.screening.age.id
    general = {} if is_about_age else content.screening.words.typed
    known = (general, asked.typed)
    replies = {reply.casefold(): value for typed in known for value, some in typed.items() for reply in some}
    replies |= {button.title.casefold(): button.answer for button in asked.buttons}
    replies |= {content.screening.buttons.skip.casefold(): "refused"}
    return {asked.id: replies[text]} if text in replies else {}


def _in_own_words(state: Screening, heard: Heard, content: Content) -> dict[str, Answer]:
    """Whatever answers a question of kind words; the illnesses and numbers in it are part of that answer."""
    found = find(content.screening, state.asked or "")
    asked = found[1] if found else None
    is_words = isinstance(asked, FollowUp) and asked.kind == "words"
    if asked is None or not is_words or heard.question is not None or not heard.text or heard.is_aside:
        return {}
    return {asked.id: BY_INTENT[heard.intent] if heard.intent in ("unsure", "refuse") else TOLD}


def _heard_in(found: Mapping[str, Answer], heard: Heard, content: Content) -> dict[str, Answer]:
    """The follow-ups that the words of an answer to their main question have answered as well."""
    return {
        one.id: value
        for question in content.screening.questions
        if found.get(question.id, "no") != "no"
        for one in question.follow_ups
        for value, phrases in one.heard_in.items()
        if says(heard.text, phrases)
    }


def _from_facts(state: Screening, heard: Heard, content: Content) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for key, value in heard.facts.items():
        known = find(content.screening, key)
        if known is None or value not in VALUES:
            continue
        question, asked = known
        further = follow_up(question, question.id, state.values.get(question.id))
        if asked is question and value != "yes" and further is not None and state.asked == further.id:
            found[further.id] = _to_follow_up(further, value, heard.intent)
        elif asked is question and value in question.volunteered:
            found |= question.volunteered[value]  # type: ignore[index]
        else:
            found[asked.id] = value
    return found


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
    if answer.isdecimal() and asked.id == content.screening.age.id and is_age(int(answer)):
        return {asked.id: int(answer)}
    return {asked.id: answer} if answer in VALUES else {}


def _from_checklist(answer: str, content: Content) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for id, value in ticked(answer).items():
        found |= _from_button(id, value, content)
    return found


def _from_intent(state: Screening, heard: Heard, content: Content, found: Mapping[str, Answer]) -> dict[str, Answer]:
    if state.asked is None or state.asked in found:
        return {}
    is_age = state.asked == content.screening.age.id
    value = BY_INTENT.get(heard.intent) if is_age else _yes_or_no(state.asked, heard, content)
    return {state.asked: value} if value and not (is_age and value in ("yes", "no")) else {}


def _yes_or_no(asked: str, heard: Heard, content: Content) -> str | None:
    """The yes, no, unsure, refused or past of a reply. What was typed has to say so itself, so nothing is guessed."""
    value, words = BY_INTENT.get(heard.intent) or _opens_with_no(heard), content.screening.words
    if not heard.text or heard.is_aside:
        return value
    is_main = asked in {question.id for question in content.screening.questions}
    for meant, phrases in words.means.items():
        if says(heard.text, phrases):
            return "no" if meant == "past" and not is_main else meant
    return value if value not in ("yes", "no") or says(heard.text, words.needs[value]) else None  # type: ignore[index]


def _opens_with_no(heard: Heard) -> str | None:
    """A short "no" with something added that tells nothing else, as in "no I'm healthy"."""
    is_short = heard.intent == "inform" and not heard.facts and len(heard.text.split()) <= NO_AND_MORE
    return "no" if is_short and re.match(r"\W*(no|nope|nah)\b(?! (?:idea|clue))", heard.text, re.IGNORECASE) else None


def says(text: str, phrases: Sequence[str]) -> bool:
    """Whether one of the phrases, or a year for "<year>", stands in the text; repeated letters count as one."""
    plain = _plain(text)
    if YEAR in phrases and re.search(r"\b(19|20)\d\d\b", text):
        return True
    return any(f" {_plain(phrase).strip()} " in plain for phrase in phrases)


def _plain(text: str) -> str:
    words = " ".join(re.findall(WORD, text.casefold().replace("\u2019", "'")))
    return " " + re.sub(r"(.)\1+", r"\1", words) + " "


def _said_first(asked: str, heard: Heard) -> dict[str, Answer]:
    """The yes or no that a message about something else opens with, as in "no and no cancer either"."""
    said = re.match(r"\W*(?:(no|nope|nah)\W+(?:and|but)|(yes|yeah|yep)\W+and)\b", heard.text, re.IGNORECASE)
    return {asked: "no" if said[1] else "yes"} if said else {}


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


def _age(state: Screening, heard: Heard, content: Content, today: date) -> int | None:
    year = birth_year(state, heard, content, today)
    if year is not None:
        return _age_from_year(year, today)
    asked = content.screening.age.id
    is_said = says(heard.text, content.screening.words.age) if asked in state.answers else len(heard.text.split()) > 1
    if is_age(heard.age) and (state.asked == asked or is_said):
        return heard.age  # a number that stands alone is an age only when the age was asked
    return None


def _age_from_year(year: int, today: date) -> int | None:
    """The age before this year's birthday; None when the birthday decides whether the person is an adult."""
    most = today.year - year
    return most - 1 if is_age(most - 1) and most != ADULT else None


def question_of(id: str | None, content: Content) -> Asked | None:
    """The question or follow-up of an id, or None."""
    found = find(content.screening, id or "")
    return found[1] if found else None
