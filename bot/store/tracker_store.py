"""Rasa's tracker store: hands a turn the last few turns and the state before them; the complete log stays beside it.

endpoints.yml:
    tracker_store:
      type: bot.store.tracker_store.CompactTrackerStore
      # url: sqlite:///… or postgresql://…   by default DATABASE_URL
      # turns: 6                             how many of the last turns the tracker always holds whole
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import EntitiesAdded, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from sqlalchemy import Engine

from bot.settings import Settings
from bot.store import inline
from bot.store import turns as log
from bot.store.crypto import configure_keys, keys_are_configured
from bot.store.engine import make_engine
from bot.store.forgetting import remembers
from bot.store.migrate import migrate
from bot.store.remembered import Remembered, compact, event_from, from_dicts, to_dicts

TURNS = 6
SLACK = 9  # a tracker whose window moves is read and worked out anew: once in so many turns
EVENTS_PER_TURN = 40
RECENT = 64  # trackers kept in memory between turns; about 200 kB each, in every worker
_ACTIONS = 12
_MARK = "_mesoguide_stored"
_UNCHANGED = log.Window(0, 0, [], [])


@dataclass(frozen=True)
class Stored:
    """How a tracker in memory lies over the log: its first `prefix` events stand for the log's first `first` events,
    `total` events of the log are in the tracker or stood for, and the stored window begins at number `start`.
    Where the tracker misses events that others appended it is not `aligned`: its places are not the log's numbers."""

    prefix: int
    first: int
    total: int
    start: int
    aligned: bool = True


class CompactTrackerStore(TrackerStore):
    """A tracker store whose work per turn does not grow with the conversation."""

    def __init__(
        self,
        domain: Domain | None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        turns: int = TURNS,
        **kwargs: Any,
    ) -> None:
        """Built by Rasa from endpoints.yml; `host` is its `url`. Raises SettingError or RasaException."""
        super().__init__(domain, event_broker, **kwargs)
        self.turns = int(turns)
        self._recent = Recent(RECENT)
        self.engine = _open(host)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append what is new in the tracker to the log, in one transaction, and move the window on when it is due."""
        mark = self._mark_of(tracker)
        new = list(tracker.events)[mark.prefix + mark.total - mark.first :]
        dicts = [event.as_dict() for event in new]
        cut = self._cut(tracker, mark) if mark.aligned else None
        if not new and cut is None:
            return
        ending = log.ENDING.get()
        total = await inline.run(log.append, self.engine, tracker.sender_id, mark.total, dicts, cut, ending)
        setattr(tracker, _MARK, _moved(mark, len(new), total, cut))
        if cut is None and EntitiesAdded not in map(type, tracker.events):
            self._recent.keep(tracker)  # entities added later change the message in memory, and not alike in the log
        if self.event_broker is not None:
            await self._stream_new_events(self.event_broker, new, tracker.sender_id)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The current session's tracker: its state, and its last turns whole."""
        recent = self._recent.take(sender_id)
        known = getattr(recent, _MARK).total if recent is not None else None
        window = await self._read(sender_id, known)
        if window is _UNCHANGED:
            return recent
        if window is None or not window.total:
            return None
        events = from_dicts(window.prefix) + [event_from(data) for data in window.events]
        tracker = self._tracker(sender_id, events)
        setattr(tracker, _MARK, Stored(len(window.prefix), window.start, window.total, window.start))
        return tracker

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """The tracker with every event of every session."""
        events = log.read_all(self.engine, conversation_id)
        return self._tracker(conversation_id, [event_from(data) for data in events]) if events else None

    async def exists(self, conversation_id: str) -> bool:
        """Whether the conversation has events."""
        return log.exists(self.engine, conversation_id)

    async def keys(self) -> Iterable[str]:
        """The sender ids of all conversations."""
        return log.senders(self.engine)

    async def _read(self, sender_id: str, known: int | None) -> log.Window | None:
        """`_news`. SQLite's readers wait for nobody, and take less time than a change of threads."""
        if self.engine.dialect.name == "sqlite":
            return self._news(sender_id, known)
        return await asyncio.to_thread(self._news, sender_id, known)

    def _news(self, sender_id: str, known: int | None) -> log.Window | None:
        """What is stored; None when nothing is (any more), _UNCHANGED when it is just the `known` number of events."""
        if known is not None and log.total(self.engine, sender_id) == known:
            return _UNCHANGED
        return log.read_window(self.engine, sender_id)

    def _tracker(self, sender_id: str, events: list[Event]) -> DialogueStateTracker:
        return DialogueStateTracker.from_events(sender_id, events, self.domain.slots, domain=self.domain)

    def _mark_of(self, tracker: DialogueStateTracker) -> Stored:
        """How the tracker lies over the log; trackers that this store did not hand out are compared with it."""
        mark = getattr(tracker, _MARK, None)
        if mark is not None:
            return mark
        window = log.read_window(self.engine, tracker.sender_id)
        if window is None:
            return Stored(0, 0, 0, 0)
        prefix, known = _known(list(tracker.events), window.events)
        return Stored(prefix, window.total - known, window.total, window.start, aligned=False)

    def _cut(self, tracker: DialogueStateTracker, mark: Stored) -> log.Cut | None:
        """Where the window should begin now; None when it may stay. Both cuts keep what stock Rasa would replay."""
        events = list(tracker.events)
        session = _start_of_session(events, mark.prefix)
        begin = 0 if session is None else session
        place = self._start_of_last_turns(events, max(begin, mark.prefix))
        start = mark.first - mark.prefix + (place or begin)
        if start <= mark.start:
            return None
        return log.Cut(start, to_dicts(compact(events[begin:place], self.domain, _ACTIONS)) if place else [])

    def _start_of_last_turns(self, events: list[Event], begin: int) -> int | None:
        """Where the turns to keep begin, once there are too many of them or too many events."""
        kinds = map(type, islice(events, begin, None))
        places = [place for place, kind in enumerate(kinds, begin) if kind is UserUttered]
        if len(places) > self.turns + SLACK:
            return places[-self.turns]
        if len(events) - begin > (self.turns + SLACK) * EVENTS_PER_TURN:
            return len(events) - self.turns * EVENTS_PER_TURN
        return None


