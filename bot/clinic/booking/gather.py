"""Picks out of one message every booking field it volunteers, whichever of them was asked for."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bot.clinic.booking.clinic import Clinic, Treatment
from bot.clinic.booking.contact import find_contact
from bot.clinic.booking.names import find_name, understand_name
from bot.clinic.booking.times import is_only_about_time, names_a_day, understand_wish
from bot.clinic.booking.turns import UNDECIDED, Heard
from bot.clinic.booking.wish import Wish, wish_to_dict

LONGEST_NOTE = 500
_PARTS = re.compile(r"[,;\n]+")
_CALLING = re.compile(r"\b(?:call|ring|phone|text|reach|contact|available)\b", re.IGNORECASE)
_WRONG = re.compile(
    r"\b(?:my |the |your |that )?"
    r"(?:name|number|phone|e-?mail|contact|treatment|time|date|day|note)(?: number| address)? "
    r"(?:is|was|isn't|is not|'s) ?(?:not |spelled |spelt )?(?:wrong|incorrect|right|correct|misspelled)\b[,.;:\s]*",
    re.IGNORECASE,
)  # fmt: skip
_NO_NOTE = re.compile(
    r"^\W*(?:no|nope|none|nothing|nah|no note|no thanks?|no thank you|skip|n/?a|-|nothing else)\W*$", re.IGNORECASE
)
_ONLY_YES = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|sure|ok|okay)(?: there is| i do| please| one thing)?\W*$", re.IGNORECASE
)


@dataclass
class Gathered:
    """What a message gave: answers ready to keep, a wish for a time, and the text of that wish as typed."""

    answers: dict[str, Any] = field(default_factory=dict)
    wish: Wish | None = None
    wished: str = ""

    def __bool__(self) -> bool:
        return bool(self.answers) or (self.wish is not None and self.wish.kind != "not_understood")

    def keep(self, state: dict[str, Any]) -> None:
        """Enters what was gathered into a state. A new wish replaces the time chosen before."""
        state["answers"].update(self.answers)
        if self.wish is not None and self.wish.kind != "not_understood":
            state["wish"] = wish_to_dict(self.wish)
            state["wished"] = self.wished or state["wished"]
            state["answers"].pop("when", None)


@dataclass(frozen=True)
class _Listener:
    """Reads one message: the field that was asked for, and what dates and numbers are read against."""

    asked: str | None
    clinic: Clinic
    now: datetime

    def is_about_time(self, text: str) -> bool:
        return is_only_about_time(text, self.now, self.clinic)

    def is_treatment(self, text: str) -> bool:
        return text.strip().casefold() in {word for one in self.clinic.treatments.values() for word in _called(one)}


def _called(treatment: Treatment) -> tuple[str, str]:
    return treatment.id, treatment.title.casefold()


def gather(heard: Heard, asked: str | None, clinic: Clinic, now: datetime) -> Gathered:
    """Everything the typed message says about the booking; `asked` is the field the patient was asked for."""
    gathered, listener = Gathered(), _Listener(asked, clinic, now)
    if asked == "note":
        _note(heard, gathered)
        return gathered
    _treatment(heard, listener, gathered)
    rest = _contact(_WRONG.sub(" , ", heard.text), listener, gathered)
    rest = _name(rest, listener, gathered)
    _wish(rest, listener, gathered)
    return gathered


def _note(heard: Heard, gathered: Gathered) -> None:
    if _ONLY_YES.match(heard.text):
        return  # there is something; it is still to be written
    nothing = heard.intent in ("deny", "refuse") or _NO_NOTE.match(heard.text)
    shown = "".join(one for one in heard.text[: 4 * LONGEST_NOTE] if one.isprintable() or one in "\n\t")
    text = re.sub(r"[^\S\n]+", " ", shown).strip()
    if nothing or text:
        gathered.answers["note"] = "" if nothing else text[:LONGEST_NOTE]


def _treatment(heard: Heard, listener: _Listener, gathered: Gathered) -> None:
    treatments = listener.clinic.treatments
    named = [str(one.get("value")) for one in heard.entities if one.get("entity") == "treatment"]
    typed = [one.id for one in treatments.values() if heard.text.strip().casefold() in _called(one)]
    known = [one for one in (*named, *typed) if one in treatments]
    if known:
        gathered.answers["treatment"] = known[-1]
    elif listener.asked == "treatment" and heard.intent in ("unsure", "refuse"):
        gathered.answers["treatment"] = UNDECIDED


def _contact(rest: str, listener: _Listener, gathered: Gathered) -> str:
    found = find_contact(rest, listener.clinic.region)
    if not found:
        return rest
    gathered.answers["contact"] = asdict(found.contact)
    return found.rest


def _name(rest: str, listener: _Listener, gathered: Gathered) -> str:
    """Takes the name out of the text: announced anywhere, or bare where it was asked for or stands by a contact."""
    announced = find_name(rest, sure=listener.asked != "name")
    if announced:
        gathered.answers["name"] = announced
        at = rest.lower().find(announced.lower())
        return rest[:at] + " , " + rest[at + len(announced) :] if at >= 0 else rest
    beside = listener.asked in (None, "treatment") and "contact" in gathered.answers
    if listener.asked != "name" and not beside:
        return rest
    parts = [part.strip() for part in _PARTS.split(rest) if part.strip()]
    for part in parts:
        name = understand_name(part)
        if name and not listener.is_treatment(part) and not (listener.is_about_time(part) and " " in part):
            gathered.answers["name"] = name
            return " , ".join(other for other in parts if other is not part)
    return rest


def _wish(rest: str, listener: _Listener, gathered: Gathered) -> None:
    """A wish counts when a time was asked for, or when it names a day and is no "call me on friday"."""
    asked = listener.asked == "when"
    if not asked and (_CALLING.search(rest) or not names_a_day(rest, listener.now, listener.clinic)):
        return
    wish = understand_wish(rest, listener.now, listener.clinic)
    if wish.kind != "not_understood" or asked:
        gathered.wish, gathered.wished = wish, rest.strip(" ,")[:200]
