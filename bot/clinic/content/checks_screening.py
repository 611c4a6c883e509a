"""Checks of screening.yml that its schema cannot make: criteria left out, follow-ups nobody reaches, rules at odds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.clinic.content.model import Asked, FollowUp, Question
from bot.clinic.content.problems import Problem
from bot.clinic.content.reading import Source

FILE = "screening.yml"
CRITERIA = (
    "under_18",
    "pregnant",
    "breastfeeding",
    "diabetes",
    "cancer",
    "heart_multi_drug",
    "liver_disease",
    "kidney_disease",
)


def _questions(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], Question]]:
    ids = [item.get("id") if isinstance(item, dict) else None for item in sources[FILE].data["questions"]]
    for question in parts[FILE].questions:
        yield ("questions", ids.index(question.id)), question


def _asked(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], Asked]]:
    for path, question in _questions(sources, parts):
        yield path, question
        for index, follow_up in enumerate(question.follow_ups):
            yield (*path, "follow_ups", index), follow_up


def _missing_criteria(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    raw = sources[FILE].data["questions"]
    written = {str(item.get("criterion")) for item in raw if isinstance(item, dict)}
    for criterion in CRITERIA:
        if criterion not in written:
            yield sources[FILE].problem(("questions",), f"no question settles the criterion {criterion}; add one")


def _criteria_settled_twice(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, question in _questions(sources, parts):
        if first.setdefault(question.criterion, question.id) != question.id:
            what = f"settles {question.criterion}, as {first[question.criterion]} does; one question for each criterion"
            yield sources[FILE].problem((*path, "criterion"), what)


def _duplicate_ids(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    ids = [(("questions", i), item) for i, item in enumerate(sources[FILE].data["questions"]) if isinstance(item, dict)]
    for path, item in ids:
        written = item.get("follow_ups")
        follow_ups = written if isinstance(written, list) else []
        for where, one in [(path, item), *(((*path, "follow_ups", i), f) for i, f in enumerate(follow_ups))]:
            id = one.get("id") if isinstance(one, dict) else None
            if isinstance(id, str) and id in seen:
                yield sources[FILE].problem(where, f"the id {id} is used twice; give each its own")
            seen.add(str(id))


def _under_18_by_age(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, question in _questions(sources, parts):
        if (question.kind == "age") != (question.criterion == "under_18"):
            what = f"{question.kind} does not fit {question.criterion}; kind age and criterion under_18 go together"
            yield sources[FILE].problem((*path, "kind"), what)
        if question.kind == "age" and question.follow_ups:
            yield sources[FILE].problem((*path, "follow_ups"), "an age has no follow-ups; remove them")


def _buttons_at_odds(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, asked in _asked(sources, parts):
        titles = [button.title for button in asked.buttons]
        answers = [button.answer for button in asked.buttons]
        for index in range(len(titles)):
            if titles[index] in titles[:index] or answers[index] in answers[:index]:
                what = f"another button has the title {titles[index]} or the answer {answers[index]}; make each differ"
                yield sources[FILE].problem((*path, "buttons", index), what)


def _replies_at_odds(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, asked in _asked(sources, parts):
        taken = {button.title.casefold(): button.answer for button in asked.buttons}
        for answer, replies in asked.typed.items():
            for reply in replies:
                if taken.setdefault(reply.casefold(), answer) != answer:
                    what = f'"{reply}" means {taken[reply.casefold()]} already; one meaning for each reply'
                    yield sources[FILE].problem((*path, "typed", answer), what)


def _volunteered_elsewhere(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, question in _questions(sources, parts):
        known = {question.id, *(one.id for one in question.follow_ups)}
        for value, answers in question.volunteered.items():
            for id in sorted(set(answers) - known):
                what = f"answers {id}, which is not part of this question; known: {', '.join(sorted(known))}"
                yield sources[FILE].problem((*path, "volunteered", value), what)


def _missing_buttons(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, asked in _asked(sources, parts):
        answers = {button.answer for button in asked.buttons}
        wanted = {"refused"} if isinstance(asked, Question) and asked.kind == "age" else {"yes", "no", "unsure"}
        for answer in sorted(wanted - answers):
            yield sources[FILE].problem((*path, "buttons"), f"no button gives the answer {answer}; add one")


def _unreached_follow_ups(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, question in _questions(sources, parts):
        taken: set[str] = set()
        for index, follow_up in enumerate(question.follow_ups):
            where = (*path, "follow_ups", index, "when")
            if not set(follow_up.when) - taken:
                yield sources[FILE].problem(
                    where, "is never reached: an earlier follow-up takes these answers; merge them"
                )
            if "no" in follow_up.when:
                yield sources[FILE].problem(where, "a clear no needs no follow-up; remove no from the list")
            if {"unsure", "refused"} & set(follow_up.when):
                yield sources[FILE].problem(where, "goes to a clinician as it is: ask after yes, past or partial only")
            taken |= set(follow_up.when)


def _rules_at_odds(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, question in _questions(sources, parts):
        for index, follow_up in enumerate(question.follow_ups):
            where = (*path, "follow_ups", index, "becomes")
            for what in _odds(follow_up):
                yield sources[FILE].problem(where, what)


def _odds(follow_up: FollowUp) -> Iterator[str]:
    becomes = follow_up.becomes
    for answer in ("yes", "no"):
        if answer not in becomes:
            yield f'does not say what "{answer}" means for the criterion; add it'
    for answer in sorted(set(becomes) - {"yes", "no"}):
        yield f"{answer} always stays {answer} and goes to a clinician; remove it"
    if "yes" in follow_up.when and "yes" not in becomes.values():
        yield 'contradicts the rules: after a clear "yes" no answer makes the criterion "yes", so it is never met'
    if "yes" in follow_up.when and "no" in becomes.values():
        yield 'contradicts the rules: a clear "yes" turns into a "no"; use past or partial, so that a clinician decides'


SCREENING_CHECKS: dict[Callable[..., Iterator[Problem]], tuple[str, ...]] = {
    check: (FILE,)
    for check in (
        _missing_criteria,
        _criteria_settled_twice,
        _duplicate_ids,
        _under_18_by_age,
        _buttons_at_odds,
        _replies_at_odds,
        _volunteered_elsewhere,
        _missing_buttons,
        _unreached_follow_ups,
        _rules_at_odds,
    )
}
