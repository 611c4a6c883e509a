"""Short follow-ups, and messages with more than one question."""

from __future__ import annotations

from typing import Any

import pytest

from bot.nlu.context import resolve_in_context, treatment_of
from bot.nlu.intent_model import Guess
from bot.nlu.questions import Part, halved, joints, keep, split
from bot.nlu.understanding import Understanding


def parsed(shared: Understanding, text: str, intent: str = "inform", confidence: float = 0.4) -> dict[str, Any]:
    entities = shared.entities(text)
    question = {"text": text, "intent": intent, "confidence": confidence, "entities": entities}
    return {"text": text, "intent": {"name": intent, "confidence": confidence}, "entities": entities,
            "questions": [question], "danger": None}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "before", "meant"),
    [
        ("and for hair?", "ask_sessions", "ask_sessions"),
        ("how long do they last?", "ask_side_effects", "ask_side_effect_duration"),
        ("is that normal?", "ask_side_effects", "ask_side_effects"),
        ("the no needle one?", "ask_pain", "ask_pain"),
        ("how many?", "ask_definition", "ask_sessions"),
        ("how does it work?", "ask_uses", "ask_mechanism"),
        ("what do they inject", "ask_procedure", "ask_ingredients"),
        ("is that usual?", "report_urgent", "ask_side_effects"),
        ("which lasts longer?", "ask_comparison", "ask_comparison"),
        ("who does it?", "ask_definition", "ask_procedure"),
        ("the phone number?", "ask_clinic_info", "ask_clinic_info"),
        ("what if it does not go?", "ask_side_effect_duration", "ask_side_effect_duration"),
    ],
)
def test_a_short_message_leans_on_the_topic_before(shared: Understanding, text: str, before: str, meant: str) -> None:
    assert resolve_in_context(parsed(shared, text), before)["intent"]["name"] == meant


def test_another_number_asks_the_same_again(shared: Understanding) -> None:
    assert (
        resolve_in_context(parsed(shared, "and 12?", "ask_sessions", 0.99), "ask_cost")["intent"]["name"] == "ask_cost"
    )


def test_what_about_something_is_no_why(shared: Understanding) -> None:
    parse = parsed(shared, "what about breastfeeding", "ask_why", 0.97)
    assert resolve_in_context(parse, "ask_suitability")["intent"]["name"] == "ask_suitability"


def test_a_second_question_leans_on_the_first_of_the_same_message_unless_it_is_clear(shared: Understanding) -> None:
    def meant(confidence: float) -> list[str]:
        parse = parsed(shared, "what are the side effects and how long do they last")
        first = {"text": "what are the side effects", "intent": "ask_side_effects", "confidence": 1.0, "entities": []}
        second = {"text": "how long do they last", "intent": "ask_results", "confidence": confidence, "entities": []}
        parse["questions"] = [first, second]
        return [question["intent"] for question in resolve_in_context(parse, None)["questions"]]

    assert meant(0.5) == ["ask_side_effects", "ask_side_effect_duration"]
    assert meant(0.99) == ["ask_side_effects", "ask_results"]


def test_the_first_of_several_questions_leans_on_the_topic_before_and_all_may_be_one(shared: Understanding) -> None:
    parse = parsed(shared, "when do they go? how long")
    texts = ("when do they go", "how long")
    parse["questions"] = [{"text": text, "intent": "inform", "confidence": 0.4, "entities": []} for text in texts]
    meant = resolve_in_context(parse, "ask_side_effects")
    assert [question["intent"] for question in meant["questions"]] == ["ask_side_effect_duration"]
    assert meant["intent"]["name"] == "ask_side_effect_duration"


@pytest.mark.parametrize(("before", "meant"), [("ask_clinic_info", "ask_clinic_info"), ("ask_pain", "out_of_scope")])
def test_a_few_words_out_of_scope_alone_may_go_on_with_the_topic_they_come_nearest_to(
    shared: Understanding, before: str, meant: str
) -> None:
    ranking = [{"name": "out_of_scope", "confidence": 0.5}, {"name": "ask_clinic_info", "confidence": 0.4}]
    parse = parsed(shared, "the street?", "out_of_scope") | {"intent_ranking": ranking}
    assert resolve_in_context(parse, before)["intent"]["name"] == meant


def test_without_a_topic_before_a_message_keeps_its_intent(shared: Understanding) -> None:
    assert resolve_in_context(parsed(shared, "and for hair?"), None)["intent"]["name"] == "inform"


def test_a_danger_is_never_read_as_a_follow_up(shared: Understanding) -> None:
    parse = {
        **parsed(shared, "how long", "report_emergency", 1.0),
        "danger": {"level": "emergency", "sign": "breathing"},
    }
    assert resolve_in_context(parse, "ask_side_effects")["intent"]["name"] == "report_emergency"


