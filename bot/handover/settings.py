"""Which systems bookings are handed over to. Without any, the clinic's table and the desk are the whole of it."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.settings import SettingError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class HandoverSettings:
    """Targets of the hand-over; an empty address switches its target off.

    `webhook_secrets` sign in order, the newest first; `calendar_email` is the mailbox behind the clinic's calendar;
    `scheduling_links` the address of a `$bulk-publish` manifest; `answer_secrets` sign what that system answers.
    """

    webhook_url: str = ""
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    fhir_url: str = ""
    fhir_token: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    calendar_email: str = ""
    invite_patients: bool = False
    scheduling_links: str = ""
    answer_secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> HandoverSettings:
        """Read the settings; raises SettingError naming the variable that is wrong."""
        env = os.environ if env is None else env
        made = cls(
            webhook_url=_address(env, "HANDOVER_WEBHOOK_URL"),
            webhook_secrets=_secrets(env, "HANDOVER_WEBHOOK_SECRETS"),
            answer_secrets=_secrets(env, "HANDOVER_ANSWER_SECRETS"),
            fhir_url=_address(env, "HANDOVER_FHIR_URL").rstrip("/"),
            fhir_token=env.get("HANDOVER_FHIR_TOKEN", "").strip(),
            smtp_url=_mail_server(env),
            calendar_email=env.get("HANDOVER_CALENDAR_EMAIL", "").strip(),
            invite_patients=env.get("HANDOVER_INVITE_PATIENTS", "") == "1",
            scheduling_links=_address(env, "HANDOVER_SCHEDULING_LINKS"),
        )
        made._check()
        return made

    def _check(self) -> None:
        if self.webhook_url and not self.webhook_secrets:
            raise SettingError("HANDOVER_WEBHOOK_SECRETS is empty; sign a webhook with at least one whsec_… secret")
        if (self.calendar_email or self.invite_patients) and not self.smtp_url:
            raise SettingError("SMTP_URL is empty; invitations need a mail server, as smtp://host:587?starttls=1")


def _address(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    parts = urlsplit(value)
    if value and not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise SettingError(f"{name} is no https address; bookings leave this machine encrypted only")
    return value


def _mail_server(env: Mapping[str, str]) -> str:
    value = env.get("SMTP_URL", "").strip()
    if value and urlsplit(value).scheme not in ("smtp", "smtps"):
        raise SettingError("SMTP_URL is no mail server; write smtp://user:password@host:587?starttls=1 or smtps://…")
    return value


def _secrets(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = tuple(env.get(name, "").replace(",", " ").split())
    for number, secret in enumerate(found, start=1):
        try:
            size = len(base64.b64decode(secret.removeprefix("whsec_") + "==", validate=False))
        except binascii.Error:
            size = 0
        if not secret.startswith("whsec_") or not 24 <= size <= 64:
            raise SettingError(
                f"{name}: secret {number} is not whsec_ and 24 to 64 bytes in base64; make one with: "
                "echo whsec_$(openssl rand -base64 32)"
            )
    return found
