"""The chat for everybody: axe, the accessibility tree, keyboard, targets, narrow, enlarged, mirrored, dark, calm."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.web.access import SMALL, violations
from tests.web.browser import ChatPage
from tests.web.conftest import Visit
from tests.web.stack import Stack, staff_says

pytestmark = pytest.mark.slow

TREE = Path(__file__).with_name("conversation_tree.yml")


def converse(chat: ChatPage, stack: Stack) -> None:
    """A conversation with everything in it."""
    for said, answer in (
        ("What are the side effects?", "Mild pain"),
        ("the check", "Are you pregnant?"),
        ("my visit", "MG-7K4P2Q"),
        ("I have a fever", "contact the clinic today"),
        ("I cannot breathe", "please call 112 now"),
    ):
        chat.say(said)
        chat.wait_for(answer)
    staff_says(stack, chat.token, "This is the front desk.")
    chat.wait_for("This is the front desk.")
    chat.say("a visit")
    chat.wait_for("When would you like to come?")


@pytest.mark.parametrize(
    ("path", "phone", "scheme"),
    [("/", False, "light"), ("/", False, "dark"), ("/chat", True, "light"), ("/chat?lang=ar", True, "dark")],
)
def test_axe_finds_no_violation_in_any_state(visit: Visit, stack: Stack, path: str, phone: bool, scheme: str) -> None:
    chat = visit(path, phone=phone, color_scheme=scheme, bypass_csp=True)  # axe itself is an inline script
    converse(chat, stack)
    chat.log.locator(".thumb-down").first.click()
    chat.log.locator(".opener").click()
    chat.page.locator(".menu-opener").click()
    assert violations(chat.page) == []
    chat.say("the check")
    chat.log.locator(".opener").click()
    chat.page.route("**/message", lambda route: route.abort())
    assert violations(chat.page) == []
    chat.say("not sent")
    chat.log.locator("[data-state=waiting]").wait_for()
    assert violations(chat.page) == []


@pytest.mark.parametrize(("path", "scheme"), [("/", "light"), ("/chat", "dark"), ("/chat?lang=ar", "light")])
def test_axe_finds_no_violation_in_the_dialogs(visit: Visit, path: str, scheme: str) -> None:
    chat = visit(path, color_scheme=scheme, bypass_csp=True)
    dialog = chat.page.locator("dialog")
    for place in range(1, 5):
        chat.page.locator(".menu-opener").click()
        chat.page.locator(".menu-item").nth(place).click()
        if place == DELETES:
            continue
        dialog.wait_for()
        assert violations(chat.page) == []
        assert chat.page.evaluate(SMALL) == []
        chat.page.keyboard.press("Escape")
        dialog.wait_for(state="detached")


DELETES = 3  # in the menu; the bot itself asks again in words


def test_the_accessibility_tree_of_a_whole_conversation(visit: Visit, stack: Stack) -> None:
    """What a screen reader is given. After a change that is meant: delete the file, run the test, read the new one."""
    chat = visit("/chat", locale="en-GB", timezone_id="Europe/Berlin")
    converse(chat, stack)
    parts = chat.page.locator("main > :not(.spoken)").all()
    tree = "\n".join(part.aria_snapshot() for part in parts).replace("\n\n", "\n").strip()
    if not TREE.exists():
        TREE.write_text(tree + "\n", encoding="utf-8")
        pytest.fail(f"{TREE.name} was written; read it, then run the test again")
    assert tree.splitlines() == TREE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", ["/", "/chat"])
def test_every_target_is_24_pixels_or_more(visit: Visit, stack: Stack, path: str) -> None:
    chat = visit(path)
    converse(chat, stack)
    chat.log.locator(".thumb-down").first.click()
    chat.page.locator(".menu-opener").click()
    assert chat.page.evaluate(SMALL) == []


def test_focus_goes_from_help_to_the_conversation_to_the_text_box(visit: Visit) -> None:
    chat = visit("/chat")
    chat.page.locator("body").click(position={"x": 1, "y": 1})
    reached = []
    for _ in range(9):
        chat.page.keyboard.press("Tab")
        reached.append(chat.focused())
    assert reached[:3] == ["Talk to a person", "Call us +1 202 555 0143", "More"]
    assert reached[3:8] == [
        "Conversation",
        "What is it?",
        "Can I have it?",
        "Talk to a person",
        "Write your question here",
    ]


WIDE = """Math.max(document.documentElement.scrollWidth,
    ...[...document.querySelectorAll('.chat, .chat *')].map(one => one.getBoundingClientRect().right))"""


@pytest.mark.parametrize(
    ("path", "width", "size"),
    [("/", 320, 16), ("/", 768, 16), ("/chat?lang=de", 320, 16), ("/chat?lang=de", 640, 32)],
    ids=str,
)
def test_nothing_is_cut_off_at_any_width_and_at_twice_the_text(
    visit: Visit, stack: Stack, path: str, width: int, size: int
) -> None:
    chat = visit(path, viewport={"width": width, "height": 800})
    chat.page.evaluate(f"document.documentElement.style.fontSize = '{size}px'")
    chat.say("a" * 200)
    chat.wait_for("You said: a")
    chat.say("my visit")
    chat.wait_for("MG-7K4P2Q")
    chat.say("the check")
    chat.log.locator(".opener").click()
    assert chat.page.evaluate(WIDE) <= width
    form = chat.log.locator("form").bounding_box()
    assert form is not None
    assert form["x"] >= 0
    assert form["x"] + form["width"] <= width
    assert chat.box.is_visible()


def test_right_to_left_the_window_is_mirrored_and_english_words_stay_in_order(visit: Visit, stack: Stack) -> None:
    chat = visit("/chat?lang=ar")
    chat.say("side effects")
    chat.wait_for("Mild pain")
    mine, theirs = (chat.log.locator(f".{role}-message").last.bounding_box() for role in ("user", "ai"))
    assert mine is not None
    assert theirs is not None
    assert mine["x"] < theirs["x"], "the patient's words stand on the left"
    said = chat.log.locator(".ai-message p").last
    assert said.evaluate("one => getComputedStyle(one).direction") == "ltr"
    assert chat.page.evaluate("document.documentElement.lang + document.documentElement.dir") == "arrtl"


def test_dark_mode_follows_the_reader_unless_the_site_wishes_otherwise(visit: Visit) -> None:
    def background(chat: ChatPage) -> str:
        return str(chat.page.locator(".chat").evaluate("one => getComputedStyle(one).backgroundColor"))

    dark, light = "rgb(18, 28, 28)", "rgb(255, 255, 255)"
    assert background(visit("/", color_scheme="dark")) == dark
    assert background(visit("/chat?theme=light", color_scheme="dark")) == light
    assert background(visit("/chat?theme=dark", color_scheme="light")) == dark


def test_nothing_moves_for_who_wants_no_motion(visit: Visit) -> None:
    chat = visit(reduced_motion="reduce")
    chat.page.route("**/message", lambda route: None)
    chat.say("hello")
    dots = chat.log.locator(".loading-message-dots")
    expect(dots).to_be_visible()
    moves = "one => [null, '::before', '::after'].map(part => getComputedStyle(one, part).animationName)"
    assert dots.evaluate(moves) == ["none"] * 3
    assert chat.log.evaluate("one => getComputedStyle(one).scrollBehavior") == "auto"


def test_a_slow_answer_is_announced_as_being_written(chat: ChatPage) -> None:
    chat.page.route("**/message", lambda route: None)
    chat.say("hello")
    chat.page.locator("[aria-live=polite]").get_by_text("The assistant is writing").wait_for(state="attached")


def test_help_is_in_the_same_place_whatever_was_said(chat: ChatPage, stack: Stack) -> None:
    before = chat.page.locator(".chat-head .tool").all_inner_texts()
    converse(chat, stack)
    assert chat.page.locator(".chat-head .tool").all_inner_texts() == before
    expect(chat.page.locator(".chat-head").get_by_role("button", name="Talk to a person")).to_be_in_viewport()


@pytest.mark.parametrize("path", ["/", "/chat"])
def test_without_scripts_phone_hours_and_main_answers_can_be_read(visit: Visit, stack: Stack, path: str) -> None:
    page = visit(path, javascript=False).page
    shown = page.locator("body").inner_text()
    for text in ("+1 202 555 0143", "09:00 – 17:30", "What are the side effects?", "112"):
        assert text in shown
    assert page.get_by_role("link", name="+1 202 555 0143").first.get_attribute("href") == "tel:+12025550143"
