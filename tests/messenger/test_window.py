"""Meta's window as a policy of its own, and how a line outside it waits, is marked or is refused."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from rasa.core.channels.channel import UserMessage

from bot.channels.messenger.disclosure import due_disclosure
from bot.channels.messenger.graph import GraphError
from bot.clinic.window import (
    HUMAN_AGENT,
    RETIRED_TAGS,
    RefusedTag,
    check_tag,
    may_write,
    news_route,
)
from bot.store import conversations, desk_ownership
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import TriageItem

from . import bodies
from .bodies import ANNA
from .clinic import NOW, Clinic, clinic, say
from .graph import RETIRED

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("author", "hours", "allowed", "tag"),
    [
        ("bot", 0, True, None),
        ("bot", 23.9, True, None),
        ("bot", 24, False, None),
        ("bot", 100, False, None),
        ("staff", 0, True, None),
        ("staff", 23.9, True, None),
        ("staff", 24, True, HUMAN_AGENT),
        ("staff", 167.9, True, HUMAN_AGENT),
        ("staff", 168, False, None),
    ],
    ids=str,
)
def test_the_bot_has_24_hours_and_a_person_seven_days(
    author: str, hours: float, allowed: bool, tag: str | None
) -> None:
    verdict = may_write(author, NOW, NOW + hours * HOUR)  # type: ignore[arg-type]
    assert (verdict.allowed, verdict.tag) == (allowed, tag)
    assert verdict.messaging_type == ("MESSAGE_TAG" if tag else "RESPONSE")


def test_nobody_writes_first() -> None:
    assert not may_write("bot", None, NOW).allowed
    assert not may_write("staff", None, NOW).allowed


def test_the_bot_waits_outside_the_window_and_a_person_is_told_it_is_too_late() -> None:
    assert may_write("bot", NOW, NOW + 30 * HOUR).may_wait
    assert not may_write("staff", NOW, NOW + 200 * HOUR).may_wait


@pytest.mark.parametrize("tag", sorted(RETIRED_TAGS))
@pytest.mark.parametrize("author", ["bot", "staff"])
def test_retired_tags_are_refused_before_anything_is_sent(author: str, tag: str) -> None:
    with pytest.raises(RefusedTag, match="April 2026"):
        check_tag(author, tag)  # type: ignore[arg-type]


def test_the_human_tag_is_not_for_the_bot_and_unknown_tags_for_nobody() -> None:
    check_tag("staff", HUMAN_AGENT)
    check_tag("bot", None)
    with pytest.raises(RefusedTag, match="never"):
        check_tag("bot", HUMAN_AGENT)
    with pytest.raises(RefusedTag, match="ISSUE_RESOLUTION"):
        check_tag("staff", "ISSUE_RESOLUTION")


@pytest.mark.parametrize(
    ("on_messenger", "hours", "has_email", "route"),
    [
        (True, 2, True, "chat"),
        (True, 30, True, "email"),
        (True, 30, False, "wait"),
        (True, None, False, "wait"),
        (False, 0, True, "email"),
        (False, 0, False, "chat"),
        (False, 2, False, "wait"),
        (False, None, False, "wait"),
    ],
    ids=str,
)
def test_news_takes_the_way_that_reaches_the_patient(
    on_messenger: bool, hours: float | None, has_email: bool, route: str
) -> None:
    wrote = None if hours is None else NOW - hours * HOUR
    assert news_route(on_messenger, wrote, NOW, has_email) == route


@pytest.mark.parametrize(
    ("disclosed", "wrote", "reason"),
    [(None, None, "start"), (0, None, "gap"), (0, 1, None), (0, -10, None), (-30, -30, "gap"), (-90, -2, None)],
    ids=str,
)
def test_a_machine_says_so_at_the_start_and_after_a_long_gap(
    disclosed: float | None, wrote: float | None, reason: str | None
) -> None:
    at = NOW + HOUR

    def when(hours: float | None) -> object:
        return None if hours is None else NOW + hours * HOUR

    assert due_disclosure(when(disclosed), when(wrote), at, 24 * HOUR) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", RETIRED)
async def test_meta_itself_refuses_the_retired_tags(sessions: Sessions, tag: str) -> None:
    async with clinic(sessions) as it:
        it.graph.wrote[ANNA] = it.clock()
        graph = it.door.worker.delivery.graph  # type: ignore[union-attr]
        body = {"recipient": {"id": ANNA}, "messaging_type": "MESSAGE_TAG", "tag": tag, "message": {"text": "x"}}
        with pytest.raises(GraphError, match="refused"):
            await graph.call("POST", "me/messages", body)


async def test_a_call_with_a_tag_that_may_not_be_used_never_reaches_meta(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        graph = it.door.worker.delivery.graph  # type: ignore[union-attr]
        with pytest.raises(RefusedTag):
            await graph.send(ANNA, {"text": "x"}, "bot", "MESSAGE_TAG", HUMAN_AGENT)
        with pytest.raises(RefusedTag):
            await graph.send(ANNA, {"text": "x"}, "staff", "MESSAGE_TAG", RETIRED[0])
        assert it.graph.addresses == []


async def test_a_persons_answer_goes_out_by_itself_and_after_a_day_with_the_human_tag(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "I want a person"))
        it.hand(ANNA, "person")
        it.staff_writes(ANNA, "Hello, this is the front desk.")
        await it.settle()
        assert it.graph.sent[-1]["message"]["text"] == "Hello, this is the front desk."
        assert "tag" not in it.graph.sent[-1]
        it.clock.advance(days=6)
        it.staff_writes(ANNA, "One more thing.")
        await it.settle()
        last = it.graph.sent[-1]
        assert (last["messaging_type"], last["tag"], last["message"]["text"]) == (
            "MESSAGE_TAG",
            "HUMAN_AGENT",
            "One more thing.",
        )
        assert it.graph.refused == []


@pytest.mark.parametrize("by", ["staff-1", None], ids=["a button at the desk", "the clinic's own system"])
async def test_what_a_machine_wrote_never_gets_the_human_tag_whoever_has_the_chat(
    sessions: Sessions, by: str | None
) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "I want a person"))
        it.hand(ANNA, "person")
        await it.settle()
        told = len(it.graph.sent)
        it.clock.advance(days=2)
        with unit_of_work(sessions) as session:
            say = {"text": "Your visit is confirmed.", "metadata": {"kind": "confirmation", "reference": "MG-1"}}
            desk_ownership.tell_patient(session, it.link(ANNA).conversation_id, by, say, it.clock())
            session.commit()
        await it.settle()
        assert len(it.graph.sent) == told
        assert it.states(ANNA)[-1] == ("waiting", "outside_24_hours")


async def test_a_persons_answer_after_seven_days_is_refused_and_the_desk_learns_why(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "I want a person"))
        it.hand(ANNA, "person")
        await it.settle()
        told = len(it.graph.sent)
        it.clock.advance(days=7, minutes=1)
        it.staff_writes(ANNA, "Too late.")
        await it.settle()
        await it.settle()
        assert len(it.graph.sent) == told
        assert it.states(ANNA)[-1] == ("refused", "outside_7_days")
        with reading(sessions) as session:
            found = [one.details["trouble"] for one in session.query(TriageItem)]
            assert found == ["outside_7_days"]


async def test_what_the_bot_says_outside_the_window_waits_until_the_patient_writes(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.clock.advance(days=2)
        with unit_of_work(sessions) as session:
            say = {"text": "Your visit is tomorrow.", "metadata": {"kind": "confirmation"}}
            conversations.add_bot_message(session, it.link(ANNA).conversation_id, say, it.clock())
            session.commit()
        told = len(it.graph.sent)
        await it.settle()
        assert len(it.graph.sent) == told
        assert it.states(ANNA)[-1] == ("waiting", "outside_24_hours")
        await it.receive(bodies.text(ANNA, "hello again", at=it.clock()))
        assert it.graph.texts(ANNA)[told] == "Your visit is tomorrow."
        assert all(one["messaging_type"] == "RESPONSE" for one in it.graph.sent)
        assert it.graph.refused == []


def about_a_visit(it: Clinic, text: str, starts_at: datetime, status: str = "booked") -> None:
    """As reminders and the desk's news do: a line about a visit, unasked."""
    card = {"kind": "confirmation", "reference": "MG-1", "status": status, "starts_at": starts_at.isoformat()}
    with unit_of_work(it.sessions) as session:
        say = {"text": text, "metadata": card}
        conversations.add_bot_message(session, it.link(ANNA).conversation_id, say, it.clock())
        session.commit()


