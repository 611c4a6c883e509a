"""words.yml: what patients read when the desk acts, canned replies, and how soon the desk answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.clinic.content import Content
from bot.clinic.desk.hours import Promise
from bot.store.terms import TriageKind

FILE = Path(__file__).with_name("words.yml")
PATIENT_NAMES = {
    "joined": {"staff"},
    "joined_after_another": {"staff"},
    "handed_back": {"staff"},
    "left_waiting": set(),
    "promise": {"when"},
    "promise_open": {"when"},
    "booking_confirmed": {"when", "reference"},
    "booking_proposed": {"when", "reference"},
    "booking_declined": {"reason", "reference"},
    "booking_arrived": {"reference"},
    "booking_noshow": {"reference"},
    "review_suitable": set(),
    "review_not_suitable": set(),
    "review_suitable_other": {"person"},
    "review_not_suitable_other": {"person"},
    "answered_now": {"answer"},
    "visit_subject": {"reference"},
    "visit_footer": set(),
    "email_subject": set(),
    "email_footer": set(),
}
ButtonName = Literal["other_time", "suits"]
PartName = Literal[
    "rasa", "actions", "database", "redis", "web",
    "webhook", "fhir", "clinic_calendar", "patient_calendar", "scheduling_links", "mail", "alerts",
]  # fmt: skip


class WordsError(ValueError):
    """words.yml cannot be used; the message names the key and what is expected."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Canned(_Part):
    """A ready-made reply."""

    title: str
    text: str


class PromiseRule(_Part):
    """How soon a person answers."""

    open_hours: float = 0
    working_days: int = 0


class Words(_Part):
    """The whole file."""

    patient: Mapping[str, str]
    buttons: Mapping[ButtonName, str]
    canned: tuple[Canned, ...]
    promises: Mapping[TriageKind, PromiseRule]
    parts: Mapping[PartName, str]

    def say(self, content: Content, key: str, **values: str) -> str:
        """What the patient reads, filled in. KeyError for a key the file does not have."""
        return content.fill(self.patient[key], **values)

    def canned_for(self, content: Content, staff: str, name: str | None) -> list[tuple[str, str]]:
        """(title, text) of the ready-made replies, filled in for this patient and this person."""
        called = f" {name}" if name else ""
        return [(one.title, content.fill(one.text, staff=staff, name=called)) for one in self.canned]

    def promise(self, kind: TriageKind) -> Promise:
        """How soon a person answers this kind of item."""
        return Promise(**self.promises[kind].model_dump())


def load_words(file: Path = FILE) -> Words:
    """Read and check the file; raises WordsError naming everything that is wrong."""
    try:
        words = Words.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise WordsError(f"{file.name}: {error}") from None
    problems = [*_wrong_keys("patient", set(words.patient), set(PATIENT_NAMES))]
    problems += _wrong_keys("promises", set(words.promises), set(get_args(TriageKind)))
    problems += _wrong_keys("buttons", set(words.buttons), set(get_args(ButtonName)))
    problems += _wrong_keys("parts", set(words.parts), set(get_args(PartName)))
    for key, needed in PATIENT_NAMES.items():
        said = set(re.findall(r"\{(\w+)\}", words.patient.get(key, "")))
        problems += [f"patient/{key}: says nothing of {{{name}}}" for name in needed - said if name != "reference"]
    if problems:
        raise WordsError("\n".join(f"{file.name}: {problem}" for problem in problems))
    return words


def _wrong_keys(where: str, found: set[str], wanted: set[str]) -> list[str]:
    return [f"{where}: {key} is missing" for key in sorted(wanted - found)] + [
        f"{where}: {key} is not known" for key in sorted(found - wanted)
    ]
