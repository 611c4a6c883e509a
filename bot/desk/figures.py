"""What the figures page and its CSV show, put together from the store's counts; kept for a minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, get_args

from bot.clinic.desk.figures import Fate, Wait, kept_share, promised, rising, share, taken, top
from bot.clinic.desk.hours import Hours
from bot.desk.context import Desk, keeping
from bot.desk.present import FATES, KINDS, OUTCOMES, REASONS, STATUSES
from bot.store import answers_learned, desk_figures, desk_questions
from bot.store.desk_figures import Span
from bot.store.desk_questions import Shown
from bot.store.engine import Session
from bot.store.terms import TriageKind

KEPT_SECONDS = 60
LEFT_AFTER = timedelta(hours=24)  # a chat so long quiet after a question was left there
LATELY = timedelta(days=14)
Figures = dict[str, Any]
Rows = list[list[Any]]


def collect(desk: Desk, now: datetime, weeks: int) -> Figures:
    """All figures of the last `weeks` weeks."""
    kept = desk.kept_figures.get(weeks)
    if kept is not None and now - kept[0] < timedelta(seconds=KEPT_SECONDS):
        return kept[1]
    span = _last_weeks(desk, now, weeks)
    hours = Hours(desk.content.clinic)
    with keeping(desk.sessions) as session:
        data = {
            "weeks": weeks,
            "span": span,
            **_conversations(session, span, now),
            **_waits(desk, session, span, now, hours),
            "reasons": desk_figures.reasons(session, span),
            "left": top(desk_figures.left_screening(session, span, now - LEFT_AFTER), 12),
            "outcomes": desk_figures.outcomes(session, span),
            "bookings": desk_figures.bookings(session, span),
            "thumbs": desk_figures.thumbs(session, span),
            "complaints": desk_figures.complaints(session, span),
            "taught": answers_learned.titles(session),
            "rising_questions": _rising_questions(session, now),
        }
    desk.kept_figures[weeks] = (now, data)
    return data


def _last_weeks(desk: Desk, now: datetime, weeks: int) -> Span:
    """Whole weeks from Monday on, this one included."""
    today = datetime.combine(now.astimezone(desk.zone).date(), time(), desk.zone)
    end = today + timedelta(days=7 - today.weekday())
    return Span(end - timedelta(weeks=weeks), end)


def _conversations(session: Session, span: Span, now: datetime) -> Figures:
    said = desk_figures.said(session, span)
    answers, fallbacks = (sum(n for (one, _), n in said.items() if one == kind) for kind in ("answer", "fallback"))
    total = desk_figures.conversations(session, span)
    return {
        "total": total,
        "per_week": desk_figures.conversations_per_week(session, span),
        "settled": share(total - desk_figures.with_staff(session, span), total),
        "fallback": share(fallbacks, fallbacks + answers),
        "topics": top(desk_figures.topics(said)),
        "rising": rising(*(desk_figures.topics(desk_figures.said(session, part)) for part in _lately(now))),
    }


def _lately(now: datetime) -> tuple[Span, Span]:
    """The last two weeks, and the two before."""
    return Span(now - LATELY, now), Span(now - 2 * LATELY, now - LATELY)


def _rising_questions(session: Session, now: datetime) -> list[tuple[Shown, int, int]]:
    """The unanswered questions that more patients asked lately than before: (group, lately, before)."""
    asked = [desk_questions.asked_between(session, part.start, part.end) for part in _lately(now)]
    found = {group_id: counts for group_id, *counts in rising(*asked)}
    groups = desk_questions.shown(session, list(found))
    return [(one, *found[one.group.id]) for one in groups]


def _waits(desk: Desk, session: Session, span: Span, now: datetime, hours: Hours) -> Figures:
    """Time to the first human answer against what was promised, and what is owed now of every kind."""
    rule = desk.words.promise("person")
    waits = [
        Wait(one.asked_at, hours.promised_at(one.asked_at, rule), one.answered_at)
        for one in desk_figures.first_answers(session, span)
    ]
    kinds: tuple[TriageKind, ...] = get_args(TriageKind)
    late = {kind: hours.late_before(desk.words.promise(kind), now) for kind in kinds}
    return {
        "wanted": len(waits),
        "first_answer": taken(waits),
        "promised": promised(waits),
        "kept": kept_share(waits, now),
        "late": sum(wait.fate(now) == "owed" for wait in waits),
        "promises": _per_week(waits, span, now),
        "owed": desk_figures.owed(session, late),
    }


def _per_week(waits: Sequence[Wait], span: Span, now: datetime) -> list[dict[str, Any]]:
    """For each week: how many were answered in time, late, or not at all, and the medians."""
    weeks: list[list[Wait]] = [[] for _ in span.weeks]
    for wait in waits:
        weeks[desk_figures.week_of(span, wait.asked_at)].append(wait)
    rows = []
    for inside in weeks:
        fates = [wait.fate(now) for wait in inside]
        counts = {fate: fates.count(fate) for fate in get_args(Fate)}
        rows.append({**counts, "promised": promised(inside), "taken": taken(inside)})
    return rows


def as_tables(data: Figures) -> dict[str, Rows]:
    """Every table of the page as rows with a head, for CSV."""
    starts = [start.date().isoformat() for start in data["span"].weeks]
    weekly = {"conversations": data["per_week"]}
    weekly |= {f"screened: {OUTCOMES.get(name, name)}": row for name, row in data["outcomes"].items()}
    weekly |= {f"bookings: {STATUSES.get(name, name)}": row for name, row in data["bookings"].items()}
    return {
        "summary": [["figure", "value"], *_summary(data)],
        "weeks": [
            ["week from", *weekly],
            *([day, *(row[n] for row in weekly.values())] for n, day in enumerate(starts)),
        ],
        "promises": [
            ["week from", *FATES.values(), "median minutes promised", "median minutes taken"],
            *(_promise_row(day, row) for day, row in zip(starts, data["promises"], strict=True)),
        ],
        "owed": [
            ["kind", "waiting", "longer than promised", "oldest"],
            *([KINDS[kind], one.waiting, one.late, one.oldest.isoformat()] for kind, one in data["owed"].items()),
        ],
        "reasons": [["reason", "count"], *([REASONS.get(name, name), n] for name, n in data["reasons"].items())],
        "topics": [["topic", "answers"], *map(list, data["topics"])],
        "rising": [["topic", "last two weeks", "two weeks before"], *map(list, data["rising"])],
        "rising_questions": [
            ["question without an answer", "patients in the last two weeks", "two weeks before"],
            *([one.newest.item.question, count, former] for one, count, former in data["rising_questions"]),
        ],
        "left": [["question", "patients who left there"], *map(list, data["left"])],
        "thumbs": [["answer", "up", "down"], *([name, up, down] for name, (up, down) in data["thumbs"].items())],
        "complaints": [
            ["why", "what was said", "when"],
            *([why, said, at.isoformat()] for why, said, at, _ in data["complaints"]),
        ],
    }


def _promise_row(day: str, row: dict[str, Any]) -> list[Any]:
    return [day, *(row[fate] for fate in FATES), _minutes(row["promised"]), _minutes(row["taken"])]


def _summary(data: Figures) -> Rows:
    return [
        ["conversations", data["total"]],
        ["share settled without staff", _rounded(data["settled"])],
        ["fallback rate", _rounded(data["fallback"])],
        ["asked for a person", data["wanted"]],
        ["median minutes to the first human answer", _minutes(data["first_answer"])],
        ["median minutes promised", _minutes(data["promised"])],
        ["share answered within the promise", _rounded(data["kept"])],
        ["owed beyond the promise", data["late"]],
    ]


def _minutes(span: timedelta | None) -> int | str:
    return "" if span is None else round(span.total_seconds() / 60)


def _rounded(value: float | None) -> float | str:
    return "" if value is None else round(value, 3)
