"""Everything that understands a message, built once from the vocabulary and shared by the pipeline's components."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bot.clinic.content.languages import Language, read_languages
from bot.nlu.clinical import ClinicalReader
from bot.nlu.danger import INTENTS, Alarm, DangerFinder, Level
from bot.nlu.guard_model import NOTHING, Opinion, load_examples
from bot.nlu.intent_model import OUT, Guess
from bot.nlu.language import recognise
from bot.nlu.patterns import Line, compile_patterns
from bot.nlu.questions import Part, asks, halved, joints, keep, split
from bot.nlu.reader import Reading, build_language, phrase_words, read
from bot.nlu.spelling import Speller, known_words
from bot.nlu.vocabulary import Vocabulary, VocabularyError, load_vocabulary
from bot.settings import content_folder
from bot.store.forgetting import remembers

VOCABULARY, DANGER_EXAMPLES = "vocabulary.yml", "danger_examples.yml"  # of the content folder
Ask = Callable[[list[str]], list[Guess]]
OTHER_LANGUAGE = "other_language"  # the intent of a message in a language that has no answer to it yet
ASKED_OF_US = frozenset(("book_appointment", "check_eligibility", "bot_challenge", "inform", "report_symptom"))
AGAIN = frozenset(
    "restart start started over again begin beginning reset redo scratch new anew afresh fresh top back square".split()
)
UNDERSTOOD = 0.5  # probability from which a message in another language is taken for a topic

SIGNS = {"affirm": "👍👌✅✔🆗", "deny": "👎❌🙅", "unsure": "🤷🤔"}  # typed alone, these are an answer


@dataclass(frozen=True)
class Classified:
    """What the classifier says of a message: Rasa's intent and ranking, our questions, its opinions for the guard."""

    intent: dict[str, Any]
    ranking: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    opinions: list[dict[str, float]]


