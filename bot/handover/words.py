"""The words of the hand-over, read from words.yml and checked when they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.turns import show_time
from bot.clinic.content import Content
from bot.clinic.content.placeholders import NAME

FILE = Path(__file__).with_name("words.yml")
OF_A_BOOKING = frozenset({"reference", "when", "treatment", "link", "name", "contact", "note"})
SETS: Mapping[str, frozenset[str]] = {
    "invitation": frozenset({"subject", "cancelled", "summary", "description", "text"}),
    "patient": frozenset({"subject", "cancelled", "summary", "description", "text", "open_subject", "open_text"}),
    "link": frozenset({"text"}),
    "reminder": frozenset({"subject", "text", "email", "change", "cancel"}),
}


class WordsError(ValueError):
    """words.yml cannot be used; the message names the place and the cure."""


@dataclass(frozen=True)
class Words:
    """The words of one clinic's hand-over."""

    content: Content
    clinic: Clinic
    texts: Mapping[str, Mapping[str, str]]

    def say(self, part: str, key: str, booking: Mapping[str, Any], **more: str) -> str:
        """A text about a booking, its placeholders filled in; times on the clinic's clock."""
        values = {**self.about(booking), **more}
        return self.content.fill(self.texts[part][key], **values).strip()

    def about(self, booking: Mapping[str, Any]) -> dict[str, str]:
        """What texts may say of a booking."""
        start = booking.get("starts_at")
        return {
            "reference": str(booking["reference"]),
            "when": show_time(self.clinic.local(datetime.fromisoformat(start))) if start else "–",
            "treatment": self.clinic.title(booking.get("treatment")),
            "name": str(booking.get("name") or ""),
            "contact": str(booking.get("contact") or ""),
            "note": str(booking.get("note") or ""),
        }


def load_words(content: Content, clinic: Clinic, path: Path = FILE) -> Words:
    """Read the words; raises WordsError for a missing or unknown text or placeholder."""
    texts = YAML(typ="safe").load(path)
    known = OF_A_BOOKING | set(content.placeholders())
    for part, keys in SETS.items():
        given = texts.get(part) or {}
        if set(given) != keys:
            raise WordsError(f"{path.name}: {part} needs exactly these texts: {', '.join(sorted(keys))}")
        for key, text in given.items():
            unknown = set(NAME.findall(text)) - known
            if unknown:
                raise WordsError(f"{path.name}: {part}/{key} has no value for {{{min(unknown)}}}")
    return Words(content, clinic, texts)
