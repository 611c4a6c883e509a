"""The desk with everything running: Rasa, the web and the action server, two colleagues and a patient in browsers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from bot.clinic.content import load_content
from bot.clinic.desk.hours import next_open
from bot.settings import BOT
from bot.store import bookings, conversations, staff
from bot.store.engine import Sessions, make_engine, make_sessions, reading, unit_of_work
from bot.store.models import Message
from tests.installation import Installation
from tests.patient import Patient
from tests.web.browser import ChatPage, browsing, new_page

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who do not exist
ASKED = ("Can I bring my parrot?", "is it ok if my parrot comes with me", "may my parrot sit in the waiting room")
FOURTH = "Would it be a problem to come with my parrot"
ANSWER = "Parrots are welcome in the garden."
WAIT = 15_000  # milliseconds that anything may take on a busy machine


@dataclass
class Desk:
    """A running installation with two colleagues signed in, each in a browser of their own, and a patient's page."""

    installation: Installation
    sessions: Sessions
    anna: Page
    clara: Page
    chat: ChatPage

    @property
    def conversation(self) -> str:
        """The conversation of the patient's page."""
        headers = {"Authorization": f"Bearer {self.chat.token}"}
        history = httpx.get(f"{self.installation.base}/webhooks/website/history", headers=headers, trust_env=False)
        first = history.json()["messages"][0]["id"]
        with reading(self.sessions) as session:
            return str(session.scalar(select(Message.conversation_id).where(Message.id == first)))

    def said(self, conversation: str) -> list[tuple[str, str]]:
        with reading(self.sessions) as session:
            return [(row.sender, row.text) for row in conversations.transcript(session, conversation)]

    def goto(self, page: Page, path: str) -> None:
        page.goto(f"{self.installation.base}/desk{path}")


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Iterator[Desk]:
    sessions = make_sessions(make_engine(installation.database_url))
    with browsing() as browser:
        context, chat = new_page(browser)
        with (
            signed_in(browser, installation, sessions, "Anna", "front_desk") as anna,
            signed_in(browser, installation, sessions, "Clara", "clinician") as clara,
        ):
            yield Desk(installation, sessions, anna, clara, chat.open(installation.base))
        context.close()


@contextmanager
def signed_in(browser: Browser, installation: Installation, sessions: Sessions, name: str, role: str) -> Iterator[Page]:
    email = f"{name.lower()}@clinic.example"
    with unit_of_work(sessions) as session:
        now = datetime.now(timezone.utc)
        staff.create(session, email=email, name=name, role=role, password=PASSWORD, actor="test", now=now)  # type: ignore[arg-type]
        session.commit()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{installation.base}/desk")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/desk")
    yield page
    context.close()


def until(holds: Callable[[], bool], page: Page, what: str) -> None:
    """Ask again and again, at most so long as anything may take."""
    for _ in range(WAIT // 250):
        if holds():
            return
        page.wait_for_timeout(250)
    raise AssertionError(what)


def test_a_question_in_three_wordings_is_answered_once_and_a_fourth_wording_gets_the_answer(desk: Desk) -> None:
    patients = [desk.installation.patient() for _ in ASKED]
    for patient, question in zip(patients, ASKED, strict=True):
        assert patient.say(question)[-1]["metadata"]["kind"] == "fallback"
    write_an_answer(desk.anna, desk)
    approve(desk.clara)

    def answered() -> bool:
        said = desk.installation.patient().say(FOURTH)[-1]
        return said["text"] == ANSWER and said["metadata"]["author"] == "Anna"

    until(answered, desk.clara, "the fourth wording got no answer of the clinic's")
    for patient in patients:
        assert ANSWER in patient.history()[-1]["text"], "who asked before is told"
    desk.chat.say(FOURTH)
    desk.chat.wait_for(ANSWER)
    desk.chat.wait_for("The clinic's answer, by Anna")


def write_an_answer(page: Page, desk: Desk) -> None:
    def grouped() -> bool:
        desk.goto(page, "/questions")
        row = page.get_by_role("row").filter(has_text="parrot")
        return row.count() == 1 and int(row.locator(".group-count").inner_text()) >= len(ASKED)

    until(grouped, page, "the three wordings did not become one group")
    page.get_by_role("row").filter(has_text="parrot").get_by_role("link").click()
    page.get_by_role("link", name="Write an answer").click()
    page.get_by_label("Short name").fill("Parrots")
    page.get_by_label("The answer, as patients read it").fill(ANSWER)
    page.get_by_label("Topic", exact=True).select_option("none")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("Waits for a clinician")).to_be_visible(timeout=WAIT)


