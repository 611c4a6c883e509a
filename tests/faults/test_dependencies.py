"""What is installed is pinned by its hash and freely licensed; the audit does not call unknown what it has not seen."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-tracing.lock", "requirements-tuning.lock")
# LGPL with exceptions: used as the library it is, its source unchanged.
LIBRARIES_UNDER_LGPL = {"psycopg2-binary"}


@pytest.fixture(scope="module")
def audit(root: Path) -> ModuleType:
    return loaded(root / ".ci" / "audit.py")


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def packages(text: str) -> dict[str, str]:
    """Each pinned package and everything the lock says about it."""
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {block.split("==")[0]: block for block in blocks if "==" in block.partition("\n")[0]}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash_and_names_no_address(root: Path, lock: str) -> None:
    text = (root / lock).read_text(encoding="utf-8")
    assert [name for name, block in packages(text).items() if "--hash=sha256:" not in block] == []
    assert re.findall(r"^[^#\n]*(?:https?://|file:|@ /)", text, flags=re.MULTILINE) == []


def test_every_package_that_is_shipped_has_a_free_licence(root: Path) -> None:
    strict = re.compile(r"GPL|General Public|SSPL|Commercial|Proprietary", re.IGNORECASE)
    names = packages((root / "requirements.lock").read_text(encoding="utf-8"))
    said = {name: _licence(name) for name in names}
    assert {name for name, licence in said.items() if not licence or strict.search(licence)} == LIBRARIES_UNDER_LGPL


def _licence(name: str) -> str:
    about = importlib.metadata.metadata(name)
    classified = [one for one in about.get_all("Classifier") or [] if one.startswith("License")]
    return " ".join([about.get("License-Expression") or "", (about.get("License") or "")[:80], *classified]).strip()


def test_an_advisory_is_open_until_it_is_accepted_by_its_id_or_alias(audit: ModuleType) -> None:
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"]}]},
            {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-2", "aliases": []}]},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    assert audit.judge(report, frozenset()) == audit.Verdict(2, 3, ("a 1: PYSEC-1", "b 2: PYSEC-2"))
    known = audit.accepted("# why\nCVE-1 the code is never called\n\nPYSEC-2 left out of the process\n")
    assert audit.judge(report, known).open == ()


def test_an_advisory_of_the_chat_windows_packages_is_open_until_it_is_accepted(audit: ModuleType) -> None:
    advisory = {"title": "a way out", "url": "https://github.com/advisories/GHSA-1-2-3"}
    report = {
        "vulnerabilities": {"a": {"via": [advisory]}, "on-a": {"via": ["a"]}},
        "metadata": {"dependencies": {"total": 9}},
    }
    assert audit.judge_npm(report, frozenset()) == audit.Verdict(9, 9, ("a: GHSA-1-2-3",))
    assert audit.judge_npm(report, frozenset({"GHSA-1-2-3"})).open == ()


@pytest.mark.parametrize(("strict", "code"), [("0", 0), ("1", 1)])
def test_advisories_out_of_reach_are_said_and_fail_only_when_asked_to(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], strict: str, code: int
) -> None:
    monkeypatch.setenv("AUDIT_STRICT", strict)
    assert audit.main(["sh", "-c", "echo no way out >&2; exit 1"], ["no-npm-is-here"]) == code
    said = capsys.readouterr().out
    assert re.findall(r"^0 of \d+ (\w+) packages", said, flags=re.MULTILINE) == ["Python", "npm"]
    assert "npm audit gave no report: No such file" in said
    assert "no way out" in said
    assert "NOT AUDITED" in said


def test_the_bill_of_materials_names_what_the_pages_are_made_of(root: Path, tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    bill.write_text(json.dumps({"components": [{"name": "rasa", "purl": "pkg:pypi/rasa@3.6.21"}]}))
    for _ in range(2):  # a second run doubles nothing
        loaded(root / ".ci" / "sbom_web.py").main(bill)
    found = {one["name"]: one for one in json.loads(bill.read_text())["components"]}
    assert {"rasa", "deep-chat", "htmx.org", "bootstrap", "esbuild"} <= found.keys()
    assert {name: found[name]["scope"] for name in ("deep-chat", "htmx.org", "esbuild")} == {
        "deep-chat": "required",
        "htmx.org": "required",
        "esbuild": "excluded",
    }
    assert len(found) == len(json.loads(bill.read_text())["components"])
    assert all(one["hashes"][0]["content"] for name, one in found.items() if name != "rasa")


def test_continuous_integration_checks_the_direction_of_imports(root: Path) -> None:
    run = (root / ".ci" / "run").read_text().splitlines()
    assert "make lint" in run
    assert "lint-imports" in (root / "Makefile").read_text()
