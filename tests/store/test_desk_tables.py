"""The queue, the outbox, the audit log, feedback and a person's data rights."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, event, select, text

from bot.store import audit, bookings, deliveries, feedback, outbox, privacy, screenings, triage
from bot.store import conversations as chats
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Feedback
from bot.store.schema import Base
from bot.store.terms import TriageKind

from .conftest import NOW, later


def queue_up(sessions: Sessions, chat: str, kind: TriageKind, minutes: float, key: str | None = None) -> str:
    with unit_of_work(sessions) as session:
        row = triage.add(
            session, kind=kind, handoff_reason="knowledge_missing", conversation_id=chat, now=later(minutes), key=key
        )
        session.commit()
        return row.id


def test_the_queue_is_ordered_by_urgency_and_then_by_waiting_time(sessions: Sessions, chat: str) -> None:
    kinds: list[TriageKind] = ["question", "danger", "booking", "person", "question", "review", "danger"]
    for minute, kind in enumerate(kinds):
        queue_up(sessions, chat, kind, minute)
    seen = []
    after = None
    with reading(sessions) as session:
        while True:
            page = triage.queue(session, later(60), after=after, limit=2)
            seen += [(row.kind, row.created_at) for row in page.items]
            after = page.next
            if after is None:
                break
        assert triage.counts(session, later(60)) == {"danger": 2, "person": 1, "review": 1, "booking": 1, "question": 2}
    assert [kind for kind, _ in seen] == ["danger", "danger", "person", "review", "booking", "question", "question"]
    assert seen[0][1] < seen[1][1]
    assert seen[5][1] < seen[6][1]


def test_the_same_key_queues_one_thing_once(sessions: Sessions, chat: str) -> None:
    assert queue_up(sessions, chat, "question", 0, "q1") == queue_up(sessions, chat, "question", 1, "q1")


def test_only_one_of_two_people_gets_an_item(sessions: Sessions, chat: str) -> None:
    item = queue_up(sessions, chat, "person", 0)
    with unit_of_work(sessions) as session:
        assert triage.assign(session, item, "anna", NOW)
        assert not triage.assign(session, item, "ben", NOW)
        assert triage.release(session, item, NOW)
        assert triage.assign(session, item, "ben", NOW)
        assert triage.close(session, item, "answered", NOW)
        assert not triage.assign(session, item, "ben", NOW)


def test_a_snoozed_item_comes_back_when_its_time_is_up(sessions: Sessions, chat: str) -> None:
    item = queue_up(sessions, chat, "question", 0)
    with unit_of_work(sessions) as session:
        assert triage.snooze(session, item, later(30), NOW)
        assert triage.queue(session, later(29)).items == []
        assert [row.id for row in triage.queue(session, later(30)).items] == [item]


def test_an_outbox_item_is_put_once_and_due_in_the_order_of_its_subject(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        for number in (1, 2):
            assert outbox.put(session, kind="note", key=f"n{number}", subject="b1", payload={"n": number}, now=NOW)
        assert not outbox.put(session, kind="note", key="n1", payload={"n": 3}, now=NOW)
        (first,) = outbox.due(session, NOW)
        assert first.payload == {"n": 1}
        outbox.mark_delivered(session, first.position, later(1))
        assert [item.payload for item in outbox.due(session, later(1))] == [{"n": 2}]


def test_spreading_the_outbox_looks_at_none_that_has_left_it(engine: Engine, sessions: Sessions) -> None:
    """It holds SQLite's write lock meanwhile, and every booking ever made has left two items there."""
    if engine.dialect.name != "sqlite":
        pytest.skip("the plans are SQLite's")
    ran: list[tuple[str, object]] = []
    with unit_of_work(sessions) as session:
        outbox.put(session, kind="note", key="n1", payload={"a": 1}, now=NOW)
        session.commit()
        event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, values, *_: ran.append((sql, values)))
        assert deliveries.spread(session, ["webhook"], NOW) == 1
        session.commit()
    about = [(sql, values) for sql, values in ran if "outbox" in sql]
    with engine.connect() as connection:
        plans = [str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()) for sql, values in about]
    assert any("outbox" in plan for plan in plans)
    assert [plan for plan in plans if "SCAN outbox'" in plan] == []


