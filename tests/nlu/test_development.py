"""The development messages of tests/nlu/development: how many of their entities are read, and of whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.evaluation import measures
from bot.nlu.understanding import Understanding

DEVELOPMENT = Path(__file__).parent / "development"
FLOORS = {"entities.yml": 0.83}  # raise one when its figure has risen; never lower it


def messages(name: str) -> list[dict[str, Any]]:
    found = yaml.safe_load((DEVELOPMENT / name).read_text(encoding="utf-8"))
    return [one | {"age": date.today().year - one["born"]} if "born" in one else one for one in found]


@pytest.mark.parametrize("name", FLOORS)
def test_entities_stay_above_the_floor(shared: Understanding, name: str) -> None:
    def parse(text: str) -> Mapping[str, Any]:
        return {"entities": shared.entities(text)}

    found = measures.entities(parse, messages(name))
    assert found.figures["entities_f1"] >= FLOORS[name], found.errors
