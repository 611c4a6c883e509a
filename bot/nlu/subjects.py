"""Whom a message is about: the patient who writes, or somebody they ask for. And whose a condition is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.assertion import Value
from bot.nlu.patterns import Line, compile_patterns
from bot.nlu.vocabulary import Vocabulary

About = Literal["self", "other"]
_ME = frozenset(("i", "me", "myself", "mine"))
_ASKING = frozenset(
    "can could may should asking ask wanted want was wondering wonder know think book wish hope if".split()
)
_SUBJECTS = frozenset(("she", "he", "her", "hers", "his"))
_HISTORY = frozenset("had was were died passed used got".split())
_PRESENT = frozenset(
    "is wants want would has needs need takes who can could should will does whose 's thinks likes asks "
    "have keeps on".split()
)


class Subjects:
    """Words for people, compiled once."""

    def __init__(self, vocabulary: Vocabulary, language: Language) -> None:
        def compiled(phrases: Sequence[str]):  # type: ignore[no-untyped-def]
            return compile_patterns(" ".join(t.text for t in language.make_doc(phrase)) for phrase in phrases)

        self._people = frozenset(vocabulary.people)
        self._pronouns = frozenset(vocabulary.other_pronouns)
        self._for_others = compiled(vocabulary.for_others)
        self._history = compiled(vocabulary.family_history)
        self._general = compiled(vocabulary.in_general)

    def of(self, doc: Doc) -> Whose:
        """Whom one message is about."""
        line = Line(doc)
        words = [token.text for token in doc]
        for_others = [end for _, end in line.spans(self._for_others)]
        return Whose(
            words, self._people, self._pronouns, for_others, line.spans(self._history), line.spans(self._general)
        )


class Whose:
    """Answers for one message."""

    def __init__(  # noqa: PLR0913, PLR0917 - the message, and what Subjects found in it
        self, words: list[str], people: frozenset[str], pronouns: frozenset[str], for_others: list[int],
        history: list[tuple[int, int]], general: list[tuple[int, int]],
    ) -> None:  # fmt: skip
        self._words, self._people, self._pronouns = words, people, pronouns
        self._history, self._general = history, general
        self.about: About = "other" if self._is_for_other(for_others) else "self"

    def _is_for_other(self, for_others: list[int]) -> bool:
        words = self._words
        if any(
            word in self._people | {"her", "him", "someone", "friend"}
            for end in for_others
            for word in words[end - 1 : end + 3]
        ):
            return True
        if self._speaks_of_self():
            return False
        person = next((i for i, word in enumerate(words) if word in self._people and not self._of_self(i)), None)
        if any(word in _SUBJECTS for word in words):
            return True
        if person is None:
            return False
        following = words[person + 1 : person + 5]
        past = next((word for word in following if word in _HISTORY), None)
        present = next((word for word in following if word in _PRESENT or word in (",", "(")), None)
        now = present is not None and (past is None or following.index(present) < following.index(past))
        return now or (not following and person > 0)

    def _of_self(self, i: int) -> bool:
        """ "mum of a 3 year old": the person is the writer."""
        return self._words[i + 1 : i + 2] == ["of"] or self._words[max(0, i - 2) : i] == ["am", "a"]

    def _speaks_of_self(self) -> bool:
        words = self._words
        for i, word in enumerate(words):
            if word in ("me", "myself", "mine") and words[i + 1 : i + 2] and words[i + 1] in self._people:
                continue  # "me sister", as some say it
            if (
                word == "me"
                and words[max(0, i - 1) : i]
                and words[i - 1] in ("asked", "told", "wants", "got", "begged")
            ):
                continue  # "she asked me to find out"
            if word in ("me", "myself", "mine"):
                return True
            near = words[max(0, i - 1) : i] + words[i + 1 : i + 3]
            if word == "i" and not any(other in _ASKING for other in near):
                return True
        return False

    def of(self, start: int, end: int, value: Value) -> tuple[Value, About | Literal["family", "anyone"]]:
        """What is said, and whose the condition at those words is: `family` is history, `anyone` asked in general."""
        who = self._of(start, end)
        if who == "family" and self._denied_later(end):
            return "no", self.about
        return value, who

    def _denied_later(self, end: int) -> bool:
        """ "diabetes runs in my family but i do not have it"."""
        later = " ".join(self._words[end:])
        return any(phrase in later for phrase in ("i do not", "i am not", "not me", "i have not", "i never"))

    def _of(self, start: int, end: int) -> About | Literal["family", "anyone"]:
        if any(
            (first >= end - 1 and first - end <= 4) or (last <= start and start - last <= 3)
            for first, last in self._history
        ):
            return "family"
        owner = self._owner(start)
        if owner is None:
            return "anyone" if self._in_general(start, end) else self.about
        if owner == "other" and self.about == "self":
            return "family"
        if owner == "self" and self.about == "other":
            return "other" if not self._speaks_of_self() else "self"
        return owner

    def _owner(self, start: int) -> About | None:
        for i in range(start - 1, -1, -1):
            word = self._words[i]
            if word in _ME and not (word == "i" and self._words[i - 1 : i] in (["can"], ["could"], ["should"])):
                return "self"
            if (word in self._people or word in self._pronouns) and not self._of_self(i):
                return "other"
            if word in (".", "?", "!", ";"):
                return None
        return None

    def _in_general(self, start: int, end: int) -> bool:
        if "i" in self._words or "my" in self._words or "me" in self._words:
            return False
        return any(abs(first - start) <= 6 or first <= start < last for first, last in self._general)
