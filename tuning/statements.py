"""`make statements`: trains the network that hears what a message says of its patient (bot/nlu/fact_model.py).

It learns from statements.yml, in which each message says what is in it, and from messages of the bot's own training
data, of which the rules (bot/nlu/clinical.py) say what is in them, and writes bot/nlu/tuned/fact_*.npz. `--without 7,8`
leaves the messages of those writers out, shows how much of what they say is heard, and writes nothing. See README.md.
Needs PyTorch.
"""

from __future__ import annotations

import argparse
import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import yaml
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional

from bot.nlu.encoders import TUNED
from bot.nlu.fact_model import AGES, DEPTH, FACTS, HEADS_FILE, LAYERS_FILE, TOPICS, VALUES, check_sum, word_pieces
from bot.nlu.numbers import numbers_in
from bot.nlu.parser import read_examples
from bot.nlu.understanding import Understanding, load_understanding
from bot.settings import BOT
from tuning.model import SIZE, MiniLM, packed
from tuning.passes import Steps, batches, shown
from tuning.variants import misspelt

LABELLED = Path(__file__).with_name("statements.yml")
WRITTEN = 2026  # the year in which the messages were written: a birth year means an age of then
WARM = 100  # steps until the full rate
DROPOUT, SMOOTHED = 0.1, 0.02
LONG = 40  # words of a message beside which no other is put
LEFT_OUT, SHORT = 0.06, 8  # share of word pieces that a message loses; pieces below which it is left whole
OTHERS, OTHERS_SAY = 10_000, 0.4  # messages of the bot's training data, and what one counts for beside a labelled one
JOINED, MISSPELT = 0.15, 0.15  # shares of the messages that are read beside one that says nothing, or misspelt
JOINTS = ([], ["and"], ["."], [","], ["?"], ["also"], ["but"])
LAGGING = 0.998  # of the weights' moving mean, which is what is kept: each step changes it so little
LABELS = len(FACTS) + len(TOPICS)
Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Lesson:
    """The words of a message and what it says: the place in VALUES of each fact, whether each topic is named, and for
    each number (first word, after last, place in AGES). `counts` as much as this; `writer` of it."""

    words: Sequence[str]
    facts: tuple[int, ...]
    topics: tuple[int, ...]
    numbers: tuple[tuple[int, int, int], ...]
    counts: float
    writer: str

    @property
    def says_nothing(self) -> bool:
        return not any(self.facts) and not any(kind for _, _, kind in self.numbers)


@dataclass(frozen=True)
class Read:
    """A message as word pieces, and the word that each belongs to."""

    lesson: Lesson
    pieces: Sequence[int]
    owners: Sequence[int]

    @classmethod
    def of(cls, lesson: Lesson) -> Read:
        return cls(lesson, *word_pieces(lesson.words))

    def numbers(self) -> list[tuple[list[int], int]]:
        """The pieces of each number, and what it is; without those that are cut off."""
        found = []
        for start, end, kind in self.lesson.numbers:
            places = [place for place, owner in enumerate(self.owners) if start <= owner < end]
            found += [(places, kind)] if places else []
        return found


