"""Treatments, concerns, age and screening facts in a message, with what is said about them and about whom."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.util import filter_spans

from bot.nlu.reader import Reading
from bot.nlu.vocabulary import Vocabulary


class ClinicalReader:
    """An entity ruler fed from the vocabulary."""

    def __init__(self, vocabulary: Vocabulary, language: Language) -> None:
        self._matcher = PhraseMatcher(language.vocab)
        for kind, groups in (("treatment", vocabulary.treatment), ("concern", vocabulary.concern)):
            for value, phrases in groups.items():
                self._matcher.add(f"{kind}:{value}", [language.make_doc(phrase) for phrase in phrases])

    def entities(self, reading: Reading) -> list[dict[str, Any]]:
        found = []
        for span in filter_spans(self._matcher(reading.doc, as_spans=True)):
            kind, value = span.label_.split(":")
            start, end = reading.place(span)
            found.append({"entity": kind, "value": value, "start": start, "end": end, "about": "self", "extractor": "ClinicalEntities"})
        return found
