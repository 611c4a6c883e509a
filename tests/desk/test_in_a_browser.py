"""The desk as people use it: real Chromium, two people signed in at once, a patient writing meanwhile."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select

from bot.desk.context import utc_now
from bot.desk.demo import demo_data
from bot.desk.jobs.grouping import group_some
from bot.store import answers_learned, conversations, desk_bookings, desk_questions, staff, triage
from bot.store.engine import reading, unit_of_work
from bot.store.models import Screening

from .conftest import NOW, PASSWORD, Front, running_app
from .teaching import DOGS, FOURTH, component, parsed

CHROMIUM = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: install it to run the browser tests"),
]
Open = Callable[..., Page]


@pytest.fixture
def address(front: Front) -> Iterator[str]:
    """The desk, served on a free port by the clock on the wall."""
    front.router.desk.clock = utc_now
    front.clock.now = utc_now()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        running_app(front.router), port=port, log_level="warning", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def sits_down(front: Front, address: str, chromium: Browser) -> Iterator[Open]:
    """Signs a colleague in on a browser of their own; what the console complains about fails the test."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_page(name: str, role: Any = "front_desk", width: int = 1366, height: int = 820) -> Page:
        with unit_of_work(front.sessions) as session:
            if staff.find(session, f"{name}@clinic.example") is None:
                email = f"{name}@clinic.example"
                staff.create(
                    session, email=email, name=name.title(), role=role, password=PASSWORD, actor="t", now=utc_now()
                )
            session.commit()
        context = chromium.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
        page.goto(f"{address}/desk")
        page.fill("#email", f"{name}@clinic.example")
        page.fill("#password", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/desk")
        return page

    yield open_page
    for context in contexts:
        with suppress(Exception):
            context.close()
    assert complaints == []


def patient_asks(front: Front, text: str = "I want to talk to a person") -> str:
    """A patient who waits for a person; the conversation's id."""
    with unit_of_work(front.sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=utc_now()).id
        row = conversations.accept_message(session, chat, "p1", text, utc_now()).row
        conversations.record_reply(
            session, row, [{"text": "One moment."}], utc_now(), {"intent": {"name": "talk_to_human"}}
        )
        conversations.set_owner(session, chat, "waiting", expected=["bot"])
        triage.add(
            session,
            kind="person",
            handoff_reason="asked_for_person",
            conversation_id=chat,
            question=text,
            now=utc_now(),
        )
        session.commit()
        return chat


def writes(front: Front, chat: str, text: str) -> None:
    with unit_of_work(front.sessions) as session:
        conversations.accept_message(session, chat, text, text, utc_now())
        session.commit()


def asks(front: Front, chat: str, text: str) -> None:
    """A message that the assistant has understood and answered."""
    parse = {"intent": {"name": "ask_aftercare", "confidence": 0.9}}
    with unit_of_work(front.sessions) as session:
        line = conversations.accept_message(session, chat, text, text, utc_now()).row
        conversations.record_reply(session, line, [], utc_now(), parse)
        session.commit()


def heard(front: Front, chat: str) -> list[tuple[str, str]]:
    with reading(front.sessions) as session:
        return [(row.sender, row.text) for row in conversations.transcript(session, chat)]


def raises_alert(front: Front) -> str:
    with unit_of_work(front.sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=utc_now()).id
        row = triage.add(
            session,
            kind="danger",
            handoff_reason="danger",
            conversation_id=chat,
            question="my lips are swelling",
            now=utc_now(),
        )
        session.commit()
        return row.id


def test_a_danger_appears_by_itself_with_a_badge_a_bar_and_a_sound(front: Front, sits_down: Open) -> None:
    page = sits_down("anna")
    page.get_by_role("button", name="Sound off").click()
    expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    page.evaluate("delete document.documentElement.dataset.sounded")
    raises_alert(front)
    expect(page.get_by_text("my lips are swelling")).to_be_visible()
    expect(page.get_by_role("link", name="1 danger alert waits")).to_be_visible()
    expect(page).to_have_title("(1!) Queue · Demo Clinic Lindenhof")
    page.wait_for_function("document.documentElement.dataset.sounded === '1'")


def test_two_people_and_a_patient_one_takes_over_writes_and_hands_back(front: Front, sits_down: Open) -> None:
    chat = patient_asks(front)
    anna, ben = sits_down("anna"), sits_down("ben")
    anna.get_by_text("I want to talk to a person").first.click()
    ben.get_by_text("I want to talk to a person").first.click()
    expect(ben.get_by_text("Anna looks at this too")).to_be_visible()
    anna.get_by_role("button", name="Take over").click()
    expect(anna.get_by_text("You answer; the assistant is silent")).to_be_visible()
    expect(ben.get_by_text("Anna answers; the assistant is silent")).to_be_visible()
    expect(ben.get_by_role("button", name="Take over from Anna")).to_be_visible()
    anna.fill("#text", "Hello, how can I help?")
    anna.keyboard.press("Control+Enter")
    expect(anna.locator("#messages").get_by_text("Hello, how can I help?")).to_be_visible()
    expect(ben.locator("#messages").get_by_text("Hello, how can I help?")).to_be_visible()
    writes(front, chat, "My scar itches")
    expect(anna.locator("#messages").get_by_text("My scar itches")).to_be_visible()
    anna.get_by_role("button", name="Hand back").click()
    expect(anna.get_by_text("Back with the assistant")).to_be_visible()
    expect(ben.get_by_text("Back with the assistant")).to_be_visible()
    said = [text for sender, text in heard(front, chat) if sender != "patient"]
    assert [("Anna" in text, "I am back" in text) for text in (said[-3], said[-1])] == [(True, False), (True, True)]


def test_of_a_long_conversation_the_part_scrolls_and_not_the_page(front: Front, sits_down: Open) -> None:
    chat = patient_asks(front)
    for number in range(25):
        asks(front, chat, f"message {number} about my scar")
    anna = sits_down("anna", width=1280, height=800)
    anna.get_by_text("I want to talk to a person").first.click()
    expect(anna.locator("#messages").get_by_text("message 24 about my scar")).to_be_in_viewport()
    assert anna.evaluate("document.documentElement.scrollHeight - innerHeight") == 0


def test_a_reply_being_written_survives_news_from_the_patient(front: Front, sits_down: Open) -> None:
    chat = patient_asks(front)
    anna = sits_down("anna")
    anna.get_by_text("I want to talk to a person").first.click()
    anna.get_by_role("button", name="Take over").click()
    anna.fill("#text", "A long reply that is not")
    writes(front, chat, "Are you still there?")
    expect(anna.locator("#messages").get_by_text("Are you still there?")).to_be_visible()
    expect(anna.locator("#text")).to_have_value("A long reply that is not")


def test_who_comes_second_to_a_row_is_told_and_nothing_is_lost(front: Front, sits_down: Open) -> None:
    patient_asks(front)
    anna, ben = sits_down("anna"), sits_down("ben")
    for page in (anna, ben):
        page.get_by_text("I want to talk to a person").first.click()
        expect(page.get_by_role("button", name="Assign to me")).to_be_visible()
    anna.get_by_role("button", name="Assign to me").click()
    expect(anna.get_by_role("button", name="Give back to all")).to_be_visible()
    ben.get_by_role("button", name="Assign to me").click()
    expect(ben.get_by_role("alert").get_by_text("Anna has this now")).to_be_visible()


def test_the_whole_desk_works_from_the_keyboard(front: Front, sits_down: Open) -> None:
    patient_asks(front)
    page = sits_down("anna")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat")
    page.keyboard.press("t")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("j k t are letters here")
    expect(page.locator("#text")).to_have_value("j k t are letters here")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages").get_by_text("j k t are letters here")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#text")).to_be_focused()  # the chat that came back has settled, and takes no focus any more
    page.locator("#chat-title").focus()
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.get_by_text("All done")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_quiet_desk_shows_how_long_things_wait_and_what_wakes_and_that_keeps_nobody_signed_in(
    front: Front, sits_down: Open
) -> None:
    asleep = front.item(front.chat(), "danger", "my lips are swelling")
    with unit_of_work(front.sessions) as session:
        triage.snooze(session, asleep, utc_now() + timedelta(minutes=5), utc_now())
        session.commit()
    patient_asks(front)
    page = sits_down("anna")
    expect(page.locator(".rows time").first).to_have_text("just now")
    expect(page.locator("#danger-bar")).to_be_hidden()
    heads: list[Any] = []
    page.on("request", lambda request: heads.append(request) if request.headers.get("hx-target") == "queue" else None)
    page.clock.install()
    page.goto(page.url)
    front.router.desk.clock = lambda: utc_now() + timedelta(minutes=7)
    page.clock.fast_forward(61_000)
    expect(page.locator(".rows time", has_text="7 min").first).to_be_visible()
    expect(page.get_by_text("my lips are swelling")).to_be_visible()
    expect(page.get_by_role("link", name="1 danger alert waits")).to_be_visible()
    assert {one.headers.get("x-desk-live") for one in heads} == {"1"}
    page.get_by_text("my lips are swelling").click()
    with page.expect_request("**/desk/c/**") as opened:
        page.get_by_text("I want to talk to a person").first.click()
    assert "x-desk-live" not in opened.value.headers, "what a person presses is use"


