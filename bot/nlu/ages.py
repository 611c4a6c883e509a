"""Ages in a message: digits, words, birth years, and the numbers that are none. The year is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.numbers import is_number, numbers_in
from bot.nlu.patterns import Line, compile_patterns
from bot.nlu.vocabulary import Age

OLDEST, FIRST_YEAR = 110, 1915
_FILLERS = frozenset(
    "um uh er well ok okay oh so yes hi hello hey just only , . ! ? : - year years yrs old "
    "my age is am i it this".split()
)
_GONE = frozenset(
    "ago of later experience now married since back old clear free in without on off".split()
)  # after "20 years": no age
_GOING_ON = tuple([word] for word in (*_GONE, "standing", "in", "with", "into", "at", "from", "after"))
_FULL_STOPS = (".", "!", "?", ";")
_MONTHS = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec weeks days months".split()
)
CHILD, GROWN = 12, 16  # years from which a number beside certain words is an age
CENTURY = 29  # a birth year in two digits is above: "born eighty five"
MIDNIGHT = 24  # up to here "at 20" may be a time of day
_AFTER_NEARLY = frozenset(("", ",", "next", "in", "soon", "this", ".", "and", "tomorrow", "on", "now", "years"))
_BEFORE_APPOSED = frozenset((",", "(", "-", "", "law"))
_AFTER_APPOSED = frozenset(("", ",", ")", ".", "and", "-", "?", "!", "with", "on", "who", "wants", "has", "is"))
_BEFORE_CLOSED = frozenset((",", ".", ";", ":", "("))
FEW = 3  # words of a message in which a number at the end is an age
_ORDINAL = frozenset(("th", "st", "nd", "rd", "and"))  # "and": how "nd" is read
_HAD = frozenset("had celebrated after since just was passed".split())
_COMING = frozenset("is coming next soon approaching will".split())
_LONG_AGO = frozenset(  # "had it at 25"
    "had got was were died lost diagnosed since when began started passed looked live lives living".split()
)
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
        numbers = numbers_in(words)
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
            if word in self._people
            and not (word in self._sex and near[:i] in ([], ["a"]))
            and near[max(0, i - 2) : i] not in (["am", "a"], ["am", "the"])
        ]
        return bool(people) and "i" not in near[people[-1] :]

    def _one(  # noqa: PLR0911 - one rule after another, the first that fits decides
        self, words: list[str], number: tuple[int, int, int], around: _Around, year: int
    ) -> AgeMention | None:
        start, end, value = number
        born = any(last <= start <= last + 6 for last in around.born_ends)
        before = [word for word in words[max(0, start - 2) : start] if word != "'"][-1:]
        short = before == ["in"] or words[start - 1] == "'" or (before == ["born"] and value > CENTURY)
        if born and short and 10 < value < 100:  # "born in 95"
            return AgeMention(start, end, (year - value) % 100, 3)
        if FIRST_YEAR <= value <= year:
            alone = all(word in _FILLERS for word in words[:start] + words[end:])
            baby = words[end : end + 1] in (["baby"], ["model"], ["vintage"])
            of = before in (["from"], ["year"]) and "am" in words[:start] and year - value >= CHILD
            return AgeMention(start, end, year - value, 3) if born or alone or baby or of else None
        birthday = self._birthday(words, start, end, value)
        if birthday is not None:
            return birthday
        if (
            not 0 < value <= OLDEST
            or (start in around.not_before_ends and (words[start - 1] != "at" or value < 25))
            or words[start - 1 : start] == ["not"]
            or words[end : end + 1] == ["s"]  # "in her 60s"
            or (words[start - 1 : start] == [":"] and words[start - 2].isdecimal())  # a time of day
        ):
            return None
        if end in around.after_starts:
            return AgeMention(start, end, value - _coming(words, end, 4), 3 if _self_said(words, start) else 2)
        no_age_after = end in around.not_after_starts and not (
            value > 12 and words[end] in ("am", "pm")
        )  # "at 66 am I"
        if start in around.said_ends and {"age", "aged"}.intersection(words[max(0, start - 2) : start]):
            no_age_after = False  # "my age is 38 years"
        if no_age_after and words[end] in ("yrs", "years") and _being(words, start, end) and value >= 12:
            return AgeMention(start, end, value, 2)
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
        begins = start in around.said_ends or words[max(0, start - 1) : start] in ([], [","], ["."], ["!"])
        nearly = nearly or bool(begins and _coming(words, end, 2))
        return AgeMention(start, end, value - 1 if nearly else value, weight)

    def _birthday(self, words: list[str], start: int, end: int, value: int) -> AgeMention | None:
        """ "just had my 30th birthday", "my 60th is in march"."""
        after = words[end + 1 : end + 3]
        if words[end : end + 1] == [] or words[end] not in _ORDINAL or "my" not in words[max(0, start - 2) : start]:
            return None
        coming = bool(_COMING.intersection(after)) and "was" not in after
        had = _HAD.intersection(words[max(0, start - 4) : start])
        if after[:1] != ["birthday"] and not ((coming or had) and value >= CHILD):
            return None
        return AgeMention(start, end, value if had and not coming else value - 1, 3)

    def _weight(self, words: list[str], start: int, end: int, value: int, around: _Around) -> int:
        before, after = words[start - 1] if start else "", words[end] if end < len(words) else ""
        return (
            self._said_to_be(words, start, end, around)
            or self._of_somebody(words, start, end, value)
            or _corrected(words, start, end, value)
            or _standing(words, start, end, value, (before, after))
        )

    def _said_to_be(self, words: list[str], start: int, end: int, around: _Around) -> int:
        """ "I am 47", "nearly 48", "my age is 47", "I have 47 years"."""
        after = words[end] if end < len(words) else ""
        told = 3 if _self_said(words, start) else 2
        if self._years_had(words, start, end) or (start in around.nearly_ends and after in _AFTER_NEARLY):
            return 3
        if start not in around.said_ends:
            return 0
        if words[max(0, start - 2) : start] == ["age", "is"]:
            return 3
        return told if words[start - 1] != "is" or self._person_before(words, start - 1) else 0

    def _of_somebody(self, words: list[str], start: int, end: int, value: int) -> int:
        """ "f 38", "my hubby, 58, …", "a woman of 47"."""
        before, after = words[start - 1] if start else "", words[end] if end < len(words) else ""
        beside = _beside(words, end, 1) in self._sex or (start < 3 and _beside(words, start - 1, -1) in self._sex)
        sex = (before in self._sex and start == 1) or (value >= 10 and (after in self._sex or beside))
        in_apposition = (
            self._person_before(words, start)
            and (before in _BEFORE_APPOSED | self._people or before[:-1] in self._people)
            and after in _AFTER_APPOSED
        )
        of = before == "of" and (
            self._person_before(words, start - 1) or self._sex.intersection(words[start - 2 : start - 1])
        )
        alone = all(word in _FILLERS for word in words[:start] + words[end:])
        if sex or in_apposition or alone or after == "here":
            return 2
        if (of and value >= GROWN) or (before in self._people and value >= CHILD):  # but "mother of 4"
            return 2
        return 2 if before in ("is", "'s") and value >= CHILD and self._of_other(words, start, reach=10) else 0

    def _years_had(self, words: list[str], start: int, end: int) -> bool:
        """ "I have 36 years", as several languages say it."""
        of_person = words[start - 1 : start] in (["has"], ["have"]) and self._person_before(words, start - 1)
        return (
            (of_person or words[max(0, start - 2) : start] in _HAVING)
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


def _corrected(words: Sequence[str], start: int, end: int, value: int) -> int:
    """ "60 next birthday, so 59", "started at 20, now 35", "43, not 34", "a young eighty-three", "me 31"."""
    before, after = words[start - 1] if start else "", words[end] if end < len(words) else ""
    if before == "at" and value > MIDNIGHT and not _LONG_AGO.intersection(_clause(words, start - 1)):
        return 1
    if before in ("so", "well", "ok", "actually") and value >= GROWN and after in ("", ".", ",", ")", "if", "and"):
        return 3
    if value < CHILD:
        return 0
    if before in ("now", "young", "me") or (after == "not" and words[end + 1 : end + 2] and is_number(words[end + 1])):
        return 2
    return 2 if before == "just" and after not in ("", "of", "the", "a") and value >= GROWN else 0


def _standing(words: Sequence[str], start: int, end: int, value: int, beside: tuple[str, str]) -> int:
    """1 where a number stands for itself at the edge of a clause: "52 but look 70", "wrinkles, 47.", "student 21"."""
    before, after = beside
    first = not [word for word in words[:start] if word not in _FILLERS]
    closed = after in ("", ",", ".", ")", "!", "?", "now")
    if value >= CHILD and ((closed and (first or before in _BEFORE_CLOSED)) or (first and after == "and")):
        return 1
    if value < GROWN:
        return 0
    begins = before in ("", ",", *_FULL_STOPS)
    goes_on = after in ("with", "but", "if", "to", "actually") and before in ("", ",")
    goes_on = goes_on or (after == "and" and before in _FULL_STOPS) or (begins and bool(_coming(words, end, 2)))
    ends = after == "" and (len(words) <= FEW or (before == "and" and not _counts(words, start)))
    return int(goes_on or ends)


def _clause(words: Sequence[str], end: int, reach: int = 5) -> Sequence[str]:
    """The few words before, of the same clause."""
    near = words[max(0, end - reach) : end]
    stop = max((i + 1 for i, word in enumerate(near) if word in (*_FULL_STOPS, ",", "today", "now")), default=0)
    return near[stop:]


def _counts(words: Sequence[str], start: int) -> bool:
    """Whether a number stands a few words before."""
    return any(is_number(word) for word in words[:start][-5:])


def _coming(words: Sequence[str], end: int, reach: int) -> int:
    """1 where a birthday is still to come: "35 next week", "eighteen in june", "70 years old tomorrow"."""
    after = list(words[end : end + reach + 2])
    while after and after[0] in ("-", "year", "years", "yrs", "old"):
        after.pop(0)
    soon = after[:1] in (["next"], ["tomorrow"]) or (after[:1] == ["in"] and _MONTHS.intersection(after[1:3]))
    return int(bool(soon))


def _being(words: Sequence[str], start: int, end: int) -> bool:
    """ "I am a software engineer, 29 years", "me I be 29 years"."""
    before = words[max(0, start - 5) : start]
    if before[-2:] in (["is", "of"], ["am", "of"]):
        return True  # "she is of 58 years"
    of_time = {"for", "since", "after", "every", "over", "in", "last", "past", "about", "within"}.intersection(before)
    return bool({"am", "be"}.intersection(before)) and not of_time and words[end + 1 : end + 2] not in _GOING_ON


def _self_said(words: Sequence[str], start: int) -> bool:
    return any(word in ("i", "my", "me") for word in words[max(0, start - 3) : start])
