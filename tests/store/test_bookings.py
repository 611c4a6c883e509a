"""Bookings: made once, found by reference and contact only, every change told in its own transaction."""

from __future__ import annotations

import pytest

from bot.store import audit, bookings, outbox, screenings, triage
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking

from .conftest import NOW, later

ASK = bookings.Request(
    name="Test Patient",
    contact="+15550100123",
    contact_kind="phone",
    treatment="hair",
    starts_at=later(60 * 24),
    wish="tomorrow at ten",
    key="chat:1",
)


def create(sessions: Sessions, chat: str, request: bookings.Request = ASK) -> Booking:
    with unit_of_work(sessions) as session:
        row = bookings.create(session, chat, request, NOW)
        session.commit()
        return row


def test_a_booking_comes_with_its_queue_row_audit_entry_and_outgoing_message(sessions: Sessions, chat: str) -> None:
    row = create(sessions, chat)
    assert (row.status, row.version) == ("proposed", 0)
    with unit_of_work(sessions) as session:
        assert [item.booking_id for item in triage.queue(session, NOW).items] == [row.id]
        assert [entry.action for entry in audit.history(session, f"booking:{row.id}")] == ["booking.created"]
        assert [item.payload["reference"] for item in outbox.due(session, NOW)] == [row.reference]


def test_a_booking_that_is_not_committed_leaves_no_trace_anywhere(sessions: Sessions, chat: str) -> None:
    with unit_of_work(sessions) as session:
        bookings.create(session, chat, ASK, NOW)
    with unit_of_work(sessions) as session:
        assert bookings.of_conversation(session, chat) == []
        assert triage.counts(session, NOW) == {}
        assert outbox.due(session, NOW) == []
        assert audit.history(session) == []


def test_the_same_form_run_confirmed_twice_makes_one_booking(sessions: Sessions, chat: str) -> None:
    assert create(sessions, chat).id == create(sessions, chat).id
    with reading(sessions) as session:
        assert len(bookings.of_conversation(session, chat)) == 1


def test_a_taken_reference_is_drawn_again(sessions: Sessions, chat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["MG-222222", "MG-222222", "MG-333333"])
    monkeypatch.setattr(bookings, "new_reference", lambda: next(drawn))
    first = create(sessions, chat, bookings.Request("A", "a@example.org", "email"))
    second = create(sessions, chat, bookings.Request("B", "b@example.org", "email"))
    assert (first.reference, second.reference) == ("MG-222222", "MG-333333")


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "mg{1}", "mg {1}", "{1}"])
def test_a_booking_is_found_however_its_reference_is_typed(sessions: Sessions, chat: str, typed: str) -> None:
    row = create(sessions, chat)
    wanted = typed.format(row.reference, row.reference.removeprefix("MG-").lower())
    with reading(sessions) as session:
        found = bookings.find(session, wanted, ASK.contact)
        assert found is not None
        assert found.id == row.id


def test_a_reference_whose_letters_begin_like_the_prefix_is_found_without_it(
    sessions: Sessions, chat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bookings, "new_reference", lambda: "MG-MG2346")
    create(sessions, chat)
    with reading(sessions) as session:
        assert bookings.find(session, "MG2346", ASK.contact) is not None
        assert bookings.find(session, "MG-MG2346", ASK.contact) is not None


def test_a_booking_is_not_found_by_either_half_alone(sessions: Sessions, chat: str) -> None:
    row = create(sessions, chat)
    with reading(sessions) as session:
        assert bookings.find(session, row.reference, "+15550100999") is None
        assert bookings.find(session, "MG-222222", ASK.contact) is None


def test_each_change_raises_the_version_and_tells_the_others_in_order(sessions: Sessions, chat: str) -> None:
    row = create(sessions, chat)
    with unit_of_work(sessions) as session:
        held = session.merge(row)
        bookings.set_status(session, held, "booked", actor="staff-1", now=later(1))
        bookings.set_status(session, held, "booked", actor="staff-1", now=later(2))
        bookings.reschedule(session, held, later(3000), "Friday", actor="patient", now=later(3))
        session.commit()
        assert (held.version, held.status, held.updated_at) == (2, "proposed", later(3))
    with unit_of_work(sessions) as session:
        told = []
        while items := outbox.due(session, later(5)):
            assert len(items) == 1
            told.append(items[0].kind)
            outbox.mark_delivered(session, items[0].position, later(5))
        assert told == ["booking.created", "booking.booked", "booking.rescheduled"]


def test_a_changed_answer_amends_and_the_first_screening_stays(sessions: Sessions, chat: str) -> None:
    said = {"pregnant": "no"}
    first = screenings.Decision(said, "suitable", content_version="c1", rules_version="r1")
    second = screenings.Decision({"pregnant": "yes"}, "not_suitable", "c1", "r1", reasons=["pregnant"])
    with unit_of_work(sessions) as session:
        row = screenings.save(session, chat, first, NOW)
        screenings.amend(session, row, second, NOW)
        session.commit()
    with reading(sessions) as session:
        latest = screenings.latest(session, chat)
        assert latest is not None
        assert (latest.outcome, latest.reasons, latest.amends) == ("not_suitable", ["pregnant"], row.id)
        assert sorted(kept.outcome for kept in screenings.history(session, chat)) == ["not_suitable", "suitable"]
