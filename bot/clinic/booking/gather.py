"""Picks out of one message every booking field it volunteers, whichever of them was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.contact import find_contact
from bot.clinic.booking.names import find_name, understand_name
from bot.clinic.booking.times import is_only_about_time, names_a_day, understand_wish
from bot.clinic.booking.turns import UNDECIDED, Heard
from bot.clinic.booking.wish import Wish, wish_to_dict

LONGEST_NOTE = 500
_PARTS = re.compile(r"[,;\n]+")
_CALLING = re.compile(r"\b(?:call|ring|phone|text|reach|contact|available)\b", re.IGNORECASE)
_WRONG = re.compile(
    r"\b(?:my |the |your |that )?(?:name|number|phone|e-?mail|contact|treatment|time|date|day|note)(?: number| address)? "
    r"(?:is|was|isn't|is not|'s) ?(?:not |spelled |spelt )?(?:wrong|incorrect|right|correct|misspelled)\b[,.;:\s]*",
    re.IGNORECASE,
)  # fmt: skip
_NO_NOTE = re.compile(
    r"^\W*(?:no|nope|none|nothing|nah|no note|no thanks?|no thank you|skip|n/?a|-|nothing else)\W*$", re.IGNORECASE
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


def gather(heard: Heard, asked: str | None, clinic: Clinic, now: datetime) -> Gathered:
    """Everything the typed message says about the booking; `asked` is the field the patient was asked for."""
    gathered = Gathered()
    if asked == "note":
        return _note(heard, gathered)
    rest = _WRONG.sub(" , ", heard.text)
    _treatment(heard, asked, clinic, gathered)
    found = find_contact(rest, clinic.region)
    if found:
        gathered.answers["contact"] = {
            "kind": found.contact.kind,
            "value": found.contact.value,
            "display": found.contact.display,
        }
        rest = found.rest
    rest = _name(rest, asked, clinic, now, gathered, bool(found))
    _wish(rest, asked, clinic, now, gathered)
    return gathered


def _note(heard: Heard, gathered: Gathered) -> Gathered:
    nothing = heard.intent in ("deny", "refuse") or _NO_NOTE.match(heard.text)
    text = re.sub(r"[^\S\n]+", " ", "".join(one for one in heard.text if one.isprintable() or one in "\n\t")).strip()
    if nothing or text:
        gathered.answers["note"] = "" if nothing else text[:LONGEST_NOTE]
    return gathered


def _treatment(heard: Heard, asked: str | None, clinic: Clinic, gathered: Gathered) -> None:
    named = [str(one["value"]) for one in heard.entities if one.get("entity") == "treatment"]
    typed = heard.text.strip().casefold()
    titles = [one.id for one in clinic.treatments.values() if typed in (one.id, one.title.casefold())]
    known = [one for one in (*named, *titles) if one in clinic.treatments]
    if known:
        gathered.answers["treatment"] = known[-1]
    elif asked == "treatment" and heard.intent in ("unsure", "refuse"):
        gathered.answers["treatment"] = UNDECIDED


def _name(rest: str, asked: str | None, clinic: Clinic, now: datetime, gathered: Gathered, beside_contact: bool) -> str:
    """Takes the name out of the text: announced anywhere, or bare where it was asked for or stands by a contact."""
    announced = find_name(rest, sure=asked != "name")
    if announced:
        gathered.answers["name"] = announced
        at = rest.lower().find(announced.lower())
        return rest[:at] + " , " + rest[at + len(announced) :] if at >= 0 else rest
    if asked != "name" and not beside_contact:
        return rest
    parts = [part.strip() for part in _PARTS.split(rest) if part.strip()]
    for part in parts:
        if _could_be_name(part, clinic, now):
            gathered.answers["name"] = understand_name(part)
            return " , ".join(other for other in parts if other is not part)
    return rest


def _could_be_name(part: str, clinic: Clinic, now: datetime) -> bool:
    name = understand_name(part)
    if not name or part.casefold() in (
        title for one in clinic.treatments.values() for title in (one.id, one.title.casefold())
    ):
        return False
    return len(name.split()) == 1 or not is_only_about_time(part, now, clinic)


def _wish(rest: str, asked: str | None, clinic: Clinic, now: datetime, gathered: Gathered) -> None:
    """A wish counts when a time was asked for, or when it names a day and is no "call me on friday"."""
    if asked != "when" and (_CALLING.search(rest) or not names_a_day(rest, now, clinic)):
        return
    if asked == "name" and "name" in gathered.answers and not re.search(r"\d|day|week", rest):
        return
    wish = understand_wish(rest, now, clinic)
    if wish.kind != "not_understood" or asked == "when":
        gathered.wish, gathered.wished = wish, rest.strip(" ,")[:200]
