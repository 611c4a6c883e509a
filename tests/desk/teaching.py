"""What the tests of teaching share: questions about dogs, their group, and an answer on them."""

from __future__ import annotations

from typing import Any

from rasa.shared.nlu.training_data.message import Message as RasaMessage

from bot.desk.jobs.grouping import group_some
from bot.desk.meaning import ENCODER
from bot.nlu.learned import Catalogue, LearnedAnswers
from bot.store import answers_learned, desk_questions
from bot.store.engine import reading

from .conftest import Front, Person

DOGS = ["Can I bring my dog?", "is it ok if my dog comes with me", "dogs allowed in the clinic?"]
FOURTH = "Would it be a problem to come with my dog"


def ask_all(front: Front, *questions: str) -> list[str]:
    return [front.item(front.chat(question), question=question) for question in questions]


def the_group(front: Front) -> str:
    group_some(front.sessions)
    with reading(front.sessions) as session:
        groups, _ = desk_questions.page(session)
        assert len(groups) == 1
        return groups[0].group.id


def parsed(
    component: LearnedAnswers, text: str, intent: str = "out_of_scope", confidence: float = 0.4
) -> dict[str, Any]:
    message = RasaMessage({"text": text, "intent": {"name": intent, "confidence": confidence}})
    return component.process([message])[0].data


def component(front: Front) -> LearnedAnswers:
    return LearnedAnswers({"encoder": ENCODER}, Catalogue(front.sessions, ENCODER))


def approved(front: Front, anna: Person, clara: Person, topic: str = "") -> str:
    """An answer on dogs, written by Anna and approved by Clara; its id."""
    ids = ask_all(front, *DOGS)
    group = the_group(front)
    data = {"title": "Dogs", "text": "Dogs may wait outside.", "group": group, "topic": topic}
    written = anna.client.post(
        "/desk/answers/new",
        data={**data, "items": ids, "csrf": anna.csrf},
        follow_redirects=False,
    )
    answer = written.headers["location"].rsplit("/", 1)[-1]
    with reading(front.sessions) as session:
        draft = answers_learned.revisions(session, answer)[0].id
    assert clara.post(f"/desk/answers/{answer}/approve", revision=draft, tell="1").status_code == 200
    return answer


def revised(front: Front, person: Person, answer: str, **data: str) -> str:
    """A revision of the answer on dogs; its id."""
    form = {"title": "Dogs", "text": "Small dogs may come in.", **data}
    assert person.post(f"/desk/answers/{answer}/revise", **form).status_code == 200
    with reading(front.sessions) as session:
        return answers_learned.revisions(session, answer)[0].id
