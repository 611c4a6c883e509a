"""What a reply to the privacy notice means: only a clear yes is one."""

from __future__ import annotations

import pytest

from bot.clinic.consent import joined, reply_to_notice


@pytest.mark.parametrize(
    ("intent", "text", "pressed", "reply"),
    [
        ("inform", "", "yes", "yes"),
        ("inform", "", "no", "no"),
        ("affirm", "sure", None, "yes"),
        ("inform", "Yes, I'm 34 and not pregnant", None, "yes"),
        ("check_eligibility", "yes please check me", None, "yes"),
        ("affirm", "", None, "yes"),
        ("affirm", "hmm ok then", None, "yes"),
        ("affirm", "👍", None, "yes"),
        ("affirm", "huh?", None, "other"),
        ("affirm", "what", None, "other"),
        ("inform", "my kidneys are fine", None, "other"),
        ("deny", "no thanks", None, "no"),
        ("refuse", "I'd rather not", None, "no"),
        ("stop", "stop", None, "no"),
        ("ask_why", "why do you need that?", None, "why"),
        ("inform", "I'm 34", None, "other"),
        ("inform", "yes? what for", None, "other"),
        ("ask_pain", "yes but does it hurt", None, "other"),
        ("unsure", "hmm", None, "other"),
        ("check_eligibility", "can you check me", None, "other"),
    ],
)
def test_only_a_clear_yes_is_consent(intent: str, text: str, pressed: str | None, reply: str) -> None:
    assert reply_to_notice(intent, text, pressed) == reply


def test_the_message_that_started_the_form_is_joined_with_what_the_yes_told() -> None:
    age, older = {"entity": "age", "value": 34}, {"entity": "age", "value": 43}
    pregnant = {"entity": "pregnant", "value": "no"}
    button = [{"entity": "question", "value": "consent"}, {"entity": "answer", "value": "yes"}]
    first = {"intent": {"name": "inform"}, "text": "I'm 34 and not pregnant", "entities": [age, pregnant]}
    assert joined(first, {"entities": button})["entities"] == [age, pregnant]
    assert joined(first, {"entities": [older]})["entities"] == [pregnant, older]
    assert joined(first, {"entities": button})["text"] == first["text"]