class Understanding:
    """Reads messages. Holds no state but memory of the last ones."""

    def __init__(self, vocabulary: Vocabulary, languages: Mapping[str, Language] = MappingProxyType({})) -> None:
        self.vocabulary = vocabulary
        self.languages = languages
        words = phrase_words(vocabulary.phrases()) | _sign_words(vocabulary)
        self._speller = Speller(vocabulary.shorthand, words)
        self._language = build_language(self._speller)
        self._clinical = ClinicalReader(vocabulary, self._language)
        self.danger = DangerFinder(vocabulary, self._language)
        self._elsewhere, self._ours = compile_patterns(vocabulary.other_treatments), compile_patterns(vocabulary.ours)
        self._taken_back = compile_patterns(vocabulary.taken_back)
        among = ("en", *languages)
        self._language_of = lru_cache(maxsize=64)(lambda text: recognise(text, self._speller.is_english, among))
        self._last = lru_cache(maxsize=64)(lambda text: read(self._language, text))
        self.read: Callable[[str], Reading] = self._last
        remembers(self.forget)

    def forget(self) -> None:
        """Let go of the last messages and of the words in them."""
        self._last.cache_clear()
        self._language_of.cache_clear()
        self._speller.forget()

    def normal(self, text: str) -> str:
        """The text as encoder and classifier see it."""
        return self._speller.text(text)

    def language_of(self, text: str) -> str:
        """ISO 639-1 code, of English or of a language there are words in."""
        return self._language_of(text)

    def entities(self, text: str) -> list[dict[str, Any]]:
        """Entities as Rasa keeps them, with `about`."""
        return self._clinical.entities(self.read(text))

    def rules(self, text: str) -> list[dict[str, Any]]:
        """What the rules alone read (bot.nlu.clinical)."""
        return self._clinical.rules(self.read(text))

    def alarm(
        self, text: str, intents: Sequence[Mapping[str, float]], opinions: Sequence[Opinion] = ()
    ) -> Alarm | None:
        """The danger the message names, if any; what the two models make of it comes in."""
        language = self.languages.get(self.language_of(text))
        if language:
            sign = language.sign(text)  # a sign in English words counts as well, but the models have read English alone
            return Alarm(self.danger.levels[sign], sign) if sign else self.danger.decide(self.read(text).doc, [])
        return self.danger.decide(self.read(text).doc, intents, opinions)

    def danger_examples(self, examples: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """(text, sign) for the guard model to learn: content/danger_examples.yml, and each (text, intent) given."""
        levels = {intent: level for level, intent in INTENTS.items()}
        own = [(text, self._sign(text, levels[name]) if name in levels else NOTHING) for text, name in examples]
        return own + load_examples(content_folder() / DANGER_EXAMPLES).pairs()

    def _sign(self, text: str, level: Level) -> str:
        """The sign of a message that is known to name one of that level."""
        doc = self.read(text).doc
        named = [mention.sign for mention in self.danger.mentions(doc) if mention.level == level]
        return named[0] if named else self.danger.hinted(level, doc)

    def parts(self, text: str) -> list[str]:
        """The message and, where it can be cut into questions, each of those."""
        reading = self.read(text)
        places = split(reading.words)
        return [text, *(self._text(reading, place) for place in places)] if len(places) > 1 else [text]

    def classify(self, text: str, entities: Sequence[Mapping[str, Any]], ask: Ask) -> Classified:
        """Intent and questions of one message; `ask` is the trained model."""
        reading = self.read(text)
        places = split(reading.words)
        cuts = [(start, i, end) for start, end in places for i in joints(reading.words, start, end)]
        texts = self.parts(text)
        halves = [self._text(reading, half) for start, i, end in cuts for half in ((start, i), (i, end))]
        whole, *guesses = ask([*texts, *halves])
        parts, halves_said = guesses[: len(texts) - 1], iter(guesses[len(texts) - 1 :])
        said = [
            _part(guess, place, asks(reading.words[slice(*place)]))
            for guess, place in zip(parts or [whole], places, strict=True)
        ]
        pairs = [(_half(next(halves_said), (start, i)), _half(next(halves_said), (i, end))) for start, i, end in cuts]
        cut = [half for part in said for half in halved(part, pairs)]
        one = Part(0, len(reading.words), *_intent(whole))
        kept = keep(one, cut if len(cut) > 1 else [], len(cut) > len(said))
        intent = _wordless(text) or (_intent(whole) if len(kept) > 1 else self._in_scope(reading, *_intent(whole)))
        return Classified(
            intent={"name": intent[0], "confidence": intent[1]},
            ranking=[{"name": name, "confidence": confidence} for name, confidence in whole.ranking],
            questions=[self._question(reading, part, entities, len(kept)) for part in kept],
            opinions=[dict(guess.ranking) for guess in (whole, *parts)],
        )

    def _in_scope(self, reading: Reading, intent: str, confidence: float) -> tuple[str, float]:
        """The intent, or out of scope where all that is asked is about a treatment the clinic does not give. Starting
        over throws answers away, so it takes a word that says so: "the first one" is a reply. What takes a message back
        is no complaint."""
        if intent == "restart" and AGAIN.isdisjoint(word.lower() for word in reading.words):
            return "inform", confidence
        line = Line(reading.doc)
        if intent in ("complain", "chitchat") and line.spans(self._taken_back):
            return "inform", confidence
        asked = intent.startswith("ask_") or intent in ASKED_OF_US
        return (
            (OUT, 1.0) if asked and line.spans(self._elsewhere) and not line.spans(self._ours) else (intent, confidence)
        )

    def foreign(self, text: str, guess: Guess | None) -> Classified:
        """A message in another language; `guess` is the many-language model's, where this language has answers."""
        intent, confidence = guess.ranking[0] if guess else (OTHER_LANGUAGE, 1.0)
        if not guess or confidence < UNDERSTOOD or intent not in self.languages[self.language_of(text)].answers:
            intent, confidence = OTHER_LANGUAGE, 1.0
        question = {"text": text, "intent": intent, "confidence": confidence, "entities": []}
        ranking = [{"name": intent, "confidence": confidence}]
        return Classified({"name": intent, "confidence": confidence}, ranking, [question], [])

    @property
    def has_foreign_answers(self) -> bool:
        """Whether any language has answers, so that messages in it must be understood."""
        return any(language.answers for language in self.languages.values())

    def _text(self, reading: Reading, place: tuple[int, int]) -> str:
        start, end = reading.place(reading.doc[place[0] : place[1]])
        return reading.text[start:end]

    def _question(self, reading: Reading, part: Part, entities: Sequence[Mapping[str, Any]], of: int) -> dict[str, Any]:
        if of == 1:
            text, own = reading.text, list(entities)
        else:
            start, end = reading.place(reading.doc[part.start : part.end])
            text = reading.text[start:end]
            own = [entity for entity in entities if entity["start"] < end and entity["end"] > start]
        return {"text": text, "intent": part.intent, "confidence": part.confidence, "entities": own}


def _sign_words(vocabulary: Vocabulary) -> set[str]:
    signs = vocabulary.danger.signs.values()
    patterns = [p for sign in signs for p in (*sign.patterns, *sign.hints)]
    patterns += [phrase for phrases in vocabulary.danger.groups.values() for phrase in phrases]
    return {word for pattern in patterns for word in re.findall(r"[a-z]+", pattern) if word in known_words()}


def _wordless(text: str) -> tuple[str, float] | None:
    """What a message without a letter or digit means: a thumb is a yes or no, a shrug "not sure", others nothing."""
    if any(sign.isalnum() for sign in text):
        return None
    found = next((intent for intent, signs in SIGNS.items() if any(sign in text for sign in signs)), OUT)
    return found, 1.0


def _intent(guess: Guess) -> tuple[str, float]:
    return (OUT, max(guess.out_of_scope, guess.probability(OUT))) if guess.refused else guess.ranking[0]


def _part(guess: Guess, place: tuple[int, int], question: bool) -> Part:
    """A part of a message is short: its best intent counts even where the whole message would be refused."""
    name, confidence = guess.ranking[0]
    return Part(*place, intent=name, confidence=confidence, asks=question)


def _half(guess: Guess, place: tuple[int, int]) -> Part:
    """A half that no word but a joint parts from the rest: a refused one is no question."""
    return Part(*place, *_intent(guess))


def load_understanding(vocabulary: str | None = None) -> Understanding:
    """The understanding built on a vocabulary file (default: that of the installation's content), once a process."""
    folder = content_folder()
    return _built(Path(vocabulary) if vocabulary else folder / VOCABULARY, folder)


@lru_cache(maxsize=4)
def _built(vocabulary: Path, folder: Path) -> Understanding:
    signs = set(load_vocabulary(folder / VOCABULARY).danger.signs)
    languages, problems = read_languages(folder, signs)
    if problems:
        raise VocabularyError("\n".join(map(str, problems)))
    return Understanding(load_vocabulary(vocabulary), languages)
