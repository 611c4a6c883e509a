"""Logging of the server processes: warnings and up, never what a patient wrote.

Rasa formats whole trackers into structlog debug lines even when nobody reads them; setting the level stops that.
"""

from __future__ import annotations

import logging
import os
import warnings

from bot import logs


def silence_warnings() -> None:
    """No library's deprecation warning is shown: Sanic switches them on again, and nobody here can heed them."""
    warnings.showwarning = lambda *_, **__: None


def make_quiet(part: str = "command") -> None:
    """Set log levels and switch library telemetry off. Call once, before Rasa is imported."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["SANIC_HOST"] = "127.0.0.1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("LOG_LEVEL_LIBRARIES", "ERROR")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    silence_warnings()
    logs.set_up(part)
    for name in ("sanic.access", "matplotlib"):
        logging.getLogger(name).setLevel(logging.ERROR)
