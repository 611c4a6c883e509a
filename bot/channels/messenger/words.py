"""Messenger's own wording (bot/content/messenger.yml) and its schema: greeting, menu, ice breakers, what is said to a
sticker. Problems are reported all at once, with path and cure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bot.channels.incoming import PUBLIC_INTENTS
from bot.clinic.content.fields import Base, Text, Title
from bot.clinic.content.placeholders import NAME, fill
from bot.clinic.content.problems import ContentError, Problem
from bot.clinic.content.reading import parse, read

FILE = "messenger.yml"
OWN = ("code", "link", "author", "date")  # placeholders filled in when the line is said
OPENING = "/start_chat"  # the Get Started button; a rule answers with the welcome
MOVE = "/move_chat"  # asks the channel for a code that opens this chat on the website
GREETING_LENGTH = 160
QUESTION_LENGTH = 80
MENU_LENGTH = 20
MENU_TITLE_LENGTH = 30
ICE_BREAKERS = 4


def _public(value: str) -> str:
    if value not in (OPENING, MOVE) and value.removeprefix("/") not in PUBLIC_INTENTS:
        raise ValueError(f'"{value}" cannot stand in a menu; write a bare intent such as /ask_pain, or {MOVE}')
    return value


Choice = Annotated[str, AfterValidator(_public)]
Line = Annotated[str, Field(min_length=1, max_length=640)]


class MenuItem(Base):
    """A line of the menu that is always there."""

    title: Annotated[str, Field(min_length=1, max_length=MENU_TITLE_LENGTH)]
    payload: Choice


class IceBreaker(Base):
    """A question offered before the first message."""

    question: Annotated[str, Field(min_length=1, max_length=QUESTION_LENGTH)]
    payload: Choice


class Button(Base):
    """A button under one of these texts."""

    title: Title
    payload: Choice


class Reply(Base):
    """What is said to something that is no text. `row`: how the staff see it in the transcript."""

    row: Text
    say: Line
    buttons: list[Button] = Field(default_factory=list, max_length=3)


class Disclosure(Base):
    """That a machine answers: at the start, after `gap_hours` without a message, and when a person hands back."""

    gap_hours: Annotated[int, Field(ge=1, le=24 * 365)]
    start: Line
    gap: Line
    returned: Line


class Moving(Base):
    """Taking the chat along to another channel. `ask` are the words that ask for a code, in lower case."""

    ask: list[Text]
    code: Line
    moved: Line
    wrong: Line
    too_many: Line


class Paging(Base):
    """Lists longer than Messenger shows. `choose` stands where a list has no text of its own."""

    more: Title
    next: Line
    choose: Line


class Words(Base):
    """bot/content/messenger.yml."""

    greeting: Annotated[str, Field(min_length=1, max_length=GREETING_LENGTH)]
    menu: Annotated[list[MenuItem], Field(min_length=1, max_length=MENU_LENGTH)]
    ice_breakers: Annotated[list[IceBreaker], Field(max_length=ICE_BREAKERS)]
    disclosure: Disclosure
    replies: dict[str, Reply]
    thumb_down: Line
    thumb_down_buttons: list[Button] = Field(default_factory=list, max_length=3)
    calendar: Line
    clinic_answer: Line
    paging: Paging
    moving: Moving

    @model_validator(mode="after")
    def _complete(self) -> Words:
        missing = [kind for kind in REPLIES if kind not in self.replies]
        unknown = [kind for kind in self.replies if kind not in REPLIES]
        if missing or unknown:
            raise ValueError(f"replies: missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}")
        return self

    def filled(self, placeholders: Mapping[str, str]) -> Words:
        """The same words with the clinic's details in place of {clinic_name} and the like."""
        return Words.model_validate(_filled(self.model_dump(), placeholders))


REPLIES = (
    "sticker", "voice", "image", "video", "file", "location", "share", "other", "edited", "edited_late", "withdrawn",
)  # fmt: skip


def load_words(folder: Path, placeholders: Mapping[str, str]) -> Words:
    """The words of a content folder, filled in; raises ContentError with every problem, an unknown {name} included."""
    source = read(folder / FILE)
    if isinstance(source, Problem):
        raise ContentError([source])
    unknown = sorted({name for name in NAME.findall(source.text) if name not in placeholders and name not in OWN})
    problems = [Problem(FILE, "", f"{{{name}}} is no placeholder; see the top of clinic.yml") for name in unknown]
    words, found = parse(source, Words)
    if words is None or found or problems:
        raise ContentError([*found, *problems])
    return words.filled(placeholders)


def _filled(value: object, placeholders: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return fill(value, placeholders)
    if isinstance(value, dict):
        return {key: _filled(one, placeholders) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, placeholders) for one in value]
    return value
