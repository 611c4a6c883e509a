"""The queue: order, filters, search, pages, and that two people never work one row unknowingly."""

from __future__ import annotations

import re

import pytest

from bot.store import bookings, conversations, desk_bookings, desk_queue
from bot.store.engine import reading, unit_of_work
from bot.store.models import TriageItem

from .conftest import NOW, Front, Person


def rows(page: str) -> list[str]:
    """The item ids of a page's rows, in order."""
    return re.findall(r'data-item="([^"]+)"', page)


def seen(front: Front, item: str) -> str:
    """What a page that shows this item sends along."""
    with reading(front.sessions) as session:
        row = session.get(TriageItem, item)
        assert row is not None
        return row.updated_at.isoformat()


def test_dangers_come_first_then_whoever_has_waited_longest(front: Front, anna: Person) -> None:
    chat = front.chat()
    question = front.item(chat, "question")
    front.clock.move(minutes=1)
    danger = front.item(chat, "danger")
    front.clock.move(minutes=1)
    person = front.item(chat, "person")
    later_danger = front.item(chat, "danger")
    assert rows(anna.get("/desk").text) == [danger, later_danger, person, question]


def test_a_row_says_who_what_how_long_and_where(front: Front, anna: Person) -> None:
    chat = front.chat()
    front.item(chat, "person", "I need somebody")
    front.clock.move(minutes=7)
    page = anna.get("/desk").text
    assert all(words in page for words in ("I need somebody", "7 min", "Website", "Wants a person"))