class Recent:
    """Trackers whose turn has just ended: while nobody else adds to the log, the next turn goes on with them.

    A tracker is handed out once; what becomes of it comes back with the next save, or not at all.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._trackers: OrderedDict[str, DialogueStateTracker] = OrderedDict()
        remembers(self.forget)

    def forget(self) -> None:
        """Let go of all of them; may be called from another thread."""
        self._trackers = OrderedDict()

    def keep(self, tracker: DialogueStateTracker) -> None:
        """Keep a tracker whose state is what its events say: the turn ended by listening, with nothing left to do."""
        trackers = self._trackers
        trackers.pop(tracker.sender_id, None)
        settled = tracker.latest_action_name == ACTION_LISTEN_NAME and tracker.followup_action is None
        if settled and getattr(tracker, _MARK).aligned:
            trackers[tracker.sender_id] = tracker
        while len(trackers) > self._most:
            trackers.popitem(last=False)

    def take(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker, no longer kept."""
        return self._trackers.pop(sender_id, None)


def _open(url: str | None) -> Engine:
    """The engine, with tables and keys. At an ImportError Rasa would think `type` misspelt and go on in memory."""
    settings = Settings.from_env()
    if not keys_are_configured():
        configure_keys(settings.keys)
    try:
        engine = make_engine(url or settings.database_url)
        migrate(engine)
    except (ImportError, AttributeError) as error:
        raise RasaException(f"The tracker store cannot open its database: {error}") from error
    return engine


def _moved(mark: Stored, added: int, total: int, cut: log.Cut | None) -> Stored:
    """How the tracker lies over the log after a save; others were faster when the total is not the expected one."""
    aligned = mark.aligned and total == mark.total + added
    first = total - added - (mark.total - mark.first)
    start = cut.start if cut is not None and aligned else mark.start
    return Stored(mark.prefix, first, total, start, aligned)


def _start_of_session(events: list[Event], begin: int) -> int | None:
    """Where the newest session begins, the way Rasa's SQL store sees it: by the time of its SessionStarted."""
    started = [event.timestamp for event in islice(events, begin, None) if type(event) is SessionStarted]
    if not started:
        return None
    return next(place for place in range(begin, len(events)) if events[place].timestamp >= max(started))


def _known(events: list[Event], stored: list[dict[str, Any]]) -> tuple[int, int]:
    """How a tracker of unknown origin overlaps with the stored window: the events that stand for others at its
    beginning, and how many after those are stored already (all up to the last stored event; none when it is absent)."""
    prefix = max((place + 1 for place, event in enumerate(events) if isinstance(event, Remembered)), default=0)
    last = stored[-1] if stored else None
    for place in range(len(events) - 1, prefix - 1, -1):
        if events[place].as_dict() == last:
            return prefix, place + 1 - prefix
    return prefix, 0
