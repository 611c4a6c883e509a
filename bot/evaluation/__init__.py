"""How well messages are understood, measured on the held-out files: `run` measures, prints, writes and compares."""

from bot.evaluation.report import Report
from bot.evaluation.runner import Taught, run

__all__ = ["Report", "Taught", "run"]
