"""No library of ours reports to anybody."""

from __future__ import annotations

import os
import subprocess
import sys

from bot.settings import ROOT

ASK = """
from bot.serving.quiet import make_quiet
make_quiet()
from rasa import telemetry
print(telemetry.is_telemetry_enabled())
"""


def test_rasa_reports_to_nobody() -> None:
    env = {name: value for name, value in os.environ.items() if name != "RASA_TELEMETRY_ENABLED"}
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"