def test_filters_show_one_kind_mine_free_and_snoozed(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    one, two, three = front.item(chat, "person"), front.item(chat, "danger"), front.item(chat, "question")
    anna.post(f"/desk/items/{one}/assign", seen=seen(front, one))
    anna.post(f"/desk/items/{three}/snooze", seen=seen(front, three), until="tomorrow")
    assert rows(anna.get("/desk?kind=danger").text) == [two]
    assert rows(anna.get("/desk?show=mine").text) == [one]
    assert rows(ben.get("/desk?show=mine").text) == []
    assert rows(anna.get("/desk?show=free").text) == [two]
    assert rows(anna.get("/desk?show=snoozed").text) == [three]


def test_search_finds_names_references_contacts_and_words(front: Front, anna: Person) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        request = bookings.Request("Rosa Lindner", "rosa@patients.example", "email")
        reference = bookings.create(session, chat, request, NOW).reference
        session.commit()
    other = front.item(front.chat(), "question", "Is there parking nearby?")
    for typed in ("lindner", reference, reference.lower().replace("-", " "), "rosa@patients.example"):
        assert len(rows(anna.get(f"/desk?q={typed}").text)) == 1, typed
    assert rows(anna.get("/desk?q=PARKING").text) == [other]
    assert rows(anna.get("/desk?q=nothing of the sort").text) == []


def test_pages_follow_one_another_without_gap_or_repetition(front: Front, anna: Person) -> None:
    chat = front.chat()
    made = []
    for _ in range(120):
        front.clock.move(seconds=1)
        made.append(front.item(chat))
    found: list[str] = []
    path: str | None = "/desk"
    while path:
        page = anna.get(path).text
        found += rows(page)
        following = re.search(r'href="(/desk\?after=[^"]+)">Next page', page)
        path = following[1].replace("&amp;", "&") if following else None
    assert found == made


def test_only_the_first_of_two_people_gets_a_row_and_the_other_is_told_who_has_it(
    front: Front, anna: Person, ben: Person
) -> None:
    item = front.item(front.chat())
    both_saw = seen(front, item)
    front.clock.move(seconds=5)
    assert anna.post(f"/desk/items/{item}/assign", seen=both_saw).status_code == 200
    refused = ben.post(f"/desk/items/{item}/assign", seen=both_saw)
    assert refused.status_code == 409
    assert "Anna has this now" in refused.text


def test_nobody_closes_a_row_that_changed_since_they_saw_it(front: Front, anna: Person, ben: Person) -> None:
    item = front.item(front.chat())
    old = seen(front, item)
    front.clock.move(seconds=5)
    anna.post(f"/desk/items/{item}/assign", seen=old)
    assert ben.post(f"/desk/items/{item}/close", seen=seen(front, item), reason="answered").status_code == 409
    assert anna.post(f"/desk/items/{item}/close", seen=old, reason="answered").status_code == 409
    assert anna.post(f"/desk/items/{item}/close", seen=seen(front, item), reason="answered").status_code == 200
    assert rows(anna.get("/desk").text) == []


def test_taking_a_row_from_a_colleague_is_possible_but_said(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    item = front.item(chat)
    anna.post(f"/desk/items/{item}/assign", seen=seen(front, item))
    assert "Take it from Anna" in ben.get(f"/desk/c/{chat}?item={item}").text
    front.clock.move(seconds=5)
    assert ben.post(f"/desk/items/{item}/assign", seen=seen(front, item), forced="1").status_code == 200
    assert rows(ben.get("/desk?show=mine").text) == [item]


def test_a_row_closes_with_a_reason_from_the_list_only(front: Front, anna: Person) -> None:
    item = front.item(front.chat())
    assert anna.post(f"/desk/items/{item}/close", seen=seen(front, item), reason="felt like it").status_code == 400
    assert rows(anna.get("/desk").text) == [item]


def test_a_front_desk_does_not_settle_a_clinicians_review(front: Front, anna: Person, clara: Person) -> None:
    item = front.item(front.chat(), "review")
    assert anna.post(f"/desk/items/{item}/close", seen=seen(front, item), reason="reviewed").status_code == 403
    assert clara.post(f"/desk/items/{item}/close", seen=seen(front, item), reason="reviewed").status_code == 200


def test_what_a_patient_typed_is_text_and_never_markup(front: Front, anna: Person) -> None:
    nasty = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    chat = front.chat(nasty)
    item = front.item(chat, question=nasty)
    for page in (
        anna.get("/desk").text,
        anna.get(f"/desk/c/{chat}?item={item}").text,
        anna.get(f"/desk?q={nasty}").text,
    ):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert" in page


def test_the_pulse_changes_with_messages_items_and_owners(front: Front) -> None:
    def now() -> desk_queue.Pulse:
        with reading(front.sessions) as session:
            return desk_queue.pulse(session, front.clock())

    first = now()
    chat = front.chat()
    second = now()
    assert second.message > first.message
    front.item(chat, "danger")
    third = now()
    assert (third.danger, third.queue != second.queue) == (1, True)
    with unit_of_work(front.sessions) as session:
        desk_queue.bump(session)
        session.commit()
    assert now().desk == third.desk + 1


def test_a_thumb_down_opens_one_row_with_the_question_that_was_answered_badly(front: Front, anna: Person) -> None:
    chat = front.chat("Does it hurt?")
    with unit_of_work(front.sessions) as session:
        said = conversations.transcript(session, chat)[-1].id
        for _ in range(2):
            desk_queue.question_from_thumb(session, said, "too long", NOW)
        session.commit()
    page = anna.get("/desk").text
    assert len(rows(page)) == 1
    assert "Does it hurt?" in page


def test_a_row_says_that_its_patient_wrote_again_until_somebody_opens_the_chat(front: Front, anna: Person) -> None:
    chat = front.chat()
    front.item(chat, "person")
    assert "wrote again" not in anna.get("/desk").text, "all of it is new"
    anna.get(f"/desk/c/{chat}")
    front.clock.move(minutes=1)
    with unit_of_work(front.sessions) as session:
        conversations.accept_message(session, chat, "c2", "Hello?", front.clock())
        session.commit()
    assert "wrote again" in anna.get("/desk").text
    front.clock.move(minutes=1)
    anna.get(f"/desk/c/{chat}/news?after=0", part=True)
    assert "wrote again" not in anna.get("/desk").text


def test_a_search_that_finds_more_than_it_shows_keeps_the_most_urgent_and_says_so(
    front: Front, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_queue, "FOUND", 5)
    chat = front.chat()
    for _ in range(6):
        front.item(chat, "question", "parking")
    danger = front.item(chat, "danger", "parking, and my lips swell")
    page = anna.get("/desk?q=parking").text
    assert len(rows(page)) == 5
    assert rows(page)[0] == danger
    assert "there are too many" in page
    name = re.search(r'class="who">([^<]+)<', page)
    assert name is not None
    assert rows(anna.get(f"/desk?q={name[1]}").text)[0] == danger, "and of the rows found by patient"


def test_the_filters_of_a_channel_and_a_search_stay_when_a_kind_is_chosen(front: Front, anna: Person) -> None:
    front.item(front.chat(), "danger", "parking")
    page = anna.get("/desk?channel=website&q=parking").text
    link = re.search(r'href="/desk\?([^"]+)"[^>]*>Danger', page)
    assert link is not None
    assert sorted(link[1].split("&amp;")) == ["channel=website", "kind=danger", "q=parking"]


def test_a_chat_with_nothing_open_is_found_by_reference_and_by_pseudonym(front: Front, anna: Person) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        request = bookings.Request("Rosa Lindner", "rosa@patients.example", "email")
        row = bookings.create(session, chat, request, NOW)
        desk_bookings.settle(session, row, "booked", NOW)
        session.commit()
        wanted = [row.reference, conversations.get_conversation(session, chat).pseudonym, "rosa@patients.example"]
    for typed in wanted:
        page = anna.get(f"/desk?q={typed}").text
        assert (rows(page), f'href="/desk/c/{chat}"' in page) == ([], True), typed


def test_a_closed_row_is_listed_for_a_week_and_can_be_opened_again(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    first, second = front.item(chat), front.item(chat, "person")
    for item in (first, second):
        front.clock.move(minutes=1)
        anna.post(f"/desk/items/{item}/close", seen=seen(front, item), reason="spam")
    assert rows(ben.get("/desk?show=closed").text) == [second, first]
    assert "Open again" in ben.get(f"/desk/c/{chat}?item={first}").text
    before = seen(front, first)
    front.clock.move(minutes=1)
    assert ben.post(f"/desk/items/{first}/reopen", seen=before).status_code == 200
    assert ben.post(f"/desk/items/{first}/reopen", seen=before).status_code == 409
    assert rows(anna.get("/desk").text) == [first]
    front.clock.move(days=8)
    assert (rows(Person(anna.client).get("/desk?show=closed").text), anna.sign_in("anna@clinic.example")) == ([], 303)
    assert rows(anna.get("/desk?show=closed").text) == []


def test_a_danger_that_sleeps_rings_no_alarm_until_it_wakes(front: Front, anna: Person) -> None:
    def alarms() -> int:
        with reading(front.sessions) as session:
            return desk_queue.pulse(session, front.clock()).danger

    item = front.item(front.chat(), "danger")
    assert alarms() == 1
    anna.post(f"/desk/items/{item}/snooze", seen=seen(front, item), until="hour")
    assert alarms() == 0
    front.clock.move(minutes=61)
    assert alarms() == 1


def test_beside_an_open_chat_the_list_refreshes_itself_by_its_filters_and_no_address_of_a_patient(
    front: Front, anna: Person
) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        bookings.create(session, chat, bookings.Request("Rosa", "rosa@patients.example", "email"), NOW)
        session.commit()
    page = anna.get(f"/desk/c/{chat}?kind=danger").text
    refresh = re.search(r'id="queue" hx-get="([^"]*)"', page)
    assert refresh is not None
    assert refresh[1] == "/desk?"


def test_a_chat_that_i_have_without_a_row_stands_among_mine(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    assert f'href="/desk/c/{chat}"' in anna.get("/desk?show=mine").text
    assert f'href="/desk/c/{chat}"' not in ben.get("/desk?show=mine").text
