"""Every setting of an installation, read once from the environment. Nothing here writes anything."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BOT = Path(__file__).resolve().parent
ROOT = BOT.parent
MOST_PROCESSES = 64
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$")


class SettingError(ValueError):
    """A setting that cannot be used; the message names the variable and what it expects."""


@dataclass(frozen=True)
class Settings:
    """An installation's settings. Paths are absolute; ports are TCP ports on loopback unless `host` says otherwise."""

    host: str = "127.0.0.1"
    port: int = 8000
    rasa_port: int = 5005
    actions_port: int = 5055
    rasa_processes: int = 1
    actions_apart: bool = False  # the custom actions in a server of their own instead of in Rasa's workers
    var: Path = ROOT / "var"
    content: Path = BOT / "content"
    credentials: Path = BOT / "credentials.yml"
    database_url: str = ""
    erased: Path | None = None  # the list of erased conversations, which a restore goes by
    redis_url: str | None = None
    rasa_token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)
    desk_password: str = field(default="", repr=False)
    public_url: str = ""
    embed_origins: tuple[str, ...] = ()
    messenger_page: str = ""
    hosts: tuple[str, ...] = ()
    metrics_token: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    alert_url: str = field(default="", repr=False)
    held_hours: float = 12.0  # how long a patient waits for the person who has the chat before the assistant is back
    production: bool = False

    @property
    def rasa_url(self) -> str:
        return f"http://127.0.0.1:{self.rasa_port}"

    @property
    def rasa_ports(self) -> tuple[int, ...]:
        """The neighbouring ports of this installation's Rasa processes."""
        return tuple(range(self.rasa_port, self.rasa_port + self.rasa_processes))

    @property
    def rasa_urls(self) -> tuple[str, ...]:
        """The addresses of all Rasa processes of this installation."""
        return tuple(f"http://127.0.0.1:{port}" for port in self.rasa_ports)

    @property
    def erasures(self) -> Path:
        """The list of erased conversations (bot/store/erasures.py)."""
        return self.erased or self.var / "erased.txt"

    def line_of(self, rasa_port: int) -> Path:
        """The socket on which that Rasa process takes the web process's requests."""
        return self.var / f"rasa-{rasa_port}.sock"

    @property
    def actions_url(self) -> str:
        return f"http://127.0.0.1:{self.actions_port}/webhook"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raises SettingError naming the variable that is wrong."""
        env = os.environ if env is None else env
        var = Path(env.get("MESOGUIDE_VAR", ROOT / "var")).resolve()
        env = {**_demo_secrets(env, var), **{name: value for name, value in env.items() if value}}
        return cls(
            host=env.get("HOST", cls.host),
            port=_port(env, "PORT", cls.port),
            rasa_port=_port(env, "RASA_PORT", cls.rasa_port),
            actions_port=_port(env, "ACTIONS_PORT", cls.actions_port),
            rasa_processes=_processes(env),
            actions_apart=_actions_apart(env),
            var=var,
            content=content_folder(env),
            credentials=Path(env.get("MESOGUIDE_CREDENTIALS", BOT / "credentials.yml")).resolve(),
            database_url=env.get("DATABASE_URL") or f"sqlite:///{var}/mesoguide.db",
            erased=Path(env["MESOGUIDE_ERASED"]).resolve() if env.get("MESOGUIDE_ERASED") else None,
            redis_url=env.get("REDIS_URL") or None,
            rasa_token=env.get("RASA_TOKEN", ""),
            secret=env.get("MESOGUIDE_SECRET", ""),
            keys=tuple(key for key in env.get("MESOGUIDE_KEYS", "").split(",") if key),
            desk_password=env.get("MESOGUIDE_DESK_PASSWORD", ""),
            public_url=_public_url(env),
            embed_origins=_origins(env),
            messenger_page=env.get("MESSENGER_PAGE_ID", "").strip(),
            hosts=tuple(env.get("MESOGUIDE_HOSTS", "").split()),
            metrics_token=env.get("MESOGUIDE_METRICS_TOKEN", ""),
            smtp_url=env.get("SMTP_URL", ""),
            alert_url=env.get("MESOGUIDE_ALERT_URL", ""),
            held_hours=_hours(env, "MESOGUIDE_HELD_HOURS", cls.held_hours),
            production=_is_production(env),
        )


def content_folder(env: Mapping[str, str] | None = None) -> Path:
    """The folder of the clinic's content: all of it, the words of the understanding and of Messenger too."""
    return Path((os.environ if env is None else env).get("MESOGUIDE_CONTENT") or BOT / "content").resolve()


def _demo_secrets(env: Mapping[str, str], var: Path) -> dict[str, str]:
    """The secrets a demo start left in `var`, so that `rasa shell` finds them; none in production."""
    path = var / "secrets.json"
    if env.get("MESOGUIDE_ENV") == "production" or not path.exists():
        return {}
    return dict(json.loads(path.read_text()))


def _public_url(env: Mapping[str, str]) -> str:
    """Where patients reach this installation from outside, without a slash at the end; empty when that is not said."""
    value = env.get("MESOGUIDE_PUBLIC_URL", "").strip().rstrip("/")
    if value and not value.startswith(("https://", "http://localhost", "http://127.0.0.1")):
        raise SettingError(
            f"MESOGUIDE_PUBLIC_URL={value!r} is no https address; write it as https://chat.clinic.example"
        )
    return value


def _hours(env: Mapping[str, str], name: str, default: float) -> float:
    value = env.get(name, str(default))
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", value) or float(value) <= 0:
        raise SettingError(f"{name}={value!r} is no number of hours; write it as 12 or 0.5")
    return float(value)


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, str(default))
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SettingError(f"{name}={value!r} is not a TCP port; use a number from 1 to 65535")
    return int(value)


def _origins(env: Mapping[str, str]) -> tuple[str, ...]:
    """The sites that may show the chat, each as a browser names an origin."""
    name, found = "MESOGUIDE_EMBED_ORIGINS", env.get("MESOGUIDE_EMBED_ORIGINS", "").split()
    for one in found:
        if not _ORIGIN.match(one):
            raise SettingError(
                f"{name}: {one!r} is not the origin of a site; write https:// and its name, without a path, "
                f"as in https://www.clinic.example (several with spaces between)"
            )
    return tuple(found)


def _actions_apart(env: Mapping[str, str]) -> bool:
    """Whether the actions are a process of their own."""
    value = env.get("MESOGUIDE_ACTIONS") or "workers"
    if value not in ("workers", "server"):
        raise SettingError(f"MESOGUIDE_ACTIONS={value!r} is neither 'workers' (inside Rasa) nor 'server' (their own)")
    return value == "server"


def _is_production(env: Mapping[str, str]) -> bool:
    """Whether patients use this installation; another word than the two is refused, lest a slip makes a demo of it."""
    value = env.get("MESOGUIDE_ENV") or "demo"
    if value not in ("demo", "production"):
        raise SettingError(f"MESOGUIDE_ENV={value!r} is neither 'demo' nor 'production'")
    return value == "production"


def _processes(env: Mapping[str, str]) -> int:
    """How many Rasa processes share the work of this machine: by default two where there are two processors."""
    value = env.get("RASA_PROCESSES") or str(min(2, os.cpu_count() or 1))
    if not value.isdecimal() or not 0 < int(value) <= MOST_PROCESSES:
        raise SettingError(f"RASA_PROCESSES={value!r} is not a number from 1 to {MOST_PROCESSES}")
    return int(value)
