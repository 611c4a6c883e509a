"""What was kept long enough goes, by kind of data; what somebody still needs, and what the law asks for, stays."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from bot.cli import app
from bot.clinic.content.model import Privacy
from bot.desk.jobs.retention import Retention
from bot.settings import BOT, Settings
from bot.store import audit, bookings, consents, conversations, triage
from bot.store.desk_models import AnswerWording, LearnedAnswer
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Conversation, KeptVisit, Message, OutboxItem, Screening, TriageItem
from bot.store.opening import open_store
from bot.store.retention import Removed, retain
from tests.trust.databases import NAME, NOW, WORDS, Filled, fill
from tests.trust.seeding import found, seed

DAYS = Privacy(
    version="1", url="/privacy", chat_days=90, no_consent_days=7, booking_days=365, visit_record_days=3650, work_days=30
)


def after(days: float) -> datetime:
    return NOW + timedelta(days=days)


@pytest.fixture
def filled(settings: Settings) -> Filled:
    """A chat with a check done twice and a visit that took place on day 10."""
    filled = fill(settings)
    with unit_of_work(filled.sessions) as session:
        row = bookings.of_conversation(session, filled.conversation)[0]
        row.status, row.starts_at = "fulfilled", after(10)
        session.commit()
    return filled


def rows(sessions: Sessions, model: type) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_words_go_first_then_the_visit_and_last_the_record_of_it(filled: Filled) -> None:
    sessions = filled.sessions
    assert not retain(sessions, DAYS, after(89)).anything
    assert retain(sessions, DAYS, after(91)).words_of_chats_with_a_visit == 1
    assert rows(sessions, Message) == rows(sessions, TriageItem) == 0
    with reading(sessions) as session:
        assert not found(session, WORDS)
        assert [row.name for row in bookings.of_conversation(session, filled.conversation)] == [NAME]
        assert len(session.scalars(select(Screening)).all()) == 1, "the check the visit rests on, not the first try"
    assert not retain(sessions, DAYS, after(92)).anything, "what is thin is not thinned again"
    assert retain(sessions, DAYS, after(376)).chats == 1
    assert rows(sessions, Conversation) == 0
    assert rows(sessions, KeptVisit) == 1
    last = retain(sessions, DAYS, after(10 + 3651))
    assert (last.visit_records, last.visit_records_kept) == (1, 0)
    with reading(sessions) as session:
        assert not found(session, NAME)
        noted = [one.details for one in audit.history(session, "retention")]
    assert [one["visit_records"] for one in noted] == [1, 0, 0]


def test_a_chat_without_a_visit_goes_whole(filled: Filled) -> None:
    with unit_of_work(filled.sessions) as session:
        session.execute(update(TriageItem).values(booking_id=None))
        session.delete(bookings.of_conversation(session, filled.conversation)[0])
        session.commit()
    assert retain(filled.sessions, DAYS, after(91)) == Removed(chats=1)
    assert rows(filled.sessions, Conversation) == 0


def test_a_chat_in_which_somebody_still_writes_keeps_its_words_and_loses_an_old_visit(filled: Filled) -> None:
    with unit_of_work(filled.sessions) as session:
        session.execute(update(Conversation).values(last_message_at=after(370)))
        session.commit()
    done = retain(filled.sessions, DAYS, after(376))
    assert (done.visits, done.chats, done.visit_records_kept) == (1, 0, 1)
    assert rows(filled.sessions, Message) == 1


def test_a_refused_chat_goes_after_its_days_unless_somebody_still_has_to_answer(settings: Settings) -> None:
    sessions = open_store(settings)
    with unit_of_work(sessions) as session:
        for id_, given in (("refused", False), ("waiting", False), ("agreed", True)):
            session.add(Conversation(id=id_, channel="website", pseudonym=id_, created_at=NOW, last_message_at=NOW))
            session.flush()
            consents.record(session, id_, "1", given=not given, now=NOW)
            consents.record(session, id_, "1", given=given, now=NOW)
        triage.add(
            session,
            kind="question",
            handoff_reason="knowledge_missing",
            conversation_id="waiting",
            now=NOW,
            question="?",
        )
        session.commit()
    assert not retain(sessions, DAYS, after(6)).anything
    assert retain(sessions, DAYS, after(8)).chats_without_consent == 1
    with reading(sessions) as session:
        assert set(session.scalars(select(Conversation.id))) == {"waiting", "agreed"}


def test_a_notice_that_nobody_answers_counts_as_refused(settings: Settings) -> None:
    sessions = open_store(settings)
    asked = {
        "unanswered": "consent",
        "offered": "check_first",
        "kept": "delete",
        "agreed": "consent",
        "waiting": "consent",
    }
    with unit_of_work(sessions) as session:
        for id_, asks in asked.items():
            session.add(Conversation(id=id_, channel="website", pseudonym=id_, created_at=NOW, last_message_at=NOW))
            session.flush()
            say = {"text": "May I go on?", "metadata": {"kind": "question", "asks": asks}}
            conversations.add_bot_message(session, id_, say, NOW)
        consents.record(session, "agreed", "1", given=True, now=NOW)
        triage.add(session, kind="person", handoff_reason="asked_for_person", conversation_id="waiting", now=NOW)
        session.commit()
    assert not retain(sessions, DAYS, after(6)).anything
    assert retain(sessions, DAYS, after(8)).chats_without_consent == 2
    with reading(sessions) as session:
        assert set(session.scalars(select(Conversation.id))) == {"kept", "agreed", "waiting"}


def test_traces_of_work_go_when_the_work_is_done(filled: Filled) -> None:
    with unit_of_work(filled.sessions) as session:
        session.execute(update(OutboxItem).values(delivered_at=NOW))
        session.commit()
    assert not retain(filled.sessions, DAYS, after(29)).anything
    assert retain(filled.sessions, DAYS, after(31)).traces_of_work == 1


@pytest.mark.parametrize(
    ("words", "stays"),
    [("can I swim after it", True), ("can I swim, mail ana@example.org", False), ("call me on 0143", False)],
    ids=["no person in it", "an address", "a number"],
)
def test_a_question_that_teaches_outlives_its_chat_only_without_address_or_number(
    settings: Settings, words: str, stays: bool
) -> None:
    sessions = open_store(settings)
    with unit_of_work(sessions) as session:
        seed(session, "Zephyrine")
        session.execute(update(LearnedAnswer).values(live_revision_id="live"))
        session.execute(update(AnswerWording).values(text=words))
        session.execute(update(Conversation).values(last_message_at=NOW))
        session.commit()
    retain(sessions, DAYS, after(400))
    assert rows(sessions, AnswerWording) == stays


async def test_the_web_process_runs_it_by_itself(filled: Filled) -> None:
    class Live:
        woken = 0

        def wake(self) -> None:
            self.woken += 1

    class Desk:
        sessions, live = filled.sessions, Live()
        content = type("Content", (), {"clinic": type("Clinic", (), {"privacy": DAYS})})
        clock = staticmethod(lambda: after(91))

    job = Retention(first_after=0.0)
    await job(Desk, None)  # type: ignore[arg-type]
    assert Desk.live.woken == 1
    assert rows(filled.sessions, Message) == 0


def test_the_command_says_what_it_removed_and_what_it_kept(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": filled.settings.database_url,
        "MESOGUIDE_KEYS": ",".join(filled.settings.keys),
        "MESOGUIDE_CONTENT": str(BOT / "content"),
        "MESOGUIDE_VAR": str(filled.settings.var),
    }.items():
        monkeypatch.setitem(os.environ, name, value)
    with unit_of_work(filled.sessions) as session:
        session.execute(update(Conversation).values(last_message_at=datetime(2020, 1, 1, tzinfo=NOW.tzinfo)))
        bookings.of_conversation(session, filled.conversation)[0].starts_at = datetime(2024, 6, 1, tzinfo=NOW.tzinfo)
        session.commit()
    said = CliRunner().invoke(app, ["privacy", "retain"]).output
    assert "chats: 1 removed" in said
    assert "records of visits that the law makes the clinic keep: 1" in said


def test_what_is_handed_out_can_be_read_and_is_in_the_audit_log(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from bot.serving.rights import hand_out

    made = hand_out(filled.settings, filled.conversation, tmp_path / "ana.json", NOW)
    data, page = (path.read_text() for path in made)
    for words in (NAME, WORDS, "+12025550177", "suitable"):
        assert words in page
    assert NAME in data
    assert {oct(path.stat().st_mode & 0o777) for path in made} == {"0o600"}
    with reading(filled.sessions) as session:
        assert audit.history(session)[0].action == "privacy.exported"
