"""Everything stored about a person as a page they can read: what was said, checked, booked and agreed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.clinic.content import Content

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
SHOWN_APART = ("message", "screening", "booking", "consent")


def handout(rows: Rows, content: Content, now: datetime) -> str:
    """An HTML page of `export_conversation`'s rows; times are the clinic's."""
    zone = ZoneInfo(content.clinic.time_zone)
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["when"] = lambda value: _when(value, zone)
    others = {name: some for name, some in rows.items() if some and name not in SHOWN_APART}
    return pages.get_template("handout.html.j2").render(rows=rows, others=others, clinic=content.clinic, now=now)


def _when(value: Any, zone: ZoneInfo) -> str:
    if not value:
        return ""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return f"{moment.astimezone(zone):%-d %B %Y, %H:%M}"
