"""Markup, template code, formulas and SQL in every field that a patient or staff can fill are words on every page and
in every export, and nothing else."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from sqlalchemy import func, select

from bot.clinic.content import load_content
from bot.clinic.report.handout import handout
from bot.desk.meaning import ENCODER
from bot.desk.pages.figures import to_csv
from bot.settings import BOT
from bot.store import answers_learned, bookings, conversations, feedback, privacy
from bot.store.desk_models import AnswerRevision, LearnedAnswer, QuestionGroup
from bot.store.engine import reading, unit_of_work
from bot.store.models import Booking, Message
from bot.store.training_export import with_examples
from tests.desk.conftest import Front, Person, adam, anna, clara, front  # noqa: F401 - fixtures

MARKUP = "<img src=x onerror=alert(1)>"
TEMPLATE = "{{ 7 * 191 }}{% for x in () %}"
SQL = "'; DROP TABLE message; --"
FORMULA = '=HYPERLINK("http://evil.example","click")'
NASTY = f"{MARKUP} {TEMPLATE} {SQL}"


@pytest.fixture
def chat(front: Front, anna: Person) -> str:  # noqa: F811 - the fixtures above
    """A conversation with the words in every field: a patient's, and those of staff."""
    chat = front.chat(NASTY)
    front.item(chat, question=NASTY)
    assert anna.user is not None
    with unit_of_work(front.sessions) as session:
        said = session.scalars(select(Message).where(Message.sender == "bot")).first()
        assert said is not None
        feedback.give(session, chat, said.id, thumb="down", reason=NASTY, now=front.clock())
        request = bookings.Request(NASTY, "a@example.org", "email", wish=NASTY, note=NASTY)
        bookings.create(session, chat, request, front.clock())
        conversations.add_staff_message(session, chat, anna.user.id, NASTY, front.clock())
        draft = answers_learned.Draft(NASTY[:160], NASTY, ["F01"])
        vector = np.ones(384, dtype=np.float32)
        author = anna.user
        answers_learned.write(
            session, draft, [(NASTY, vector, None)], encoder=ENCODER, author=author, now=front.clock()
        )
        session.commit()
    return chat


def pages(front: Front, chat: str) -> list[str]:  # noqa: F811
    with reading(front.sessions) as session:
        visit = session.scalars(select(Booking.id)).one()
        answer = session.scalars(select(LearnedAnswer.id)).one()
        groups = list(session.scalars(select(QuestionGroup.id)))
    fixed = [
        "",
        "/questions",
        "/answers",
        "/answers/new",
        "/training",
        "/bookings",
        "/bookings/week",
        "/figures",
        "/log",
        "/staff",
    ]
    with_ids = [f"/c/{chat}", f"/c/{chat}/older?before=99", f"/bookings/{visit}", f"/answers/{answer}"]
    searched = [f"?q={MARKUP}", f"/bookings?q={MARKUP}"]
    return [f"/desk{path}" for path in (*fixed, *with_ids, *searched, *(f"/questions/{one}" for one in groups))]


def test_words_in_every_field_stay_words_on_every_page_of_the_desk(
    front: Front,  # noqa: F811
    chat: str,
    anna: Person,  # noqa: F811
    adam: Person,  # noqa: F811
) -> None:
    shown = 0
    for path in pages(front, chat):
        answer = (adam if path in ("/desk/log", "/desk/staff") else anna).get(path)
        assert answer.status_code == 200, path
        assert "<img src=x" not in answer.text, path
        assert "1337" not in answer.text, path
        shown += "&lt;img src=x" in answer.text
    assert shown >= 5, "the words were to be seen on these pages"
    with reading(front.sessions) as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 3


def test_what_staff_type_into_forms_comes_back_as_words(front: Front, anna: Person, chat: str) -> None:  # noqa: F811
    with reading(front.sessions) as session:
        answer = session.scalars(select(LearnedAnswer.id)).one()
    forms = {
        f"/desk/c/{chat}/reply": {"text": NASTY},
        f"/desk/answers/{answer}/revise": {"title": NASTY, "text": f"{NASTY} {{unknown}}"},
        "/desk/answers/new": {"title": NASTY, "text": "", "extra": NASTY},
        "/desk/items/x/close": {"seen": NASTY, "reason": NASTY},
    }
    for path, fields in forms.items():
        text = anna.post(path, **fields).text
        assert "<img src=x" not in text, path
        assert "1337" not in text, path


def test_a_formula_in_a_table_stays_text_in_a_spreadsheet() -> None:
    starts = [FORMULA, f" {FORMULA}", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "＝1+1"]
    rows = list(csv.reader(io.StringIO(to_csv([starts]).lstrip("\ufeff"))))
    assert [cell[:1] for cell in rows[0]] == ["'"] * len(starts)


def test_a_persons_page_shows_words_and_runs_nothing(front: Front, chat: str) -> None:  # noqa: F811
    with reading(front.sessions) as session:
        rows = privacy.export_conversation(session, chat)
    page = handout(rows, load_content(BOT / "content"), front.clock())
    assert "<img src=x" not in page
    assert "1337" not in page
    assert page.count("&lt;img src=x") >= 4


def test_an_approved_wording_cannot_add_an_intent_or_an_entity_to_the_training_data() -> None:
    text = "nlu:\n  - intent: ask_pain\n    examples: |\n      - does it hurt\n"
    after = with_examples(
        text, [("ask_pain", 'ouch\n  - intent: evil\n    examples: |\n      - [x](y){"entity": "z"}')]
    )
    added = set(after.splitlines()) - set(text.splitlines())
    assert len(added) == 1
    assert not re.search(r"[\[\]{}|]", added.pop())


def test_a_taught_answer_with_template_code_is_said_as_it_is_written(front: Front, chat: str) -> None:  # noqa: F811
    content = load_content(BOT / "content")
    with reading(front.sessions) as session:
        text = session.scalars(select(AnswerRevision.text)).one()
    assert "7 * 191" in content.fill(text)
