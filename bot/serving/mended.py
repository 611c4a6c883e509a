"""What Rasa's own channels need to work in a server of today."""

from __future__ import annotations

from typing import Any


def mend_telegram() -> None:
    """Telegram is told the address at the start, in an event loop that ends with it, and the connection stays bound to
    that loop: the first message would find it closed. So it is closed, and opened again where it is used."""
    from rasa.core.channels.telegram import TelegramOutput

    tell = TelegramOutput.set_webhook

    async def set_webhook(self: TelegramOutput, *args: Any, **kwargs: Any) -> Any:
        try:
            return await tell(self, *args, **kwargs)
        finally:
            await self.close()

    TelegramOutput.set_webhook = set_webhook