def test_a_ready_made_reply_names_the_person_who_writes(front: Front, sits_down: Open) -> None:
    patient_asks(front)
    page = sits_down("anna")
    page.get_by_text("I want to talk to a person").first.click()
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_role("button", name="Hand back")).to_be_visible()
    page.select_option("#canned", label="Greeting")
    expect(page.locator("#text")).to_have_value(re.compile("this is Anna from the front desk"))


def test_one_reply_takes_over_answers_and_finishes_while_list_and_drafts_stay(front: Front, sits_down: Open) -> None:
    first, second = patient_asks(front, "Can you call me?"), patient_asks(front, "I need a person")
    raises_alert(front)
    page = sits_down("anna")
    page.locator(".chips").get_by_role("link", name="Wants a person").click()
    page.get_by_text("I need a person").first.click()
    page.fill("#text", "A draft for later")
    page.get_by_text("Can you call me?").first.click()
    expect(page.locator(f'#chat[data-chat="{first}"]')).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
    page.fill("#text", "We call you at three.")
    page.get_by_role("button", name="Send and finish").click()
    expect(page.get_by_text("Back with the assistant")).to_be_visible()
    expect(page.locator(".rows li")).to_have_count(1)
    expect(page.locator(".chips").get_by_role("link", name="Wants a person 1")).to_have_attribute(
        "aria-current", "true"
    )
    said = [text for _, text in heard(front, first)][-3:]
    assert ["Anna from" in said[0], said[1], "I am back" in said[2]] == [True, "We call you at three.", True]
    page.locator(".rows a").first.click()
    expect(page.locator("#text")).to_have_value("A draft for later")
    page.locator("#side summary").filter(has_text="Close").click()
    page.get_by_role("button", name="Called the patient").click()
    expect(page.get_by_text("Press Enter for the next one")).to_be_visible()
    expect(page.locator(".chips").get_by_role("link", name="Wants a person 0")).to_have_attribute(
        "aria-current", "true"
    )
    assert heard(front, second)[-1][1] != "A draft for later"


