"""What a patient must know before anything else, and the words for the worst moment, stand in the domain."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from bot.clinic.content import Content
from bot.settings import BOT


@pytest.fixture(scope="module")
def responses() -> dict[str, list[dict[str, Any]]]:
    return yaml.safe_load((BOT / "domain.yml").read_text(encoding="utf-8"))["responses"]


def test_the_first_message_says_machine_no_doctor_what_is_stored_and_how_to_reach_a_person(
    content: Content, responses: dict[str, list[dict[str, Any]]]
) -> None:
    for variant in responses["utter_welcome"]:
        said = " ".join(content.fill(variant["text"]).split())
        assert "computer program" in said  # EU AI Act, article 50: people are told that they talk to a machine
        assert "not a doctor" in said
        assert f"stored for at most {content.clinic.privacy.chat_days} days" in said
        assert content.clinic.phone in said
        assert "/talk_to_human" in {button["payload"] for button in variant["buttons"]}


def test_thoughts_of_suicide_have_words_of_their_own(
    content: Content, responses: dict[str, list[dict[str, Any]]]
) -> None:
    rule = {"type": "slot", "name": "danger_sign", "value": "suicide"}
    own = [variant for variant in responses["utter_emergency"] if rule in variant.get("condition", [])]
    assert len(own) == 1
    assert content.clinic.emergency_number in content.fill(own[0]["text"])
    assert "buttons" not in own[0], "nothing invites back to treatments"
