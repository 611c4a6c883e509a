"""The actions of Rasa's workers on the action server's port too, in Rasa SDK's protocol: `rasa shell` and whatever else
calls actions finds them where it looks. Loopback only. Rasa's workers themselves do not come this way.
"""

from __future__ import annotations

import errno
from typing import Any

from aiohttp import web
from rasa.utils.endpoints import ClientResponseError

from bot.serving.own_actions import OwnActions
from bot.store.texts import from_json, to_json

LONGEST_CALL = 16 * 1024 * 1024  # bytes; Rasa sends a whole tracker


async def offer(actions: OwnActions, port: int) -> web.AppRunner | None:
    """Answer at 127.0.0.1:port. None where another has the port: of several workers the first to come answers."""

    async def health(request: web.Request) -> web.Response:
        return _json({"status": "ok"})

    async def names(request: web.Request) -> web.Response:
        return _json([{"name": name} for name in actions.executor.actions])

    async def webhook(request: web.Request) -> web.Response:
        try:
            call = from_json(await request.read())
        except ValueError:
            call = None
        if not isinstance(call, dict):
            return _json({"error": "the body is no JSON object"}, 400)
        try:
            return _json(await actions.request(json=call))
        except ClientResponseError as error:
            return web.Response(status=error.status, text=error.text, content_type="application/json")

    app = web.Application(client_max_size=LONGEST_CALL)
    app.add_routes([web.get("/health", health), web.get("/actions", names), web.post("/webhook", webhook)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        await runner.cleanup()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return runner


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=to_json(value), content_type="application/json")
