"""Loads bot/content/ into one read-only Content, or reports everything that is wrong with it at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML

from bot.clinic.content import placeholders as _placeholders
from bot.clinic.content.authorship import Authored
from bot.clinic.content.checks import check_parts, check_readability
from bot.clinic.content.languages import Language, read_languages
from bot.clinic.content.model import (
    Answer,
    Answers,
    Clinic,
    Facts,
    NextSteps,
    Sign,
    Step,
    Terms,
    WarningSigns,
)
from bot.clinic.content.model_screening import ScreeningContent
from bot.clinic.content.problems import ContentError, Problem
from bot.clinic.content.reading import Source, is_a_trap, parse, read
from bot.settings import BOT

RESPONSES = "responses.yml"  # in copies: the part of bot/domain.yml that patients read
_RESPONSES = re.compile(r"^responses:$.*?(?=^[a-z_]+:|\Z)", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"(languages/)?[\w-]+\.yml$")
FILES: Mapping[str, type[BaseModel]] = {
    "facts.yml": Facts,
    "clinic.yml": Clinic,
    "answers.yml": Answers,
    "next_steps.yml": NextSteps,
    "screening.yml": ScreeningContent,
    "warning_signs.yml": WarningSigns,
    "terms.yml": Terms,
}


@dataclass(frozen=True)
class Content:
    """Everything the clinic says or decides. `version` changes with any byte of the folder's YAML files and of the
    responses in bot/domain.yml, which are `wording`."""

    facts: Facts
    clinic: Clinic
    answers: tuple[Answer, ...]
    next_steps: NextSteps
    screening: ScreeningContent
    warning_signs: tuple[Sign, ...]
    terms: Mapping[str, str]
    languages: Mapping[str, Language]
    version: str
    wording: str = ""

    @cached_property
    def responses(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What the bot says by itself, by name: the `responses` of bot/domain.yml."""
        return (YAML(typ="safe").load(self.wording) or {}).get("responses") or {}

    def placeholders(self) -> dict[str, str]:
        """Placeholder name -> text, for responses and answers: clinic_name, emergency_number, price_list …"""
        return dict(self._values)

    def overdue(self, today: date) -> list[tuple[str, str, Authored]]:
        """(kind, id, entry) of everything whose review was due before `today`, longest due first."""
        kinds: dict[str, Sequence[Any]] = {
            "answer": self.answers,
            "criterion": self.screening.questions,
            "sign": self.warning_signs,
        }
        late = [(kind, one.id, one) for kind, some in kinds.items() for one in some if one.review_by < today]
        late += [("language", code, one) for code, one in self.languages.items() if one.review_by < today]
        return sorted(late, key=lambda one: one[2].review_by)

    def fill(self, text: str, **values: str) -> str:
        """`text` with the clinic's placeholders, and those given, filled in."""
        return _placeholders.fill(text, {**self._values, **values})

    def listed(self, items: Sequence[str]) -> str:
        """Items as a patient reads them: "a, b and c"."""
        return _placeholders.listed(items, self.clinic.phrases)

    def step(self, id: str) -> Step:
        """A next step by id; KeyError for one that content does not have."""
        return self.next_steps.steps[id]

    def buttons(self, ids: Sequence[str]) -> list[dict[str, str]]:
        """Next steps as Rasa buttons: [{"title", "payload"}]."""
        return [self.step(id).model_dump() for id in ids]

    @cached_property
    def _values(self) -> dict[str, str]:
        return _placeholders.placeholders(self.clinic)


def load_content(folder: Path) -> Content:
    """The content of a folder; raises ContentError with all problems when any part of it is wrong."""
    sources, parts, problems = _read_all(folder)
    return _whole(folder, parts, [*problems, *check_parts(sources, parts)])


def load_kept(files: Mapping[str, str]) -> Content:
    """Content from files kept as text, by the name of each; raises ContentError when this program no longer reads that
    version. It was in order by the checks of its day, which are not made again."""
    with TemporaryDirectory() as folder:
        write_content(files, Path(folder))
        _, parts, problems = _read_all(Path(folder))
        return _whole(Path(folder), parts, problems)


def _whole(folder: Path, parts: Mapping[str, Any], problems: list[Problem]) -> Content:
    languages, faults = read_languages(folder, _signs(parts))
    errors = [problem for problem in [*problems, *faults] if problem.level == "error"]
    if errors:
        raise ContentError(errors)
    files = content_files(folder)
    return Content(
        facts=parts["facts.yml"],
        clinic=parts["clinic.yml"],
        answers=parts["answers.yml"].answers,
        next_steps=parts["next_steps.yml"],
        screening=parts["screening.yml"],
        warning_signs=parts["warning_signs.yml"].signs,
        terms=parts["terms.yml"].terms,
        languages=languages,
        version=version_of(files),
        wording=files[RESPONSES],
    )


def load_with_screening(folder: Path, raw: bytes) -> Content:
    """The content of a folder with another screening.yml in place of its own; raises ContentError as load_content does.
    Nothing of it is kept."""
    if is_a_trap(raw):
        raise ContentError([Problem("screening.yml", "", "is nested too deeply, or repeats itself by aliases")])
    with TemporaryDirectory() as copy:
        write_content(content_files(folder), Path(copy))
        (Path(copy) / "screening.yml").write_bytes(raw)
        return load_content(Path(copy))


def write_content(files: Mapping[str, str], folder: Path) -> None:
    """Write files that were kept as text (`content_files`) into a folder that exists."""
    for name, text in files.items():
        if _NAME.match(name):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")


def check_content(folder: Path, today: date | None = None) -> list[Problem]:
    """Every problem, also how hard the texts are to read and, given `today`, which reviews are overdue (a warning)."""
    sources, parts, problems = _read_all(folder)
    problems += read_languages(folder, _signs(parts), today)[1]
    return problems + check_parts(sources, parts, today) + check_readability(sources, parts)


def _signs(parts: Mapping[str, Any]) -> set[str]:
    return {sign.id for sign in parts["warning_signs.yml"].signs} if "warning_signs.yml" in parts else set()


def content_files(folder: Path) -> dict[str, str]:
    """All that patients are told, as text by name: the folder's YAML files, those of other languages too, and the
    responses of bot/domain.yml, unless the folder is a copy that has its own."""
    found = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.rglob("*.yml"))
    }
    part = _RESPONSES.search((BOT / "domain.yml").read_text(encoding="utf-8"))
    return {RESPONSES: part[0] if part else "", **found}


def content_version(folder: Path) -> str:
    """The version of a folder's content."""
    return version_of(content_files(folder))


def version_of(files: Mapping[str, str]) -> str:
    """12 hex digits of the SHA-256 of the files, names and bytes."""
    digest = hashlib.sha256()
    for name, text in sorted(files.items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]


def _read_all(folder: Path) -> tuple[dict[str, Source], dict[str, Any], list[Problem]]:
    sources: dict[str, Source] = {}
    parts: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, model in FILES.items():
        source = read(folder / name)
        if isinstance(source, Problem):
            problems.append(source)
            continue
        sources[name] = source
        parts[name], found = parse(source, model)
        problems += found
    return sources, {name: part for name, part in parts.items() if part is not None}, problems
