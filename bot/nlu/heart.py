"""The leaflet's heart criterion: a heart condition together with more than one medicine for it."""

from __future__ import annotations

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from bot.nlu.assertion import Judge, Value
from bot.nlu.vocabulary import Vocabulary

HEART, MULTI = "heart", "heart_multi_drug"
Said = tuple[Span, str, Value]
Owned = tuple[Span, str, Value, str]
_KINDS = frozenset("kinds kind types sorts of different".split())
NEAR = 4  # words between "two" and "tablets"


class HeartReader:
    """Counts heart medicines."""

    def __init__(self, vocabulary: Vocabulary, language: Language) -> None:
        self._matcher = PhraseMatcher(language.vocab)
        for number, names in enumerate(vocabulary.heart_medicines):
            self._matcher.add(f"medicine:{number}", [language.make_doc(name) for name in names])
        self._words = frozenset(vocabulary.medicine_words)
        self._several = frozenset(phrase.split()[0] for phrase in vocabulary.several if phrase != "a few") - {
            "a",
            "more",
        }
        self._times = frozenset(f"x {number}" for number in self._several if number.isdecimal())  # "heart meds x 3"

    def medicines(self, doc: Doc, said: list[Said], judge: Judge) -> list[Said]:
        """What the medicines named in a message say of the heart, as further statements."""
        named = [s for s in filter_spans(self._matcher(doc, as_spans=True)) if not judge.negated(s.start, s.end)]
        about_heart = [one for one in said if one[1] == HEART and one[2] != "no"]
        different = {span.label_ for span in named}
        statements: list[Said] = [(span, HEART, "yes") for span in named[:1] if not about_heart]
        many = self._counted(doc, judge)
        if len(different) > 1 or (many is not None and (about_heart or different)):
            statements.append((named[-1] if len(different) > 1 else many, MULTI, "yes"))  # type: ignore[arg-type]
        return statements

    def _counted(self, doc: Doc, judge: Judge) -> Span | None:
        """ "three tablets", "several heart pills": where more than one medicine is counted."""
        for token in doc:
            if token.text not in self._words:
                continue
            if doc[token.i + 1 : token.i + 3].text in self._times:
                return doc[token.i : token.i + 3]
            if doc[token.i + 1 : token.i + 2].text in self._several and doc[token.i + 2 : token.i + 3].text in _KINDS:
                return doc[token.i : token.i + 3]  # "heart pills, many kinds"
            before = range(max(0, token.i - NEAR), token.i)
            for i in before:
                asked = doc[max(0, i - 1)].text == "how"  # "how many tablets"
                if doc[i].text in self._several and not asked and not judge.negated(i, token.i + 1):
                    return doc[i : token.i + 1]
        return None

    def weigh(self, said: list[Owned]) -> list[Owned]:
        """Adds what the heart statement means for the criterion, where no medicine settled it."""
        if any(name == MULTI for _, name, _, _ in said):
            return said
        derived: list[Owned] = [
            (span, MULTI, "no" if value == "no" else "unsure", who) for span, name, value, who in said if name == HEART
        ]
        return said + derived
