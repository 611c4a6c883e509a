"""How soon a person's reply stands in the patient's open page, and an approved answer is given: `python -m
benchmarks.desk_live`.

Starts the whole installation with data of its own, a colleague, a clinician and a patient in Chromium, and prints the
medians in seconds. What the browsers and their remote control take is in them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.faults.system import System, running
from bot.desk.meaning import ENCODER, encode
from bot.store import answers_learned, staff
from bot.store.answers_learned import Draft
from bot.store.engine import unit_of_work
from tests.patient import Patient
from tests.web.browser import ChatPage, browsing, new_page

PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who live a minute
REPLIES = 10
# What is approved, and another wording that then has to get the answer.
TAUGHT = {
    "Can I bring my parrot?": "is it ok if my parrot comes with me",
    "May I film the treatment with my phone?": "is it ok to film my treatment on my phone",
    "Do you sell gift vouchers?": "can i buy a gift voucher from you",
    "Can my husband wait in the room?": "may my husband wait in the room with me",
    "Do you have a children's corner?": "is there a corner for children to play",
}


def now() -> datetime:
    """The present moment, aware."""
    return datetime.now(timezone.utc)


@contextmanager
def signed_in(browser: Browser, system: System, name: str, role: str) -> Iterator[Page]:
    """A colleague's page."""
    email = f"{name.lower()}@clinic.example"
    with unit_of_work(system.sessions) as session:
        staff.create(session, email=email, name=name, role=role, password=PASSWORD, actor="benchmark", now=now())  # type: ignore[arg-type]
        session.commit()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{system.base}/desk")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/desk")
    yield page
    context.close()


def replies(anna: Page, chat: ChatPage) -> list[float]:
    """Seconds from sending a reply at the desk to its words in the patient's open page."""
    chat.say("I want to talk to a person please")
    anna.get_by_text("I want to talk to a person please").first.click()
    anna.get_by_role("button", name="Take over", exact=True).click()
    chat.wait_for("Anna from")
    spent = []
    for number in range(REPLIES):
        anna.fill("#text", f"This is reply {number}.")
        began = time.perf_counter()
        anna.keyboard.press("Control+Enter")
        chat.wait_for(f"This is reply {number}.")
        spent.append(time.perf_counter() - began)
        anna.wait_for_function("document.querySelector('#text').value === ''")
    return spent


def approvals(clara: Page, system: System) -> list[float]:
    """Seconds from a clinician's approval to the first patient who gets the answer in other words."""
    spent = []
    for number, (question, other) in enumerate(TAUGHT.items()):
        clara.goto(f"{system.base}/desk/answers/{_draft(system, question, number)}")
        patient = Patient(system.base).open()
        patient.say(other)  # not known yet
        began = time.perf_counter()
        clara.get_by_role("button", name="Approve").click(no_wait_after=True)
        while patient.say(other)[-1]["text"] != f"The answer is number {number}.":
            assert time.perf_counter() - began < 30, "the answer was not given"
        spent.append(time.perf_counter() - began)
    return spent


def _draft(system: System, question: str, number: int) -> str:
    with unit_of_work(system.sessions) as session:
        author = staff.find(session, "anna@clinic.example")
        assert author is not None
        draft = Draft(f"Number {number}", f"The answer is number {number}.")
        wordings = [(question, encode([question])[0], None)]
        row = answers_learned.write(session, draft, wordings, encoder=ENCODER, author=author, now=now())
        session.commit()
        return row.id


def main() -> None:
    """Start, measure, print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(System(Path(folder))) as system,
        browsing() as browser,
        signed_in(browser, system, "Anna", "front_desk") as anna,
        signed_in(browser, system, "Clara", "clinician") as clara,
    ):
        _, chat = new_page(browser)
        shown = replies(anna, chat.open(system.base))
        live = approvals(clara, system)
    for what, spent in (("a reply stands in the patient's page", shown), ("an approved answer is given", live)):
        print(f"{what} after {statistics.median(spent):.2f} s (median), {max(spent):.2f} s at most, of {len(spent)}")


if __name__ == "__main__":
    main()
