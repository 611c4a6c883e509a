"""`mesoguide doctor`: looks an installation over and says in words what to fix. It changes nothing and shows no word of
a patient. Each check is one function that yields findings; one that finds nothing wrong says so in one line.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.error import URLError

from bot.clinic.content import Content, ContentError, load_content
from bot.serving import printing, secrets, tracing, training
from bot.settings import BOT, SettingError, Settings

Level = Literal["ok", "warning", "error"]
ROOM_NEEDED, ROOM_WANTED = 200 * 2**20, 2 * 2**30  # bytes free on the disk of the data
_HEALTH = {"port": "/livez", "rasa_port": "/", "actions_port": "/health"}
_NAMES = {"port": "PORT", "rasa_port": "RASA_PORT", "actions_port": "ACTIONS_PORT"}


@dataclass(frozen=True)
class Finding:
    """What one check found: `what` in words, and the `cure` unless all is well."""

    check: str
    level: Level
    what: str
    cure: str = ""


def examine(settings: Settings, today: date, bot: Path = BOT) -> list[Finding]:
    """Every finding, in the order of the checks; the installation is fit to run when none is an error."""
    settings = with_demo_secrets(settings)
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("Python", _python),
        ("Ports", lambda: _ports(settings)),
        ("Address", lambda: _address(settings)),
        ("Settings", lambda: _settings(settings, os.environ)),
        ("Secrets", lambda: _secrets(settings)),
        ("Keys", lambda: _keys(settings)),
        ("Database", lambda: _database(settings)),
        ("Redis", lambda: _redis(settings)),
        ("Content", lambda: _content(settings, today)),
        ("Screenings", lambda: _screenings(settings)),
        ("Hand-over", lambda: _handover(settings)),
        ("Model", lambda: _model(bot)),
        ("Disk", lambda: _disk(settings)),
        ("Files", lambda: _files(settings)),
        ("Browser", _browser),
    ]
    return [finding for name, check in checks for finding in _guarded(name, check)]


def with_demo_secrets(settings: Settings) -> Settings:
    """A demo's settings with the secrets that its first start made in var/secrets.json; others as they are."""
    path = settings.var / "secrets.json"
    if settings.production or not path.is_file():
        return settings
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return settings
    return replace(
        settings,
        rasa_token=settings.rasa_token or made.get("RASA_TOKEN", ""),
        secret=settings.secret or made.get("MESOGUIDE_SECRET", ""),
        keys=settings.keys or tuple(made.get("MESOGUIDE_KEYS", "").split(",")),
        desk_password=settings.desk_password or made.get("MESOGUIDE_DESK_PASSWORD", ""),
    )