def approve(page: Page) -> None:
    page.get_by_role("link", name="Answers").click()
    page.get_by_role("link", name="Parrots").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("h1").get_by_text("Live")).to_be_visible(timeout=WAIT)


def test_a_person_takes_the_chat_answers_in_the_patients_open_page_and_gives_it_back(desk: Desk) -> None:
    desk.goto(desk.anna, "")
    desk.chat.say("I want to talk to a person please")
    desk.chat.wait_for("answers you here by")
    desk.anna.locator(f'.rows a[href^="/desk/c/{desk.conversation}"]').first.click(timeout=WAIT)
    desk.anna.get_by_role("button", name="Take over", exact=True).click()
    desk.chat.wait_for("Anna from")
    until(lambda: paused(desk), desk.anna, "Rasa's tracker did not hear of the pause")
    desk.chat.say("does it hurt?")
    expect(desk.anna.locator("#messages").get_by_text("does it hurt?", exact=True)).to_be_visible(timeout=WAIT)
    desk.anna.fill("#text", "A little, we use a numbing cream.")
    desk.anna.keyboard.press("Control+Enter")
    desk.chat.wait_for("we use a numbing cream")
    assert [sender for sender, _ in desk.said(desk.conversation)][-2:] == ["patient", "staff"], "the bot was silent"
    desk.anna.get_by_role("button", name="Hand back").click()
    desk.chat.wait_for("I am back to help you")
    until(lambda: not paused(desk), desk.anna, "Rasa's tracker did not hear that the bot is back")
    desk.chat.say("how is it done?")
    desk.chat.wait_for("numbing cream is put on the skin")


def paused(desk: Desk) -> bool:
    tracker = httpx.get(
        f"{desk.installation.rasa}/conversations/{desk.conversation}/tracker",
        params={"token": desk.installation.env["RASA_TOKEN"], "include_events": "NONE"},
        trust_env=False,
        timeout=30,
    )
    return bool(tracker.json()["paused"])


def test_messages_in_flight_while_a_person_takes_the_chat_get_no_answer_of_the_bot_after_it(desk: Desk) -> None:
    patient = desk.installation.patient()
    patient.say("I want to talk to a person")
    desk.goto(desk.anna, f"/c/{patient.conversation_id}")
    questions = ("does it hurt?", "how is it done?", "what are the side effects?", "is it safe?")
    writing = [threading.Thread(target=ask, args=(patient, question)) for question in questions]
    for thread in writing:
        thread.start()
    desk.anna.get_by_role("button", name="Take over", exact=True).click()
    expect(desk.anna.get_by_text("You answer; the assistant is silent")).to_be_visible(timeout=WAIT)
    for thread in writing:
        thread.join()
    said = desk.said(patient.conversation_id)
    came = next(number for number, (_, text) in enumerate(said) if text.startswith("Anna from"))
    assert {sender for sender, _ in said[came + 1 :]} <= {"patient"}
    assert patient.say("are you there?") == []


def ask(patient: Patient, question: str) -> None:
    patient.post(text=question)


def test_a_visit_confirmed_at_the_desk_is_told_in_the_patients_open_page(desk: Desk) -> None:
    with unit_of_work(desk.sessions) as session:
        now = datetime.now(timezone.utc)
        night = (now + timedelta(days=3)).replace(hour=0, minute=0)  # no start soon before closing
        opens = next_open(night, load_content(BOT / "content").clinic)
        request = bookings.Request("Rosa Example", "rosa@patients.example", "email", starts_at=opens)
        reference = bookings.create(session, desk.conversation, request, now).reference
        session.commit()
    desk.goto(desk.anna, f"/bookings?q={reference}")
    desk.anna.get_by_role("link", name=reference).click()
    desk.anna.get_by_role("button", name="Confirm").click()
    desk.chat.wait_for("Your visit is confirmed")