def main() -> None:
    """Train, show after each pass how well the left-out writers are heard, and write."""
    parser = argparse.ArgumentParser(prog="python -m tuning.statements", description=__doc__)
    parser.add_argument("--passes", type=int, default=8)
    parser.add_argument("--runs", type=int, default=2, help="trainings whose mean is kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", default="", help="writers to leave out and to measure on; nothing is written then")
    arguments = parser.parse_args()
    out = set(filter(None, arguments.without.split(",")))
    shared = load_understanding()
    labelled = [lesson(case, shared) for case in yaml.safe_load(LABELLED.read_text(encoding="utf-8"))]
    learnt, back = [one for one in labelled if one.writer not in out], [one for one in labelled if one.writer in out]
    print(f"{len(learnt)} messages to learn from, {len(back)} of the writers left out")
    besides, tuners = others(shared), []
    with Progress() as progress:
        for run in range(arguments.runs):
            torch.manual_seed(arguments.seed)  # all heads begin alike, so that their mean means something
            tuner = Tuner(learnt, besides, random.Random(arguments.seed + run))  # noqa: S311 - seeded dice
            for number in range(arguments.passes):
                tuner.one_pass(number, arguments.passes, progress)
                if back:
                    progress.print(f"run {run + 1}, pass {number + 1}: {measured(tuner.kept, tuner.heads, back)}")
            tuners.append(tuner)
    kept, heads = mean([tuner.kept for tuner in tuners]), mean([tuner.heads for tuner in tuners])
    if out:
        print(f"their mean: {measured(kept, heads, back)}")
        return
    np.savez(LAYERS_FILE, **packed(kept, 0, DEPTH))
    met = np.array([check_sum(one.words) for one in learnt], dtype=np.uint32)
    np.savez(HEADS_FILE, **heads.arrays(), met=met)
    print(f"Written: {LAYERS_FILE}, {HEADS_FILE}")


def mean(modules: Sequence[Module]) -> Module:
    """The mean of trainings that began alike; it makes fewer mistakes than each (decision 0014)."""
    found = copy.deepcopy(modules[0])
    with torch.no_grad():
        for own, *all_of_them in zip(*(one.parameters() for one in (found, *modules)), strict=True):
            own.copy_(torch.stack(all_of_them).mean(dim=0))
    return found


def lesson(case: dict[str, Any], shared: Understanding) -> Lesson:
    """A labelled message of statements.yml."""
    words = shared.read(case["text"]).words
    said = {("concern", name) for name in case["concern"]} | {("treatment", name) for name in case["treatment"]}
    return _lesson(words, case["facts"], said, case["age"], 1.0, str(case["writer"]))


def others(shared: Understanding) -> list[Lesson]:
    """Messages about other things, with what the rules find in them."""
    texts = [text for text, _ in shared.danger_examples(read_examples(BOT / "data" / "nlu.yml"))]
    random.Random(3).shuffle(texts)  # noqa: S311 - seeded dice
    found = []
    for text in texts[:OTHERS]:
        values = {(one["entity"], one["value"]) for one in shared.rules(text)}
        facts = {name: value for name, value in values if name in FACTS}
        age = next((value for name, value in values if name == "age"), None)
        found.append(_lesson(shared.read(text).words, facts, values & set(TOPICS), age, OTHERS_SAY, ""))
    return found


def _lesson(  # noqa: PLR0913, PLR0917 - a message and everything it says
    words: Sequence[str],
    facts: dict[str, str],
    topics: set[tuple[str, str]],
    age: int | None,
    counts: float,
    writer: str,
) -> Lesson:
    return Lesson(
        words,
        tuple(VALUES.index(facts.get(name, "")) for name in FACTS),
        tuple(int(topic in topics) for topic in TOPICS),
        _ages(words, age),
        counts,
        writer,
    )


def _ages(words: Sequence[str], age: int | None) -> tuple[tuple[int, int, int], ...]:
    """What each number is; the first reading in AGES in which any number gives the age counts."""
    numbers = numbers_in(words)
    for kind in (1, 3, 2, 4):
        is_age = [kind if age is not None and AGES[kind](value, WRITTEN) == age else 0 for _, _, value in numbers]
        if any(is_age):
            return tuple((start, end, own) for (start, end, _), own in zip(numbers, is_age, strict=True))
    return tuple((start, end, 0) for start, end, _ in numbers)