def _guarded(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """A check that fails itself is a finding too; the other checks go on."""
    try:
        return list(check())
    except Exception as error:  # whatever is broken enough to stop a check belongs in the report
        cure = "see the other findings first; if they are in order, report this as a fault of Mesoguide"
        return [Finding(name, "error", f"could not be checked ({type(error).__name__})", cure)]


def _python() -> Iterator[Finding]:
    found = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if sys.version_info[:2] == (3, 10):
        yield Finding("Python", "ok", found)
    else:
        yield Finding(
            "Python", "error", f"{found}, but Rasa 3.6 runs on 3.10 only", "install Python 3.10 and run make again"
        )


def _ports(settings: Settings) -> Iterator[Finding]:
    used = [name for name in _NAMES if name != "actions_port" or settings.actions_apart]
    ports = {name: int(getattr(settings, name)) for name in used}
    if len(set(ports.values())) < len(ports):
        names = ", ".join(_NAMES[name] for name in used)
        yield Finding("Ports", "error", "two parts share a port", f"give {names} different numbers")
        return
    for name, port in ports.items():
        state = _port_state(settings.host if name == "port" else "127.0.0.1", port, _HEALTH[name])
        if state == "taken":
            cure = f"end the program that uses it, or choose another with {_NAMES[name]}=…"
            yield Finding("Ports", "error", f"port {port} ({_NAMES[name]}) is used by another program", cure)
        else:
            yield Finding("Ports", "ok", f"port {port} ({_NAMES[name]}) {state}")


def _port_state(host: str, port: int, health: str) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return "is answered by Mesoguide" if _answers(port, health) else "taken"
    return "is free"


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _address(settings: Settings) -> Iterator[Finding]:
    if settings.public_url or not settings.production:
        yield Finding("Address", "ok", settings.public_url or "this machine, for a demo")
        return
    cure = "set MESOGUIDE_PUBLIC_URL=https://… as patients and staff reach it"
    yield Finding("Address", "warning", "nobody has said under which address this installation is reached", cure)


def _settings(settings: Settings, env: Mapping[str, str]) -> Iterator[Finding]:
    """What is set for other systems: whether it can be used at all, not whether they answer."""
    from bot.channels.messenger.settings import REQUIRED, MessengerSettings
    from bot.handover.settings import HandoverSettings

    wrong = []
    for read in (HandoverSettings.from_env, MessengerSettings.from_env):
        try:
            read(env)
        except SettingError as error:
            wrong.append(Finding("Settings", "error", str(error), "correct it, or leave it out"))
    lacking = [name for name in REQUIRED if not env.get(name, "").strip()]
    if lacking and len(lacking) < len(REQUIRED):
        cure = "set all of them, or none where there is no Messenger"
        wrong.append(Finding("Settings", "error", f"Messenger lacks {', '.join(lacking)}", cure))
    if env.get(tracing.ENDPOINT) and not tracing.is_installed():
        cure = "uv pip install --no-deps -r requirements-tracing.lock"
        wrong.append(Finding("Settings", "error", f"{tracing.ENDPOINT} is set without the packages for it", cure))
    if settings.production and not settings.hosts:
        cure = "name the hosts this installation is reached by, separated by spaces"
        wrong.append(Finding("Settings", "warning", "MESOGUIDE_HOSTS is not set: any host's name is answered", cure))
    yield from wrong or [Finding("Settings", "ok", "those for other systems can be used")]


def _secrets(settings: Settings) -> Iterator[Finding]:
    wrong = secrets.wrong_secrets(settings) if settings.production else {}
    for name, why in wrong.items():
        yield Finding("Secrets", "error", f"{name} {why}", secrets.HOW)
    if not settings.production and settings.host not in ("127.0.0.1", "localhost", "::1"):
        cure = "set MESOGUIDE_ENV=production with secrets of your own, or HOST=127.0.0.1"
        yield Finding("Secrets", "error", f"a demo listens on {settings.host}, open to the network", cure)
    elif not settings.production and not all((settings.rasa_token, settings.secret, settings.desk_password)):
        yield Finding("Secrets", "warning", "not all are set", "the first demo start makes them by itself")
    elif not wrong:
        yield Finding("Secrets", "ok", "all set" if settings.production else "made by the demo start")


def _keys(settings: Settings) -> Iterator[Finding]:
    from bot.store.crypto import KeyRing

    if not settings.keys and not settings.production:
        yield Finding("Keys", "warning", "there is no encryption key yet", "the first demo start makes one by itself")
        return
    try:
        KeyRing(settings.keys)
    except SettingError as error:
        yield Finding(
            "Keys", "error", str(error), "correct MESOGUIDE_KEYS; values already stored need the key they have"
        )
        return
    if settings.production and (why := secrets.wrong_keys(settings)):
        yield Finding("Keys", "error", f"MESOGUIDE_KEYS {why}", secrets.HOW_KEY)
        return
    yield Finding("Keys", "ok", f"{len(settings.keys)} usable, the first encrypts")


def _database(settings: Settings) -> Iterator[Finding]:
    from bot.store import inspection

    yield from (Finding("Database", *found) for found in inspection.examine(settings.database_url, settings.keys))
    if settings.production and settings.database_url.startswith("sqlite"):
        cure = "for several processes or machines set DATABASE_URL=postgresql://…"
        yield Finding("Database", "warning", "SQLite serves one machine and a small clinic", cure)


def _redis(settings: Settings) -> Iterator[Finding]:
    if not settings.redis_url:
        yield Finding("Redis", "ok", "not used; one machine needs none")
        return
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3).ping()
    except (RedisError, ValueError, OSError) as error:
        cure = "start Redis, correct REDIS_URL, or leave REDIS_URL out on a single machine"
        yield Finding("Redis", "error", f"does not answer ({type(error).__name__})", cure)
    else:
        yield Finding("Redis", "ok", "answers")


