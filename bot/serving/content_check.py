"""Every file of a content folder at once: what the clinic says and decides, how patients are understood, Messenger.

The words of the understanding and of Messenger belong to other packages than the content, which knows neither of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bot.channels.messenger.words import FILE as MESSENGER
from bot.channels.messenger.words import Words, load_words
from bot.clinic.content import ContentError, Problem, check_content, load_content
from bot.clinic.content.reading import Source, parse, read
from bot.nlu.guard_model import DangerExamples
from bot.nlu.heart import HEART, MULTI
from bot.nlu.patterns import PatternError, compile_patterns
from bot.nlu.vocabulary import Vocabulary

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # as the understanding reads its files: "n" is a word there
VOCABULARY, EXAMPLES, SIGNS = "vocabulary.yml", "danger_examples.yml", "warning_signs.yml"


def check_whole_content(folder: Path, today: date | None = None) -> list[Problem]:
    """Everything that is wrong in a content folder, as `check_content`, with the files that it does not read."""
    problems = check_content(folder, today)
    vocabulary, words, faults = _read(folder / VOCABULARY, Vocabulary)
    problems += faults
    if vocabulary and words:
        problems += [*_patterns(vocabulary, words), *_criteria(folder, vocabulary, words)]
        problems += _signs(folder, vocabulary, words)
    examples, texts, faults = _read(folder / EXAMPLES, DangerExamples)
    problems += faults
    if examples and texts and words:
        problems += _examples(examples, texts, words)
    return problems + _messenger(folder)


def _read(path: Path, model: type[BaseModel]) -> tuple[Source | None, Any, list[Problem]]:
    source = read(path)
    if isinstance(source, Problem):
        return None, None, [source]
    source.data = yaml.load(source.text, Loader=LOADER)  # noqa: S506 - one of the safe loaders
    found, problems = parse(source, model)
    return source, found, problems


def _patterns(source: Source, words: Vocabulary) -> Iterator[Problem]:
    """Patterns that the understanding could not be built from."""
    groups = words.danger.groups
    lists = {("danger", "signs", name, "patterns"): sign.patterns for name, sign in words.danger.signs.items()}
    lists |= {("danger", "signs", name, "hints"): sign.hints for name, sign in words.danger.signs.items()}
    lists |= {("danger", key): value for key, value in words.danger if isinstance(value, list)}
    lists |= {(key,): getattr(words, key) for key in ("other_treatments", "ours", "taken_back")}
    lists |= {("follow_ups", index, "says"): one.says for index, one in enumerate(words.follow_ups)}
    for path, patterns in lists.items():
        for pattern in patterns:
            try:
                compile_patterns([pattern], groups)
            except PatternError as error:
                yield source.problem(path, str(error))


def _criteria(folder: Path, source: Source, words: Vocabulary) -> Iterator[Problem]:
    """Names for a criterion that the check does not have: what patients say of it would count for nothing."""
    screening = _yaml(folder / "screening.yml").get("questions")
    known = {one.get("criterion") for one in screening or () if isinstance(one, dict)} - {None}
    for key in ("criteria", "organs"):
        for name in getattr(words, key):
            if known and (MULTI if name == HEART else name) not in known:
                there = ", ".join(sorted(map(str, known)))
                yield source.problem((key, name), f"there is no criterion {name} in screening.yml; those are {there}")


def _signs(folder: Path, source: Source, words: Vocabulary) -> Iterator[Problem]:
    signs = _yaml(folder / SIGNS).get("signs")
    levels = {one.get("id"): one.get("level") for one in signs or () if isinstance(one, dict)}
    for name, sign in words.danger.signs.items():
        if levels and levels.get(name) != sign.level:
            told = f"it has {name} as {levels[name]}" if name in levels else f"it has no sign {name}"
            yield source.problem(("danger", "signs", name), f"is not the {sign.level} sign of {SIGNS}: {told}")
    for name in sorted(set(map(str, levels)) - set(words.danger.signs)):
        yield source.problem(("danger", "signs"), f"no patterns for {name}, a sign of {SIGNS}; add some")


def _examples(source: Source, texts: DangerExamples, words: Vocabulary) -> Iterator[Problem]:
    for name in texts.now:
        if name not in words.danger.signs:
            there = ", ".join(words.danger.signs)
            yield source.problem(("now", name), f"is no sign of {VOCABULARY}; those are {there}")


def _messenger(folder: Path) -> list[Problem]:
    try:
        placeholders = load_content(folder).placeholders()
    except ContentError:  # said already; without the clinic's details only the file itself can be looked at
        placeholders = {}
    try:
        if placeholders:
            load_words(folder, placeholders)
            return []
    except ContentError as error:
        return error.problems
    except ValidationError as error:  # too long once the clinic's details stand in it
        return [Problem(MESSENGER, "/".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
    return _read(folder / MESSENGER, Words)[2]


def _yaml(path: Path) -> dict[str, Any]:
    source = read(path)
    return {} if isinstance(source, Problem) else source.data
