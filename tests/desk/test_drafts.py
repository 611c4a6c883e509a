"""Drafts, revisions and wordings: none counts before a clinician approves it, and none is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.answer import ActionNoteUnknown
from bot.actions.base import Clinic, Turn
from bot.desk.jobs.grouping import group_some
from bot.desk.meaning import ENCODER
from bot.store import answers_learned, conversations, desk_questions, feedback, training_export
from bot.store.engine import reading, unit_of_work
from bot.store.terms import Thumb

from .conftest import Front, Person
from .teaching import DOGS, FOURTH, approved, component, parsed, revised

PREGNANT = "Is it safe when I am pregnant?"


def test_a_draft_is_not_said_before_a_clinician_approves_it_and_nobody_else_can(
    front: Front, anna: Person, adam: Person
) -> None:
    data = {"title": "Dogs", "text": "Yes.", "extra": DOGS[0]}
    answer = anna.post("/desk/answers/new", part=False, **data).headers["location"].rsplit("/", 1)[-1]
    with reading(front.sessions) as session:
        draft = answers_learned.revisions(session, answer)[0].id
    for person in (anna, adam):
        assert person.post(f"/desk/answers/{answer}/approve", revision=draft).status_code == 403
    assert "learned" not in parsed(component(front), DOGS[0])


def test_a_revision_replaces_the_live_text_only_when_approved_and_old_versions_stay(
    front: Front, anna: Person, clara: Person
) -> None:
    answer = approved(front, anna, clara)
    anna.post(f"/desk/answers/{answer}/revise", title="Dogs", text="Small dogs may come in.", extra="puppy welcome?")
    with reading(front.sessions) as session:
        assert answers_learned.live(session, answer).text == "Dogs may wait outside."  # type: ignore[union-attr]
        draft = answers_learned.revisions(session, answer)[0]
        draft_id = draft.id
    clara.post(f"/desk/answers/{answer}/approve", revision=draft_id)
    with reading(front.sessions) as session:
        assert answers_learned.live(session, answer).number == 2  # type: ignore[union-attr]
        states = [(row.number, row.status) for row in answers_learned.revisions(session, answer)]
        assert states == [(2, "approved"), (1, "superseded")]
        assert len(training_export.regression_cases(session)) == 4


def served(front: Front, answer: str) -> list[str]:
    """The wordings that the bot compares messages with and `mesoguide evaluate` asks."""
    with reading(front.sessions) as session:
        wordings, _ = answers_learned.catalogue(session, ENCODER)
        cases = [case["question"] for case in training_export.regression_cases(session)]
    found = sorted(wording.text for wording in wordings if wording.answer_id == answer)
    assert found == sorted(cases)
    return found


def test_a_new_wording_is_answered_only_when_a_clinician_approved_it(front: Front, anna: Person, clara: Person) -> None:
    answer = approved(front, anna, clara)
    draft = revised(front, anna, answer, extra=PREGNANT, topic="ask_safety")
    assert PREGNANT in clara.get(f"/desk/answers/{answer}").text
    assert "learned" not in parsed(component(front), PREGNANT, "ask_safety", 0.9)
    assert served(front, answer) == sorted(DOGS)
    assert clara.post(f"/desk/answers/{answer}/approve", revision=draft).status_code == 200
    assert parsed(component(front), PREGNANT, "ask_safety", 0.9)["learned"]["id"] == answer
    assert served(front, answer) == sorted([*DOGS, PREGNANT])


def test_a_rejected_wording_is_dropped_and_does_not_come_back_with_the_next_draft(
    front: Front, anna: Person, clara: Person
) -> None:
    answer = approved(front, anna, clara)
    draft = revised(front, anna, answer, extra=PREGNANT, topic="ask_safety")
    clara.post(f"/desk/answers/{answer}/reject", revision=draft)
    assert "learned" not in parsed(component(front), PREGNANT)
    clara.post(f"/desk/answers/{answer}/approve", revision=revised(front, anna, answer))
    assert served(front, answer) == sorted(DOGS)
    with reading(front.sessions) as session:
        assert [row.text for row in training_export.examples(session)] == []


def test_a_first_draft_that_was_rejected_keeps_its_questions_for_the_next(
    front: Front, anna: Person, clara: Person
) -> None:
    data = {"title": "Dogs", "text": "Yes.", "extra": DOGS[0]}
    answer = anna.post("/desk/answers/new", part=False, **data).headers["location"].rsplit("/", 1)[-1]
    with reading(front.sessions) as session:
        draft = answers_learned.revisions(session, answer)[0].id
    clara.post(f"/desk/answers/{answer}/reject", revision=draft)
    assert served(front, answer) == []
    clara.post(f"/desk/answers/{answer}/approve", revision=revised(front, anna, answer))
    assert served(front, answer) == [DOGS[0]]


def test_a_wording_of_a_draft_that_a_newer_draft_replaces_waits_with_the_newer(
    front: Front, anna: Person, clara: Person
) -> None:
    answer = approved(front, anna, clara)
    revised(front, anna, answer, extra="puppy welcome?")
    newer = revised(front, anna, answer, text="Puppies too.")
    assert served(front, answer) == sorted(DOGS)
    clara.post(f"/desk/answers/{answer}/approve", revision=newer)
    assert served(front, answer) == sorted([*DOGS, "puppy welcome?"])


def test_name_topic_and_review_day_of_a_draft_count_only_when_it_is_approved(
    front: Front, anna: Person, clara: Person
) -> None:
    answer = approved(front, anna, clara)
    changed = {"title": "Pets", "topic": "ask_clinic_info", "review_by": "2026-09-01"}

    def now() -> tuple[str, str | None, str, str | None]:
        with reading(front.sessions) as session:
            row = answers_learned.get(session, answer)
            said = answers_learned.live(session, answer)
            topics = {wording.topic for wording in answers_learned.catalogue(session, ENCODER)[0]}
            titles = {case["title"] for case in training_export.regression_cases(session)}
            assert row is not None
            assert said is not None
            assert (topics, titles) == ({said.topic}, {row.title})
            return row.title, said.topic, str(row.review_by), answers_learned.titles(session)[answer]

    draft = revised(front, anna, answer, **changed)
    assert now() == ("Dogs", None, "None", "Dogs")
    page = clara.get(f"/desk/answers/{answer}").text
    assert 'value="Pets"' in page
    assert 'value="2026-09-01"' in page
    clara.post(f"/desk/answers/{answer}/reject", revision=draft)
    assert now() == ("Dogs", None, "None", "Dogs")
    assert 'value="Pets"' not in clara.get(f"/desk/answers/{answer}").text
    clara.post(f"/desk/answers/{answer}/approve", revision=revised(front, anna, answer, **changed))
    assert now() == ("Pets", "ask_clinic_info", "2026-09-01", "Pets")


def said_by_the_bot(front: Front, chat: str, text: str) -> str:
    """What the bot answers to a message nobody trained it for; the id of the answer's line."""
    parse = {**parsed(component(front), text), "message_id": text}
    dispatcher = CollectingDispatcher()
    clinic = Clinic(front.router.desk.content, front.sessions, "a secret of the tests")
    tracker = Tracker(chat, {}, parse, [], False, None, {}, "action_listen")
    ActionNoteUnknown().act(Turn(dispatcher, tracker, clinic, front.clock()))
    [say] = dispatcher.messages
    with unit_of_work(front.sessions) as session:
        row = conversations.add_bot_message(session, chat, say, front.clock())
        session.commit()
        return row.id


