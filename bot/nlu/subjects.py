"""Whom a message is about: the patient who writes, or somebody they ask for. And whose a condition is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.assertion import STATES, Value
from bot.nlu.patterns import Line, compile_patterns, written_out
from bot.nlu.vocabulary import Vocabulary

About = Literal["self", "other"]
_ME = frozenset(("i", "me", "myself", "mine"))
_ASKING = frozenset(
    "can could may should asking ask wanted want wondering wonder know think book wish hope if guess suppose care hear "
    "heard told promised read help type write typing writing reckon look thought said ring".split()
)
_CLAIMS = (
    "i have it", "i have it too", "i have it as well", "i have that", "i got it", "i do too", "so do i", "so am i",
    "so have i", "i am too", "me too", "i am as well", "i do as well", "and me", "and so i am", "i inherited it",
    "i inherited that",
)  # fmt: skip
_DENIALS = ("i do not", "i am not", "not me", "i have not", "i never", "me no", "myself am not")
_SUBJECTS = frozenset(("she", "he", "her", "hers", "his"))
_STAFF = frozenset(  # "they ruled out cancer": the doctors
    "think thinks thought said say says found find ruled rule told tell want wanted checked check suspect suspected "
    "saw diagnosed took removed did gave cut treated tested looked monitor call called put are can could".split()
)
_STOPS = frozenset(".?!;,")
_OPENINGS = frozenset("hi hello hey and so but ok also".split())
_VERBS = frozenset("is are would does do can could will".split())
_SEXES = frozenset("lady gentleman woman man girl boy lad chap bloke guy mum mother dad father gran granny".split())
_OTHERS = frozenset("my our the your her his their for with about to".split())
_OF_ME = frozenset("asked asks told tells wants got begged bugging nagging pestering sent made let sends begs".split())
REACH = 7  # words between "I am" and what one is
SUBJECT = 3  # words from such a verb to the condition it asks of
_CARRIED = frozenset("twins boy girl son daughter child baby".split())
_BEARING = frozenset("pregnant carrying expecting nursing feeding breastfeeding".split())
_HISTORY = frozenset("had was were died passed used got".split())
_PRESENT = frozenset(
    "is wants want would has needs need takes who can could should will does whose 's thinks likes asks "
    "have keeps on turns turned takes".split()
)


class Subjects:
    """Words for people, compiled once."""

    def __init__(self, vocabulary: Vocabulary, language: Language) -> None:
        def compiled(phrases: Sequence[str]):  # type: ignore[no-untyped-def]
            return compile_patterns(
                " ".join(t.text for t in language.make_doc(phrase)) for phrase in written_out(phrases)
            )

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
        self._words, self._people, self._pronouns = _persons(words, people), people, pronouns
        self._history, self._general = history, general
        self.about: About = "other" if self._is_for_other(for_others) else "self"
        self.names_self = not {"i", "my", "me", "mine"}.isdisjoint(words)

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
        if following and following[0].isdecimal():
            return True  # "my daughter 14"
        past = next((word for word in following if word in _HISTORY), None)
        present = next((word for word in following if word in _PRESENT or word in (",", "(")), None)
        now = present is not None and (past is None or following.index(present) < following.index(past))
        return now or (not following and person > 0)

    def _of_self(self, i: int) -> bool:
        """ "mum of a 3 year old", "as a child", "a cancer patient": the writer. "pregnant with twins": nobody yet."""
        word, before = self._words[i], self._words[max(0, i - 3) : i]
        if self._words[i + 1 : i + 2] == ["of"]:
            return self._words[i + 2 : i + 3] not in (["mine"], ["ours"], ["hers"])
        if before[-2:] in (["am", "a"], ["as", "a"], ["as", "an"]) or (
            word in _CARRIED and _BEARING.intersection(before)
        ):
            return True
        if word in _SEXES and "am" in self._words[max(0, i - REACH) : i] and not _OTHERS.intersection(before):
            return True  # "I am a sixty year old lady"
        return word in ("patient", "client") and not {"a", "my", "our", "the", "your"}.intersection(before[-1:])

    def _is_staff(self, i: int) -> bool:
        """ "they think it is diabetes": the doctors say so."""
        after = self._words[i + 1 : i + 3]
        after = after[1:] if after[:1] in (["have"], ["has"], ["are"], ["were"]) else after[:1]
        return self._words[i] == "they" and bool(_STAFF.intersection(after))

    def _speaks_of_self(self) -> bool:
        words = self._words
        for i, word in enumerate(words):
            if word in ("me", "myself", "mine") and words[i + 1 : i + 2] and words[i + 1] in self._people:
                continue  # "me sister", as some say it
            if word == "me" and words[max(0, i - 1) : i] and words[i - 1] in _OF_ME:
                continue  # "she asked me to find out"
            if word == "mine" and words[i - 1 : i] == ["of"]:
                continue  # "a friend of mine"
            if word in ("me", "myself", "mine"):
                return True
            near = words[max(0, i - 1) : i] + words[i + 1 : i + 3]
            if word == "i" and words[i + 1 : i + 2] in (["still"], ["come"]):
                return True  # "dad is on dialysis. can I still come"
            if word == "i" and not any(other in _ASKING for other in near):
                return True
        return False

    def of(self, start: int, end: int, value: Value) -> tuple[Value, About | Literal["family", "anyone"]]:
        """What is said, and whose the condition at those words is: `family` is history, `anyone` asked in general."""
        who = self._of(start, end)
        if who == "self" and value == "past" and self._claimed_later(end):
            return "yes", who
        if who == "family" and self._denied_later(end):
            return "no", self.about
        if who == "anyone" and value == "no" and not self._of_people(start, end):
            return value, self.about  # "not a diabetic over here"
        return value, who

    def _of_people(self, start: int, end: int) -> bool:
        """Whether people in general are named beside the condition, or a question is asked: "people with no cancer"."""
        return "?" in self._words or any(last <= start or first >= end for first, last in self._general)

    def _denied_later(self, end: int) -> bool:
        """ "diabetes runs in my family but i do not have it"."""
        later = " ".join(self._words[end:]).replace("i do not know", "")
        return any(phrase in later for phrase in _DENIALS)

    def _claimed_later(self, end: int) -> bool:
        """ "my mum had diabetes and i have it too"."""
        later = " ".join(self._words[end:]) + " "
        return any(f"{phrase} " in later for phrase in _CLAIMS)

    def _of(self, start: int, end: int) -> About | Literal["family", "anyone"]:
        if any(
            (first >= end - 1 and first - end <= 4) or (last <= start and start - last <= 3)
            for first, last in self._history
        ):
            return "family"
        owner = self._owner(start)
        if owner == "other" and self.about == "self" and self._claimed_later(end):
            return "self"
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
            if (word in self._people or word in self._pronouns) and not self._of_self(i) and not self._is_staff(i):
                return "other"
            if word in (".", "?", "!", ";"):
                return None
        return None

    def _asked_of(self, start: int) -> bool:
        """ "is diabetes a problem?", "would a pacemaker be an issue": the condition is what a question begins with."""
        first = max((i + 1 for i in range(start) if self._words[i] in _STOPS), default=0)
        while first < start and self._words[first] in _OPENINGS:
            first += 1
        if self._words[first] not in _VERBS or not 0 < start - first <= SUBJECT:
            return False
        after = self._words[first + 1]
        if after == "not" and self._words[first] in ("do", "does", "have", "has", "am"):
            return False  # "do not have diabetes": said
        return after not in ("be", "have") and not (start == first + 1 and after in STATES)  # "could be pregnant": said

    def _in_general(self, start: int, end: int) -> bool:
        if "i" in self._words or "my" in self._words or "me" in self._words:
            return False
        if self._asked_of(start):
            return True
        return any(abs(first - start) <= 6 or first <= start < last for first, last in self._general)


def _persons(words: list[str], people: frozenset[str]) -> list[str]:
    """The words, with "daughters 14" read as "daughter is 14" is."""
    return [
        word[:-1] if word[:-1] in people and word[-1:] == "s" and after.isdecimal() else word
        for word, after in zip(words, [*words[1:], ""], strict=False)
    ]
