"""Tidies what a patient typed about a time: short forms, numbers in words, slips of the thumb."""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz.distance import OSA

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
LONGEST = 500  # characters of a wish that are read; nobody needs more to name a time


def words(*lists: str) -> tuple[str, ...]:
    """The words of texts that are lists of words."""
    return tuple(" ".join(lists).split())


_SHORT = {
    "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "weds": "wednesday",
    "thu": "thursday", "thur": "thursday", "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday",
    "jan": "january", "feb": "february", "apr": "april", "jun": "june", "jul": "july", "aug": "august",
    "sep": "september", "sept": "september", "oct": "october", "nov": "november", "dec": "december",
    "tmrw": "tomorrow", "tmr": "tomorrow", "tmw": "tomorrow", "tomo": "tomorrow", "tomoz": "tomorrow",
    "2moro": "tomorrow", "2morrow": "tomorrow", "2mrw": "tomorrow", "tonite": "tonight", "2day": "today",
    "2nite": "tonight", "nxt": "next", "wk": "week", "wks": "weeks", "wkend": "weekend", "arvo": "afternoon",
    "b4": "before", "aft": "after", "til": "until", "till": "until", "noon": "midday", "eve": "evening",
    "mins": "minutes", "xmas": "christmas", "earlier": "before", "anytime": "any",
    "montag": "monday", "dienstag": "tuesday", "mittwoch": "wednesday", "donnerstag": "thursday", "freitag": "friday",
    "samstag": "saturday", "sonntag": "sunday", "januar": "january", "februar": "february", "märz": "march",
    "oktober": "october", "dezember": "december", "okt": "october", "dez": "december",
    "noonish": "around midday",
    "whenever": "any", "cant": "can't", "cannot": "can't", "dont": "don't", "doesnt": "doesn't",
}  # fmt: skip
_CARDINALS = words(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty",
)
_ORDINALS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth",
)
_NUMBERS = {word: str(value) for value, word in enumerate(_CARDINALS, 1)} | {"thirty": "30"}
_RANKS = {word: f"{value}th" for value, word in enumerate(_ORDINALS, 1)} | {"thirtieth": "30th"}
_PHRASES = [
    (re.compile(rf"\b(?:{pattern})\b"), meant)
    for pattern, meant in [
        (r"as soon as (?:possible|you can)|a\.?s\.?a\.?p|earliest|soonest|right away|sooner the better|soon", "asap"),
        (r"(?:first|next) (?:available|free|open(?:ing)?|possible)", "asap"),
        (r"(?:what|which|when)(?: times?| days?| slots?)? (?:do (?:you|u) have|have (?:you|u) got|"
         r"(?:is|are|'s)(?: (?:you|u))? (?:free|available|open)|"
         r"(?:can|could) (?:i come|(?:you|u) (?:see|fit|take) me))(?: in)?", "asap"),
        (r"if not(?= \w+day)", "or"),
        (r"(?<=any|ery|ing|ime|day|oon) but (?!not|after|before|no )", " except "),
        (r"(?:christmas|xmas) eve", "24 december"),
        (r"new year'?s eve", "31 december"),
        (r"between (?:christmas|xmas) and new year(?:'?s)?(?: day| eve)?", "from 27 december to 31 december"),
        (r"sooner than", "before"),
        (r"(?:until|till|til) ([^,;.]{1,12}?),? (?:so|and|then),? (?:only |any ?time )?after (?:that|then)",
         r"after \1"),
        (r"(?:the )?same (?:week ?)?day next week", "a week from today"),
        (r"as late as (?:possible|you can)|(?:the )?(?:last|latest) (?:possible |available )?(?:appointment|slot|time)"
         r"(?: of the day)?|(?:the )?latest (?:possible|you have)", "latest"),
        (r"make (?:it|that)(?= \d{1,2}(?:\W*$| instead| please| then| if))", "at"),
        (r"first thing", "early morning"),
        (r"(?:one|a) day next week", "next week"),
        (r"a couple(?: of)?", "two"),
        (r"half an hour", "30 minutes"),
        (r"o[' ]?clock", "oclock"),
        (r"no later than|not later than", "by"),
        (r"no earlier than|not earlier than|at the earliest", "from"),
    ]
]  # fmt: skip
_TENS = re.compile(r"\b(twenty|thirty)[ -](\w+)\b")
_WORD = re.compile(r"[^\W\d_]+|\d\w*")
# Words worth repairing: long enough that a near miss is no other English word.
_REPAIRABLE = tuple(
    word
    for word in (*WEEKDAYS, *MONTHS, "tomorrow", "tonight", "morning", "afternoon", "evening", "weekend", "fortnight",
                 "lunchtime", "midday", "yesterday", "christmas")
    if len(word) > 5
)  # fmt: skip
_NOT_SLIPS = words("weekday weekdays warning burning might moments borrow remember member friends holiday holidays")


def tidy(text: str) -> str:
    """The text in lower case with short forms, number words and slips of the thumb put right."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    text = re.sub(r"[’‘`´]", "'", re.sub(r"[‐-―−]", "-", text))
    for pattern, meant in _PHRASES:
        text = pattern.sub(meant, text)
    text = _TENS.sub(_tens, text)
    return re.sub(r"\s+", " ", _WORD.sub(lambda match: _word(match[0]), text)).strip()


def _tens(match: re.Match[str]) -> str:
    tens = 20 if match[1] == "twenty" else 30
    unit = match[2]
    if unit in _NUMBERS and int(_NUMBERS[unit]) < 10:
        return str(tens + int(_NUMBERS[unit]))
    if unit in _RANKS and int(_RANKS[unit][:-2]) < 10:
        return f"{tens + int(_RANKS[unit][:-2])}th"
    return match[0]


def _word(word: str) -> str:
    for table in (_SHORT, _NUMBERS, _RANKS):
        if word in table:
            return table[word]
    return _repair(word) if len(word) > 4 and word.isalpha() else word


def _repair(word: str) -> str:
    """The calendar word this is a slip of, when there is exactly one; else the word itself."""
    if word in _REPAIRABLE or word in _NOT_SLIPS:
        return word
    plural = word.endswith("s") and word[:-1] in _REPAIRABLE
    if plural:
        return word
    far = 1 if len(word) < 7 else 2
    near = sorted((OSA.distance(word, known, score_cutoff=far), known) for known in _REPAIRABLE)
    near = [pair for pair in near if pair[0] <= far]
    unique = len(near) == 1 or (len(near) > 1 and near[0][0] < near[1][0])
    return near[0][1] if near and unique and near[0][1][0] == word[0] else word