def test_how_often_a_version_was_given_and_liked_is_counted_for_each_version(
    front: Front, anna: Person, clara: Person
) -> None:
    answer, chat = approved(front, anna, clara), front.chat("Hello")
    first, second = said_by_the_bot(front, chat, FOURTH), said_by_the_bot(front, chat, DOGS[0])
    clara.post(f"/desk/answers/{answer}/approve", revision=revised(front, anna, answer))
    third = said_by_the_bot(front, chat, FOURTH)
    with unit_of_work(front.sessions) as session:
        thumbs: list[tuple[str, Thumb]] = [(first, "up"), (second, "up"), (third, "down")]
        for line, thumb in thumbs:
            feedback.give(session, chat, line, thumb=thumb, now=front.clock())
        session.commit()
    rows = re.findall(r"<tr><td>(\d)</td>(.*?)</tr>", anna.get(f"/desk/answers/{answer}").text)
    counts = {version: re.findall(r'class="num">(\d+)<', row) for version, row in rows}
    assert counts == {"1": ["2", "2", "0"], "2": ["1", "0", "1"]}, "given, up, down"


def test_a_live_answer_is_marked_when_its_day_of_review_has_passed(front: Front, anna: Person, clara: Person) -> None:
    answer = approved(front, anna, clara)
    draft = revised(front, anna, answer, review_by="2026-03-03")
    due = 'class="late">2026-03-03'
    clara.post(f"/desk/answers/{answer}/approve", revision=draft)
    front.clock.move(days=1)
    anna.sign_in("anna@clinic.example")
    assert due not in anna.get("/desk/answers").text, "on the day itself there is still time"
    front.clock.move(days=1)
    anna.sign_in("anna@clinic.example")
    assert due in anna.get("/desk/answers").text
    clara.sign_in("clara@clinic.example")
    clara.post(f"/desk/answers/{answer}/retire")
    assert due not in anna.get("/desk/answers").text


