"""What is said of an organ named on its own: "my liver is fine", "no heart or kidney problems", "bad kidneys"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.nlu.assertion import Judge, Value
from bot.nlu.vocabulary import Vocabulary

_JOINS = frozenset(("no", "and", "or", "nor", ",", "/", "&", "my", "the", "your", "+"))
_BEFORE = 3
_VERBS = frozenset(
    "is are 's all both function functions test tests values value levels level been always perfectly "
    "totally completely my and seem seems feel feels were working test bloods results quite pretty very "
    "really came back".split()
)
_TOO = (["too"], ["also"])  # "my kidneys are fine and my liver too"
AHEAD = 6


class OrganReader:
    """Organs, and the words that say they are ill or well."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._organ = {word: name for name, words in vocabulary.organs.items() for word in words if " " not in word}
        self._trouble = [phrase.split() for phrase in vocabulary.organ_trouble]
        self._with = [phrase.split() for phrase in vocabulary.trouble_with]
        self._health = [phrase.split() for phrase in vocabulary.organ_health]

    def said(self, words: Sequence[str], judge: Judge, taken: set[int]) -> Iterator[tuple[int, int, str, Value]]:
        """(first word, after last, condition, value) of each organ about which something is said."""
        last: Value | None = None
        for i, word in enumerate(words):
            if word in self._organ and i not in taken:
                value = self._value(words, i, judge)
                if value is None and words[i + 1 : i + 2] in _TOO:
                    value = last
                if value:
                    last = value
                    yield i, i + 1, self._organ[word], value

    def _value(  # noqa: PLR0911 - one way of saying it after another
        self, words: Sequence[str], i: int, judge: Judge
    ) -> Value | None:
        after = self._chain(words, i)
        if self._starts(words, after, self._trouble) and not self._starts(words, after, self._health):
            value = judge.value(i, after + 1)
            return value
        ahead, negated = after, False
        while ahead < min(len(words), after + AHEAD) and (words[ahead] in _VERBS | {"not"}):
            negated |= words[ahead] == "not"
            ahead += 1
        if ahead > after or after == i + 1:
            if self._starts(words, ahead, self._health):
                return "yes" if negated else "no"
            if ahead > after and self._starts(words, ahead, self._trouble):
                return "no" if negated else judge.value(i, ahead + 1)
        before = [word for word in words[max(0, i - 4) : i] if word not in ("my", "the", "her", "his")]
        if any(before[-len(phrase) :] == phrase for phrase in self._with):
            said = judge.value(i - 2, i + 1)
            return said if said != "yes" or before[-2:-1] != ["something"] else "unsure"
        if words[i] == "sugar" and words[i - 1 : i] == ["no"]:
            return "no"
        if i and [words[i - 1]] in self._trouble:
            return judge.value(i - 1, i + 1)
        if i and [words[i - 1]] in self._health:
            return "no"
        return None

    def _chain(self, words: Sequence[str], i: int) -> int:
        """The first word after a list of organs that begins at i: "liver or kidney |problems"."""
        after = i + 1
        while after < len(words) and (words[after] in _JOINS or words[after] in self._organ):
            after += 1
        while after - 1 > i and words[after - 1] in _JOINS:
            after -= 1
        return after

    @staticmethod
    def _starts(words: Sequence[str], i: int, phrases: Sequence[list[str]]) -> bool:
        return any(list(words[i : i + len(phrase)]) == phrase for phrase in phrases)
