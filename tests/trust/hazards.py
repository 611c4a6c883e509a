"""Reads docs/hazards.yml, says what is wrong with it, and renders it: `python -m tests.trust.hazards`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

ROOT = Path(__file__).resolve().parents[2]
LOG, PAGE = ROOT / "docs" / "hazards.yml", ROOT / "docs" / "hazards.md"
MOST_PLANNED = 5


class Part(BaseModel):
    """A part of the log: no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Control(Part):
    """What keeps a hazard from doing harm, where it is, and the tests that fail without it."""

    what: str = Field(min_length=10)
    where: str
    tests: tuple[str, ...] = ()
    planned: str | None = None

    @model_validator(mode="after")
    def _is_shown(self) -> Control:
        if bool(self.tests) == bool(self.planned):
            raise ValueError("a control has either tests or a word on what is planned")
        return self


class Hazard(Part):
    """One hazard."""

    id: str = Field(pattern=r"^H\d\d$")
    title: str
    cause: str
    effect: str
    severity: str
    controls: tuple[Control, ...] = Field(min_length=1)
    residual: str


class Log(Part):
    """The whole file."""

    severities: tuple[str, ...]
    hazards: tuple[Hazard, ...]


def load(path: Path = LOG) -> Log:
    """The log; raises pydantic's ValidationError when it does not keep to its form."""
    return Log.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def problems(log: Log, root: Path = ROOT) -> Iterator[str]:
    """Everything in the log that points to nothing, in words."""
    ids = [hazard.id for hazard in log.hazards]
    yield from (f"{id} is used twice" for id in sorted(set(ids)) if ids.count(id) > 1)
    planned = sum(control.planned is not None for hazard in log.hazards for control in hazard.controls)
    if planned > MOST_PLANNED:
        yield f"{planned} controls are only planned; {MOST_PLANNED} is the most"
    for hazard in log.hazards:
        if hazard.severity not in log.severities:
            yield f"{hazard.id}: {hazard.severity} is no severity"
        for control in hazard.controls:
            if not (root / control.where).exists():
                yield f"{hazard.id}: {control.where} does not exist"
            yield from (f"{hazard.id}: there is no test {test}" for test in control.tests if not exists(test, root))


def exists(node: str, root: Path = ROOT) -> bool:
    """Whether a pytest node id names a test function that is there."""
    file, _, name = node.partition("::")
    return name in _functions(root / file)


@cache
def _functions(path: Path) -> frozenset[str]:
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_"))


def render(log: Log) -> str:
    """The log as a page of Markdown."""
    controls = [control for hazard in log.hazards for control in hazard.controls]
    tests = {test for control in controls for test in control.tests}
    head = [
        "# Hazards",
        "",
        "Made from docs/hazards.yml with `python -m tests.trust.hazards`; edit that file, not this one.",
        "",
        f"{len(log.hazards)} hazards, {len(controls)} controls, {len(tests)} tests that fail without them.",
        "The ratings are the project's proposal; the clinic's own risk owner goes over them before patients come.",
        "",
    ]
    return "\n".join([*head, *(line for hazard in log.hazards for line in _section(hazard))])


def _section(hazard: Hazard) -> Iterator[str]:
    yield f"## {hazard.id} {hazard.title}"
    yield ""
    yield f"*{hazard.severity.capitalize()}.* Cause: {hazard.cause} Effect: {hazard.effect}"
    yield ""
    for control in hazard.controls:
        yield f"- {control.what} (`{control.where}`)"
        yield from (f"  - `{test}`" for test in control.tests)
        if control.planned:
            yield f"  - planned: {control.planned}"
    yield ""
    yield f"What is left: {hazard.residual}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(render(load()), encoding="utf-8")
