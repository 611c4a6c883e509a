"""What the clinic's page shows: details, prices and main answers from the content, and the chat's own words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.clinic.content import Content

WORDS = Path(__file__).with_name("words.yml")
LANGUAGES = Path(__file__).with_name("languages")
SPOKEN = "en"  # the language of words.yml, and of what the assistant says
Words = Mapping[str, Any]


def read_words(path: Path = WORDS) -> Words:
    """The words of the page, the chat window and the widget's button."""
    return YAML(typ="safe").load(path)


def read_languages(folder: Path = LANGUAGES) -> dict[str, Words]:
    """Language code -> the words of chat and widget in it, and `dir`, the direction it is written in."""
    others = {one.stem: read_words(one) for one in sorted(folder.glob("*.yml"))}
    return {SPOKEN: {**read_words(), "dir": "ltr"}, **others}


def page_context(
    content: Content,
    words: Words,
    *,
    language: str = SPOKEN,
    spoken: Words | None = None,
    messenger_page: str = "",
) -> dict[str, Any]:
    """Everything the templates show. The chat window speaks `language` with the words `spoken`; the page is English."""
    clinic, spoken = content.clinic, spoken or {**words, "dir": "ltr"}
    messenger = f"https://m.me/{messenger_page}" if messenger_page else ""
    return {
        "clinic": clinic,
        "language": language,
        "direction": spoken["dir"],
        "hours": [_day(name, opening, words["page"]) for name, opening in clinic.hours.days],
        "prices": [(one.title, one.minutes, f"{one.price:g} {clinic.currency}") for one in clinic.treatments],
        "answers": main_answers(content, words["page"]["answers"]),
        "words": filled(content, words["page"]),
        "chat": {**chat_config(content, spoken["chat"], language), "messenger": messenger},
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


def chat_config(content: Content, words: Words, language: str = SPOKEN) -> dict[str, Any]:
    """What the chat window in the browser needs to know; handed over as JSON in the page."""
    clinic = content.clinic
    return {
        "clinic": clinic.name,
        "address": clinic.address,
        "language": language,
        "spoken": SPOKEN,
        "phone": {"text": clinic.phone, "link": _phone_link(clinic.phone)},
        "emergency": {"text": clinic.emergency_number, "link": _phone_link(clinic.emergency_number)},
        "email": {"text": clinic.email, "link": f"mailto:{clinic.email}"},
        "diary": _diary(content),
        "words": filled(content, words),
    }


def widget_config(content: Content, languages: Mapping[str, Words]) -> dict[str, Any]:
    """What the button on a clinic's site needs to know; handed over inside /widget.js."""
    clinic = content.clinic
    return {
        "links": {"call": _phone_link(clinic.phone), "emergency": _phone_link(clinic.emergency_number)},
        "languages": {
            code: {"dir": words["dir"], **filled(content, words["widget"])} for code, words in languages.items()
        },
    }


def _diary(content: Content) -> dict[str, Any]:
    """When a visit can be asked for: open periods by weekday (Monday first), closed days, how far ahead in days."""
    clinic, booking = content.clinic, content.clinic.booking
    return {
        "hours": [_open(opening) for _, opening in clinic.hours.days],
        "closed": [f"{one.date:%Y-%m-%d}" for one in clinic.closed_days],
        "step": booking.step_minutes,
        "soonest": booking.lead_time_hours / 24,
        "latest": booking.horizon_days,
        "time_zone": str(clinic.time_zone),
    }


def _open(opening: Any) -> list[list[str]]:
    return [] if opening is None else [[f"{opens:%H:%M}", f"{closes:%H:%M}"] for opens, closes in opening.periods]


def filled(content: Content, words: Any) -> Any:
    """Words with the clinic's placeholders filled in, however deep they are nested."""
    if isinstance(words, Mapping):
        return {key: filled(content, value) for key, value in words.items()}
    return content.fill(words) if isinstance(words, str) else words


def _day(name: str, opening: Any, words: Words) -> tuple[str, str]:
    if opening is None:
        return words["days"][name], words["closed"]
    return words["days"][name], ", ".join(f"{opens} – {closes}" for opens, closes in _open(opening))


def _phone_link(number: str) -> str:
    return "tel:" + "".join(c for c in number if c.isdigit() or c == "+")
