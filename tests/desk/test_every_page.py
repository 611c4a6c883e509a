"""Every page answers for every role, empty and full; what only some may do is refused to the others."""

from __future__ import annotations

import pytest

from .conftest import Front, Person

PAGES = [
    "/desk",
    "/desk/questions",
    "/desk/answers",
    "/desk/answers/new",
    "/desk/training",
    "/desk/bookings",
    "/desk/bookings/week",
    "/desk/deliveries",
    "/desk/figures",
    "/desk/figures.csv",
    "/desk/screenings/rules",
    "/desk/account",
]


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_desk_shows_every_page(front: Front, anna: Person, path: str) -> None:
    assert anna.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/desk/staff", "/desk/log"])
def test_only_an_admin_sees_staff_and_log(anna: Person, clara: Person, adam: Person, path: str) -> None:
    assert [person.get(path).status_code for person in (anna, clara, adam)] == [403, 403, 200]


def test_what_is_not_there_is_a_page_that_says_so(anna: Person) -> None:
    for page in ("questions", "answers", "bookings", "c", "screenings", "static"):
        path = f"/desk/{page}/x"
        answer = anna.get(path)
        assert (answer.status_code, "not there any more" in answer.text) == (404, True), path
