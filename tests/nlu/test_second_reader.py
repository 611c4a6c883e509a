"""What the rules read and what the network hears, joined: who is believed when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml

from bot.nlu.fact_model import (
    AGES,
    FACTS,
    HEADS_FILE,
    TOPICS,
    VALUES,
    Heard,
    Number,
    check_sum,
    load_fact_model,
    word_pieces,
)
from bot.nlu.numbers import numbers_in
from bot.nlu.second_reader import join
from bot.nlu.understanding import Understanding
from bot.settings import ROOT

YEAR = 2026


def heard(
    facts: dict[str, tuple[str, float]] | None = None,
    topics: dict[tuple[str, str], float] | None = None,
    numbers: tuple[Number, ...] = (),
    word: int = 0,
) -> Heard:
    """A network that hears these with these probabilities, and is sure that nothing else is said."""
    likely = np.zeros((len(FACTS), len(VALUES)))
    likely[:, 0] = 1.0
    for name, (value, sure) in (facts or {}).items():
        likely[FACTS.index(name)] = (1 - sure) / (len(VALUES) - 1)
        likely[FACTS.index(name), VALUES.index(value)] = sure
    named = np.array([(topics or {}).get(topic, 0.5) for topic in TOPICS])
    return Heard(likely, named, numbers, np.full(len(FACTS) + len(TOPICS), word))


def joined(shared: Understanding, text: str, said: Heard) -> set[tuple[str, Any]]:
    ruled = shared.rules(text)
    return {(one["entity"], one["value"]) for one in join(shared.read(text), ruled, said, "self", YEAR)}


def number(text: str, kind: int, sure: float, shared: Understanding) -> Number:
    start, end, value = numbers_in(shared.read(text).words)[0]
    likely = np.full(len(AGES), (1 - sure) / (len(AGES) - 1))
    likely[kind] = sure
    return Number(start, end, value, likely)


def test_what_no_rule_has_words_for_is_added_where_it_stands(shared: Understanding) -> None:
    text = "the machine at the hospital cleans me on tuesdays"
    said = heard({"kidney_disease": ("yes", 0.75)}, word=1)
    assert shared.rules(text) == []
    (found,) = join(shared.read(text), [], said, "other", YEAR)
    assert (found["entity"], found["value"], found["about"]) == ("kidney_disease", "yes", "other")
    assert text[found["start"] : found["end"]] == "machine"


@pytest.mark.parametrize(("sure", "counts"), [(0.89, False), (0.91, True)])
def test_a_no_needs_more_than_a_yes(shared: Understanding, sure: float, counts: bool) -> None:
    text = "the doctor looked at everything in the spring"
    assert (("diabetes", "no") in joined(shared, text, heard({"diabetes": ("no", sure)}))) is counts
    assert ("diabetes", "yes") in joined(shared, text, heard({"diabetes": ("yes", sure)}))


def test_a_plain_yes_never_becomes_a_no(shared: Understanding) -> None:
    text = "i have diabetes"
    assert joined(shared, text, heard({"diabetes": ("no", 0.97)})) == {("diabetes", "yes")}
    assert joined(shared, text, heard({"diabetes": ("no", 0.999)})) == set(), "the check has to ask"


@pytest.mark.parametrize(("sure", "value"), [(0.6, "no"), (0.75, "past")])
def test_a_no_is_soon_doubted(shared: Understanding, sure: float, value: str) -> None:
    text = "i do not have cancer"
    assert joined(shared, text, heard({"cancer": ("past", sure)})) == {("cancer", value)}


def test_a_question_about_people_in_general_says_nothing_of_the_patient(shared: Understanding) -> None:
    text = "can diabetics have it"
    assert joined(shared, text, heard({"diabetes": ("yes", 0.99)})) == {("criterion", "diabetes")}


@pytest.mark.parametrize("text", ["my sister has diabetes, can i come", "sugar free for a month now"])
def test_a_relatives_condition_and_words_that_mean_none_stay_so(shared: Understanding, text: str) -> None:
    assert joined(shared, text, heard({"diabetes": ("yes", 0.99)})) == set()


def test_who_speaks_of_a_relative_may_still_say_no(shared: Understanding) -> None:
    text = "diabetes runs in my family, the blood they took was clean"
    assert joined(shared, text, heard({"diabetes": ("no", 0.95)})) == {("diabetes", "no")}


def test_silence_takes_away_a_no_alone(shared: Understanding) -> None:
    assert joined(shared, "my friend has cancer, can she come", heard()) == {("cancer", "yes")}
    assert joined(shared, "i do not have cancer", heard()) == set()
    assert joined(shared, "i do not have cancer", heard({"cancer": ("", 0.97)})) == {("cancer", "no")}


@pytest.mark.parametrize("text", ["Rosalind Q", "it is rosalind.q@example.net, write to me there please"])
def test_a_name_and_an_address_say_nothing(shared: Understanding, text: str) -> None:
    word = next(i for i, word in enumerate(shared.read(text).words) if word.startswith("rosalind"))
    assert joined(shared, text, heard({"cancer": ("yes", 0.94)}, word=word)) == set()


def test_a_short_answer_gets_no_age_that_no_rule_reads(shared: Understanding) -> None:
    text = "16 no wait"
    assert joined(shared, text, heard(numbers=(number(text, 1, 0.99, shared),))) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Rosalind Quarterpenny",
        "rosalind.q@example.net",
        "my name is Liv Sorensen",
        "0171 5550142",
        "might be, might not be",
    ],
)
def test_the_network_hears_no_illness_in_names_and_numbers(shared: Understanding, text: str) -> None:
    assert shared.entities(text) == []


def test_a_concern_is_added_and_taken_away(shared: Understanding) -> None:
    pain = ("concern", "pain")
    assert pain in joined(shared, "the shoulder has been at me for years", heard(topics={pain: 0.7}))
    assert ("concern", "scar") not in joined(shared, "a scar", heard(topics={("concern", "scar"): 0.001}))
    assert ("concern", "scar") in joined(shared, "a scar", heard(topics={("concern", "scar"): 0.2}))


def test_an_age_is_added_changed_and_taken_away(shared: Understanding) -> None:
    text = "i will be turning 41 in may"
    coming = number(text, 2, 0.95, shared)
    assert ("age", 40) in joined(shared, text, heard(numbers=(coming,)))
    plain = "i am 52"
    assert joined(shared, plain, heard(numbers=(number(plain, 0, 0.9, shared),))) == {("age", 52)}
    assert joined(shared, plain, heard(numbers=(number(plain, 0, 0.99, shared),))) == set()


def test_a_fact_and_the_words_it_rests_on() -> None:
    """The network that comes with the repository."""
    words = "my mum injects insulin twice a day".split()
    said = load_fact_model().hear(words)
    assert said.facts.shape == (len(FACTS), len(VALUES))
    assert said.facts.sum(axis=1) == pytest.approx(np.ones(len(FACTS)), abs=1e-5)
    assert words[said.places[FACTS.index("diabetes")]] in ("insulin", "injects")


@pytest.mark.parametrize("words", [[], ["👍"], ["x"] * 500, ["34"] * 200])
def test_odd_messages_are_heard(words: list[str]) -> None:
    said = load_fact_model().hear(words)
    assert len(said.places) == len(FACTS) + len(TOPICS)
    assert all(0 <= one.start < one.end <= len(words) for one in said.numbers)


def test_pieces_know_their_words() -> None:
    pieces, owners = word_pieces(["n't", "diabetees", "34"])
    assert owners[0] == owners[-1] == -1
    assert sorted(set(owners[1:-1])) == [0, 1, 2]
    assert len(pieces) == len(owners)


def test_the_network_has_learnt_from_what_is_written_down_for_it(shared: Understanding) -> None:
    """Otherwise `make statements` is due."""
    cases = yaml.load((ROOT / "tuning" / "statements.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    met = set(np.load(HEADS_FILE, allow_pickle=False)["met"].tolist())
    new = [case for case in cases if check_sum(shared.read(case["text"]).words) not in met]
    assert len(new) <= len(cases) / 4
