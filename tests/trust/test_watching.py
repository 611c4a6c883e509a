"""What is exported to be watched is true and without words; dashboard and alerts ask for nothing else."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, generate_latest

from bot.handover.webhook import WebhookTarget
from bot.handover.worker import Worker
from bot.serving.figures import ClinicFigures
from bot.settings import ROOT, Settings
from bot.store import conversations, deliveries, errands, triage
from bot.store.engine import Sessions, make_engine, make_sessions, unit_of_work
from bot.web.metrics import Metrics
from tests.handover.clinic import SECRET, Clock, deliver
from tests.handover.conftest import receiver  # noqa: F401 - a fixture
from tests.handover.receivers import Receiver
from tests.trust.databases import NAME, NOW, WORDS, fill

LATER = NOW + timedelta(minutes=10)
FROM_PROMETHEUS = {"up"}


def exported(sessions: Sessions, clock: Callable[[], datetime] = lambda: LATER) -> str:
    registry = CollectorRegistry()
    registry.register(ClinicFigures(sessions, clock))
    return generate_latest(registry).decode()


def value(text: str, series: str) -> float:
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    assert found, f"{series} is not in\n{text}"
    return float(found[1])


def test_the_figures_say_what_waits_and_for_how_long(settings: Settings) -> None:
    filled = fill(settings)
    with unit_of_work(filled.sessions) as session:
        chat = filled.conversation
        triage.add(session, kind="danger", handoff_reason="danger", conversation_id=chat, now=NOW)
        two = conversations.accept_message(session, chat, "two", "hello", NOW).row
        conversations.record_reply(
            session, two, [{"text": "Hi", "metadata": {"kind": "fallback"}}], NOW + timedelta(seconds=4)
        )
        session.commit()
    text = exported(filled.sessions)
    assert value(text, 'mesoguide_messages_last_hour{kind="none",sender="patient"}') == 2
    assert value(text, 'mesoguide_messages_last_hour{kind="fallback",sender="bot"}') == 1
    assert value(text, 'mesoguide_answer_seconds_last_hour{share="0.5"}') == 4
    assert value(text, "mesoguide_unanswered_waiting") == 1
    assert value(text, "mesoguide_unanswered_oldest_seconds") == 600
    assert value(text, 'mesoguide_queue_waiting{kind="danger"}') == 1
    assert value(text, 'mesoguide_queue_oldest_seconds{kind="danger"}') == 600
    assert value(text, "mesoguide_outbox_oldest_seconds") == 600
    assert value(text, "mesoguide_figures_up") == 1


def test_what_a_system_does_not_take_is_failing_then_given_up_and_nothing_at_all_when_sent_again(
    settings: Settings,
    receiver: Receiver,  # noqa: F811 - the fixture above
) -> None:
    filled, clock = fill(settings), Clock(NOW)
    worker = Worker(filled.sessions, [WebhookTarget(receiver.url, (SECRET,))], clock)

    def after(hours: float) -> tuple[float, float, float, float]:
        asyncio.run(deliver(filled.sessions, clock, [], days=hours / 24, worker=worker))
        text, names = exported(filled.sessions, clock), ("waiting", "oldest_seconds", "failing", "dead")
        return tuple(value(text, f"mesoguide_outbox_{name}") for name in names)

    receiver.script = [503] * 10
    waiting, seconds, failing, dead = after(hours=5)
    assert (waiting, failing, dead) == (1, 1, 0)
    assert seconds > 2 * 3600, "the age is that of the change, not of the last attempt"
    assert after(hours=100) == (0, 0, 0, 1)
    with unit_of_work(filled.sessions) as session:
        deliveries.revive_all(session, "webhook", clock())
        session.commit()
    assert after(hours=1) == (0, 0, 0, 0)


def test_an_email_that_does_not_leave_is_failing_then_given_up(settings: Settings) -> None:
    filled = fill(settings)
    with unit_of_work(filled.sessions) as session:
        deliveries.spread(session, [], NOW)
        errands.put(session, "email", filled.conversation, {"to": "x"}, NOW)
        session.commit()
    text = exported(filled.sessions)
    assert (value(text, "mesoguide_outbox_waiting"), value(text, "mesoguide_outbox_oldest_seconds")) == (1, 600)
    with unit_of_work(filled.sessions) as session:
        now = NOW
        while claimed := errands.claim(session, "email", now, now):
            errands.failed(session, claimed[0], now)
            session.expire_all()
            if claimed[0].attempts == 3:
                session.commit()
                assert value(exported(filled.sessions), "mesoguide_outbox_failing") == 1
            now += timedelta(days=1)
        session.commit()
    text = exported(filled.sessions)
    assert [value(text, f"mesoguide_outbox_{name}") for name in ("waiting", "failing", "dead")] == [0, 0, 1]


def test_the_figures_hold_no_word_name_or_id(settings: Settings) -> None:
    filled = fill(settings)
    text = exported(filled.sessions)
    assert [word for word in (NAME, WORDS, filled.conversation, "2025550177") if word in text] == []


def test_a_database_that_is_away_is_a_figure_not_an_error(tmp_path: Path) -> None:
    text = exported(make_sessions(make_engine(f"sqlite:///{tmp_path}/empty.db")))
    assert value(text, "mesoguide_figures_up") == 0


def known_metrics(sessions: Sessions) -> set[str]:
    families = re.findall(r"^# TYPE (\w+) (\w+)$", Metrics().text()[0].decode() + exported(sessions), re.MULTILINE)
    return {
        name + end
        for name, kind in families
        for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))
    }


def expressions() -> list[str]:
    alerts = yaml.safe_load((ROOT / "deploy" / "alerts" / "mesoguide.yml").read_text(encoding="utf-8"))
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "mesoguide.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    return asked + [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_every_alert_and_panel_asks_for_metrics_that_exist(settings: Settings) -> None:
    known = known_metrics(fill(settings).sessions) | FROM_PROMETHEUS
    asked = {name for expression in expressions() for name in re.findall(r"\b(?:mesoguide_\w+|up)\b", expression)}
    assert len(asked) > 10
    assert asked - known == set()


def test_every_alert_says_what_to_do() -> None:
    alerts = yaml.safe_load((ROOT / "deploy" / "alerts" / "mesoguide.yml").read_text(encoding="utf-8"))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert [rule["alert"] for rule in rules if not {"summary", "cure"} <= set(rule["annotations"])] == []
