"""The installation of these tests was started over a database of the version before: what was begun there goes on."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from bot.channels.tokens import Tokens
from bot.store import bookings
from bot.store.engine import make_engine, make_sessions, reading
from bot.store.migrate import current_version, newest_version
from tests.installation import Installation
from tests.patient import Patient, answers
from tests.upgrade import old

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def come_back(installation: Installation, conversation: str) -> Patient:
    """The patient of an old conversation, with a token of today."""
    tokens = Tokens(installation.env["MESOGUIDE_SECRET"], "website")
    token = tokens.issue(conversation, datetime.now(timezone.utc)).token
    patient = Patient(installation.base, token=token, conversation_id=conversation)
    patient.heard = [message for message in patient.history() if message["from"] == "bot"]
    return patient


def test_the_tables_are_those_of_this_version(installation: Installation) -> None:
    assert current_version(make_engine(installation.database_url)) == newest_version()


def test_a_check_begun_before_the_upgrade_goes_on_where_it_was(installation: Installation) -> None:
    patient = come_back(installation, old().screening)
    assert patient.asked == "diabetes"
    patient.say("no")
    assert patient.asked == "cancer"


def test_a_booking_made_before_the_upgrade_is_known_and_can_be_cancelled(installation: Installation) -> None:
    patient = come_back(installation, old().booking)
    patient.say("cancel my visit")
    patient.say("yes")
    with reading(make_sessions(make_engine(installation.database_url))) as session:
        found = bookings.find(session, old().reference, "ana@example.org")
        assert found is not None
        assert found.status == "cancelled"


def test_an_old_transcript_reads_as_before_and_new_questions_are_answered(installation: Installation) -> None:
    patient = come_back(installation, old().question)
    assert "can I bring my dog" in [message["text"] for message in patient.history()]
    assert answers(patient.say("does it hurt"))
