"""The figures: numbers that add up, and a CSV that no spreadsheet calculates with."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta, timezone
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.clinic.desk import reasons
from bot.clinic.desk.figures import Wait, kept_share, middle, promised, rising, share, taken, top
from bot.desk.jobs.grouping import group_some
from bot.desk.pages.figures import to_csv
from bot.desk.present import REASONS
from bot.store import audit, conversations, desk_figures, feedback, screenings
from bot.store.desk_figures import Span
from bot.store.engine import reading, unit_of_work
from bot.store.models import Conversation
from bot.store.screenings import Decision
from bot.store.terms import HandoffReason

from .conftest import NOW, Front, Person, later

SPAN = Span(NOW - timedelta(weeks=4), NOW + timedelta(days=1))


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))


def test_the_share_settled_without_staff_counts_who_waits_and_who_was_helped(front: Front, anna: Person) -> None:
    chats = [front.chat() for _ in range(4)]
    anna.post(f"/desk/c/{chats[0]}/take-over")
    anna.post(f"/desk/c/{chats[0]}/reply", text="Hello")
    anna.post(f"/desk/c/{chats[0]}/hand-back")
    with unit_of_work(front.sessions) as session:
        conversations.set_owner(session, chats[1], "waiting", expected=["bot"])
        session.commit()
    rows = dict(table(anna.get("/desk/figures.csv?table=summary").text)[1:])
    assert (rows["conversations"], rows["share settled without staff"]) == ("4", "0.5")


def test_time_to_the_first_human_answer_and_the_promise_are_measured(front: Front, anna: Person) -> None:
    quick, slow, never = front.chat(), front.chat(), front.chat()
    for chat in (quick, slow, never):
        front.item(chat, "person")
    for chat, minutes in ((quick, 10), (slow, 60 * 30)):
        front.clock.now = later(minutes)
        anna.sign_in("anna@clinic.example")
        anna.post(f"/desk/c/{chat}/take-over")
        anna.post(f"/desk/c/{chat}/reply", text="Hello")
    front.clock.now = later(60 * 72)
    anna.sign_in("anna@clinic.example")
    rows = dict(table(anna.get("/desk/figures.csv?table=summary").text)[1:])
    assert rows["median minutes to the first human answer"] == str((10 + 1800) // 2)
    assert rows["share answered within the promise"] == "0.333"
    assert rows["owed beyond the promise"] == "1"


def test_each_week_says_how_many_promises_were_kept_and_what_is_owed_of_every_kind_now(
    front: Front, anna: Person
) -> None:
    chats = [front.chat() for _ in range(3)]
    for chat in chats:
        front.item(chat, "person")
    danger = front.item(front.chat(), "danger")
    front.clock.move(minutes=30)
    anna.post(f"/desk/c/{chats[0]}/reply", text="Hello")
    front.clock.move(hours=1)
    anna.post(f"/desk/items/{danger}/assign", seen=NOW.isoformat())
    week = table(anna.get("/desk/figures.csv?table=promises").text)
    assert week[0][1:5] == ["Answered in time", "Answered too late", "Owed, past their time", "Waiting, still in time"]
    assert week[-1][1:] == ["1", "0", "0", "2", str(24 * 60), "30"]
    front.clock.move(hours=9)
    anna.sign_in("anna@clinic.example")
    owed = {row[0]: row[1:3] for row in table(anna.get("/desk/figures.csv?table=owed").text)}
    assert owed["Danger"] == ["1", "1"], "promised within two open hours"
    assert owed["Wants a person"] == ["3", "0"], "promised for tomorrow"


def test_a_row_closed_after_a_call_counts_as_answered(front: Front, anna: Person) -> None:
    item = front.item(front.chat(), "person")
    front.clock.move(minutes=20)
    anna.post(f"/desk/items/{item}/close", seen=NOW.isoformat(), reason="called")
    rows = dict(table(anna.get("/desk/figures.csv?table=summary").text)[1:])
    assert (rows["median minutes to the first human answer"], rows["owed beyond the promise"]) == ("20", "0")


def test_a_wait_is_kept_late_owed_or_still_in_time() -> None:
    waits = [
        Wait(NOW, later(60), later(30)),
        Wait(NOW, later(60), later(90)),
        Wait(NOW, later(60), None),
        Wait(NOW, later(600), None),
    ]
    assert [wait.fate(later(120)) for wait in waits] == ["kept", "late", "owed", "waiting"]
    assert kept_share(waits, later(120)) == pytest.approx(1 / 3)
    assert (taken(waits), promised(waits)) == (timedelta(minutes=60), timedelta(minutes=60))


def test_who_comes_to_the_desk_why_is_a_closed_list_that_the_page_can_name() -> None:
    assert set(REASONS) == set(get_args(HandoffReason))
    assert [reasons.of_question("out_of_scope", sure) for sure in (0.9, 0.3)] == ["out_of_policy", "knowledge_missing"]
    assert reasons.of_question("ask_cost", 0.9) == "knowledge_missing"
    assert [reasons.of_person(outcome) for outcome in ("not_suitable", "suitable", None)] == [
        "out_of_policy",
        "asked_for_person",
        "asked_for_person",
    ]


def test_a_table_that_leaves_the_desk_is_in_the_log(front: Front, anna: Person) -> None:
    anna.get("/desk/figures.csv?table=complaints")
    with reading(front.sessions) as session:
        assert [row.action for row in audit.history(session, "figures:complaints")] == ["figures.exported"]


def test_conversations_fall_into_their_weeks(front: Front) -> None:
    for days in (0, 0, 8, 20):
        front.clock.now = NOW - timedelta(days=days)
        front.chat()
    with reading(front.sessions) as session:
        per_week = desk_figures.conversations_per_week(session, SPAN)
    assert per_week == [0, 1, 1, 0, 2]


BERLIN = ZoneInfo("Europe/Berlin")


def test_weeks_are_those_of_the_clinics_calendar_when_the_clocks_change(front: Front, anna: Person) -> None:
    late_on_sunday = datetime(2026, 11, 1, 23, 30, tzinfo=BERLIN)  # the clocks were put back on 25 October
    asked = [
        datetime(2026, 10, 25, 23, 30, tzinfo=BERLIN),
        datetime(2026, 10, 26, 0, 30, tzinfo=BERLIN),
        late_on_sunday,
    ]
    for moment in asked:
        front.clock.now = moment.astimezone(timezone.utc)
        front.item(front.chat(), "person")
        screened(front, moment)
    anna.sign_in("anna@clinic.example")
    assert anna.get("/desk/figures?weeks=4").status_code == 200
    weeks = table(anna.get("/desk/figures.csv?table=weeks&weeks=4").text)
    assert [row[0] for row in weeks[1:]] == ["2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26"]
    assert [row[1] for row in weeks[1:]] == ["0", "0", "1", "2"]
    assert [row[weeks[0].index("screened: Suitable")] for row in weeks[1:]] == ["0", "0", "1", "2"]
    promises = table(anna.get("/desk/figures.csv?table=promises&weeks=4").text)
    assert [sum(int(cell) for cell in row[1:5]) for row in promises[1:]] == [0, 0, 1, 2]


def screened(front: Front, at: datetime) -> None:
    """A check that ended well."""
    with unit_of_work(front.sessions) as session:
        chat = session.scalars(select(Conversation).order_by(Conversation.created_at.desc())).first()
        assert chat is not None
        screenings.save(session, chat.id, Decision({}, "suitable", "v", "v"), at)
        session.commit()


def test_a_question_rises_when_more_patients_asked_it_than_in_the_two_weeks_before(front: Front, anna: Person) -> None:
    often, rises = "Can I bring my dog?", "Where can I park?"
    for days, times in ((20, {often: 4, rises: 1}), (3, {often: 4, rises: 3})):
        front.clock.now = NOW - timedelta(days=days)
        for question, number in times.items():
            for _ in range(number):
                front.item(front.chat(question), question=question)
    front.clock.now = NOW
    group_some(front.sessions)
    page = anna.get("/desk/figures").text
    assert rises in page
    assert often not in page
    rows = table(anna.get("/desk/figures.csv?table=rising_questions").text)
    assert rows[1:] == [[rises, "3", "1"]]


def test_where_a_patient_left_the_screening_is_the_last_question_before_silence(front: Front) -> None:
    for asks, after in (("pregnant", None), ("pregnant", None), ("age", "36")):
        chat = front.chat()
        with unit_of_work(front.sessions) as session:
            say = {"text": "One question", "metadata": {"kind": "question", "asks": asks}}
            conversations.add_bot_message(session, chat, say, NOW)
            if after:
                conversations.accept_message(session, chat, "c9", after, NOW)
            session.commit()
    with reading(front.sessions) as session:
        assert desk_figures.left_screening(session, SPAN, later(1)) == {"pregnant": 2}


def test_thumbs_are_counted_per_answer_and_the_reason_is_shown_as_text(front: Front, anna: Person) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        say = {"text": "It can.", "metadata": {"kind": "answer", "topic": "ask_pain"}}
        row = conversations.add_bot_message(session, chat, say, NOW)
        feedback.give(session, chat, row.id, thumb="down", reason="<b>no</b>", now=NOW)
        session.commit()
    page = anna.get("/desk/figures").text
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert ["ask_pain", "0", "1"] in table(anna.get("/desk/figures.csv?table=thumbs").text)


@pytest.mark.parametrize("nasty", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_cell_that_begins_like_a_formula_is_kept_as_text(nasty: str) -> None:
    assert table(to_csv([[nasty]]))[0][0].startswith("'")


def test_a_harmless_cell_and_a_number_stay_as_they_are() -> None:
    assert table(to_csv([["Rosa", -3, 0.5]])) == [["Rosa", "-3", "0.5"]]


def test_shares_and_middles_of_nothing_are_nothing() -> None:
    assert (share(0, 0), middle([])) == (None, None)
    assert share(1, 4) == 0.25


def test_what_rises_is_asked_more_than_before_and_often_enough() -> None:
    now, before = {"a": 10, "b": 4, "c": 2, "d": 5}, {"a": 9, "b": 0, "d": 6}
    assert [name for name, _, _ in rising(now, before)] == ["b", "a"]
    assert top({"x": 1, "y": 3}, 1) == [("y", 3)]
