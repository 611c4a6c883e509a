"""Finds warning signs that are there now, and leaves alone those denied, long past, asked about in general, or joked about.

Two opinions: patterns of content/vocabulary.yml, and the intent classifier. Either may raise the alarm. Tuned for recall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.patterns import Line, compile_patterns
from bot.nlu.vocabulary import Vocabulary

Level = Literal["emergency", "urgent"]
Doubt = Literal["", "negated", "not_now", "in_general", "figure"]
INTENTS: dict[Level, str] = {"emergency": "report_emergency", "urgent": "report_urgent"}
NEGATION_REACH = 5  # words between a denial and the sign
SURE = 0.5  # probability at which the classifier raises the alarm by itself
SURE_AGAINST_DOUBT = 0.85  # … and at which it does so although the words look harmless
SURE_HARMLESS = 0.02  # … and below which a doubtful mention is left alone
_ENDS = frozenset(".!?;")
_BREAKS = frozenset(("but", "however", "although", "though", "also", "btw", "plus", "except", "anyway"))
_STARTS = frozenset("i my she he her his we now it is they mum dad and also so the".split())


@dataclass(frozen=True)
class Mention:
    """A sign's words (first, after last), and what makes it no danger now, if anything."""

    sign: str
    level: Level
    start: int
    end: int
    doubt: Doubt


@dataclass(frozen=True)
class Alarm:
    """The danger to act upon."""

    level: Level
    sign: str


class DangerFinder:
    """Built once from the vocabulary; `mentions` reads a message, `decide` weighs in the classifier."""

    def __init__(self, vocabulary: Vocabulary, language: Language) -> None:
        words = vocabulary.danger

        def phrases(lines: Sequence[str]) -> list[str]:
            return [" ".join(token.text for token in language.make_doc(line)) for line in lines]

        groups = {name: list(lines) for name, lines in words.groups.items()}
        self._signs = [
            (name, sign.level, compile_patterns(sign.patterns, groups)) for name, sign in words.signs.items()
        ]
        self._hints = {name: compile_patterns(sign.hints or [name]) for name, sign in words.signs.items()}
        self._levels = {name: sign.level for name, sign in words.signs.items()}
        self._negated = compile_patterns(phrases(words.negated))
        self._not_now = compile_patterns(phrases(words.not_now))
        self._in_general = compile_patterns(phrases(words.in_general))
        self._figures = compile_patterns(words.figures_of_speech, groups)
        self._here_and_now = compile_patterns(phrases(words.here_and_now))

    def mentions(self, doc: Doc) -> list[Mention]:
        """Every sign that is named, emergencies first, each with its doubt."""
        line = Line(doc)
        found = [(name, level, *span) for name, level, pattern in self._signs for span in line.spans(pattern)]
        if not found:
            return []
        context = _Context(doc, line, self)
        judged = [Mention(name, level, start, end, context.doubt(start, end)) for name, level, start, end in found]
        return sorted(judged, key=lambda mention: (mention.level != "emergency", mention.start))

    def decide(self, doc: Doc, probabilities: Sequence[Mapping[str, float]]) -> Alarm | None:
        """The alarm to raise, if any. `probabilities`: the classifier's, of the message and of each of its questions."""
        mentions = self.mentions(doc)
        for level in ("emergency", "urgent"):
            sign = self._sign(level, doc, mentions, probabilities)
            if sign:
                return Alarm(level, sign)
        return None

    def _sign(
        self, level: Level, doc: Doc, mentions: Sequence[Mention], probabilities: Sequence[Mapping[str, float]]
    ) -> str | None:
        own = [mention for mention in mentions if mention.level == level]
        opinion = max((p.get(INTENTS[level], 0.0) for p in probabilities), default=0.0)
        clear = [mention.sign for mention in own if not mention.doubt]
        if clear:
            return clear[0]
        if opinion >= (SURE_AGAINST_DOUBT if own else SURE):
            return own[0].sign if own else self._hinted(level, doc)
        return None

    def _hinted(self, level: Level, doc: Doc) -> str:
        """The sign that the words hint at most, for an alarm that only the classifier raised."""
        line = Line(doc)
        names = [name for name, its_level in self._levels.items() if its_level == level]
        return max(names, key=lambda name: len(line.spans(self._hints[name])))


class _Context:
    """What surrounds the signs of one message."""

    def __init__(self, doc: Doc, line: Line, finder: DangerFinder) -> None:
        self._words = [token.text for token in doc]
        self._clause = _clauses(self._words)
        self._negated = line.spans(finder._negated)
        self._not_now = line.spans(finder._not_now)
        self._in_general = line.spans(finder._in_general)
        self._figures = line.spans(finder._figures)
        self._here_and_now = line.spans(finder._here_and_now)

    def doubt(self, start: int, end: int) -> Doubt:
        if any(first < end and start < last for first, last in self._figures):
            return "figure"
        if any(last <= start <= last + NEGATION_REACH and self._same(first, start) for first, last in self._negated):
            return "negated"
        if any(self._same(first, start) for first, _ in self._not_now):
            return "not_now"
        general = any(first <= start and self._same(first, start) for first, _ in self._in_general)
        now = any(self._same(first, start) or self._same(first, end - 1) for first, _ in self._here_and_now)
        return "in_general" if general and not now else ""

    def _same(self, one: int, other: int) -> bool:
        return self._clause[one] == self._clause[other]


def _clauses(words: Sequence[str]) -> list[int]:
    """The number of the clause each word belongs to. A comma ends one when a new subject follows."""
    number, numbers = 0, []
    for i, word in enumerate(words):
        after = words[i + 1] if i + 1 < len(words) else ""
        if word in _BREAKS or (i and words[i - 1] in _ENDS) or (i and words[i - 1] == "," and word in _STARTS):
            number += 1
        elif word == "and" and after in ("i", "my", "now", "she", "he", "her", "his"):
            number += 1
        numbers.append(number)
    return numbers
