"""What a clinic's system could not be given is seen at the desk and sent again from there."""

from __future__ import annotations

import pytest

from bot.store import bookings, deliveries
from bot.store.engine import reading, unit_of_work

from .conftest import NOW, Front, Person, later


@pytest.fixture
def letter(front: Front) -> str:
    """A visit whose first change the webhook did not take to the end; returns its reference."""
    with unit_of_work(front.sessions) as session:
        request = bookings.Request("Rosa Lindner", "rosa@patients.example", "email", treatment="hair")
        row = bookings.create(session, front.chat(), request, NOW)
        session.commit()
        deliveries.spread(session, ["webhook"], NOW)
        (claimed,) = deliveries.claim(session, ["webhook"], NOW, later(1))
        deliveries.failed(session, claimed.position, "http 503", None, NOW)
        session.commit()
        return row.reference


def waiting(front: Front) -> dict[str, int]:
    with reading(front.sessions) as session:
        return deliveries.figures(session)["webhook"]


def test_a_letter_given_up_is_seen_with_its_visit_and_why_and_sent_again(
    front: Front, anna: Person, letter: str
) -> None:
    assert "1 given up" in anna.get("/desk/bookings").text
    page = anna.get("/desk/deliveries").text
    assert letter in page
    assert "The system answered 503." in page
    with reading(front.sessions) as session:
        (dead,) = deliveries.dead(session)
    assert anna.post(f"/desk/deliveries/{dead.position}/again").status_code == 200
    assert waiting(front) == {"waiting": 1, "delivered": 0, "dead": 0}
    assert anna.post(f"/desk/deliveries/{dead.position}/again").status_code == 404
    with reading(front.sessions) as session:
        (again,) = deliveries.claim(session, ["webhook"], NOW, later(1))
    assert again.number == 1


def test_a_system_that_was_switched_off_is_switched_on_and_given_what_it_missed(
    front: Front, anna: Person, letter: str
) -> None:
    with unit_of_work(front.sessions) as session:
        deliveries.disable(session, "webhook", NOW)
        session.commit()
    assert "switched off" in anna.get("/desk/deliveries").text
    assert anna.post("/desk/deliveries/again", target="webhook").status_code == 200
    assert waiting(front) == {"waiting": 1, "delivered": 0, "dead": 0}
    with reading(front.sessions) as session:
        assert deliveries.disabled(session) == set()
    assert anna.post("/desk/deliveries/again", target="another").status_code == 400
