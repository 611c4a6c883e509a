"""Two readers of one message: what the rules read, and what the network has heard (fact_model.py), as one account.

The rules stand, unless the network is all but sure of something else; what the rules have no words for, it adds. Safety
decides the bars: a plain yes is never turned into a no, and a no needs most before it is believed and least before it
is doubted, since a screening question that counts as answered is not asked. The bars were set on messages of writers
from whom the network had not learnt (docs/understanding.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.nlu.fact_model import AGES, FACTS, TOPICS, VALUES, Heard, Number
from bot.nlu.reader import Reading

NAME = "FactModel"
OF_FAMILY = "of_family"  # what the rules call a condition that they found to be a relative's
NOTHING = "nothing"  # what they call words that sound like a condition or a treatment and name none
# Probability from which a fact counts of which the rules read nothing.
HEARD = {"yes": 0.7, "past": 0.7, "unsure": 0.9, "no": 0.9}
SHORT, SHORT_HEARD = 6, 0.95  # words below which a message may be a name or an answer, and needs more; no age is added
CHANGED, DOUBTED = 0.95, 0.7  # from which another value counts than the rules read; than the no they read
UNSAID = 0.98  # from which the network's silence takes a read no away, or its no a read yes: the check then asks
NAMED = {"concern": 0.6, "treatment": 0.9}  # from which something counts as named, though no rule found it
NOT_NAMED = {"concern": 0.01, "treatment": 0.05}  # below which it does not count, though a rule found it
AGE_HEARD, AGE_CHANGED, NO_AGE = 0.8, 0.9, 0.99  # likewise for the age; the last: that no number is one
OLDEST = 110
HEARD_OF = frozenset((*FACTS, *NAMED, "heart", "age", "criterion", "none_of_these", OF_FAMILY))

_ADDRESS = re.compile(r"\S+@\S+|\b(?:https?:|www\.)\S+", re.IGNORECASE)  # its letters say nothing

Entity = dict[str, Any]


def join(reading: Reading, ruled: Sequence[Entity], heard: Heard, about: str, year: int) -> list[Entity]:
    """The entities of a message, in its order. `ruled`: those that the rules read; `about`: whom it is about."""
    first = {(one["entity"], one["value"]) if one["entity"] in NAMED else one["entity"]: one for one in reversed(ruled)}
    of_family = {one["value"] for one in ruled if one["entity"] == OF_FAMILY}
    of_anyone = {one["value"] for one in ruled if one["entity"] == "criterion"}
    taken = [(one["start"], one["end"]) for one in ruled if one["entity"] not in HEARD_OF]
    taken += [address.span() for address in _ADDRESS.finditer(reading.text)]
    least = SHORT_HEARD if len(reading.words) < SHORT else 0.0
    left_out: list[Entity] = []
    added: list[Entity] = []

    def settle(key: Any, name: str, value: Any, word: int) -> None:
        """Let `value` stand for what was read under `key`; None: nothing does."""
        before = first.get(key)
        if before is not None and before["value"] == value:
            return
        if before is not None:
            left_out.append(before)
        if value is not None:
            start, end = reading.place(reading.doc[word : word + 1])
            if before is None and any(first <= start < last for first, last in taken):
                return  # the words mean nothing, or what the clinic asks besides
            place = {"start": start, "end": end} if before is None else {k: before[k] for k in ("start", "end")}
            added.append({"entity": name, "value": value, **place, "about": about, "extractor": NAME})

    for name, likely, word in zip(FACTS, heard.facts, heard.places, strict=False):
        read = first[name]["value"] if name in first else ""
        value = _fact(read, likely, least)
        if read or (name not in of_anyone and (name not in of_family or value == "no")):
            settle(name, name, value or None, int(word))
    for topic, likely, word in zip(TOPICS, heard.topics, heard.places[len(FACTS) :], strict=True):
        kind, value = topic
        named = likely > NOT_NAMED[kind] if topic in first else likely >= NAMED[kind]
        settle(topic, kind, value if named else None, int(word))
    number = _number(heard.numbers)
    if "age" in first or not least:
        settle("age", "age", _age(first.get("age"), number, year), number.start if number else 0)
    kept = [one for one in ruled if one["entity"] not in (OF_FAMILY, NOTHING)]
    kept = [one for one in kept if not any(one is other for other in left_out)]
    return sorted([*kept, *added], key=lambda one: one["start"])


def _fact(read: str, likely: Any, least: float) -> str:
    """The value of a fact: what the rules `read` ("": nothing), how likely the network finds each of VALUES, and the
    `least` that counts beside HEARD."""
    best = int(likely.argmax()) if read else 1 + int(likely[1:].argmax())
    value, sure = VALUES[best], float(likely[best])
    if not read:
        return value if sure >= max(least, HEARD[value]) else ""
    against_yes = (read, value) == ("yes", "no")
    needed = UNSAID if value == "" or against_yes else DOUBTED if read == "no" else CHANGED
    if value == read or sure < needed or (value == "" and read != "no"):
        return read
    return "" if against_yes else value


def _number(numbers: Sequence[Number]) -> Number | None:
    """The number that is likeliest to be the age."""
    return min(numbers, key=lambda one: one.is_age[0], default=None)


def _age(read: Entity | None, number: Number | None, year: int) -> int | None:
    """The age: what the rules `read`, unless the likeliest number says otherwise."""
    known = read["value"] if read else None
    if number is None:
        return known
    kind = 1 + int(number.is_age[1:].argmax())
    age, sure = AGES[kind](number.value, year), float(number.is_age[kind])
    if known is not None and number.is_age[0] >= NO_AGE:
        return None
    is_age = age is not None and 0 < age <= OLDEST and sure >= (AGE_HEARD if known is None else AGE_CHANGED)
    return age if is_age else known
