"""Calls to the action server over connections that stay open. Part of bot/serving/fast.py."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig, concat_url

IDLE_SECONDS = 60.0  # the action server keeps an idle connection longer, see bot/serving/action_server.py
_stock_request = EndpointConfig.request
_sessions: dict[int, tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]] = {}


async def request(
    self: EndpointConfig,
    method: str = "post",
    subpath: str | None = None,
    content_type: str | None = "application/json",
    compress: bool = False,
    **kwargs: Any,
) -> Any:
    """As Rasa's; an endpoint with a certificate file of its own is left to it."""
    if self.cafile:
        return await _stock_request(self, method, subpath, content_type, compress, **kwargs)
    headers = {"Content-Type": content_type} if content_type else {}
    headers |= kwargs.pop("headers", {}) | self.headers
    params = self.combine_parameters(kwargs)
    address = concat_url(self.url, subpath)
    session = _session(self)
    async with session.request(
        method, address, headers=headers, params=params, compress=compress, **kwargs
    ) as response:
        if response.status >= 400:
            raise ClientResponseError(response.status, response.reason, await response.content.read())
        try:
            return await response.json()
        except aiohttp.ContentTypeError:
            return None


def _session(endpoint: EndpointConfig) -> aiohttp.ClientSession:
    """The endpoint's client on the running loop, made as Rasa makes it but for what an idle connection may wait."""
    loop = asyncio.get_running_loop()
    kept = _sessions.get(id(endpoint))
    if kept is None or kept[0] is not loop or kept[1].closed:
        session = endpoint.session()
        session.connector._keepalive_timeout = IDLE_SECONDS  # type: ignore[union-attr]
        kept = _sessions[id(endpoint)] = (loop, session)
    return kept[1]


async def close() -> None:
    """Close every connection; called when the server stops."""
    for _, session in _sessions.values():
        await session.close()
    _sessions.clear()