def test_two_clinicians_cannot_both_decide_about_one_draft(front: Front, anna: Person, clara: Person) -> None:
    dora = front.person("clinician", "Dora")
    data = {"title": "Dogs", "text": "Yes.", "extra": DOGS[0]}
    answer = anna.post("/desk/answers/new", part=False, **data).headers["location"].rsplit("/", 1)[-1]
    with reading(front.sessions) as session:
        draft = answers_learned.revisions(session, answer)[0].id
    assert clara.post(f"/desk/answers/{answer}/reject", revision=draft).status_code == 200
    assert dora.post(f"/desk/answers/{answer}/approve", revision=draft).status_code == 409


def test_a_retired_answer_is_no_longer_given(front: Front, anna: Person, clara: Person) -> None:
    answer = approved(front, anna, clara)
    bot = component(front)
    assert "learned" in parsed(bot, FOURTH)
    clara.post(f"/desk/answers/{answer}/retire")
    bot.catalogue._looked = float("-inf")
    assert "learned" not in parsed(bot, FOURTH)


@pytest.mark.parametrize(
    ("intent", "confidence"),
    [("report_emergency", 0.3), ("report_urgent", 0.9), ("affirm", 0.9), ("book_appointment", 0.95)],
)
def test_an_answer_never_talks_over_danger_or_what_the_patient_does(
    front: Front, anna: Person, clara: Person, intent: str, confidence: float
) -> None:
    approved(front, anna, clara)
    assert "learned" not in parsed(component(front), DOGS[0], intent, confidence)


def test_an_answer_with_a_detail_of_the_clinic_that_does_not_exist_is_refused(front: Front, anna: Person) -> None:
    data = {"title": "Phone", "extra": "your number?"}
    good = anna.post("/desk/answers/new", part=False, text="Call {clinic_phone}.", **data)
    assert good.status_code == 303
    assert "{clinic_phone}" not in anna.get(good.headers["location"]).text.split("said")[1].split("</p>")[0]
    bad = anna.post("/desk/answers/new", part=False, text="Call {phone}.", **data)
    assert bad.status_code == 400
    assert "{phone} stands for nothing" in bad.text


def test_only_approved_wordings_are_exported_as_a_diff_without_markup(
    front: Front, anna: Person, clara: Person, tmp_path: Path
) -> None:
    front.item(front.chat(), question="is [parking](treatment) {free}\n- intent: evil")
    group_some(front.sessions)
    with reading(front.sessions) as session:
        group = desk_questions.page(session)[0][0].group.id
        item = desk_questions.members(session, group)[0].item.id
    anna.post(f"/desk/questions/{group}/topic", topic="ask_clinic_info", items=item)
    with reading(front.sessions) as session:
        example = training_export.examples(session)[0].id
    assert anna.post("/desk/training", approved=example).status_code == 403
    clara.post("/desk/training", approved=example)
    file = tmp_path / "nlu.yml"
    file.write_text(
        "nlu:\n- intent: ask_clinic_info\n  examples: |\n    - where are you\n\n"
        "- intent: greet\n  examples: |\n    - hi\n"
    )
    with reading(front.sessions) as session:
        diff = training_export.export_training(session, file)
    assert "+    - is parking treatment free - intent: evil\n" in diff
    assert [line for line in diff.splitlines() if line.startswith("-") and not line.startswith("---")] == []


def test_whoever_writes_an_answer_has_to_choose_a_topic_or_none_of_them(front: Front, anna: Person) -> None:
    choices = anna.get("/desk/answers/new").text.split('name="topic"')[1].split("</select>")[0]
    assert choices.startswith(" required")
    assert '<option value="">Choose' in choices
    assert "selected" not in choices
