"""Treatments, concerns, age and screening facts in a message, with what is said about them and about whom.

Read by rules here, and by the network that second_reader.py joins with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from bot.nlu.ages import CHILD, AgeReader
from bot.nlu.assertion import Assertions, Judge, Value
from bot.nlu.fact_model import load_fact_model
from bot.nlu.heart import HEART, MULTI, HeartReader
from bot.nlu.organs import OrganReader
from bot.nlu.patterns import written_out
from bot.nlu.reader import Reading
from bot.nlu.second_reader import NOTHING, OF_FAMILY, join
from bot.nlu.subjects import Subjects, Whose
from bot.nlu.vocabulary import Vocabulary

NAME = "ClinicalEntities"
FACT_FORMS = ("present", "unsure", "past", "absent")
_RECOVERY = frozenset(("in remission", "remission", "all clear", "got the all clear"))
NEAR = 4  # words before a part of the body in which what is given there makes it a treatment
SHORT = 5  # words of a message that names a part of the body and hardly anything else
_STOPS = frozenset((".", "?", "!", ";", ","))
_JOINED = frozenset(("and", "or", "&", "+", ",", "/", "plus", "then", "vs", "versus"))
_JOINTS = _JOINED | frozenset(("my", "the", "for", "also", "in", "on", "one"))
_WISHED = frozenset(("want", "wants", "for", "on", "in", "do", "doing", "treat", "treating", "about", "the"))
RECOVERED = 14  # words between an illness and the remission of it


class ClinicalReader:
    """An entity ruler fed from the vocabulary, and the context that decides what is said. `today` gives the date."""

    def __init__(self, vocabulary: Vocabulary, language: Language, today: Callable[[], date] = date.today) -> None:
        self._matcher = PhraseMatcher(language.vocab)
        for label, phrases in _labels(vocabulary).items():
            self._matcher.add(label, [language.make_doc(phrase) for phrase in written_out(phrases)])
        self._assertions = Assertions(vocabulary.cues, language)
        self._subjects = Subjects(vocabulary, language)
        self._ages = AgeReader(vocabulary.age, vocabulary.people, language)
        self._organs = OrganReader(vocabulary)
        self._heart = HeartReader(vocabulary, language)
        self._given = frozenset(vocabulary.given)
        self._today = today

    def entities(self, reading: Reading) -> list[dict[str, Any]]:
        """Entities in the order of the message, as Rasa keeps them."""
        about = self._subjects.of(reading.doc).about
        return join(reading, self.rules(reading), load_fact_model().hear(reading.words), about, self._today().year)

    def rules(self, reading: Reading) -> list[dict[str, Any]]:
        """What the rules alone read; as OF_FAMILY the conditions of relatives, as NOTHING what sounds like more."""
        doc = reading.doc
        spans = filter_spans(self._matcher(doc, as_spans=True))
        judge, whose = self._assertions.of(doc), self._subjects.of(doc)
        found = [
            _entity(reading, s, *s.label_.replace("place:", "treatment:").split(":"), whose.about)
            for s in self._topics(doc, spans)
        ]
        facts = self._facts(reading, spans, judge, whose)
        found += facts + self._none_of_these(reading, spans, whose) + self._age(reading, whose)
        return sorted(found, key=lambda entity: entity["start"])

    def _topics(self, doc: Doc, spans: list[Span]) -> list[Span]:
        """The first mention of each treatment and concern. A part of the body names a treatment where it is said beside
        what is given there ("jabs in the scalp"), and where it is wished for and nothing else is named."""
        named = [span for span in spans if span.label_.startswith(("treatment:", "concern:"))]
        places = [span for span in spans if span.label_.startswith("place:")]
        given = {span.label_.split(":")[1]: span for span in named if span.label_.startswith("treatment:")}
        for span in (*places, *reversed(places)):  # "face, scalp and body jabs": each through its neighbour
            of_concern = any(other.start == span.end for other in named if other.label_.startswith("concern:"))
            if span not in named and not of_concern and (self._is_given(doc, span) or _is_joined(span, given.values())):
                named.append(span)
                given[span.label_.split(":")[1]] = span
        first: dict[str, Span] = {}
        for span in named:
            first.setdefault(span.label_.replace("place:", "treatment:"), span)
        wished = [span for span in places if _is_wished(doc, span)][:1]
        return list(first.values()) or wished + [span for span in places if _is_joined(span, wished)][:1]

    def _is_given(self, doc: Doc, place: Span) -> bool:
        near = [token.text for token in doc[max(0, place.start - NEAR) : place.start]]
        after = [token.text for token in doc[place.end : place.end + 1]]
        stop = max((i + 1 for i, word in enumerate(near) if word in _STOPS), default=0)
        return bool(self._given.intersection(near[stop:] + after))

    def _facts(self, reading: Reading, spans: list[Span], judge: Judge, whose: Whose) -> list[dict[str, Any]]:
        named = _own_facts([span for span in spans if span.label_.startswith("fact:")])
        taken = {i for span in spans for i in range(span.start, span.end)}
        starts = frozenset(span.start for span in named)
        said = [(span, span.label_.split(":")[1], _value(span, judge, starts)) for span in named]
        said += [
            (reading.doc[a:b], name, value) for a, b, name, value in self._organs.said(reading.words, judge, taken)
        ]
        said += self._heart.medicines(reading.doc, said, judge)
        owned = [(span, name, *whose.of(span.start, span.end, value)) for span, name, value in said]
        general = [
            _entity(reading, s, "criterion", _criterion(n), whose.about) for s, n, _, who in owned if who == "anyone"
        ]
        general += [
            _entity(reading, s, OF_FAMILY, _criterion(n), whose.about) for s, n, _, who in owned if who == "family"
        ]
        general += [_entity(reading, s, NOTHING, s.text, whose.about) for s in spans if s.label_ == NOTHING]
        mine = [(span, name, value, who) for span, name, value, who in owned if who in ("self", "other")]
        return _distinct(general) + [
            _entity(reading, span, name, value, who) for span, name, value, who in self._heart.weigh(_strongest(mine))
        ]

    def _none_of_these(self, reading: Reading, spans: list[Span], whose: Whose) -> list[dict[str, Any]]:
        none = [span for span in spans if span.label_ == "none_of_these"]
        return [_entity(reading, none[0], "none_of_these", "no", whose.about)] if none else []

    def _age(self, reading: Reading, whose: Whose) -> list[dict[str, Any]]:
        found = self._ages.mentions(reading.doc, self._today().year)
        mentions = [mention for mention in found if whose.about == "other" or not mention.other]
        if whose.about == "other" and any(mention.other for mention in mentions):
            mentions = [mention for mention in mentions if mention.other]  # "me 27, hubby 30, it is for him"
        if not mentions and not whose.names_self:  # "could somebody of 66 have it"
            mentions = found
        if not mentions:
            return []
        grown = [mention for mention in mentions if mention.value >= CHILD]  # "a scar, 2 years old. i am 35"
        plainest = max(grown or mentions, key=lambda mention: (mention.weight, -mention.start))
        span = reading.doc[plainest.start : plainest.end]
        return [_entity(reading, span, "age", plainest.value, whose.about)]


def _labels(vocabulary: Vocabulary) -> dict[str, list[str]]:
    labels = {f"treatment:{value}": list(phrases) for value, phrases in vocabulary.treatment.items()}
    labels |= {f"place:{value}": list(phrases) for value, phrases in vocabulary.places.items()}
    labels |= {f"concern:{value}": list(phrases) for value, phrases in vocabulary.concern.items()}
    for name, criterion in vocabulary.criteria.items():
        labels |= {f"fact:{name}:{form}": list(getattr(criterion, form)) for form in FACT_FORMS}
    return labels | {NOTHING: list(vocabulary.not_treatment), "none_of_these": list(vocabulary.none_of_these)}


def _is_joined(place: Span, given: Iterable[Span]) -> bool:
    """Whether only "and", a comma or "my" stands between a part of the body and a treatment that is named."""
    for other in given:
        left, right = sorted((place, other), key=lambda span: span.start)
        between = [token.text for token in place.doc[left.end : right.start]]
        if between and len(between) <= NEAR and _JOINTS.issuperset(between) and _JOINED.intersection(between):
            return True
    return False


def _is_wished(doc: Doc, place: Span) -> bool:
    near = {token.text for token in doc[max(0, place.start - 2) : place.start]}
    return len(doc) <= SHORT or bool(_WISHED.intersection(near))


def _own_facts(named: list[Span]) -> list[Span]:
    """Without the words of recovery that are said of another illness: "my diabetes is in remission" names no cancer."""
    others = [span for span in named if not span.label_.startswith("fact:cancer")]

    def is_of_another(span: Span) -> bool:
        return span.text in _RECOVERY and any(0 <= span.start - other.end <= RECOVERED for other in others)

    return [span for span in named if not is_of_another(span)]


def _value(span: Span, judge: Judge, starts: frozenset[int]) -> Value:
    form = span.label_.split(":")[2]
    if form == "absent":
        return "no"
    value = judge.value(span.start, span.end, starts - {span.start})
    if value == "no" or form == "present":
        return value
    return "unsure" if form == "unsure" else "past"


def _strongest(said: list[tuple[Span, str, Value, str]]) -> list[tuple[Span, str, Value, str]]:
    """One statement a condition: what is unclear or over settles a plain mention, a plain yes settles a no."""
    order = {"past": 0, "yes": 1, "unsure": 2, "no": 3}
    best: dict[str, tuple[Span, str, Value, str]] = {}
    for one in said:
        if one[1] not in best or order[one[2]] < order[best[one[1]][2]]:
            best[one[1]] = one
    return list(best.values())


def _criterion(name: str) -> str:
    return MULTI if name == HEART else name


def _distinct(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(entity["entity"], entity["value"]): entity for entity in reversed(entities)}.values())


def _entity(reading: Reading, span: Span, name: str, value: Any, about: str) -> dict[str, Any]:
    start, end = reading.place(span)
    return {"entity": name, "value": value, "start": start, "end": end, "about": about, "extractor": NAME}
