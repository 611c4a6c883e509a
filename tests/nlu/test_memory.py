"""What is kept for a text that comes again: worked out once, the oldest let go, all of it forgotten with a patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.components import DangerGuard, MessageIntentClassifier
from bot.nlu.guard_model import Opinion
from bot.nlu.intent_model import Guess
from bot.nlu.memory import Memory
from bot.store.forgetting import forget_everything


class Model:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def guess(self, texts: Sequence[str], vectors: np.ndarray) -> list[Guess]:
        self.asked += texts
        return [Guess((("ask_pain", 0.9), ("greet", 0.1)), out_of_scope=0.0, refused=False)] * len(texts)

    def opinions(self, texts: Sequence[str], rows: np.ndarray) -> list[Opinion]:
        self.asked += texts
        return [Opinion({"seizure": 0.0}, 0.0)] * len(texts)


def test_each_text_is_worked_out_once_and_the_one_met_longest_ago_goes_first() -> None:
    asked: list[str] = []

    def length(texts: list[str]) -> list[int]:
        asked.extend(texts)
        return [len(text) for text in texts]

    memory: Memory[int] = Memory(2)
    assert memory.of(["no", "yes", "no"], length) == [2, 3, 2]
    assert memory.of(["no", "maybe"], length) == [2, 5]
    assert memory.of(["no", "yes"], length) == [2, 3]
    assert asked == ["no", "yes", "maybe", "yes"]


def test_all_texts_of_one_call_are_kept_however_many() -> None:
    memory: Memory[int] = Memory(1)
    memory.of(["a", "b"], lambda texts: [1] * len(texts))
    assert memory.of(["a", "b"], lambda texts: [2] * len(texts)) == [1, 1]


def test_a_message_that_comes_again_is_not_classified_again_until_somebody_is_erased() -> None:
    model = Model()
    classifier = MessageIntentClassifier({"encoder": "minilm", "ranking_length": 10}, None, None, model)  # type: ignore[arg-type]
    guard = DangerGuard({"encoder": "minilm"}, None, None, model)  # type: ignore[arg-type]

    def parse(text: str) -> Any:
        return guard.process(classifier.process([Message({"text": text})]))[0].get("intent")

    assert parse("does it hurt?") == parse("does it hurt?") == {"name": "ask_pain", "confidence": 0.9}
    assert len(model.asked) == 2  # the classifier and the guard, once each
    forget_everything()
    parse("does it hurt?")
    assert len(model.asked) == 4
