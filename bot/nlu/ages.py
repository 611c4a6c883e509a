"""Ages in a message: digits, words, birth years, and the numbers that are none. The year is passed in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.patterns import Line, compile_patterns
from bot.nlu.vocabulary import Age

_DATE = re.compile(r"\d{1,2}[.,]\d{1,2}[.,](\d{4})")
OLDEST, FIRST_YEAR = 110, 1915
_UNITS = dict(zip("one two three four five six seven eight nine".split(), range(1, 10), strict=True))
_TEENS = dict(
    zip(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
        range(10, 20),
        strict=True,
    )
)
_TENS = dict(
    zip(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),
        range(20, 100, 10),
        strict=True,
    )
) | {"fourty": 40}
_FILLERS = frozenset(
    "um uh er well ok okay oh so yes hi hello hey just only , . ! ? : - year years yrs old "
    "my age is am i it this".split()
)
_GONE = frozenset(
    "ago of later experience now married since back old clear free in without on off".split()
)  # after "20 years": no age
_ORDINAL = frozenset(("th", "st", "nd", "rd", "and"))  # "and": how "nd" is read
_HAD = frozenset("had celebrated after since just was passed".split())
_COMING = frozenset("is coming next soon approaching will".split())
_AT_AGE = frozenset(("", ",", ".", "?", "i", "and", "with", "am", "can", "would", "is"))  # after "at 66"
_DONE = frozenset(("after", "just", "recently"))  # "after turning 45": it is so
_CHILD_S = {
    (verb, "a") for verb in "have has got with feeding breastfeeding nursing of".split()
}  # "I have a 2 year old"
_HAVING = (["i", "have"], ["she", "has"], ["he", "has"], ["i", "am"], ["she", "is"], ["he", "is"])


@dataclass(frozen=True)
class AgeMention:
    """An age in years at words start..end; `weight`: how plainly it is said; `other`: a person stands before it."""

    start: int
    end: int
    value: int
    weight: int
    other: bool = False


class AgeReader:
    """The words around ages, compiled once."""

    def __init__(self, age: Age, people: Sequence[str], language: Language) -> None:
        def compiled(phrases: Sequence[str]):  # type: ignore[no-untyped-def]
            return compile_patterns(" ".join(t.text for t in language.make_doc(phrase)) for phrase in phrases)

        self._after, self._said, self._nearly = map(compiled, (age.units_after, age.said_before, age.nearly))
        self._born, self._no_after, self._no_before = map(compiled, (age.born, age.not_an_age, age.not_before))
        self._sex, self._people = frozenset(age.sex), frozenset(people) | {"she", "he", "they", "who", "her", "his"}

    def mentions(self, doc: Doc, year: int) -> list[AgeMention]:
        """Every age said, in order."""
        words = [token.text for token in doc]
        numbers = _numbers(words)
        if not numbers:
            return []
        around = _Around(Line(doc), self)
        found = (self._one(words, number, around, year) for number in numbers)
        return [replace(m, other=self._of_other(words, m.start)) for m in found if m is not None]

    def _of_other(self, words: list[str], start: int, reach: int = 4) -> bool:
        near = words[max(0, start - reach) : start]
        if tuple(near[-2:]) in _CHILD_S and "am" not in near:
            return True
        people = [
            i
            for i, word in enumerate(near)
            if word in self._people and not (word in self._sex and near[:i] in ([], ["a"]))
        ]
        return bool(people) and "i" not in near[people[-1] :]

    def _one(  # noqa: PLR0911 - one rule after another, the first that fits decides
        self, words: list[str], number: tuple[int, int, int], around: _Around, year: int
    ) -> AgeMention | None:
        start, end, value = number
        born = any(last <= start <= last + 6 for last in around.born_ends)
        before = [word for word in words[max(0, start - 2) : start] if word != "'"][-1:]
        if born and (before == ["in"] or words[start - 1] == "'") and 10 < value < 100:  # "born in 95"
            return AgeMention(start, end, (year - value) % 100, 3)
        if FIRST_YEAR <= value <= year:
            alone = all(word in _FILLERS for word in words[:start] + words[end:])
            baby = words[end : end + 1] == ["baby"]
            return AgeMention(start, end, year - value, 3) if born or alone or baby else None
        birthday = self._birthday(words, start, end, value)
        if birthday is not None:
            return birthday
        if (
            not 0 < value <= OLDEST
            or (start in around.not_before_ends and (words[start - 1] != "at" or value < 25))
            or words[start - 1 : start] == ["not"]
            or (words[start - 1 : start] == [":"] and words[start - 2].isdecimal())  # a time of day
        ):
            return None
        if end in around.after_starts:
            return AgeMention(start, end, value, 3 if _self_said(words, start) else 2)
        no_age_after = end in around.not_after_starts and not (
            value > 12 and words[end] in ("am", "pm")
        )  # "at 66 am I"
        if start in around.said_ends and "age" in words[max(0, start - 2) : start]:
            no_age_after = False  # "my age is 38 years"
        if no_age_after and not self._years_had(words, start, end):
            apart = start == 0 and not _GONE.intersection(words[end + 1 : end + 2])
            apart = apart or (words[start - 1 : start] == [","] and words[end + 1 : end + 2] in ([","], []))
            of_person = words[start - 1] in self._people | {"am"}
            apart = apart or (of_person and words[end + 1 : end + 2] in ([","], ["."], []))
            return AgeMention(start, end, value, 2) if apart and words[end] in ("yrs", "years") else None
        weight = self._weight(words, start, end, value, around)
        if not weight:
            return None
        nearly = start in around.nearly_ends and not _DONE.intersection(words[max(0, start - 3) : start])
        return AgeMention(start, end, value - 1 if nearly else value, weight)

    def _birthday(self, words: list[str], start: int, end: int, value: int) -> AgeMention | None:
        """ "just had my 30th birthday", "my 60th is in march"."""
        after = words[end + 1 : end + 3]
        if words[end : end + 1] == [] or words[end] not in _ORDINAL or "my" not in words[max(0, start - 2) : start]:
            return None
        coming = bool(_COMING.intersection(after)) and "was" not in after
        if after[:1] != ["birthday"] and not (coming and value >= 12):
            return None
        had = _HAD.intersection(words[max(0, start - 4) : start])
        return AgeMention(start, end, value if had and not coming else value - 1, 3)

    def _weight(  # noqa: PLR0911 - as above
        self, words: list[str], start: int, end: int, value: int, around: _Around
    ) -> int:
        before, after = words[start - 1] if start else "", words[end] if end < len(words) else ""
        if self._years_had(words, start, end):
            return 3
        if start in around.nearly_ends and after in (
            "",
            ",",
            "next",
            "in",
            "soon",
            "this",
            ".",
            "and",
            "tomorrow",
            "on",
            "now",
            "years",
        ):
            return 3
        if start in around.said_ends and words[max(0, start - 2) : start] == ["age", "is"]:
            return 3
        if start in around.said_ends and (before != "is" or self._person_before(words, start - 1)):
            return 3 if _self_said(words, start) else 2
        if (before in self._sex and start == 1) or (after in self._sex and value >= 10):
            return 2
        if value >= 10 and (
            _beside(words, end, 1) in self._sex or (start < 3 and _beside(words, start - 1, -1) in self._sex)
        ):
            return 2
        if (
            self._person_before(words, start)
            and (before in frozenset((",", "(", "-", "", "law")) | self._people or before[:-1] in self._people)
            and after in ("", ",", ")", ".", "and", "-", "?", "!", "with", "on", "who", "wants", "has", "is")
        ):
            return 2
        if before in self._people and value >= 12:
            return 2
        if all(word in _FILLERS for word in words[:start] + words[end:]):
            return 2
        if after == "here" or (
            before == "of"
            and (self._person_before(words, start - 1) or self._sex.intersection(words[start - 2 : start - 1]))
        ):
            return 2
        if before in ("is", "'s") and value >= 12 and self._of_other(words, start, reach=10):
            return 2
        if before == "at" and after in _AT_AGE and value > 24:
            return 1
        first = not [w for w in words[:start] if w not in _FILLERS]
        closed = after in ("", ",", ".", ")", "!", "?", "now")
        apart = (closed and (first or before in (",", ".", ";", ":", "("))) or (first and after == "and")
        return 1 if apart and value >= 12 else 0

    def _years_had(self, words: list[str], start: int, end: int) -> bool:
        """ "I have 36 years", as several languages say it."""
        return (
            words[max(0, start - 2) : start] in _HAVING
            and words[end : end + 1] == ["years"]
            and not _GONE.intersection(words[end + 1 : end + 2])
        )

    def _person_before(self, words: list[str], start: int) -> bool:
        return any(
            word in self._people or (word[-1:] == "s" and word[:-1] in self._people)
            for word in words[max(0, start - 3) : start]
        )


class _Around:
    """Where the words that make or unmake an age stand in one message."""

    def __init__(self, line: Line, reader: AgeReader) -> None:
        self.after_starts = {start for start, _ in line.spans(reader._after)}
        self.not_after_starts = {start for start, _ in line.spans(reader._no_after)}
        self.not_before_ends = {end for _, end in line.spans(reader._no_before)}
        self.said_ends = {end for _, end in line.spans(reader._said)}
        self.nearly_ends = {end for _, end in line.spans(reader._nearly)}
        self.born_ends = {end for _, end in line.spans(reader._born)}


def _beside(words: Sequence[str], i: int, step: int) -> str:
    """The word beyond a comma or a slash at i: "29/f", "f, 29"."""
    return words[i + step] if 0 <= i < len(words) and words[i] in ("/", ",") and 0 <= i + step < len(words) else ""


def _self_said(words: Sequence[str], start: int) -> bool:
    return any(word in ("i", "my", "me") for word in words[max(0, start - 3) : start])


def _numbers(words: Sequence[str]) -> list[tuple[int, int, int]]:
    """Whole numbers (first word, after last, value), in digits or in words."""
    found, i = [], 0
    while i < len(words):
        end, value = _number(words, i)
        if value is not None:
            found.append((i, end, value))
        i = end
    return found


def _number(words: Sequence[str], i: int) -> tuple[int, int | None]:
    word = words[i]
    if word.isdecimal() and word.isascii():
        return i + 1, int(word) if len(word) <= 4 else None
    if date := _DATE.fullmatch(word):
        return i + 1, int(date[1])
    if word in _TEENS:
        return i + 1, _TEENS[word]
    if word in _TENS:
        after = i + 2 if words[i + 1 : i + 2] == ["-"] else i + 1
        if after < len(words) and words[after] in _UNITS:
            return after + 1, _TENS[word] + _UNITS[words[after]]
        return i + 1, _TENS[word]
    return i + 1, _UNITS.get(word)
