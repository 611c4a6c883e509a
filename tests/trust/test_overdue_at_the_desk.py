"""The desk shows which parts of the content are past the day of their review."""

from __future__ import annotations

from tests.desk.conftest import Front, Person, anna, front, template_store  # noqa: F401 - fixtures


def test_staff_see_which_parts_of_the_content_are_past_their_review(front: Front, anna: Person) -> None:  # noqa: F811
    assert "past the day of review" not in anna.get("/desk/answers").text
    front.clock.move(days=(front.router.desk.content.warning_signs[0].review_by - front.clock.now.date()).days + 1)
    assert anna.sign_in("anna@clinic.example") == 303
    page = anna.get("/desk/answers").text
    assert "past the day of review" in page
    for name in ("sign breathing", "criterion diabetes", "answer definition"):
        assert name in page
