"""What no single file can see: references between files, contradictions, placeholders, reading ease.

Each check is a generator of problems; it runs when the files it needs could be read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from statistics import median
from typing import Any

from bot.clinic.content.checks_rules import RULE_CHECKS
from bot.clinic.content.checks_screening import SCREENING_CHECKS
from bot.clinic.content.placeholders import NAME, NAMES, placeholders
from bot.clinic.content.problems import Problem
from bot.clinic.content.readability import grade
from bot.clinic.content.reading import Source

MAX_GRADE = 8.0
MEDIAN_GRADE = 6.0

LISTS = {"answers.yml": "answers", "warning_signs.yml": "signs", "facts.yml": "sections", "clinic.yml": "treatments"}
REVIEWED = {"answers.yml": "answers", "screening.yml": "questions", "warning_signs.yml": "signs"}
EXTRA_PLACEHOLDERS: dict[
    tuple[Any, ...], set[str]
] = {  # of screening.yml: what a text may say besides the clinic's placeholders
    ("outcomes", "not_suitable", "text"): {"reasons"},
    ("outcomes", "not_suitable", "other"): {"reasons", "person"},
    ("outcomes", "clinician_review", "text"): {"open", "reasons"},
    ("outcomes", "clinician_review", "other"): {"open", "reasons", "person"},
    ("phrases", "intro"): {"count"},
    ("phrases", "intro_other"): {"count", "person"},
    ("phrases", "about_self"): {"person"},
    ("phrases", "offer"): {"help", "question"},
    ("phrases", "visit"): {"reference"},
    ("somebody_else", "your"): {"word"},
    ("buttons", "visit_for"): {"person"},
}
NEEDED_PLACEHOLDERS: dict[tuple[Any, ...], str] = {  # and what it has to say
    ("outcomes", "not_suitable", "text"): "reasons",
    ("outcomes", "not_suitable", "other"): "reasons",
    ("outcomes", "clinician_review", "text"): "open",
    ("outcomes", "clinician_review", "other"): "open",
    ("phrases", "offer"): "help",
    ("somebody_else", "your"): "word",
}

DEEPEST = 10  # keys; a YAML anchor may make a file contain itself

Sources = Mapping[str, Source]
Parts = Mapping[str, Any]
KeyPath = tuple[Any, ...]
Check = Callable[..., Iterator[Problem]]


def check_parts(sources: Sources, parts: Parts, today: date | None = None) -> list[Problem]:
    """All problems between the files; `today` also asks for overdue reviews, which are warnings."""
    needs: dict[Check, tuple[str, ...]] = {
        _duplicate_ids: (),
        _unknown_facts: (),
        _uncited_facts: ("facts.yml",),
        _unknown_steps: (),
        _unknown_criteria: ("answers.yml",),
        _two_answers_to_one_question: ("answers.yml",),
        _never_given: ("answers.yml",),
        _topics_without_name: ("answers.yml",),
        _unbookable_steps: ("next_steps.yml", "clinic.yml"),
        _unknown_placeholders: (),
        _missing_placeholders: ("screening.yml",),
        _clinic_phrases: ("clinic.yml",),
        **SCREENING_CHECKS,
        **RULE_CHECKS,
    }
    problems = [
        problem
        for check, files in needs.items()
        if all(file in parts for file in files)
        for problem in check(sources, parts)
    ]
    return problems + (list(_overdue_reviews(sources, parts, today)) if today else [])


def check_readability(sources: Sources, parts: Parts) -> list[Problem]:
    """Answers above grade 8, and a median above grade 6."""
    answers, terms = parts.get("answers.yml"), parts.get("terms.yml")
    if answers is None or terms is None or not answers.answers:
        return []
    grades = {answer.id: grade(answer.text, terms.terms) for answer in answers.answers}
    source = sources["answers.yml"]
    problems = [
        source.problem(
            _at(source, "answers", id, "text"),
            f"reads at US grade {value:.1f}; at most {MAX_GRADE:g}, use shorter words",
        )
        for id, value in grades.items()
        if value > MAX_GRADE
    ]
    middle = median(grades.values())
    if middle > MEDIAN_GRADE:
        what = f"read at US grade {middle:.1f} at the median; at most {MEDIAN_GRADE:g}, use shorter sentences"
        problems.append(source.problem(("answers",), what))
    return problems


def _at(source: Source, collection: str, id: str, *rest: Any) -> KeyPath:
    """Key path of the item with an id in a list of a file."""
    items = source.data[collection]
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    return (collection, ids.index(id), *rest)


# References are looked up in the files as written: an entry that is wrong in itself is still there to be referred to.


def _list(sources: Sources, file: str, key: str) -> list[dict[str, Any]]:
    items = sources[file].data.get(key) if file in sources else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _keys(sources: Sources, file: str, key: str) -> set[str]:
    items = sources[file].data.get(key) if file in sources else None
    return _names(items)


def _names(value: Any) -> set[str]:
    return {name for name in value if isinstance(name, str)} if isinstance(value, (list, dict)) else set()


def _duplicate_ids(sources: Sources, parts: Parts) -> Iterator[Problem]:
    for file, key in LISTS.items():
        items = sources[file].data.get(key) if file in sources else None
        seen: set[str] = set()
        for index, item in enumerate(items if isinstance(items, list) else []):
            id = item.get("id") if isinstance(item, dict) else None
            if isinstance(id, str) and id in seen:
                yield sources[file].problem((key, index), f"the id {id} is used twice; give each its own")
            seen.add(str(id))
    sections = parts["facts.yml"].sections if "facts.yml" in parts else ()
    facts = [fact for section in sections for fact in section.facts]
    for fact in sorted({fact for fact in facts if facts.count(fact) > 1}):
        what = f"{fact} stands in two sections; give each fact its own id"
        yield sources["facts.yml"].problem(("sections",), what)


def _unknown_facts(sources: Sources, parts: Parts) -> Iterator[Problem]:
    known = {fact for section in _list(sources, "facts.yml", "sections") for fact in _names(section.get("facts"))}
    for source, path, fact in _citations(sources, parts) if known else ():
        if fact not in known:
            yield source.problem(
                path, f"there is no fact {fact} in facts.yml; cite one of {min(known)} to {max(known)}"
            )


def _citations(sources: Sources, parts: Parts) -> Iterator[tuple[Source, KeyPath, str]]:
    if "answers.yml" in parts:
        for answer in parts["answers.yml"].answers:
            for fact in answer.facts:
                source = sources["answers.yml"]
                yield source, _at(source, "answers", answer.id, "facts"), fact
    if "screening.yml" in parts:
        for question in parts["screening.yml"].questions:
            source = sources["screening.yml"]
            yield source, _at(source, "questions", question.id, "fact"), question.fact
    if "warning_signs.yml" in parts:
        for sign in parts["warning_signs.yml"].signs:
            source = sources["warning_signs.yml"]
            yield from ((source, _at(source, "signs", sign.id, "facts"), fact) for fact in sign.facts)
    if "clinic.yml" in parts:
        source = sources["clinic.yml"]
        for one in parts["clinic.yml"].treatments:
            if one.series is not None:
                yield source, _at(source, "treatments", one.id, "series"), one.series.fact


def _uncited_facts(sources: Sources, parts: Parts) -> Iterator[Problem]:
    cited = {fact for answer in _list(sources, "answers.yml", "answers") for fact in _names(answer.get("facts"))}
    for section_index, section in enumerate(parts["facts.yml"].sections):
        for fact in section.facts:
            if cited and fact not in cited:
                path = ("sections", section_index, "facts", fact)
                yield sources["facts.yml"].problem(path, "no answer cites this fact; add an answer or cite it in one")


def _unknown_steps(sources: Sources, parts: Parts) -> Iterator[Problem]:
    known = _keys(sources, "next_steps.yml", "steps")
    for source, path, step in _offers(sources, parts) if known else ():
        if step not in known:
            yield source.problem(
                path, f"there is no next step {step} in next_steps.yml; known: {', '.join(sorted(known))}"
            )


def _offers(sources: Sources, parts: Parts) -> Iterator[tuple[Source, KeyPath, str]]:
    if "answers.yml" in parts:
        for answer in parts["answers.yml"].answers:
            for step in answer.next:
                source = sources["answers.yml"]
                yield source, _at(source, "answers", answer.id, "next"), step
    if "screening.yml" in parts:
        for name, outcome in parts["screening.yml"].outcomes:
            for step in outcome.next:
                yield sources["screening.yml"], ("outcomes", name, "next"), step


def _unknown_criteria(sources: Sources, parts: Parts) -> Iterator[Problem]:
    known = [question.get("criterion") for question in _list(sources, "screening.yml", "questions")]
    source = sources["answers.yml"]
    for answer in parts["answers.yml"].answers:
        if known and answer.criterion is not None and answer.criterion not in known:
            what = f"there is no criterion {answer.criterion} in screening.yml; known: {', '.join(map(str, known))}"
            yield source.problem(_at(source, "answers", answer.id, "criterion"), what)


def _two_answers_to_one_question(sources: Sources, parts: Parts) -> Iterator[Problem]:
    first: dict[tuple[str | None, ...], str] = {}
    source = sources["answers.yml"]
    for answer in parts["answers.yml"].answers:
        other = first.setdefault(answer.key, answer.id)
        if other != answer.id:
            about = " ".join(part for part in answer.key if part)
            what = f"answers the same as {other} ({about}); keep one, or give it a treatment or concern"
            yield source.problem(_at(source, "answers", answer.id), what)


def _never_given(sources: Sources, parts: Parts) -> Iterator[Problem]:
    source = sources["answers.yml"]
    for answer in parts["answers.yml"].answers:
        if answer.treatment in answer.not_for:
            what = f"is never given: it is about {answer.treatment} and not for it; remove one of the two"
            yield source.problem(_at(source, "answers", answer.id, "not_for"), what)


def _topics_without_name(sources: Sources, parts: Parts) -> Iterator[Problem]:
    topics = _keys(sources, "next_steps.yml", "topics")
    asked = {answer.topic for answer in parts["answers.yml"].answers}
    for topic in sorted(asked - topics) if topics else ():
        what = "is missing; give the topic a short name for its button"
        yield sources["next_steps.yml"].problem(("topics", topic), what)


def _unbookable_steps(sources: Sources, parts: Parts) -> Iterator[Problem]:
    bookable = {treatment.id for treatment in parts["clinic.yml"].treatments}
    for id, step in parts["next_steps.yml"].steps.items():
        intent, brace, rest = step.payload.partition("{")
        treatment = json.loads(brace + rest or "{}").get("treatment")
        if intent == "/book_appointment" and treatment and treatment not in bookable:
            what = f"books {treatment}, which clinic.yml does not offer; remove the step or add the treatment"
            yield sources["next_steps.yml"].problem(("steps", id, "payload"), what)


def _unknown_placeholders(sources: Sources, parts: Parts) -> Iterator[Problem]:
    clinic = set(placeholders(parts["clinic.yml"])) if "clinic.yml" in parts else NAMES
    for file in ("answers.yml", "screening.yml", "warning_signs.yml"):
        extra: Mapping[KeyPath, set[str]] = EXTRA_PLACEHOLDERS if file == "screening.yml" else {}
        for path, text in _texts(sources[file].data) if file in sources else ():
            spoken_of = {"person"} if file == "screening.yml" and path[-1] == "other" else set()
            known = clinic | extra.get(path, set()) | spoken_of
            for name in sorted(set(NAME.findall(text)) - known):
                what = f"unknown placeholder {{{name}}}; known: {', '.join(sorted(known))}"
                yield sources[file].problem(path, what)


def _missing_placeholders(sources: Sources, parts: Parts) -> Iterator[Problem]:
    texts = dict(_texts(sources["screening.yml"].data))
    for path, name in NEEDED_PLACEHOLDERS.items():
        if name not in NAME.findall(texts.get(path, "")):
            yield sources["screening.yml"].problem(path, f"does not say {{{name}}}; put it where that belongs")


def _clinic_phrases(sources: Sources, parts: Parts) -> Iterator[Problem]:
    wanted = {
        "days_range": {"first", "last"},
        "open": {"days", "opens", "closes"},
        "pause": {"open", "start", "end"},
        "closed": {"days"},
        "price": {"title", "amount", "currency"},
    }
    for key, names in wanted.items():
        phrase = getattr(parts["clinic.yml"].phrases, key)
        if phrase and set(NAME.findall(phrase)) != names:
            expected = ", ".join(f"{{{name}}}" for name in sorted(names))
            yield sources["clinic.yml"].problem(("phrases", key), f"must use exactly these placeholders: {expected}")


def _texts(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(data, str):
        yield path, data
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs if len(path) < DEEPEST else ():
        yield from _texts(value, (*path, key))


def _overdue_reviews(sources: Sources, parts: Parts, today: date) -> Iterator[Problem]:
    for file, key in REVIEWED.items():
        source = sources.get(file)
        for one in getattr(parts[file], key) if source and file in parts else ():
            if one.review_by < today:
                what = f"its review was due on {one.review_by}; let the clinician read it again and set a new date"
                yield source.problem(_at(source, key, one.id, "review_by"), what, "warning")
