"""What a message says of its patient, heard by a small network that learnt it from labelled ones (tuning/).

Four layers of MiniLM, and on top of them: for each screening fact whether it is said, denied, unsure or over; for each
concern and treatment whether it is named; and for each number whether it is the patient's age. The rules of clinical.py
know what they have words for; this is for what patients say in others. No training here, and no rule.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bot.nlu.encoders import tokenizer
from bot.nlu.int8 import model_bytes
from bot.nlu.memory import Memory
from bot.nlu.numbers import numbers_in

FOLDER = Path(__file__).with_name("tuned")
LAYERS_FILE, HEADS_FILE = FOLDER / "fact_layers.npz", FOLDER / "fact_heads.npz"
DEPTH = 4  # layers of the encoder; six learn no more from these messages
REMEMBERED = 512
VALUES = ("", "yes", "no", "unsure", "past")  # of a fact; "": nothing is said
FACTS = ("pregnant", "breastfeeding", "diabetes", "cancer", "heart_multi_drug", "liver_disease", "kidney_disease")
CONCERNS = (
    "wrinkles", "blemish", "dark_circles", "scar", "stretch_marks", "hair_loss", "dandruff", "local_fat", "cellulite",
    "pain",
)  # fmt: skip
TREATMENTS = ("facial", "hair", "body", "no_needle")
TOPICS = tuple(("concern", name) for name in CONCERNS) + tuple(("treatment", name) for name in TREATMENTS)
# What a number may be: no age, the age, that of the next birthday, a birth year, and one in two digits.
AGES: tuple[Callable[[int, int], int | None], ...] = (
    lambda number, year: None,
    lambda number, year: number,
    lambda number, year: number - 1,
    lambda number, year: year - number,
    lambda number, year: (year - number) % 100,
)


@dataclass(frozen=True)
class Number:
    """A number in a message: words start..end, its value, and what it is, as probabilities in the order of AGES."""

    start: int
    end: int
    value: int
    is_age: np.ndarray


@dataclass(frozen=True)
class Heard:
    """Probabilities: `facts` of VALUES, shape (FACTS, VALUES); `topics`, one for each of TOPICS; and of the numbers.
    `places`: the word that each fact, then each topic, rests on most."""

    facts: np.ndarray
    topics: np.ndarray
    numbers: tuple[Number, ...]
    places: np.ndarray


class FactModel:
    """The network, with a memory for the messages heard last. Safe to share between threads."""

    def __init__(self, layers: Path = LAYERS_FILE, heads: Path = HEADS_FILE) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        made = model_bytes(layers, DEPTH)
        self._session = InferenceSession(made, options, providers=["CPUExecutionProvider"])
        with np.load(heads, allow_pickle=False) as kept:
            self._heads = {name: kept[name].astype(np.float32) for name in kept.files if name != "met"}
        self._known: Memory[Heard] = Memory(REMEMBERED)

    def hear(self, words: Sequence[str]) -> Heard:
        """What a message says, its words as the vocabulary writes them (bot.nlu.reader)."""
        return self._known.of([" ".join(words)], lambda _: [self._hear(words)])[0]

    def _hear(self, words: Sequence[str]) -> Heard:
        pieces, owners = word_pieces(words)
        ids = np.array([pieces], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, feed)[0][0]
        own, mean = self._heads, states.mean(axis=0)
        listened = _softmax(states @ own["ask"].T + own["ask_bias"], axis=0)  # (pieces, labels)
        pooled = listened.T @ states
        said = np.einsum("lh,lhv->lv", pooled, own["say"]) + own["say_bias"]
        said += (own["mean"] @ mean + own["mean_bias"]).reshape(said.shape)
        facts, topics = said[: len(FACTS)], said[len(FACTS) :]
        return Heard(
            _softmax(facts, axis=1),
            1 / (1 + np.exp(topics[:, 0] - topics[:, 1])),
            tuple(self._numbers(words, owners, states, mean)),
            np.array(owners)[1 + listened[1:-1].argmax(axis=0)] if len(owners) > 2 else np.zeros(len(said), dtype=int),
        )

    def _numbers(
        self, words: Sequence[str], owners: Sequence[int], states: np.ndarray, mean: np.ndarray
    ) -> Iterator[Number]:
        own = self._heads
        for start, end, value in numbers_in(words):
            inside = [place for place, owner in enumerate(owners) if start <= owner < end]
            if inside:
                both = np.concatenate([states[inside].mean(axis=0), mean])
                yield Number(start, end, value, _softmax(own["age"] @ both + own["age_bias"], axis=0))


def check_sum(words: Sequence[str]) -> int:
    """By which a message is known that the network has learnt from (`met` in HEADS_FILE)."""
    return zlib.crc32(" ".join(words).encode())


def word_pieces(words: Sequence[str]) -> tuple[list[int], list[int]]:
    """The numbers of the pieces, with the marks of beginning and end, and the word each belongs to (-1: none)."""
    coded = tokenizer().encode(list(words), is_pretokenized=True)
    return coded.ids, [-1 if owner is None else owner for owner in coded.word_ids]


def _softmax(logits: np.ndarray, axis: int) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


@cache
def load_fact_model() -> FactModel:
    """The network that comes with this repository, once a process."""
    return FactModel()
