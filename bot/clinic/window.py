"""Who may write to a patient on Messenger, when, and how it must be marked; which way news takes. Times are passed in.

Meta's rules as of 2026: anybody on the page's side may answer within 24 hours of the patient's last message; a person
may answer up to seven days with the tag HUMAN_AGENT, which a machine must not use; the other tags were retired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

STANDARD = timedelta(hours=24)
HUMAN = timedelta(days=7)
MARGIN = timedelta(minutes=1)  # the way to Meta takes time and clocks differ
AT_THE_PAGE = timedelta(minutes=15)  # who wrote on a page so recently sees what is said there now
HUMAN_AGENT = "HUMAN_AGENT"
RETIRED_TAGS = frozenset({"CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE", "ACCOUNT_UPDATE"})

Author = Literal["bot", "staff"]
Route = Literal["chat", "email", "wait"]


class RefusedTag(ValueError):
    """A message tag that may not be used; the message names it."""


@dataclass(frozen=True)
class Verdict:
    """Whether a message may be sent now. If so, how it is marked; if not, whether it may wait, and a code for why."""

    allowed: bool
    messaging_type: Literal["RESPONSE", "MESSAGE_TAG"] = "RESPONSE"
    tag: str | None = None
    may_wait: bool = False
    why: str = ""


def may_write(author: Author, last_wrote_at: datetime | None, now: datetime) -> Verdict:
    """Whether bot or staff may write to a patient whose last message came at `last_wrote_at` (None: never)."""
    if last_wrote_at is None:
        return Verdict(False, may_wait=True, why="patient_never_wrote")
    age = now - last_wrote_at
    if age < STANDARD - MARGIN:
        return Verdict(True)
    if author == "bot":
        return Verdict(False, may_wait=True, why="outside_24_hours")
    if age < HUMAN - MARGIN:
        return Verdict(True, "MESSAGE_TAG", HUMAN_AGENT)
    return Verdict(False, why="outside_7_days")


def check_tag(author: Author, tag: str | None) -> None:
    """Raise RefusedTag for a tag that Meta has retired, does not know, or that this author must not use."""
    if tag is None:
        return
    if tag in RETIRED_TAGS:
        raise RefusedTag(f"Meta refuses the tag {tag} since April 2026; use email, or wait until the patient writes")
    if tag != HUMAN_AGENT:
        raise RefusedTag(f"{tag} is not a message tag; the only one left for a page is {HUMAN_AGENT}")
    if author != "staff":
        raise RefusedTag(f"{HUMAN_AGENT} is for answers typed by a person; the bot never uses it")


def news_route(on_messenger: bool, last_wrote_at: datetime | None, now: datetime, has_email: bool) -> Route:
    """How a patient learns of what they did not just ask for, such as a reminder.

    On Messenger: in the chat inside the window, else by email, else it waits there until they write again. On a page:
    by email beside the chat, else in the chat of who was there just now, else it waits for them to come back. What
    waits may be read too late: somebody has to tell them.
    """
    if on_messenger:
        is_near = may_write("bot", last_wrote_at, now).allowed
        return "chat" if is_near else "email" if has_email else "wait"
    is_near = last_wrote_at is not None and now - last_wrote_at < AT_THE_PAGE
    return "email" if has_email else "chat" if is_near else "wait"
