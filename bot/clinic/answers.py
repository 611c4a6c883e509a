"""Picks the clinic's answer to a topic. No answer is a finding too: the bot then says that it does not know."""

from __future__ import annotations

from bot.clinic.content import Answer, Content
from bot.clinic.understanding import Question

# Concerns that one treatment alone is for: baldness and hair loss (F38), dandruff (F40).
TREATED_BY = {"hair_loss": "hair", "dandruff": "hair"}


def select_answer(
    content: Content,
    topic: str,
    treatment: str | None = None,
    concern: str | None = None,
    criterion: str | None = None,
) -> Answer | None:
    """The most specific approved answer, or None when the content has none.

    Order: criterion; treatment and concern; concern; treatment; generic. Hair loss and dandruff are asked about hair.
    No answer is given for a treatment that its `not_for` names. The answer's own `treatment` and `concern`
    say whether it is specific: the generic one has None.
    """
    treatment = treatment or TREATED_BY.get(concern or "")
    answers = {answer.key: answer for answer in content.answers if treatment is None or treatment not in answer.not_for}
    wanted = [
        *([(topic, None, None, criterion)] if criterion else []),
        (topic, treatment, concern, None),
        *([(topic, None, concern, None)] if concern else []),
        (topic, treatment, None, None),
        (topic, None, None, None),
    ]
    return next((answers[key] for key in wanted if key in answers), None)


def has_answer(content: Content, question: Question) -> bool:
    """Whether the content answers a question by itself."""
    about = {name: question.value(name) for name in ("treatment", "concern", "criterion")}
    return select_answer(content, question.intent, **about) is not None


def topic_title(content: Content, topic: str) -> str | None:
    """The topic's short name for a button, at most 20 characters; None for a topic without one."""
    return content.next_steps.topics.get(topic)


def suggestions(content: Content, topics: list[str], at_most: int = 3) -> list[dict[str, str]]:
    """Buttons for the likeliest topics, in the given order, as [{"title", "payload"}]; without a name, no button."""
    named = [(topic, title) for topic in topics if (title := topic_title(content, topic))]
    return [{"title": title, "payload": f"/{topic}"} for topic, title in named[:at_most]]
