"""A line of the transcript as Messenger shows it: texts, a button template, or quick replies, within its limits. Pure.

https://developers.facebook.com/docs/messenger-platform/send-messages (text 2,000 characters; quick replies 13, titles
20; button template 1 to 3 buttons and 640 characters; payloads 1,000)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.messenger.words import Paging

TEXT = 2000
TEMPLATE_TEXT = 640
TEMPLATE_BUTTONS = 3
QUICK_REPLIES = 13
TITLE = 20
PAYLOAD = 1000
PAGE = "more:"  # starts the payload of the quick reply that shows the next page: more:<message id>:<page>

Payload = dict[str, Any]
Button = Mapping[str, str]
_SENTENCE = re.compile(r"(?<=[.!?…])[\s]+|\n+")


def render(message_id: str, text: str, buttons: Sequence[Button], paging: Paging) -> list[Payload]:
    """The messages to send, in order, for a line with its buttons."""
    if not buttons:
        return [{"text": part} for part in split(text, TEXT)]
    text = text.strip() or paging.choose
    titles = [shorten(button["title"]) for button in buttons]
    if any(short != button["title"].strip() for short, button in zip(titles, buttons, strict=True)):
        text = "\n".join([text, *(f"• {button['title'].strip()}" for button in buttons)])
    if len(buttons) <= TEMPLATE_BUTTONS:
        *before, last = split(text, TEXT, last=TEMPLATE_TEXT)
        return [*({"text": part} for part in before), _template(last, buttons)]
    *before, last = split(text, TEXT)
    quick = {"text": last, "quick_replies": _page(message_id, buttons, 0, paging)}
    return [*({"text": part} for part in before), quick]


def next_page(message_id: str, buttons: Sequence[Button], page: int, paging: Paging) -> Payload | None:
    """One further page of a long list (pages count from 0); None when there is none."""
    replies = _page(message_id, buttons, page, paging)
    return {"text": paging.next, "quick_replies": replies} if replies and page > 0 else None


def asked_page(payload: str) -> tuple[str, int] | None:
    """(message id, page) when a payload asks for a further page."""
    name, _, number = payload.removeprefix(PAGE).rpartition(":")
    return (name, int(number)) if payload.startswith(PAGE) and name and number.isdecimal() else None


def shorten(title: str) -> str:
    """A title that fits on a button, cut at a word where that leaves something to read."""
    title = " ".join(title.split())
    if len(title) <= TITLE:
        return title
    head = title[: TITLE - 1]
    word = head.rsplit(" ", 1)[0]
    return (word if len(word) >= TITLE // 2 else head).rstrip() + "…"


def split(text: str, limit: int, last: int | None = None) -> list[str]:
    """A text in parts of at most `limit` characters, cut after sentences, else between words, else anywhere. `last` is
    a lower limit for the last part. Nothing but the white space at a cut is lost."""
    last = last or limit
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > last:
        cut = _cut(rest, limit if len(rest) > limit else len(rest) - 1)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _cut(text: str, limit: int) -> int:
    """Where to cut: at most `limit`, preferably after a sentence in the second half, else at a space."""
    ends = [found.start() for found in _SENTENCE.finditer(text, 0, limit + 1) if 0 < found.start() <= limit]
    if ends and ends[-1] >= min(limit // 4, 200):
        return ends[-1]
    space = text.rfind(" ", 1, limit + 1)
    return space if space > 0 else limit


def _template(text: str, buttons: Sequence[Button]) -> Payload:
    choices = [{"type": "postback", "title": shorten(b["title"]), "payload": b["payload"][:PAYLOAD]} for b in buttons]
    payload = {"template_type": "button", "text": text, "buttons": choices}
    return {"attachment": {"type": "template", "payload": payload}}


def _page(message_id: str, buttons: Sequence[Button], page: int, paging: Paging) -> list[dict[str, str]]:
    """All when they fit; else twelve at a time and a way to the next twelve."""
    size = QUICK_REPLIES if len(buttons) <= QUICK_REPLIES else QUICK_REPLIES - 1
    shown = buttons[page * size : (page + 1) * size]
    replies = [_quick(b["title"], b["payload"]) for b in shown]
    if len(buttons) > (page + 1) * size:
        replies.append(_quick(paging.more, f"{PAGE}{message_id}:{page + 1}"))
    return replies


def _quick(title: str, payload: str) -> dict[str, str]:
    return {"content_type": "text", "title": shorten(title), "payload": payload[:PAYLOAD]}
