"""Questions: answered from the content, in context; what is not there goes to the desk."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from bot.actions.base import ClinicAction, Events, Turn
from bot.clinic.answers import Answer, select_answer
from bot.clinic.understanding import Question, nearest_topics, questions
from bot.nlu.context import resolve_in_context
from bot.store import triage


class ActionAnswer(ClinicAction):
    """Answers every question of the message, in order."""

    def name(self) -> str:
        return "action_answer"

    def act(self, turn: Turn) -> Events:
        asked = asked_questions(turn)
        if not asked:
            return not_understood(turn)
        return answer_all(turn, asked)


class ActionNoteUnknown(ClinicAction):
    """A message the bot cannot place: a follow-up after all, out of scope, or not understood, in two steps."""

    def name(self) -> str:
        return "action_note_unknown"

    def act(self, turn: Turn) -> Events:
        if not any(sign.isalpha() for sign in turn.text):
            turn.say("utter_no_words")
            return []
        asked = asked_questions(turn)
        if asked:
            return answer_all(turn, asked)
        if turn.intent == "out_of_scope":
            return out_of_scope(turn)
        return not_understood(turn)


def asked_questions(turn: Turn) -> list[Question]:
    """The questions of the latest message, follow-ups completed from what was talked about."""
    if turn.intent == "affirm":  # yes to the topic the bot had guessed
        topic = turn.slot("topic")
        return [Question(str(topic))] if topic else []
    parse = resolve_in_context(dict(turn.parse), turn.slot("topic"), turn.slot("treatment"))
    return questions(parse)


def answer_all(turn: Turn, asked: list[Question]) -> Events:
    """Say the answers and remember what the conversation is about."""
    for question in asked:
        answer_one(turn, question)
    last = asked[-1]
    return [
        SlotSet("topic", last.intent),
        SlotSet("treatment", last.value("treatment") or turn.slot("treatment")),
        SlotSet("concern", last.value("concern")),
        SlotSet("misunderstood", 0),
        SlotSet("offered", "none"),
        SlotSet("booking_gate", None),
    ]


def answer_one(turn: Turn, question: Question) -> None:
    """Say the most specific answer there is, or that the leaflet does not say."""
    if question.intent == "ask_why":
        turn.say("utter_why_elsewhere")
        return
    found = select_answer(
        turn.content,
        question.intent,
        treatment=question.value("treatment"),
        concern=question.value("concern"),
        criterion=question.value("criterion") or _criterion(turn, question),
    )
    if found is None:
        say_unknown(turn, question)
        return
    turn.say_text(turn.content.filled(found.text), _metadata(found), turn.content.buttons(found.next))


def _criterion(turn: Turn, question: Question) -> str | None:
    """The screening criterion a question is about ("can diabetics have it?")."""
    known = turn.content.screening.criteria()
    return next((str(e["entity"]) for e in question.entities if e.get("entity") in known), None)


def _metadata(answer: Answer) -> dict[str, object]:
    about = {"treatment": answer.treatment, "concern": answer.concern}
    return {
        "kind": "answer",
        "topic": answer.topic,
        "facts": list(answer.facts),
        "answer": answer.id,
        **{key: value for key, value in about.items() if value},
    }


def say_unknown(turn: Turn, question: Question) -> None:
    """No fact, no answer: say so, offer a person, queue the question."""
    turn.say("utter_unknown", metadata={"kind": "fallback", "topic": question.intent, "facts": []})
    queue_question(turn, question.text or turn.text, topics=[question.intent])


def out_of_scope(turn: Turn) -> Events:
    """Another matter than the clinic's: said kindly; the desk sees it in case the bot is wrong."""
    turn.say("utter_out_of_scope")
    queue_question(turn, turn.text, topics=_near(turn))
    return [SlotSet("offered", "person"), SlotSet("misunderstood", 0)]


def not_understood(turn: Turn) -> Events:
    """First the nearest two topics, then a person; the question is queued the second time."""
    times = int(turn.slot("misunderstood") or 0) + 1
    near = _near(turn)
    if times > 1 or not near:
        turn.say("utter_still_not_understood")
        queue_question(turn, turn.text, topics=near)
        return [SlotSet("misunderstood", 0), SlotSet("offered", "person")]
    titles = turn.content.topic_titles
    buttons = [{"title": titles[name], "payload": f"/{name}"} for name in near]
    turn.say("utter_not_understood", buttons=[*buttons, {"title": "Talk to a person", "payload": "/talk_to_human"}])
    return [SlotSet("misunderstood", times), SlotSet("topic", near[0]), SlotSet("offered", "topic")]


def queue_question(turn: Turn, text: str, topics: list[str]) -> None:
    """One row for the desk: the question, the topics nearest to it, the conversation."""
    if not text:
        return
    with turn.saving() as session:
        triage.add(
            session,
            kind="question",
            handoff_reason="knowledge_missing",
            conversation_id=turn.conversation_id,
            key=f"question:{turn.conversation_id}:{turn.parse.get('message_id')}:{topics[:1]}",
            question=text,
            details={"nearest": topics, "understood": turn.intent},
            now=turn.now,
        )


def _near(turn: Turn) -> list[str]:
    ranking = turn.parse.get("intent_ranking") or []
    known = {name: title for name, title in turn.content.topic_titles.items() if name.startswith("ask_")}
    return nearest_topics(ranking, known)
