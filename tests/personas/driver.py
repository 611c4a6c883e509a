"""Persons as data who talk to the running installation: the driver answers whichever question is asked, in their style.

The comment on top of each file of persons says what its keys mean; `Person` here is their schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from tests.patient import Message, Patient
from tests.personas.aging import let_time_pass

HERE = Path(__file__).parent
LONGEST = 30  # questions; a conversation that asks more goes round in circles
Style = Literal["plain", "terse", "chatty", "typos", "shouting", "buttons"]


class Part(BaseModel):
    """Read-only, and no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hears(Part):
    """What has to be among the bot's messages: metadata as given, `text` somewhere in one of them, in any case."""

    kind: str | None = None
    topic: str | None = None
    asks: str | None = None
    text: str | None = None

    def is_in(self, messages: list[Message]) -> bool:
        return any(self._fits(message) for message in messages)

    def _fits(self, message: Message) -> bool:
        wanted = {"kind": self.kind, "topic": self.topic, "asks": self.asks}
        fits = all(message["metadata"].get(key) == value for key, value in wanted.items() if value is not None)
        return fits and (self.text is None or self.text.casefold() in message["text"].casefold())


class Aside(Part):
    """Something that comes before the answer to a question: said, or a pause of hours. `goes_on` is false where the
    check ends by it, `answers_it` true where what was asked is answered by it."""

    at: str
    say: str = ""
    press: str = ""
    hours: float = 0
    hears: tuple[Hears, ...] = ()
    goes_on: bool = True
    answers_it: bool = False


class Stage(Part):
    """From a message to an outcome, or to what is heard when there is none."""

    say: str
    hours: float = 0
    facts: dict[str, str] = {}
    answers: dict[str, str] = {}
    asides: tuple[Aside, ...] = ()
    outcome: str | None = None
    reasons: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    never_asked: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    hears: tuple[Hears, ...] = ()
    never_hears: tuple[str, ...] = ()


class Person(Stage):
    """One whole conversation; what is told in one stage is known in the later ones."""

    who: str
    style: Style = "plain"
    then: tuple[Stage, ...] = ()

    @property
    def stages(self) -> tuple[Stage, ...]:
        return (self, *self.then)


@dataclass
class Talk:
    """A conversation as it goes. `lines` is what was said so far, to be read by people."""

    person: Person
    patient: Patient
    database_url: str
    words: dict[str, Iterator[str]]
    facts: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)

    def run(self, stage: Stage) -> list[Message]:
        """Talk until nothing of the check is asked any more; returns what the bot said in this stage."""
        self.facts |= stage.facts
        self.answers |= stage.answers
        self._pause(stage.hours)
        first = len(self.patient.heard)
        self.say(stage.say)
        asides = list(stage.asides)
        for _ in range(LONGEST):
            if self.question is None:
                break
            aside = next((one for one in asides if one.at == self.question), None)
            if aside is None:
                self.answer(stage)
            else:
                asides.remove(aside)
                self.stray(aside)
        assert not asides, f"never asked: {[one.at for one in asides]}\n{self}"
        return self.patient.heard[first:]

    @property
    def question(self) -> str | None:
        """What the last message asks, a follow-up by its own id."""
        metadata = self.patient.heard[-1]["metadata"] if self.patient.heard else {}
        return metadata.get("part") or metadata.get("asks")

    def answer(self, stage: Stage) -> None:
        """Answer the question at hand; it may not come again, in this stage or a later one."""
        asked = str(self.question)
        assert asked not in self.answered or asked in stage.again, f"asked twice: {asked}\n{self}"
        self.answered.add(asked)
        self._say_or_press(self._words_for(asked))
        assert self.question != asked, f"did not take the answer to {asked}\n{self}"

    def stray(self, aside: Aside) -> None:
        """Say something else; the question has to come again, unless the aside says otherwise."""
        asked = self.question
        self._pause(aside.hours)
        first = len(self.patient.heard)
        if aside.press:
            self.press(aside.press)
        elif aside.say:
            self.say(aside.say)
        for wanted in aside.hears:
            assert wanted.is_in(self.patient.heard[first:]), f"not heard: {wanted!r}\n{self}"
        if aside.answers_it:
            self.answered.add(str(asked))
        goes_on = self.question == asked if not aside.answers_it else self.question != asked
        assert goes_on or not aside.goes_on, f"after {aside.say!r} {asked} is not asked again\n{self}"

    def say(self, text: str) -> None:
        self._note(text, self.patient.say(text))

    def press(self, title: str) -> None:
        self._note(f"[{title}]", self.patient.press(title))

    def _say_or_press(self, words: str) -> None:
        buttons = [button["title"] for button in self.patient.heard[-1]["buttons"]]
        if words.startswith("["):
            self.press(words.strip("[]"))
        elif self.person.style == "buttons" and words in buttons:
            self.press(words)
        else:
            self.say(words)

    def _words_for(self, asked: str) -> str:
        if asked in self.answers:
            return self.answers[asked]
        told = self.facts.get(asked, "no")
        if self.person.style == "buttons":
            return _title(self.patient.heard[-1], told)
        return next(self.words[told]) if told in self.words else told

    def _pause(self, hours: float) -> None:
        if hours:
            self.lines.append(f"        ({hours:g} hours later)")
            let_time_pass(self.database_url, self.patient.conversation_id, hours)

    def _note(self, words: str, said: list[Message]) -> None:
        self.lines.append(f"> {words}")
        for message in said:
            titles = " ".join(f"[{button['title']}]" for button in message["buttons"])
            self.lines.append(f"    {message['text']} {titles}")

    def __str__(self) -> str:
        return "\n".join([f"--- {self.person.who}", *self.lines])


def people() -> list[Person]:
    """Everybody, in the order of the files."""
    files = sorted(path for path in HERE.glob("*.yml") if path.name != "styles.yml")
    return [Person.model_validate(raw) for path in files for raw in yaml.safe_load(path.read_text())]


def begin(person: Person, patient: Patient, database_url: str) -> Talk:
    """A person who opens the chat."""
    styles = yaml.safe_load((HERE / "styles.yml").read_text())
    words = {value: cycle(phrases) for value, phrases in styles.get(person.style, {}).items()}
    return Talk(person, patient, database_url, words)


def _title(message: Message, value: str) -> str:
    """The button of an answer."""
    for button in message["buttons"]:
        if f'"answer": "{value}"' in button["payload"]:
            return str(button["title"])
    return value
