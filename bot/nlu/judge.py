"""Whether a danger is there now: the danger guard's opinion of a whole message, from the tuned encoder's upper layers.

The encoder has learnt to tell what is there now from what is denied, past, asked about or somebody else's story
(tuning/); a logistic regression reads it off.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

STRENGTH, STEPS = 1e-3, 100  # inverse regularisation; of learning, at most
PARTS = ("weights", "bias")


class Judge:
    """Learnt by `fit`, asked by `chances`, kept as the arrays of `numbers`: `weights` (features) and `bias` (1)."""

    def __init__(self, numbers: Mapping[str, np.ndarray]) -> None:
        self.numbers = {name: np.asarray(numbers[name], dtype=np.float32) for name in PARTS}

    @classmethod
    def fit(cls, rows: np.ndarray, dangerous: np.ndarray) -> Judge:
        """Learn from rows of layers (encoders.py) and whether each is a danger now. Deterministic."""
        mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        learnt = LogisticRegression(C=STRENGTH, max_iter=STEPS).fit((rows - mean) / spread, dangerous)
        weights = learnt.coef_[0] / spread
        return cls({"weights": weights, "bias": learnt.intercept_ - mean @ weights})

    def chances(self, rows: np.ndarray) -> np.ndarray:
        """The probability of a danger now, one a row."""
        return expit(rows @ self.numbers["weights"] + self.numbers["bias"])
