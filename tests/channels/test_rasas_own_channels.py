"""Telegram, Twilio (SMS, WhatsApp) and Slack by their credentials alone: in at the public door, out to the vendor."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from cryptography.fernet import Fernet

from bot.serving import training
from bot.settings import SettingError
from bot.web.doors import doors
from tests.channels.website_server import free_port

START_LIMIT, ANSWER_LIMIT = 180.0, 60.0
KEY, SIGNING, BOT_NAME = "k" * 24, "slack-signing", "lindenhof_bot"
QUESTION = "does it hurt?"
CREDENTIALS = f"""
bot.channels.website.WebsiteChannel: {{}}
rest: {{}}
telegram:
  access_token: "123456:telegram-token"
  verify: {BOT_NAME}
  webhook_url: https://chat.clinic.example/webhooks/telegram/webhook?key={KEY}
  webhook_key: ${{TELEGRAM_KEY}}
twilio:
  account_sid: AC0123456789abcdef0123456789abcdef
  auth_token: twilio-token
  twilio_number: whatsapp:+12025550143
  webhook_key: {KEY}
slack:
  slack_token: xoxb-token
  slack_signing_secret: {SIGNING}
"""


@dataclass
class Vendors:
    """The three vendors' APIs, as far as the libraries call them; `sent` is (who to, what) in order, by vendor."""

    url: str = ""
    sent: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {"telegram": [], "twilio": [], "slack": []})

    def answer(self, path: str, body: dict[str, str]) -> tuple[int, object]:
        """What the vendor whose address this is says."""
        if path.startswith("/bot123456:telegram-token/"):
            return 200, {"ok": True, "result": self._telegram(path.rpartition("/")[2], body)}
        if path.startswith("/2010-04-01/Accounts/"):
            self.sent["twilio"].append((body["To"], body["Body"]))
            return 201, {"sid": "SM1", "body": body["Body"], "to": body["To"], "status": "queued"}
        assert path == "/slack/chat.postMessage", path
        self.sent["slack"].append((body["channel"], body["text"]))
        return 200, {"ok": True, "channel": body["channel"], "ts": "1.0"}

    def _telegram(self, method: str, body: dict[str, str]) -> object:
        if method == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "Lindenhof", "username": BOT_NAME}
        if method == "sendMessage":
            self.sent["telegram"].append((body["chat_id"], body["text"]))
            return {"message_id": 2, "date": 0, "chat": {"id": int(body["chat_id"]), "type": "private"}}
        assert method == "setWebhook"
        return True


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            is_json = self.headers.get("Content-Type", "").startswith("application/json")
            body = json.loads(raw) if is_json else {name: value[0] for name, value in parse_qs(raw).items()}
            status, said = vendors.answer(self.path, body)
            answer = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vendors = Vendors(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield vendors
    server.shutdown()


@dataclass
class Ways:
    """The public web process, and Rasa behind it."""

    web: str
    rasa: str

    def told(self) -> str:
        """What Rasa's REST channel is told after the question, as plain words."""
        body = {"sender": "rest-1", "message": QUESTION}
        answer = httpx.post(f"{self.rasa}/webhooks/rest/webhook", json=body, timeout=ANSWER_LIMIT)
        return plain(" ".join(one.get("text", "") for one in answer.json()))


@pytest.fixture(scope="module")
def ways(vendors: Vendors, tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Ways]:
    model = training.current_model() or training.train(lambda step: None)
    folder = tmp_path_factory.mktemp("channels")
    (folder / "credentials.yml").write_text(CREDENTIALS)
    web, rasa = free_port(), free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MESSENGER_", "DATABASE_"))} | {
        "PYTHONPATH": str(root),
        "PORT": str(web),
        "RASA_PORT": str(rasa),
        "ACTIONS_PORT": str(free_port()),
        "RASA_PROCESSES": "1",
        "MESOGUIDE_VAR": str(folder),
        "MESOGUIDE_CREDENTIALS": str(folder / "credentials.yml"),
        "MESOGUIDE_KEYS": Fernet.generate_key().decode(),
        "MESOGUIDE_SECRET": "a secret for the tests only, long enough",
        "MESOGUIDE_DESK_PASSWORD": "a password for the tests only",
        "TELEGRAM_KEY": KEY,
    }
    runner = str(Path(__file__).with_name("rasa_at_vendors.py"))
    commands = [[runner, str(model), vendors.url], ["-m", "bot.serving.web_server"]]
    log = folder / "log.txt"
    with log.open("wb") as output:
        started = [
            subprocess.Popen([sys.executable, *one], cwd=root, env=env, stdout=output, stderr=output)
            for one in commands
        ]
    try:
        for address in (f"http://127.0.0.1:{rasa}/webhooks/website/health", f"http://127.0.0.1:{web}/livez"):
            _wait(address, log)
        yield Ways(f"http://127.0.0.1:{web}", f"http://127.0.0.1:{rasa}")
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _wait(address: str, log: Path) -> None:
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until:
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    pytest.fail(log.read_text()[-3000:])


def plain(text: str) -> str:
    return " ".join(text.split())


