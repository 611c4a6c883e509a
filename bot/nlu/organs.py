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
    "really came back ever never gave give given caused causing me any us : - a bit little slightly at".split()
)
_MEASURES = frozenset(
    "test tests values value levels level bloods results numbers enzymes readings counts count".split()
)
_DENIES = frozenset(("not", "never"))
_RECOVERED = frozenset("recovered healed regenerated".split())
_LISTED = frozenset(("or", "nor", "and", ",", "my", "the", "/", "&"))
_ABOUT = frozenset("on with in for regarding about wise my the".split())  # "all clear on the kidney front"
_CLOSES = ([], [","], ["."], ["!"], [";"], ["and"], ["but"], [")"])
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
        last: tuple[int, Value] | None = None  # the organ before, and what is said of it
        for i, word in enumerate(words):
            if word in self._organ and i not in taken:
                value = self._answered(words, i) or self._value(words, i, judge)
                if value is None and last and (words[i + 1 : i + 2] in _TOO or _LISTED.issuperset(words[last[0] : i])):
                    value = last[1]
                if value:
                    last = i + 1, value
                    yield i, i + 1, self._organ[word], value

    def _answered(self, words: Sequence[str], i: int) -> Value | None:
        """ "liver no, heart: no, kidneys yes"."""
        at = i + 2 if words[i + 1 : i + 2] in ([":"], ["-"], ["?"], ["="]) else i + 1
        if words[i + 1 : i + 2] == ["?"] and self._starts(words, at, self._health):
            return "no"  # "kidneys? fine"
        if words[at + 1 : at + 2] not in _CLOSES:
            return None
        said = words[at] if at < len(words) else ""
        return "no" if said in ("no", "none", "nope", "never") else "yes" if said in ("yes", "y", "yep") else None

    def _value(  # noqa: PLR0911 - one way of saying it after another
        self, words: Sequence[str], i: int, judge: Judge
    ) -> Value | None:
        after = self._chain(words, i)
        if self._starts(words, after, self._trouble) and not self._starts(words, after, self._health):
            value = judge.value(i, after + 1)
            return value
        ahead, negated = after, False
        while ahead < min(len(words), after + AHEAD) and words[ahead] in _VERBS | _MEASURES | _DENIES:
            negated |= words[ahead] in _DENIES
            ahead += 1
        if ahead > after or after == i + 1:
            if self._starts(words, ahead, self._health):
                return "yes" if negated else "no"
            if _RECOVERED.intersection(words[ahead : ahead + 1]):
                return "past"
            measured = bool(_MEASURES.intersection(words[after:ahead]))
            if measured and not negated and self._starts(words, ahead, self._trouble):
                return "unsure"
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
        if self._well_before(words, i):
            return "no"
        return "unsure" if judge.doubted(i, i + 1) else None

    def _well_before(self, words: Sequence[str], i: int) -> bool:
        """ "healthy heart", "all clear on the kidney front"."""
        about = i
        while about and words[about - 1] in _ABOUT:
            about -= 1
        before = list(words[:about])
        said = any(before[-len(phrase) :] == phrase for phrase in self._health)
        return said and (about == i or words[about] not in ("my", "the"))  # "well my heart": no statement

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
