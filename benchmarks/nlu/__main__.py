"""Measures the understanding on public sets and its speed: `python -m benchmarks.nlu --data FOLDER`.

Same features and classifier as the bot's pipeline. See data.py for what FOLDER holds and where it comes from.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before numpy: figures are for one core
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402  the thread count is read when numpy loads

from benchmarks.nlu import data, rasa_default  # noqa: E402
from bot.evaluation.heldout import load  # noqa: E402
from bot.nlu.intent_model import Options  # noqa: E402
from bot.nlu.parser import ENCODER, Parser, read_examples  # noqa: E402
from bot.nlu.spelling import Speller  # noqa: E402
from bot.settings import ROOT  # noqa: E402


class _PlainWords:
    """Spelling without the clinic's words, which would pull a bank's customers towards them."""

    _speller = Speller({}, [])

    def normal(self, text: str) -> str:
        return self._speller.text(text)


TRAINING = ROOT / "bot" / "data" / "nlu.yml"
# Public sets on the encoder as installed; its middle layers help with a hundred examples an intent, not with ten.
ENCODER_OF = {"speed": ENCODER, "banking": "minilm", "clinc": "minilm-layers", "rasa": ""}
DENSE_C = 30.0  # an encoder that has not learnt from the task leaves more to learn on top than the tuned one
WARMING = 30  # messages parsed before the clock starts


def main() -> None:
    """Run what was asked for and print one JSON object a line."""
    arguments = _arguments()
    for name in arguments.only:
        for encoder in arguments.encoders or [ENCODER_OF[name]]:
            for result in RUNS[name](arguments, encoder):
                print(json.dumps({"run": name, "encoder": encoder, **result}), flush=True)


def run_banking(arguments: argparse.Namespace, encoder: str) -> list[dict[str, Any]]:
    """Banking77 with ten examples an intent, full test set, one accuracy a seed."""
    train, test = data.banking77(arguments.data)
    options = Options(dense_c=DENSE_C, char_weight=arguments.char_weight)
    scores = [
        _accuracy(Parser.train(data.few(train, 10, seed), encoder, options, _PlainWords()), test)
        for seed in arguments.seeds
    ]
    return [{"accuracy": _spread(scores), "seeds": arguments.seeds}]


def run_clinc(arguments: argparse.Namespace, encoder: str) -> list[dict[str, Any]]:
    """CLINC150 full: accuracy in scope (a refusal is an error) and share of the out-of-scope ones refused."""
    train, test, outside = data.clinc150(arguments.data)
    parser = Parser.train(
        train, encoder, Options(dense_c=DENSE_C, char_weight=arguments.char_weight, refuse_at=0.003), _PlainWords()
    )
    guesses = parser.guess([text for text, _ in test])
    best = [guess.ranking[0][0] == intent for guess, (_, intent) in zip(guesses, test, strict=True)]
    kept = [right and not guess.refused for guess, right in zip(guesses, best, strict=True)]
    out = [guess.refused or guess.ranking[0][0] == data.OUT for guess in parser.guess(outside)]
    return [{"in_scope": _mean(kept), "in_scope_without_refusal": _mean(best), "out_of_scope_recall": _mean(out)}]


def run_speed(arguments: argparse.Namespace, encoder: str) -> list[dict[str, Any]]:
    """Milliseconds of one warm parse of a held-out message, by the clock and by the processor time of this process,
    pinned to one core; seconds of a training from nothing. A busy machine shows more in the clock than in the
    processor time.
    """
    examples = read_examples(TRAINING)
    started, worked = time.perf_counter(), time.process_time()
    parser = Parser.train(examples, encoder)
    trained = {"training_s": time.perf_counter() - started, "training_cpu_s": time.process_time() - worked}
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    texts = _heldout_texts()
    for text in texts[:WARMING]:
        parser.parse(text)
    took = [_one(parser, text) for text in texts[WARMING:]]
    figures = {
        f"{name}_{kind}": float(np.quantile([one[i] for one in took], share))
        for i, kind in enumerate(("ms", "cpu_ms"))
        for name, share in (("median", 0.5), ("p99", 0.99))
    }
    return [{name: round(value, 2) for name, value in {**figures, **trained}.items()} | {"messages": len(took)}]


def _one(parser: Parser, text: str) -> tuple[float, float]:
    started, worked = time.perf_counter(), time.process_time()
    parser.parse(text)
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)


def _heldout_texts() -> list[str]:
    held = load(ROOT / "tests" / "heldout")
    lists = [*held.intents.values(), *held.out_of_scope.values()]
    cases = [*held.danger, *held.near_misses, *held.two_questions]
    return [text for texts in lists for text in texts] + [case["text"] for case in cases]


def run_rasa(arguments: argparse.Namespace, encoder: str) -> list[dict[str, Any]]:
    """Rasa's default pipeline on the same Banking77 draws: ten minutes a seed or more; each as it comes."""
    train, test = data.banking77(arguments.data)
    scores = []
    for seed in arguments.seeds:
        scores.append(rasa_default.accuracy(data.few(train, 10, seed), test))
        print(json.dumps({"run": "rasa", "seed": seed, "accuracy": round(scores[-1], 4)}), flush=True)
    return [{"accuracy": _spread(scores), "seeds": arguments.seeds}]


RUNS: dict[str, Callable[[argparse.Namespace, str], list[dict[str, Any]]]] = {
    "banking": run_banking, "clinc": run_clinc, "speed": run_speed, "rasa": run_rasa,
}  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlu", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with banking77/ and clinc150/")
    parser.add_argument("--only", nargs="+", choices=list(RUNS), default=["banking", "clinc", "speed"])
    parser.add_argument(
        "--encoders", nargs="+", default=[], help="names of bot.nlu.encoders, joined by +; by default "
        "what ENCODER_OF says",
    )  # fmt: skip
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--char-weight", type=float, default=0.4, help="0 leaves the n-grams out")
    return parser.parse_args()


def _accuracy(parser: Parser, test: data.Pairs) -> float:
    guesses = parser.guess([text for text, _ in test])
    right = [guess.ranking[0][0] == intent for guess, (_, intent) in zip(guesses, test, strict=True)]
    return float(np.mean(right))


def _spread(scores: list[float]) -> dict[str, float]:
    return {"mean": round(statistics.mean(scores), 4), "spread": round(max(scores) - min(scores), 4)}


def _mean(values: list[bool]) -> float:
    return round(float(np.mean(values)), 4)


if __name__ == "__main__":
    main()