def test_from_three_questions_to_an_answer_that_the_bot_gives(front: Front, sits_down: Open) -> None:
    for question in DOGS:
        front.item(front.chat(question), question=question)
    group_some(front.sessions)
    anna, clara = sits_down("anna"), sits_down("clara", "clinician")
    anna.get_by_role("link", name="Questions").click()
    expect(anna.locator(".group-count")).to_have_text("3")
    anna.get_by_role("link", name="Decide").click()
    anna.get_by_role("link", name="Write an answer").click()
    anna.get_by_label("Short name").fill("Dogs")
    anna.get_by_label("The answer, as patients read it").fill("Dogs may wait outside.")
    anna.get_by_label("Topic", exact=True).select_option("none")
    anna.get_by_role("button", name="Save as draft").click()
    expect(anna.get_by_text("Waits for a clinician")).to_be_visible()
    clara.get_by_role("link", name="Answers").click()
    clara.get_by_role("link", name="Dogs").click()
    expect(clara.get_by_text("None but those it was written for")).to_be_visible()
    clara.get_by_role("button", name="Approve").click()
    expect(clara.locator("h1").get_by_text("Live")).to_be_visible()
    assert "learned" in parsed(component(front), FOURTH)


def test_a_booking_is_confirmed_and_the_patient_reads_it(front: Front, sits_down: Open) -> None:
    from bot.store import bookings

    chat = patient_asks(front)
    with unit_of_work(front.sessions) as session:
        bookings.create(session, chat, bookings.Request("Rosa", "rosa@p.example", "email", wish="soon"), utc_now())
        session.commit()
    page = sits_down("anna")
    page.get_by_role("link", name="Bookings").click()
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_label("Time", exact=True).fill("2030-05-06T10:30")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("h1").get_by_text("Confirmed")).to_be_visible()
    assert "Monday 6 May, 10:30" in heard(front, chat)[-1][1]


def demo(front: Front) -> None:
    with unit_of_work(front.sessions) as session:
        demo_data(session, utc_now())
        session.commit()


