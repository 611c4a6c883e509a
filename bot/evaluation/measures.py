"""The figures: pure functions from parses to numbers, each with the errors behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.clinic.desk import learned
from bot.clinic.understanding import Question
from bot.nlu.context import resolve_in_context, treatment_of
from bot.nlu.fact_model import FACTS

Parse = Callable[[str], Mapping[str, Any]]
OUT = "out_of_scope"
TAUGHT = "taught_answers"
BINS = 10


@dataclass
class Slice:
    """One slice's figures, a table of rows, and its errors as (text, expected, got, confidence)."""

    figures: dict[str, float]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    errors: list[tuple[str, str, str, float]] = field(default_factory=list)


def intents(parse: Parse, messages: Mapping[str, Sequence[str]]) -> tuple[Slice, list[tuple[str, str, float]]]:
    """Accuracy and F1 by intent; also (expected, got, confidence) of each message, for confusions and reliability."""
    seen, errors = [], []
    for expected, texts in messages.items():
        for text in texts:
            got = parse(text)["intent"]
            seen.append((expected, str(got["name"]), float(got["confidence"])))
            if got["name"] != expected:
                errors.append((text, expected, str(got["name"]), float(got["confidence"])))
    scores = f1(seen)
    asked = [score for name, score in scores.items() if name.startswith("ask_") and name in messages]
    figures = {
        "intents_accuracy": _share(a == b for a, b, _ in seen),
        "intents_lowest_ask_f1": min(asked, default=0.0),
        "in_scope_refused": _share(b == OUT for a, b, _ in seen if a != OUT),
    }
    rows = [(name, f"{scores[name]:.3f}") for name in sorted(scores, key=scores.__getitem__) if name in messages]
    return Slice(figures, rows, sorted(errors, key=lambda error: -error[3])), seen


def f1(seen: Sequence[tuple[str, str, float]]) -> dict[str, float]:
    """F1 by intent over (expected, got, …)."""
    right = Counter(a for a, b, _ in seen if a == b)
    both = Counter(a for a, _, _ in seen) + Counter(b for _, b, _ in seen)
    return {name: 2 * right[name] / total for name, total in both.items()}


