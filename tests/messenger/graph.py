"""A stand-in for Meta's Graph API on loopback that enforces what its documentation says, and keeps what was sent.

Rules: versions, token and appsecret_proof, the 24-hour and seven-day windows, retired tags, lengths and numbers of
texts, quick replies and buttons, thread control, the profile's limits and its rate. Times come from the test's clock.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

VERSIONS = ("v23.0", "v24.0", "v25.0", "v26.0")
RETIRED = ("CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE", "ACCOUNT_UPDATE")
INBOX = "263902037430900"
Json = dict[str, Any]


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: int, subcode: int = 0, retry_after: int = 0) -> None:
        super().__init__(code)
        self.status, self.code, self.subcode, self.retry_after = status, code, subcode, retry_after


@dataclass
class FakeGraph:
    """One page of one app. `wrote[psid]` is when a person last wrote; `owner[psid]` which app has the thread."""

    page_id: str
    app_id: str
    token: str
    app_secret: str
    clock: Callable[[], datetime]
    page_name: str = "Demo Clinic Lindenhof"
    expired: bool = False
    wrote: dict[str, datetime] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    sent: list[Json] = field(default_factory=list)
    actions: list[Json] = field(default_factory=list)
    control: list[tuple[str, Json]] = field(default_factory=list)
    refused: list[tuple[str, int, int]] = field(default_factory=list)
    failures: deque[Refusal] = field(default_factory=deque)
    profile: Json = field(default_factory=dict)
    profile_calls: deque[datetime] = field(default_factory=deque)
    fields: list[str] = field(default_factory=list)
    allowed_fields: tuple[str, ...] | None = None
    addresses: list[str] = field(default_factory=list)

    def texts(self, psid: str | None = None) -> list[str]:
        """What people were told, in order: the text of every message."""
        return [_text(one["message"]) for one in self.sent if psid in (None, one["recipient"]["id"])]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Listen on loopback; yields the base address."""
        app = web.Application()
        app.router.add_route("*", "/{version}/{path:.+}", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        self.addresses.append(request.path_qs)
        body = await request.json() if request.can_read_body else {}
        try:
            if self.failures:
                raise self.failures.popleft()
            self._authorise(request)
            return web.json_response(self._route(request.method, request.match_info["path"], body, dict(request.query)))
        except Refusal as refusal:
            self.refused.append((request.match_info["path"], refusal.code, refusal.subcode))
            error = {"message": "said by Meta", "type": "OAuthException", "code": refusal.code}
            error |= {"error_subcode": refusal.subcode, "fbtrace_id": "x"}
            headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
            return web.json_response({"error": error}, status=refusal.status, headers=headers)

    def _authorise(self, request: web.Request) -> None:
        if request.match_info["version"] not in VERSIONS:
            raise Refusal(400, 2635)
        if self.expired:
            raise Refusal(401, 190, 463)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, 190)
        proof = hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        if request.query.get("appsecret_proof") != proof:
            raise Refusal(400, 100)

    def _route(self, method: str, path: str, body: Json, query: dict[str, str]) -> Json:
        page = path.removeprefix("me/").removeprefix(f"{self.page_id}/")
        if path in ("me", self.page_id) and method == "GET":
            return {"id": self.page_id, "name": self.page_name}
        routes = {
            ("POST", "messages"): lambda: self._message(body),
            ("POST", "pass_thread_control"): lambda: self._pass(body),
            ("POST", "take_thread_control"): lambda: self._take(body),
            ("POST", "messenger_profile"): lambda: self._set_profile(body),
            ("GET", "messenger_profile"): lambda: {"data": [self.profile] if self.profile else []},
            ("POST", "subscribed_apps"): lambda: self._subscribe(query["subscribed_fields"].split(",")),
            ("GET", "subscribed_apps"): lambda: {"data": [{"id": self.app_id, "subscribed_fields": self.fields}]},
        }
        if (method, page) not in routes:
            raise Refusal(404, 2500)
        return routes[method, page]()

    def _message(self, body: Json) -> Json:
        psid = self._known(body)
        if "sender_action" in body:
            _need("message" not in body and body["sender_action"] in ("mark_seen", "typing_on", "typing_off"))
            self.actions.append(body)
            return {"recipient_id": psid}
        self._check_window(psid, body)
        if self.owner.get(psid, self.app_id) != self.app_id:
            raise Refusal(403, 10, 2018300)
        _check_message(body.get("message") or {})
        self.sent.append(body)
        return {"recipient_id": psid, "message_id": f"m_{len(self.sent):08d}_{'q' * 90}"}

    def _check_window(self, psid: str, body: Json) -> None:
        kind, tag = body.get("messaging_type"), body.get("tag")
        _need(kind in ("RESPONSE", "UPDATE", "MESSAGE_TAG"))
        _need((kind == "MESSAGE_TAG") == (tag is not None))
        _need(tag not in RETIRED)
        _need(tag in (None, "HUMAN_AGENT"))
        age = self.clock() - self.wrote[psid]
        if age > (timedelta(days=7) if tag else timedelta(hours=24)):
            raise Refusal(400, 10, 2018278)

    def _pass(self, body: Json) -> Json:
        psid = self._known(body)
        _need(str(body.get("target_app_id", "")).isdecimal())
        self.owner[psid] = str(body["target_app_id"])
        self.control.append(("pass", body))
        return {"success": True}

    def _take(self, body: Json) -> Json:
        self.owner[self._known(body)] = self.app_id
        self.control.append(("take", body))
        return {"success": True}

    def _known(self, body: Json) -> str:
        psid = (body.get("recipient") or {}).get("id")
        if psid not in self.wrote:
            raise Refusal(400, 100, 2018001)
        return str(psid)

    def _set_profile(self, body: Json) -> Json:
        now = self.clock()
        while self.profile_calls and now - self.profile_calls[0] > timedelta(minutes=10):
            self.profile_calls.popleft()
        if len(self.profile_calls) >= 10:
            raise Refusal(400, 613)
        self.profile_calls.append(now)
        merged = {**self.profile, **body}
        _check_profile(merged)
        self.profile = merged
        return {"result": "success"}

    def _subscribe(self, fields: list[str]) -> Json:
        allowed = self.allowed_fields
        self.fields = [name for name in fields if allowed is None or name in allowed]
        return {"success": True}