def serious(page: Page) -> list[str]:
    """What axe finds that is serious or critical, as lines."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
    return [
        f"{one['id']}: {node['html'][:140]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def test_axe_finds_nothing_serious_on_any_page_and_nothing_scrolls_sideways_at_200_percent(
    front: Front, sits_down: Open, address: str
) -> None:
    demo(front)
    wide, narrow = sits_down("clara", "clinician"), sits_down("adam", "admin", 683, 410)
    tablet = sits_down("anna", width=820, height=1180)
    for path in every_page(front):
        for page in (wide, narrow) if path not in ADMINS else (narrow,):
            page.goto(f"{address}/desk{path}")
            assert serious(page) == [], path
        tablet.goto(f"{address}/desk{path}")
        assert [sideways(page) for page in (narrow, tablet)] == [0, 0], path
    tablet.goto(f"{address}/desk")
    tablet.locator(".rows a").first.click()
    expect(tablet.get_by_role("button", name="Send and finish")).to_be_in_viewport()


ADMINS = ("/staff", "/log")


def every_page(front: Front) -> list[str]:
    """The address of every page, those of one thing with a thing that is there."""
    with reading(front.sessions) as session:
        chat = triage.queue(session, utc_now(), kinds=("danger",)).items[0].conversation_id
        group = desk_questions.page(session)[0][0].group.id
        answer = next(one.answer.id for one in answers_learned.listed(session) if one.state == "draft")
        visit = desk_bookings.page(session, ("proposed",), order="waiting", today=NOW)[0][0].id
        screening = session.scalars(select(Screening.id)).first()
    one = [f"/c/{chat}", f"/questions/{group}", f"/answers/{answer}", f"/answers/new?group={group}"]
    lists = ["", "/questions", "/answers", "/training", "/bookings", "/bookings/week", "/figures", "/account"]
    lists += ["/deliveries", "/screenings/rules", "?show=closed", "?show=snoozed", "?q=a"]
    one.append(f"/screenings/{screening}")
    return [*lists, *one, f"/bookings/{visit}", *ADMINS]


def test_axe_finds_nothing_serious_in_what_opens_on_a_page(front: Front, sits_down: Open, address: str) -> None:
    patient_asks(front)
    closed = raises_alert(front)
    with unit_of_work(front.sessions) as session:
        triage.close(session, closed, "called", utc_now())
        session.commit()
    page = sits_down("anna")
    page.emulate_media(reduced_motion="reduce")  # no colour on its way from one to another
    page.get_by_text("I want to talk to a person").first.click()
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_role("button", name="Hand back")).to_be_visible()
    assert serious(page) == [], "a chat one has"
    for menu in ("Snooze", "Close"):
        page.locator("#side summary").filter(has_text=menu).click()
        expect(page.locator("#side details[open] button").first).to_be_visible()
        assert serious(page) == [], menu
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert serious(page) == [], "the list of keys"
    page.goto(f"{address}/desk?show=closed")
    page.locator(".rows a").first.click()
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    assert serious(page) == [], "a closed row"
    page.goto(f"{address}/desk/account")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("img").first).to_be_visible()
    assert serious(page) == [], "the second factor's code"


@pytest.mark.parametrize("for_whom", ["somebody new", "a colleague"])
def test_the_page_of_a_one_time_link_is_accessible_too(
    front: Front, chromium: Browser, address: str, for_whom: str
) -> None:
    with unit_of_work(front.sessions) as session:
        user = staff.create_admin(session, "eva@clinic.example", "Eva", PASSWORD, utc_now())
        staff_id = user.id if for_whom == "a colleague" else None
        secret = staff.make_link(session, role="front_desk", actor="t", now=utc_now(), staff_id=staff_id)
        session.commit()
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/desk/join/{secret}")
    expect(page.get_by_label("New password")).to_be_visible()
    assert serious(page) == []
    context.close()


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_the_sign_in_page_is_accessible_too(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/desk/login")
    assert serious(page) == []
    context.close()


def test_the_demo_data_comes_once(front: Front) -> None:
    with unit_of_work(front.sessions) as session:
        first = demo_data(session, utc_now())
        assert (first > 100, demo_data(session, utc_now())) == (True, 0)


def test_no_page_asks_anything_of_another_origin(front: Front, sits_down: Open, address: str) -> None:
    page = sits_down("anna")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("", "/questions", "/figures", "/bookings"):
        page.goto(f"{address}/desk{path}")
    assert asked
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


def test_the_desk_says_in_words_which_part_is_down_and_stops_saying_so(front: Front, sits_down: Open) -> None:
    page = sits_down("ines")
    bar = page.locator("#parts-bar")
    expect(bar).to_be_hidden()
    parts = {"rasa": "ok", "rasa 2": "down", "actions": "ok", "database": "down"}

    def look(answer: Callable[[Any], None]) -> None:
        page.unroute("**/healthz")
        page.route("**/healthz", answer)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    look(lambda route: route.fulfill(status=503, json={"status": "down", "parts": parts}))
    words = front.router.desk.words.parts
    expect(bar).to_have_text(f"{words['rasa']} {words['database']}")
    look(lambda route: route.abort())
    expect(bar).to_have_text(words["web"])
    look(lambda route: route.fulfill(json={"status": "ok", "parts": dict.fromkeys(parts, "ok")}))
    expect(bar).to_be_hidden()
