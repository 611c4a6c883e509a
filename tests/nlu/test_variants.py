"""Messages that the encoder is tuned on are varied as patients would write them."""

from __future__ import annotations

import random

from tuning.variants import joined, misspelt

SEEDS = range(200)
MESSAGE = "my tongue feels swollen since the injections"


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - seeded dice


def test_a_misspelt_message_has_one_wrong_word_or_two_each_with_its_first_letter() -> None:
    for seed in SEEDS:
        before, after = MESSAGE.split(), misspelt(MESSAGE, dice(seed)).split()
        changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
        assert len(changed) <= 2
        assert all(one[0] == other[0] for one, other in changed)
    assert len({misspelt(MESSAGE, dice(seed)) for seed in SEEDS}) > 100


def test_short_words_and_numbers_are_left() -> None:
    assert misspelt("i am 39 5555 !?", dice(1)) == "i am 39 5555 !?"


def test_joined_messages_are_both_there_in_either_order() -> None:
    made = [joined("my lip is huge", "is there parking", dice(seed)) for seed in range(50)]
    assert all("my lip is huge" in text and "is there parking" in text for text in made)
    assert {text.startswith("my lip") for text in made} == {True, False}
