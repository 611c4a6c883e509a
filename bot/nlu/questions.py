"""Splits a message into the questions it holds. Words in, places out; the classifier's guesses decide what to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 4  # parts of one message
ENDS = frozenset(".?!;\n")
JOINTS = frozenset(
    (",", "and", "also", "plus", "+", "&", "but", "or", "so", "btw", "oh", "then", "/", "-", "(", "first")
)
ASKERS = frozenset(
    "what which who whose when where why how is are do does did can could will would should may am was any".split()
)
WH = frozenset("how what when where who why which".split())
BARE_JOINTS = frozenset(("and", "&", "+", "plus", "also", "/", "then", ","))  # may stand between two questions alone
REQUESTS = frozenset(
    "remind get arrange ring phone list fit squeeze shift swap compare gimme book cancel move change delete erase "
    "remove tell show check give let need want explain connect put call ask push send see make find speak talk id "
    "please describe reschedule rebook reserve postpone wipe scrap".split()
)
VERBS = frozenset("is are does do can could will would should did".split())
PRONOUNS = frozenset("it i you that this they there we".split())
TOPICS = frozenset("side price prices cost costs opening address parking results risks".split())
LEADS_ON = frozenset(
    "know tell me explain about of to for on in at from with by is are was wonder wondering ask asking see understand "
    "sure idea matter like just exactly no not that this the a say said show remember check unsure guess i you decide "
    "depends depending regarding question curious and or if".split()
)
UNASKED = frozenset(
    "greet goodbye thank affirm deny unsure chitchat inform help complain ask_why refuse stop restart bot_challenge "
    "out_of_scope report_symptom report_urgent report_emergency".split()
)
TOLD = frozenset(("report_symptom", "complain"))  # said rather than asked, and to be answered beside a question
SURELY_TOLD = 0.8
SURELY_ASKED = 0.97  # probability from which a part counts though it is not put as a question ("side effects, price")
BOTH_SURE = 0.95  # probability of either half from which a joint alone ("pain and price") parts two questions
MOST_JOINTS = 3  # in a part; one with more lists things
CLEAR = 0.5  # probability from which a part counts as a question of its own
PLAIN = 0.98  # probability from which a whole message is one question, unless each part is as clear
FAINT = 0.5


@dataclass(frozen=True)
class Part:
    """One part of a message, its best intent, and whether it is put as a question or a request."""

    start: int
    end: int
    intent: str
    confidence: float
    asks: bool = True


def split(words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the message may be cut: the words (first, after last) of each part; one part when it has one sentence."""
    cuts = [0] + [i for i in range(1, len(words)) if _begins(words, i)]
    ends = [*cuts[1:], len(words)]
    parts = [(start, end) for start, end in zip(cuts, ends, strict=True) if _has_words(words[start:end])]
    return parts if 1 < len(parts) <= MOST else [(0, len(words))]


def joints(words: Sequence[str], start: int, end: int) -> list[int]:
    """Where a part may be cut in two although nothing but a joint says so: the first words of each second half."""
    found = [i for i in range(start + 2, end) if words[i - 1] in BARE_JOINTS and words[i] not in JOINTS]
    return found if len(found) <= MOST_JOINTS else []


def halved(part: Part, halves: Sequence[tuple[Part, Part]]) -> list[Part]:
    """The part, or those two of its halves that are surest to be two questions."""
    sure = [
        pair
        for pair in halves
        if (pair[0].start, pair[1].end) == (part.start, part.end)
        and min(half.confidence for half in pair) >= BOTH_SURE
        and pair[0].intent != pair[1].intent
        and UNASKED.isdisjoint(half.intent for half in pair)
    ]
    return list(max(sure, key=lambda pair: min(half.confidence for half in pair), default=(part,)))


def asks(words: Sequence[str]) -> bool:
    """Whether those words are put as a question or a request."""
    return "?" in words or bool((ASKERS | REQUESTS | TOPICS).intersection(words))


def _begins(words: Sequence[str], i: int) -> bool:
    before, word = words[i - 1], words[i]
    if before in ENDS:
        return word not in ENDS
    if before in JOINTS:
        return word not in JOINTS and _opens(words, i)
    after = words[i + 1] if i + 1 < len(words) else ""
    if word in WH:
        return before not in LEADS_ON | JOINTS or (before in ("for", "it", "that", "this") and after in VERBS)
    earlier = set(words[max(0, i - 4) : i])
    return i >= 3 and word in VERBS and after in PRONOUNS and not earlier & (WH | JOINTS | {"if", "that"})


def _opens(words: Sequence[str], i: int) -> bool:
    """Whether a new question or request begins at word i, which follows an "and" or a comma."""
    word, after = words[i], words[i + 1 : i + 3]
    if word in ("i", "we"):
        return bool(REQUESTS.intersection(after)) or after[:1] == ["would"]
    return word in ASKERS or word in REQUESTS or word in TOPICS


def _has_words(words: Sequence[str]) -> bool:
    return any(word[0].isalnum() and word not in JOINTS for word in words)


def keep(whole: Part, parts: Sequence[Part], were_halved: bool = False) -> list[Part]:
    """The questions to answer: the parts that are clear and differ, or the whole message as one. `were_halved`: two of
    the parts were one, and are each as clear as a whole message."""
    kept: list[Part] = []
    for part in parts:
        put = part.asks or part.confidence >= SURELY_ASKED
        clear = put and part.intent not in UNASKED and part.confidence >= CLEAR
        clear = clear or (part.intent in TOLD and part.confidence >= SURELY_TOLD)
        if clear and all(part.intent != other.intent for other in kept):
            kept.append(part)
    if not were_halved and whole.confidence >= PLAIN and any(part.confidence < FAINT for part in kept):
        return [whole]
    return kept if len(kept) > 1 and any(part.intent not in TOLD for part in kept) else [whole]
