"""The screening as FHIR R4: a Questionnaire made from screening.yml, and a QuestionnaireResponse for one patient.

Built with the R4B models of fhir.resources, which are those of R4 for these two resources (docs/decisions/0003).
What R4 has no place for (as typed, the state of a criterion, the outcome) stands in extensions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from bot.clinic.content import Asked, Content, FollowUp, Question
from bot.clinic.content.fields import Value
from bot.clinic.screening.explain import criterion_state
from bot.clinic.screening.interview import verdict
from bot.clinic.screening.rules import Verdict, called_for, is_age
from bot.clinic.screening.speech import worded
from bot.clinic.screening.state import Amendment, Given, Screening
from bot.clinic.screening.telling import TOLD

Resource = dict[str, Any]
NO_AGE = "_not_given"  # beside the age in years: why there is none


def questionnaire(content: Content) -> Resource:
    """The Questionnaire of the rules at hand; raises pydantic's ValidationError if it were not FHIR."""
    from fhir.resources.R4B.questionnaire import Questionnaire

    rules = content.screening
    return _checked(
        Questionnaire,
        {
            "resourceType": "Questionnaire",
            "url": canonical(content),
            "version": rules.version,
            "name": "MesotherapyScreening",
            "title": content.facts.title,
            "status": "draft" if content.clinic.demo else "active",
            "experimental": content.clinic.demo,
            "subjectType": ["Patient"],
            "publisher": content.clinic.name,
            "approvalDate": str(rules.signed_on),
            "contact": [{"name": rules.signed_by}],
            "item": [item for question in rules.questions for item in _items(question, content)],
        },
    )


@dataclass(frozen=True)
class Decided:
    """What was decided at the time: the outcome and the criteria behind it, by which rules, and by which clinician
    where the rules left it to one."""

    outcome: str
    reasons: Sequence[str]
    rules_version: str
    settled_by: str = ""


def response(
    state: Screening, content: Content, *, id: str, decided_at: datetime, decided: Decided | None = None
) -> Resource:
    """The QuestionnaireResponse of a decided screening: `id` is the screening's, `decided_at` aware, `content` that of
    the decision. Without `decided` it is as the rules of that content decide."""
    from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

    found = verdict(state, content)
    decided = decided or Decided(found.outcome, found.reasons, content.screening.version)
    settled = [_extension(content, "settled-by", valueString=decided.settled_by)] if decided.settled_by else []
    items = [item for question in content.screening.questions for item in _answers(question, state, found, content)]
    return _checked(
        QuestionnaireResponse,
        {
            "resourceType": "QuestionnaireResponse",
            "id": id,
            "questionnaire": f"{canonical(content)}|{decided.rules_version}",
            "status": "amended" if state.amendments or decided.settled_by else "completed",
            "authored": decided_at.isoformat(),
            "extension": [
                _extension(content, "outcome", valueCode=decided.outcome),
                *[_extension(content, "reason", valueCode=reason) for reason in decided.reasons],
                *settled,
                *[_earlier(one, content) for one in state.amendments],
            ],
            **({"item": items} if items else {}),
        },
    )


def canonical(content: Content) -> str:
    """The Questionnaire's canonical address, without its version."""
    return f"{_base(content)}/Questionnaire/mesotherapy-screening"


# --- questions


def _items(question: Question, content: Content) -> list[Resource]:
    if question.kind == "age":
        missing = {"question": question.id, "operator": "exists", "answerBoolean": False}
        why = _choice(question, question.id + NO_AGE, content, {"enableWhen": [missing]})
        return [{"linkId": question.id, "text": question.question, "type": "integer"}, why]
    more = _unless_needless(question, content) | _nested(question, question, content)
    return [_choice(question, question.id, content, more)]


def _unless_needless(question: Question, content: Content) -> Resource:
    """A question that is put to younger people only, and to those whose age is not known."""
    if question.until_age is None:
        return {}
    age = {"question": content.screening.age.id}
    younger = {**age, "operator": "<", "answerInteger": question.until_age}
    return {"enableWhen": [younger, {**age, "operator": "exists", "answerBoolean": False}], "enableBehavior": "any"}


