"""How fast the desk's pages answer with 10,000 rows in the queue and 100,000 messages: `python -m
benchmarks.desk_speed`.

Seeds a SQLite database in a temporary folder, asks every page over HTTP through the app, prints the median in
milliseconds, and measures how long a person's reply takes to reach a patient's open stream.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from random import Random
from typing import Any

import httpx
import numpy as np
from cryptography.fernet import Fernet
from fastapi import FastAPI
from sqlalchemy import insert, select

from bot.channels.feed import Feed
from bot.clinic.content import load_content
from bot.clinic.screening import Heard, begin, hear, verdict
from bot.desk import create_router
from bot.desk.meaning import ENCODER
from bot.settings import Settings
from bot.store import answers_learned, conversations, desk_ownership, staff
from bot.store.answers_learned import Draft
from bot.store.columns import new_id
from bot.store.desk_models import GroupedQuestion, QuestionGroup
from bot.store.engine import Session, Sessions, reading, unit_of_work
from bot.store.models import Booking, Conversation, Message, Screening, StaffUser, TriageItem
from bot.store.opening import open_store
from bot.store.pseudonyms import new_pseudonym
from bot.store.vectors import packed

NOW = datetime.now(timezone.utc)
CHATS, MESSAGES, ITEMS, GROUPS, BOOKINGS, ANSWERS, SCREENINGS = 10_000, 100_000, 10_000, 600, 3_000, 200, 3_000
KINDS = ("question", "question", "question", "question", "question", "booking", "person", "person", "review", "danger")
URGENCY = {"danger": 0, "person": 10, "review": 20, "booking": 30, "question": 40}
PASSWORD = "correct horse battery staple"  # noqa: S105 - of a database that lives a minute
TIMES = 9


def seed(sessions: Sessions, random: Random) -> None:
    """A desk that has been left alone for half a year."""
    chats = [_chat(number, random) for number in range(CHATS)]
    bookings = [_booking(random.choice(chats), random) for _ in range(BOOKINGS)]
    items = [_item(random.choice(chats), random) for _ in range(ITEMS)]
    groups = [_group(random) for _ in range(GROUPS)]
    questions = [item for item in items if item["kind"] == "question"]
    filed = [{"item_id": item["id"], "group_id": random.choice(groups)["id"], "similarity": 0.7} for item in questions]
    with unit_of_work(sessions) as session:
        _insert(session, Conversation, chats)
        _insert(session, Message, (_message(number, chats[number % CHATS], random) for number in range(MESSAGES)))
        _insert(session, Booking, bookings)
        _insert(session, TriageItem, items)
        _insert(session, QuestionGroup, groups)
        _insert(session, GroupedQuestion, filed)
        for name, role in (("Anna", "front_desk"), ("Adam", "admin")):
            email = f"{name.lower()}@clinic.example"
            author = staff.create(session, email=email, name=name, role=role, password=PASSWORD, actor="seed", now=NOW)  # type: ignore[arg-type]
        for number in range(ANSWERS):
            _answer(session, number, author)
        _insert(session, Screening, _screenings(chats, random))
        session.commit()


def _insert(session: Session, model: Any, rows: Any) -> None:
    rows = iter(rows)
    while batch := list(islice(rows, 2000)):
        session.execute(insert(model), batch)


def _moment(random: Random) -> datetime:
    return NOW - timedelta(minutes=random.randint(1, 26 * 7 * 24 * 60))


def _chat(number: int, random: Random) -> dict[str, Any]:
    at = _moment(random)
    owner = random.choices(("bot", "waiting", "person", "returned"), (90, 3, 1, 6))[0]
    return {
        "id": f"chat-{number}",
        "channel": random.choice(("website", "messenger")),
        "pseudonym": new_pseudonym(),
        "owner": owner,
        "language": "en",
        "created_at": at,
        "last_message_at": at,
    }


def _message(number: int, chat: dict[str, Any], random: Random) -> dict[str, Any]:
    sender = "patient" if number // CHATS % 2 == 0 else "bot"
    kind = None if sender == "patient" else random.choice(("answer", "answer", "answer", "fallback", "question"))
    topic = random.choice(("ask_pain", "ask_cost", "ask_side_effects", "ask_uses")) if kind == "answer" else None
    parse = {"intent": {"name": "ask_pain", "confidence": 0.9}, "entities": [{"entity": "treatment", "value": "hair"}]}
    return {
        "id": new_id(),
        "conversation_id": chat["id"],
        "sender": sender,
        "text": f"Does it hurt when you do my hair for the {number}th time?"
        if sender == "patient"
        else "Our leaflet says that it can hurt a little.",
        "buttons": [],
        "meta": {"kind": kind, "topic": topic, "asks": "pregnant"} if kind else {},
        "kind": kind,
        "topic": topic,
        "intent": "ask_pain" if sender == "patient" else None,
        "understood": parse if sender == "patient" else None,
        "created_at": chat["created_at"] + timedelta(minutes=number // CHATS),
    }


def _item(chat: dict[str, Any], random: Random) -> dict[str, Any]:
    kind, at = random.choice(KINDS), _moment(random)
    return {
        "id": new_id(),
        "kind": kind,
        "urgency": URGENCY[kind],
        "conversation_id": chat["id"],
        "question": f"Can I bring my dog number {random.randint(1, 999)}?",
        "details": {"nearest": ["ask_clinic_info"]},
        "status": "open",
        "handoff_reason": "knowledge_missing",
        "created_at": at,
        "updated_at": at,
    }


def _group(random: Random) -> dict[str, Any]:
    at = _moment(random)
    return {
        "id": new_id(),
        "status": "open",
        "asked": random.randint(1, 40),
        "centre": packed([random.random() for _ in range(384)]),  # type: ignore[arg-type]
        "encoder": ENCODER,
        "created_at": at,
        "newest_at": at,
    }


def _answer(session: Session, number: int, author: StaffUser) -> None:
    """A draft with five wordings, under a topic so that it proposes training examples."""
    wordings = [
        (f"May I bring animal {number} in way {way}?", np.full(384, 0.05, np.float32), None) for way in range(5)
    ]
    draft = Draft(f"Animal {number}", "It may wait outside.", topic="ask_clinic_info")
    answers_learned.write(session, draft, wordings, encoder=ENCODER, author=author, now=NOW)


def _screenings(chats: list[dict[str, Any]], random: Random) -> Iterator[dict[str, Any]]:
    """What a check of one message and one of two leaves, decided as the rules decide."""
    content = load_content(Settings().content)
    for said in ({"none_of_these": "no"}, {"diabetes": "yes"}, {"liver_disease": "unsure", "none_of_these": "no"}):
        turn = begin(content, Heard("check_eligibility", age=34, text="I am 34"), NOW.date())
        turn = hear(turn.state, Heard("inform", said, text="as said"), content, NOW.date())
        found = verdict(turn.state, content)
        answers = {key: turn.state.to_dict()[key] for key in ("answers", "amendments", "about", "person")}
        for chat in random.sample(chats, SCREENINGS // 3):
            yield {
                "id": new_id(),
                "conversation_id": chat["id"],
                "answers": answers,
                "outcome": found.outcome,
                "reasons": list(found.reasons),
                "open": list(found.open),
                "content_version": content.version,
                "rules_version": content.screening.version,
                "decided_at": _moment(random),
            }


def _booking(chat: dict[str, Any], random: Random) -> dict[str, Any]:
    at = _moment(random)
    return {
        "id": new_id(),
        "reference": f"MG-{random.randrange(10**9)}",
        "conversation_id": chat["id"],
        "name": "Rosa Lindner",
        "contact": "rosa@patients.invalid",
        "contact_kind": "email",
        "contact_index": str(random.random()),
        "treatment": "hair",
        "starts_at": NOW + timedelta(hours=random.randint(-2000, 500)),
        "status": random.choice(("proposed", "booked", "arrived", "cancelled")),
        "screening_status": "not_screened",
        "created_at": at,
        "updated_at": at,
    }


async def measure(settings: Settings, sessions: Sessions) -> list[tuple[str, float, float]]:
    """Median milliseconds of each page, asked as a signed-in browser asks: by the clock, and of the processor."""
    app = FastAPI()
    router = create_router(settings, sessions)
    app.include_router(router)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example", follow_redirects=True) as client:
        with reading(sessions) as session:
            screening = session.scalars(select(Screening.id).limit(1)).one()
        pages = await _every_page(client, screening)
        return [(path, *await _median(client, path, router.desk.kept_figures.clear)) for path in pages]


async def _every_page(client: httpx.AsyncClient, screening: str) -> list[str]:
    """Sign in, and find the address of every page, of things that are there."""
    page = await client.get("/desk/login")
    token = _found(r'name="token" value="([^"]+)"', page.text)
    data = {"token": token, "email": "adam@clinic.example", "password": PASSWORD}
    home = (await client.post("/desk/login", data=data)).text
    item = _found(r'href="(/desk/c/[^"]+)" data-item', home)
    following = _found(r'href="(/desk\?after=[^"]+)"', home).replace("&amp;", "&")
    group, answer, visit = [
        _found(rf'href="(/desk/{name}/[0-9a-f-]{{36}})"', (await client.get(f"/desk/{name}")).text)
        for name in ("questions", "answers", "bookings")
    ]
    pages = ["/desk", following, "/desk?kind=question", "/desk?show=mine", "/desk?q=number 77", "/desk?q=Heron", item]
    pages += [item.split("?")[0] + "/news?after=0", "/desk/questions", group, "/desk/answers", answer]
    pages += [f"{answer}/preview", f"/desk/answers/new?group={group.rsplit('/', 1)[-1]}", "/desk/training"]
    pages += ["/desk/bookings", visit, "/desk/bookings/week", "/desk/figures?weeks=26", "/desk/deliveries"]
    pages += ["/desk/screenings/rules", f"/desk/screenings/{screening}"]
    return [*pages, "/desk/figures.csv?table=weeks&weeks=26", "/desk/staff", "/desk/log", "/desk/account"]


async def _median(client: httpx.AsyncClient, path: str, forget: Callable[[], None]) -> tuple[float, float]:
    spent, worked = [], []
    for _ in range(TIMES):
        forget()  # the figures, which are else kept for a minute
        began, work = time.perf_counter(), time.process_time()
        answer = await client.get(path)
        spent.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - work) * 1000)
        answer.raise_for_status()
    return statistics.median(spent), statistics.median(worked)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


async def delivery(sessions: Sessions) -> list[float]:
    """Seconds from a person's reply being stored to its arrival at the patient's open stream."""
    feed, spent = Feed(sessions), []
    with unit_of_work(sessions) as session:
        anna = staff.find(session, "anna@clinic.example")
        chat = conversations.open_conversation(session, channel="website", now=NOW).id
        desk_ownership.take_over(session, chat, anna.id if anna else "", {"text": "Anna is here."}, NOW)
        session.commit()
    async with feed.watch(chat, None) as watcher:
        for number in range(10):
            await asyncio.sleep(0.13 * number)
            began = time.perf_counter()
            await asyncio.to_thread(_reply, sessions, chat, anna.id if anna else "")
            await watcher.queue.get()
            spent.append(time.perf_counter() - began)
    await feed.close()
    return spent


def _reply(sessions: Sessions, chat: str, staff_id: str) -> None:
    with unit_of_work(sessions) as session:
        desk_ownership.say_as_staff(session, chat, staff_id, "I am here.", NOW)
        session.commit()


def main() -> None:
    """Seed, measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        keys = (Fernet.generate_key().decode(),)
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/desk.db"
        settings = Settings(database_url=url, keys=keys, secret="of the benchmark")  # noqa: S106 - lives a minute
        sessions = open_store(settings)
        began = time.perf_counter()
        seed(sessions, Random(3))
        print(f"seeded {ITEMS} items, {MESSAGES} messages in {time.perf_counter() - began:.0f} s")
        print("by the clock, of the processor (a machine busy with other things shows in the first alone)")
        for path, spent, worked in asyncio.run(measure(settings, sessions)):
            print(f"{spent:7.0f} ms {worked:6.0f} ms  {path[:60]}")
        arrived = asyncio.run(delivery(sessions))
        print(f"a reply reaches the stream after {statistics.median(arrived):.2f} s, at most {max(arrived):.2f} s")


if __name__ == "__main__":
    main()
