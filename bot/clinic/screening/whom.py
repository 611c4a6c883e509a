"""Whom a check, a message or a visit is about: the patient, or somebody else by the word the patient calls them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.clinic.content import Content
from bot.clinic.screening.state import About, Screening
from bot.clinic.screening.telling import Heard, is_for_another, person_named, speaks_of_self

FOR = "for:"  # how the answer of a button begins that says for whom: "for:me", "for:mother", "for:" without a word
ME = "me"
BOOK = "/book_appointment"
FOR_ONE = re.compile(r"\bfor (?:him|her|them|someone else|somebody else)\b", re.IGNORECASE)
FOR_ME = re.compile(r"\bfor (?:me|myself)\b", re.IGNORECASE)
I_AM_ASKED = re.compile(r"\b(?:i|me|myself)\b", re.IGNORECASE)
TELLS_OF_I = re.compile(
    r"\bi(?:'?m|'?ve| (?:also |do |just |still )?(?:am|have|had|take|use|need|got|inject))\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Whom:
    """`person` is the word for somebody else ("mother"), empty when they were not named."""

    about: About = "self"
    person: str = ""

    @classmethod
    def of(cls, state: Screening) -> Whom:
        """Whom a check is about."""
        return cls(state.about, state.person)

    @classmethod
    def pressed(cls, answer: Any) -> Whom | None:
        """Whom a button's answer names; None when it says nothing of the kind."""
        if not isinstance(answer, str) or not answer.startswith(FOR):
            return None
        word = answer.removeprefix(FOR)
        return MYSELF if word == ME else cls("other", word)

    @property
    def answer(self) -> str:
        """The answer of a button that names them."""
        return FOR + (ME if self.about == "self" else self.person)


MYSELF = Whom()


def called(whom: Whom, content: Content) -> str:
    """Somebody else as the bot names them: "your mother", or "that person"."""
    names = content.screening.somebody_else
    return content.fill(names.your, word=whom.person) if whom.person else names.unnamed


def said_for(text: str, about: str, content: Content) -> Whom | None:
    """For whom a message says that it asks; `about` is what the understanding made of it. A "her" has no word yet."""
    if about == "other" or is_for_another(text, content) or FOR_ONE.search(text):
        return Whom("other", person_named(text, content))
    return MYSELF if FOR_ME.search(text) else None


def is_of_another(state: Screening, heard: Heard, content: Content) -> bool:
    """Whether a message that comes after a check is about another person than that check."""
    if heard.question is not None:
        return False
    if heard.about == "other":
        word = heard.person or person_named(heard.text, content)
        alike = content.screening.somebody_else.alike(state.person)
        return state.about == "self" or bool(word and state.person and word not in alike)
    return state.about == "other" and (speaks_of_self(heard) or _tells_of_self(heard))


def _tells_of_self(heard: Heard) -> bool:
    if heard.intent == "check_eligibility":  # "can you check if I can have it", or the button of the same name
        return not heard.text or I_AM_ASKED.search(heard.text) is not None
    return bool(heard.facts) and TELLS_OF_I.search(heard.text) is not None


def visit_buttons(buttons: Sequence[Mapping[str, str]], whom: Whom) -> tuple[Mapping[str, str], ...]:
    """Buttons of which the one for a visit says that it is for somebody else."""
    if whom.about == "self":
        return tuple(buttons)
    return tuple({**one, "payload": for_whom(BOOK, whom)} if one["payload"] == BOOK else one for one in buttons)


def for_whom(intent: str, whom: Whom) -> str:
    """The payload of a button that asks for something for somebody."""
    return intent + json.dumps({"answer": whom.answer})
