"""Rasa's response generator with the clinic's details filled in.

It runs inside the Rasa process, so a response with `{emergency_number}` reaches the patient complete while the action
server is down, and a changed clinic detail needs no training.
"""

from __future__ import annotations

import re
from typing import Any

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.clinic.content import load_content
from bot.settings import Settings

OTHER_LANGUAGE, EMERGENCY = "utter_other_language", "utter_emergency"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


class ClinicResponses(TemplatedNaturalLanguageGenerator):
    """Answers `utter_…` names from the domain; placeholders come from content/clinic.yml and the danger just named."""

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        content = load_content(Settings.from_env().content)
        super().__init__({**domain.responses, **content.responses})  # the model may hold those of another version
        self._details = dict(content.placeholders())
        self._languages = content.languages
        self._signs = {sign.id: sign for sign in content.warning_signs}

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **values: Any
    ) -> dict[str, Any] | None:
        """The response of that name, complete, or None when the domain has none."""
        known = {**tracker.current_slot_values(), **self._details, **self._danger(tracker)}
        response = self.generate_from_slots(utter_action, known, output_channel, **values)
        if response:
            response = self._translated(utter_action, response, tracker)
        if response and values.get("buttons"):
            # Rasa puts an action's buttons behind the response's own: "Other times" before the times. Turned here.
            values["buttons"].extend(response.pop("buttons", None) or [])
        return response

    def _fill_response(
        self, response: dict[str, Any], filled_slots: dict[str, Any] | None = None, **values: Any
    ) -> dict[str, Any]:
        """Fill placeholders in the text and the link alone. Rasa's own filling also tries the braces of the payloads,
        fails, and logs every slot's value with the failure."""
        known = {**(filled_slots or {}), **values}
        if response.get("text"):
            response["text"] = _filled(response["text"], known)
        link = (response.get("metadata") or {}).get("link")
        if link:
            filled = {key: _filled(value, known) for key, value in link.items()}
            response["metadata"] = {**response["metadata"], "link": filled}
        return response

    def _translated(self, name: str, response: dict[str, Any], tracker: DialogueStateTracker) -> dict[str, Any]:
        """The response in the patient's language, where it is one of the two that every language file has."""
        message = tracker.latest_message
        language = self._languages.get(str((message.parse_data if message else {}).get("language")))
        if language is None or name not in (OTHER_LANGUAGE, EMERGENCY):
            return response
        text = language.emergency if name == EMERGENCY else language.reply
        buttons = [{**button, "title": language.person} for button in response.get("buttons") or []]
        return self._fill_response({**response, "text": text, "buttons": buttons}, self._details)

    def _danger(self, tracker: DialogueStateTracker) -> dict[str, str]:
        message = tracker.latest_message
        danger = (message.parse_data.get("danger") if message else None) or {}
        sign = self._signs.get(str(danger.get("sign")))
        if sign is None:
            return {"danger_sign": "", "danger_label": "how you feel"}
        return {"danger_sign": str(danger["sign"]), "danger_label": sign.label}


def _filled(text: str, known: dict[str, Any]) -> str:
    return PLACEHOLDER.sub(lambda found: str(known.get(found[1], found[0])), text)
