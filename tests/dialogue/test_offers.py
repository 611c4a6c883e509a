"""A plain "yes" means what the bot asked last, and nothing that it asked before."""

from __future__ import annotations

import pytest

from tests.dialogue.talk import AGREE, Chat

BETWEEN = {
    "thanks": "thank you so much",
    "a greeting": "hello there",
    "a goodbye": "ok bye for now",
    "a challenge": "are you a real person or a bot",
    "small talk": "how are you today",
    "help": "what can you do",
    "a complaint": "this is the worst service ever, nobody answers",
    "stop": "stop",
    "the chat opened anew": "/start_chat",
    "a symptom": "my skin is a bit red since the treatment yesterday",
    "an emergency": "my throat is swelling up",
    "an urgent sign": "there is pus coming out of the spot",
    "another language": "wie viel kostet die Behandlung und tut das weh?",
    "a question": "does it hurt a lot?",
    "a question without an answer": "how long does one session take in minutes",
    "another matter": "what is the weather like tomorrow",
    "nothing that can be placed": "hmmm whatever dunno thing",
    "no words": "🙂🙂🙂",
    "a refusal": "I'd rather not say",
    "the start of the check": "can you check if i can have it",
    "a visit looked at": "i need to move my appointment to another day",
    "a booking": "i want to book an appointment",
    "a person": "I want to talk to a human please",
    "no": "no thanks",
}


DELETES = "action_delete_my_data"
PRESSED = '/delete_my_data{"answer": "yes"}'


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
async def test_a_yes_deletes_nothing_once_something_else_was_said(chat: Chat, between: str) -> None:
    await chat.say("please delete all my data")
    assert await chat.slot("offered") == "deletion"
    await chat.say(between)
    assert DELETES not in await chat.say("yes")


async def test_a_yes_after_told_health_without_consent_deletes_nothing(chat: Chat) -> None:
    await chat.say("can you check if i can have it")
    await chat.say("no thanks")
    await chat.say("please delete all my data")
    await chat.say("I'm 34 and not pregnant")
    assert chat.responses == ["utter_told_without_consent"]
    assert DELETES not in await chat.say("yes")


@pytest.mark.parametrize("answer", ["yes", "/affirm", "👍"])
async def test_a_yes_right_after_the_question_deletes(chat: Chat, answer: str) -> None:
    await chat.say("please delete all my data")
    assert await chat.say(answer) == [DELETES]
    assert chat.metadata[-1]["erase"] is True


async def test_the_button_of_the_question_deletes(chat: Chat) -> None:
    await chat.say("please delete all my data")
    assert chat.payloads == [PRESSED, "/deny"]
    assert await chat.say(PRESSED) == ["action_offer_deletion", DELETES]
    assert chat.metadata[-1]["erase"] is True


async def test_the_button_of_an_old_question_asks_again(chat: Chat) -> None:
    await chat.say("please delete all my data")
    await chat.say("does it hurt a lot?")
    assert await chat.say(PRESSED) == ["action_offer_deletion"]
    assert chat.responses == ["utter_ask_delete"]


@pytest.mark.parametrize(
    ("offers", "offered"),
    [
        ("i want to book an appointment", "screening"),
        ("what is the weather like tomorrow", "person"),
        ("how long does one session take in minutes", "person"),
    ],
)
async def test_a_yes_to_anything_else_takes_up_no_offer(chat: Chat, offers: str, offered: str) -> None:
    await chat.say(offers)
    assert await chat.slot("offered") == offered
    await chat.say("thank you so much")
    assert await chat.say("yes") == ["utter_ok"]


async def test_a_yes_books_right_after_the_outcome_and_not_after_other_words(chat: Chat) -> None:
    await chat.say("can you check if i can have it")
    await chat.say(AGREE)
    await chat.say("I'm 34 and none of these")
    assert await chat.slot("offered") == "booking"
    await chat.say("thank you so much")
    assert await chat.say("yes") == ["utter_ok"]


async def test_a_yes_to_a_person_where_the_leaflet_does_not_say_brings_one(chat: Chat) -> None:
    await chat.say("how long does one session take in minutes")
    assert chat.responses == ["utter_unknown"]
    assert await chat.say("yes") == ["action_handoff"]


async def test_an_answer_after_a_question_without_one_offers_no_person(chat: Chat) -> None:
    await chat.say("how long does one session take in minutes? and does it hurt?")
    assert await chat.slot("offered") == "none"
