"""Keeps the processes of an installation running: starts them, waits until each answers, ends one that hangs,
restarts one that died with growing pauses, and stops all of them together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from urllib.error import URLError

from bot.serving.orphans import PARENT
from bot.serving.pulse import START_LIMIT, Pulse, listen
from bot.settings import ROOT, Settings

FIRST_PAUSE, LONGEST_PAUSE, STEADY = 1.0, 30.0, 60.0  # seconds; a part that ran STEADY starts again with FIRST_PAUSE
STOP_LIMIT, ANSWER_LIMIT = 10.0, 3.0  # seconds

Say = Callable[[str], None]


class PortTaken(RuntimeError):
    """A port that a part needs is in use; the message names the setting that moves it."""


@dataclass
class Part:
    """One process of the installation and where it answers that it is well."""

    name: str
    command: Sequence[str]
    host: str
    port: int
    setting: str
    health: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    restart_at: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)
    more_ports: Sequence[int] = ()  # of workers, each of which answers at the same path

    @property
    def ports(self) -> tuple[int, ...]:
        """All the ports it needs."""
        return self.port, *self.more_ports

    def start(self, now: float) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches only the supervisor."""
        env = {**self.env, PARENT: str(os.getpid())}
        self.process = subprocess.Popen(self.command, cwd=ROOT, env=env, start_new_session=True)
        self.started, self.restart_at, self.pulse = now, None, Pulse()

    def answers(self) -> bool:
        """Whether the part's health address answers 200, on every port."""
        return all(self._answers_on(port) for port in self.ports)

    def _answers_on(self, port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{self.health}", timeout=ANSWER_LIMIT) as answer:
                return answer.status == 200
        except (URLError, OSError, HTTPException):
            return False

    def hangs(self, now: float) -> bool:
        """Ask the process, if it runs, how it is; whether it has to be ended because it no longer answers."""
        process, pulse = self.process, self.pulse
        if process is None or process.poll() is not None:
            return False
        return pulse.note(self.answers(), now - self.started) and process is self.process


def parts(settings: Settings, model: str, env: Mapping[str, str]) -> list[Part]:
    """The parts in the order they are started: the actions where they are a part of their own, Rasa, web."""
    python = sys.executable
    env = {
        **env,
        "PYTHONWARNINGS": "ignore",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # of Rasa's libraries; nobody here can heed them

    def module(name: str, *arguments: str) -> list[str]:
        return [python, "-m", f"bot.serving.{name}", *arguments]

    actions = Part(
        "action server",
        module("action_server"),
        "127.0.0.1",
        settings.actions_port,
        "ACTIONS_PORT",
        "/health",
        env=env,
    )
    return [
        *([actions] if settings.actions_apart else []),
        Part(
            "Rasa",
            module("rasa_server", model),
            "127.0.0.1",
            settings.rasa_port,
            "RASA_PORT",
            "/webhooks/website/health",
            env=env,
            more_ports=settings.rasa_ports[1:],
        ),
        Part("web", module("web_server"), settings.host, settings.port, "PORT", "/livez", env=env),
    ]


def check_ports(all_parts: Sequence[Part]) -> None:
    """Raise PortTaken when a part's port is in use."""
    for part, port in [(one, port) for one in all_parts for port in one.ports]:
        if why := _taken(part.host, port):
            raise PortTaken(
                f"{part.name} cannot use port {port}: {why}. "
                f"End the program that uses it, or choose another with {part.setting}=…"
            )


def without_actions_port(settings: Settings) -> str:
    """What to say where the actions run in Rasa's workers and their port, which only Rasa's tools use, is in use."""
    why = "" if settings.actions_apart else _taken("127.0.0.1", settings.actions_port)
    if not why:
        return ""
    return (
        f"Rasa's tools will not find the actions on port {settings.actions_port}: {why}. Patients notice nothing. "
        "End the program that uses it, or choose another with ACTIONS_PORT=…"
    )


def _taken(host: str, port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return str(error.strerror or error)
    return ""


class Supervisor:
    """Runs the parts until `stop` is called (SIGINT and SIGTERM call it)."""

    def __init__(self, all_parts: Sequence[Part], say: Say) -> None:
        self.parts = list(all_parts)
        self.say = say
        self.stopping = False
        self._ended = threading.Event()

    def start(self) -> None:
        """Start every part; returns when all answer. Raises TimeoutError naming the part that did not."""
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        check_ports(self.parts)
        for part in self.parts:
            part.start(time.monotonic())
        for part in self.parts:
            self._wait_for(part)

    def _wait_for(self, part: Part) -> None:
        until = time.monotonic() + START_LIMIT
        while not self.stopping and not part.answers():
            self._revive(part)
            if time.monotonic() > until:
                raise TimeoutError(f"{part.name} did not answer within {START_LIMIT:.0f} seconds")
            time.sleep(0.1)

    def watch(self) -> None:
        """End what hangs and restart what died, until told to stop."""
        for part in self.parts:
            listen(partial(self._end_if_hanging, part), self._ended)
        while not self.stopping:
            for part in self.parts:
                self._revive(part)
            time.sleep(0.2)

    def _end_if_hanging(self, part: Part) -> None:
        if part.hangs(time.monotonic()) and not self.stopping:
            self.say(f"{part.name} does not answer any more; ending it")
            _signal(part, signal.SIGKILL)

    def _revive(self, part: Part) -> None:
        now = time.monotonic()
        if part.restart_at is not None:
            if now >= part.restart_at:
                part.start(now)
                self.say(f"{part.name} was started again")
            return
        if part.process is None or part.process.poll() is None:
            return
        part.pause = FIRST_PAUSE if now - part.started > STEADY else min(part.pause * 2, LONGEST_PAUSE)
        part.restart_at = now + part.pause
        self.say(f"{part.name} stopped (exit code {part.process.returncode}); starting it again in {part.pause:.0f} s")

    def stop(self, *_: object) -> None:
        """Ask `start` and `watch` to return."""
        self.stopping = True
        self._ended.set()

    def end(self) -> None:
        """Stop every part, in reverse order, and wait; what does not end in STOP_LIMIT seconds is killed."""
        self.stop()
        for part in reversed(self.parts):
            _signal(part, signal.SIGTERM)
        until = time.monotonic() + STOP_LIMIT
        for part in self.parts:
            if part.process is None:
                continue
            try:
                part.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(part, signal.SIGKILL)
                part.process.wait()


def _signal(part: Part, number: signal.Signals) -> None:
    if part.process is not None and part.process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(part.process.pid, number)
