"""Two logistic regressions, one on the sentence vector and one on character n-grams, joined in the log domain.

What the intent model and the danger model have in common. scikit-learn learns the weights; what is kept are numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from bot.nlu.ngrams import Ngrams


@dataclass(frozen=True)
class HeadOptions:
    """`dense_c`, `char_c`: inverse regularisation; `char_weight`: the n-grams' say (0 = none); `max_iter`: steps of
    learning; `balanced`: whether rare classes count as much as common ones.
    """

    dense_c: float = 3.0
    char_c: float = 30.0
    char_weight: float = 0.4
    max_iter: int = 60
    balanced: bool = True


class Heads:
    """Learnt by `fit`, asked by `logits`, kept as the arrays of `numbers`."""

    def __init__(self, options: HeadOptions, ngrams: Ngrams, numbers: Mapping[str, np.ndarray]) -> None:
        self._options, self._ngrams = options, ngrams
        self.numbers = {name: np.ascontiguousarray(numbers[name], dtype=np.float32) for name in _NUMBERS}

    @classmethod
    def fit(
        cls, texts: Sequence[str], vectors: np.ndarray, owners: np.ndarray, options: HeadOptions,
        places: np.ndarray | None = None,
    ) -> Heads:  # fmt: skip
        """Learn classes 0, 1, … (`owners`, one a text) from texts and the vectors of some; at least two classes.
        `places`: the texts that the vectors are of, by default all, one a row."""
        ngrams, mean = Ngrams.fit(texts), vectors.mean(axis=0)
        known = owners if places is None else owners[places]
        dense, dense_bias = _learn((vectors - mean).astype(np.float32), known, options.dense_c, options)
        chars, chars_bias = _learn(ngrams.rows(texts), owners, options.char_c, options)
        found = (mean, dense, dense_bias, chars, chars_bias)
        return cls(options, ngrams, dict(zip(_NUMBERS, found, strict=True)))

    @classmethod
    def load(cls, options: HeadOptions, vocabulary: Sequence[str], kept: Mapping[str, np.ndarray]) -> Heads:
        """From what `numbers`, `idf` and `vocabulary` gave."""
        return cls(options, Ngrams(vocabulary, kept["idf"]), kept)

    @property
    def idf(self) -> np.ndarray:
        return self._ngrams.idf

    @property
    def vocabulary(self) -> list[str]:
        return self._ngrams.vocabulary

    def logits(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """Joined log probabilities, one row a text; not normalised."""
        own = self.numbers
        dense = log_softmax((vectors - own["mean"]) @ own["dense"] + own["dense_bias"])
        if not self._options.char_weight:
            return dense
        chars = log_softmax(self._ngrams.logits(texts, own["chars"]) + own["chars_bias"])
        return dense + self._options.char_weight * chars


_NUMBERS = ("mean", "dense", "dense_bias", "chars", "chars_bias")


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities, row by row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _learn(
    features: np.ndarray | csr_matrix, owners: np.ndarray, c: float, options: HeadOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (features, classes) and bias."""
    weight = "balanced" if options.balanced else None
    model = LogisticRegression(C=c, max_iter=options.max_iter, class_weight=weight).fit(features, owners)
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes
        return np.vstack([-model.coef_, model.coef_]).T, np.hstack([-model.intercept_, model.intercept_])
    return model.coef_.T, model.intercept_
