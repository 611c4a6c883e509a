"""Questions in groups, answers that teach: from three wordings in the queue to a fourth that the bot answers."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from bot.clinic.desk import learned
from bot.clinic.desk.meaning import Group, nearest, twin
from bot.desk.jobs.grouping import group_some
from bot.desk.meaning import encode
from bot.evaluation import measures
from bot.store import answers_learned, conversations, desk_questions, training_export
from bot.store.engine import reading, unit_of_work

from .conftest import Front, Person
from .teaching import DOGS, FOURTH, approved, ask_all, component, parsed, the_group

DATA = yaml.safe_load(Path(__file__).with_name("paraphrases.yml").read_text(encoding="utf-8"))


def test_three_wordings_of_one_question_become_one_group_and_others_do_not_join(front: Front, anna: Person) -> None:
    ask_all(front, *DOGS, "Where can I park?")
    group_some(front.sessions)
    with reading(front.sessions) as session:
        groups, _ = desk_questions.page(session)
        assert [one.group.asked for one in groups] == [3, 1]
    page = anna.get("/desk/questions").text
    assert min(page.find(one) for one in DOGS if one in page) < page.index("Where can I park")


def test_one_patient_who_asks_twice_counts_once(front: Front) -> None:
    chat = front.chat()
    for question in DOGS[:2]:
        front.item(chat, question=question)
    group_some(front.sessions)
    with reading(front.sessions) as session:
        assert [one.group.asked for one in desk_questions.page(session)[0]] == [1]


def test_from_three_wordings_to_an_answer_that_a_fourth_gets_within_two_seconds_without_training(
    front: Front, anna: Person, clara: Person
) -> None:
    bot = component(front)
    assert "learned" not in parsed(bot, FOURTH)
    answer = approved(front, anna, clara)
    began = time.monotonic()
    while "learned" not in (found := parsed(bot, FOURTH)) and time.monotonic() - began < 2:
        time.sleep(0.05)
    assert found["learned"]["id"] == answer
    assert found["learned"]["instead"]
    with reading(front.sessions) as session:
        said = answers_learned.live(session, answer)
    assert said is not None
    assert (said.text, said.author, said.approved_by) == ("Dogs may wait outside.", "Anna", "Clara")
    assert said.metadata()["date"] == "2026-03-02"


def test_approving_tells_the_patients_who_waited_and_empties_the_queue(
    front: Front, anna: Person, clara: Person
) -> None:
    approved(front, anna, clara)
    with reading(front.sessions) as session:
        assert desk_questions.how_many(session) == 0
    assert "Nothing here" in anna.get("/desk").text
    chat = conversations_with(front, "Can I bring my dog?")
    assert "Dogs may wait outside." in chat[-1]


def conversations_with(front: Front, text: str) -> list[str]:
    with reading(front.sessions) as session:
        from sqlalchemy import select

        from bot.store.models import Message

        rows = session.scalars(select(Message).order_by(Message.position)).all()
        chat = next(row.conversation_id for row in rows if row.text == text)
        return [row.text for row in conversations.transcript(session, chat)]


def test_approving_proposes_training_examples_and_a_regression_case_for_each_wording(
    front: Front, anna: Person, clara: Person
) -> None:
    approved(front, anna, clara, topic="ask_clinic_info")
    with reading(front.sessions) as session:
        assert sorted(row.text for row in training_export.examples(session)) == sorted(DOGS)
        cases = training_export.regression_cases(session)
        assert sorted(case["question"] for case in cases) == sorted(DOGS)
        assert training_export.export_training(session) == ""


def test_an_evaluation_fails_when_a_taught_answer_is_no_longer_given(front: Front, anna: Person, clara: Person) -> None:
    answer = approved(front, anna, clara)
    bot = component(front)

    def asked(intent: str, confidence: float, *, has_answer: bool = False) -> list[str]:
        with reading(front.sessions) as session:
            cases = training_export.regression_cases(session)
        found = measures.taught(lambda text: parsed(bot, text, intent, confidence), cases, lambda question: has_answer)
        return [f"{meant} not {got}" for _, meant, got, _ in found.errors]

    assert asked("out_of_scope", 0.4) == []
    assert asked("ask_clinic_info", 0.9, has_answer=True) == [], "to the word, it comes before the content's"
    assert asked("report_urgent", 0.9) == ["Dogs not report_urgent"] * 3, "danger is never talked over"
    parse = {"intent": {"name": "ask_cost", "confidence": 0.9}, "learned": {"id": answer, "instead": False}}
    assert learned.given(parse, lambda question: True) is None
    assert learned.given(parse, lambda question: False) == answer


def test_deciding_twice_about_a_group_is_refused(front: Front, anna: Person, ben: Person) -> None:
    ask_all(front, *DOGS)
    group = the_group(front)
    assert anna.post(f"/desk/questions/{group}/out-of-scope").status_code == 200
    assert ben.post(f"/desk/questions/{group}/out-of-scope").status_code == 409


def test_erasing_a_conversation_takes_its_wordings_out_of_the_answer(front: Front, anna: Person, clara: Person) -> None:
    from bot.store import privacy

    answer = approved(front, anna, clara)
    bot = component(front)
    assert "learned" in parsed(bot, FOURTH)
    with unit_of_work(front.sessions) as session:
        for wording in answers_learned.wordings_of(session, answer):
            from bot.store.models import TriageItem

            item = session.get(TriageItem, wording.item_id)
            if item is not None:
                privacy.erase_conversation(session, item.conversation_id, actor="patient", now=front.clock())
        session.commit()
    bot.catalogue._looked = float("-inf")
    assert "learned" not in parsed(bot, FOURTH)
    with reading(front.sessions) as session:
        assert answers_learned.wordings_of(session, answer) == []


def grouped(questions: list[str]) -> list[set[str]]:
    """What the desk's grouping makes of questions in this order."""
    groups: dict[str, Group] = {}
    inside: dict[str, set[str]] = {}
    for number, (question, vector) in enumerate(zip(questions, encode(questions), strict=True)):
        found = nearest(vector, list(groups.values()))
        name = found[0] if found else str(number)
        former = groups.get(name, Group(name, np.zeros_like(vector), 0))
        groups[name] = Group(name, former.total + vector, former.size + 1)
        inside.setdefault(name, set()).add(question)
        other = twin(groups[name], list(groups.values()))
        if other:
            gone = groups.pop(other)
            groups[name] = Group(name, groups[name].total + gone.total, groups[name].size + gone.size)
            inside[name] |= inside.pop(other)
    return list(inside.values())


