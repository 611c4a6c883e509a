"""A patient who writes in another language hears the reply and the advice in danger in that language."""

from __future__ import annotations

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.channels.responses import ClinicResponses
from bot.clinic.content import load_content
from bot.settings import BOT

CONTENT = load_content(BOT / "content")


@pytest.fixture(scope="module")
def responses() -> ClinicResponses:
    return ClinicResponses(EndpointConfig(), Domain.load(str(BOT / "domain.yml")))


def tracker(language: str) -> DialogueStateTracker:
    tracker = DialogueStateTracker.from_events("anna", [], [])
    tracker.update(UserUttered("…", parse_data={"language": language, "danger": {"sign": "breathing"}}))  # type: ignore[typeddict-unknown-key]
    return tracker


@pytest.mark.parametrize("code", sorted(CONTENT.languages))
@pytest.mark.parametrize("name", ["utter_other_language", "utter_emergency"])
async def test_reply_and_advice_are_in_the_patient_s_language(responses: ClinicResponses, code: str, name: str) -> None:
    said = await responses.generate(name, tracker(code), "website")
    assert said is not None
    language = CONTENT.languages[code]
    told = language.emergency if name == "utter_emergency" else language.reply
    assert said["text"] == CONTENT.fill(told)
    assert CONTENT.clinic.emergency_number in said["text"]
    assert all(button["title"] == language.person for button in said.get("buttons") or [])


async def test_in_english_the_domain_s_words_are_said(responses: ClinicResponses) -> None:
    said = await responses.generate("utter_emergency", tracker("en"), "website")
    assert said is not None
    assert "Please call" in said["text"]
