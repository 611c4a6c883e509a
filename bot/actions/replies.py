"""Saying what the content holds on a question, or that it holds nothing. Shared by the answers and the forms."""

from __future__ import annotations

from collections.abc import Collection

from rasa_sdk.events import SlotSet

from bot.actions.base import Events, Turn
from bot.clinic.answers import select_answer
from bot.clinic.content import Answer
from bot.clinic.desk import reasons
from bot.clinic.understanding import QUESTION, Question, nearest_topics, questions
from bot.nlu.context import resolve_in_context
from bot.store import answers_learned, triage

# Said before the question is asked again, when the patient strays from it.
FOR_LATER = {"book_appointment", "change_booking", "cancel_booking"}
ASIDE = {"greet", "thank", "goodbye", "bot_challenge", "complain", "chitchat"}


def say_learned(turn: Turn) -> bool:
    """Say the answer that the desk has taught for this message, if there is one that still stands."""
    learned = turn.parse.get("learned") or {}
    if not learned:
        return False
    with turn.saving() as session:
        found = answers_learned.live(session, str(learned["id"]))
        if found is None:
            return False
        answers_learned.count_view(session, found.revision_id)
    turn.say_text(turn.content.fill(found.text), found.metadata(), turn.content.buttons(["person"]))
    return True


def comes_first(turn: Turn) -> bool:
    """Whether the desk's answer for this message comes before the content's."""
    return bool((turn.parse.get("learned") or {}).get("instead"))


def answer_one(turn: Turn, question: Question) -> bool:
    """Say the most specific answer there is, or that the leaflet does not say: then False, and a person is offered."""
    if question.intent == "ask_why":
        turn.say("utter_why_elsewhere")
        return True
    language = turn.content.languages.get(str(turn.parse.get("language")))
    if language and question.intent in language.answers:
        told = {"kind": "answer", "topic": question.intent, "facts": []}
        turn.say_text(turn.content.fill(language.answers[question.intent]), told)
        return True
    if comes_first(turn) and say_learned(turn):
        return True
    found = select_answer(
        turn.content,
        question.intent,
        treatment=question.value("treatment"),
        concern=question.value("concern"),
        criterion=question.value("criterion") or _criterion(turn, question),
    )
    if found is not None:
        turn.say_text(turn.content.fill(found.text), _metadata(turn, found), turn.content.buttons(found.next))
        return True
    if say_learned(turn):
        return True
    say_unknown(turn, question)
    return False


def answer_suitability(turn: Turn) -> None:
    """Say what the leaflet says on an illness that the message names."""
    answer_one(turn, Question("ask_suitability", turn.text, entities=tuple(turn.parse.get("entities") or ())))


def _criterion(turn: Turn, question: Question) -> str | None:
    """The screening criterion a question is about ("I'm diabetic, can I have it?"); not one the patient rules out."""
    known = {question.criterion for question in turn.content.screening.questions}
    told = (e for e in question.entities if e.get("entity") in known and e.get("value") != "no")
    return next((str(e["entity"]) for e in told), None)


def _metadata(turn: Turn, answer: Answer) -> dict[str, object]:
    about = {"treatment": answer.treatment, "concern": answer.concern}
    return {
        "kind": "answer",
        "topic": answer.topic,
        "facts": list(answer.facts),
        "answer": answer.id,
        "content": turn.content.version,
        **{key: value for key, value in about.items() if value},
    }


def say_unknown(turn: Turn, question: Question) -> None:
    """No fact, no answer: say so, offer a person, queue the question."""
    turn.say("utter_unknown", metadata={"kind": "fallback", "topic": question.intent, "facts": []})
    queue_question(turn, question.text or turn.text, topics=near(turn, question.intent))


def near(turn: Turn, first: str = "") -> list[str]:
    """The topics nearest to the message, best first; `first` is the one it was taken for, where it was for one."""
    ranking = turn.parse.get("intent_ranking") or []
    known = {name: title for name, title in turn.content.next_steps.topics.items() if name.startswith("ask_")}
    return list(dict.fromkeys([*([first] if first else []), *nearest_topics(ranking, known)]))


def answer_asides(turn: Turn, besides: Collection[str] = ()) -> None:
    """Answer what a message asks or says, apart from the intents `besides`, so that a form can go on with its own."""
    if turn.intent in ASIDE and turn.intent not in besides:
        turn.say(f"utter_{turn.intent}")
    elif turn.intent == "report_symptom":
        turn.say("utter_symptom")
    elif turn.intent in FOR_LATER:
        turn.say("utter_first_finish")
    elif turn.intent == "out_of_scope":
        say_learned(turn)
    asked = [question for question in other_questions(turn) if question.intent not in besides]
    for question in asked:
        answer_one(turn, question)
    if asked:
        turn.also.extend(talked_about(turn, asked[-1]))


def other_questions(turn: Turn) -> list[Question]:
    """The questions of the message that are not about the form itself, each as it is meant after what was asked before.

    An answer to the form ("when I was a child") leans on nothing.
    """
    topic = turn.slot("topic") if QUESTION.search(turn.text) and not _tells(turn) else None
    parse = turn.parse if turn.intent == "ask_why" else resolve_in_context(turn.parse, topic, turn.slot("treatment"))
    return [question for question in questions(parse) if question.intent != "ask_why"]


def _tells(turn: Turn) -> bool:
    """Whether the message tells something that the check asks."""
    known = {question.criterion for question in turn.content.screening.questions} | {"age"}
    return any(entity.get("entity") in known for entity in turn.parse.get("entities") or [])


def talked_about(turn: Turn, question: Question) -> Events:
    """What the conversation is about from now on."""
    return [
        SlotSet("topic", question.intent),
        SlotSet("treatment", question.value("treatment") or turn.slot("treatment")),
        SlotSet("concern", question.value("concern")),
    ]


def queue_question(turn: Turn, text: str, topics: list[str]) -> None:
    """One row for the desk: the question, the topics nearest to it, the conversation."""
    if not text:
        return
    with turn.saving() as session:
        triage.add(
            session,
            kind="question",
            handoff_reason=reasons.of_question(turn.intent, turn.confidence),
            conversation_id=turn.conversation_id,
            key=f"question:{turn.conversation_id}:{turn.parse.get('message_id')}:{topics[:1]}",
            question=text,
            details={"nearest": topics, "understood": turn.intent},
            now=turn.now,
        )
