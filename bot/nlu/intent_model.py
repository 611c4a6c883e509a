"""Which intent a message has, with probabilities that mean what they say, and whether it is one at all.

Two logistic regressions, one on the sentence vector and one on character n-grams, joined in the log domain; a third,
small one judges from their probabilities and from the distance to the training examples whether the message is out of
scope. All weights beyond the first two come from cross-validation on the training examples. No Rasa here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from bot.nlu.heads import HeadOptions, Heads, log_softmax
from bot.nlu.learning import at_once

OUT = "out_of_scope"
SURER = 0.9  # share of that temperature which the final model needs, as it has learnt from the examples asked too
NEAREST = 3


@dataclass(frozen=True)
class Options:
    """What a developer may turn. `dense_c`, `char_c`: inverse regularisation; `char_weight`: the n-grams' say or 0;
    `refuse_at`: share of in-scope messages that may be refused; `name_examples`: an intent's name is an example of it.
    """

    dense_c: float = 3.0
    char_c: float = 30.0
    char_weight: float = 0.6
    folds: int = 3
    refuse_at: float = 0.034
    name_examples: bool = True
    max_iter: int = 60

    @property
    def heads(self) -> HeadOptions:
        return HeadOptions(self.dense_c, self.char_c, self.char_weight, self.max_iter)


def with_names(examples: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The (text, intent) pairs and, for each intent, its name read as words: a free example."""
    intents = sorted({intent for _, intent in examples} - {OUT})
    return [*examples, *((intent.removeprefix("ask_").replace("_", " "), intent) for intent in intents)]


@dataclass(frozen=True)
class Guess:
    """Intents with their probabilities, best first, and the probability that none of them is meant."""

    ranking: tuple[tuple[str, float], ...]
    out_of_scope: float
    refused: bool

    def probability(self, intent: str) -> float:
        return dict(self.ranking).get(intent, 0.0)


