"""The question of the time: turns a wish into a chosen start, or into an offer of the next free times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.clinic.booking.card import times_card
from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.diary import Diary
from bot.clinic.booking.slots import fits
from bot.clinic.booking.times import names_a_day
from bot.clinic.booking.turns import Heard, Say, State, button, question, show_day, show_short, show_time
from bot.clinic.booking.wish import ALL_WEEK, Window, Wish, wish_from_dict, wish_to_dict
from bot.clinic.booking.words import words

EVERY = 10_000
OTHER = "other"  # the answer of the button that asks for later times
_RANKS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "last": -1, "middle": 1}
_CHOOSING = (
    *_RANKS,
    *words("the one option time slot is fine good works please i'd like take i'll ok okay yes for me"),
)


def settle(state: State, diary: Diary) -> Say | None:
    """Works on the pending wish: enters the chosen start into the answers (None), or says what to ask instead."""
    wish = wish_from_dict(state["wish"]) if state["wish"] else None
    state["wish"], diary = None, diary.sized(state)
    if wish is None:
        return _offer(state, "utter_ask_booking_when", diary, diary.soonest())
    if wish.kind == "exact":
        return _exact(state, wish, diary)
    if wish.kind == "window":
        return _window(state, wish, diary)
    return _refuse(state, wish, diary)


def other_times(state: State, diary: Diary) -> Say:
    """The free times after those offered last, within the same wish while it has any; else from the start again."""
    diary = diary.sized(state)
    last = max((datetime.fromisoformat(one) for one in state["offered"]), default=None)
    wish = wish_from_dict(state["fits"]) if state.get("fits") else None
    further = diary.free(wish, last) if wish else []
    if wish and further:
        return _offer(state, "utter_booking_times_fitting", diary, further, wish)
    return _offer(state, "utter_ask_booking_when", diary, diary.soonest(last) or diary.soonest())


def gone(state: State, wanted: datetime, diary: Diary) -> Say:
    """The chosen time was taken meanwhile: the nearest free ones."""
    wished = show_time(diary.clinic.local(wanted))
    return _offer(state, "utter_booking_time_gone", diary, diary.near(wanted), wished=wished)


def unclear(state: State, diary: Diary) -> Say:
    """No time was found in the answer: say what can be said, and offer the next free ones."""
    return _offer(state, "utter_booking_when_unclear", diary, diary.sized(state).soonest())


def _exact(state: State, wish: Wish, diary: Diary) -> Say | None:
    free = [start for start in wish.starts if diary.has(start)]
    if len(free) == 1:
        state["answers"]["when"] = free[0].isoformat()
        state["offered"] = []
        return None
    if free:
        return _offer(state, "utter_booking_times_fitting", diary, free[:3])
    wanted = wish.starts[0]
    if wanted < diary.earliest:
        return _offer(state, "utter_booking_too_soon", diary, diary.near(wanted), first=show_time(diary.earliest))
    return _offer(state, "utter_booking_time_taken", diary, diary.near(wanted), wished=show_time(wanted))


def _window(state: State, wish: Wish, diary: Diary) -> Say:
    fitting = diary.free(wish)
    if fitting:
        return _offer(state, "utter_booking_times_fitting", diary, fitting, wish)
    return _offer(state, "utter_booking_none_fitting", diary, _close_to(wish.windows, diary) or diary.soonest())


def _refuse(state: State, wish: Wish, diary: Diary) -> Say:
    if wish.kind == "ambiguous":
        return _which(state, wish, diary.clinic)
    if wish.kind == "closed":
        return _closed(state, wish, diary)
    if wish.kind == "too_far":
        last = diary.clinic.at(diary.clinic.last_day(diary.now), 0)
        return _offer(state, "utter_booking_too_far", diary, diary.soonest(), last_day=show_day(last))
    said = "utter_booking_past" if wish.kind == "past" else "utter_booking_when_unclear"
    return _offer(state, said, diary, diary.soonest())


def _closed(state: State, wish: Wish, diary: Diary) -> Say:
    times = diary.near(wish.starts[0]) if wish.starts else _close_to(wish.windows, diary)
    return _offer(state, "utter_booking_closed", diary, times or diary.soonest())


def _close_to(windows: Sequence[Window], diary: Diary) -> list[datetime]:
    """Times close to a wish nothing fits: the wished hours on other days, the nearest hour on the wished days."""
    if not any(window.points or window.spans for window in windows):
        return _from_day(windows, diary)
    last = diary.clinic.last_day(diary.now)
    other_days = Wish("window", tuple(replace(w, days=((w.first, last),), weekdays=ALL_WEEK) for w in windows))
    same_days = Wish("window", tuple(replace(window, points=(), spans=()) for window in windows))
    near = sorted(diary.free(same_days, count=EVERY), key=lambda start: (_minutes_off(start, windows), start))
    close = {*near[:1], *diary.free(other_days)[:2]}
    return sorted({*close, *near[1 : 4 - len(close)]})


def _minutes_off(start: datetime, windows: Sequence[Window]) -> int:
    """How far a start is from the nearest wished time of day."""
    minute = start.hour * 60 + start.minute
    ends = [end for window in windows for end in (*window.points, *(one for span in window.spans for one in span))]
    return min(abs(minute - end) for end in ends)


def _from_day(windows: Sequence[Window], diary: Diary) -> list[datetime]:
    """Free times from the first wished day on, whatever else was wished."""
    first = max(min(window.first for window in windows), diary.clinic.today(diary.now))
    last = diary.clinic.last_day(diary.now)
    return diary.free(Wish("window", (Window(((first, last),)),))) if first <= last else []


def _which(state: State, wish: Wish, clinic: Clinic) -> Say:
    """Reads an ambiguous date back: a button for each reading, which carries it in words that are read one way only."""
    state["offered"] = []
    buttons = [button(_show_reading(reading, clinic), "when", spell(reading)) for reading in wish.readings]
    readings = [_show_reading(reading, clinic) for reading in wish.readings]
    card = times_card(clinic, [reading.starts[0] for reading in wish.readings if reading.starts])
    return question(
        "utter_booking_which_date", "when", buttons, card, one=readings[0], other=", or ".join(readings[1:])
    )


def _show_reading(reading: Wish, clinic: Clinic) -> str:
    if reading.starts:
        return show_short(reading.starts[0])
    window = reading.windows[0]
    if window.first != window.last and window.spans:  # hours, on any day
        return " to ".join(f"{minute // 60:02}:{minute % 60:02}" for minute in window.spans[0])
    day = clinic.at(window.first, 0)
    return f"{day:%a} {day.day} {day:%b} {day.year}"


def spell(wish: Wish) -> str:
    """A single-day wish in words that `understand_wish` reads one way only."""
    if wish.starts:
        return f"{wish.starts[0]:%Y-%m-%dT%H:%M}"
    window = wish.windows[0]
    spans = [
        f"between {low // 60:02}:{low % 60:02} and {high // 60:02}:{high % 60:02}" for low, high in window.spans[:1]
    ]
    points = [f"at {point // 60:02}:{point % 60:02}" for point in window.points[:1]]
    days = f"{window.first}" if window.first == window.last else f"{window.first} to {window.last}"
    return " ".join([days, *points, *spans])


def _offer(
    state: State, response: str, diary: Diary, times: list[datetime], fits: Wish | None = None, **values: str
) -> Say:
    """A question with a button for each time; `fits` is the wish they fit, for "other times"."""
    state["offered"] = [start.isoformat() for start in times]
    state["fits"] = wish_to_dict(fits) if fits else None
    buttons = [button(show_short(start), "when", f"{start:%Y-%m-%dT%H:%M}") for start in times]
    if not times and response == "utter_ask_booking_when":
        response = "utter_booking_full"
    return question(response, "when", buttons, times_card(diary.clinic, times), **values)


def chosen(heard: Heard, offered: Sequence[str], diary: Diary) -> str | None:
    """The answer that a typed choice among the offers stands for: "the second one", "10:30", yes to a single one, no.

    None when the text is no such choice and has to be read as a new wish.
    """
    if not offered:
        return None
    if heard.intent == "affirm" and len(offered) == 1:
        return offered[0][:16]
    named = _rank(heard.text, len(offered))
    if named is not None:
        return offered[named][:16]
    wish = diary.understand(heard.text)
    if heard.intent == "deny" and wish.kind == "not_understood":
        return OTHER
    only_hours = wish.usable and all(window.points for window in wish.windows)
    if only_hours and not names_a_day(heard.text, diary.now, diary.clinic):
        return _at_that_hour(wish, [diary.clinic.local(datetime.fromisoformat(one)) for one in offered])
    return None


def _at_that_hour(wish: Wish, offered: Sequence[datetime]) -> str | None:
    """The one offer at a named hour; where none is and all are on one day, the hour of that day."""
    same = [start for start in offered if fits(start, wish)]
    if len(same) == 1:
        return f"{same[0]:%Y-%m-%dT%H:%M}"
    points = {point for window in wish.windows for point in window.points}
    if same or len(points) != 1 or len({start.date() for start in offered}) != 1:
        return None
    point = points.pop()
    return f"{offered[0]:%Y-%m-%d}T{point // 60:02}:{point % 60:02}"


def _rank(text: str, count: int) -> int | None:
    """Which of the offers "the first one" or "the last" means."""
    typed = [word.strip(".,!?") for word in text.lower().split()]
    named = {_RANKS[word] for word in typed if word in _RANKS}
    if len(typed) > 6 or len(named) != 1 or any(word not in _CHOOSING for word in typed):
        return None
    rank = named.pop()
    return rank if -count <= rank < count else None
