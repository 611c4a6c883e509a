"""Which language a message is in, told by its commonest little words; English when in doubt.

Only languages the clinic might answer in one day are told apart. A message of one or two words stays English.
"""

from __future__ import annotations

import re

DEFAULT = "en"
ENOUGH = 2  # known words, and more than English has, before a message counts as another language
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {"ru": r"[а-яё]", "ar": r"[\u0600-\u06ff]", "zh": r"[\u4e00-\u9fff]", "ja": r"[\u3040-\u30ff]", "ko": r"[\uac00-\ud7af]", "th": r"[\u0e00-\u0e7f]", "el": r"[α-ωά-ώ]"}  # fmt: skip
_LITTLE_WORDS = {
    "en": "the is it and to of you do does what how can for my i a in on at have are this that with not be me so no was",
    "de": "der die das ist und ich nicht wie was kann ein eine für mit auf bitte wieviel kostet tut weh haben habe wann es sie",
    "fr": "le la les est et je ne pas que quoi combien une pour avec sur vous est-ce ça fait mal quand des du mon j ai c",
    "es": "el la los es y yo no que qué cuánto cuanto una para con por usted duele cuándo del mi tengo cómo como hola está",
    "it": "il lo la gli è e io non che cosa quanto una per con su fa male quando del mio ho come ciao sono",
    "pt": "o os é e eu não que quanto uma para com por você dói quando do meu tenho como olá está isso são",
    "nl": "de het is en ik niet wat hoe een voor met op u doet pijn wanneer van mijn heb kan veel kost",
    "tr": "bir ve bu ne için mi mı nasıl kaç var yok ben çok ile acır zaman fiyat",
    "pl": "i jest nie co jak czy ile to na w z się dla mam boli kiedy proszę",
}
_KNOWN = {language: frozenset(words.split()) for language, words in _LITTLE_WORDS.items()}


def recognise(text: str) -> str:
    """ISO 639-1 code."""
    lowered = text.lower()
    for language, script in _SCRIPTS.items():
        if len(re.findall(script, lowered)) > len(lowered) / 3:
            return language
    words = _WORD.findall(lowered)
    counts = {language: sum(word in known for word in words) for language, known in _KNOWN.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= ENOUGH and counts[best] > 2 * counts[DEFAULT] else DEFAULT
