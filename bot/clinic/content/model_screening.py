"""The schema of bot/content/screening.yml. What it cannot see alone is in checks_screening.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from bot.clinic.content.authorship import Authored, Authorship, with_defaults
from bot.clinic.content.fields import AnswerValue, Base, Day, FactId, Id, Text, Title


class AnswerButton(Base):
    """A button under a question, and the answer it gives."""

    title: Title
    answer: AnswerValue


class Asked(Base):
    """What main questions and follow-ups share."""

    id: Id
    question: Text
    other: Text
    help: Text
    why: Text
    buttons: tuple[AnswerButton, ...] = Field(min_length=1)
    typed: Mapping[AnswerValue, tuple[Text, ...]] = {}


class FollowUp(Asked):
    """Asked after one of the answers in `when` to the question `after`, by default the main one. `becomes` says what
    own answer makes of the criterion; of kind words, it is kept as typed and decides nothing. `heard_in`: what the
    message that answered the main question says when it has answered this one too. `clears`: a no to it is allowed to
    clear the criterion after an answer that was no plain no ("are you still pregnant?")."""

    kind: Literal["yes_no", "words"] = "yes_no"
    after: Id | None = None
    when: tuple[AnswerValue, ...] = Field(min_length=1)
    becomes: Mapping[AnswerValue, AnswerValue] = {}
    heard_in: Mapping[AnswerValue | Literal["told"], tuple[Text, ...]] = {}
    clears: bool = False


class Question(Asked, Authored):
    """A main question; it settles one criterion that rests on one fact of the leaflet. `volunteered`: a value found in
    the patient's own sentence -> the answers it gives, by question id, where that is more than the value itself.
    `on_yes`: the outcome of a clear yes. `until_age`: nobody of that age or older is asked. `ask_men`: whether men
    are."""

    criterion: Id
    fact: FactId
    kind: Literal["age", "yes_no"]
    not_suitable: Text
    review: Text
    on_yes: Literal["not_suitable", "clinician_review"] = "not_suitable"
    until_age: int | None = Field(default=None, ge=18, le=120)
    ask_men: bool = True
    follow_ups: tuple[FollowUp, ...] = ()
    volunteered: Mapping[AnswerValue, Mapping[Id, AnswerValue]] = {}

    def after(self, id: str) -> tuple[FollowUp, ...]:
        """The follow-ups that an answer to the question `id`, the main one or a follow-up, may call for."""
        return tuple(one for one in self.follow_ups if (one.after or self.id) == id)


class Outcome(Base):
    """What is said at the end of a check, to the patient or to who asks for somebody else, and the steps offered then.
    `thanks` comes first, unless a change of an answer has just been acknowledged."""

    thanks: Text
    text: Text
    other: Text
    next: tuple[Id, ...] = Field(default=(), max_length=3)


class Outcomes(Base):
    """The three outcomes, and the end for people under 18."""

    suitable: Outcome
    not_suitable: Outcome
    clinician_review: Outcome
    under_18: Outcome


class ScreeningPhrases(Base):
    """What else is said during a check."""

    intro: Text
    intro_other: Text
    noted: Text
    amended: Text
    told: Text
    respected: Text
    resumed: Text
    nearly: Text
    greeted: Text
    thanked: Text
    chatted: Text
    left: Text
    about_other: Text
    about_self: Text
    missed: Text
    age_missed: Text
    many: Text
    birthday: Text
    offer: Text
    again: Text
    stopped: Text
    person: Text
    visit: Text = "The clinic sees this with the visit you asked for ({reference}) and will tell you how to go on."


class ScreeningButtons(Base):
    """Titles of the ways out of a question that is not understood, of the one to a new check, of the one to the answers
    about somebody else, and of the one to a visit for them."""

    skip: Title
    person: Title
    stop: Title
    again: Title
    change: Title = "Change the answers"  # these have a wording here for folders that are older than they
    visit_for: Title = "For {person}"


class Words(Base):
    """What a typed reply has to say. A yes or no is taken only with a word of `needs` in it, whatever the understanding
    makes of it; a phrase of `means` decides, and so does a whole reply of `typed`. A number told unasked is an age only
    with a word of `age` beside it. Compared in lower case, with repeated letters as one ("nooo")."""

    needs: Mapping[Literal["yes", "no"], tuple[Text, ...]]
    means: Mapping[AnswerValue, tuple[Text, ...]] = {}
    typed: Mapping[AnswerValue, tuple[Text, ...]] = {}
    age: tuple[Text, ...] = Field(min_length=1)


class SomebodyElse(Base):
    """How the person is named whom a patient asks for: "your …" with a word of theirs from `named`, else `unnamed`.
    `asked_for`: words before it that say that the check is for them. `same`: words for one and the same person."""

    unnamed: Text
    your: Text
    asked_for: tuple[Text, ...]
    named: tuple[Text, ...] = ()
    same: tuple[tuple[Text, ...], ...] = ()

    def alike(self, word: str) -> tuple[str, ...]:
        """The words that name the same person as this one; none for no word."""
        return next((words for words in self.same if word in words), (word,) if word else ())


class Men(Base):
    """How a man is known: by a phrase of `said` in a message about who writes, by a whole reply of `replies`, or as the
    person is named whom the check is for."""

    said: tuple[Text, ...] = ()
    replies: tuple[Text, ...] = ()
    named: tuple[Text, ...] = ()


class ScreeningContent(Base):
    """screening.yml: the criteria in asking order."""

    version: Text
    signed_by: Text
    signed_on: Day
    defaults: Authorship = Authorship()
    questions: tuple[Question, ...] = Field(min_length=1)
    words: Words
    somebody_else: SomebodyElse
    men: Men = Men()
    outcomes: Outcomes
    phrases: ScreeningPhrases
    buttons: ScreeningButtons

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, raw: Any) -> Any:
        return with_defaults(raw, "questions", Authorship)

    @property
    def age(self) -> Question:
        """The question for the age."""
        return next(question for question in self.questions if question.kind == "age")

    @property
    def criteria(self) -> dict[str, Question]:
        """Criterion id -> the main question that settles it, in asking order."""
        return {question.criterion: question for question in self.questions}
