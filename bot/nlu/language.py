"""Which language a message is in: py3langid among the languages the clinic has words in, and English when in doubt.

Misspelt English must never be taken for another language: the more English words a message has, the surer it must be.
Nor may keys hit at random, of which py3langid names some language too: plain Latin letters count as a language only
where they look like words of one that is written in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

DEFAULT = "en"
SURE = 0.6  # probability needed where less than half of the words are English
SURE_AGAINST_ENGLISH = 0.9  # … and where more are
MOSTLY = 0.7  # share of English words from which a message in plain Latin letters is English
FEW_LETTERS, FEW_WORDS = 8, 3  # a shorter message in plain Latin letters stays English: it may be a name
BARE = 0.25  # share of words without a vowel ("bzw") above which plain Latin letters are no language
OTHER_LETTERS = frozenset("am ar bg bn el fa he hi hy ja ka km ko lo ru ta th uk ur zh".split())
_VOWEL = re.compile(r"[aeiouy]")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def recognise(text: str, is_english: Callable[[str], bool], among: Collection[str]) -> str:
    """ISO 639-1 code, one of `among`; `is_english`: whether a lower-case word is English or stands for such a word."""
    words = _WORD.findall(text.lower())
    letters = " ".join(words)
    if (
        len(among) < 2
        or len(letters) < 2
        or (letters.isascii() and (len(letters) < FEW_LETTERS or len(words) < FEW_WORDS))
        or (letters.isascii() and not _are_words(words))
    ):
        return DEFAULT
    english = sum(map(is_english, words)) / len(words)
    if letters.isascii() and english >= (MOSTLY if len(words) > FEW_WORDS else 0.5):
        return DEFAULT
    language, probability = _identifier(tuple(among)).classify(letters)
    if letters.isascii() and language in OTHER_LETTERS:
        return DEFAULT
    return str(language) if probability > (SURE if english < 0.5 else SURE_AGAINST_ENGLISH) else DEFAULT


def _are_words(words: list[str]) -> bool:
    """Whether most of them can be spoken; the shortest may be abbreviations or, in Polish, prepositions."""
    long = [word for word in words if len(word) > 2]
    return sum(not _VOWEL.search(word) for word in long) <= BARE * len(long)


@lru_cache(maxsize=2)
def _identifier(among: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(among))
    return identifier