class IntentModel:
    """Trained by `fit`, asked by `guess`. Texts come normalised; vectors have length 1, one row a text."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()

    def fit(
        self, texts: Sequence[str], vectors: np.ndarray, intents: Sequence[str], places: np.ndarray | None = None,
        unmet: np.ndarray | None = None,
    ) -> IntentModel:  # fmt: skip
        """Learn from examples; needs at least two intents. `places`: the texts that the vectors are of, by default all,
        one a row. `unmet`: which of those the encoder itself has not learnt from (by default all); how sure to be is
        judged by them alone. Deterministic."""
        self.intents = sorted(set(intents))
        owners = np.array([self.intents.index(intent) for intent in intents])
        places = np.arange(len(texts)) if places is None else places
        known = owners[places]
        folds = self._folds(known, unmet)

        def heads(learn: np.ndarray, asked: np.ndarray) -> Heads:
            left = np.setdiff1d(np.arange(len(texts)), places[asked])
            own = np.searchsorted(left, places[learn])
            return Heads.fit([texts[i] for i in left], vectors[learn], owners[left], self.options.heads, own)

        everything = (np.arange(len(known)), np.arange(0))
        self.heads, *others = at_once([partial(heads, *fold) for fold in (everything, *folds)])
        self._remember(vectors, known)
        asked = [texts[place] for place in places]
        joined, features, unseen = self._cross_validate(asked, vectors, known, list(zip(folds, others, strict=True)))
        self.temperature = SURER * _best_temperature(joined, unseen)
        self._fit_gate(features, np.array([self.intents[owner] for owner in unseen]))
        return self

    def guess(self, texts: Sequence[str], vectors: np.ndarray) -> list[Guess]:
        """One guess a text. A trained out_of_scope intent is ranked like any other; `refused` is the decision."""
        joined = self.heads.logits(texts, vectors)
        probabilities = np.exp(log_softmax(joined / self.temperature))
        outside = self._outside(self._gate_features(joined, vectors))
        return [self._one(row, float(out)) for row, out in zip(probabilities, outside, strict=True)]

    def _one(self, row: np.ndarray, outside: float) -> Guess:
        order = np.argsort(-row)
        ranking = tuple(zip([self.intents[i] for i in order], row[order].tolist(), strict=True))
        return Guess(ranking, outside, refused=outside >= self.gate_threshold)

    # learning

    def _remember(self, vectors: np.ndarray, owners: np.ndarray) -> None:
        """Keep the examples' vectors, those outside the scope last, as the gate compares with both."""
        within = np.array([name != OUT for name in self.intents])[owners]
        order = np.argsort(~within, kind="stable")
        self._memory = np.ascontiguousarray(vectors[order].T, dtype=np.float32)
        self._owners, self._within = owners[order], int(within.sum())

    def _folds(self, owners: np.ndarray, unmet: np.ndarray | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Places of the examples to learn from and of those to ask: the unmet ones once, if those and the others have
        all intents; or some times over, each asked once."""
        if unmet is not None and all(len(set(owners[part])) == len(set(owners)) for part in (unmet, ~unmet)):
            return [(np.flatnonzero(~unmet), np.flatnonzero(unmet))]
        smallest = min(np.unique(owners, return_counts=True)[1])
        folds = StratifiedKFold(int(min(self.options.folds, max(2, smallest))), shuffle=True, random_state=0)
        return list(folds.split(owners, owners))

    def _cross_validate(
        self, texts: Sequence[str], vectors: np.ndarray, owners: np.ndarray,
        learnt: Sequence[tuple[tuple[np.ndarray, np.ndarray], Heads]],
    ) -> tuple[np.ndarray, ...]:  # fmt: skip
        """Joined logits, gate features and labels of every example as seen by a model that was not trained on it."""
        joined, features = [], []
        for (learn, test), heads in learnt:
            part = IntentModel(self.options)
            part.intents, part.heads = self.intents, heads
            part._remember(vectors[learn], owners[learn])
            logits = heads.logits([texts[i] for i in test], vectors[test])
            joined.append(logits)
            features.append(part._gate_features(logits, vectors[test]))
        return np.vstack(joined), np.vstack(features), np.hstack([owners[test] for (_, test), _ in learnt])

    # in or out of scope

    def _gate_features(self, joined: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """What the gate sees: odds of out_of_scope, margins, and likeness to examples within and without scope."""
        inside = np.array([name != OUT for name in self.intents])
        logs = log_softmax(joined)
        best = np.sort(logs[:, inside], axis=1)
        likeness = vectors.astype(np.float32) @ self._memory
        near_in = _nearest(likeness[:, : self._within])
        near_out = _nearest(likeness[:, self._within :]) if self._within < likeness.shape[1] else near_in * 0
        odds = logs[:, ~inside].max(axis=1) - best[:, -1] if (~inside).any() else np.zeros(len(joined))
        return np.column_stack(
            [np.clip(odds, -12, 12), best[:, -1], best[:, -1] - best[:, -2],
             near_in.max(axis=1), near_in.mean(axis=1), near_out.max(axis=1), near_out.mean(axis=1)]
        )  # fmt: skip

    def _fit_gate(self, features: np.ndarray, labels: np.ndarray) -> None:
        outside = labels == OUT
        self.gate_centre, self.gate_scale = features.mean(axis=0), features.std(axis=0) + 1e-6
        self.gate_weights, self.gate_bias, self.gate_threshold = np.zeros(features.shape[1]), -20.0, 1.1
        if not outside.any() or outside.all():
            return
        gate = LogisticRegression(C=1.0, class_weight="balanced").fit(self._scaled(features), outside)
        self.gate_weights, self.gate_bias = gate.coef_[0], float(gate.intercept_[0])
        self.gate_threshold = float(np.quantile(self._outside(features)[~outside], 1 - self.options.refuse_at))

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        return (features - self.gate_centre) / self.gate_scale

    def _outside(self, features: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(self._scaled(features) @ self.gate_weights + self.gate_bias)))

    # keeping

    def save(self, folder: Path) -> None:
        """Write the model as numbers and JSON; nothing in it is executed on loading."""
        np.savez(
            folder / "weights.npz", **self.heads.numbers, idf=self.heads.idf, memory=self._memory, owners=self._owners,
            gate_centre=self.gate_centre, gate_scale=self.gate_scale, gate_weights=self.gate_weights,
        )  # fmt: skip
        plain = {
            "options": vars(self.options), "intents": self.intents, "temperature": self.temperature,
            "gate_bias": self.gate_bias, "gate_threshold": self.gate_threshold, "within": self._within,
            "vocabulary": self.heads.vocabulary,
        }  # fmt: skip
        (folder / "model.json").write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentModel:
        """Read what `save` wrote; raises OSError or ValueError when it is not there or not whole."""
        plain = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        model = cls(Options(**plain["options"]))
        model.intents, model.temperature, model._within = plain["intents"], plain["temperature"], plain["within"]
        model.gate_bias, model.gate_threshold = plain["gate_bias"], plain["gate_threshold"]
        with np.load(folder / "weights.npz", allow_pickle=False) as kept:
            model.heads = Heads.load(model.options.heads, plain["vocabulary"], kept)
            model._memory, model._owners = kept["memory"], kept["owners"]
            model.gate_centre, model.gate_scale, model.gate_weights = (
                kept["gate_centre"], kept["gate_scale"], kept["gate_weights"])  # fmt: skip
        return model


def _nearest(likeness: np.ndarray) -> np.ndarray:
    """The NEAREST largest values of each row, in any order."""
    count = min(NEAREST, likeness.shape[1])
    return np.partition(likeness, likeness.shape[1] - count, axis=1)[:, -count:]


def _best_temperature(logits: np.ndarray, owners: np.ndarray) -> float:
    """The divisor of the logits under which the probabilities of unseen examples are the least wrong (log loss)."""

    def loss(temperature: float) -> float:
        return -float(log_softmax(logits / temperature)[np.arange(len(owners)), owners].mean())

    return float(minimize_scalar(loss, bounds=(0.2, 5.0), method="bounded").x)
