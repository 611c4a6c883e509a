"""What is said about a condition: that it is there, is not, may be or was. After NegEx (Chapman et al. 2001), ConText.

A cue reaches the conditions of its own clause; the nearest cue decides; a cue inside a longer one does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.patterns import Line, compile_patterns, written_out
from bot.nlu.vocabulary import Cues

Value = Literal["yes", "no", "unsure", "past"]
REACH = 9  # words between a cue and the condition
AFTER = 7
DOUBTED = 2  # words between a doubt and an organ named on its own: "not sure about my liver"
STATES = frozenset(
    "pregnant diabetic breastfeeding nursing prediabetic expecting lactating on type insulin borderline preggo".split()
)
_STAGES = frozenset(
    "pregnant pregnancy expecting breastfeeding breast nursing lactating pumping".split()
)  # end of themselves
_LISTED = frozenset(("or", "nor"))
_BEFORE_AN_ANSWER = frozenset("? me i am do have myself well oh us , at my age god".split())
_TAKEN = frozenset("take takes taking have has on got with had currently".split())  # "not on any tablets": denied still
_STILL_SO = frozenset("since diagnosed diagnosis for still got started".split())
_ENDED = frozenset(
    "nothing not no over gone clear fine ok okay cured better never out off without".split()
)  # "nothing now"
_WATCHED = frozenset("checks check checkups ups scan scans scanned monitored follow followed under see".split())
_WISHES = frozenset(
    "want wants wanted like likes hoping hope get getting can could be being".split()
)  # "wants it treated"
_TAKEN_UP = frozenset(("it", "that"))  # "cancer? I had it once"
_DOUBTED_DENIAL = frozenset("that if whether i we she he am is are it may might be do does have has".split())
_ANSWERED = frozenset((":", "-", "?", "=", ",", "is", ")", "test", "was", "are"))
_PUT = frozenset((":", "-", "?", "=", ")", "=="))
_STATED: dict[str, Value] = {
    **dict.fromkeys(("yes", "y", "yep", "yeah", "yup"), "yes"),
    **dict.fromkeys(("n", "never", "clear", "fine"), "no"),
    **dict.fromkeys(("borderline", "maybe", "unsure", "possibly", "unknown", "suspected"), "unsure"),
    **dict.fromkeys(("once", "previously", "past", "before"), "past"),
}
_TICKED: dict[str, Value] = {**dict.fromkeys("✓✔✅☑", "yes"), **dict.fromkeys("✗✘❌✖❎", "no")}
_OF_A_TIME = frozenset("ago as when in back once before then".split())  # "years ago": of what stands near
FAR = 12  # words after which "no recurrence" is still said of the condition
_UNDER_CARE = frozenset("on in having getting under taking".split())  # "still on tablets for it"
_NAMES_IT = frozenset("diagnosed anything living suffering born trouble problems".split())  # "not diagnosed with"

_KNOWN = frozenset(("know", "sure", "certain"))
_SINCE = (["any", "more"], ["anymore"])


@dataclass(frozen=True)
class _Cue:
    kind: str
    start: int
    end: int


class Assertions:
    """The cues, compiled once."""

    def __init__(self, cues: Cues, language: Language) -> None:
        def compiled(phrases: Sequence[str]):  # type: ignore[no-untyped-def]
            return compile_patterns(
                " ".join(t.text for t in language.make_doc(phrase)) for phrase in written_out(phrases)
            )

        kinds = ("negated_before", "negated_after", "unsure_before", "unsure_after", "past_before", "past_after", "now")
        self._kinds = [(kind, compiled(getattr(cues, kind))) for kind in kinds]
        self._ends = compiled(cues.ends)
        self._ends_negation = compiled(cues.ends_negation)

    def of(self, doc: Doc) -> Judge:
        """The cues of one message."""
        line = Line(doc)
        cues = [_Cue(kind, *span) for kind, pattern in self._kinds for span in line.spans(pattern)]
        own = [cue for cue in cues if not any(_inside(cue, other) for other in cues)]
        ends = {start for start, _ in line.spans(self._ends)}
        ends_negation = {start for start, _ in line.spans(self._ends_negation)}
        return Judge(_as_answered(doc), own, ends, ends_negation)


class Judge:
    """Answers for the conditions of one message."""

    def __init__(self, words: list[str], cues: list[_Cue], ends: set[int], ends_negation: set[int]) -> None:
        self._words, self._cues, self._ends, self._ends_negation = words, cues, ends, ends_negation

    def value(self, start: int, end: int, others: frozenset[int] = frozenset()) -> Value:
        """What is said of the condition at words start..end. `others`: where the message's other conditions begin."""
        after = self._answer(end) or self._after(start, end, others)
        if after:
            return after
        cue = self._before(start, end, others)
        if cue is None:
            return "yes"
        denied = cue.kind == "negated_before" or self._words[cue.start - 1 : cue.start] == ["not"]  # "not had cancer"
        if denied and cue.kind != "unsure_before":
            return (
                "unsure"
                if self._in_doubt(cue) or "yet" in self._words[end : end + 2]
                else "past"
                if self._until(cue, start, end)
                else "no"
            )
        if cue.kind == "unsure_before":
            return "unsure"
        return "yes" if self._still(cue.start, end) else "past"

    def negated(self, start: int, end: int) -> bool:
        """Whether a denial before those words reaches them."""
        cue = self._before(start, end)
        return cue is not None and cue.kind == "negated_before"

    def doubted(self, start: int, end: int) -> bool:
        """Whether a doubt stands right before those words."""
        cue = self._before(start, end)
        return cue is not None and cue.kind == "unsure_before" and start - cue.end <= DOUBTED

    def _in_doubt(self, denial: _Cue) -> bool:
        """ "cannot say that I am not pregnant"."""
        return any(
            cue.kind == "unsure_before"
            and cue.end <= denial.start
            and all(word in _DOUBTED_DENIAL for word in self._words[cue.end : denial.start])
            for cue in self._cues
        )

    def _until(self, denial: _Cue, start: int, end: int) -> bool:
        """ "no diabetes since my operation": it was there."""
        last, since = self._words[denial.end - 1], self._words[end : end + 2]
        if self._words[start] in _STAGES:
            return False
        ended = since in _SINCE or (since[:1] == ["since"] and since[1:2] not in (["birth"], ["childhood"], ["then"]))
        return last == "more" or (last in ("no", "not", "longer", "have", "had") and ended)

    def _before(self, start: int, end: int, others: frozenset[int] = frozenset()) -> _Cue | None:
        reaching = [
            cue
            for cue in self._cues
            if cue.kind.endswith("_before") and 0 <= start - cue.end <= REACH and self._reaches(cue, start, end, others)
        ]
        return max(reaching, key=lambda cue: (cue.end, cue.end - cue.start), default=None)

    def _reaches(self, cue: _Cue, start: int, end: int, others: frozenset[int]) -> bool:
        between = range(cue.end, start)
        if any(i in self._ends for i in between):
            return False
        if cue.kind == "negated_before":
            if any(
                i in self._ends_negation and self._words[i - 1] not in _NAMES_IT
                for i in between
                if self._words[i] not in _TAKEN or i > cue.end + 1
            ):
                return False
            if any(self._words[i] == ")" and self._words[i - 1].isdecimal() for i in between):
                return False  # "2) no 3) type 2": another answer
            return "," not in self._words[cue.end : start] or self._listed(cue, start, end, others)
        if cue.kind == "past_before":
            return not any(self._words[i] in ("i", "she", "he", "diagnosed", "am", "have", ",") for i in between)
        return "," not in self._words[cue.end : start]

    def _listed(self, cue: _Cue, start: int, end: int, others: frozenset[int]) -> bool:
        """Whether a denial goes on over a comma: "no diabetes, cancer", "not pregnant, nursing or diabetic"."""
        stop = next(
            (i for i in range(end, len(self._words)) if i in self._ends or self._words[i] == "i"), len(self._words)
        )
        if any(word in _LISTED for word in self._words[cue.end : stop]):
            return True
        last = self._words[cue.end - 1]
        if last == "no" and self._words[end : end + 1] == [","] and end + 1 in others:
            return True  # "no pregnancy, breastfeeding, diabetes": one list
        return last != "not" and self._words[start] not in STATES

    def _answer(self, end: int) -> Value | None:
        """ "fatty liver yes", "diabetes: y", "cancer n": an answer of one word."""
        at = next((i for i in range(end, len(self._words)) if self._words[i] not in _PUT), len(self._words))
        if at < len(self._words) and self._words[at] in _TICKED:
            return _TICKED[self._words[at]]
        if self._words[at + 1 : at + 2] not in ([], [","], ["."], ["!"], [";"], ["and"], ["but"]):
            return None
        return _STATED.get(" ".join(self._words[at : at + 1]))

    def _after(self, start: int, end: int, others: frozenset[int]) -> Value | None:
        for cue in sorted((c for c in self._cues if c.start >= end), key=lambda c: c.start):
            gap = range(end, cue.start)
            if len(gap) > (FAR if self._is_final(cue) else AFTER) or any(i in others for i in gap):
                continue
            unknown = _KNOWN.intersection(self._words[cue.end : cue.end + 1])  # "I do not know what she takes"
            if (
                cue.kind == "negated_after"
                and not unknown
                and (self._answers(end, cue, others) or self._answered(end, cue))
            ):
                return "no"
            if cue.kind == "unsure_after" and not any(i in self._ends and self._words[i] != "?" for i in gap):
                return "unsure"
            if cue.kind == "past_after" and self._over(start, end, cue):
                return "past"
        return None

    def _answers(self, end: int, cue: _Cue, others: frozenset[int]) -> bool:
        """Whether a "no" after the condition is said of it, and does not begin the next ("diabetes, no cancer")."""
        if any(self._words[i] not in _ANSWERED for i in range(end, cue.start)):
            return False
        following = self._words[cue.end : cue.end + 3]
        if "negative" in self._words[cue.start : cue.end]:
            return True
        begins_next = bool(following) and following[0] not in (",", ".", "!", ";", "and", "but", "for", ")")
        return not begins_next or self._words[-1] in ("no", "nope")

    def _answered(self, end: int, cue: _Cue) -> bool:
        """ "pregnant? me? no", "… but I do not have it": a denial that takes the condition up again."""
        said = " ".join(self._words[cue.start : cue.end])
        if said.endswith((" it", " that")):
            return True
        gap = self._words[end : cue.start]
        last = self._words[cue.end : cue.end + 1] in ([], ["."], ["!"], [","])
        return "?" in gap and last and all(word in _BEFORE_AN_ANSWER for word in gap)

    def _over(self, start: int, end: int, cue: _Cue) -> bool:
        gap = self._words[end : cue.start]
        if _TAKEN_UP.intersection(self._words[cue.start : cue.end]):
            return not self._lasts(cue)
        if (
            any(i in self._ends and self._words[i] not in (".", ";") for i in range(end, cue.start))
            and "it" not in gap[-3:]
        ):
            return False  # "but it was treated" goes on about it
        if any(self._cared_for(still) for still in self._cues):
            return False
        if _WISHES.intersection(gap[-4:]):
            return False
        around = self._words[max(0, start - 4) : start] + gap
        return not (
            any(word in ("diagnosed", "still", "got", "since", "not") for word in around) and "remission" not in gap
        )

    def _is_final(self, cue: _Cue) -> bool:
        """ "cured", "no recurrence": said of an illness alone, however far from its name."""
        return cue.kind == "past_after" and _OF_A_TIME.isdisjoint(self._words[cue.start : cue.end])

    def _cared_for(self, still: _Cue) -> bool:
        """ "still on tablets for it"."""
        return self._words[still.start] == "still" and bool(
            _UNDER_CARE.intersection(self._words[still.end : still.end + 1])
        )

    def _lasts(self, cue: _Cue) -> bool:
        """ "I have had it for years", "had it since I was ten"."""
        before, after = self._words[cue.start - 1 : cue.start], self._words[cue.end : cue.end + 2]
        return before in (["have"], ["has"], ["not"], ["never"]) or bool({"since", "for", "all"}.intersection(after))

    def _still(self, start: int, end: int) -> bool:
        """ "had it since childhood", "have had it for years": it is still so."""
        if start and self._words[start - 1] in ("have", "has", "ve"):
            return True
        if any(
            word in _STILL_SO and not (word == "still" and self._watched(i))
            for i, word in enumerate(self._words[end : end + 3], start=end)
        ):
            return True
        now = [cue for cue in self._cues if cue.kind == "now" and end <= cue.start <= end + 6]
        return "gone" not in self._words and any(
            _ENDED.isdisjoint(self._words[max(0, cue.start - 2) : cue.start]) and not self._watched(cue.end - 1)
            for cue in now
        )

    def _watched(self, still: int) -> bool:
        """ "still have check ups": looked after, not ill."""
        return bool(_WATCHED.intersection(self._words[still + 1 : still + 4]))


def _as_answered(doc: Doc) -> list[str]:
    """The words, the n that is a whole answer not read as "and": "pregnant n, diabetes y"."""
    words = [token.text for token in doc]
    text, places = doc.user_data["text"], doc.user_data["places"]
    for i, (start, end) in enumerate(places):
        if text[start:end].lower() == "n" and words[i + 1 : i + 2] in ([], [","], ["."]):
            words[i] = "n"
    return words


def _inside(cue: _Cue, other: _Cue) -> bool:
    longer = other.end - other.start > cue.end - cue.start
    return longer and other.start <= cue.start and cue.end <= other.end
