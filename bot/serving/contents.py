"""`mesoguide content`: what a change means for patients, who approved it, and where a past answer came from."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bot.clinic.content import Content, load_content, load_kept
from bot.clinic.report.diff import Change, content_diff
from bot.clinic.screening.replay import replay
from bot.settings import SettingError, Settings
from bot.store import audit, contents, screenings_stored
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.opening import open_store


class NotOnRecord(LookupError):
    """Something that is asked for is not in the database; the message says what."""


def files_of(folder: Path) -> dict[str, str]:
    """The content's files as text, by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yml"))}


def note_live(sessions: Sessions, folder: Path, version: str, now: datetime) -> None:
    """At the start of the installation: from now on it speaks from this content. The stored screenings are decided anew
    by its rules; how many would end otherwise is kept for the desk, and nobody's outcome changes by it."""
    with reading(sessions) as session:
        former = contents.live(session)
        if former is not None and former.version == version:
            return
    with unit_of_work(sessions) as session:
        contents.note_live(session, version, files_of(folder), now)
        session.commit()
    with suppress(SettingError), unit_of_work(sessions) as session:  # a key that is missing is the doctor's to say
        done = replay(screenings_stored.current(session), load_content(folder).screening)
        screenings_stored.note_differing(session, len(done.differences))
        if done.differences:
            details = {"differ": len(done.differences), "of": done.total}
            subject = f"content:{version}"
            audit.record(
                session, actor="system", action="screening.replayed", subject=subject, now=now, details=details
            )
        session.commit()


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
        contents.approve(session, content.version, files_of(settings.content), by, changes=changes, now=now)
        session.commit()
    return changes


def trace(settings: Settings, message_id: str) -> list[str]:
    """Lines that say where an answer came from: the version, who approved it, and the answer as it stood there."""
    with reading(open_store(settings)) as session:
        origin = contents.origin(session, message_id)
        session.expunge_all()
    if origin is None:
        raise NotOnRecord("there is no answer with this id; it may have been deleted, or it is no answer")
    facts = ", ".join(origin.facts) or "no facts"
    lines = [
        f"Answer {origin.answer}, said {origin.said_at:%Y-%m-%d %H:%M} UTC, resting on {facts}",
        f"Content {origin.version or 'unknown'}",
    ]
    row = origin.content
    if row is None:
        return [*lines, "This version of the content is not on record."]
    lines.append(f"Approved by {row.approved_by}, {row.approved_at:%Y-%m-%d}" if row.approved_at else "Not approved")
    return [*lines, *_as_it_stood(load_kept(row.files), origin.answer)]


def _as_it_stood(content: Content, id: str) -> list[str]:
    answer = next((one for one in content.answers if one.id == id), None)
    if answer is None:
        return []
    return [
        f"By {answer.author}, reviewed by {answer.reviewer} on {answer.reviewed}:",
        content.fill(answer.text),
        *(f"{fact}: {content.facts.texts[fact]}" for fact in answer.facts),
    ]
