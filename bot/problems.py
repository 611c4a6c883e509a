"""Errors as a patient's program reads them: RFC 9457 problem JSON, with words from problems.yml.

Each problem has a name; problems.yml holds its status, title and detail, and may use the clinic's placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CONTENT_TYPE = "application/problem+json"
WORDS = Path(__file__).with_name("problems.yml")


class Problem(Exception):
    """A request that gets an answer other than what it asked for. `name` is a key of problems.yml."""

    def __init__(self, name: str, retry_after: int | None = None, **values: Any) -> None:
        super().__init__(name)
        self.name = name
        self.retry_after = retry_after
        self.values = values


class Problems:
    """The clinic's wording of every problem."""

    def __init__(self, placeholders: Mapping[str, str], path: Path = WORDS) -> None:
        self._words = _read(path)
        self._placeholders = dict(placeholders)

    def status(self, name: str) -> int:
        """The HTTP status of a problem."""
        return int(self._words[name]["status"])

    def body(self, problem: Problem) -> dict[str, Any]:
        """The problem as RFC 9457 members."""
        words = self._words[problem.name]
        known = {**self._placeholders, **{name: str(value) for name, value in problem.values.items()}}
        return {
            "type": f"urn:mesoguide:problem:{problem.name}",
            "title": words["title"],
            "status": words["status"],
            "detail": _fill(words["detail"], known),
        }

    def headers(self, problem: Problem) -> dict[str, str]:
        """The headers that go with it."""
        headers = {"Cache-Control": "no-store"}
        if problem.retry_after is not None:
            headers["Retry-After"] = str(problem.retry_after)
        if self.status(problem.name) == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return headers


@lru_cache
def _read(path: Path) -> dict[str, dict[str, Any]]:
    return YAML(typ="safe").load(path)


def _fill(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return " ".join(text.split())
