"""Reads attempts.yml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("attempts.yml")


@dataclass(frozen=True)
class Attempt:
    """One message, what it is after, and the kinds of message it may be answered with."""

    text: str
    kind: str
    allowed: frozenset[str]
    first: str | None = None


def attempts() -> list[Attempt]:
    """All attempts, in the order of the file."""
    groups = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [attempt for group in groups for attempt in _of_group(group)]


def _of_group(group: dict[str, Any]) -> Iterator[Attempt]:
    for message in group["messages"]:
        one = message if isinstance(message, dict) else {"text": message}
        yield Attempt(one["text"], group["kind"], frozenset(one.get("allowed", group["allowed"])), group.get("first"))