def _check_message(message: Json) -> None:
    attachment, text, quick = message.get("attachment"), message.get("text"), message.get("quick_replies", [])
    _need((attachment is None) != (text is None))
    if text is not None:
        _need(isinstance(text, str) and 0 < len(text) <= 2000)
    _need(len(quick) <= 13)
    for one in quick:
        _need(one["content_type"] == "text" and 0 < len(one["title"]) <= 20 and len(one["payload"]) <= 1000)
    if attachment is not None:
        payload = attachment["payload"]
        _need(attachment["type"] == "template" and payload["template_type"] == "button")
        _need(0 < len(payload["text"]) <= 640 and 1 <= len(payload["buttons"]) <= 3)
        for one in payload["buttons"]:
            _need(one["type"] == "postback" and 0 < len(one["title"]) <= 20 and 0 < len(one["payload"]) <= 1000)


def _check_profile(profile: Json) -> None:
    _need("persistent_menu" not in profile or "get_started" in profile)
    for one in profile.get("greeting", []):
        _need(len(one["text"]) <= 160)
    for menu in profile.get("persistent_menu", []):
        _need(1 <= len(menu["call_to_actions"]) <= 20)
        _need(
            all(
                len(item["title"]) <= 30 and item["type"] in ("postback", "web_url") for item in menu["call_to_actions"]
            )
        )
    for ice in profile.get("ice_breakers", []):
        _need(1 <= len(ice["call_to_actions"]) <= 4)
        _need(all(0 < len(item["question"]) <= 80 for item in ice["call_to_actions"]))
    for name in ("persistent_menu", "ice_breakers", "greeting"):
        _need(name not in profile or any(one.get("locale") == "default" for one in profile[name]))


def _need(right: bool) -> None:
    if not right:
        raise Refusal(400, 100)


def _text(message: Json) -> str:
    return message["text"] if "text" in message else message["attachment"]["payload"]["text"]