def heard(vendors: Vendors, vendor: str, whole: str) -> tuple[set[str], str]:
    """To whom and what a vendor was asked to send, once it is as long as what was to be said."""
    until = time.monotonic() + ANSWER_LIMIT
    while time.monotonic() < until:
        text = plain(" ".join(text for _, text in vendors.sent[vendor]))
        if len(text) >= len(whole):
            break
        time.sleep(0.1)
    return {to for to, _ in vendors.sent[vendor]}, text


@pytest.mark.slow
def test_telegram_is_answered(ways: Ways, vendors: Vendors) -> None:
    person = {"id": 77, "is_bot": False, "first_name": "Ana"}
    message = {"message_id": 1, "from": person, "chat": {"id": 77, "type": "private"}, "date": 0, "text": QUESTION}
    update = {"update_id": 1, "message": message}
    address = f"{ways.web}/webhooks/telegram/webhook"
    for wrong in ("", "?key=", f"?key={KEY[1:]}"):
        assert httpx.post(address + wrong, json=update).status_code == 404
    assert vendors.sent["telegram"] == [], "who does not know the key is not heard"
    assert httpx.post(f"{address}?key={KEY}", json=update, timeout=ANSWER_LIMIT).status_code == 200
    assert heard(vendors, "telegram", ways.told()) == ({"77"}, ways.told())


@pytest.mark.slow
def test_a_whatsapp_message_at_twilio_is_answered(ways: Ways, vendors: Vendors) -> None:
    form = {"From": "whatsapp:+491701234567", "To": "whatsapp:+12025550143", "Body": QUESTION, "MessageSid": "SM0"}
    address = f"{ways.web}/webhooks/twilio/webhook"
    assert httpx.post(address, data=form).status_code == 404
    assert httpx.post(f"{address}?key={KEY}", data=form, timeout=ANSWER_LIMIT).status_code == 204
    people, text = heard(vendors, "twilio", ways.told())
    assert people == {"whatsapp:+491701234567"}
    assert text.startswith(ways.told()), "the buttons follow as numbered lines"


@pytest.mark.slow
def test_slack_is_answered_when_the_signature_is_right(ways: Ways, vendors: Vendors) -> None:
    event = {"type": "message", "channel": "D1", "channel_type": "im", "user": "U1", "text": QUESTION, "ts": "1.0"}
    raw = json.dumps({"type": "event_callback", "event": event, "authed_users": ["B1"]}).encode()
    now = str(int(time.time()))
    made = hmac.new(SIGNING.encode(), b"v0:" + now.encode() + b":" + raw, hashlib.sha256).hexdigest()
    address = f"{ways.web}/webhooks/slack/webhook"
    headers = {"Content-Type": "application/json", "X-Slack-Request-Timestamp": now}
    forged = httpx.post(address, content=raw, headers=headers | {"X-Slack-Signature": f"v0={'0' * 64}"})
    assert forged.status_code == 400
    assert vendors.sent["slack"] == []
    signed = httpx.post(
        address, content=raw, headers=headers | {"X-Slack-Signature": f"v0={made}"}, timeout=ANSWER_LIMIT
    )
    assert signed.status_code == 200
    assert heard(vendors, "slack", ways.told()) == ({"D1"}, ways.told())


@pytest.mark.slow
def test_nothing_but_the_webhooks_is_open(ways: Ways) -> None:
    for path in ("rest/webhook", "telegram/set_webhook", "telegram/", "slack/", "twilio/", "mattermost/webhook"):
        for method in ("GET", "POST"):
            answer = httpx.request(method, f"{ways.web}/webhooks/{path}?key={KEY}")
            assert answer.status_code in (404, 405), path


@pytest.mark.parametrize("channel", ["telegram", "twilio"])
@pytest.mark.parametrize("key", ["", "short", "${A_VARIABLE_THAT_IS_NOT_SET_ANYWHERE}"])
def test_a_channel_that_believes_everybody_is_not_opened_without_a_key(tmp_path: Path, channel: str, key: str) -> None:
    credentials = tmp_path / "credentials.yml"
    credentials.write_text(f"{channel}:\n  webhook_key: '{key}'\n")
    with pytest.raises(SettingError, match=f"credentials.yml: {channel} needs a webhook_key of 20 characters"):
        doors(credentials)


def test_a_start_says_in_a_line_which_credentials_are_wrong(tmp_path: Path, root: Path) -> None:
    def start(credentials: Path) -> tuple[int, str]:
        env = {**os.environ, "MESOGUIDE_VAR": str(tmp_path), "MESOGUIDE_CREDENTIALS": str(credentials)}
        command = [sys.executable, "-W", "ignore", "-m", "bot.cli", "serve"]
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
        return done.returncode, plain(done.stdout + done.stderr)

    assert start(tmp_path / "gone.yml")[0] == 2
    assert "there is no file" in start(tmp_path / "gone.yml")[1]
    (tmp_path / "credentials.yml").write_text("twilio:\n  auth_token: secret\n")
    code, said = start(tmp_path / "credentials.yml")
    assert code == 2
    assert said.startswith("credentials.yml: twilio needs a webhook_key")
