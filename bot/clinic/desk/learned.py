"""When an answer of the desk is given: how like one of its wordings a message must be, by what else it could mean.

Measured on tests/desk/paraphrases.yml with MiniLM, four wordings known and the fifth asked: from 0.60 up, 75% of
the fifth wordings find their answer and none another; of questions that belong to no answer none finds one. From
0.50 up it is 88%, and 5 to 8% of the others find one. So the lower bound holds only where the bot has nothing
else to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.clinic.understanding import Question, questions

SURE = 0.60
LIKELY = 0.52
ALMOST_THE_SAME = 0.80
WEAK = 0.60  # an intent below this is a guess
UNPLACED = frozenset({"out_of_scope", "nlu_fallback", "", "chitchat", "help"})
# What must never be talked over: danger, answers to the bot's questions, things the patient does.
NEVER = frozenset(
    (
        "report_emergency",
        "report_urgent",
        "report_symptom",
        "talk_to_human",
        "delete_my_data",
        "affirm",
        "deny",
        "unsure",
        "refuse",
        "inform",
        "stop",
        "greet",
        "goodbye",
        "thank",
        "bot_challenge",
        "complain",
        "book_appointment",
        "change_booking",
        "cancel_booking",
        "check_eligibility",
        "start_chat",
        "restart",
        "ask_why",
    )
)


@dataclass(frozen=True)
class Wording:
    """A way to ask for an answer, and the topic the answer's wordings train, if any."""

    answer_id: str
    text: str
    topic: str | None = None


@dataclass(frozen=True)
class Match:
    """The answer for a message and how like one of its wordings it is (cosine).

    `instead` says that it comes before the content's answer; otherwise it is given where the content has none.
    """

    answer_id: str
    score: float
    instead: bool


def given(parse: Mapping[str, Any], has_answer: Callable[[Question], bool]) -> str | None:
    """The id of the desk's answer that a parsed message gets: one that fits nearly to the word comes first, another
    where the content has none. `has_answer` says whether the content answers a question."""
    found = parse.get("learned") or {}
    asked = questions(parse)
    if not found or (asked and not found.get("instead") and has_answer(asked[0])):
        return None
    return str(found["id"])


def needed(intent: str, confidence: float, topic: str | None = None) -> tuple[float, float] | None:
    """How like a wording a message must be for the answer to be given at all, and for it to come before the content's.

    `intent` and `confidence` are what the classifier says, `topic` the one that the answer trains. None: never.
    """
    if intent in UNPLACED:
        return LIKELY, LIKELY
    if intent in NEVER:
        return (ALMOST_THE_SAME, ALMOST_THE_SAME) if confidence < WEAK and not intent.startswith("report_") else None
    return SURE, SURE if confidence < WEAK or intent == topic else ALMOST_THE_SAME


def match(
    vector: np.ndarray, intent: str, confidence: float, wordings: Sequence[Wording], vectors: np.ndarray
) -> Match | None:
    """The desk's answer to a message, or None when it has none that is like it enough.

    `vectors` has one row of length 1 per wording.
    """
    if not wordings:
        return None
    likeness = vectors @ vector
    index = int(likeness.argmax())
    bounds = needed(intent, confidence, wordings[index].topic)
    if bounds is None or likeness[index] < bounds[0]:
        return None
    return Match(wordings[index].answer_id, float(likeness[index]), bool(likeness[index] >= bounds[1]))