def test_a_delivery_is_claimed_by_one_and_returns_when_the_claim_runs_out(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        outbox.put(session, kind="note", key="n1", payload={"a": 1}, now=NOW)
        deliveries.spread(session, ["webhook"], NOW)
        assert [one.item.payload for one in deliveries.claim(session, ["webhook"], NOW, later(5))] == [{"a": 1}]
        assert deliveries.claim(session, ["webhook"], later(1), later(6)) == []
        assert [one.number for one in deliveries.claim(session, ["webhook"], later(5), later(10))] == [2]


def test_a_dead_letter_lets_later_ones_of_its_subject_pass_and_can_be_sent_again(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        for number in (1, 2):
            outbox.put(session, kind="note", key=f"n{number}", subject="b1", payload={"n": number}, now=NOW)
            deliveries.spread(session, ["webhook"], NOW)
            session.flush()
        (first,) = deliveries.claim(session, ["webhook"], NOW, later(5))
        deliveries.spread(session, ["webhook"], NOW)
        assert deliveries.claim(session, ["webhook"], NOW, later(5)) == []
        deliveries.failed(session, first.position, "TimeoutError", None, later(1))
        session.expire_all()
        assert [one.item.payload for one in deliveries.claim(session, ["webhook"], later(1), later(2))] == [{"n": 2}]
        assert [one.error for one in deliveries.dead(session)] == ["TimeoutError"]
        assert deliveries.revive(session, first.position, later(2))
        session.expire_all()
        assert [one.item.payload for one in deliveries.claim(session, ["webhook"], later(2), later(3))] == [{"n": 1}]


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_audit_log(sessions: Sessions, statement: str) -> None:
    with unit_of_work(sessions) as session:
        audit.record(session, actor="anna", action="transcript.viewed", subject="conversation:1", now=NOW)
        session.commit()
    with pytest.raises(Exception, match="append-only"), unit_of_work(sessions) as session:
        session.execute(text(statement))


def test_the_last_thumb_for_an_answer_counts(sessions: Sessions, chat: str) -> None:
    with unit_of_work(sessions) as session:
        feedback.give(session, chat, "m1", thumb="up", now=NOW)
        feedback.give(session, chat, "m1", thumb="down", reason="not my question", now=later(1))
        session.commit()
    with reading(sessions) as session:
        assert [(row.thumb, row.reason) for row in session.scalars(select(Feedback))] == [("down", "not my question")]


def fill(sessions: Sessions, chat: str) -> None:
    decision = screenings.Decision({"age": 34}, "suitable", "c1", "r1")
    with unit_of_work(sessions) as session:
        row = chats.accept_message(session, chat, "c1", "I am 34", NOW).row
        said = chats.record_reply(session, row, [{"text": "Thank you."}], NOW)
        feedback.give(session, chat, said[0].id, thumb="up", now=NOW)
        first = screenings.save(session, chat, decision, NOW)
        last = screenings.amend(session, first, decision, NOW)
        request = bookings.Request("Test Patient", "a@example.org", "email", screening_id=last.id)
        bookings.create(session, chat, request, NOW)
        session.execute(text("INSERT INTO tracker_state VALUES (:c, 0, 0, NULL)"), {"c": chat})
        session.commit()


def rows_about(engine: Engine, chat: str) -> set[str]:
    """The tables where the conversation's id still occurs."""
    with engine.connect() as connection:
        return {
            table.name
            for table in Base.metadata.sorted_tables
            if any(chat in str(row) for row in connection.execute(text(f"SELECT * FROM {table.name}")))  # noqa: S608 - our names
        }


def test_erasing_leaves_nothing_but_the_audit_log(sessions: Sessions, engine: Engine, chat: str) -> None:
    fill(sessions, chat)
    assert {"message", "booking", "outbox", "triage_item", "feedback", "screening"} < rows_about(engine, chat)
    with unit_of_work(sessions) as session:
        removed = privacy.erase_conversation(session, chat, actor="patient", now=NOW)
        session.commit()
    assert (removed["message"], removed["screening"], removed["conversation"]) == (2, 2, 1)
    assert rows_about(engine, chat) == {"audit"}


def test_an_export_holds_the_patients_words_and_is_plain_json(sessions: Sessions, chat: str) -> None:
    fill(sessions, chat)
    with reading(sessions) as session:
        data = json.loads(json.dumps(privacy.export_conversation(session, chat)))
    assert [row["text"] for row in data["message"]] == ["I am 34", "Thank you."]
    assert data["booking"][0]["contact"] == "a@example.org"
    assert "contact_index" not in data["booking"][0]
