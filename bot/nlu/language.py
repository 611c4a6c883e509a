"""Which language a message is in: py3langid among the languages the clinic has words in, and English when in doubt.

Misspelt English must never be taken for another language: the more English words a message has, the surer it must be.
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
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def recognise(text: str, is_english: Callable[[str], bool], among: Collection[str]) -> str:
    """ISO 639-1 code, one of `among`; `is_english`: whether a lower-case word is English or stands for such a word."""
    words = _WORD.findall(text.lower())
    letters = " ".join(words)
    if (
        len(among) < 2
        or len(letters) < 2
        or (letters.isascii() and (len(letters) < FEW_LETTERS or len(words) < FEW_WORDS))
    ):
        return DEFAULT
    english = sum(map(is_english, words)) / len(words)
    if letters.isascii() and english >= (MOSTLY if len(words) > FEW_WORDS else 0.5):
        return DEFAULT
    language, probability = _identifier(tuple(among)).classify(letters)
    return str(language) if probability > (SURE if english < 0.5 else SURE_AGAINST_ENGLISH) else DEFAULT


@lru_cache(maxsize=2)
def _identifier(among: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(among))
    return identifier
