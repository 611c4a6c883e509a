"""Reads a tidied wish from left to right into its pieces. What they mean together is `grammar`'s job."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.clinic.booking import clock_times, spoken_dates, written_dates
from bot.clinic.booking.tokens import DAY, Make, Rules, Sight, Token
from bot.clinic.booking.words import WEEKDAYS, words

RULES = Rules()
_PLANNED = rf"(?:{DAY}s?|mornings?|afternoons?|evenings?|weekends?|later|sooner|before|after)"
_SIGNS = (  # the order matters: the longer reading of a word comes first
    ("any", r"any(?: day| ?time| date| hour| of them)?|all day|flexible|(?:don't|do not) (?:mind|care)|no preference|"
            r"you (?:choose|pick)|surprise me|(?:doesn't|does not) matter|up to you"),
    ("asap", r"asap"),
    ("latest", r"latest"),
    ("day_before", r"(?:the )?day before"),
    ("day_after", r"(?:the )?day after(?! tomorrow)"),
    ("post_not", r"(?:doesn't|does not|don't|do not|won't|will not|isn't|is not|is no|are not|aren't|are no)"
                 r"(?: really)? (?:work|good|possible|suit|fit|okay|ok|great|an option|available|free)(?: for me)?"),
    ("later", r"(?:or|and) (?:later|onwards?|above|after(?! ?\w))|onwards?"),
    ("sooner", r"(?:or|and) (?:before|sooner)"),
    ("not", rf"not|no(?= {_PLANNED})|except(?: for)?|excluding|apart from|other than|anything but|any day but|"
            r"can't(?: do| make)?|don't|do not|isn't|is not|never|avoid|without|unable to|won't"),
    ("after", r"after|past|later than"),
    ("before", r"before|earlier than"),
    ("by", r"by|until|up to"),
    ("from", r"from|since|starting(?: on| from)?|beginning"),
    ("at", r"at"),
    ("around", r"around|about|approx(?:imately)?|roughly|ish|circa|near"),
    ("between", r"between"),
    ("to", r"to|through|thru"),
    ("or", r"or|and"),
    ("but", r"but"),
)  # fmt: skip
_MARKS = (("to", r"-"), ("or", r"[/&+]"), ("at", r"@"), ("comma", r"[,;.!?]"))


def _sign(kind: str) -> Make:
    return lambda match, sight: Token(kind)


for _kind, _pattern in _SIGNS:
    RULES.add(_pattern)(_sign(_kind))
for _kind, _pattern in _MARKS:
    RULES.add(_pattern, ends="")(_sign(_kind))


@RULES.add(r"(\d{1,2})(?: ?ish)?")
def _number(match: re.Match[str], sight: Sight) -> Token | None:
    return (
        Token("number", int(match[1]), name="about" if match[0].endswith("ish") else "")
        if int(match[1]) <= 31
        else None
    )


_SKIP = re.compile(r"[\w']+|\S")
_BLANK = re.compile(r"\s+")
_HALF = re.compile(r"\b(?:in the |at |this |tomorrow )?(morning|afternoon|evening|night|tonight)\b")
_FILLERS = words(
    "the a an on in is it i i'd i'm would like want please ok okay hi hello works work for me my can could do you we",
    "that's that this best good great fine suits suit maybe perhaps preferably ideally prefer day days time times date",
    "dates thanks thank yes free some sometime come see be of so then also",
)


def half_of_day(text: str) -> str:
    """ "am" or "pm" when a tidied text says which half of the day it is about, else empty."""
    half = _HALF.search(text)
    return "" if not half else "am" if half[1] == "morning" else "pm"


_IN_ORDER = (*written_dates.RULES, *spoken_dates.RULES, *clock_times.RULES, *RULES)


def one_weekday(text: str) -> int | None:
    """The weekday that a tidied text names, if it names exactly one."""
    named = {day for day in WEEKDAYS if re.search(rf"\b{day}", text)}
    return WEEKDAYS.index(named.pop()) if len(named) == 1 else None


@dataclass(frozen=True)
class Found:
    """The pieces of a wish in order, closed by an "end", and the other words that were typed with them."""

    tokens: tuple[Token, ...]
    other: tuple[str, ...]


def find(text: str, sight: Sight) -> Found:
    """Read a tidied text from left to right. Raises Impossible for a date or time that does not exist."""
    tokens: list[Token] = []
    other: list[str] = []
    at, loose = 0, False
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank:
            at = blank.end()
            continue
        found, end = _next(text, at, sight)
        if found:
            tokens.append(replace(found, loose=loose))
            at, loose = end, False
            continue
        skipped = _SKIP.match(text, at)
        at = skipped.end() if skipped else at + 1
        if skipped and skipped[0] not in _FILLERS:
            other.append(skipped[0])
            loose = True
    return Found((*tokens, Token("end", loose=loose)), tuple(other))


def _next(text: str, at: int, sight: Sight) -> tuple[Token | None, int]:
    for pattern, make in _IN_ORDER:
        match = pattern.match(text, at)
        if match and match.end() > at:
            token = make(match, sight)
            if token:
                return token, match.end()
    return None, at
