"""The clinic's content: what the bot may say and decide, read from YAML, checked, and read-only from then on."""

from bot.clinic.content.checks import MAX_GRADE, MEDIAN_GRADE
from bot.clinic.content.load import (
    Content,
    check_content,
    content_files,
    content_version,
    load_content,
    load_kept,
    load_with_screening,
    version_of,
    write_content,
)
from bot.clinic.content.model import Answer, BookableTreatment, Clinic, Sign, Step
from bot.clinic.content.model_screening import Asked, FollowUp, Question, ScreeningContent
from bot.clinic.content.problems import ContentError, Problem
from bot.clinic.content.readability import grade

__all__ = [
    "MAX_GRADE",
    "MEDIAN_GRADE",
    "Answer",
    "Asked",
    "BookableTreatment",
    "Clinic",
    "Content",
    "ContentError",
    "FollowUp",
    "Problem",
    "Question",
    "ScreeningContent",
    "Sign",
    "Step",
    "check_content",
    "content_files",
    "content_version",
    "grade",
    "load_content",
    "load_kept",
    "load_with_screening",
    "version_of",
    "write_content",
]
