"""Rasa as the installation serves it, the vendors of its channels played by a stand-in: `rasa_at_vendors.py MODEL URL`.

The vendors' own libraries are used; only the address they call is another.
"""

from __future__ import annotations

import sys
from typing import Any


def lead_to(url: str) -> None:
    """Let the three libraries call a stand-in."""
    from aiogram.bot.api import TELEGRAM_PRODUCTION, TelegramAPIServer
    from slack_sdk.web.async_client import AsyncWebClient
    from twilio.rest import Client

    object.__setattr__(TELEGRAM_PRODUCTION, "base", TelegramAPIServer.from_base(url).base)
    Client.get_hostname = lambda self, uri: uri.replace("https://api.twilio.com", url)
    begin = AsyncWebClient.__init__

    def begun(self: AsyncWebClient, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **{**kwargs, "base_url": f"{url}/slack/"})

    AsyncWebClient.__init__ = begun


if __name__ == "__main__":
    lead_to(sys.argv[2])
    from bot.serving import rasa_server

    rasa_server.main(sys.argv[1])
