"""Rasa's default pipeline on the same examples, for comparison."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import yaml

from benchmarks.nlu.data import Pairs

CONFIG = {"recipe": "default.v1", "language": "en", "assistant_id": "benchmark", "pipeline": [
    {"name": "WhitespaceTokenizer"}, {"name": "RegexFeaturizer"}, {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
]}  # fmt: skip


def accuracy(train: Pairs, test: Pairs) -> float:
    """Train Rasa's default NLU pipeline and give its accuracy; takes minutes."""
    from rasa.core.agent import Agent
    from rasa.model_training import train_nlu

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
        (folder / "nlu.yml").write_text(yaml.safe_dump(_training(train), width=10_000), encoding="utf-8")
        model = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder))
        agent = Agent.load(model)
        right = [asyncio.run(agent.parse_message(text))["intent"]["name"] == intent for text, intent in test]
    return sum(right) / len(right)


def _training(train: Pairs) -> dict[str, object]:
    intents = sorted({intent for _, intent in train})
    return {"version": "3.1", "nlu": [
        {"intent": intent, "examples": "".join(f"- {text.strip()}\n" for text, own in train if own == intent)}
        for intent in intents
    ]}  # fmt: skip