def test_grouping_puts_together_what_belongs_together_as_measured() -> None:
    questions = [one for group in DATA["groups"] for one in group] + DATA["others"]
    order = np.random.RandomState(1).permutation(len(questions))
    of = {one: number for number, group in enumerate(DATA["groups"]) for one in group}
    pairs = [(a, b) for group in grouped([questions[i] for i in order]) for a in group for b in group if a < b]
    right = [pair for pair in pairs if of.get(pair[0], -1) == of.get(pair[1], -2)]
    there_are = sum(len(group) * (len(group) - 1) // 2 for group in DATA["groups"])
    assert len(right) / len(pairs) > 0.78
    assert len(right) / there_are > 0.6


def test_a_fifth_wording_finds_its_answer_and_other_questions_find_none_as_measured() -> None:
    known = [learned.Wording(str(n), one) for n, group in enumerate(DATA["groups"]) for one in group[:-1]]
    vectors = encode([one.text for one in known])
    asked = encode([group[-1] for group in DATA["groups"]])
    found = [learned.match(vector, "out_of_scope", 0.9, known, vectors) for vector in asked]
    assert sum(one is not None and one.answer_id == str(n) for n, one in enumerate(found)) >= 0.8 * len(found)
    assert sum(one is not None and one.answer_id != str(n) for n, one in enumerate(found)) <= 1
    others = [learned.match(vector, "ask_cost", 0.5, known, vectors) for vector in encode(DATA["others"])]
    assert [one for one in others if one is not None] == []


def test_a_store_that_is_away_is_said_once_and_again_when_it_goes_once_more(
    front: Front, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = component(front)

    def away() -> None:
        raise OSError

    for _ in range(2):
        with monkeypatch.context() as broken:
            broken.setattr(asked.catalogue, "refresh", away)
            parsed(asked, "does the leaflet speak of cats")
            parsed(asked, "and of dogs")
        parsed(asked, "and of birds")
    assert [record.message for record in caplog.records] == ["the desk's answers were not looked up: OSError"] * 2
