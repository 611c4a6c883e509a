"""The screenings that count are replayed, those that were amended are not."""

from __future__ import annotations

from bot.clinic.content import load_content
from bot.clinic.screening import Screening
from bot.clinic.screening.replay import replay
from bot.settings import BOT
from bot.store import screenings, screenings_stored
from bot.store.engine import Sessions, reading, unit_of_work

from .conftest import NOW


def test_a_change_of_rules_is_replayed_on_the_answers_that_count(sessions: Sessions, chat: str) -> None:
    rules = load_content(BOT / "content").screening
    said = {"pregnant": "yes", "age": 34}
    state = Screening()
    for key, value in said.items():
        state = state.with_answer(key, value, "", NOW.date())
    decision = screenings.Decision(state.to_dict(), "suitable", content_version="c0", rules_version="r0")
    with unit_of_work(sessions) as session:
        first = screenings.save(session, chat, decision, NOW)
        second = screenings.amend(session, first, decision, NOW)
        session.commit()
    with reading(sessions) as session:
        found = replay(screenings_stored.current(session), rules).differences
    assert [(one.id, one.was, one.now, one.rules_version) for one in found] == [
        (second.id, "suitable", "not_suitable", "r0")
    ]
