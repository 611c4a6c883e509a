"""What the bot cannot place: first the two nearest topics, then a person; another matter is said to be one at once."""

from __future__ import annotations

import pytest

from bot.evaluation.heldout import load
from bot.nlu.spelling import known_words
from bot.settings import ROOT
from tests.dialogue.talk import Chat

UNSURE = "does it hurt my sofa"
PERSON = "/talk_to_human"


async def test_a_refused_message_that_may_be_about_a_topic_is_offered_two_topics_then_a_person(chat: Chat) -> None:
    await chat.say(UNSURE)
    assert chat.parse["intent"]["name"] == "out_of_scope", "for the evaluation it stays what it is"
    assert chat.responses == ["utter_not_understood"]
    assert chat.payloads[0] == "/ask_pain"
    assert len(chat.payloads) == 3
    assert chat.payloads[2] == PERSON
    assert await chat.slot("offered") == "topic"
    await chat.say("sdkfjh wlkejr xcvmn")
    assert chat.responses == ["utter_still_not_understood"]
    assert PERSON in chat.payloads
    assert await chat.say("yes") == ["action_handoff"]


async def test_a_yes_to_the_offered_topics_answers_the_nearest(chat: Chat) -> None:
    await chat.say(UNSURE)
    assert await chat.say("yes") == ["action_answer"]
    assert chat.metadata[-1]["topic"] == "ask_pain"


@pytest.mark.parametrize("mashed", ["qwrt zzkp mmnb", "sdkfjh wlkejr xcvmn"])
async def test_keys_hit_at_random_are_not_understood_then_a_person_is_offered(chat: Chat, mashed: str) -> None:
    await chat.say(mashed)
    assert chat.responses == ["utter_not_understood"]
    await chat.say(mashed)
    assert chat.responses == ["utter_still_not_understood"]


@pytest.mark.parametrize(
    "text", ["my kidneys are bad, which tablets do i take", "i am diabetic, how much insulin should i take tonight"]
)
async def test_who_names_an_illness_of_their_own_is_offered_no_topics(chat: Chat, text: str) -> None:
    await chat.say(text)
    assert "utter_not_understood" not in chat.responses


async def test_nearly_every_message_on_another_matter_is_said_to_be_one_at_once(chat: Chat) -> None:
    all_texts = [text for texts in load(ROOT / "tests" / "heldout").out_of_scope.values() for text in texts]
    texts = [text for text in all_texts if not known_words().isdisjoint(text.split())]  # without keys hit at random
    guessed = []
    for text in texts:
        one = Chat(chat.agent)
        await one.say(text)
        if "utter_not_understood" in one.responses and one.parse["intent"]["name"] == "out_of_scope":
            guessed.append(text)
    assert len(guessed) <= len(texts) / 50, guessed
