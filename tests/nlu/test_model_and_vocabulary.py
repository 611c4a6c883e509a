"""The intent model by itself, the encoders, and what a wrong vocabulary says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from bot.nlu.encoders import Remembering, load_encoder, unmet
from bot.nlu.intent_model import IntentModel, Options
from bot.nlu.parser import lessons, read_examples
from bot.nlu.understanding import load_understanding
from bot.nlu.vocabulary import VocabularyError, load_vocabulary, parse_vocabulary
from bot.settings import BOT

VOCABULARY = BOT / "content" / "vocabulary.yml"

TEXTS = {
    "ask_pain": [
        "does it hurt",
        "is it painful",
        "will it sting",
        "does the needle hurt",
        "how sore is it",
        "any pain",
    ],
    "ask_cost": [
        "how much is it",
        "what does it cost",
        "price please",
        "is it expensive",
        "cost of one visit",
        "prices",
    ],
    "out_of_scope": [
        "who won the match",
        "weather in rome",
        "fix my laptop",
        "capital of peru",
        "sing a song",
        "buy a car",
    ],
}
EXAMPLES = [(text, intent) for intent, texts in TEXTS.items() for text in texts]


@pytest.fixture(scope="module")
def model() -> IntentModel:
    texts = [text for text, _ in EXAMPLES]
    return IntentModel(Options(folds=3)).fit(
        texts, load_encoder("minilm").encode(texts), [intent for _, intent in EXAMPLES]
    )


def test_probabilities_sum_to_one_best_first(model: IntentModel) -> None:
    guess = model.guess(["is it sore"], load_encoder("minilm").encode(["is it sore"]))[0]
    chances = [chance for _, chance in guess.ranking]
    assert sum(chances) == pytest.approx(1, abs=1e-5)
    assert chances == sorted(chances, reverse=True)
    assert guess.ranking[0][0] == "ask_pain"


def test_a_saved_model_guesses_the_same(model: IntentModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    vector = load_encoder("minilm").encode(["what is the price"])
    assert IntentModel.load(tmp_path).guess(["what is the price"], vector) == model.guess(["what is the price"], vector)


def test_a_vector_has_length_one_and_does_not_depend_on_its_neighbours() -> None:
    encoder = load_encoder("minilm")
    alone, among = (
        encoder._encoder.encode(["does it hurt"]),
        encoder._encoder.encode(["does it hurt", "a much longer message " * 5]),
    )
    assert np.linalg.norm(alone[0]) == pytest.approx(1, abs=1e-4)
    assert np.allclose(alone[0], among[0], atol=1e-4)


def test_a_repeated_text_is_encoded_once() -> None:
    calls: list[str] = []

    class Counting:
        def encode(self, texts: list[str]) -> np.ndarray:
            calls.extend(texts)
            return np.ones((len(texts), 2), dtype=np.float32)

    encoder = Remembering(Counting(), size=2)
    encoder.encode(["a", "a", "b"])
    encoder.encode(["a"])
    assert calls == ["a", "b"]


def test_an_unknown_encoder_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="minilm"):
        load_encoder("telepathy")


def test_the_clinic_s_vocabulary_holds() -> None:
    load_vocabulary(VOCABULARY)


def test_a_fault_in_the_vocabulary_names_path_and_cure() -> None:
    raw = yaml.safe_load(VOCABULARY.read_text(encoding="utf-8"))
    raw["cues"]["ends"] = [True]
    raw["surplus"] = 1
    with pytest.raises(VocabularyError) as caught:
        parse_vocabulary(raw)
    for said in ("cues/ends/0", "quotes", "surplus"):
        assert said in str(caught.value)


def test_how_sure_to_be_is_judged_by_what_the_encoder_has_not_learnt_from() -> None:
    """The vectors of the last third of the texts say nothing, those of the others all."""
    random = np.random.default_rng(0)
    owners = np.arange(120) % 2
    vectors = np.column_stack([owners, 1 - owners]) + random.normal(0, 0.1, (120, 2))
    vectors[80:] = random.normal(0.5, 0.1, (40, 2))
    texts, intents = [f"message {number}" for number in range(120)], [f"i{owner}" for owner in owners]
    told, untold = np.arange(120) // 40 == 1, np.arange(120) // 40 == 2
    sure, doubtful = (
        IntentModel(Options(char_weight=0.0)).fit(texts, vectors, intents, unmet=new) for new in (told, untold)
    )
    assert doubtful.temperature > 2 * sure.temperature


def test_texts_without_a_vector_teach_their_n_grams() -> None:
    texts, intents = [text for text, _ in EXAMPLES], [intent for _, intent in EXAMPLES]
    places = np.arange(0, len(texts), 2)
    vectors = np.ones((len(places), 2), dtype=np.float32)  # say nothing
    taught = IntentModel(Options(char_weight=1.0)).fit([*texts, "zebra"], vectors, [*intents, "ask_cost"], places)
    assert taught.guess(["zebra"], vectors[:1])[0].ranking[0][0] == "ask_cost"


def test_what_is_new_to_the_encoder_is_always_learnt_and_a_fourth_of_the_rest() -> None:
    shared = load_understanding()
    texts = [shared.normal(text) for text, _ in read_examples(BOT / "data" / "nlu.yml")]
    new = ["a sentence that nobody wrote before this one", *texts]
    places, unmet = lessons("tuned", new)
    assert places[0] == 0
    assert unmet[0]
    known = len(new) - unmet.sum()
    assert (~unmet).sum() == -(-known // 4)
    assert list(lessons("minilm", new)[0]) == list(range(len(new)))


def test_the_encoder_was_tuned_on_the_messages_there_are() -> None:
    """One in seven is held back. `make encoder` tunes it anew once many are new to it."""
    shared = load_understanding()
    examples = shared.danger_examples(read_examples(BOT / "data" / "nlu.yml"))
    assert np.mean(unmet("tuned", [shared.normal(text) for text, _ in examples])) < 0.25


def test_tuned_layers_take_the_place_of_the_installed_ones() -> None:
    texts = ["she cannot breathe", "could she breathe"]
    plain, tuned = (load_encoder(name).encode(texts) for name in ("minilm", "tuned"))
    assert tuned[0] @ tuned[1] < plain[0] @ plain[1] - 0.05
