"""The clinic's diary as one patient's booking sees it at one moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.relative import is_clock, spelled_out
from bot.clinic.booking.slots import earliest, free_times, is_free, nearest_times
from bot.clinic.booking.times import any_time, names_a_day, understand_wish
from bot.clinic.booking.turns import State, Taken
from bot.clinic.booking.wish import Wish


@dataclass(frozen=True)
class Diary:
    """Opening hours, what is taken, the time it is, and how many minutes the appointment needs (None: the longest)."""

    clinic: Clinic
    taken: Taken
    now: datetime
    minutes: int | None = None

    def sized(self, state: State) -> Diary:
        """The diary for an appointment of the length that the state's treatment takes."""
        return replace(self, minutes=self.clinic.minutes(state["answers"].get("treatment")))

    def spelled_out(self, text: str, start: datetime | None, *, hours: bool = True) -> str:
        """The wish in the text with what it says of the time one has already as dates and times.

        `hours`: an hour alone means the day one has; False while times are offered, among which it may choose.
        """
        hour_only = hours and start is not None and self._names_an_hour_only(text)
        return spelled_out(text, self.clinic.local(start) if start else None, is_hour_only=hour_only)

    def _names_an_hour_only(self, text: str) -> bool:
        if not is_clock(text):
            return False
        wish = self.understand(text)
        has_hour = wish.kind in ("exact", "window", "closed") and any(window.points for window in wish.windows)
        return has_hour and not names_a_day(text, self.now, self.clinic)

    def understand(self, text: str) -> Wish:
        """The wish in the text, seen from this moment."""
        return understand_wish(text, self.now, self.clinic)

    def free(self, wish: Wish, after: datetime | None = None, count: int = 3) -> list[datetime]:
        """The next free starts that fit the wish."""
        return free_times(wish, self.clinic, self.taken, self.now, count, minutes=self.minutes, after=after)

    def soonest(self, after: datetime | None = None) -> list[datetime]:
        """The next three free starts of all."""
        return self.free(any_time(self.now, self.clinic), after)

    def near(self, wanted: datetime) -> list[datetime]:
        """The three free starts closest to a wanted one."""
        return nearest_times(wanted, self.clinic, self.taken, self.now, minutes=self.minutes)

    def has(self, start: datetime) -> bool:
        """Whether an appointment can begin exactly then."""
        return is_free(start, self.clinic, self.taken, self.now, self.minutes or self.clinic.minutes(None))

    @property
    def earliest(self) -> datetime:
        """The first moment that keeps the lead time, on the clinic's clock."""
        return self.clinic.local(earliest(self.clinic, self.now))
