"""What a change of content changes for patients: every question whose reply differs, and every altered wording.

Replies are compared, not files: a corrected price shows under each question whose answer quotes it, and an answer that
is taken out shows what patients will be told instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, product
from typing import Literal

from bot.clinic.answers import select_answer
from bot.clinic.content import Answer, Asked, Content
from bot.clinic.report.effects import effects

Kind = Literal["answer", "criterion", "outcome", "sign", "wording", "response", "language"]
_Question = tuple[str, str | None, str | None, str | None]  # topic, treatment, concern, criterion


@dataclass(frozen=True)
class Change:
    """One thing patients will read or be told differently. None: the bot had, or will have, nothing to say to it.

    `what` names the content; `affects` the questions that are answered differently; facts are those cited.
    """

    kind: Kind
    what: str
    before: str | None
    after: str | None
    affects: tuple[str, ...] = ()
    facts_before: tuple[str, ...] = ()
    facts_after: tuple[str, ...] = ()


def content_diff(old: Content, new: Content) -> list[Change]:
    """Every change that a patient can notice, answers first. Equal contents give an empty list."""
    return [*_answers(old, new), *_wordings(old, new)]


def _answers(old: Content, new: Content) -> list[Change]:
    found: dict[tuple[Answer | None, Answer | None], list[str]] = defaultdict(list)
    for question in _questions(old, new):
        before, after = select_answer(old, *question), select_answer(new, *question)
        if _reply(old, before) != _reply(new, after):
            found[before, after].append(_name(question))
    return [_change(old, new, before, after, asked) for (before, after), asked in found.items()]


def _questions(*contents: Content) -> Iterator[_Question]:
    """Every question that some answer could be chosen for."""
    answers = list(chain.from_iterable(content.answers for content in contents))
    topics = list(dict.fromkeys(answer.topic for answer in answers))
    treatments = [None, *dict.fromkeys(t for a in answers for t in (a.treatment, *a.not_for) if t)]
    concerns = [None, *dict.fromkeys(answer.concern for answer in answers if answer.concern)]
    criteria = dict.fromkeys((a.topic, a.criterion) for a in answers if a.criterion)
    yield from ((topic, t, c, None) for topic, t, c in product(topics, treatments, concerns))
    yield from ((topic, None, None, criterion) for topic, criterion in criteria)


def _reply(content: Content, answer: Answer | None) -> tuple[str, tuple[str, ...]] | None:
    return (content.fill(answer.text), tuple(answer.facts)) if answer else None


def _name(question: _Question) -> str:
    topic, *about = question
    return " ".join([topic, *(f"({part})" for part in about if part)])


def _change(old: Content, new: Content, before: Answer | None, after: Answer | None, asked: list[str]) -> Change:
    return Change(
        kind="answer",
        what=" -> ".join(dict.fromkeys(answer.id for answer in (before, after) if answer)),
        before=old.fill(before.text) if before else None,
        after=new.fill(after.text) if after else None,
        affects=tuple(asked),
        facts_before=before.facts if before else (),
        facts_after=after.facts if after else (),
    )


def _wordings(old: Content, new: Content) -> list[Change]:
    before, after = _said(old), _said(new)
    keys = dict.fromkeys([*before, *after])
    return [Change(*key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]


def _said(content: Content) -> dict[tuple[Kind, str], str]:
    """Everything besides answers that reaches a patient, by kind and name, as it is read."""
    parts = (_criteria, _outcomes, _words, _signs, _responses, _languages)
    return {key: content.fill(text) for part in parts for key, text in part(content)}


def _criteria(content: Content) -> Iterator[tuple[tuple[Kind, str], str]]:
    for question in content.screening.questions:
        for asked in (question, *question.follow_ups):
            yield from ((("criterion", f"{asked.id}.{name}"), text) for name, text in _texts(asked))
        rule = "; ".join(f"{one.asked}: {one.title} = {one.outcome}" for one in effects(question, content.screening))
        rule += f"; not asked from {question.until_age} years on" if question.until_age else ""
        rule += "" if question.ask_men else "; men are not asked"
        yield ("criterion", f"{question.criterion}.rule"), f"{rule} [{question.fact}]"
        yield ("criterion", f"{question.criterion}.not_suitable"), question.not_suitable
        yield ("criterion", f"{question.criterion}.review"), question.review


def _texts(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((name, getattr(asked, name)) for name in ("question", "other", "help", "why"))


def _outcomes(content: Content) -> Iterator[tuple[tuple[Kind, str], str]]:
    for name, outcome in content.screening.outcomes:
        yield ("outcome", name), f"{outcome.thanks} {outcome.text}"
        yield ("outcome", f"{name}.other"), f"{outcome.thanks} {outcome.other}"
    for name, text in content.screening.phrases:
        yield ("wording", f"screening.{name}"), text


def _words(content: Content) -> Iterator[tuple[tuple[Kind, str], str]]:
    words = content.screening.words
    for part in ("needs", "means", "typed"):
        for value, said in getattr(words, part).items():
            yield ("wording", f"screening.words.{part}.{value}"), ", ".join(said)


def _signs(content: Content) -> Iterator[tuple[tuple[Kind, str], str]]:
    for sign in content.warning_signs:
        yield ("sign", sign.id), f"{sign.level}: {sign.label}" + (f". {sign.advice}" if sign.advice else "")
    yield ("sign", "emergency_number"), content.clinic.emergency_number


def _responses(content: Content) -> Iterator[tuple[tuple[Kind, str], str]]:
    for name, variants in content.responses.items():
        for number, one in enumerate(variants, start=1):
            titles = " ".join(f"[{button['title']}]" for button in one.get("buttons") or ())
            yield ("response", name if number == 1 else f"{name} ({number})"), f"{one.get('text', '')} {titles}".strip()


def _languages(content: Content) -> Iterator[tuple[tuple[Kind, str], str]]:
    for code, language in content.languages.items():
        for part in ("reply", "person", "emergency"):
            yield ("language", f"{code}.{part}"), getattr(language, part)
        for sign, words in language.danger.items():
            yield ("language", f"{code}.danger.{sign}"), ", ".join(words)
        for topic, text in language.answers.items():
            yield ("language", f"{code}.answers.{topic}"), text
