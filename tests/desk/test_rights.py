"""What a person may ask the clinic for, their data and their erasure, can be done at the desk, by admins only."""

from __future__ import annotations

import json

from bot.store import audit, conversations, desk_ownership, desk_queue
from bot.store.engine import reading, unit_of_work

from .conftest import NOW, Front, Person

WORDS = "Can I bring my dog?"


def logged(front: Front, chat: str) -> list[tuple[str, str]]:
    with reading(front.sessions) as session:
        return [(one.actor, one.action) for one in audit.history(session, f"conversation:{chat}")]


def test_an_admin_hands_a_persons_data_out_and_the_log_has_it(front: Front, adam: Person) -> None:
    chat = front.chat(WORDS)
    assert f"/desk/c/{chat}/data" in adam.get(f"/desk/c/{chat}").text
    assert "message 2" in adam.get(f"/desk/c/{chat}/data").text
    file = adam.post(f"/desk/c/{chat}/data/export", part=False, form="json")
    assert file.headers["content-disposition"].startswith("attachment")
    assert json.loads(file.text)["message"][0]["text"] == WORDS
    page = adam.post(f"/desk/c/{chat}/data/export", part=False, form="html")
    assert WORDS in page.text
    assert adam.user is not None
    assert logged(front, chat)[:2] == [(adam.user.id, "privacy.exported")] * 2


def test_an_admin_erases_a_person_who_is_in_a_colleagues_hands_only_when_sure(
    front: Front, adam: Person, anna: Person
) -> None:
    chat = front.chat(WORDS)
    front.item(chat)
    anna.post(f"/desk/c/{chat}/take-over")
    assert adam.post(f"/desk/c/{chat}/data/erase", part=False).status_code == 400
    assert anna.get(f"/desk/c/{chat}").status_code == 200
    assert adam.post(f"/desk/c/{chat}/data/erase", part=False, sure="1").status_code == 303
    assert anna.get(f"/desk/c/{chat}").status_code == 404
    assert WORDS not in anna.get("/desk").text
    assert adam.user is not None
    assert logged(front, chat)[0] == (adam.user.id, "conversation.erased")
    assert front.settings.erasures.read_text().split() == [chat]


def test_nobody_else_sees_exports_or_erases(front: Front, anna: Person, clara: Person) -> None:
    chat = front.chat(WORDS)
    for person in (anna, clara):
        assert f"/desk/c/{chat}/data" not in person.get(f"/desk/c/{chat}").text
        assert person.get(f"/desk/c/{chat}/data").status_code == 403
        for path in ("export", "erase"):
            assert person.post(f"/desk/c/{chat}/data/{path}", part=False, sure="1").status_code == 403
    assert person.get(f"/desk/c/{chat}").status_code == 200


def test_who_asks_for_deletion_while_a_person_has_the_chat_is_in_the_queue(
    front: Front, anna: Person, adam: Person
) -> None:
    chat = front.chat(WORDS)
    anna.post(f"/desk/c/{chat}/take-over")
    with unit_of_work(front.sessions) as session:
        row = conversations.accept_message(session, chat, "c2", "Delete my data", NOW, "/delete_my_data").row
        desk_ownership.note_heard_in_silence(session, row, {"intent": {"name": "delete_my_data"}}, NOW)
        session.commit()
    with reading(front.sessions) as session:
        (item,) = desk_queue.of_conversation(session, chat)
        assert (item.kind, item.question, item.closed_at) == ("person", "Delete my data", None)
        id_ = item.id
    assert "Delete my data" in anna.get("/desk").text
    assert "Only an admin may erase" in anna.get(f"/desk/c/{chat}?item={id_}").text
