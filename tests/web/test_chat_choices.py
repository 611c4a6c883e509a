"""What a patient can press and read in the chat: thumbs, cards, times, the check on one page, links, menu, codes."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from bot.store import conversations, triage
from bot.store.engine import reading, unit_of_work
from bot.store.moving import issue_code
from tests.web.browser import ChatPage
from tests.web.conftest import Visit
from tests.web.stack import Stack

pytestmark = pytest.mark.slow


def waiting(stack: Stack, chat: ChatPage) -> list[tuple[str | None, str]]:
    """(question, why) of this patient's disliked answers, as the desk sees them."""
    mine = stack.conversation(chat.token)
    with reading(stack.website.sessions) as session:
        items = triage.queue(session, stack.website.clock(), limit=500).items
        return [(one.question, one.details.get("why", "")) for one in items if one.conversation_id == mine]


def test_a_thumb_down_asks_why_and_reaches_the_desk_and_is_there_after_a_reload(chat: ChatPage, stack: Stack) -> None:
    chat.say("What are the side effects?")
    chat.wait_for("Mild pain")
    chat.log.get_by_role("button", name="Not helpful").click()
    expect(chat.log.get_by_role("group", name="What was wrong?")).to_be_visible()
    assert waiting(stack, chat) == [("What are the side effects?", "")], "already before a reason is given"
    chat.log.get_by_role("button", name="It was hard to understand").click()
    chat.log.get_by_text("Thank you. The clinic reads this.").wait_for()
    assert waiting(stack, chat) == [("What are the side effects?", "It was hard to understand")]
    chat.page.reload()
    expect(chat.log.get_by_role("button", name="Not helpful", pressed=True)).to_be_visible()
    chat.log.get_by_role("button", name="Helpful", exact=True).click()
    expect(chat.log.get_by_role("button", name="Helpful", exact=True, pressed=True)).to_be_visible()
    expect(chat.log.get_by_role("button", name="Not helpful", pressed=False)).to_be_visible()


def test_only_answers_have_thumbs_and_a_lost_thumb_is_not_shown_as_given(chat: ChatPage) -> None:
    chat.say("I have a fever")
    chat.wait_for("contact the clinic today")
    expect(chat.log.locator(".thumbs")).to_have_count(0)
    chat.say("hello")
    chat.wait_for("You said: hello")
    chat.page.route("**/feedback", lambda route: route.abort())
    chat.log.get_by_role("button", name="Helpful", exact=True).click()
    expect(chat.log.get_by_role("button", name="Helpful", exact=True, pressed=False)).to_be_visible()


def test_a_visit_is_a_card_with_both_clocks_and_a_calendar_file(visit: Visit) -> None:
    chat = visit(timezone_id="America/New_York", locale="en-GB")
    chat.say("my visit")
    card = chat.log.get_by_role("group", name="Your request")
    expect(card).to_contain_text("Thursday 3 December at 10:00, 40 minutes")
    expect(card).to_contain_text("04:00 your time (10:00 at the clinic)")
    expect(card).to_contain_text("MG-7K4P2Q")
    assert card.get_by_role("link", name="Add to calendar").get_attribute("href") == "/calendar/visit.signed.ics"


def test_the_same_clock_is_told_once_whatever_its_zone_is_called(visit: Visit) -> None:
    chat = visit(timezone_id="Europe/Paris", locale="en-GB")
    chat.say("my visit")
    card = chat.log.get_by_role("group", name="Your request")
    expect(card).to_contain_text("Thursday 3 December at 10:00")
    expect(card).not_to_contain_text("your time")


def test_offered_times_show_the_patients_own_clock(visit: Visit) -> None:
    chat = visit(timezone_id="America/New_York", locale="en-GB")
    chat.say("a visit")
    chat.log.get_by_role("button", name="Thu 3 Dec, 10:00 04:00 your time").click()
    chat.wait_for("You said: /inform")
    assert chat.texts()[-2] == "Thu 3 Dec, 10:00"


def test_a_day_and_time_are_picked_and_sent_in_words_the_assistant_reads(visit: Visit) -> None:
    chat = visit(locale="en-GB")
    chat.say("a visit")
    chat.log.get_by_role("button", name="Choose a day and time").click()
    day, time = chat.log.get_by_label("Day", exact=True), chat.log.get_by_label("Time", exact=True)
    expect(day).to_be_focused()
    day.fill(saturday_after(str(day.get_attribute("min"))))
    expect(chat.log.get_by_text("The clinic is closed on that day.")).to_be_visible()
    expect(time).to_be_disabled()
    thursday = day_after(str(day.get_attribute("min")), 3)
    day.fill(thursday)
    assert time.locator("option").first.inner_text() == "09:00"
    assert time.locator("option").last.inner_text() == "18:30", "opening hours of that day, to 19:00"
    time.select_option("10:30")
    chat.log.get_by_role("button", name="Ask for this time").click()
    chat.wait_for("You said: Thursday")
    assert re.fullmatch(r"Thursday \d{1,2} \w+ \d{4} at 10:30", chat.texts()[-2])


