"""The sentence encoder, shared with the understanding: what the desk groups and previews is what the bot would find."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

ENCODER = "minilm"
Encode = Callable[[Sequence[str]], np.ndarray]


def encode(texts: Sequence[str]) -> np.ndarray:
    """One vector of length 1 per text; the encoder is loaded at the first call."""
    from bot.nlu.encoders import load_encoder

    return load_encoder(ENCODER).encode(texts)
