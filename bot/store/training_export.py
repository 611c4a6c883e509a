"""What the desk proposes for the next training, and the regression cases; the command line writes them to files."""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.settings import BOT
from bot.store import audit
from bot.store.desk_models import (
    AnswerWording,
    LearnedAnswer,
    RegressionCase,
    TrainingExample,
    WordingStatus,
)

NLU = BOT / "data" / "nlu.yml"
_MARKUP = re.compile(r"[\[\](){}\\|]")


def examples(session: Session, status: WordingStatus = "proposed", limit: int = 500) -> list[TrainingExample]:
    """Training examples in a state, by intent."""
    query = select(TrainingExample).where(TrainingExample.status == status)
    return list(session.scalars(query.order_by(TrainingExample.intent, TrainingExample.created_at).limit(limit)))


def decide(session: Session, example_id: str, status: WordingStatus, *, actor: str, now: datetime) -> bool:
    """Approve or reject a proposed example; False when it was decided before."""
    mine = update(TrainingExample).where(TrainingExample.id == example_id, TrainingExample.status == "proposed")
    changed = bool(session.execute(mine.values(status=status)).rowcount)  # type: ignore[attr-defined]
    if changed:
        audit.record(session, actor=actor, action=f"training.{status}", subject=f"example:{example_id}", now=now)
    return changed


def export_training(session: Session, file: Path = NLU) -> str:
    """The approved examples that nlu.yml does not have, as a unified diff of it; empty when there are none."""
    before = file.read_text(encoding="utf-8")
    after = with_examples(before, [(row.intent, row.text) for row in examples(session, "approved", 10_000)])
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), "a/bot/data/nlu.yml", "b/bot/data/nlu.yml"
    )
    return "".join(lines)


def with_examples(text: str, wanted: list[tuple[str, str]]) -> str:
    """The text of an nlu.yml with more examples at the end of their intents; what it has is not added twice."""
    lines = text.splitlines(keepends=True)
    known = {_plain(line.strip().removeprefix("- ")) for line in lines}
    for intent, example in wanted:
        clean = " ".join(_MARKUP.sub(" ", example).split()).lstrip("-# ")
        at = _end_of(lines, intent)
        if not clean or _plain(clean) in known or at is None:
            continue
        known.add(_plain(clean))
        indent = re.match(r" *", lines[at - 1])
        lines.insert(at, f"{indent[0] if indent else '      '}- {clean}\n")
    return "".join(lines)


def regression_cases(session: Session) -> list[dict[str, Any]]:
    """What `mesoguide evaluate` asks from now on: [{"question", "answer": "learned:<id>", "title"}] of live answers."""
    query = (
        select(AnswerWording.text, LearnedAnswer.id, LearnedAnswer.title)
        .join(RegressionCase, RegressionCase.wording_id == AnswerWording.id)
        .join(LearnedAnswer, LearnedAnswer.id == RegressionCase.answer_id)
        .where(LearnedAnswer.live_revision_id.is_not(None))
        .order_by(LearnedAnswer.created_at, RegressionCase.created_at)
    )
    return [
        {"question": text, "answer": f"learned:{id_}", "title": title} for text, id_, title in session.execute(query)
    ]


def _plain(example: str) -> str:
    """An example without markup and case, for comparing: "[hair](treatment)" -> "hair"."""
    return " ".join(re.sub(r"\[([^\]]*)\](\([^)]*\)|\{[^}]*\})", r"\1", example).casefold().split())


def _end_of(lines: list[str], intent: str) -> int | None:
    """Index after the last example of an intent; None when the file does not have it."""
    head = re.compile(rf"\s*-\s+intent:\s*[\"']?{re.escape(intent)}[\"']?\s*$")
    start = next((number for number, line in enumerate(lines) if head.match(line)), None)
    if start is None:
        return None
    last = None
    for number in range(start + 1, len(lines)):
        if re.match(r"\s*-\s+(intent|lookup|synonym|regex):", lines[number]):
            break
        if re.match(r"\s+-\s+\S", lines[number]):
            last = number + 1
    return last
