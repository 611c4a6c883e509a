"""Domain, rules, actions and wording fit together in both directions: nothing missing, nothing unused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor

from bot.clinic.content import load_content

CONFIRMED = {"reference", "name", "contact", "treatment", "when", "note"}


@pytest.fixture(scope="module")
def domain(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "bot/domain.yml").read_text())


@pytest.fixture(scope="module")
def dialogue(root: Path) -> str:
    return (root / "bot/data/rules.yml").read_text() + (root / "bot/data/stories.yml").read_text()


@pytest.fixture(scope="module")
def code(root: Path) -> str:
    return "\n".join(path.read_text() for path in (root / "bot").rglob("*.py"))


def implemented() -> set[str]:
    executor = ActionExecutor()
    executor.register_package("bot.actions")
    assert issubclass(Action, object)
    ours = (name for name, run in executor.actions.items() if run.__module__.startswith("bot.actions"))
    return set(ours)  # without those of tests that ran before in this process


def test_every_action_of_the_domain_is_implemented_and_the_other_way_round(domain: dict[str, Any]) -> None:
    named = {one if isinstance(one, str) else next(iter(one)) for one in domain["actions"]}
    assert implemented() == named


def test_every_response_named_in_code_or_rules_is_worded(domain: dict[str, Any], code: str, dialogue: str) -> None:
    named = set(re.findall(r'"(utter_[a-z_]+)"', code)) | set(re.findall(r"utter_[a-z_]+", dialogue))
    assert named - set(domain["responses"]) == set()


def test_no_response_is_left_unused(domain: dict[str, Any], code: str, dialogue: str) -> None:
    used = {
        name
        for name in domain["responses"]
        if name in dialogue or f'"{name}"' in code or any(re.fullmatch(p, name) for p in _patterns(code))
    }
    assert set(domain["responses"]) - used - {"utter_restart"} == set()  # Rasa's own action_restart says that one


def _patterns(code: str) -> list[str]:
    """Names built in code, such as f"utter_ask_booking_{field}", as patterns."""
    return [re.sub(r"\{[^}]*\}", "[a-z_]+", name) for name in re.findall(r'f"(utter_[a-z_{}\[\]\.]*\{[^"]*)"', code)]


def test_every_intent_has_a_rule(domain: dict[str, Any], dialogue: str) -> None:
    assert {intent for intent in domain["intents"] if f"intent: {intent}\n" not in dialogue} == set()


def test_every_trained_intent_is_in_the_domain(domain: dict[str, Any], root: Path) -> None:
    nlu = yaml.safe_load((root / "bot/data/nlu.yml").read_text())
    trained = {entry["intent"] for entry in nlu["nlu"] if "intent" in entry}
    assert trained - set(domain["intents"]) - {"restart"} == set()
    assert set(domain["intents"]) - trained == {"start_chat", "other_language"}


def test_every_response_says_what_kind_it_is(domain: dict[str, Any]) -> None:
    silent = {
        name
        for name, variants in domain["responses"].items()
        if any("kind" not in (variant.get("metadata") or {}) for variant in variants)
    }
    assert silent - {"utter_booking_confirmed"} == set()


def test_every_placeholder_is_filled_by_somebody(domain: dict[str, Any], root: Path, code: str) -> None:
    known = set(load_content(root / "bot/content").placeholders()) | {"danger_label", "danger_sign"} | CONFIRMED
    for name, variants in domain["responses"].items():
        for variant in variants:
            for placeholder in re.findall(r"\{(\w+)\}", variant["text"]):
                assert placeholder in known or f"{placeholder}=" in code, f"{name}: {{{placeholder}}}"


def test_button_titles_fit_messenger(domain: dict[str, Any]) -> None:
    titles = [b["title"] for variants in domain["responses"].values() for v in variants for b in v.get("buttons", [])]
    assert [title for title in titles if len(title) > 20] == []
