"""`mesoguide content`: what a change means for patients, who approved it, and where a past answer came from.

Which version goes live is said in content_live.py."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.clinic.content import Content, content_files, load_content, load_kept
from bot.clinic.report.diff import Change, content_diff
from bot.settings import Settings
from bot.store import contents
from bot.store.engine import reading, unit_of_work
from bot.store.opening import open_store


class NotOnRecord(LookupError):
    """Something that is asked for is not in the database; the message says what."""


def pending(settings: Settings, folder: Path | None = None) -> list[Change]:
    """What patients will read differently once the content of the folder goes live, against what is live now."""
    new = load_content(folder or settings.content)
    with reading(open_store(settings)) as session:
        former = contents.live(session)
        files = former.files if former else None
    if files is None:
        raise NotOnRecord("no content has gone live here yet; give two folders to compare")
    return content_diff(load_kept(files), new)


def approve(settings: Settings, by: str, now: datetime) -> int:
    """Write down that somebody stands behind the installation's content; returns what it changes for patients."""
    content = load_content(settings.content)
    try:
        changes = len(pending(settings))
    except NotOnRecord:
        changes = 0
    with unit_of_work(open_store(settings)) as session:
        contents.approve(session, content.version, content_files(settings.content), by, changes=changes, now=now)
        session.commit()
    return changes


def trace(settings: Settings, message_id: str) -> list[str]:
    """Lines that say where something the bot said came from: the version, who approved it, and how it stood there."""
    with reading(open_store(settings)) as session:
        origin = contents.origin(session, message_id)
        session.expunge_all()
    if origin is None:
        raise NotOnRecord("there is no answer of the bot's with this id; it may have been deleted")
    meta = origin.meta
    facts = ", ".join(meta.get("facts") or ()) or "no facts"
    lines = [
        f"{_name(meta)}, said {origin.said_at:%Y-%m-%d %H:%M} UTC, resting on {facts}",
        f"Content {origin.version or 'unknown'}",
    ]
    row = origin.content
    if meta.get("revision"):  # taught at the desk: it came from no version of the content
        who = f"Written by {meta.get('author')}, approved by {meta.get('approved_by')} on {meta.get('date')}:"
        return [lines[0], f"Revision {meta['revision']} of an answer taught at the desk", who, origin.text]
    if row is None:
        return [*lines, "This version of the content is not on record."]
    lines.append(f"Approved by {row.approved_by}, {row.approved_at:%Y-%m-%d}" if row.approved_at else "Not approved")
    return [*lines, *_as_it_stood(load_kept(row.files), origin)]


def _name(meta: Mapping[str, Any]) -> str:
    if meta.get("answer"):
        return f"Answer {meta['answer']}"
    if meta.get("outcome"):
        return f"Outcome {meta['outcome']} ({', '.join(meta.get('reasons') or ()) or 'no criterion met'})"
    return f"{str(meta.get('kind') or 'message').capitalize()}"


def _as_it_stood(content: Content, origin: contents.Origin) -> list[str]:
    answer = next((one for one in content.answers if one.id == origin.meta.get("answer")), None)
    if answer is not None:
        return [
            f"By {answer.author}, reviewed by {answer.reviewer} on {answer.reviewed}:",
            content.fill(answer.text),
            *(f"{fact}: {content.facts.texts[fact]}" for fact in answer.facts),
        ]
    if origin.meta.get("outcome"):
        rules = content.screening
        signed = f"By the rules of version {rules.version}, signed by {rules.signed_by}, {rules.signed_on}:"
        wording = getattr(rules.outcomes, str(origin.meta["outcome"]), None)
        return [signed, *([content.fill(f"{wording.thanks} {wording.text}")] if wording else [])]
    found = [(where, text) for where, text in _wordings(content) if _is_said(content.fill(text), origin.text)]
    return [line for where, text in found[:1] for line in (f"{where}:", content.fill(text))]


def _wordings(content: Content) -> Iterator[tuple[str, str]]:
    """What is said besides answers and outcomes, with where it stands and who stands behind it."""
    for name, variants in content.responses.items():
        yield from (
            (f"Response {name}, signed by {content.clinic.signed_by}", str(one.get("text"))) for one in variants
        )
    for code, one in content.languages.items():
        where = f"{one.name} ({code}), by {one.author}, reviewed by {one.reviewer} on {one.reviewed}"
        yield from ((where, text) for text in (one.emergency, one.reply, *one.answers.values()))


def _is_said(text: str, said: str) -> bool:
    """Whether a text with what only a conversation fills in is what was said."""
    pattern = "".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", text))
    return re.fullmatch(pattern, said, re.DOTALL) is not None