async def test_a_reminder_that_waited_longer_than_its_visit_is_never_sent(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.clock.advance(days=2)
        about_a_visit(it, "Your visit is tomorrow.", it.clock() + 24 * HOUR)
        about_a_visit(it, "We missed you last month.", it.clock() - 700 * HOUR, status="noshow")
        await it.settle()
        it.clock.advance(days=10)
        await it.receive(bodies.text(ANNA, "hello again", at=it.clock()))
        assert "Your visit is tomorrow." not in it.graph.texts(ANNA)
        assert "We missed you last month." in it.graph.texts(ANNA)
        assert ("refused", "too_late") in it.states(ANNA)
        with reading(sessions) as session:
            assert session.query(TriageItem).all() == [], "the desk was told when it could not be sent in time"


async def test_an_answer_about_a_visit_of_yesterday_is_sent(sessions: Sessions) -> None:
    async def answer(message: UserMessage) -> None:
        began = (NOW - HOUR).isoformat()
        await say(message, "Your visit was at eight.", kind="confirmation", status="booked", starts_at=began)

    async with clinic(sessions, answer) as it:
        await it.receive(bodies.text(ANNA, "when was my visit?"))
        assert it.graph.texts(ANNA)[-1] == "Your visit was at eight."


async def test_advice_in_danger_goes_ahead_of_whatever_waits(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.clock.advance(days=2)
        about_a_visit(it, "Your visit is next week.", it.clock() + 168 * HOUR)
        await it.settle()
        told = len(it.graph.sent)
        await it.receive(bodies.text(ANNA, "I cannot breathe", at=it.clock()))
        assert it.graph.texts(ANNA)[told:][:2] == ["Please call 112 now.", "Your visit is next week."]


async def test_what_stands_in_no_transcript_is_not_sent_outside_the_window_either(sessions: Sessions) -> None:
    many = [{"title": f"Choice {number}", "payload": f'/inform{{"n": {number}}}'} for number in range(30)]

    async def answer(message: UserMessage) -> None:
        if message.text == "choose":
            await say(message, "Which one?", many)
        else:
            await say(message, "Your data is deleted.", kind="confirmation", erase=True)

    async with clinic(sessions, answer) as it:
        await it.receive(bodies.text(ANNA, "choose"))
        told, more = len(it.graph.sent), it.graph.sent[-1]["message"]["quick_replies"][-1]["payload"]
        it.graph.wrote[ANNA] = it.clock()
        late = [bodies.quick_reply(ANNA, "More", more, at=NOW), bodies.text(ANNA, "delete my data", at=NOW)]
        assert (await it.post(bodies.body(*late))).status_code == 200
        it.clock.advance(hours=25)  # the worker was away
        await it.settle()
        assert len(it.graph.sent) == told
        assert it.graph.refused == []


async def test_the_machine_says_so_at_the_start_and_again_after_a_day(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        await it.receive(bodies.text(ANNA, "more", at=it.clock.advance(hours=2)))
        await it.receive(bodies.text(ANNA, "back", at=it.clock.advance(hours=25)))
        words = it.words.disclosure
        assert it.graph.texts(ANNA) == [
            words.start,
            "You said: hello",
            "You said: more",
            words.gap,
            "You said: back",
        ]


async def test_advice_in_danger_comes_before_the_machine_introduces_itself(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "I cannot breathe"))
        assert it.graph.texts(ANNA) == ["Please call 112 now.", it.words.disclosure.start]
        assert it.heard.texts == ["I cannot breathe"]


async def test_a_message_about_a_visit_links_its_calendar_file_where_patients_can_reach_it(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        chat = it.link(ANNA).conversation_id
        say = {"text": "Your visit is fixed.", "metadata": {"kind": "confirmation", "calendar": "/calendar/x.y.ics"}}
        for address in ("", "https://chat.clinic.example"):
            it.door.worker.delivery.public_url = address  # type: ignore[union-attr]
            with unit_of_work(sessions) as session:
                conversations.add_bot_message(session, chat, say, it.clock())
                session.commit()
            await it.settle()
        plain, linked = (sent["message"]["text"] for sent in it.graph.sent[-2:])
        assert plain == "Your visit is fixed."
        assert "https://chat.clinic.example/calendar/x.y.ics" in linked


@pytest.mark.parametrize(
    "buttons", [[], [{"title": "Talk to a person", "payload": "/talk_to_human"}]], ids=["none", "one"]
)
async def test_an_answer_that_the_clinics_people_wrote_says_whose_it_is_and_of_when(
    sessions: Sessions, buttons: list[dict[str, str]]
) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        chat = it.link(ANNA).conversation_id
        taught = {"kind": "answer", "source": "clinic", "author": "Mira", "date": "2026-03-02"}
        for metadata in ({"kind": "answer"}, taught):
            with unit_of_work(sessions) as session:
                say = {"text": "Dogs may wait outside.", "buttons": buttons, "metadata": metadata}
                conversations.add_bot_message(session, chat, say, it.clock())
                session.commit()
            await it.settle()
        plain, marked = it.graph.texts(ANNA)[-2:]
        assert plain == "Dogs may wait outside."
        assert marked.startswith(plain)
        assert "Mira, 2 Mar 2026" in marked.removeprefix(plain)