def test_the_treatment_is_carried_on(shared: Understanding) -> None:
    assert treatment_of(resolve_in_context(parsed(shared, "how many?"), "ask_uses", "hair")) == "hair"


def test_the_parse_handed_in_is_left_as_it_was(shared: Understanding) -> None:
    parse = parsed(shared, "how many?")
    before = repr(parse)
    resolve_in_context(parse, "ask_uses", "hair")
    assert repr(parse) == before


def test_two_sentences_are_two_parts() -> None:
    assert split("does it hurt ? how much is it".split()) == [(0, 4), (4, 8)]


def test_an_indirect_question_is_not_cut() -> None:
    assert len(split("can you tell me how it works".split())) == 1


def test_parts_with_the_same_intent_are_one_question() -> None:
    whole, part = Part(0, 8, "ask_pain", 0.8), Part(0, 4, "ask_pain", 0.9)
    assert keep(whole, [part, part]) == [whole]


@pytest.mark.parametrize(
    ("text", "meant"),
    [("the first one", "inform"), ("2nd", "inform"), ("can we start over", "restart"), ("back to the top", "restart")],
)
def test_answers_are_thrown_away_only_at_a_word_that_says_so(shared: Understanding, text: str, meant: str) -> None:
    guessed = Guess((("restart", 0.4), ("inform", 0.3)), out_of_scope=0.1, refused=False)
    assert shared.classify(text, [], lambda texts: [guessed] * len(texts)).intent["name"] == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("im ok now, it was a joke of my brother", "inform"),
        ("sorry false alarm, it was my sister joking", "inform"),
        ("my mate took my phone, ignore that message", "inform"),
        ("I didn't mean it", "inform"),
        ("what a joke, you didnt read what i wrote", "complain"),
        ("are you kidding me", "complain"),
        ("this place is a joke and so are the prices", "complain"),
        ("how can you ignore my emails for a week", "complain"),
        ("is this bot a joke", "complain"),
    ],
)
def test_who_takes_a_message_back_does_not_complain(shared: Understanding, text: str, meant: str) -> None:
    guessed = Guess((("complain", 0.8), ("inform", 0.1)), out_of_scope=0.1, refused=False)
    assert shared.classify(text, [], lambda texts: [guessed] * len(texts)).intent["name"] == meant


@pytest.mark.parametrize(
    ("text", "meant"), [("👍", "affirm"), ("🙅", "deny"), ("🤷‍♀️", "unsure"), ("🦜", "out_of_scope")]
)
def test_a_sign_alone_is_an_answer_or_not_understood(shared: Understanding, text: str, meant: str) -> None:
    guessed = Guess((("chitchat", 0.8), ("inform", 0.1)), out_of_scope=0.1, refused=False)
    assert shared.classify(text, [], lambda texts: [guessed] * len(texts)).intent["name"] == meant


def test_a_joint_alone_parts_two_questions_only_where_both_halves_are_sure() -> None:
    words = "side effects and the price".split()
    (cut,) = joints(words, 0, len(words))
    whole = Part(0, 5, "ask_cost", 0.9, asks=True)
    sure = Part(0, cut, "ask_side_effects", 0.99), Part(cut, 5, "ask_cost", 0.99)
    faint = Part(0, cut, "ask_side_effects", 0.9), Part(cut, 5, "ask_cost", 0.99)
    alike = Part(0, cut, "ask_cost", 0.99), Part(cut, 5, "ask_cost", 0.99)
    chatty = Part(0, cut, "thank", 0.99), Part(cut, 5, "ask_cost", 0.99)
    assert halved(whole, [sure]) == list(sure)
    assert [halved(whole, [pair]) for pair in (faint, alike, chatty)] == [[whole]] * 3
    assert halved(Part(5, 9, "ask_pain", 0.9), [sure]) == [Part(5, 9, "ask_pain", 0.9)], "halves of another part"
    assert keep(Part(0, 5, "ask_cost", 1.0), list(sure), were_halved=True) == list(sure)


def test_a_list_is_not_cut_at_each_of_its_joints() -> None:
    assert joints("eyes and neck and hands and knees and toes".split(), 0, 9) == []


def test_a_part_that_is_no_question_counts_where_it_is_sure() -> None:
    sure, unsure = [Part(0, 3, "ask_aftercare", p, asks=False) for p in (0.98, 0.9)]
    price = Part(3, 5, "ask_cost", 0.99)
    whole = Part(0, 5, "ask_cost", 0.8)
    assert keep(whole, [sure, price]) == [sure, price]
    assert keep(whole, [unsure, price]) == [whole]
