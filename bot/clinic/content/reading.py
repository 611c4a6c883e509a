"""Reads one YAML file into plain data, and turns what the schema objects to into problems: file, path, line, cure.

YAML 1.1 on purpose: 17:30 and no mean here what they mean to any other YAML reader, and the schema insists on quotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from bot.clinic.content.problems import Problem

DEEPEST = 50  # collections in one another; the content's files have fewer than ten
Model = TypeVar("Model", bound=BaseModel)
Path_ = Sequence[Any]


class Source:
    """A content file: its parsed data and where in the file each key path stands."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.text = path.read_text(encoding="utf-8")
        self.data: Any = _yaml().load(self.text)
        self._root: Node | None = None

    def line(self, path: Path_) -> int | None:
        """The 1-based line of a key path, or of the deepest part of it that exists; None where it cannot be told."""
        try:
            self._root = self._root or _yaml(pure=True).compose(self.text)
        except YAMLError:  # the reader that keeps lines refuses some files that the other one takes
            return None
        node: Node | None = self._root
        line: int | None = None
        for key in path:
            node = _child(node, key)
            if node is None:
                break
            line = node.start_mark.line + 1
        return line

    def problem(self, path: Path_, what: str, level: str = "error") -> Problem:
        """A problem of this file at a key path; items of a list are named by their id where they have one."""
        return Problem(self.name, "/".join(self._names(path)), what, self.line(path), level)  # type: ignore[arg-type]

    def _names(self, path: Path_) -> list[str]:
        names, here = [], self.data
        for key in path:
            try:
                here = here[key]
            except (KeyError, IndexError, TypeError):
                here = None
            named = isinstance(key, int) and isinstance(here, dict) and isinstance(here.get("id"), str)
            names.append(here["id"] if named else str(key))
        return names


def read(path: Path) -> Source | Problem:
    """The file's data, or the one problem that keeps it from being read."""
    try:
        source = Source(path)
    except OSError as error:
        return Problem(path.name, "", f"cannot be read ({error.strerror}); the content needs this file")
    except UnicodeDecodeError as error:
        return Problem(path.name, "", f"is not UTF-8 text (byte {error.start}); save it as UTF-8")
    except YAMLError as error:
        return _no_yaml(path, error)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        why = f"holds a value that cannot be read ({error}); write text in quotes, and days that exist"
        return Problem(path.name, "", why)
    if not isinstance(source.data, dict):
        return Problem(path.name, "", "holds no keys; see the comment at its top for what belongs there")
    return source


def _no_yaml(path: Path, error: YAMLError) -> Problem:
    if not isinstance(error, MarkedYAMLError):
        return Problem(path.name, "", f"is not valid YAML: {error}")
    mark = error.problem_mark or error.context_mark
    colon = "; write values that contain a colon in quotes" if "':'" in str(error.problem) else ""
    return Problem(path.name, "", f"is not valid YAML: {error.problem}{colon}", mark.line + 1 if mark else None)


def is_a_trap(raw: bytes) -> bool:
    """Whether a file of somebody else's is nested deeper than any content (reading it would end the process) or
    repeats parts of itself by aliases (a small file that becomes a huge one)."""
    depth = 0
    try:
        for event in yaml.parse(raw, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or isinstance(event, yaml.AliasEvent):
                return True
    except (yaml.YAMLError, ValueError):  # what is wrong with it is said by `read`
        return False
    return False


def parse(source: Source, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The file as `model`, and every objection of the schema. List items that are wrong are left out of the model, so
    that the rest can still be checked; None when not even that can be built."""
    try:
        return model.model_validate(source.data), []
    except ValidationError as error:
        details = error.errors()
        problems = [source.problem(*_objection(model, one)) for one in details]
        return _salvage(source.data, model, details), problems


def _salvage(data: dict[str, Any], model: type[Model], details: Sequence[ErrorDetails]) -> Model | None:
    wrong = {one["loc"][:2] for one in details if len(one["loc"]) > 1 and isinstance(one["loc"][1], int)}
    kept = dict(data)
    for key in {str(key) for key, _ in wrong}:
        kept[key] = [item for index, item in enumerate(data[key]) if (key, index) not in wrong]
    try:
        return model.model_validate(kept) if wrong else None
    except ValidationError:
        return None


def _objection(model: type[BaseModel], detail: ErrorDetails) -> tuple[Path_, str]:
    """(key path, what is wrong and what is expected) for one of pydantic's errors."""
    loc, value, kind = detail["loc"], detail["input"], detail["type"]
    path = tuple(part for part in loc if part != "[key]")
    if kind == "extra_forbidden":
        return path, f"unknown key; known here: {', '.join(_known_keys(model, loc[:-1]))}"
    if kind == "missing":
        return path, "is missing; add it"
    if kind == "value_error":
        return path, detail["msg"].removeprefix("Value error, ")
    if kind == "string_type" and isinstance(value, bool):
        word = "yes" if value else "no"
        return path, f'{value} is not text; write it in quotes, as "{word}"'
    if kind == "string_type":
        return path, f"{_short(value)} is not text; write it in quotes"
    return path, f"{_short(value)}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _known_keys(model: type[BaseModel], loc: Path_) -> list[str]:
    here: type[BaseModel] | None = model
    for part in loc:
        if here is not None and part in here.model_fields:
            here = _model_in(here.model_fields[part].annotation)
    return list(here.model_fields) if here is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _child(node: Node | None, key: Any) -> Node | None:
    if isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key]
    if isinstance(node, MappingNode):
        return next((value for name, value in node.value if name.value == str(key)), None)
    return None


def _yaml(pure: bool = False) -> YAML:
    yaml = YAML(typ="safe", pure=pure)
    yaml.version = (1, 1)  # type: ignore[assignment]  # its type hint forgets the setter
    return yaml
