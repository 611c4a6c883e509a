"""The schema of bot/content/*.yml, one class per file or part of a file. What it cannot see alone is in checks.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bot.clinic.content.authorship import Authored, Authorship, with_defaults
from bot.clinic.content.fields import (
    Base,
    Clock,
    Concern,
    Day,
    FactId,
    Id,
    Payload,
    Phone,
    Text,
    Title,
    Topic,
    Treatment,
    Zone,
)

# ---- facts.yml


class Section(Base):
    """A section of the leaflet."""

    id: str
    heading: Text
    facts: Mapping[FactId, Text]


class Facts(Base):
    """The leaflet, fact by fact."""

    document: Text
    title: Text
    sections: tuple[Section, ...]

    @property
    def texts(self) -> dict[str, str]:
        """Fact id -> what the leaflet says."""
        return {fact: text for section in self.sections for fact, text in section.facts.items()}


# ---- clinic.yml


class Pause(Base):
    """When the clinic is closed in the middle of the day, clinic time."""

    start: Clock
    end: Clock


class Opening(Base):
    """When the clinic opens and closes on one weekday, clinic time, and its lunch break if it has one."""

    opens: Clock
    closes: Clock
    pause: Pause | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Opening:
        if self.closes <= self.opens:
            raise ValueError(f"closes at {self.closes:%H:%M}, not after it opens at {self.opens:%H:%M}")
        if self.pause and not self.opens < self.pause.start < self.pause.end < self.closes:
            raise ValueError(
                f"the pause from {self.pause.start:%H:%M} to {self.pause.end:%H:%M} must lie "
                f"between {self.opens:%H:%M} and {self.closes:%H:%M}"
            )
        return self

    @property
    def periods(self) -> tuple[tuple[time, time], ...]:
        """The one or two stretches of the day in which the clinic is open."""
        if self.pause is None:
            return ((self.opens, self.closes),)
        return (self.opens, self.pause.start), (self.pause.end, self.closes)


def _closed(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value != "closed"):
        raise ValueError(f'{value!r} is not a day; write {{opens: "09:00", closes: "17:30"}} or closed')
    return None if value == "closed" else value


OpeningDay = Annotated[Opening | None, BeforeValidator(_closed)]


class Week(Base):
    """Opening hours by weekday; None is closed."""

    monday: OpeningDay
    tuesday: OpeningDay
    wednesday: OpeningDay
    thursday: OpeningDay
    friday: OpeningDay
    saturday: OpeningDay
    sunday: OpeningDay

    @property
    def days(self) -> tuple[tuple[str, Opening | None], ...]:
        """(name, opening) from Monday on, so that index 0 is date.weekday() 0."""
        return tuple((name, getattr(self, name)) for name in type(self).model_fields)


class ClosedDay(Base):
    """A date on which the clinic stays closed."""

    date: Day
    reason: Text


class Doctor(Base):
    """A doctor as named to patients."""

    name: Text
    role: Text


class Series(Base):
    """A course of sessions: at least and at most so many, the weeks that may lie between two of them, and the fact
    of the leaflet that says so."""

    fact: FactId
    least: int = Field(gt=0)
    most: int = Field(gt=0, le=52)
    weeks: tuple[Annotated[int, Field(gt=0, le=12)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Series:
        if self.most < self.least:
            raise ValueError(f"most is {self.most}, fewer than least, {self.least}; swap them")
        return self


class BookableTreatment(Base):
    """A treatment that can be booked: length of one appointment in minutes, price of one session, and the course it is
    given in, if any."""

    id: Treatment
    title: Text
    minutes: int = Field(gt=0, le=480)
    price: float = Field(ge=0)
    series: Series | None = None


class QuietHours(Base):
    """Clinic time in which patients are not written to; over midnight when it starts later than it ends."""

    start: Clock
    end: Clock


class BookingRules(Base):
    """How appointments may be laid: hours, days and minutes as named."""

    rooms: int = Field(gt=0)
    lead_time_hours: int = Field(ge=0)
    horizon_days: int = Field(gt=0)
    step_minutes: int = Field(gt=0, le=240)
    quiet_hours: QuietHours


class ReplyTimes(Base):
    """How soon a person answers, in words."""

    message: Text
    booking: Text
    urgent: Text


class Privacy(Base):
    """The privacy notice's version and address, and after how many days each kind of data is deleted."""

    version: Annotated[str, Field(min_length=1, max_length=64)]
    url: Annotated[str, Field(pattern=r"^(/|https?://)\S*$")]
    chat_days: int = Field(gt=0)
    no_consent_days: int = Field(gt=0)
    booking_days: int = Field(gt=0)
    visit_record_days: int = Field(ge=0)
    work_days: int = Field(gt=0)


