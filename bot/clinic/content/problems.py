"""A problem found in the content, and the error that carries all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (file, key path, 1-based line when known), what, and what would be right."""

    file: str
    path: str
    what: str
    line: int | None = None
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        line = f" (line {self.line})" if self.line else ""
        path = f" {self.path}:" if self.path else ""
        return f"{self.file}:{path} {self.what}{line}"


class ContentError(ValueError):
    """Content that cannot be used. `problems` holds every error found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
