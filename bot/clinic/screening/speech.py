"""What the bot says during a screening, as data: the wording comes from screening.yml, the action only utters it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.clinic.content import Asked, Content
from bot.clinic.content.model_screening import Outcome
from bot.clinic.screening.rules import Verdict, find, is_needless
from bot.clinic.screening.state import Screening
from bot.clinic.screening.whom import Whom, called, visit_buttons

MANY = 3  # criteria; more of them are not listed where they are only open


WORTH_A_LIST = 3  # open questions


@dataclass(frozen=True)
class Say:
    """One message. `kind` as in the message metadata; `key` names the wording; `values` are further metadata."""

    kind: str
    key: str
    text: str
    buttons: tuple[Mapping[str, str], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, Any]:
        """The message's metadata: kind, and asks, facts, outcome, reasons where they apply."""
        return {"kind": self.kind, **self.values}


def question(state: Screening, asked: Asked, content: Content, notes: tuple[str, ...] = (), left: int = 0) -> Say:
    """The question, with short notes (keys of `phrases`) said before it; `left` main questions are to come with it."""
    text = _joined(state, content, notes, worded(state, asked, content), count=str(left))
    buttons = tuple({"title": one.title, "payload": payload(asked.id, one.answer)} for one in asked.buttons)
    return Say("question", asked.id, text, buttons, _asks(asked, content) | _checklist(state, asked, content))


def worded(state: Screening, asked: Asked, content: Content) -> str:
    """The question as it is asked of this patient: about themselves, or about somebody else."""
    if state.about == "self":
        return asked.question
    return content.fill(asked.other, person=person(state, content))


def person(state: Screening, content: Content) -> str:
    """Somebody else as the bot names them: "your mother", or "that person"."""
    return called(Whom.of(state), content)


def explained(state: Screening, asked: Asked, content: Content) -> Say:
    """The question in other words, with its own buttons."""
    buttons = question(state, asked, content).buttons
    return Say("question", f"{asked.id}/help", content.fill(asked.help), buttons, _asks(asked, content))


def why(state: Screening, asked: Asked, facts: tuple[str, ...], content: Content) -> Say:
    """Why it is asked, with the facts of the leaflet behind it."""
    text = content.fill(asked.why, person=person(state, content))
    return Say("answer", f"{asked.id}/why", text, (), {"topic": "ask_why", "facts": list(facts)})


def offer(state: Screening, asked: Asked, content: Content) -> Say:
    """After two misses: the question in other words, and the ways out: skip it, a person, stop."""
    titles = content.screening.buttons
    buttons = (
        {"title": titles.skip, "payload": payload(asked.id, "skip")},
        {"title": titles.person, "payload": "/talk_to_human"},
        {"title": titles.stop, "payload": "/stop"},
    )
    wording = worded(state, asked, content)
    text = content.fill(content.screening.phrases.offer, help=asked.help, question=wording)
    return Say("question", f"{asked.id}/offer", text, buttons, _asks(asked, content))


def outcome(state: Screening, verdict: Verdict, content: Content, notes: tuple[str, ...] = ()) -> Say:
    """The end: the outcome, its reasons in the leaflet's words, and what can be done next. It begins with the notes, or
    with thanks."""
    key = "under_18" if "under_18" in verdict.reasons and verdict.outcome == "not_suitable" else verdict.outcome
    wording: Outcome = getattr(content.screening.outcomes, key)
    criteria = content.screening.criteria
    about = verdict.reasons or tuple(criteria)
    groups = [criteria[criterion].not_suitable for criterion in about]
    if verdict.outcome == "clinician_review" and len(groups) > MANY:
        groups = [content.screening.phrases.many]
    said = wording.text if state.about == "self" else wording.other
    text = _joined(
        state,
        content,
        notes,
        said if notes else f"{wording.thanks} {said}",
        reasons=content.listed(groups),
        open=content.listed([criteria[criterion].review for criterion in about]),
    )
    facts = [criteria[criterion].fact for criterion in about]
    values = {"outcome": verdict.outcome, "reasons": list(verdict.reasons), "facts": facts}
    buttons = visit_buttons(content.buttons(wording.next), Whom.of(state))
    return Say("outcome", key, text, buttons, values)


def again(state: Screening, verdict: Verdict, content: Content) -> Say:
    """The outcome of a finished check once more, with a way to start it anew."""
    before = outcome(state, verdict, content, ("again",))
    anew = {"title": content.screening.buttons.again, "payload": '/check_eligibility{"answer": "again"}'}
    return replace(before, buttons=(*before.buttons[:2], anew), values={**before.values, "again": True})


def ending(key: str, content: Content) -> Say:
    """What is said when the patient stops or wants a person (keys `stopped` and `person` of `phrases`)."""
    kind = "handoff" if key == "person" else "smalltalk"
    return Say(kind, key, content.fill(getattr(content.screening.phrases, key)))


def payload(question: str, answer: str) -> str:
    """The payload of a button that answers a question."""
    return "/inform" + json.dumps({"question": question, "answer": answer})


def _checklist(state: Screening, asked: Asked, content: Content) -> dict[str, Any]:
    """The yes-or-no questions still open, for a page that shows them at once, when one of them is asked now."""
    rules, values = content.screening, state.values
    questions = [
        one
        for one in rules.questions
        if one.kind == "yes_no" and one.id not in values and not is_needless(one, values, rules)
    ]
    if asked not in questions or len(questions) < WORTH_A_LIST:
        return {}
    items = [
        {
            "id": one.id,
            "title": worded(state, one, content),
            "options": [{"title": button.title, "answer": button.answer} for button in one.buttons],
        }
        for one in questions
    ]
    return {"checklist": items}


def _asks(asked: Asked, content: Content) -> dict[str, str]:
    """What is asked, for the metadata: `age` or the criterion; for a follow-up also `part`, its own id."""
    found = find(content.screening, asked.id)
    if found is None or found[0] is found[1]:
        return {"asks": asked.id}
    return {"asks": found[0].criterion, "part": asked.id}


def _joined(state: Screening, content: Content, notes: tuple[str, ...], text: str, **values: str) -> str:
    whole = " ".join([*(getattr(content.screening.phrases, note) for note in notes), text])
    return content.fill(whole, person=person(state, content), **values)
