"""Without a collector nothing of tracing is loaded, wrapped or sent; what goes through all processes: tests/system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot.serving.tracing import ENDPOINT

UNSET = """
import sys
from bot.serving import tracing
async def app(scope, receive, send): pass
assert tracing.of_web(app) is app
tracing.of_rasa()
tracing.of_actions()
tracing.follow(None)
loaded = [name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))]
assert not loaded, loaded
"""
WITHOUT_PACKAGES = """
import sys
sys.modules["opentelemetry.sdk.trace"] = None
from bot.serving import tracing
tracing.start("web")
"""


def run(program: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != ENDPOINT}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env={**clean, **env}, capture_output=True, text=True, check=False)


def test_without_an_endpoint_nothing_is_imported_wrapped_or_sent() -> None:
    done = run(UNSET)
    assert done.returncode == 0, done.stderr


def test_an_endpoint_without_the_packages_is_said_in_words() -> None:
    done = run(WITHOUT_PACKAGES, **{ENDPOINT: "http://127.0.0.1:1"})
    assert "requirements-tracing.lock" in done.stderr


def test_no_process_imports_tracing_packages_outside_of_the_one_module(root: Path) -> None:
    users = {path.name for path in (root / "bot").rglob("*.py") if "opentelemetry" in path.read_text(encoding="utf-8")}
    assert users == {"tracing.py"}
