"""The clinic's figures (bot/store/figures.py) in Prometheus' form, read from the database whenever Prometheus asks.

They come from the database and not from counters in a process, so that several processes agree and a restart loses
nothing. `mesoguide_figures_up` is 0 while the database does not answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.store.engine import Sessions, reading
from bot.store.figures import Figures, Waiting, figures

log = logging.getLogger(__name__)
SHARES = (0.5, 0.95, 0.99)


class ClinicFigures(Collector):
    """A collector to register with a `CollectorRegistry`."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> None:
        self._sessions = sessions
        self._clock = clock

    def describe(self) -> Iterator[Metric]:
        """The names alone, so that registering reads no database."""
        yield from _families(Figures())
        yield _up(0)

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        try:
            with reading(self._sessions) as session:
                found = figures(session, self._clock())
        except Exception as error:  # whatever is wrong with the database, the other figures must still be read
            log.error("figures could not be read: %s", type(error).__name__)
            yield _up(0)
            return
        yield from _families(found)
        yield _up(1)


def _up(value: int) -> GaugeMetricFamily:
    return GaugeMetricFamily("mesoguide_figures_up", "1 when the figures could be read from the database", value=value)


def _families(found: Figures) -> Iterator[Metric]:
    messages = GaugeMetricFamily("mesoguide_messages_last_hour", "Messages of the last hour", labels=["sender", "kind"])
    for (sender, kind), count in found.messages.items():
        messages.add_metric([sender, kind], count)
    seconds = GaugeMetricFamily(
        "mesoguide_answer_seconds_last_hour", "Time to the answer, last hour, share of messages", labels=["share"]
    )
    for share in SHARES:
        seconds.add_metric([str(share)], found.answered_within(share))
    yield from (messages, seconds)
    yield from _of("mesoguide_unanswered", "Patients' messages without an answer", {"": found.unanswered}, ())
    yield from _of("mesoguide_queue", "Open items at the desk", found.queue, ("kind",))
    yield from _of("mesoguide_outbox", "Changes, emails and alerts that have not left", {"": found.outbox}, ())
    yield GaugeMetricFamily(
        "mesoguide_outbox_failing",
        "Of these, what failed several times and is tried again",
        value=found.outbox_failing,
    )
    yield GaugeMetricFamily(
        "mesoguide_outbox_dead", "Deliveries, emails and alerts that were given up", value=found.outbox_dead
    )
    yield from _of_messenger(found)


def _of_messenger(found: Figures) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "mesoguide_messenger_events", "What Messenger's webhook took in, ignored and refused", labels=["event"]
    )
    for name, count in found.messenger_events.items():
        events.add_metric([name], count)
    yield events
    yield from _of("mesoguide_messenger_queue", "Messenger events to be worked on", {"": found.messenger_queue}, ())
    yield GaugeMetricFamily(
        "mesoguide_messenger_given_up", "Messenger events that were given up", value=found.messenger_given_up
    )


def _of(name: str, what: str, waiting: dict[str, Waiting], labels: tuple[str, ...]) -> Iterator[GaugeMetricFamily]:
    count = GaugeMetricFamily(f"{name}_waiting", what, labels=labels)
    oldest = GaugeMetricFamily(f"{name}_oldest_seconds", f"{what}: how long the oldest waits", labels=labels)
    for label, one in waiting.items():
        count.add_metric([label] if labels else [], one.count)
        oldest.add_metric([label] if labels else [], one.seconds)
    yield from (count, oldest)
