"""The desk shows which parts of the content are past the day of their review."""

from __future__ import annotations

from dataclasses import replace

from bot.store import contents
from bot.store.engine import unit_of_work
from tests.desk.conftest import Front, Person, anna, front  # noqa: F401 - fixtures


def test_staff_see_that_nobody_approved_the_content_which_patients_are_told(front: Front, anna: Person) -> None:  # noqa: F811
    assert "Nobody has approved" not in anna.get("/desk/answers").text, "the invented clinic's is nobody's"
    content = front.router.desk.content
    own = replace(content, clinic=content.clinic.model_copy(update={"demo": False}))
    front.router.desk.content = own
    assert content.version in anna.get("/desk/answers").text
    with unit_of_work(front.sessions) as session:
        contents.approve(session, content.version, {}, "Dr. Demo", changes=0, now=front.clock())
        session.commit()
    assert "Nobody has approved" not in anna.get("/desk/answers").text


def test_staff_see_which_parts_of_the_content_are_past_their_review(front: Front, anna: Person) -> None:  # noqa: F811
    assert "past the day of review" not in anna.get("/desk/answers").text
    front.clock.move(days=(front.router.desk.content.warning_signs[0].review_by - front.clock.now.date()).days + 1)
    assert anna.sign_in("anna@clinic.example") == 303
    page = anna.get("/desk/answers").text
    assert "past the day of review" in page
    for name in ("sign breathing", "criterion diabetes", "answer definition", "language de"):
        assert name in page
