"""`mesoguide privacy`: hand a person their data out, erase them, and remove what was kept long enough."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from bot.clinic.content import load_content
from bot.clinic.report.handout import handout
from bot.settings import Settings
from bot.store import privacy, retention
from bot.store.engine import unit_of_work
from bot.store.opening import open_store


def hand_out(settings: Settings, conversation_id: str, path: Path, now: datetime) -> list[Path]:
    """Write a conversation's data as JSON to `path` and as a page beside it, for their owner only; returns both.
    That it was handed out is in the audit log."""
    content = load_content(settings.content)
    with unit_of_work(open_store(settings)) as session:
        rows = privacy.export_conversation(session, conversation_id)
        privacy.note_export(session, conversation_id, rows, actor="system", now=now)
        session.commit()
    page = path.with_suffix(".html")
    for file, text in ((path, json.dumps(rows, indent=2, ensure_ascii=False)), (page, handout(rows, content, now))):
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    return [path, page]


def erase(settings: Settings, conversation_id: str, now: datetime) -> tuple[int, int]:
    """Erase a conversation; returns the rows removed and the records of visits that the law makes the clinic keep."""
    days = load_content(settings.content).clinic.privacy.visit_record_days
    with unit_of_work(open_store(settings)) as session:
        kept = len(privacy.visits_that_stay(session, conversation_id, now)) if days else 0
        removed = privacy.erase_conversation(session, conversation_id, actor="system", now=now, visit_record_days=days)
        session.commit()
    return sum(removed.values()), kept


def retain(settings: Settings, now: datetime) -> retention.Removed:
    """Remove what is older than the days of clinic.yml."""
    return retention.retain(open_store(settings), load_content(settings.content).clinic.privacy, now)
