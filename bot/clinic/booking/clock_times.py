"""Times of day: 17:30, half past ten, 2-4 pm, the morning. Hours without am or pm go by the opening hours."""

from __future__ import annotations

import re

from bot.clinic.booking.tokens import MONTH, Impossible, Rules, Sight, Token

RULES = Rules()


def clock(hour: int, minute: int) -> int:
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise Impossible(f"{hour}:{minute:02} is no time of day")
    return hour * 60 + minute


def read_hour(hour: int, minute: int, half: str, sight: Sight) -> int:
    """Minutes after midnight of a spoken time: `half` is am, pm or empty, when the opening hours decide."""
    if hour > 12 or hour == 0:
        return clock(hour, minute)
    if half:
        return clock(hour % 12 + (12 if half == "pm" else 0), minute)
    half = sight.half
    if half and not (half == "am" and hour % 12 * 60 + minute < sight.opens and hour != 12):
        return clock(hour % 12 + (12 if half == "pm" else 0), minute)
    early = clock(hour % 12, minute)
    late = early + 12 * 60
    if hour == 12:
        return late
    if early < sight.opens and (late < sight.closes or hour < 7):
        return late
    return early


def in_order(low: int, high: int, sight: Sight) -> tuple[int, int] | None:
    """A span of hours whose ends were read apart: "5 to 7" at a clinic that opens at nine is an evening's."""
    if low >= high and high < sight.opens:
        high += 12 * 60
    if low >= high and low >= 12 * 60:
        low -= 12 * 60
    return (low, high) if low < high else None


@RULES.add(
    r"half (?:past )?(\d{1,2})|",
    r"(?:(a )?quarter|(\d{1,2})(?: minutes)?) (past|after|to|before|of) (\d{1,2})(?! ?(?:am|pm)?-)( ?[ap]m)?",
)
def _spoken(match: re.Match[str], sight: Sight) -> Token | None:
    if match[1]:
        return Token("time", read_hour(int(match[1]), 30, "", sight))
    minutes, hour = int(match[3] or 15), int(match[5])
    if minutes not in (5, 10, 15, 20, 25) or (minutes <= 12 and match[4] != "past"):
        return None  # "10 to 12" is a span of hours
    whole = read_hour(hour, 0, (match[6] or "").strip(), sight)
    return Token("time", whole + (minutes if match[4] in ("past", "after") else -minutes))


@RULES.add(
    r"(\d{1,2})(?:[:.h](\d{2}))? ?([ap]\.?m\.?|h)? ?(?:-|to|until|and) ?",
    rf"(\d{{1,2}})(?:[:.h](\d{{2}}))? ?([ap]\.?m\b\.?|h|oclock)?(?! {MONTH})(?![\d/]|st|nd|rd|th)",
)
def _hours(match: re.Match[str], sight: Sight) -> Token | None:
    first, second = int(match[1]), int(match[4])
    if " and " in match[0] and not (match[3] or match[6]):
        return None  # "2 and 4" needs "between", which the grammar knows
    if first > 24 or second > 24:
        return None
    late = (match[6] or "").replace(".", "")
    early = (match[3] or "").replace(".", "")
    high = read_hour(second, int(match[5] or 0), late if late in ("am", "pm") else "", sight)
    low = read_hour(
        first, int(match[2] or 0), early if early in ("am", "pm") else late if late in ("am", "pm") else "", sight
    )
    span = in_order(low, high, sight)
    return Token("span", span) if span else None


@RULES.add(r"([01]\d|2[0-3])(00|15|30|45)(?: ?(?:h|hrs|hours|uhr))?")
def _four_digits(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", clock(int(match[1]), int(match[2])))


@RULES.add(r"(\d{1,2})[:h.](\d{2}) ?([ap]\.?m\b\.?|h|hrs|uhr)?")
def _digital(match: re.Match[str], sight: Sight) -> Token:
    half = (match[3] or "").replace(".", "")
    if half in ("am", "pm"):
        return Token("time", read_hour(int(match[1]), int(match[2]), half, sight))
    if match[1].startswith("0") or int(match[1]) > 12:
        return Token("time", clock(int(match[1]), int(match[2])))
    return Token("time", read_hour(int(match[1]), int(match[2]), "", sight))


@RULES.add(r"(\d{1,2}) ?(?:([ap])\.?m\b\.?|(oclock|h|hrs|uhr))(?: in the (?:morning|afternoon|evening))?")
def _whole_hour(match: re.Match[str], sight: Sight) -> Token:
    if int(match[1]) > 24:
        raise Impossible(f"{match[1]} is no hour")
    return Token("time", read_hour(int(match[1]), 0, f"{match[2]}m" if match[2] else "", sight))


_PARTS = {
    "early morning": (0, 10 * 60), "late morning": (10 * 60 + 30, 12 * 60 + 30), "morning": (0, 12 * 60),
    "early afternoon": (12 * 60, 14 * 60 + 30), "late afternoon": (15 * 60 + 30, 18 * 60),
    "afternoon": (12 * 60, 17 * 60),
    "lunch": (12 * 60, 14 * 60), "evening": (17 * 60, 24 * 60), "night": (18 * 60, 24 * 60),
    "end of the day": (15 * 60 + 30, 24 * 60), "end of day": (15 * 60 + 30, 24 * 60),
    "after work": (17 * 60, 24 * 60), "after school": (15 * 60 + 30, 24 * 60), "after lunch": (13 * 60 + 30, 24 * 60),
    "before work": (0, 9 * 60), "before lunch": (0, 12 * 60), "before school": (0, 9 * 60),
}  # fmt: skip


@RULES.add(
    r"(?:in the |over |at |during (?:the |my )?|around |early in the |late in the )?",
    r"((?:early |late )?(?:morning|afternoon)|evening|night|end of (?:the )?day|",
    r"(?:after|before) (?:work|school|lunch(?: ?time| break)?)|lunch(?: ?time| ?hour| ?break)?)s?",
)
def _part(match: re.Match[str], sight: Sight) -> Token:
    word = re.sub(r"lunch ?\w*", "lunch", match[1])
    if match[0].startswith(("early in", "late in")):
        word = f"{match[0].split()[0]} {word}"
    return Token("span", _PARTS.get(word, _PARTS.get(word.split()[-1])), name="part")


@RULES.add(r"(?:12 ?)?midday|12 midday")
def _midday(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", 12 * 60)


@RULES.add(r"midnight")
def _midnight(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", 0)


@RULES.add(r"(?:in the |any |an? )?(am|pm)")
def _half(match: re.Match[str], sight: Sight) -> Token:
    return Token("span", (0, 12 * 60) if match[1] == "am" else (12 * 60, 24 * 60), name="part")