class Heads(nn.Module):
    """What is asked of the pieces' states: each label listens to the pieces in its own way, and then says."""

    def __init__(self) -> None:
        super().__init__()
        self.ask, self.mean = nn.Linear(SIZE, LABELS), nn.Linear(SIZE, LABELS * len(VALUES))
        self.say = nn.Parameter(torch.randn(LABELS, SIZE, len(VALUES)) * 0.02)
        self.say_bias = nn.Parameter(torch.zeros(LABELS, len(VALUES)))
        self.age = nn.Linear(2 * SIZE, len(AGES))

    def forward(self, states: Tensor, heard: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """States (texts, pieces, SIZE) and which pieces there are, to logits of the facts' values and of the topics,
        and the mean of the states."""
        listened = self.ask(states).masked_fill(~heard[..., None], -1e4).softmax(dim=1)
        pooled = torch.einsum("tpl,tps->tls", listened, states)
        mean = (states * heard[..., None]).sum(dim=1) / heard.sum(dim=1, keepdim=True)
        said = torch.einsum("tls,lsv->tlv", pooled, self.say) + self.say_bias
        said = said + self.mean(mean).view(said.shape)
        topics = said[:, len(FACTS) :]
        return said[:, : len(FACTS)], topics[..., 1] - topics[..., 0], mean

    def arrays(self) -> dict[str, np.ndarray]:
        """By the names that bot.nlu.fact_model knows."""
        named = {
            "ask": self.ask.weight, "ask_bias": self.ask.bias, "say": self.say, "say_bias": self.say_bias,
            "mean": self.mean.weight, "mean_bias": self.mean.bias, "age": self.age.weight, "age_bias": self.age.bias,
        }  # fmt: skip
        return {name: part.detach().numpy() for name, part in named.items()}


class Tuner:
    """The lower layers of MiniLM with their heads. `kept` and `heads` are the moving means of what it has learnt."""

    def __init__(self, learnt: Sequence[Lesson], others: Sequence[Lesson], dice: random.Random) -> None:
        self._learnt, self._dice = [*learnt, *others], dice
        self._silent = [one for one in others if one.says_nothing]
        self._model, self._heads = MiniLM(TUNED).requires_grad_(False), Heads()
        self._layers = self._model.layers[:DEPTH].requires_grad_(True)
        self.kept, self.heads = copy.deepcopy(self._model), copy.deepcopy(self._heads)
        self._steps = Steps(self._layers, list(self._heads.parameters()), WARM)

    def one_pass(self, number: int, passes: int, progress: Progress) -> None:
        """Learn from every message once."""
        self._model.train(), self._heads.train()
        varied = [self._varied(lesson) for lesson in self._dice.sample(self._learnt, len(self._learnt))]
        read = batches([self._thinned(Read.of(lesson)) for lesson in varied], lambda one: len(one.pieces), self._dice)
        for batch in shown(read, f"pass {number + 1} of {passes}", progress):
            self._follow(self._steps.take(self._loss(batch), passes * (len(read) + 1)))

    def _follow(self, steps: int) -> None:
        """Move the kept weights a little towards those learnt now; quickly at first."""
        share = min(LAGGING, steps / (steps + 10))
        with torch.no_grad():
            for kept, now in ((self.kept, self._model), (self.heads, self._heads)):
                for old, new in zip(kept.parameters(), now.parameters(), strict=True):
                    old.lerp_(new, 1 - share)

    def _loss(self, batch: Sequence[Read]) -> Tensor:
        facts, topics, ages, kinds = hear(self._model, self._heads, batch, DROPOUT)
        counts = torch.tensor([one.lesson.counts for one in batch])
        wanted = torch.tensor([one.lesson.facts for one in batch])
        named = torch.tensor([one.lesson.topics for one in batch], dtype=torch.float32)
        of_facts = functional.cross_entropy(
            facts.transpose(1, 2), wanted, reduction="none", label_smoothing=SMOOTHED
        ).sum(dim=1)
        of_topics = functional.binary_cross_entropy_with_logits(topics, named, reduction="none").sum(dim=1)
        of_ages = functional.cross_entropy(
            ages, torch.tensor(kinds, dtype=torch.long), reduction="sum", label_smoothing=SMOOTHED
        )
        return ((of_facts + of_topics) * counts).mean() + of_ages / len(batch)

    def _varied(self, lesson: Lesson) -> Lesson:
        """The message, or as it might also have been written: misspelt, or beside one that says nothing."""
        varied = lesson
        if self._dice.random() < JOINED and len(lesson.words) < LONG:
            varied = beside(varied, self._dice.choice(self._silent), self._dice)
        if self._dice.random() < MISSPELT:
            words = [
                misspelt(word, self._dice) if self._dice.random() < 2 / len(varied.words) else word
                for word in varied.words
            ]
            varied = replace(varied, words=words)
        return varied

    def _thinned(self, one: Read) -> Read:
        """A message without some of its word pieces, so that none is relied on alone; numbers stay."""
        if len(one.pieces) < SHORT:
            return one
        inside = {word for start, end, _ in one.lesson.numbers for word in range(start, end)} | {-1}
        pairs = zip(one.pieces, one.owners, strict=True)
        kept = [(piece, owner) for piece, owner in pairs if owner in inside or self._dice.random() > LEFT_OUT]
        return replace(one, pieces=[piece for piece, _ in kept], owners=[owner for _, owner in kept])


def hear(
    model: MiniLM, heads: Heads, batch: Sequence[Read], dropout: float = 0.0
) -> tuple[Tensor, Tensor, Tensor, list[int]]:
    """Logits of the facts' values, of the topics and of what each number is, and what each number really is."""
    padded = nn.utils.rnn.pad_sequence([torch.tensor(one.pieces) for one in batch], batch_first=True)
    heard = torch.arange(padded.shape[1])[None] < torch.tensor([len(one.pieces) for one in batch])[:, None]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = model.below(padded, heard[:, None, None], 0)
        for layer in model.layers[:DEPTH]:
            states = layer(states, heard[:, None, None], dropout)
    states = functional.dropout(states.float(), dropout)
    facts, topics, mean = heads(states, heard)
    numbers = [(i, places, kind) for i, one in enumerate(batch) for places, kind in one.numbers()]
    spans = [torch.cat([states[i, places].mean(dim=0), mean[i]]) for i, places, _ in numbers]
    ages = heads.age(torch.stack(spans)) if spans else torch.zeros(0, len(AGES))
    return facts, topics, ages, [kind for _, _, kind in numbers]


def measured(model: MiniLM, heads: Heads, lessons: Sequence[Lesson]) -> str:
    """F1 of what is said in messages it has not learnt from, by the likeliest value alone."""
    right = said = found = 0
    model.eval(), heads.eval()
    with torch.no_grad():
        for start in range(0, len(lessons), 64):
            batch = [Read.of(lesson) for lesson in lessons[start : start + 64]]
            facts, topics, ages, kinds = hear(model, heads, batch)
            heard = [
                *facts.argmax(dim=2).flatten().tolist(),
                *(topics > 0).flatten().tolist(),
                *ages.argmax(dim=1).tolist(),
            ]
            wanted = [value for one in batch for value in one.lesson.facts]
            wanted += [value for one in batch for value in one.lesson.topics] + kinds
            right += sum(a == b != 0 for a, b in zip(heard, wanted, strict=True))
            said, found = said + sum(map(bool, wanted)), found + sum(map(bool, heard))
    return f"F1 {2 * right / max(said + found, 1):.1%}"


def beside(lesson: Lesson, silent: Lesson, dice: random.Random) -> Lesson:
    """A message and one that says nothing of its patient, in either order."""
    joint = dice.choice(JOINTS)
    first, second = (lesson, silent) if dice.random() < 0.5 else (silent, lesson)
    before = len(first.words) + len(joint)
    moved = tuple((start + before, end + before, kind) for start, end, kind in second.numbers)
    topics = tuple(a | b for a, b in zip(lesson.topics, silent.topics, strict=True))
    words = [*first.words, *joint, *second.words]
    return replace(lesson, words=words, topics=topics, numbers=first.numbers + moved)


if __name__ == "__main__":
    main()
