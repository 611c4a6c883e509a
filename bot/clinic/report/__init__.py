"""The content as a document a doctor can sign, and what a change of it changes for patients."""

from bot.clinic.report.diff import Change, content_diff
from bot.clinic.report.document import content_report
from bot.clinic.report.effects import Effect, effects

__all__ = ["Change", "Effect", "content_diff", "content_report", "effects"]
