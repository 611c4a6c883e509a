"""Checks of screening.yml that its schema cannot make: criteria left out, follow-ups nobody reaches, rules at odds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.clinic.content.model_screening import Asked, FollowUp, Question
from bot.clinic.content.problems import Problem
from bot.clinic.content.reading import Source
from bot.clinic.content.screening_parts import CRITERIA, FILE, each_asked, each_question


def _missing_criteria(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    raw = sources[FILE].data["questions"]
    written = {str(item.get("criterion")) for item in raw if isinstance(item, dict)}
    for criterion in CRITERIA:
        if criterion not in written:
            yield sources[FILE].problem(("questions",), f"no question settles the criterion {criterion}; add one")


def _criteria_settled_twice(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, question in each_question(sources, parts):
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
    for path, question in each_question(sources, parts):
        if (question.kind == "age") != (question.criterion == "under_18"):
            what = f"{question.kind} does not fit {question.criterion}; kind age and criterion under_18 go together"
            yield sources[FILE].problem((*path, "kind"), what)
        if question.kind == "age" and question.follow_ups:
            yield sources[FILE].problem((*path, "follow_ups"), "an age has no follow-ups; remove them")


def _buttons_at_odds(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, asked in each_asked(sources, parts):
        titles = [button.title for button in asked.buttons]
        answers = [button.answer for button in asked.buttons]
        for index in range(len(titles)):
            if titles[index] in titles[:index] or answers[index] in answers[:index]:
                what = f"another button has the title {titles[index]} or the answer {answers[index]}; make each differ"
                yield sources[FILE].problem((*path, "buttons", index), what)


def _replies_at_odds(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, asked in each_asked(sources, parts):
        taken = {button.title.casefold(): button.answer for button in asked.buttons}
        for answer, replies in asked.typed.items():
            for reply in replies:
                if taken.setdefault(reply.casefold(), answer) != answer:
                    what = f'"{reply}" means {taken[reply.casefold()]} already; one meaning for each reply'
                    yield sources[FILE].problem((*path, "typed", answer), what)


def _volunteered_elsewhere(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, question in each_question(sources, parts):
        known = {question.id, *(one.id for one in question.follow_ups)}
        for value, answers in question.volunteered.items():
            for id in sorted(set(answers) - known):
                what = f"answers {id}, which is not part of this question; known: {', '.join(sorted(known))}"
                yield sources[FILE].problem((*path, "volunteered", value), what)


def _answerable(asked: Asked) -> set[str]:
    """The answers that a question can get: by its buttons, by short replies, or as what is understood of any words."""
    ways = {*(button.answer for button in asked.buttons), *asked.typed, "yes", "no", "unsure", "refused"}
    if isinstance(asked, Question):
        ways |= set(asked.volunteered) | ({"past"} if asked.criterion in CRITERIA else set())
    return ways


def _missing_buttons(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, asked in each_asked(sources, parts):
        answers = {button.answer for button in asked.buttons}
        wanted = {"yes", "no", "unsure"} if asked.kind == "yes_no" else {"refused"}
        for answer in sorted(wanted - answers):
            yield sources[FILE].problem((*path, "buttons"), f"no button gives the answer {answer}; add one")


def _unreached_follow_ups(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, question in each_question(sources, parts):
        before: dict[str, Asked] = {question.id: question}
        taken: dict[str, set[str]] = {}
        for index, one in enumerate(question.follow_ups):
            after = one.after or question.id
            for key, what in _unreached(one, before.get(after), taken.setdefault(after, set())):
                yield sources[FILE].problem((*path, "follow_ups", index, key), what)
            taken[after] |= set(one.when)
            before[one.id] = one


def _unreached(one: FollowUp, asked: Asked | None, taken: set[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the answers a follow-up comes after; `taken` are those that lead to an earlier one."""
    if asked is None:
        yield "after", f"is never reached: {one.after} is no earlier question of this criterion; name one"
        return
    if not set(one.when) - taken:
        yield "when", "is never reached: an earlier follow-up takes these answers; merge them"
    for answer in sorted(set(one.when) - _answerable(asked)):
        yield "when", f"is never reached by {answer}: no button or reply of {asked.id} gives it; add one or remove it"
    if isinstance(asked, FollowUp) and asked.kind == "words":
        yield "when", f"is never reached: {asked.id} is answered in words, not by yes or no"
    if "no" in one.when and isinstance(asked, Question):
        yield "when", "a clear no needs no follow-up; remove no from the list"
    if {"unsure", "refused"} & set(one.when):
        yield "when", "goes to a clinician as it is: ask after yes, past or partial only"


def _rules_at_odds(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    for path, question in each_question(sources, parts):
        if question.criterion in CRITERIA and question.on_yes != "not_suitable":
            what = "contradicts the leaflet, which says that the treatment is not for these people; remove on_yes"
            yield sources[FILE].problem((*path, "on_yes"), what)
        for index, follow_up in enumerate(question.follow_ups):
            where = (*path, "follow_ups", index, "becomes")
            for what in _odds(follow_up, question):
                yield sources[FILE].problem(where, what)


def _odds(follow_up: FollowUp, question: Question) -> Iterator[str]:
    becomes = follow_up.becomes
    if follow_up.kind == "words":
        if becomes:
            yield "an answer in words decides nothing; remove becomes, or ask with yes and no"
        return
    for answer in ("yes", "no"):
        if answer not in becomes:
            yield f'does not say what "{answer}" means for the criterion; add it'
    for answer in sorted(set(becomes) - {"yes", "no"}):
        yield f"{answer} always stays {answer} and goes to a clinician; remove it"
    if "yes" in follow_up.when and follow_up.after in (None, question.id) and "yes" not in becomes.values():
        yield 'contradicts the rules: after a clear "yes" no answer makes the criterion "yes", so it is never met'


def _until_age_without_age(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    knows_age = False
    for path, question in each_question(sources, parts):
        knows_age |= question.kind == "age"
        if question.until_age is not None and (question.kind == "age" or not knows_age):
            what = "the age is not known when this is asked; put the question for the age before it"
            yield sources[FILE].problem((*path, "until_age"), what)


def _words_for_nobody(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[Problem]:
    people = parts[FILE].somebody_else.named
    words = [(("men", "named", index), word) for index, word in enumerate(parts[FILE].men.named)]
    for number, alike in enumerate(parts[FILE].somebody_else.same):
        words += [(("somebody_else", "same", number, index), word) for index, word in enumerate(alike)]
    for path, word in words:
        if word not in people:
            what = f"nobody is called {word}; add it to somebody_else: named, or remove it here"
            yield sources[FILE].problem(path, what)


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
        _until_age_without_age,
        _words_for_nobody,
    )
}
