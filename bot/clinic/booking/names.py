"""Finds the name a patient gives, in a sentence or alone, and refuses what cannot be one."""

from __future__ import annotations

import re
import unicodedata

from bot.clinic.booking.words import words

LONGEST = 80
MOST_WORDS = 6
_ASKED_FOR = re.compile(
    r"\b(?:(?:my|her|his|the|full|patient'?s?|son'?s|daughter'?s|mother'?s|mom'?s|mum'?s) (?:full |first |last )?name"
    r"(?:'s| is| ?[:=-])?"
    r"|(?:i am|i'm|im) called|name(?: is|'s| ?[:=-])|you can call me|call me|they call me|put (?:me )?down|for the name"
    r"|(?:should be|meant|correct is|actually)|(?:it is|it's|its)|this is|(?:i am|i'm|im))\s+",
    re.IGNORECASE,
)  # fmt: skip
_SURE = re.compile(r"\b(?:name|called|call me)\b", re.IGNORECASE)
_ENDS = re.compile(
    r"[,.;!?:\n]\s|[;!?\n]|[,.]$|\s-\s|\b(?:and|but|please|pls|thanks|thank you|with|here|speaking)\b", re.IGNORECASE
)
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|yes|yeah|ok|okay|sure|sorry|well|oh|no|mr|mrs|ms|miss|dr)\b[\s,.!]*)+", re.IGNORECASE
)
_INITIAL = re.compile(r"\b(\w)\.(?=\s|$)")
_BROKEN = re.compile(r"[<>{}\[\]\\|@#$%^*=~_/+\d]")
# Words that make a text a sentence and not a name. Those that are also names (Do, An, Will, May) are left out.
_SENTENCE = words(
    "a the not no yes is are am was i i'm im me my you your we us it it's its this that there they them what why",
    "how who when where which want need can can't could would should have haven't has had get got like please",
    "wrong right sure thanks thank hello hi hey ok okay nope yeah yep none nothing anything something someone",
    "maybe never don't dont doesn't didn't won't stop cancel help back skip next other change name number phone",
    "email mail book booking appointment time date treatment facial hair here just looking going trying calling",
    "asking pregnant diabetic years old fine good bad happy sorry prefer rather say tell for about to of in on at",
    "with but if or and because anonymous private secret unknown test correct incorrect misspelled spelled true",
    "false person human agent bot today tomorrow tonight monday tuesday wednesday thursday friday saturday sunday",
    "morning afternoon evening",
)


def understand_name(text: str) -> str | None:
    """The name in an answer to "What is your name?", as typed and trimmed; None when there is none to be had.

    Keeps O'Neill, José, Nguyễn, double and single names; refuses mark-up, digits, control characters and sentences.
    """
    bare = "" if "?" in text else _GREETING.sub("", _plain(text))
    return find_name(text) or _as_name(bare)


def find_name(text: str, sure: bool = False) -> str | None:
    """The name that a phrase such as "my name is" announces, else None. `sure` leaves out "it's …" and "I'm …"."""
    plain = _plain(text)
    for match in reversed(list(_ASKED_FOR.finditer(plain))):
        name = _as_name(plain[match.end() :])
        if name and (not sure or _SURE.search(match[0])):
            return name
    return None


def name_as_written(text: str) -> str | None:
    """The whole text as a name, though it may be a word of the language; None where it cannot be one."""
    name = re.sub(r"\s+", " ", _plain(text))
    parts = name.split()
    usable = parts and len(name) <= LONGEST and len(parts) <= MOST_WORDS and all(map(_is_word, parts))
    return _capitals(name) if usable else None


def _plain(text: str) -> str:
    if any(unicodedata.category(letter) == "Cc" and letter not in "\n\r\t" for letter in text[:1000]):
        return ""
    return re.sub(r"[’‘`´]", "'", unicodedata.normalize("NFC", text[:1000])).strip(' \t\r\n"“”«».,!')


def _as_name(text: str) -> str | None:
    end = _ENDS.search(_INITIAL.sub(r"\1", text))
    name = re.sub(r"\s+", " ", _INITIAL.sub(r"\1", text)[: end.start() if end else None]).strip(" .,-'\"")
    parts = name.split()
    if not parts or len(name) > LONGEST or len(parts) > MOST_WORDS or _BROKEN.search(name):
        return None
    others = [word for place, word in enumerate(parts) if not _is_initial(word, place, len(parts))]
    is_sentence = any(word.lower() in _SENTENCE for word in others) and not _is_titled(parts)
    if is_sentence or not all(map(_is_word, parts)):
        return None
    return _capitals(name)


def _is_titled(parts: list[str]) -> bool:
    """Whether it is written as names are (Kim Hi, Lee Person), and begins with no word of a sentence (Not Sure)."""
    return len(parts) > 1 and parts[0].lower() not in _SENTENCE and all(map(str.istitle, parts))


def _is_initial(word: str, place: int, count: int) -> bool:
    """Whether it is the letter of a further name: John A. Smith, Mary I. Example; not the I of "can I"."""
    return place > 0 and (word == "A" or (word == "I" and place < count - 1))


def _is_word(word: str) -> bool:
    """Letters with their marks, apostrophes, hyphens; at least one letter."""
    allowed = all(unicodedata.category(letter)[0] in "LM" or letter in "'-.·" for letter in word)
    return allowed and any(letter.isalpha() for letter in word)


def _capitals(name: str) -> str:
    """A name typed all in small letters gets its capitals; any other stays as typed."""
    if name != name.lower():
        return name
    return re.sub(r"(^|[\s'-])(\w)", lambda match: match[1] + match[2].upper(), name)