def reliability(seen: Sequence[tuple[str, str, float]]) -> Slice:
    """Confidence against accuracy in ten groups of equal size, from the least to the most confident.

    The calibration error is the mean distance of the two. Groups of equal width would hold ten messages or fewer where
    confidence is middling, and their error moved by a half when the temperature was turned by a twentieth
    (docs/understanding.md). The Brier score is the mean square of confidence less right (1) or wrong (0).
    """
    told = sorted(((c, a == b) for a, b, c in seen), key=lambda one: one[0])
    groups = [told[len(told) * i // BINS : len(told) * (i + 1) // BINS] for i in range(BINS)]
    rows, error = [], 0.0
    for group in filter(None, groups):
        confidence, accuracy = sum(c for c, _ in group) / len(group), _share(right for _, right in group)
        error += len(group) / len(told) * abs(confidence - accuracy)
        rows.append((f"{group[0][0]:.2f}–{group[-1][0]:.2f}", str(len(group)), f"{confidence:.2f}", f"{accuracy:.2f}"))
    brier = sum((c - right) ** 2 for c, right in told) / max(len(told), 1)
    return Slice({"calibration_error": error, "brier_score": brier}, rows)


def danger(parse: Parse, cases: Sequence[Mapping[str, Any]], near: Sequence[Mapping[str, Any]]) -> Slice:
    """Signs caught at their level or above, signs named rightly, and alarms where there is no danger."""
    caught: Counter[str] = Counter()
    named, errors = 0, []
    for case in cases:
        alarm = parse(case["text"]).get("danger")
        if alarm and (alarm["level"] == case["level"] or alarm["level"] == "emergency"):
            caught[case["sign"]] += 1
            named += alarm["sign"] == case["sign"]
        else:
            errors.append((case["text"], case["sign"], str(alarm and alarm["sign"]), 1.0))
    false = [(case["text"], case["why"], parse(case["text"]).get("danger")) for case in near]
    errors += [(text, f"no danger: {why}", str(alarm["sign"]), 1.0) for text, why, alarm in false if alarm]
    total = Counter(case["sign"] for case in cases)
    figures = {
        "danger_caught": sum(caught.values()) / len(cases),
        "danger_sign_named": named / len(cases),
        "near_miss_alarms": _share(bool(alarm) for _, _, alarm in false),
    }
    return Slice(figures, [(sign, f"{caught[sign]}/{count}") for sign, count in total.items()], errors)


def out_of_scope(parse: Parse, messages: Mapping[str, Sequence[str]]) -> Slice:
    """Share refused, by kind."""
    rows, errors, refused, total = [], [], 0, 0
    for kind, texts in messages.items():
        got = [(text, parse(text)["intent"]) for text in texts]
        wrong = [(text, OUT, str(i["name"]), float(i["confidence"])) for text, i in got if i["name"] != OUT]
        errors += wrong
        refused, total = refused + len(texts) - len(wrong), total + len(texts)
        rows.append((kind, f"{len(texts) - len(wrong)}/{len(texts)}"))
    return Slice({"out_of_scope_refused": refused / total}, rows, errors)


def two_questions(parse: Parse, cases: Sequence[Mapping[str, Any]]) -> Slice:
    """Share of messages of which both questions are found, in order, each meant after the one before it."""
    errors = []
    for case in cases:
        got = [question["intent"] for question in resolve_in_context(parse(case["text"]), None)["questions"]]
        if got != case["intents"]:
            errors.append((case["text"], " + ".join(case["intents"]), " + ".join(got), 1.0))
    return Slice({"two_questions": 1 - len(errors) / len(cases)}, [], errors)


def entities(parse: Parse, cases: Sequence[Mapping[str, Any]]) -> Slice:
    """Micro-averaged F1 of (entity, value): a wrong value counts as one missed and one invented."""
    right: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    errors = []
    for case in cases:
        want, got = _expected(case), _found(parse(case["text"])["entities"])
        for counter, values in ((right, got & want), (extra, got - want), (missed, want - got)):
            counter.update(name for name, _ in values)
        if got != want:
            errors.append((case["text"], str(sorted(want - got)), str(sorted(got - want)), 1.0))
    rows = [(name, f"{_f1(right[name], extra[name], missed[name]):.3f}") for name in sorted(right | extra | missed)]
    total = _f1(sum(right.values()), sum(extra.values()), sum(missed.values()))
    return Slice({"entities_f1": total}, rows, errors)


def context(parse: Parse, cases: Sequence[Mapping[str, Any]]) -> Slice:
    """Share of second messages understood after the first, topic and treatment."""
    errors = []
    for case in cases:
        first = parse(case["first"])
        meant = resolve_in_context(parse(case["then"]), first["intent"]["name"], treatment_of(first))
        got = (meant["intent"]["name"], treatment_of(meant) if "treatment" in case else None)
        if got != (case["topic"], case.get("treatment")):
            errors.append((f"{case['first']} … {case['then']}", case["topic"], str(got), 1.0))
    return Slice({"context": 1 - len(errors) / len(cases)}, [], errors)


def taught(parse: Parse, cases: Sequence[Mapping[str, Any]], has_answer: Callable[[Question], bool]) -> Slice:
    """Share of the desk's regression cases ({question, answer: "learned:<id>", title}) that get their answer."""
    errors = []
    for case in cases:
        found = parse(case["question"])
        got = learned.given(found, has_answer)
        if f"learned:{got}" != case["answer"]:
            other = f"learned:{got}" if got else str((found.get("intent") or {}).get("name"))
            score = float((found.get("learned") or {}).get("score") or 0.0)
            errors.append((case["question"], str(case["title"]), other, score))
    return Slice({TAUGHT: 1 - len(errors) / len(cases)}, [], errors)


def _expected(case: Mapping[str, Any]) -> set[tuple[str, str]]:
    lists = {(name, value) for name in ("treatment", "concern") for value in case.get(name) or []}
    age = {("age", str(case["age"]))} if case.get("age") is not None else set()
    return lists | age | set((case.get("facts") or {}).items())


def _found(found: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    names = ("treatment", "concern", "age", *FACTS)
    return {(entity["entity"], str(entity["value"])) for entity in found if entity["entity"] in names}


def _f1(right: int, extra: int, missed: int) -> float:
    return 2 * right / (2 * right + extra + missed) if right + extra + missed else 1.0


def _share(values: Any) -> float:
    values = list(values)
    return sum(map(bool, values)) / len(values) if values else 0.0
