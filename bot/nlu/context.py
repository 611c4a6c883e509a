"""What a short message means after what was asked before: "and for hair?", "how long do they last?", "is that normal?".

A pure function over parses: the dialogue calls it with its slots, the pipeline knows no conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bot.nlu.intent_model import OUT
from bot.nlu.patterns import Line, compile_patterns
from bot.nlu.understanding import Understanding, load_understanding
from bot.nlu.vocabulary import Vocabulary

SHORT = 9  # words; a longer message speaks for itself
PLAIN = 0.95  # confidence above which a message of more than FEW words keeps its own intent
FEW = 5
UNSURE, POSSIBLE = 0.8, 0.1  # below the one a message's own intent gives way to the topic before, if that has the other
KEPT = frozenset(
    "report_emergency report_urgent talk_to_human delete_my_data stop restart cancel_booking change_booking "
    "greet goodbye thank complain refuse bot_challenge help".split()
)
SAME = "same"
TREATMENT_OF = {"hair_loss": "hair", "dandruff": "hair"}  # a concern that only one treatment is for


def resolve_in_context(
    parse: Mapping[str, Any], previous_topic: str | None, previous_treatment: str | None = None
) -> dict[str, Any]:
    """The parse as it is meant after `previous_topic` (an `ask_…` intent) about `previous_treatment`.

    A changed intent has confidence 1.0 and the key `in_context`; a treatment that is carried on has `inherited`.
    Messages that stand alone or name a danger come back with the treatment carried on at most. Of several questions in
    one message each is meant after the one before it.
    """
    if len(parse.get("questions") or []) > 1:
        return _with_treatment(_several(parse, previous_topic), previous_treatment if previous_topic else None)
    resolved = dict(parse)
    intent = _meant(parse, previous_topic) if previous_topic else None
    if intent:
        resolved["intent"] = {"name": intent, "confidence": 1.0, "in_context": True}
        resolved["questions"] = [
            {"text": parse["text"], "intent": intent, "confidence": 1.0, "entities": list(parse.get("entities") or [])}
        ]
    return _with_treatment(resolved, previous_treatment) if previous_topic else resolved


def _several(parse: Mapping[str, Any], previous: str | None) -> dict[str, Any]:
    """The parse with its questions as they are meant; where all come to one, that is the intent."""
    kept = _in_turn(parse, previous)
    resolved = {**parse, "questions": kept}
    if len(kept) == 1 and not parse.get("danger"):
        resolved["intent"] = {"name": kept[0]["intent"], "confidence": kept[0]["confidence"]}
    return resolved


def _in_turn(parse: Mapping[str, Any], previous: str | None) -> list[dict[str, Any]]:
    """The questions of one message, each meant after the one before it, the first after the topic before: "what are
    the side effects and how long do they last" asks how long those last.
    """
    kept: list[dict[str, Any]] = []
    for question in parse["questions"]:
        before = kept[-1]["intent"] if kept else previous
        one = {"intent": {"name": question["intent"], "confidence": question["confidence"]}, "questions": []}
        intent = _meant({**question, **one}, before) if before and question["confidence"] < PLAIN else None
        meant = {**question, "intent": intent, "confidence": 1.0} if intent else question
        if all(meant["intent"] != other["intent"] for other in kept):
            kept.append(meant)
    return kept


def treatment_of(parse: Mapping[str, Any]) -> str | None:
    """The treatment a message names, or the only one that its concern is treated with."""
    entities = {entity["entity"]: entity["value"] for entity in reversed(parse.get("entities") or [])}
    return entities.get("treatment") or TREATMENT_OF.get(entities.get("concern", ""))


def _meant(parse: Mapping[str, Any], previous: str) -> str | None:
    """The intent the context gives the message, or None where it keeps its own."""
    intent = parse.get("intent") or {}
    text = parse.get("text") or ""
    if (
        parse.get("danger")
        or text.startswith("/")
        or intent.get("name") in KEPT
        or len(parse.get("questions") or []) > 1
    ):
        return None
    shared = load_understanding()
    reading = shared.read(text)
    words = [word for word in reading.words if word[0].isalnum()]
    if not words or len(words) > SHORT:
        return None
    rules = _rules(shared)
    if rules.repeats_topic(words, parse):
        return previous
    if len(words) > FEW and (intent.get("confidence") or 0.0) >= PLAIN:
        return None
    return rules.follow_up(Line(reading.doc), previous) or _still(parse, previous, len(words))


def _still(parse: Mapping[str, Any], previous: str, words: int) -> str | None:
    """ "and the address?": a few words that alone are too little, and may be about what was just asked."""
    own = parse.get("intent") or {}
    inside = [one for one in parse.get("intent_ranking") or [] if one["name"] != OUT]
    chance = next((one["confidence"] for one in inside if one["name"] == previous), 0.0)
    if own.get("name") == OUT:
        return previous if words <= FEW and inside and inside[0]["name"] == previous else None
    return previous if (own.get("confidence") or 0.0) < UNSURE and chance >= POSSIBLE else None


def _with_treatment(parse: dict[str, Any], treatment: str | None) -> dict[str, Any]:
    topic = (parse.get("intent") or {}).get("name") or ""
    if not treatment or not topic.startswith("ask_") or treatment_of(parse):
        return parse
    carried = {"entity": "treatment", "value": treatment, "start": 0, "end": 0, "about": "self", "inherited": True}
    parse["entities"] = [*(parse.get("entities") or []), carried]
    parse["questions"] = [{**q, "entities": [*q["entities"], carried]} for q in parse.get("questions") or []]
    return parse


class _Rules:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._follow_ups = [
            (compile_patterns(rule.says), frozenset(rule.after), rule.means) for rule in vocabulary.follow_ups
        ]
        self._repeats = [phrase.split() for phrase in vocabulary.repeats]
        self._nothing = frozenset(vocabulary.adds_nothing)

    def repeats_topic(self, words: list[str], parse: Mapping[str, Any]) -> bool:
        """Whether the message only names another treatment or concern, or opens with "what about" and says little."""
        named = [e for e in parse.get("entities") or [] if e["entity"] in ("treatment", "concern", "criterion")]
        inside = " ".join(str(parse["text"])[e.get("start", 0) : e.get("end", 0)].lower() for e in named).split()
        left = [word for word in words if word not in self._nothing and word not in inside]
        if named and not left:
            return True
        opens = any(words[: len(phrase)] == phrase for phrase in self._repeats)
        name = parse["intent"]["name"]  # "what about nursing?" is no "why do you ask?"
        plain = (parse["intent"].get("confidence") or 0.0) >= PLAIN and name.startswith("ask_") and name != "ask_why"
        number = bool(left) and all(word.isdecimal() for word in left)  # "and 10?"
        return opens and (number or not plain) and (len(left) <= 1 or (bool(named) and len(left) <= 2))

    def follow_up(self, line: Line, previous: str) -> str | None:
        for pattern, after, means in self._follow_ups:
            if (not after or previous in after) and line.spans(pattern):
                return previous if means == SAME else means
        return None


@lru_cache(maxsize=4)
def _rules(shared: Understanding) -> _Rules:
    return _Rules(shared.vocabulary)
