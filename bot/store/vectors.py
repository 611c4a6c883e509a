"""Sentence vectors as text: float32, base64, so that they are encrypted like the words they stand for."""

from __future__ import annotations

import base64

import numpy as np


def packed(vector: np.ndarray) -> str:
    """A vector as text."""
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode("ascii")


def unpacked(text: str) -> np.ndarray:
    """The vector of a text."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4").copy()
