"""`python -m tuning.weigh`: what each kind of evidence should count for in bot/nlu/danger.py.

The guard model learns from the messages that the encoder has learnt from, and is asked about those held back; a
logistic regression then weighs its opinions and what the words say. Printed for several shares of ordinary messages
that the sum may alarm on, each with what the whole guard would do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression

from bot.nlu import danger
from bot.nlu.danger import Evidence
from bot.nlu.encoders import load_encoder, unmet
from bot.nlu.guard_model import NOTHING, GuardModel, Opinion
from bot.nlu.parser import ENCODER, GUARD_LAYERS, hear, lessons, read_examples
from bot.nlu.understanding import Understanding, load_understanding
from bot.settings import BOT

SHARES = (0.006, 0.007, 0.008, 0.009)  # of the ordinary messages
ORDINARY = 3.0  # what an ordinary message counts for in the regression, as they are most of what patients write


@dataclass(frozen=True)
class Case:
    """A message that the models have not learnt from: what they think of it, and what it is."""

    text: str
    opinions: list[Opinion]
    evidence: Evidence
    dangerous: bool
    ordinary: bool


def main() -> None:
    """Learn, ask, weigh, and print."""
    shared = load_understanding()
    cases = asked(shared)
    table = Table("ordinary that may alarm", "judge", "sign", *danger.STANDING, "caught", "false alarms", "ordinary")
    as_it_is = (danger.JUDGE_SAY, danger.SIGN_SAY, list(danger.STANDING.values()))
    for name, weights in [("as it is", as_it_is), *((f"{share:.1%}", weighed(cases, share)) for share in SHARES)]:
        judge, sign, standing = weights
        numbers = [f"{value:.2f}" for value in (judge, sign, *standing)]
        table.add_row(name, *numbers, *(f"{share:.1%}" for share in outcome(shared, cases, weights)))
    Console(width=200).print(table)


def asked(shared: Understanding) -> list[Case]:
    """The messages held back, read by a guard model that has learnt from the others."""
    pairs = read_examples(BOT / "data" / "nlu.yml")
    known = shared.danger_examples(pairs)
    texts = [shared.normal(text) for text, _ in known]
    encoder, back = load_encoder(ENCODER), unmet(ENCODER, texts)
    met, signs = [texts[i] for i in np.flatnonzero(~back)], [known[i][1] for i in np.flatnonzero(~back)]
    places, _ = lessons(ENCODER, met)
    rows = encoder.layers([met[place] for place in places], GUARD_LAYERS)
    guard = GuardModel.fit(met, rows, signs, encoder.size, places)
    found = []
    for i in np.flatnonzero(back):
        text, sign = known[i]
        opinions = hear(guard, shared, ENCODER, text)
        evidence = shared.danger.evidence(shared.read(text).doc, opinions)
        found.append(Case(text, opinions, evidence, sign != NOTHING, bool(i < len(pairs))))
    return found


Weights = tuple[float, float, list[float]]  # JUDGE_SAY, SIGN_SAY, the values of STANDING


def weighed(cases: list[Case], share: float) -> Weights:
    """The weights under which the sum alarms on that share of the ordinary messages."""
    states = list(danger.STANDING)
    rows = np.array([[c.evidence.judge, c.evidence.sign, *(c.evidence.standing == s for s in states)] for c in cases])
    counts = np.array([ORDINARY if case.ordinary and not case.dangerous else 1.0 for case in cases])
    learnt = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000)
    learnt.fit(rows, [case.dangerous for case in cases], sample_weight=counts)
    judge, sign, *standing = learnt.coef_[0]
    harmless = [case.ordinary and not case.dangerous for case in cases]
    bar = float(np.quantile((rows @ learnt.coef_[0])[harmless], 1 - share))
    return judge, sign, [value - bar for value in standing]


def outcome(shared: Understanding, cases: list[Case], weights: Weights) -> tuple[float, float, float]:
    """Shares of alarms among dangers, harmless talk and ordinary messages, by the whole guard with those weights."""
    before = danger.JUDGE_SAY, danger.SIGN_SAY, dict(danger.STANDING)
    danger.JUDGE_SAY, danger.SIGN_SAY, standing = weights
    danger.STANDING.update(zip(danger.STANDING, standing, strict=True))
    alarms = [shared.danger.decide(shared.read(case.text).doc, [], case.opinions) is not None for case in cases]
    danger.JUDGE_SAY, danger.SIGN_SAY, kept = before
    danger.STANDING.update(kept)

    def share(dangerous: bool, ordinary: bool) -> float:
        kinds = zip(alarms, cases, strict=True)
        return float(np.mean([alarm for alarm, c in kinds if c.dangerous == dangerous and c.ordinary == ordinary]))

    return share(True, False), share(False, False), share(False, True)


if __name__ == "__main__":
    main()
