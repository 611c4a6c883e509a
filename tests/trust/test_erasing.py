"""A person who is erased is gone from every table, on both databases; others stay, and a new table needs a decision."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.desk.jobs import grouping
from bot.handover.fhir import FhirTarget
from bot.settings import Settings
from bot.store import audit, bookings, deliveries, privacy
from bot.store.desk_models import QuestionGroup
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.messenger_models import MessengerEvent
from bot.store.models import Booking, KeptVisit, OutboxItem
from bot.store.opening import open_store
from bot.store.personal import NOT_PERSONAL, personal_tables
from bot.store.schema import Base
from tests.handover.clinic import Clock, deliver, words
from tests.handover.conftest import receiver  # noqa: F401 - a fixture
from tests.handover.receivers import FhirServer, Receiver
from tests.trust.databases import NAME, NOW, fill
from tests.trust.seeding import Seeded, found, seed

LEFT_WITH_AN_ID = {"audit"}
YEARS = 3650


@pytest.fixture
def sessions(settings: Settings) -> Sessions:
    return open_store(settings)


def seeded(sessions: Sessions, mark: str) -> Seeded:
    with unit_of_work(sessions) as session:
        made = seed(session, mark)
        session.commit()
    return made


def erase(sessions: Sessions, conversation: str, actor: str = "system", days: int = YEARS) -> None:
    with unit_of_work(sessions) as session:
        privacy.erase_conversation(session, conversation, actor=actor, now=NOW, visit_record_days=days)
        session.commit()


def test_every_table_has_a_decision() -> None:
    tables = set(Base.metadata.tables)
    undecided = tables - personal_tables() - set(NOT_PERSONAL)
    assert not undecided, f"say in bot/store/personal.py whether {undecided} hold something of a person"
    assert not personal_tables() & set(NOT_PERSONAL)
    assert set(NOT_PERSONAL) <= tables


def test_a_person_is_erased_from_every_table_and_nobody_else(sessions: Sessions) -> None:
    anna, ben = seeded(sessions, "Zephyrine"), seeded(sessions, "Balthazar")
    with reading(sessions) as session:
        assert found(session, anna.mark) >= personal_tables() - {"messenger_lane", "move_guess", "booking_guess"}
        before = found(session, ben.mark)
    erase(sessions, anna.conversation)
    with reading(sessions) as session:
        assert found(session, anna.mark) == LEFT_WITH_AN_ID, "the id of the conversation holds the mark"
        for table in ("messenger_event", "messenger_lane", "move_guess", "messenger_person"):
            assert not found(session, anna.rows["messenger_person"]["person_index"]) & {table}
        assert not found(session, anna.rows["booking_guess"]["key"])
        assert found(session, ben.mark) == before


def test_an_export_holds_every_personal_table_and_no_hash(sessions: Sessions) -> None:
    anna = seeded(sessions, "Zephyrine")
    with reading(sessions) as session:
        data = privacy.export_conversation(session, anna.conversation)
    assert {name for name, rows in data.items() if rows} == personal_tables()
    assert "person_index" not in str(data)
    assert data["training_example"][0]["text"] == "Zephyrine"


def test_groups_of_questions_lose_the_share_of_the_erased_one(sessions: Sessions) -> None:
    anna = seeded(sessions, "Zephyrine")
    erase(sessions, anna.conversation)
    with reading(sessions) as session:
        assert session.scalars(select(QuestionGroup.centre)).all() == [""]
    assert grouping.mend(sessions) == 1
    with reading(sessions) as session:
        assert session.scalars(select(QuestionGroup)).all() == [], "an empty group goes"


def test_what_a_patient_writes_after_the_deletion_is_a_new_chat(sessions: Sessions) -> None:
    anna = seeded(sessions, "Zephyrine")
    with unit_of_work(sessions) as session:
        session.execute(update(MessengerEvent).values(attempts=0, done_at=None))
        session.commit()
    erase(sessions, anna.conversation, actor="patient")
    with reading(sessions) as session:
        row = session.scalars(select(MessengerEvent)).one()
        assert row.body is not None
    with unit_of_work(sessions) as session:
        session.execute(update(MessengerEvent).values(attempts=1))
        seed_person = anna.rows["messenger_event"]["person_index"]
        assert session.scalars(select(MessengerEvent.person_index)).one() == seed_person


# ---- what the law makes a clinic keep


def visit(sessions: Sessions, settings: Settings, status: str, days_ago: float) -> str:
    conversation = fill(settings).conversation
    with unit_of_work(sessions) as session:
        row = bookings.of_conversation(session, conversation)[0]
        row.status, row.starts_at = status, NOW - timedelta(days=days_ago)  # type: ignore[assignment]
        session.commit()
    return conversation


VISITS = [  # status, days ago, days the law asks for, whether a record stays
    ("fulfilled", 10, YEARS, True),
    ("arrived", 10, YEARS, True),
    ("booked", 1, YEARS, True),
    ("fulfilled", YEARS + 1, YEARS, False),
    ("fulfilled", 10, 0, False),
    ("booked", -10, YEARS, False),
    ("cancelled", 10, YEARS, False),
    ("noshow", 10, YEARS, False),
]


def test_only_of_visits_that_took_place_a_record_stays_as_long_as_the_law_asks(
    sessions: Sessions, settings: Settings
) -> None:
    for number, (status, days_ago, days, stays) in enumerate(VISITS):
        before = len(kept(sessions))
        erase(sessions, visit(sessions, settings, status, days_ago), days=days)
        assert len(kept(sessions)) - before == stays, VISITS[number]
    assert set(kept(sessions)) == {NAME}
    with reading(sessions) as session:
        assert not found(session, "+12025550177"), "the contact is never kept"
        assert [one.details["visits_kept"] for one in audit.history(session, limit=1)] == [0]


def kept(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        return list(session.scalars(select(KeptVisit.name)))


def test_systems_that_know_of_a_visit_to_come_hear_that_it_is_called_off_and_nothing_of_the_person(
    sessions: Sessions,
    settings: Settings,
    receiver: Receiver,  # noqa: F811 - the fixture above
) -> None:
    server, clock = FhirServer(), Clock(NOW)
    receiver.on_take = server.take
    adapter = FhirTarget(f"{receiver.url}/fhir", "", words().clinic, "https://clinic.example/booking")
    conversation = visit(sessions, settings, "booked", -10)
    asyncio.run(deliver(sessions, clock, [adapter]))
    assert NAME in str(server.latest("Patient"))
    erase(sessions, conversation)
    with reading(sessions) as session:
        item = session.scalars(select(OutboxItem)).one()
        assert (item.kind, item.payload["status"], item.payload["version"]) == ("booking.cancelled", "cancelled", 1)
        assert NAME not in str(item.payload)
        assert "2025550177" not in str(item.payload)
        assert list(session.scalars(select(Booking))) == []
    asyncio.run(deliver(sessions, clock, [adapter]))
    (appointment,) = server.latest("Appointment")
    assert (appointment["status"], server.latest("Slot")[0]["status"]) == ("cancelled", "free")
    assert not {"name", "telecom"} & set(server.latest("Patient")[0])
    assert NAME not in str(server.bundles[-1])
    with reading(sessions) as session:
        assert deliveries.figures(session)["fhir"]["dead"] == 0


def test_somebody_is_found_by_contact_or_reference(sessions: Sessions, settings: Settings) -> None:
    conversation = fill(settings).conversation
    with reading(sessions) as session:
        reference = bookings.of_conversation(session, conversation)[0].reference
        assert privacy.find_conversations(session, "+1 202 555 0177".replace(" ", "")) == [conversation]
        assert privacy.find_conversations(session, reference.lower()) == [conversation]
        assert privacy.find_conversations(session, "nobody@example.org") == []
