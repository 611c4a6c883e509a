"""What the clinic's page shows: details, prices and main answers from the content, and the chat's own words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.clinic.content import Content

WORDS = Path(__file__).with_name("words.yml")
Words = Mapping[str, Any]


def read_words(path: Path = WORDS) -> Words:
    """The words of the page and the chat window."""
    return YAML(typ="safe").load(path)


def page_context(content: Content, words: Words) -> dict[str, Any]:
    """Everything the templates show."""
    clinic = content.clinic
    return {
        "clinic": clinic,
        "hours": [_day(name, opening, words["page"]) for name, opening in clinic.hours.days],
        "prices": [(one.title, one.minutes, f"{one.price:g} {clinic.currency}") for one in clinic.treatments],
        "answers": main_answers(content, words["page"]["answers"]),
        "words": filled(content, words["page"]),
        "chat": chat_config(content, words),
        "phone_link": _phone_link(clinic.phone),
        "emergency_link": _phone_link(clinic.emergency_number),
    }


def main_answers(content: Content, topics: Mapping[str, str]) -> list[tuple[str, str]]:
    """(question, answer) for the page, in the order of words.yml: the answers that are about nothing special."""
    general = {
        answer.topic: answer.text
        for answer in content.answers
        if (answer.treatment, answer.concern, answer.criterion) == (None, None, None)
    }
    return [(question, content.fill(general[topic])) for topic, question in topics.items() if topic in general]


def chat_config(content: Content, words: Words) -> dict[str, Any]:
    """What the chat window in the browser needs to know; handed over as JSON in the page."""
    clinic = content.clinic
    return {
        "clinic": clinic.name,
        "phone": {"text": clinic.phone, "link": _phone_link(clinic.phone)},
        "emergency": {"text": clinic.emergency_number, "link": _phone_link(clinic.emergency_number)},
        "words": filled(content, words["chat"]),
    }


def filled(content: Content, words: Any) -> Any:
    """Words with the clinic's placeholders filled in, however deep they are nested."""
    if isinstance(words, Mapping):
        return {key: filled(content, value) for key, value in words.items()}
    return content.fill(words) if isinstance(words, str) else words


def _day(name: str, opening: Any, words: Words) -> tuple[str, str]:
    if opening is None:
        return words["days"][name], words["closed"]
    return words["days"][name], f"{opening.opens:%H:%M} – {opening.closes:%H:%M}"


def _phone_link(number: str) -> str:
    return "tel:" + "".join(c for c in number if c.isdigit() or c == "+")
