"""Finds warning signs that are there now; leaves alone those denied, long past, asked about in general or joked about.

Two opinions: patterns of content/vocabulary.yml, and models trained on whole messages. Their evidence adds up, as log
odds. A sign that the patterns name plainly is kept quiet only where the models are all but certain of the opposite;
what the patterns doubt needs surer models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.guard_model import Opinion
from bot.nlu.patterns import GAP_UNDENIED, Line, compile_patterns
from bot.nlu.vocabulary import Vocabulary

Level = Literal["emergency", "urgent"]
Doubt = Literal["", "negated", "not_now", "settled", "in_general", "figure"]
INTENTS: dict[Level, str] = {"emergency": "report_emergency", "urgent": "report_urgent"}
NEGATION_REACH = 5  # words between a denial and the sign
JUDGE_SAY, SIGN_SAY = 0.61, 0.12  # what the log odds of "a danger now" and of the likeliest level count for
FAINTEST = 1e-4  # probabilities are read between this and one less this
# Where the patterns leave the message: a plain sign of that level, the doubt about every sign, or no sign ("calm": in
# harmless words). From `python -m tuning.weigh`: a logistic regression on the opinions of messages that the models have
# not learnt from, ordinary ones counting three times, moved so far to the alarm that one in a hundred of those alarms.
# What the doubts of the words say, the judge has mostly heard too. An alarm is a sum above 0 (decision 0008).
STANDING = {
    "emergency": 2.2, "urgent": 2.3, "": 0.8, "calm": 0.5, "in_general": 0.5, "settled": -0.6, "not_now": 0.5,
    "negated": -0.3, "figure": 0.6,
}  # fmt: skip
# The judge's opinion below which a plainly named sign may be kept quiet, if more than FEW_WORDS are said. The wish to
# die never is.
SURELY_NOT: dict[Level, float] = {"emergency": 0.02, "urgent": 0.1}
FEW_WORDS = 4
SURELY = 0.9  # the judge's opinion of a part from which a plainly named sign stands, however the whole sounds
FAINT = 0.2  # where no sign is named at all, the sign model must hear one at least so well: the judge alone is easily
# misled by what is like nothing it has learnt ("base64: …")
CLASSIFIED = 0.4  # the intent classifier's opinion from which it alone raises the alarm, where there is no guard model
HEARD_WORDS = 60  # of a longer message the models hear only the beginning, so a plain sign counts by itself
BARE = 5  # words before a question that only name the sign it is about
HEARD = 0.2  # probability from which the guard model's sign is taken
_ENDS = frozenset(".!?;")
_QUESTIONS = frozenset("is are can could does do did will would should may might has have was were any".split())
_ASKED = frozenset("how what which why when where".split())
_PAST = frozenset("had was were went lost got died took fell became came took felt".split())
_PRESENT = frozenset("is are has have not can keeps will being now 's am looks feels says needs".split())
_OURS = frozenset(
    "injection injections injected session treatment treated jab jabs appointment clinic meso mesotherapy visit needle "
    "needles your yours you ye shots hour hours minute minutes today tonight after since from".split()
)  # a story with one of these may be of what just happened here
_OWNERS = frozenset("i my me she he her his him we our mine myself now help".split())
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


@dataclass(frozen=True)
class Evidence:
    """Where the patterns leave a message (a key of STANDING), and the log odds of the judge and the likeliest level."""

    standing: str
    judge: float
    sign: float

    @property
    def odds(self) -> float:
        """The log odds of a danger now, by all of it."""
        return JUDGE_SAY * self.judge + SIGN_SAY * self.sign + STANDING[self.standing]


class DangerFinder:
    """Built once from the vocabulary; `mentions` reads a message, `decide` weighs in the classifier."""

    def __init__(self, vocabulary: Vocabulary, language: Language) -> None:
        words = vocabulary.danger
        self.people = frozenset(vocabulary.people)

        def phrases(lines: Sequence[str]) -> list[str]:
            return [" ".join(token.text for token in language.make_doc(line)) for line in lines]

        groups = {name: list(lines) for name, lines in words.groups.items()}
        self._signs = [
            (name, sign.level, compile_patterns(sign.patterns, groups)) for name, sign in words.signs.items()
        ]
        self._hints = {name: compile_patterns(sign.hints or [name]) for name, sign in words.signs.items()}
        self.levels = {name: sign.level for name, sign in words.signs.items()}
        self._strict = {
            name: compile_patterns(sign.patterns, groups, gap=GAP_UNDENIED) for name, sign in words.signs.items()
        }
        self._negated = compile_patterns(words.negated)
        self._not_now = compile_patterns(words.not_now)
        self._settled = compile_patterns(words.settled)
        self._in_general = compile_patterns(words.in_general)
        self._imagined = compile_patterns(words.imagined)
        self._figures = compile_patterns(words.figures_of_speech, groups)
        self._here_and_now = compile_patterns(phrases(words.here_and_now))

    def mentions(self, doc: Doc) -> list[Mention]:
        """Every sign that is named, emergencies first, each with its doubt."""
        line = Line(doc)
        found = [(name, level, *span) for name, level, pattern in self._signs for span in line.spans(pattern)]
        if not found:
            return []
        context = _Context(doc, line, self)
        undenied = {name: {start for start, _ in line.spans(self._strict[name])} for name in {one[0] for one in found}}
        judged = [
            Mention(name, level, start, end, context.doubt(name, start, end) if start in undenied[name] else "negated")
            for name, level, start, end in found
        ]
        return sorted(judged, key=lambda mention: (mention.level != "emergency", mention.start))

    def decide(
        self, doc: Doc, probabilities: Sequence[Mapping[str, float]], opinions: Sequence[Opinion] = ()
    ) -> Alarm | None:
        """The alarm to raise, if any. `probabilities`: the intent classifier's, `opinions`: the guard model's, both of
        the message, first, and of each of its parts. Without opinions a plain sign counts, or a sure classifier.
        """
        mentions = self.mentions(doc)
        plain = next((mention for mention in mentions if not mention.doubt), None)
        if not opinions:
            return Alarm(plain.level, plain.sign) if plain else self._classified(doc, probabilities)
        sure = {level: self._sure(level, opinions) for level in INTENTS}
        if not plain or not (len(doc) > HEARD_WORDS or self._stands(plain, doc, opinions)):
            if not mentions and (max(sure.values()) < FAINT or not any(token.is_alpha for token in doc)):
                return None  # a number alone is an age or a day, whatever the models have learnt of fevers
            if self.evidence(doc, opinions).odds <= 0:
                return None
        level = _level(plain, sure)
        if plain and plain.level == level:
            return Alarm(level, plain.sign)
        own = [mention.sign for mention in mentions if mention.level == level]
        return Alarm(level, own[0] if own else self._likeliest(level, doc, opinions))

    def evidence(self, doc: Doc, opinions: Sequence[Opinion]) -> Evidence:
        """What is weighed where no plain sign stands by itself."""
        mentions = self.mentions(doc)
        plain = next((mention.level for mention in mentions if not mention.doubt), None)
        doubts = {mention.doubt for mention in mentions} or {"calm" if self._calm(doc) else ""}
        standing = plain or min(doubts, key=lambda doubt: STANDING[doubt])
        likeliest = max(self._sure(level, opinions) for level in INTENTS)
        return Evidence(standing, _log_odds(opinions[0].now), _log_odds(likeliest))

    def _stands(self, plain: Mention, doc: Doc, opinions: Sequence[Opinion]) -> bool:
        """Whether a plainly named sign raises the alarm whatever else the models think."""
        whole, *parts = opinions
        if any(part.now >= SURELY for part in parts):
            return True  # "i cant breathe, is there a risk?" as a whole sounds like a question
        return whole.now >= SURELY_NOT[plain.level] or len(doc) <= FEW_WORDS or plain.sign == "suicide"

    def _classified(self, doc: Doc, probabilities: Sequence[Mapping[str, float]]) -> Alarm | None:
        """The alarm that the intent classifier raises by itself."""
        for level, intent in INTENTS.items():
            if max((p.get(intent, 0.0) for p in probabilities), default=0.0) >= CLASSIFIED:
                return Alarm(level, self.hinted(level, doc))
        return None

    def _sure(self, level: Level, opinions: Sequence[Opinion]) -> float:
        """How sure the guard model is of a sign of that level, in the whole message or in a part."""
        signs = [name for name, its_level in self.levels.items() if its_level == level]
        return max(opinion.of(signs) for opinion in opinions)

    def _likeliest(self, level: Level, doc: Doc, opinions: Sequence[Opinion]) -> str:
        """For an alarm without a mention: the sign the guard model hears, or else the one whose words are there."""
        heard = {name: max((o.signs.get(name, 0.0) for o in opinions), default=0.0) for name in self._hints}
        own = [name for name, its_level in self.levels.items() if its_level == level]
        best = max(own, key=lambda name: heard[name])
        return best if heard[best] >= HEARD else self.hinted(level, doc)

    def _calm(self, doc: Doc) -> bool:
        """Whether the words settle, joke, look back or ask in general, so that the classifier alone should be surer."""
        line = Line(doc)
        return any(line.spans(pattern) for pattern in (self._settled, self._not_now, self._in_general, self._figures))

    def hinted(self, level: Level, doc: Doc) -> str:
        """The sign that the words hint at most, for an alarm that only the classifier raised."""
        line = Line(doc)
        names = [name for name, its_level in self.levels.items() if its_level == level]
        return max(names, key=lambda name: len(line.spans(self._hints[name])))


class _Context:
    """What surrounds the signs of one message."""

    def __init__(self, doc: Doc, line: Line, finder: DangerFinder) -> None:
        self._words = [token.text for token in doc]
        self._clause = _clauses(self._words)
        self._people = finder.people
        self._negated = [
            span for span in line.spans(finder._negated) if self._words[span[0] :][:2] != ["never", "mind"]
        ]
        self._not_now = line.spans(finder._not_now)
        self._settled = line.spans(finder._settled)
        self._in_general = line.spans(finder._in_general)
        self._imagined = line.spans(finder._imagined)
        self._figures = line.spans(finder._figures)
        self._here_and_now = line.spans(finder._here_and_now)

    def doubt(self, sign: str, start: int, end: int) -> Doubt:  # noqa: PLR0911 - the first doubt that applies is it
        if any(first < end and start < last for first, last in self._figures):
            return "figure"
        if any(last <= start <= last + NEGATION_REACH and self._same(first, start) for first, last in self._negated):
            return "negated"
        if any(self._same(first, start) for first, _ in self._not_now) or self._told_of_another(start, end):
            return "not_now"
        if any(
            start <= first and self._clause[first] - self._clause[start] <= 1 and self._meant(first)
            for first, _ in self._settled
        ):
            return "settled"
        if any(first <= start and self._same(first, start) for first, _ in self._imagined):
            return "in_general"
        nobody = not _OWNERS.intersection(self._in_clause(start))
        general = any((nobody or first <= start) and self._same(first, start) for first, _ in self._in_general)
        if sign == "suicide" and _OWNERS.intersection(self._words):
            return ""
        general = general or self._asked_impersonally(start) or self._goes_on(start) or self._asked_of_nobody(start)
        now = any(0 <= self._clause[first] - self._clause[start] <= 1 for first, _ in self._here_and_now)
        return "in_general" if general and not now else ""

    def _goes_on(self, start: int) -> bool:
        """ "what should i expect, redness? lumps?": a word or two that go on with a question asked in general."""
        own = self._clause[start]
        return self._clause.count(own) <= 3 and any(self._clause[first] == own - 1 for first, _ in self._in_general)

    def _meant(self, first: int) -> bool:
        """Whether "gone away" is not itself denied ("it will not go away") or asked for ("when will it")."""
        return not {"not", "never", "until", "when", "instead", "no"}.intersection(
            self._words[max(0, first - 3) : first]
        )

    def _asked_impersonally(self, start: int) -> bool:
        """ "is fainting something that happens": a question whose clause speaks of nobody."""
        clause = self._in_clause(start)
        return clause[0] in _QUESTIONS and clause[1:2] != ["not"] and not _OWNERS.intersection(clause)

    def _asked_of_nobody(self, start: int) -> bool:
        """ "chest pain, is it a known effect": a sentence that asks and, as the whole message, speaks of nobody."""
        if self._here_and_now or (_OWNERS | self._people).intersection(self._words):
            return False
        first = max((i + 1 for i in range(start) if self._words[i] in _ENDS), default=0)
        last = next((i for i in range(start, len(self._words)) if self._words[i] in _ENDS), len(self._words))
        return any(self._opens_question(i, first) and (i <= start or i - first <= BARE) for i in range(first, last))

    def _opens_question(self, i: int, first: int) -> bool:
        if self._words[i] not in _QUESTIONS | _ASKED or self._words[i + 1 : i + 2] == ["not"]:
            return False
        return i == first or self._words[i - 1] in (",", "-", ":")

    def _told_of_another(self, start: int, end: int) -> bool:
        """ "my aunt collapsed at a dance": somebody's story in the past, with no word of now or of the treatment."""
        clause = set(self._in_clause(start))
        verbs = self._words[max(0, start - 2) : end]
        told = clause & self._people and any(word in _PAST or word.endswith("ed") for word in verbs)
        return bool(told) and not (_PRESENT | _OURS).intersection(self._words) and not self._here_and_now

    def _in_clause(self, place: int) -> list[str]:
        return [word for word, number in zip(self._words, self._clause, strict=True) if number == self._clause[place]]

    def _same(self, one: int, other: int) -> bool:
        return self._clause[one] == self._clause[other]


def _level(plain: Mention | None, sure: Mapping[Level, float]) -> Level:
    """The level of a plainly named sign, unless the models hear an emergency where the words name an urgent one: "my
    chest is pressing like stone" looks like a lump."""
    if plain and (plain.level == "emergency" or sure["emergency"] <= max(sure["urgent"], HEARD)):
        return plain.level
    return "emergency" if sure["emergency"] >= sure["urgent"] else "urgent"


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, FAINTEST), 1 - FAINTEST)
    return log(bounded / (1 - bounded))


def _clauses(words: Sequence[str]) -> list[int]:
    """The number of the clause each word belongs to. A comma ends one when a new subject follows."""
    number, numbers = 0, []
    for i, word in enumerate(words):
        after = words[i + 1] if i + 1 < len(words) else ""
        ended = word in _BREAKS or (i and words[i - 1] in _ENDS) or (i and words[i - 1] == "," and word in _STARTS)
        if ended or (word == "and" and after in ("i", "my", "now", "she", "he", "her", "his")):
            number += 1
        numbers.append(number)
    return numbers
