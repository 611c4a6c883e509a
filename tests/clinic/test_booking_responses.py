"""What the interview may say is worded in the domain, with no placeholder that nobody fills."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.clinic.booking.responses import RESPONSES
from bot.clinic.content.placeholders import NAMES


@pytest.fixture(scope="module")
def domain(root: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(root / "bot" / "domain.yml")["responses"])


@pytest.mark.parametrize("response", RESPONSES)
def test_the_domain_words_it_and_uses_exactly_what_it_is_given(response: str, domain: dict[str, Any]) -> None:
    assert response in domain
    for variant in domain[response]:
        assert set(re.findall(r"\{(\w+)\}", variant["text"])) - NAMES == set(RESPONSES[response])
        assert variant["metadata"]["kind"]