def day_after(first: str, weekday: int) -> str:
    at = date.fromisoformat(first) + timedelta(days=7)
    return str(at + timedelta(days=(weekday - at.weekday()) % 7))


def saturday_after(first: str) -> str:
    return day_after(first, 5)


def test_the_check_on_one_page_sends_what_was_answered_and_assumes_nothing(chat: ChatPage) -> None:
    chat.say("the check")
    chat.log.get_by_role("button", name="Answer all on one page").click()
    form = chat.log.get_by_role("form", name="The check on one page")
    form.get_by_role("button", name="Send my answers").click()
    expect(form).to_be_visible()  # an empty list is not sent
    form.get_by_role("group", name="Do you have diabetes?").get_by_label("Not sure").check()
    form.get_by_role("group", name="Are you pregnant?").get_by_label("No", exact=True).check()
    form.get_by_role("button", name="Send my answers").click()
    chat.wait_for("You said: /inform")
    assert chat.texts()[-2:] == [
        "Are you pregnant? No\nDo you have diabetes? Not sure",
        'You said: /inform{"question":"checklist","answer":"pregnant=no diabetes=unsure"}',
    ]


def test_a_form_can_be_left_for_the_buttons(chat: ChatPage) -> None:
    chat.say("the check")
    chat.log.get_by_role("button", name="Answer all on one page").click()
    chat.log.get_by_role("button", name="Back").click()
    expect(chat.log.get_by_role("button", name="Answer all on one page")).to_be_focused()
    expect(chat.log.get_by_role("button", name="Yes", exact=True)).to_be_visible()


def test_addresses_and_the_clinics_numbers_are_links_and_nothing_else_is(chat: ChatPage) -> None:
    chat.say("links")
    chat.wait_for("hello@lindenhof.example.org")
    found = chat.log.get_by_role("link").evaluate_all(
        "all => all.map(one => [one.textContent, one.getAttribute('href')])"
    )
    assert found == [
        ["https://clinic.example/a", "https://clinic.example/a"],
        ["hello@lindenhof.example.org", "mailto:hello@lindenhof.example.org"],
        ["+1 202 555 0143", "tel:+12025550143"],
        ["How we handle your data", "/privacy"],
    ]


@pytest.mark.parametrize(("item", "intent"), [("My booking", "/change_booking"), ("Delete my data", "/delete_my_data")])
def test_the_menu_asks_for_a_visit_and_for_deletion(chat: ChatPage, item: str, intent: str) -> None:
    chat.choose(item)
    chat.wait_for(f"You said: {intent}")


def test_the_menu_closes_with_escape_and_gives_the_focus_back(chat: ChatPage) -> None:
    more = chat.page.get_by_role("button", name="More")
    more.click()
    expect(chat.page.get_by_role("button", name="My booking")).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(chat.page.get_by_role("button", name="My booking")).to_be_hidden()


def test_a_code_takes_the_chat_to_messenger(chat: ChatPage, stack: Stack) -> None:
    chat.choose("Go on in Messenger")
    code = chat.page.locator(".code").inner_text()
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", code)
    assert chat.page.get_by_role("link", name="Messenger").get_attribute("href") == "https://m.me/1234567"
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator(".code")).to_have_count(0)


def test_a_code_from_messenger_opens_that_chat_here(chat: ChatPage, stack: Stack) -> None:
    with unit_of_work(stack.website.sessions) as session:
        now = stack.website.clock()
        other = conversations.open_conversation(session, channel="messenger", now=now)
        conversations.add_bot_message(session, other.id, {"text": "Said in Messenger."}, now)
        code = issue_code(session, other.id, now)
        session.commit()
    chat.choose("I have a code")
    chat.page.get_by_label("Code", exact=True).fill(code)
    chat.page.get_by_role("button", name="Go on", exact=True).click()
    chat.wait_for("Said in Messenger.")
    assert stack.conversation(chat.token) == other.id
    chat.page.locator(".status").get_by_text("This is the chat you began elsewhere.").wait_for()
    chat.say("hello from here")
    chat.wait_for("You said: hello from here")
