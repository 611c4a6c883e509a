"""Whether a danger is there now, judged from the encoder's middle layers: the danger guard's opinion of a message.

The last layer of a sentence encoder says what a message is about; that it is denied, past, asked about or somebody
else's story is gone there, and still known in the layers before. A few small networks, each from another beginning, are
averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from scipy.special import expit
from sklearn.neural_network import MLPClassifier

from bot.nlu.learning import at_once

NETWORKS, HIDDEN, EPOCHS, BATCH = 3, 64, 10, 64
PARTS = ("hidden", "hidden_bias", "out", "out_bias")


class Judge:
    """Learnt by `fit`, asked by `chances`, kept as the arrays of `numbers`.

    `hidden` (features, networks times HIDDEN) and `out` (networks, HIDDEN), each with its bias.
    """

    def __init__(self, numbers: Mapping[str, np.ndarray]) -> None:
        self.numbers = {name: np.ascontiguousarray(numbers[name], dtype=np.float32) for name in PARTS}

    @classmethod
    def fit(cls, rows: np.ndarray, dangerous: np.ndarray) -> Judge:
        """Learn from rows of layers (encoders.py) and whether each is a danger now. Deterministic."""
        jobs, joined = cls.jobs(rows, dangerous)
        return joined(at_once(jobs))

    @classmethod
    def jobs(
        cls, rows: np.ndarray, dangerous: np.ndarray
    ) -> tuple[list[Callable[[], MLPClassifier]], Callable[[Sequence[MLPClassifier]], Judge]]:
        """What `fit` does as jobs that can be done at once, and what makes the judge of their results."""
        mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        scaled = (rows - mean) / spread
        jobs = [partial(_network, scaled, dangerous, seed) for seed in range(NETWORKS)]
        return jobs, partial(cls._joined, mean, spread)

    @classmethod
    def _joined(cls, mean: np.ndarray, spread: np.ndarray, learnt: Sequence[MLPClassifier]) -> Judge:
        hidden = np.hstack([one.coefs_[0] for one in learnt]) / spread[:, None]
        bias = np.hstack([one.intercepts_[0] for one in learnt]) - mean @ hidden
        out = np.array([one.coefs_[1][:, 0] for one in learnt])
        return cls(dict(zip(PARTS, (hidden, bias, out, [one.intercepts_[1][0] for one in learnt]), strict=True)))

    def chances(self, rows: np.ndarray) -> np.ndarray:
        """The probability of a danger now, one a row: the mean over the networks."""
        own = self.numbers
        hidden = np.maximum(rows @ own["hidden"] + own["hidden_bias"], 0).reshape(len(rows), *own["out"].shape)
        return expit((hidden * own["out"]).sum(axis=2) + own["out_bias"]).mean(axis=1)


def _network(rows: np.ndarray, dangerous: np.ndarray, seed: int) -> MLPClassifier:
    return MLPClassifier(
        (HIDDEN,), alpha=1e-3, batch_size=BATCH, max_iter=EPOCHS, random_state=seed
    ).fit(rows, dangerous)  # fmt: skip
