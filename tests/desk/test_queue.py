"""The queue: order, filters, search, pages, and that two people never work one row unknowingly."""

from __future__ import annotations

import re

from bot.store import bookings, conversations, desk_queue
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
            return desk_queue.pulse(session)

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
