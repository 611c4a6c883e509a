"""`make encoder`: trains the encoder's upper layers on the project's own messages and writes bot/nlu/tuned/layers.npz.

See README.md. Needs PyTorch, which neither the clinic's machine nor the tests have.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional

from bot.nlu.encoders import LONGEST, MET, TUNED, held_back, word_pieces
from bot.nlu.parser import read_examples
from bot.nlu.understanding import load_understanding
from bot.settings import BOT
from tuning.model import SIZE, MiniLM, packed
from tuning.passes import Steps, batches, shown
from tuning.variants import joined, misspelt

DEPTH = 1  # layers below that stay as they are
WARM = 200  # steps until the full rate
DROPOUT, LEFT_OUT = 0.1, 0.1  # the last: share of word pieces that a message loses
SIGN_SAY, INTENT_SAY = 0.5, 0.7  # what naming the sign and the intent count for, beside danger or not
SHORT = 6  # word pieces below which a message is left whole
JOINED, MISSPELT = 0.15, 0.15  # shares of the messages that are read so (variants.py)


@dataclass(frozen=True)
class Message:
    """A normalised message, its word pieces, the warning sign it names ("": none), and its intent ("": not said)."""

    text: str
    pieces: Sequence[int]
    sign: str
    intent: str


def main() -> None:
    """Train, show the share of held-back messages that are told right after each pass, and write."""
    parser = argparse.ArgumentParser(prog="python -m tuning", description=__doc__)
    parser.add_argument("--passes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    learnt, back = messages()
    print(f"{len(learnt)} messages to learn from, {len(back)} held back")
    tuner = Tuner(learnt, random.Random(arguments.seed))  # noqa: S311 - seeded dice
    with Progress() as progress:
        for number in range(arguments.passes):
            tuner.one_pass(number, arguments.passes, progress)
            progress.print(f"pass {number + 1}: {tuner.measured(back)}")
    TUNED.parent.mkdir(exist_ok=True)
    np.savez(TUNED, **packed(tuner.model, DEPTH))
    np.save(MET, np.unique([zlib.crc32(message.text.encode()) for message in learnt]).astype(np.uint32))
    print(f"Written: {TUNED}")


def messages() -> tuple[list[Message], list[Message]]:
    """Those to learn from, and those held back (bot.nlu.encoders.held_back), each text once."""
    shared = load_understanding()
    pairs = read_examples(BOT / "data" / "nlu.yml")
    intents = [intent for _, intent in pairs]
    learnt: dict[str, tuple[str, str]] = {}
    for number, (text, sign) in enumerate(shared.danger_examples(pairs)):
        learnt.setdefault(shared.normal(text), (sign, intents[number] if number < len(pairs) else ""))
    pieces = word_pieces(list(learnt))
    all_of_them = [Message(text, own, *said) for (text, said), own in zip(learnt.items(), pieces, strict=True)]
    back = [held_back(text) for text in learnt]
    return (
        [message for message, its in zip(all_of_them, back, strict=True) if not its],
        [message for message, its in zip(all_of_them, back, strict=True) if its],
    )


class Tuner:
    """The encoder with three heads: is there danger now, which sign, which intent."""

    def __init__(self, learnt: Sequence[Message], dice: random.Random) -> None:
        self._learnt, self._dice = list(learnt), dice
        self._signs = sorted({message.sign for message in learnt})
        self._intents = sorted({message.intent for message in learnt} - {""})
        self.model = MiniLM().requires_grad_(False)
        self._upper = self.model.layers[DEPTH:].requires_grad_(True)
        self._danger = nn.Linear(2 * SIZE, 1)
        self._sign = nn.Linear(2 * SIZE, len(self._signs))
        self._intent = nn.Linear(SIZE, len(self._intents))
        heads = [*self._danger.parameters(), *self._sign.parameters(), *self._intent.parameters()]
        self._steps = Steps(self._upper, heads, WARM)

    def one_pass(self, number: int, passes: int, progress: Progress) -> None:
        """Learn from every message once."""
        self.model.train()
        varied = [self._varied(message) for message in self._dice.sample(self._learnt, len(self._learnt))]
        read = batches(varied, lambda message: len(message.pieces), self._dice)
        for batch in shown(read, f"pass {number + 1} of {passes}", progress):
            self._steps.take(self._loss(batch), passes * (len(read) + 1))

    def measured(self, messages: Sequence[Message]) -> str:
        """Shares told right of messages it has not learnt from."""
        self.model.eval()
        danger, intent, told = 0, 0, 0
        with torch.no_grad():
            for start in range(0, len(messages), 64):
                batch = messages[start : start + 64]
                heard, _, meant = self._heads([message.pieces for message in batch])
                danger += sum((heard > 0).numpy() == [message.sign != "" for message in batch])
                best = meant.argmax(dim=1).tolist()
                told += sum(message.intent != "" for message in batch)
                intent += sum(self._intents[i] == one.intent for i, one in zip(best, batch, strict=True))
        return f"danger or not {danger / len(messages):.1%}, intents {intent / max(told, 1):.1%}"

    def _loss(self, batch: Sequence[Message]) -> Tensor:
        danger, sign, intent = self._heads([self._thinned(message.pieces) for message in batch])
        now = torch.tensor([float(message.sign != "") for message in batch])
        signs = torch.tensor([self._signs.index(message.sign) for message in batch])
        said = [place for place, message in enumerate(batch) if message.intent]
        loss = functional.binary_cross_entropy_with_logits(danger, now) + SIGN_SAY * functional.cross_entropy(
            sign, signs
        )
        if said:
            intents = torch.tensor([self._intents.index(batch[place].intent) for place in said])
            loss = loss + INTENT_SAY * functional.cross_entropy(intent[said], intents) * len(said) / len(batch)
        return loss

    def _heads(self, pieces: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor]:
        padded = nn.utils.rnn.pad_sequence([torch.tensor(one) for one in pieces], batch_first=True)
        lengths = torch.tensor([len(one) for one in pieces])
        heard = torch.arange(padded.shape[1])[None] < lengths[:, None]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.model.below(padded, heard[:, None, None], DEPTH)
            for layer in self._upper:
                states = layer(states, heard[:, None, None], DROPOUT)
        states = states.float()
        mean = (states * heard[..., None]).sum(dim=1) / lengths[:, None]
        both = torch.cat([mean, states[:, 0]], dim=1)
        return self._danger(both)[:, 0], self._sign(both), self._intent(mean)

    def _varied(self, message: Message) -> Message:
        """The message, or as it might also have been written. Beside another it has that one's danger, if it has none
        itself, and no intent of its own."""
        varied = message
        if self._dice.random() < JOINED:
            other = self._dice.choice(self._learnt)
            is_one_danger = message.sign == other.sign or not message.sign or not other.sign
            if is_one_danger and len(message.pieces) + len(other.pieces) <= LONGEST:  # else what is cut off might be it
                text = joined(message.text, other.text, self._dice)
                varied = replace(varied, text=text, sign=message.sign or other.sign, intent="")
        if self._dice.random() < MISSPELT:
            varied = replace(varied, text=misspelt(varied.text, self._dice))
        return varied if varied is message else replace(varied, pieces=word_pieces([varied.text])[0])

    def _thinned(self, pieces: Sequence[int]) -> Sequence[int]:
        """A message without some of its word pieces, so that none is relied on alone."""
        if len(pieces) < SHORT:
            return pieces
        inner = [piece for piece in pieces[1:-1] if self._dice.random() > LEFT_OUT]
        return [pieces[0], *inner, pieces[-1]] if inner else pieces


if __name__ == "__main__":
    main()
