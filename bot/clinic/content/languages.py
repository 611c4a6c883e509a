"""What the assistant can say in other languages than English: a file each in content/languages/, named by its code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import Field

from bot.clinic.content.authorship import Authored
from bot.clinic.content.fields import Text, Topic
from bot.clinic.content.placeholders import NAME, NAMES
from bot.clinic.content.problems import Problem
from bot.clinic.content.reading import Source, parse, read

FOLDER = "languages"


class Language(Authored):
    """One language: what is said while it has no answer, in danger, the words of danger, and the answers there are."""

    name: Text
    reply: Text
    person: Text
    emergency: Text
    danger: Mapping[str, tuple[Text, ...]] = Field(min_length=1)
    answers: Mapping[Topic, Text] = Field(default_factory=dict)

    def sign(self, text: str) -> str | None:
        """The sign of danger whose words the message holds, if any."""
        lowered = text.lower()
        return next((sign for sign, words in self.danger.items() if any(word in lowered for word in words)), None)


def read_languages(
    folder: Path, signs: set[str], today: date | None = None
) -> tuple[dict[str, Language], list[Problem]]:
    """The languages of a content folder by ISO 639-1 code, and what is wrong with their files; `today` also asks for
    overdue reviews, which are warnings."""
    found: dict[str, Language] = {}
    problems: list[Problem] = []
    for path in sorted((folder / FOLDER).glob("*.yml")):
        source = read(path)
        if isinstance(source, Problem):
            problems.append(source)
            continue
        language, faults = parse(source, Language)
        problems += faults + (_faults(source, language, signs) if language else [])
        if language:
            found[path.stem] = language
            if today and language.review_by < today:
                what = f"its review was due on {language.review_by}; let the reviewer read it again and set a new date"
                problems.append(source.problem(("review_by",), what, "warning"))
    return found, problems


def _faults(source: Source, language: Language, signs: set[str]) -> list[Problem]:
    texts = {("reply",): language.reply, ("emergency",): language.emergency}
    texts |= {("answers", topic): text for topic, text in language.answers.items()}
    unknown = [
        source.problem(path, f"{{{name}}} is not a placeholder; see content/clinic.yml for those there are")
        for path, text in texts.items() for name in NAME.findall(text) if name not in NAMES
    ]  # fmt: skip
    lacking = [
        source.problem((part,), "must name the emergency number: write {emergency_number}")
        for part in ("reply", "emergency") if "{emergency_number}" not in texts[part,]
    ]  # fmt: skip
    strange = [
        source.problem(("danger", sign), f"is not a sign of warning_signs.yml; those are {', '.join(sorted(signs))}")
        for sign in language.danger if sign not in signs
    ]  # fmt: skip
    return unknown + lacking + strange
