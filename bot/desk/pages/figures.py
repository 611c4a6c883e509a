"""The figures: how the assistant and the desk did, as charts and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from bot.clinic.desk.figures import middle, rising, share, top
from bot.clinic.desk.hours import promised_at
from bot.desk import charts
from bot.desk.context import View
from bot.desk.present import OUTCOMES, REASONS, STATUSES
from bot.desk.routing import Pages, Refused, Signed
from bot.store import desk_figures
from bot.store.desk_figures import Answered, Span

pages = Pages()
CHOICES = (4, 12, 26)
KEPT_SECONDS = 60
LEFT_AFTER = timedelta(hours=24)  # a chat so long quiet after a question was left there


@pages.get("/figures")
def figures(view: Signed, weeks: int = 12) -> Response:
    """The page for a manager."""
    data = collect(view, weeks if weeks in CHOICES else 12)
    return view.page("figures.html", choices=CHOICES, charts=charts, **data)


@pages.get("/figures.csv")
def export(view: Signed, table: str = "weeks", weeks: int = 12) -> Response:
    """One table as CSV. Cells that a spreadsheet would calculate are kept as text."""
    tables = as_tables(view, collect(view, weeks if weeks in CHOICES else 12))
    if table not in tables:
        raise Refused("There is no such table.", 404)
    headers = {"Content-Disposition": f'attachment; filename="{table}.csv"'}
    return Response(to_csv(tables[table]), media_type="text/csv; charset=utf-8", headers=headers)


def collect(view: View, weeks: int) -> dict[str, Any]:
    """All figures of the last `weeks` weeks, kept for a minute."""
    kept = view.desk.kept_figures.get(weeks)
    if kept is not None and view.now - kept[0] < timedelta(seconds=KEPT_SECONDS):
        return kept[1]
    data = _collect(view, weeks)
    view.desk.kept_figures[weeks] = (view.now, data)
    return data


def _collect(view: View, weeks: int) -> dict[str, Any]:
    today = datetime.combine(view.now.astimezone(view.desk.zone).date(), time(), view.desk.zone)
    end = today + timedelta(days=7 - today.weekday())
    span = Span(end - timedelta(weeks=weeks), end)
    lately, before = (
        Span(view.now - timedelta(days=14), view.now),
        Span(view.now - timedelta(days=28), view.now - timedelta(days=14)),
    )
    with view.reading() as session:
        said = desk_figures.said(session, span)
        kinds = {kind: sum(n for (one, _), n in said.items() if one == kind) for kind in ("answer", "fallback")}
        waits = desk_figures.first_answers(session, span)
        total = desk_figures.conversations(session, span)
        data = {
            "weeks": weeks,
            "span": span,
            "total": total,
            "per_week": desk_figures.conversations_per_week(session, span),
            "settled": share(total - desk_figures.with_staff(session, span), total),
            "fallback": share(kinds["fallback"], kinds["fallback"] + kinds["answer"]),
            "reasons": desk_figures.reasons(session, span),
            "topics": top(desk_figures.topics(said)),
            "rising": rising(*(desk_figures.topics(desk_figures.said(session, part)) for part in (lately, before))),
            "left": top(desk_figures.left_screening(session, span, view.now - LEFT_AFTER), 12),
            "outcomes": desk_figures.outcomes(session, span),
            "bookings": desk_figures.bookings(session, span),
            "thumbs": desk_figures.thumbs(session, span),
            "complaints": desk_figures.complaints(session, span),
        }
    return data | _promises(view, waits)


def _promises(view: View, waits: list[Answered]) -> dict[str, Any]:
    """Time to the first human answer, against what was promised."""
    clinic, rule = view.desk.content.clinic, view.desk.words.promise("person")
    answered = [(one, one.answered_at) for one in waits if one.answered_at is not None]
    kept = sum(at <= promised_at(one.asked_at, rule, clinic) for one, at in answered)
    missed = [one for one in waits if one.answered_at is None and promised_at(one.asked_at, rule, clinic) < view.now]
    return {
        "wanted": len(waits),
        "first_answer": middle([at - one.asked_at for one, at in answered]),
        "kept": share(kept, len(answered) + len(missed)),
        "owed": len(missed),
    }


def as_tables(view: View, data: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Every table of the page as rows with a head, for CSV."""
    starts = [start.date().isoformat() for start in data["span"].weeks]
    weekly = {"conversations": data["per_week"]}
    weekly |= {f"screened: {OUTCOMES.get(name, name)}": row for name, row in data["outcomes"].items()}
    weekly |= {f"bookings: {STATUSES.get(name, name)}": row for name, row in data["bookings"].items()}
    wait = data["first_answer"]
    summary = [
        ["conversations", data["total"]],
        ["share settled without staff", _rounded(data["settled"])],
        ["fallback rate", _rounded(data["fallback"])],
        ["asked for a person", data["wanted"]],
        ["median minutes to the first human answer", round(wait.total_seconds() / 60) if wait else ""],
        ["share answered within the promise", _rounded(data["kept"])],
        ["owed beyond the promise", data["owed"]],
    ]
    return {
        "summary": [["figure", "value"], *summary],
        "weeks": [
            ["week from", *weekly],
            *([day, *(row[n] for row in weekly.values())] for n, day in enumerate(starts)),
        ],
        "reasons": [["reason", "count"], *([REASONS.get(name, name), n] for name, n in data["reasons"].items())],
        "topics": [["topic", "answers"], *map(list, data["topics"])],
        "left": [["question", "patients who left there"], *map(list, data["left"])],
        "thumbs": [["answer", "up", "down"], *([name, up, down] for name, (up, down) in data["thumbs"].items())],
        "complaints": [
            ["why", "what was said", "when"],
            *([why, said, at.isoformat()] for why, said, at, _ in data["complaints"]),
        ],
    }


def to_csv(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV; a text that begins like a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
    return "\ufeff" + out.getvalue()


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell


def _rounded(value: float | None) -> float | str:
    return "" if value is None else round(value, 3)
