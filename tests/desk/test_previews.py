"""What the preview of an answer shows: the older questions that would be answered otherwise."""

from __future__ import annotations

from bot.clinic.desk import learned
from bot.desk.meaning import encode
from bot.store import conversations, training_export
from bot.store.engine import reading, unit_of_work

from .conftest import Front, Person
from .teaching import DOGS, FOURTH, approved, revised

ALMOST = "could I take my dog to the appointment"  # 0.60 to 0.80 like one of DOGS


def test_the_preview_shows_which_older_questions_would_change(front: Front, anna: Person) -> None:
    front.chat("may i bring my pet along")
    front.chat("How many sessions do I need?")
    data = {"title": "Dogs", "text": "Yes.", "extra": "\n".join(DOGS)}
    answer = anna.post("/desk/answers/new", part=False, **data).headers["location"]
    page = anna.get(f"{answer}/preview", part=True).text
    assert "may i bring my pet" in page
    assert "How many sessions" not in page


def typed(front: Front, text: str, intent: str, confidence: float, said: str = "Well.", **understood: object) -> None:
    """A patient's message that was understood so, and answered."""
    with unit_of_work(front.sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=front.clock())
        row = conversations.accept_message(session, chat.id, "c1", text, front.clock()).row
        parse = {"intent": {"name": intent, "confidence": confidence}, "entities": [], **understood}
        conversations.record_reply(session, row, [{"text": said}], front.clock(), parse)
        session.commit()


def previewed(person: Person, answer: str) -> str:
    return str(person.get(f"/desk/answers/{answer}/preview", part=True).text)


def test_the_preview_lists_a_sure_question_that_the_content_cannot_answer_and_not_one_that_it_can(
    front: Front, anna: Person
) -> None:
    own = [learned.Wording("a", one) for one in DOGS]
    found = learned.match(encode([ALMOST])[0], "ask_cost", 0.9, own, encode(DOGS))
    assert found is not None
    assert not found.instead
    typed(front, ALMOST, "ask_aftercare", 0.9)
    typed(front, "so I want to bring my dog to the appointment", "ask_definition", 0.9)
    typed(front, "may my dog come in with my swollen tongue", "out_of_scope", 0.4, danger={"level": "emergency"})
    data = {"title": "Dogs", "text": "Yes.", "extra": "\n".join(DOGS)}
    answer = anna.post("/desk/answers/new", part=False, **data).headers["location"].rsplit("/", 1)[-1]
    page = previewed(anna, answer)
    assert ALMOST in page
    assert "so I want to bring my dog" not in page
    assert "swollen tongue" not in page
    assert "400 newest messages" in page


def test_the_preview_leaves_out_what_another_live_answer_gets_and_shows_what_a_revision_changes(
    front: Front, anna: Person, clara: Person
) -> None:
    dogs = approved(front, anna, clara)
    typed(front, ALMOST, "out_of_scope", 0.4)
    data = {"title": "Pets", "text": "Ask us.", "extra": "may I take my hamster to the appointment"}
    pets = anna.post("/desk/answers/new", part=False, **data).headers["location"].rsplit("/", 1)[-1]
    assert ALMOST not in previewed(anna, pets)
    revised(front, anna, dogs, text="Dogs may wait outside.")
    assert ALMOST not in previewed(anna, dogs), "it gets the same words as before"
    revised(front, anna, dogs, text="Small dogs may come in.")
    assert ALMOST in previewed(anna, dogs)


def test_a_tapped_button_is_no_question_that_an_answer_would_change(front: Front, anna: Person) -> None:
    with unit_of_work(front.sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=front.clock())
        row = conversations.accept_message(session, chat.id, "c1", FOURTH, front.clock(), "/ask_clinic_info").row
        parse = {"intent": {"name": "ask_clinic_info", "confidence": 1.0}}
        conversations.record_reply(session, row, [{"text": "Well."}], front.clock(), parse)
        session.commit()
    data = {"title": "Dogs", "text": "Yes.", "extra": "\n".join(DOGS), "topic": "ask_clinic_info"}
    answer = anna.post("/desk/answers/new", part=False, **data).headers["location"].rsplit("/", 1)[-1]
    assert FOURTH not in previewed(anna, answer)


def test_a_topic_given_later_proposes_the_wordings_of_before_and_another_topic_takes_them_along(
    front: Front, anna: Person, clara: Person
) -> None:
    answer = approved(front, anna, clara, topic="none")

    def proposed() -> list[tuple[str, str]]:
        with reading(front.sessions) as session:
            return sorted((row.intent, row.text) for row in training_export.examples(session))

    def again(topic: str) -> None:
        clara.post(f"/desk/answers/{answer}/approve", revision=revised(front, anna, answer, topic=topic))

    assert proposed() == []
    again("ask_clinic_info")
    assert proposed() == sorted(("ask_clinic_info", text) for text in DOGS)
    again("ask_clinic_info")
    assert proposed() == sorted(("ask_clinic_info", text) for text in DOGS)
    with reading(front.sessions) as session:
        decided = next(row.id for row in training_export.examples(session) if row.text == DOGS[0])
    clara.post("/desk/training", approved=decided)
    again("ask_safety")
    assert proposed() == sorted(("ask_safety", text) for text in DOGS)
    again("none")
    assert proposed() == []
