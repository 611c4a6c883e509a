"""The content as one self-contained HTML page: what patients are told beside what it rests on, for a doctor to sign."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.clinic.answers import topic_title
from bot.clinic.content import Answer, Content, FollowUp, Sign
from bot.clinic.content.placeholders import NAME
from bot.clinic.report.effects import effects

_OUTCOMES = {"suitable": "no objection", "not_suitable": "not suitable", "clinician_review": "a clinician decides"}
_SAID_BY_LEVEL = {"emergency": "utter_emergency", "urgent": "utter_urgent"}


def content_report(content: Content, today: date | None = None) -> str:
    """HTML with every answer, criterion and warning sign, their facts, authors and reviews, other languages, everything
    else the bot can say, and room for a signature. `today` marks overdue reviews.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        content=content,
        clinic=content.clinic,
        screening=content.screening,
        facts=content.facts.texts,
        fill=lambda text: _readable(content.fill(text)),
        today=today,
        topics=_by_topic(content),
        uncited=_uncited(content),
        about=_about,
        effects=lambda question: effects(question, content.screening),
        heard_in=lambda asked: list(asked.heard_in.items()) if isinstance(asked, FollowUp) else [],
        outcome=_OUTCOMES.__getitem__,
        said_on=lambda sign: _said_on(content, sign),
        responses=_responses(content),
        overdue={(kind, id) for kind, id, _ in content.overdue(today)} if today else set(),
    )


def _by_topic(content: Content) -> list[tuple[str, str, list[Answer]]]:
    """(topic, its title, its answers) in the order of the file."""
    grouped = groupby(content.answers, key=lambda answer: answer.topic)
    return [(topic, topic_title(content, topic) or topic, list(answers)) for topic, answers in grouped]


def _about(answer: Answer) -> str:
    """What narrows an answer down, in words; empty for a general one."""
    narrowed = [part.replace("_", " ") for part in (answer.treatment, answer.concern, answer.criterion) if part]
    return ", ".join(narrowed) + (f" (not for {', '.join(answer.not_for)})" if answer.not_for else "")


def _uncited(content: Content) -> list[str]:
    cited = {fact for answer in content.answers for fact in answer.facts}
    cited |= {question.fact for question in content.screening.questions}
    return [fact for fact in content.facts.texts if fact not in cited]


def _said_on(content: Content, sign: Sign) -> str | None:
    """The words a patient reads when the sign is noticed; None when the responses are not at hand."""
    variants = content.responses.get(_SAID_BY_LEVEL[sign.level], ())
    own = [one for one in variants if any(rule.get("value") == sign.id for rule in one.get("condition", ()))]
    general = [one for one in variants if not one.get("condition")]
    text = next((str(one["text"]) for one in [*own, *general] if one.get("text")), None)
    return _readable(content.fill(text, danger_label=sign.label)) if text else None


def _responses(content: Content) -> list[tuple[str, str]]:
    return [
        (name, _readable(content.fill(str(one["text"]))))
        for name, variants in content.responses.items()
        for one in variants
        if "text" in one
    ]


def _readable(text: str) -> str:
    """What only a conversation can fill in, as [name] instead of {name}."""
    return NAME.sub(r"[\1]", text)