class ClinicPhrases(Base):
    """How hours, prices and lists are put into words."""

    days_range: Text
    open: Text
    pause: Text = ""
    closed: Text
    price: Text
    separator: str
    last_separator: str
    undecided: Text

    model_config = Base.model_config | {"str_strip_whitespace": False}


class Clinic(Base):
    """Everything about the clinic itself."""

    version: Text
    signed_by: Text
    demo: bool
    name: Text
    phone: Phone
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    address: Text
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    time_zone: Zone
    emergency_number: Annotated[str, Field(pattern=r"^\+?[0-9 ]{2,15}$")]
    languages: tuple[Text, ...] = Field(min_length=1)
    doctors: tuple[Doctor, ...] = ()
    hours: Week
    closed_days: tuple[ClosedDay, ...] = ()
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    treatments: tuple[BookableTreatment, ...] = Field(min_length=1)
    booking: BookingRules
    reply_times: ReplyTimes
    privacy: Privacy
    phrases: ClinicPhrases

    @model_validator(mode="after")
    def _says_its_pauses(self) -> Clinic:
        if not self.phrases.pause and any(opening and opening.pause for _, opening in self.hours.days):
            raise ValueError(
                'hours have a pause; add to phrases how it is said, as pause: "{open} (closed {start} to {end})"'
            )
        return self


# ---- answers.yml


class Answer(Authored):
    """An approved answer to a topic, for everything or for one treatment, concern or criterion."""

    id: Id
    topic: Topic
    treatment: Treatment | None = None
    concern: Concern | None = None
    criterion: Id | None = None
    not_for: tuple[Treatment, ...] = ()
    text: Text
    facts: tuple[FactId, ...] = ()
    source: Literal["leaflet", "clinic"]
    next: tuple[Id, ...] = Field(default=(), max_length=3)

    @model_validator(mode="after")
    def _rests_on_its_source(self) -> Answer:
        if self.source == "leaflet" and not self.facts:
            raise ValueError(
                "an answer from the leaflet rests on no fact; list its facts, as [F01], or remove the answer"
            )
        if self.source == "clinic" and self.facts:
            raise ValueError("an answer of the clinic's own cites no facts; remove `facts` or write source: leaflet")
        return self

    @property
    def key(self) -> tuple[str | None, ...]:
        """What the answer is about; two answers with one key would contradict each other."""
        return (self.topic, self.treatment, self.concern, self.criterion)


class Answers(Base):
    """answers.yml"""

    defaults: Authorship = Authorship()
    answers: tuple[Answer, ...]

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, raw: Any) -> Any:
        return with_defaults(raw, "answers", Authorship)


# ---- next_steps.yml, terms.yml, warning_signs.yml


class Step(Base):
    """A button that an answer may offer."""

    title: Title
    payload: Payload


class NextSteps(Base):
    """Buttons by id, and the short name of each topic."""

    steps: Mapping[Id, Step]
    topics: Mapping[Id, Title]


class Terms(Base):
    """Forced medical terms -> plain stand-ins for measuring reading ease."""

    terms: Mapping[str, Text]


class Sign(Authored):
    """A sign of danger. `label` in the second person, for "You told me about …". It rests on facts of the leaflet, or
    on what `rests_on` says."""

    id: Id
    level: Literal["emergency", "urgent"]
    label: Text
    advice: Text | None = None
    facts: tuple[FactId, ...] = ()
    rests_on: Text | None = None

    @model_validator(mode="after")
    def _rests_on_something(self) -> Sign:
        if not self.facts and not self.rests_on:
            raise ValueError("a sign of danger says what it rests on; list its facts, as [F29], or write `rests_on`")
        return self


class SignDefaults(Authorship):
    """Values for every sign that does not say otherwise."""

    rests_on: Text | None = None


class WarningSigns(Base):
    """warning_signs.yml"""

    defaults: SignDefaults = SignDefaults()
    signs: tuple[Sign, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, raw: Any) -> Any:
        return with_defaults(raw, "signs", SignDefaults)
