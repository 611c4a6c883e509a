"""Webhooks by the Standard Webhooks 1.0 scheme: id, timestamp and one signature per secret, so that secrets rotate."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import httpx
from standardwebhooks import Webhook

from bot.handover.adapters import SECONDS, Item, Say, check


class WebhookTarget:
    """Posts every change to one address. The receiver tells repeated deliveries by `webhook-id`, order by `version`."""

    name = "webhook"
    wants_latest_only = False

    def __init__(self, url: str, secrets: tuple[str, ...]) -> None:
        self._url = url
        self._signers = [Webhook(secret) for secret in secrets]

    async def deliver(self, item: Item, now: datetime) -> Say | None:
        body = json.dumps({"type": item.kind, "timestamp": item.at.isoformat(), "data": dict(item.booking)})
        async with (
            httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client,
            client.stream("POST", self._url, content=body.encode(), headers=self.headers(item.id, body, now)) as answer,
        ):
            check(answer, now)
        return None

    def headers(self, id: str, body: str, now: datetime) -> dict[str, str]:
        """The headers that sign a body at a moment, with every secret in use."""
        moment = now.astimezone(timezone.utc)
        return {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": " ".join(one.sign(id, moment, body) for one in self._signers),
        }
