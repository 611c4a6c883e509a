"""The settings of Messenger, from the environment, and what is wrong with them in words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from bot.settings import SettingError

GRAPH_VERSION = "v25.0"  # the one place; Meta keeps a version for about two years
GRAPH_URL = "https://graph.facebook.com"
INBOX_APP_ID = "263902037430900"  # Meta's own page inbox, as target and sender of thread control

Handover = Literal["desk", "inbox"]
REQUIRED = (
    "MESSENGER_PAGE_TOKEN", "MESSENGER_APP_SECRET", "MESSENGER_VERIFY_TOKEN", "MESSENGER_APP_ID", "MESSENGER_PAGE_ID",
)  # fmt: skip


@dataclass(frozen=True)
class MessengerSettings:
    """One Facebook page. `handover`: whether people answer at our desk or in Meta's page inbox."""

    page_token: str = ""
    app_secret: str = ""
    verify_token: str = ""
    app_id: str = ""
    page_id: str = ""
    graph_url: str = GRAPH_URL
    handover: Handover = "desk"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> MessengerSettings:
        """Read the settings; raises SettingError naming the variable that is wrong."""
        env = os.environ if env is None else env
        return cls(
            page_token=env.get("MESSENGER_PAGE_TOKEN", "").strip(),
            app_secret=env.get("MESSENGER_APP_SECRET", "").strip(),
            verify_token=env.get("MESSENGER_VERIFY_TOKEN", "").strip(),
            app_id=_digits(env, "MESSENGER_APP_ID"),
            page_id=_digits(env, "MESSENGER_PAGE_ID"),
            graph_url=(env.get("GRAPH_API_URL") or GRAPH_URL).rstrip("/"),
            handover=_handover(env),
        )

    @property
    def missing(self) -> list[str]:
        """The variables without which the channel cannot work."""
        values = (self.page_token, self.app_secret, self.verify_token, self.app_id, self.page_id)
        return [name for name, value in zip(REQUIRED, values, strict=True) if not value]

    @property
    def is_configured(self) -> bool:
        """Whether the channel can work at all."""
        return not self.missing

    @property
    def is_begun(self) -> bool:
        """Whether somebody has set a part of it."""
        return len(self.missing) < len(REQUIRED)

    def __repr__(self) -> str:
        return f"MessengerSettings(page_id={self.page_id!r}, configured={self.is_configured})"


def _digits(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if value and not value.isdecimal():
        raise SettingError(f"{name} is no id of Meta's, which is digits only; copy it from the app or page settings")
    return value


def _handover(env: Mapping[str, str]) -> Handover:
    value = env.get("MESSENGER_HANDOVER") or "desk"
    if value not in get_args(Handover):
        raise SettingError(f"MESSENGER_HANDOVER={value!r} is unknown; use desk (people answer here) or inbox (Meta's)")
    return value  # type: ignore[return-value]