def _nested(question: Question, asked: Asked, content: Content) -> Resource:
    """The follow-ups of a question, each with those of its own inside."""
    items = [
        _choice(one, one.id, content, _only_after(asked, one, content) | _nested(question, one, content))
        for one in question.after(asked.id)
    ]
    return {"item": items} if items else {}


def _choice(asked: Asked, link: str, content: Content, more: Resource) -> Resource:
    options = [{"valueCoding": _coding(asked, value, content)} for value in get_args(Value)]
    kind = "open-choice" if _is_in_words(asked) else "choice"
    return {"linkId": link, "text": asked.question, "type": kind, "answerOption": options, **more}


def _is_in_words(asked: Asked) -> bool:
    return isinstance(asked, FollowUp) and asked.kind == "words"


def _only_after(asked: Asked, one: FollowUp, content: Content) -> Resource:
    conditions = [
        {"question": asked.id, "operator": "=", "answerCoding": _coding(asked, value, content)} for value in one.when
    ]
    return {"enableWhen": conditions, **({"enableBehavior": "any"} if len(conditions) > 1 else {})}


def _coding(asked: Asked, value: str, content: Content) -> Resource:
    titles = {str(button.answer): button.title for button in asked.buttons}
    return {
        "system": f"{_base(content)}/CodeSystem/screening-answer",
        "code": value,
        "display": titles.get(value, value),
    }


# --- answers


def _answers(question: Question, state: Screening, found: Verdict, content: Content) -> list[Resource]:
    given = state.answers.get(question.id)
    if given is None:
        return []
    link = question.id if question.kind != "age" or is_age(given.value) else question.id + NO_AGE
    told = [one for one in called_for(question, state.values) if one.id in state.answers]
    answer: Resource = {}
    for asked in reversed(told):  # each follow-up stands inside the answer that led to it
        answer = _answer(asked, state.answers[asked.id], content) | ({"item": [answer]} if answer else {})
        if asked is not question:
            answer = {"linkId": asked.id, "text": worded(state, asked, content), "answer": [answer]}
    state_of = _extension(content, "criterion-state", valueCode=criterion_state(question.criterion, found))
    return [{"linkId": link, "text": worded(state, question, content), "extension": [state_of], "answer": [answer]}]


def _answer(asked: Asked, given: Given, content: Content) -> Resource:
    words = _plain(given.text)
    if given.value == TOLD:
        return {"valueString": words or TOLD}
    typed = {"extension": [_extension(content, "as-typed", valueString=words)]} if words else {}
    if is_age(given.value):
        return {**typed, "valueInteger": given.value}
    return {**typed, "valueCoding": _coding(asked, str(given.value), content)}


def _earlier(one: Amendment, content: Content) -> Resource:
    parts = [{"url": "question", "valueCode": one.question}, {"url": "understood", "valueString": str(one.was.value)}]
    if words := _plain(one.was.text):
        parts.append({"url": "as-typed", "valueString": words})
    return _extension(content, "earlier-answer", extension=[*parts, {"url": "on", "valueDate": one.was.on}])


def _plain(text: str) -> str:
    """The text as FHIR takes it: without control characters, and half characters replaced."""
    whole = text.encode("utf-8", "replace").decode()
    return "".join(sign for sign in whole if sign >= " " or sign in "\t\n\r").strip()


def _extension(content: Content, name: str, **value: Any) -> Resource:
    return {"url": f"{_base(content)}/StructureDefinition/{name}", **value}


def _base(content: Content) -> str:
    return content.clinic.url.rstrip("/")


def _checked(model: Any, resource: Resource) -> Resource:
    """The resource as the library's model writes it; what is not FHIR does not leave here."""
    written: Resource = json.loads(model.model_validate(resource).model_dump_json())
    return written
