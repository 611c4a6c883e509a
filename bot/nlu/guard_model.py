"""How much a message sounds like each warning sign, learnt from whole messages: the second opinion of the danger guard.

Two models: one names the sign, from the sentence vector and n-grams; a judge says whether it is there now (judge.py).
Classes of the first are "nothing" and the signs. Negatives are all other training examples and the harmless ones of
content/danger_examples.yml, so that it learns what a joke, a memory or a worry about a sign sounds like. No Rasa here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.nlu.heads import HeadOptions, Heads, log_softmax
from bot.nlu.judge import PARTS, Judge
from bot.nlu.learning import at_once
from bot.nlu.vocabulary import Phrase, VocabularyError

NOTHING = ""
OPTIONS = HeadOptions(dense_c=10.0, char_c=10.0, char_weight=0.4, max_iter=30, balanced=False)


class DangerExamples(BaseModel):
    """content/danger_examples.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    now: dict[str, list[Phrase]] = Field(min_length=1)
    harmless: dict[str, list[Phrase]] = Field(min_length=1)

    def pairs(self) -> list[tuple[str, str]]:
        """(text, sign), the sign being NOTHING for harmless ones."""
        danger = [(text, sign) for sign, texts in self.now.items() for text in texts]
        return danger + [(text, NOTHING) for texts in self.harmless.values() for text in texts]


@dataclass(frozen=True)
class Opinion:
    """The probability of each sign, in one message or part of one, and the judge's that any is there now."""

    signs: Mapping[str, float]
    now: float = 0.0

    @property
    def sign(self) -> str:
        """The likeliest sign."""
        return max(self.signs, key=lambda sign: self.signs[sign])

    def of(self, signs: Sequence[str]) -> float:
        """The probability that one of those signs is meant."""
        return sum(self.signs.get(sign, 0.0) for sign in signs)


class GuardModel:
    """Trained by `fit`, asked by `opinions`. Texts come normalised, each with a row: its vector, then other layers."""

    def __init__(self, labels: Sequence[str], heads: Heads, judge: Judge) -> None:
        self.labels, self._heads, self._judge = list(labels), heads, judge

    @classmethod
    def fit(
        cls, texts: Sequence[str], rows: np.ndarray, signs: Sequence[str], size: int | None = None,
        places: np.ndarray | None = None,
    ) -> GuardModel:  # fmt: skip
        """Learn from messages and the sign each names, or NOTHING; `size`: length of the vector each row begins with,
        by default all of it. `places`: the messages that the rows are of, by default all, one a row."""
        labels = sorted(set(signs))
        owners = np.array([labels.index(sign) for sign in signs])
        dangerous = np.array([sign != NOTHING for sign in signs])
        dangerous = dangerous if places is None else dangerous[places]
        learnt = partial(Heads.fit, texts, rows[:, :size], owners, OPTIONS, places)
        heads, judge = at_once([learnt, partial(Judge.fit, rows, dangerous)])
        return cls(labels, heads, judge)

    def opinions(self, texts: Sequence[str], rows: np.ndarray) -> list[Opinion]:
        """One a text."""
        chances = np.exp(log_softmax(self._heads.logits(texts, rows[:, : len(self._heads.numbers["mean"])])))
        return [
            Opinion({a: float(b) for a, b in zip(self.labels, row, strict=True) if a != NOTHING}, float(now))
            for row, now in zip(chances, self._judge.chances(rows), strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the model as numbers and JSON."""
        judge = {f"judge_{name}": value for name, value in self._judge.numbers.items()}
        np.savez(folder / "guard.npz", **self._heads.numbers, idf=self._heads.idf, **judge)
        plain = {"labels": self.labels, "vocabulary": self._heads.vocabulary}
        (folder / "guard.json").write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> GuardModel:
        """Read what `save` wrote; raises OSError or ValueError when it is not there or not whole."""
        plain = json.loads((folder / "guard.json").read_text(encoding="utf-8"))
        with np.load(folder / "guard.npz", allow_pickle=False) as kept:
            judge = Judge({name: kept[f"judge_{name}"] for name in PARTS})
            return cls(plain["labels"], Heads.load(OPTIONS, plain["vocabulary"], kept), judge)


@lru_cache(maxsize=4)
def load_examples(path: Path) -> DangerExamples:
    """The examples in a file; raises VocabularyError naming what is wrong in it."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return DangerExamples.model_validate(raw)
    except (OSError, yaml.YAMLError) as error:
        raise VocabularyError(f"{path.name}: cannot be read: {error}") from error
    except ValidationError as error:
        faults = (f"{path.name}: {'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise VocabularyError("\n".join(faults)) from None
