"""Two colleagues at the desk and a patient on the clinic's website at once, each in a browser of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.channels.website import utc_now
from bot.store import staff
from bot.store.engine import unit_of_work
from tests.desk.conftest import PASSWORD
from tests.web.browser import browsing, new_page
from tests.web.conftest import visiting
from tests.web.stack import Stack, running

pytestmark = pytest.mark.slow


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running(tmp_path) as stack:
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


def sits_down(browser: Browser, stack: Stack, name: str) -> Page:
    """A colleague's browser, signed in at the desk."""
    email = f"{name.lower()}@clinic.example"
    with unit_of_work(stack.website.sessions) as session:
        staff.create(session, email=email, name=name, role="front_desk", password=PASSWORD, actor="test", now=utc_now())
        session.commit()
    chat = new_page(browser)[1]
    chat.page.goto(f"{stack.address}/desk")
    chat.page.fill("#email", email)
    chat.page.fill("#password", PASSWORD)
    chat.page.get_by_role("button", name="Sign in").click()
    chat.page.wait_for_url("**/desk")
    return chat.page


def test_one_takes_over_the_other_sees_it_and_the_patient_reads_every_step(browser: Browser, stack: Stack) -> None:
    anna, ben = sits_down(browser, stack, "Anna"), sits_down(browser, stack, "Ben")
    with visiting(browser, stack) as visit:
        patient = visit()
        patient.say("May I bring my dog?")
        patient.wait_for("You said: May I bring my dog?")
        chat = f"{stack.address}/desk/c/{stack.conversation(patient.token)}"
        for page in (anna, ben):
            page.goto(chat)
        anna.get_by_role("button", name="Take over").click()
        patient.wait_for("Anna from Demo Clinic Lindenhof is here now")
        expect(ben.get_by_text("Anna answers; the assistant is silent")).to_be_visible()
        patient.say("Hello Anna")
        expect(anna.locator("#messages").get_by_text("Hello Anna")).to_be_visible()
        expect(ben.locator("#messages").get_by_text("Hello Anna")).to_be_visible()
        ben.goto(f"{stack.address}/desk")
        expect(ben.locator(".rows").get_by_text("Hello Anna")).to_be_visible()
        anna.fill("#text", "Of course, it may wait with us.")
        anna.keyboard.press("Control+Enter")
        patient.wait_for("Of course, it may wait with us.")
        assert not any("You said: Hello Anna" in text for text in patient.texts())
        anna.get_by_role("button", name="Hand back").click()
        patient.wait_for("I am back to help you")
        patient.say("Thank you")
        patient.wait_for("You said: Thank you")
