"""The properties of the screening rules, counted through over every way to answer what screening.yml asks.

A yes never makes anybody more suitable; what is over or unsure is not made clear unless the file allows it; everything
is asked of somebody; and what reads as yes or no means it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from bot.clinic.content.fields import Value
from bot.clinic.content.model_screening import Asked, FollowUp, Question
from bot.clinic.content.problems import Problem
from bot.clinic.content.reading import Source
from bot.clinic.content.screening_parts import CRITERIA, FILE, each_asked, each_question

ADULT = 18  # who is younger is asked nothing more
PASSING = ("pregnant", "breastfeeding")  # of the leaflet's criteria: what is over counts for nothing
Sources = Mapping[str, Source]
Parts = Mapping[str, Any]


@dataclass(frozen=True)
class _End:
    """One way in which a question ends: what was asked last, every answer on the way, and what they make of the
    criterion (yes, no, or something that a clinician decides)."""

    asked: Asked
    said: frozenset[str]
    value: str

    @property
    def rank(self) -> int:
        """0: clear, 1: a clinician decides, 2: met."""
        return {"no": 0, "yes": 2}.get(self.value, 1)


def _ends(question: Question, asked: Asked, answers: tuple[str, ...] = get_args(Value)) -> list[_End]:
    """Every way in which the question ends from `asked` on, `answers` being those to `asked` itself. A follow-up in
    words decides nothing."""
    found: list[_End] = []
    todo = [(asked, answer, frozenset((answer,))) for answer in answers]
    seen = set(_key(one) for one in todo)
    while todo:
        here, answer, said = todo.pop()
        further = next((one for one in question.after(here.id) if answer in one.when), None)
        if further is None or further.kind == "words":
            found.append(_End(here, said, _meaning(here, answer)))
            continue
        for next_answer in get_args(Value):
            way = (further, next_answer, said | {next_answer})
            if _key(way) not in seen:
                seen.add(_key(way))
                todo.append(way)
    return found


def _key(way: tuple[Asked, str, frozenset[str]]) -> tuple[str, str, frozenset[str]]:
    """What makes two ways the same."""
    return way[0].id, way[1], way[2]


def _meaning(asked: Asked, answer: str) -> str:
    return asked.becomes.get(answer, answer) if isinstance(asked, FollowUp) else answer  # type: ignore[call-overload]


def _made_clear(sources: Sources, parts: Parts) -> Iterator[Problem]:
    """Who said yes is never made clear, nor who said anything else than no, unless the file allows it."""
    for path, question in each_question(sources, parts):
        places = _places(path, question)
        clear = [end for end in _ends(question, question) if end.rank == 0 and isinstance(end.asked, FollowUp)]
        undone = dict.fromkeys(end.asked.id for end in clear if "yes" in end.said)
        for id in undone:
            what = 'contradicts the rules: a clear "yes" turns into a "no"; use yes, past or partial'
            yield sources[FILE].problem((*places[id], "becomes"), what)
        for id in dict.fromkeys(end.asked.id for end in clear if not _may_clear(end.asked, question)):
            if id not in undone:
                what = 'contradicts the rules: what is over or unsure turns into a "no"; use past'
                own = "" if question.criterion in CRITERIA else ", or write clears: true"
                yield sources[FILE].problem((*places[id], "becomes"), what + own)


def _may_clear(asked: Asked, question: Question) -> bool:
    """Whether a no to a follow-up may clear the criterion: of the leaflet's only what passes, of others as it says."""
    if question.criterion in CRITERIA:
        return question.criterion in PASSING
    return isinstance(asked, FollowUp) and asked.clears


def _no_that_weighs_more(sources: Sources, parts: Parts) -> Iterator[Problem]:
    for path, question in each_question(sources, parts):
        places = _places(path, question)
        for asked in (question, *question.follow_ups):
            if asked.kind != "yes_no":
                continue
            yes, no = ([end.rank for end in _ends(question, asked, (answer,))] for answer in ("yes", "no"))
            if min(yes) < min(no) or max(yes) < max(no):
                what = 'contradicts the rules: a "no" weighs more than a "yes"; ask it the other way round'
                yield sources[FILE].problem((*places[asked.id], "becomes"), what)


def _places(path: tuple[Any, ...], question: Question) -> dict[str, tuple[Any, ...]]:
    follow_ups = {one.id: (*path, "follow_ups", index) for index, one in enumerate(question.follow_ups)}
    return {question.id: path} | follow_ups


def _told_more_lightly(sources: Sources, parts: Parts) -> Iterator[Problem]:
    for path, question in each_question(sources, parts):
        for value, answers in question.volunteered.items():
            for id, answer in answers.items():
                if value != "no" and answer == "no":
                    what = (
                        f'contradicts the rules: "{value}", told unasked, answers {id} with "no"; write what was told'
                    )
                    yield sources[FILE].problem((*path, "volunteered", value, id), what)


def _words_with_two_meanings(sources: Sources, parts: Parts) -> Iterator[Problem]:
    for name in ("needs", "means", "typed"):
        first: dict[str, str] = {}
        for answer, phrases in getattr(parts[FILE].words, name).items():
            for phrase in phrases:
                before = first.setdefault(phrase.casefold(), answer)
                if before != answer:
                    what = f'"{phrase}" means {before} already; one meaning for each phrase'
                    yield sources[FILE].problem(("words", name, answer), what)


def _yes_that_answers_no(sources: Sources, parts: Parts) -> Iterator[Problem]:
    """A button or a short reply that reads as yes or no answers so."""
    plain = {phrase.casefold(): answer for answer, some in parts[FILE].words.needs.items() for phrase in some}
    for path, asked in each_asked(sources, parts):
        said = [((*path, "buttons", index), one.title, one.answer) for index, one in enumerate(asked.buttons)]
        said += [((*path, "typed", answer), one, answer) for answer, some in asked.typed.items() for one in some]
        for where, text, answer in said:
            meant = _reads_as(text, plain)
            if meant and answer in ("yes", "no") and answer != meant:
                what = f'"{text}" reads as {meant} and answers {answer}; let it answer {meant}, or word it otherwise'
                yield sources[FILE].problem(where, what)


def _reads_as(text: str, plain: Mapping[str, str]) -> str | None:
    """yes or no where the text is one of the file's words for it, or begins with one of these two."""
    said = text.casefold().strip(" .!,")
    return plain.get(said) or next((word for word in ("yes", "no") if re.match(rf"{word}\b", said)), None)


def _asked_of_nobody(sources: Sources, parts: Parts) -> Iterator[Problem]:
    for path, question in each_question(sources, parts):
        if question.until_age is not None and question.until_age <= ADULT:
            what = f"is never reached: the check ends for who is under {ADULT}; write a higher age, or remove it"
            yield sources[FILE].problem((*path, "until_age"), what)


RULE_CHECKS: dict[Callable[..., Iterator[Problem]], tuple[str, ...]] = {
    check: (FILE,)
    for check in (
        _made_clear,
        _no_that_weighs_more,
        _told_more_lightly,
        _words_with_two_meanings,
        _yes_that_answers_no,
        _asked_of_nobody,
    )
}
