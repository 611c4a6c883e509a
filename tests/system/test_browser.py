"""The whole path in a real browser: a question, the check, a booking, and the booking in the database."""

from __future__ import annotations

import pytest

from bot.store import bookings
from bot.store.engine import make_engine, make_sessions, reading
from tests.installation import Installation
from tests.web.browser import ChatPage, browsing, new_page

pytestmark = pytest.mark.slow


def test_a_patient_asks_is_screened_books_and_the_booking_is_stored(installation: Installation) -> None:
    with browsing() as browser:
        context, chat = new_page(browser)
        chat.open(installation.base)
        ask_about_side_effects(chat)
        pass_the_check(chat)
        reference = book(chat)
        token = chat.page.evaluate("localStorage.getItem('mesoguide.token')")
        chat.page.reload()
        chat.wait_for(reference)
        complaints, foreign = chat.complaints, [url for url in chat.requests if not url.startswith(installation.base)]
        context.close()
    assert complaints == []
    assert foreign == [], "no request leaves the clinic's origin"
    assert token
    with reading(make_sessions(make_engine(installation.database_url))) as session:
        row = bookings.find(session, reference, "ana@example.org")
        assert row is not None
        assert (row.name, row.treatment, row.status, row.screening_status) == (
            "Ana Example",
            "facial",
            "proposed",
            "suitable",
        )


def ask_about_side_effects(chat: ChatPage) -> None:
    chat.say("what r the side efects??")
    chat.wait_for("few days")


def pass_the_check(chat: ChatPage) -> None:
    chat.say("can you check if I can have it")
    chat.press("Yes, go on")
    chat.wait_for("How old are you?")
    chat.say("thirty four")
    for question in ("pregnant", "breastfeeding", "diabetes", "cancer", "heart", "liver", "kidney"):
        chat.wait_for(question)
        chat.press("No")
    chat.wait_for("you can book a visit")


def book(chat: ChatPage) -> str:
    chat.press("Book a visit")
    chat.wait_for("Which treatment")
    chat.press("Facial mesotherapy")
    chat.wait_for("your name")
    chat.say("Ana Example")
    chat.wait_for("reach you")
    chat.say("ana@example.org")
    chat.wait_for("When would you like to come?")
    chat.page.get_by_role("button").filter(has_text=":").last.click()
    chat.wait_for("anything the clinic should know")
    chat.press("No note")
    chat.wait_for("Let me read it back")
    chat.press("Yes, send it")
    chat.wait_for("Your reference is MG-")
    said = chat.texts()[-1]
    return said.split("Your reference is ")[1].split(".")[0]