def _content(settings: Settings, today: date) -> Iterator[Finding]:
    from bot.serving.content_check import check_whole_content

    problems = check_whole_content(settings.content, today)
    for problem in problems:
        yield Finding("Content", problem.level, str(problem), f"edit {problem.file} in {settings.content}")
    try:
        content = load_content(settings.content)
    except ContentError:
        return
    if content.clinic.demo and settings.production:
        cure = "put your clinic's own details and a clinician's signature in its place, then set demo: false"
        yield Finding("Content", "error", "clinic.yml still describes the invented demo clinic", cure)
    elif not problems:
        yield Finding("Content", "ok", f"in order, version {content.version}")
    yield from _approval(settings, content)


def _approval(settings: Settings, content: Content) -> Iterator[Finding]:
    """Whether somebody stands behind what patients are told; the invented clinic's content nobody has to approve."""
    from bot.store import contents, inspection

    if content.clinic.demo:
        return
    with inspection.readable(settings.database_url, settings.keys) as session:
        if session is None or contents.is_approved(session, content.version):
            return
        live = contents.live(session)
        told = live.version if live else ""
    what = f"nobody has approved version {content.version}"
    cure = "see mesoguide content diff, then: mesoguide content approve --by NAME"
    if told == content.version or not settings.production:
        yield Finding("Content", "warning", f"{what}, which patients are told", cure)
    elif told:
        yield Finding("Content", "warning", f"{what}; until then patients are told version {told}", cure)
    else:
        yield Finding("Content", "error", f"{what}; a production does not start with it", cure)


def _screenings(settings: Settings) -> Iterator[Finding]:
    """Whether the rules in use would decide what is stored as it was decided."""
    from bot.clinic.screening.replay import replay
    from bot.store import inspection, screenings_stored

    with inspection.readable(settings.database_url, settings.keys) as session:
        if session is None:
            return  # the check of the database says so
        rules = load_content(settings.content).screening
        done = replay(screenings_stored.current(session), rules)
    said = f"{len(done.differences)} of {done.total} would end differently by the rules in use ({rules.version})"
    if done.differences:
        yield Finding("Screenings", "warning", said, "let a clinician see whose: mesoguide screening replay")
    else:
        yield Finding("Screenings", "ok", said)


def _handover(settings: Settings) -> Iterator[Finding]:
    """Whether something that others were to be told was given up."""
    from bot.store import deliveries, errands, inspection

    with inspection.readable(settings.database_url, settings.keys) as session:
        if session is None:
            return  # the check of the database says so
        found = {
            "changes for other systems": deliveries.count_dead(session),
            "emails and alerts": errands.count_given_up(session),
        }
    lost = [f"{count} {what}" for what, count in found.items() if count]
    if lost:
        cure = "see whether SMTP_URL, MESOGUIDE_ALERT_URL and HANDOVER_… are right; the desk sends them again"
        yield Finding("Hand-over", "warning", f"{', '.join(lost)} could not be delivered and were given up", cure)
    else:
        yield Finding("Hand-over", "ok", "nothing was given up")


def _model(bot: Path) -> Iterator[Finding]:
    model = training.current_model(bot)
    if model:
        yield Finding("Model", "ok", f"current: {model.name}")
    elif any((bot / "models").glob("*.tar.gz")):
        yield Finding(
            "Model", "warning", "older than the files it is made from", "mesoguide train (or the next start does it)"
        )
    else:
        yield Finding("Model", "warning", "there is none yet", "mesoguide train (or the next start does it)")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = next(path for path in (settings.var, *settings.var.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    said = f"{free / 2**30:.1f} GiB free at {settings.var}"
    if free < ROOM_NEEDED:
        yield Finding("Disk", "error", said, "free some room: with a full disk no message can be kept")
    elif free < ROOM_WANTED:
        yield Finding("Disk", "warning", said, "free some room soon; a model and a backup want 2 GiB")
    else:
        yield Finding("Disk", "ok", said)


def _files(settings: Settings) -> Iterator[Finding]:
    from bot.store.backup import sqlite_file

    private = [settings.var / "secrets.json", sqlite_file(settings.database_url)]
    opened = [path for path in private if path and path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in opened:
        level: Level = "error" if path.name == "secrets.json" else "warning"
        yield Finding("Files", level, f"{path} can be read by other users of this machine", f"chmod 600 {path}")
    if not opened:
        yield Finding("Files", "ok", "readable by their owner only")


def _browser() -> Iterator[Finding]:
    found = printing.browser()
    said = f"{found} prints the content report" if found else "no Chromium; the content report comes as HTML only"
    yield Finding("Browser", "ok", said)
