"""More than sixty whole conversations with the running installation, each by a person who is data (the .yml files)."""

from __future__ import annotations

import re

import pytest

from bot.store import screenings
from bot.store.engine import reading
from tests.installation import Installation
from tests.patient import Message
from tests.personas.aging import store
from tests.personas.driver import Person, Stage, Talk, begin, people

pytestmark = pytest.mark.slow
PEOPLE = people()
LONGEST = 75  # words of one message
# Said as a statement these would promise, diagnose or lecture; a question ("Do you have diabetes?") may name it.
NEVER = re.compile(
    r"\byou(?:'re| are) (?:safe|healthy|fine|ill|sick)\b|\bsafe for you\b|\bguarantee|\bdiagnos|\byou must\b"
    r"|\byou should\b|\byou have (?:diabetes|cancer|a heart|a liver|a kidney)|\bunfortunately\b|\bplease note\b",
    re.IGNORECASE,
)


def test_there_are_at_least_sixty_people_and_each_is_somebody_else() -> None:
    assert len({person.who for person in PEOPLE}) == len(PEOPLE) >= 60


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.who.split(",")[0])
def test_the_conversation_ends_as_the_rules_say_and_reads_well(installation: Installation, person: Person) -> None:
    talk = begin(person, installation.patient(), installation.database_url)
    for stage in person.stages:
        said = talk.run(stage)
        _check(stage, said, talk)
    for message in talk.patient.heard:
        _reads_well(message, talk)
    _is_on_record(talk, installation)


def _check(stage: Stage, said: list[Message], talk: Talk) -> None:
    outcomes = [message["metadata"] for message in said if message["metadata"]["kind"] == "outcome"]
    assert [one["outcome"] for one in outcomes] == ([stage.outcome] if stage.outcome else []), talk
    assert not outcomes or outcomes[0]["reasons"] == list(stage.reasons), f"{outcomes[0]['reasons']}\n{talk}"
    asked = {message["metadata"].get("part") or message["metadata"].get("asks") for message in said}
    assert set(stage.asked) <= asked, f"not asked: {set(stage.asked) - asked}\n{talk}"
    assert not set(stage.never_asked) & asked, f"asked: {set(stage.never_asked) & asked}\n{talk}"
    for wanted in stage.hears:
        assert wanted.is_in(said), f"not heard: {wanted!r}\n{talk}"
    whole = " ".join(message["text"] for message in said)
    assert not [words for words in stage.never_hears if words.casefold() in whole.casefold()], talk


def _reads_well(message: Message, talk: Talk) -> None:
    statements = " ".join(part for part in re.split(r"(?<=[.!?])\s+", message["text"]) if not part.endswith("?"))
    assert not NEVER.search(statements), f"{message['text']}\n{talk}"
    assert "{" not in message["text"], talk
    assert len(message["text"].split()) <= LONGEST, f"{message['text']}\n{talk}"
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s+", message["text"])]
    assert len(set(sentences)) == len(sentences), f"says something twice: {message['text']}\n{talk}"


def _is_on_record(talk: Talk, installation: Installation) -> None:
    """What counts at the end is what was said last, and every earlier outcome is still there."""
    outcomes = [message["metadata"] for message in talk.patient.heard if message["metadata"]["kind"] == "outcome"]
    with reading(store(installation.database_url)) as session:
        rows = screenings.history(session, talk.patient.conversation_id)
        latest = screenings.latest(session, talk.patient.conversation_id)
        assert [row.outcome for row in rows] == [one["outcome"] for one in outcomes if not one.get("again")], talk
        assert (latest.outcome if latest else None) == (outcomes[-1]["outcome"] if outcomes else None), talk
