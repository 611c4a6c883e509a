"""Screening for eligibility: the rules, and the course of the questions."""

from bot.clinic.screening.interview import Turn, begin, hear, next_question, resume, verdict
from bot.clinic.screening.rules import Verdict, screen, settled
from bot.clinic.screening.speech import Say
from bot.clinic.screening.state import Screening
from bot.clinic.screening.telling import Heard

__all__ = [
    "Heard",
    "Say",
    "Screening",
    "Turn",
    "Verdict",
    "begin",
    "hear",
    "next_question",
    "resume",
    "screen",
    "settled",
    "verdict",
]
