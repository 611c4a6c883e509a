"""What is said about a condition: that it is there, is not, may be or was. After NegEx (Chapman et al. 2001), ConText.

A cue reaches the conditions of its own clause; the nearest cue decides; a cue inside a longer one does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.patterns import Line, compile_patterns
from bot.nlu.vocabulary import Cues

Value = Literal["yes", "no", "unsure", "past"]
REACH = 9  # words between a cue and the condition
AFTER = 7
STATES = frozenset(
    "pregnant diabetic breastfeeding nursing prediabetic expecting lactating on type insulin borderline preggo".split()
)
_LISTED = frozenset(("or", "nor"))
_BEFORE_AN_ANSWER = frozenset("? me i am do have myself well oh us ,".split())
_TAKEN = frozenset("take takes taking have has on got with had currently".split())  # "not on any tablets": denied still
_STILL_SO = frozenset("since diagnosed for still got started".split())


@dataclass(frozen=True)
class _Cue:
    kind: str
    start: int
    end: int


class Assertions:
    """The cues, compiled once."""

    def __init__(self, cues: Cues, language: Language) -> None:
        def compiled(phrases: Sequence[str]):  # type: ignore[no-untyped-def]
            return compile_patterns(" ".join(t.text for t in language.make_doc(phrase)) for phrase in phrases)

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
        return Judge([token.text for token in doc], own, ends, {start for start, _ in line.spans(self._ends_negation)})


class Judge:
    """Answers for the conditions of one message."""

    def __init__(self, words: list[str], cues: list[_Cue], ends: set[int], ends_negation: set[int]) -> None:
        self._words, self._cues, self._ends, self._ends_negation = words, cues, ends, ends_negation

    def value(self, start: int, end: int, others: frozenset[int] = frozenset()) -> Value:
        """What is said of the condition at words start..end. `others`: where the message's other conditions begin."""
        after = self._after(start, end, others)
        if after:
            return after
        cue = self._before(start, end)
        if cue is None:
            return "yes"
        if cue.kind == "negated_before":
            unsure = any(c.kind == "unsure_before" and 0 <= cue.start - c.end <= 1 for c in self._cues)
            return "unsure" if unsure else "no"
        if cue.kind == "unsure_before":
            return "unsure"
        return "yes" if self._still(cue.start, end) else "past"

    def negated(self, start: int, end: int) -> bool:
        """Whether a denial before those words reaches them."""
        cue = self._before(start, end)
        return cue is not None and cue.kind == "negated_before"

    def _before(self, start: int, end: int) -> _Cue | None:
        reaching = [
            cue
            for cue in self._cues
            if cue.kind.endswith("_before") and 0 <= start - cue.end <= REACH and self._reaches(cue, start, end)
        ]
        return max(reaching, key=lambda cue: (cue.end, cue.end - cue.start), default=None)

    def _reaches(self, cue: _Cue, start: int, end: int) -> bool:
        between = range(cue.end, start)
        if any(i in self._ends for i in between):
            return False
        if cue.kind == "negated_before":
            if any(i in self._ends_negation for i in between if self._words[i] not in _TAKEN or i > cue.end + 1):
                return False
            return "," not in self._words[cue.end : start] or self._listed(cue, start, end)
        if cue.kind == "past_before":
            return not any(self._words[i] in ("i", "she", "he", "diagnosed", "am", "have", ",") for i in between)
        return "," not in self._words[cue.end : start]

    def _listed(self, cue: _Cue, start: int, end: int) -> bool:
        """Whether a denial goes on over a comma: "no diabetes, cancer", "not pregnant, nursing or diabetic"."""
        stop = next(
            (i for i in range(end, len(self._words)) if i in self._ends or self._words[i] == "i"), len(self._words)
        )
        if any(word in _LISTED for word in self._words[cue.end : stop]):
            return True
        last = self._words[cue.end - 1]
        return last != "not" and self._words[start] not in STATES

    def _after(self, start: int, end: int, others: frozenset[int]) -> Value | None:
        for cue in sorted((c for c in self._cues if c.start >= end), key=lambda c: c.start):
            gap = range(end, cue.start)
            if len(gap) > AFTER or any(i in others for i in gap):
                return None
            if cue.kind == "negated_after" and (self._answers(end, cue, others) or self._answered(end, cue)):
                return "no"
            if cue.kind == "unsure_after" and not any(i in self._ends and self._words[i] != "?" for i in gap):
                return "unsure"
            if cue.kind == "past_after" and self._over(start, end, cue):
                return "past"
        return None

    def _answers(self, end: int, cue: _Cue, others: frozenset[int]) -> bool:
        """Whether a "no" after the condition is said of it, and does not begin the next ("diabetes, no cancer")."""
        if any(
            self._words[i] not in (":", "-", "?", "=", ",", "is", ")", "test", "was") for i in range(end, cue.start)
        ):
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
        if any(i in self._ends and self._words[i] not in (".", ";") for i in range(end, cue.start)):
            return False
        around = self._words[max(0, start - 4) : start] + gap
        return not (
            any(word in ("diagnosed", "still", "got", "since", "not") for word in around) and "remission" not in gap
        )

    def _still(self, start: int, end: int) -> bool:
        """ "had it since childhood", "have had it for years": it is still so."""
        if start and self._words[start - 1] in ("have", "has", "ve"):
            return True
        return any(word in _STILL_SO for word in self._words[end : end + 3]) or any(
            cue.kind == "now" and end <= cue.start <= end + 6 and "gone" not in self._words for cue in self._cues
        )


def _inside(cue: _Cue, other: _Cue) -> bool:
    longer = other.end - other.start > cue.end - cue.start
    return longer and other.start <= cue.start and cue.end <= other.end
