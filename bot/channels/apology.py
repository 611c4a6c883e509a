"""What the patient hears when a turn failed: Rasa's own response, or, without Rasa, the words of words.yml."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker
from ruamel.yaml import YAML

log = logging.getLogger(__name__)

RESPONSE = "utter_part_failed"
WORDS = Path(__file__).with_name("words.yml")


async def apology(app: Any, placeholders: Mapping[str, str], conversation_id: str) -> Mapping[str, Any]:
    """The response `utter_part_failed` of the domain; the words kept beside this module when Rasa cannot give it."""
    try:
        said = await _from_rasa(getattr(app.ctx, "agent", None), conversation_id)
    except Exception as error:  # the apology itself must not fail
        log.error("no %s from Rasa: %s", RESPONSE, type(error).__name__)
        said = None
    if said and said.get("text"):
        return {"text": said["text"], "buttons": said.get("buttons") or [], "metadata": said.get("metadata") or {}}
    return {"text": words()["part_failed"].format(**placeholders), "metadata": {"kind": "fallback"}}


async def _from_rasa(agent: Any, conversation_id: str) -> Mapping[str, Any] | None:
    if agent is None or agent.processor is None:
        return None
    tracker = DialogueStateTracker(conversation_id, agent.domain.slots)
    return await agent.processor.nlg.generate(RESPONSE, tracker, "website")


@lru_cache
def words() -> dict[str, str]:
    """The channel's own words, by name."""
    return YAML(typ="safe").load(WORDS)
