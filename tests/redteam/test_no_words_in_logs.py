"""Marked words of a patient, driven through the flows of the running installation, turn up where they belong and
nowhere else: not in logs, not in metrics, not in errors, not readable in the database."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import httpx
import pytest

from bot.channels.messenger.signature import HEADER, sign
from bot.store import staff
from bot.store.engine import make_engine, make_sessions, unit_of_work
from tests.installation import Installation
from tests.messenger import bodies
from tests.patient import CLIENT, NOTHING_APPLIES, Patient
from tests.redteam.systems import SECRET, Systems

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAME = "Zephyrine Quackenbush"
MARKS = (
    "zephyrine",
    "quackenbush",
    "2025550188",
    "202 555 0188",
    "zephyrine.q@example.net",
    "xylophagous",
    "brumotactillion",
)


TOLD = {
    **NOTHING_APPLIES,
    "age": "I am 34, xylophagous",
    "treatment": "facial",
    "name": NAME,
    "contact": "zephyrine.q@example.net",
    "when": "in two weeks on a tuesday at 10",
    "note": "brumotactillion in both arms",
    "confirm": "yes",
}
PSID = "5550002025550188"
PASSWORD = "correct horse battery staple"  # noqa: S105 - of somebody who does not exist


@pytest.fixture(scope="module")
def patient(installation: Installation, around: Systems) -> Patient:
    """Somebody who leaves marked words in everything that a patient, Messenger and the desk can do."""
    chat = installation.patient()
    for text in ("does it help against xylophagous brumotactillion", "xylophagous xylophagous", "does it hurt?"):
        chat.say(text)
    thumb = {"message_id": chat.heard[-1]["id"], "thumb": "down", "reason": "brumotactillion was missing"}
    assert CLIENT.post(f"{chat.base}/webhooks/website/feedback", json=thumb, headers=chat.headers).status_code == 200
    assert chat.until_done("can you check if I can have it, xylophagous", TOLD)["metadata"]["outcome"] == "suitable"
    assert chat.until_done("book a visit", TOLD)["metadata"]["reference"]
    until(lambda: any(NAME in body.decode() for _, _, body in around.webhook.taken), "the webhook got no booking")
    until(lambda: any("zephyrine.q@example.net" in mail for mail in around.mailbox.mails), "no invitation was mailed")
    change_and_cancel(chat)
    until(lambda: len(around.webhook.taken) >= 3, "the webhook heard of no change")
    move(installation, chat)
    for text in (
        "my lips are swelling and I cannot breathe, xylophagous",
        "I want to talk to a person about my brumotactillion, call +1 202 555 0188",
    ):
        chat.say(text)
    on_messenger(installation, around)
    at_the_desk(installation, chat)
    gone = installation.patient()
    gone.say("xylophagous brumotactillion, I am Zephyrine")
    gone.say("delete my data")
    assert gone.say("yes")[-1]["metadata"]["kind"] == "confirmation"
    for body in (
        {"text": "xylophagous " * 2000},
        {"payload": '/brumotactillion{"x": "zephyrine"}'},
        {"text": {"xylophagous": 1}},
    ):
        chat.post(**body)
    return chat


def until(holds: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(what)


def change_and_cancel(chat: Patient) -> None:
    """Move the visit, then call it off."""
    told = {**TOLD, "move": "in three weeks on a wednesday at 11, brumotactillion", "cancel": "yes"}
    chat.say("I want another time for my visit, xylophagous")
    for _ in range(10):
        last = chat.heard[-1]
        if last["metadata"]["kind"] == "confirmation":
            break
        times = [one["payload"] for one in last["buttons"] if '"when"' in one["payload"]]
        if times:
            chat.send(times[0])
        elif any(one["payload"] == "/affirm" for one in last["buttons"]):
            chat.say("yes")
        elif last["metadata"].get("asks") == "visit":
            chat.press("Another time")
        else:
            chat.say(told[str(chat.asked)])
    assert chat.heard[-1]["metadata"]["kind"] == "confirmation", chat.heard[-4:]
    chat.say("cancel my visit, zephyrine")
    assert chat.asked == "cancel"
    assert chat.say("yes")[-1]["metadata"]["kind"] == "confirmation"


def move(installation: Installation, chat: Patient) -> None:
    """Take the chat along to another browser with a code."""
    code = CLIENT.post(f"{chat.base}/webhooks/website/move", headers=chat.headers).json()["code"]
    moved = installation.patient().say(code)[-1]
    assert moved["metadata"]["token"]


def on_messenger(installation: Installation, around: Systems) -> None:
    """A person of Messenger writes, and is answered."""
    for words in ("xylophagous, does it hurt?", "my name is Zephyrine Quackenbush, brumotactillion"):
        now, before = datetime.now(timezone.utc), len(around.graph.texts(PSID))
        around.graph.wrote[PSID] = now
        raw = bodies.body(bodies.text(PSID, words, at=now))
        address, headers = f"{installation.base}/webhooks/messenger", {HEADER: sign(raw, SECRET)}
        assert CLIENT.post(address, content=raw, headers=headers).status_code == 200
        until(lambda before=before: len(around.graph.texts(PSID)) > before, "nobody was answered in Messenger")
    refused = CLIENT.post(address, content=raw, headers={HEADER: "sha256=00"})
    assert (refused.status_code, found(refused.text)) == (403, [])


def at_the_desk(installation: Installation, chat: Patient) -> None:
    """An admin searches, reads, answers, notes wrong things, and hands the data out."""
    with unit_of_work(make_sessions(make_engine(installation.database_url))) as session:
        now = datetime.now(timezone.utc)
        staff.create_admin(session, "marks@clinic.example", "Marks", PASSWORD, now)
        session.commit()
    with httpx.Client(base_url=installation.base, timeout=60, trust_env=False, follow_redirects=True) as http:
        token = re.search(r'name="token" value="([^"]+)"', http.get("/desk/login").text)
        assert token
        signed_in = http.post(
            "/desk/login", data={"token": token[1], "email": "marks@clinic.example", "password": PASSWORD}
        )
        csrf = re.search(r'name="csrf" value="([^"]+)"', signed_in.text)
        assert csrf
        http.headers["X-CSRF-Token"] = csrf[1]
        assert NAME in http.get("/desk", params={"q": NAME}).text
        page = f"/desk/c/{chat.conversation_id}"
        assert NAME in http.get(page).text
        assert http.post(f"{page}/take-over").status_code == 200
        assert http.post(f"{page}/reply", data={"text": f"Dear {NAME}, no xylophagous"}).status_code == 200
        assert NAME in http.post(f"{page}/data/export", data={"form": "json"}).text
        for path in ("/desk/c/zephyrine", "/desk/bookings/xylophagous", "/desk/brumotactillion"):
            assert found(http.get(path).text) == [], path
        assert http.post(f"{page}/hand-back").status_code == 200


def found(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text.casefold()]


def files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


def counted(where: str, text: str, capsys: pytest.CaptureFixture[str]) -> int:
    """The bytes of the marked words in a text, printed."""
    number = sum(len(mark.encode()) * text.casefold().count(mark) for mark in MARKS)
    with capsys.disabled():
        print(f"\n{where}: {number} bytes of personal data in {len(text.encode())}", end="")
    return number


def test_no_word_of_a_patient_is_in_logs_metrics_traces_or_errors(
    installation: Installation, patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(" ".join(str(message["text"]) for message in patient.history())), "the words did get through"
    assert installation.traces.wait_for(lambda spans: len(spans) > 20), "the traces are elsewhere"
    wrong = ("/nowhere/zephyrine", "/webhooks/website/history?x=zephyrine", "/desk/c/zephyrine")
    texts = {
        "logs": installation.log.read_text(errors="replace"),
        "metrics": httpx.get(f"{installation.base}/metrics", timeout=30).text,
        "traces": installation.traces.text(),
        "error pages": "".join(httpx.get(f"{installation.base}{path}", timeout=30).text for path in wrong),
    }
    assert {where: counted(where, text, capsys) for where, text in texts.items()} == dict.fromkeys(texts, 0)
    assert patient.conversation_id not in texts["traces"]


def test_an_error_does_not_repeat_what_was_sent(installation: Installation, patient: Patient) -> None:
    bodies: tuple[dict[str, object], ...] = (
        {"text": "xylophagous " * 2000},
        {"payload": '/brumotactillion{"x": "zephyrine"}'},
        {"text": {"xylophagous": 1}},
        {"id": ["zephyrine"], "text": "hello"},
    )
    for body in bodies:
        answer = patient.post(**body)
        assert answer.status_code in (400, 413, 422), answer.text
        assert found(answer.text) == []


def test_nothing_under_the_data_folder_is_readable(installation: Installation, patient: Patient) -> None:
    assert os.path.isdir(installation.log.parent)
    assert any(name.endswith("mesoguide.db") for name, _ in files(installation.log.parent)), "the data is elsewhere"
    assert [(name, marks) for name, text in files(installation.log.parent) if (marks := found(text))] == []
