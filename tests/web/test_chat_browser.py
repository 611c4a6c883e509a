"""The chat in a real browser: what a patient sees, types, presses and hears, also when the connection is bad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.browser import ChatPage, new_page
from tests.web.stack import Stack, running, staff_says

pytestmark = pytest.mark.slow


def test_a_question_is_typed_sent_with_enter_and_answered(chat: ChatPage) -> None:
    chat.say("What are the side effects?")
    chat.wait_for("Mild pain, swelling and redness can follow.")
    assert chat.texts()[-2:] == ["What are the side effects?", "Mild pain, swelling and redness can follow."]


def test_the_typing_indicator_shows_while_the_bot_works(chat: ChatPage) -> None:
    chat.say("side effects please")
    dots = chat.log.locator(".loading-message-dots")
    expect(dots).to_be_visible()
    chat.wait_for("Mild pain")
    expect(dots).to_have_count(0)


def test_a_quick_reply_sends_its_payload_and_then_goes_away(chat: ChatPage) -> None:
    chat.press("What is it?")
    chat.wait_for("You said: /ask_definition")
    assert chat.texts()[1] == "What is it?"
    expect(chat.log.get_by_role("button", name="What is it?")).to_have_count(0)


def test_quick_replies_belong_to_the_last_message_only_also_after_a_reload(chat: ChatPage) -> None:
    chat.say("hello")
    chat.wait_for("You said: hello")
    chat.page.reload()
    chat.wait_for("You said: hello")
    expect(chat.log.locator(".quick-reply")).to_have_count(0)
    chat.say("side effects")
    chat.wait_for("Mild pain")
    expect(chat.log.get_by_role("button", name="Can I have it?")).to_be_visible()


def test_the_conversation_is_there_after_a_reload_and_in_a_second_tab(chat: ChatPage, stack: Stack) -> None:
    chat.say("remember me")
    chat.wait_for("You said: remember me")
    texts = chat.texts()
    chat.page.reload()
    chat.wait_for("You said: remember me")
    assert chat.texts() == texts
    other = ChatPage(chat.page.context.new_page()).open(stack.address)
    assert other.texts() == texts
    chat.say("from the first tab")
    other.wait_for("You said: from the first tab")
    assert other.texts() == [*texts, "from the first tab", "You said: from the first tab"]


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "**bold** _it_ # h",
        "![x](https://example.org/x.png)",
        "[a](javascript:alert(1))",
        "a\nb",
    ],
)
def test_words_are_shown_as_words(chat: ChatPage, text: str) -> None:
    chat.box.fill(text)
    chat.page.get_by_role("button", name="Send").click()
    chat.wait_for("You said:")
    assert chat.texts()[-2:] == [text, f"You said: {text}"]
    assert chat.log.locator(".message-bubble :is(img, b, strong, em, h1), .user-message a").count() == 0
    assert chat.log.locator(".message-bubble a:not([href^='https://'])").count() == 0


def test_the_newest_message_stays_in_sight_when_a_phone_is_turned_or_its_keyboard_opens(chat: ChatPage) -> None:
    for number in range(9):
        chat.say(f"{'a message that takes several lines on a narrow phone ' * 5} {number}")
        expect(chat.log.locator(".message-bubble.text-message")).to_have_count(3 + 2 * number)
    for width, height in ((844, 390), (390, 844), (390, 460)):
        chat.page.set_viewport_size({"width": width, "height": height})
        chat.page.wait_for_timeout(300)  # the page's own time to follow
        assert chat.log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight") < 30


def test_a_persons_message_arrives_live_and_looks_different(chat: ChatPage, stack: Stack) -> None:
    staff_says(stack, chat.token, "Hello <b>there</b>, this is the front desk.")
    chat.wait_for("Hello <b>there</b>, this is the front desk.")
    colours = [
        chat.log.locator(f".{role}-message").last.evaluate("bubble => getComputedStyle(bubble).backgroundColor")
        for role in ("ai", "staff")
    ]
    assert colours[0] != colours[1]
    expect(chat.log.get_by_text("Front desk", exact=True)).to_be_visible()


def test_a_persons_message_is_not_lost_while_the_bot_still_answers(chat: ChatPage, stack: Stack) -> None:
    chat.say("side effects, slowly")
    chat.log.locator(".loading-message-dots").wait_for()
    staff_says(stack, chat.token, "A person is here.")
    chat.wait_for("Mild pain")
    chat.wait_for("A person is here.")


def test_the_emergency_number_stays_in_sight_once_danger_was_named(chat: ChatPage) -> None:
    link = chat.page.get_by_role("link", name="Emergency? Call 112")
    expect(link).to_be_hidden()
    chat.say("I cannot breathe")
    expect(link).to_be_visible()
    assert link.get_attribute("href") == "tel:112"
    chat.say("thanks")
    chat.wait_for("You said: thanks")
    expect(link).to_be_visible()
    chat.page.reload()
    expect(link).to_be_visible()


def test_new_messages_are_announced_and_old_ones_are_not(chat: ChatPage) -> None:
    live = chat.page.locator("[aria-live=polite]").first
    assert live.inner_text() == ""
    chat.say("What are the side effects?")
    chat.wait_for("Mild pain")
    assert "Assistant: Mild pain, swelling and redness can follow." in live.text_content()
    chat.page.reload()
    chat.wait_for("Mild pain")
    assert live.inner_text() == ""


def test_the_whole_chat_can_be_used_with_the_keyboard(chat: ChatPage) -> None:
    reached = []
    for _ in range(20):
        chat.page.keyboard.press("Tab")
        reached.append(chat.focused())
    for name in ("Talk to a person", "More", "What is it?", "Write your question here"):
        assert name in reached, name
    chat.log.get_by_role("button", name="What is it?").focus()
    chat.page.keyboard.press("Enter")
    chat.wait_for("You said: /ask_definition")


def test_what_could_not_be_sent_is_shown_kept_and_sent_once(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running(tmp_path_factory.mktemp("away")) as stack:
        context, chat = new_page(browser)
        chat.open(stack.address)
        stack.stop_rasa()
        chat.say("are you there?")
        chat.log.locator("[data-state=waiting]").wait_for()
        chat.page.reload()
        stack.start_rasa()
        chat.wait_for("You said: are you there?", timeout=30_000)
        expect(chat.log.locator("[data-state=waiting]")).to_have_count(0)
        assert chat.texts().count("are you there?") == 1
        context.close()


def test_the_answer_of_a_lost_connection_is_shown_once(chat: ChatPage) -> None:
    def lose(route: object) -> None:
        route.fetch()
        route.abort()

    chat.page.route("**/message", lose, times=1)
    chat.say("hello twice")
    chat.wait_for("You said: hello twice", timeout=20_000)
    chat.page.wait_for_timeout(1500)
    assert chat.texts().count("You said: hello twice") == 1
    assert chat.texts().count("hello twice") == 1


def test_a_refused_message_says_why_and_gives_the_words_back(chat: ChatPage) -> None:
    chat.page.route(
        "**/message",
        lambda route: route.fulfill(
            status=413, content_type="application/problem+json", body='{"status": 413, "detail": "Please shorten it."}'
        ),
        times=1,
    )
    chat.say("a very long story")
    chat.log.get_by_text("Please shorten it.").wait_for()
    expect(chat.box).to_have_text("a very long story")


def test_an_ended_chat_is_replaced_by_a_new_one(chat: ChatPage) -> None:
    chat.page.evaluate("localStorage.setItem('mesoguide.token', 'a.b.c')")
    chat.page.reload()
    chat.wait_for("computer program")
    chat.say("hello again")
    chat.wait_for("You said: hello again")


def test_a_new_chat_starts_after_asking(chat: ChatPage) -> None:
    chat.say("old words")
    chat.wait_for("You said: old words")
    chat.choose("New chat")
    chat.page.get_by_role("button", name="Yes").click()
    expect(chat.log.get_by_text("old words").first).to_be_hidden()
    chat.wait_for("computer program")


def start_over(chat: ChatPage, said: str) -> None:
    """Press "New chat" and wait until the new one is open."""
    chat.choose("New chat")
    chat.page.get_by_role("button", name="Yes").click()
    expect(chat.log.get_by_text(said, exact=True)).to_have_count(0)
    chat.wait_for("computer program")


def later(page: Page) -> Callable[[], None]:
    """Hold back the answer to the next message, which the server has; the function returned lets it through."""
    held: list[Any] = []
    page.route("**/message", lambda route: held.append((route, route.fetch())), times=1)

    def release() -> None:
        route, answer = held.pop()
        route.fulfill(response=answer)
        page.wait_for_timeout(300)  # the page's own time to take it

    return release


def test_what_could_not_be_sent_is_not_sent_into_a_new_chat(chat: ChatPage) -> None:
    chat.page.route("**/message", lambda route: route.abort(), times=1)
    chat.say("for the old chat")
    chat.log.locator("[data-state=waiting]").wait_for()
    start_over(chat, "for the old chat")
    chat.say("for the new chat")
    chat.wait_for("You said: for the new chat")
    chat.page.wait_for_timeout(1500)  # longer than the first pause before a message is tried again
    assert chat.texts()[1:] == ["for the new chat", "You said: for the new chat"]


def test_an_answer_of_the_old_chat_is_not_shown_in_the_new_one_which_does_not_wait_for_it(chat: ChatPage) -> None:
    release = later(chat.page)
    chat.say("for the old chat")
    start_over(chat, "for the old chat")
    token = chat.token
    chat.say("for the new chat")
    chat.wait_for("You said: for the new chat")
    release()
    assert chat.texts()[1:] == ["for the new chat", "You said: for the new chat"]
    assert chat.token == token


def test_an_answer_of_the_old_chat_that_names_danger_shows_the_number_in_the_new_one(chat: ChatPage) -> None:
    release = later(chat.page)
    chat.say("I cannot breathe")
    start_over(chat, "I cannot breathe")
    expect(chat.page.get_by_role("link", name="Emergency? Call 112")).to_be_hidden()
    release()
    expect(chat.page.get_by_role("link", name="Emergency? Call 112")).to_be_visible()


def test_an_old_chat_that_was_deleted_takes_the_new_one_not_along(chat: ChatPage) -> None:
    release = later(chat.page)
    chat.say("forget everything")
    start_over(chat, "forget everything")
    token = chat.token
    release()
    assert chat.token == token, "the new chat is still there after a reload"


def test_a_laptop_that_slept_or_lost_its_network_misses_nothing(chat: ChatPage, stack: Stack) -> None:
    chat.say("before")
    chat.wait_for("You said: before")
    held, context = chat.token, chat.page.context
    context.set_offline(True)
    chat.page.locator(".status").get_by_text("You are offline.").wait_for()
    chat.say("written in the tunnel")
    chat.log.locator("[data-state=waiting]").wait_for()
    staff_says(stack, held, "Said meanwhile.")
    context.set_offline(False)
    chat.wait_for("Said meanwhile.", timeout=20_000)
    chat.wait_for("You said: written in the tunnel", timeout=20_000)
    expect(chat.page.locator(".status")).to_have_text("")
    assert sorted(chat.texts()[-3:]) == ["Said meanwhile.", "You said: written in the tunnel", "written in the tunnel"]
    staff_says(stack, held, "And live again.")
    chat.wait_for("And live again.", timeout=35_000)
    chat.complaints.clear()  # the browser's own words about the lost connection


def test_after_a_restart_of_the_server_the_open_page_goes_on(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running(tmp_path_factory.mktemp("restart")) as stack:
        context, chat = new_page(browser)
        chat.open(stack.address)
        chat.say("before")
        chat.wait_for("You said: before")
        stack.stop_rasa()
        staff_says(stack, chat.token, "Said while the server was away.")
        stack.start_rasa()
        chat.wait_for("Said while the server was away.", timeout=20_000)
        chat.say("after")
        chat.wait_for("You said: after")
        assert chat.texts().count("Said while the server was away.") == 1
        context.close()


def test_news_in_a_hidden_tab_is_counted_in_its_title(chat: ChatPage, stack: Stack) -> None:
    title = chat.page.title()
    hidden = "Object.defineProperty(document, 'visibilityState', {value: '%s', configurable: true});"
    changed = "document.dispatchEvent(new Event('visibilitychange'))"
    chat.page.evaluate(hidden % "hidden" + changed)
    staff_says(stack, chat.token, "This is the front desk.")
    chat.wait_for("This is the front desk.")
    assert chat.page.title() == f"(1) {title}"
    chat.page.evaluate(hidden % "visible" + changed)
    assert chat.page.title() == title
