"""Two readers of one message: what the rules read, and what the network has heard (fact_model.py), as one account.

The rules stand, unless the network is all but sure of something else; what the rules have no words for, it adds. Safety
decides the bars: a plain yes is never turned into a no, and a no needs most before it is believed and least before it
is doubted, since a screening question that counts as answered is not asked. The bars were set on messages of writers
from whom the network had not learnt (docs/understanding.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
KNOWN = frozenset((*FACTS, *NAMED, "heart", "age", "criterion", "none_of_these", OF_FAMILY))

_ADDRESS = re.compile(r"\S+@\S+|\b(?:https?:|www\.)\S+", re.IGNORECASE)  # its letters say nothing

Entity = dict[str, Any]
What = tuple[str, Any]  # an entity's name, and of a concern or treatment which


def join(reading: Reading, ruled: Sequence[Entity], heard: Heard, about: str, year: int) -> list[Entity]:
    """The entities of a message, in its order. `ruled`: those that the rules read; `about`: whom it is about."""
    read = {_what(one): one for one in reversed(ruled)}  # the first of each
    taken = [(one["start"], one["end"]) for one in ruled if one["entity"] not in KNOWN]
    taken += [address.span() for address in _ADDRESS.finditer(reading.text)]
    kept = [one for one in ruled if one["entity"] not in (OF_FAMILY, NOTHING)]
    added: list[Entity] = []
    for what, value, word in _settled(reading, ruled, read, heard, year):
        before = read.get(what)
        if value == (before["value"] if before else None):
            continue
        if before:
            start, end = before["start"], before["end"]
            kept = [one for one in kept if one is not before]
        else:
            start, end = reading.place(reading.doc[word : word + 1])
            if any(first <= start < last for first, last in taken):
                continue  # the word means nothing, or what the clinic asks besides
        if value is not None:
            place = {"start": start, "end": end}
            added.append({"entity": what[0], "value": value, **place, "about": about, "extractor": NAME})
    return sorted([*kept, *added], key=lambda one: one["start"])


def _what(entity: Entity) -> What:
    return (entity["entity"], entity["value"] if entity["entity"] in NAMED else None)


def _settled(
    reading: Reading, ruled: Sequence[Entity], read: Mapping[What, Entity], heard: Heard, year: int
) -> Iterator[tuple[What, Any, int]]:
    """Of what both know: the value that stands (None: it is not said), and the word that the network heard it in."""
    of_family = {one["value"] for one in ruled if one["entity"] == OF_FAMILY}
    of_anyone = {one["value"] for one in ruled if one["entity"] == "criterion"}
    is_short = len(reading.words) < SHORT
    for name, likely, word in zip(FACTS, heard.facts, heard.places, strict=False):
        what = (name, None)
        said = read[what]["value"] if what in read else ""
        value = _fact(said, likely, SHORT_HEARD if is_short else 0.0)
        if said or (name not in of_anyone and (name not in of_family or value == "no")):
            yield what, value or None, int(word)
    for topic, likely, word in zip(TOPICS, heard.topics, heard.places[len(FACTS) :], strict=True):
        kind, name = topic
        named = likely > NOT_NAMED[kind] if topic in read else likely >= NAMED[kind]
        yield topic, name if named else None, int(word)
    number = _number(heard.numbers)
    what = ("age", None)
    if what in read or not is_short:
        yield what, _age(read.get(what), number, year), number.start if number else 0


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
