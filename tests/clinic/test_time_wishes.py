"""Every wish of time_wishes.yml comes to the times that its author meant, as the patient would be offered them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.clinic.booking.diary import Diary
from bot.clinic.booking.wish import Wish

from .diary import CLINIC, NOW, ZONE

MINUTES = 30
GIVEN = yaml.safe_load(Path(__file__).with_name("time_wishes.yml").read_text(encoding="utf-8"))
KINDS = ("exact", "offers", "first", "within", "near", "asks", "refused", "nothing")


@dataclass(frozen=True)
class Case:
    """One wish, and what is to come of it."""

    text: str
    kind: str
    meant: Any
    now: datetime

    @property
    def diary(self) -> Diary:
        return Diary(CLINIC, (), self.now, MINUTES)


def _case(given: dict[str, Any]) -> Case:
    (kind,) = set(given) - {"wish", "now"}
    now = datetime.fromisoformat(given["now"]).astimezone(ZONE) if "now" in given else NOW
    return Case(given["wish"], kind, given[kind], now)


def _moments(meant: Any) -> list[datetime]:
    listed = meant if isinstance(meant, list) else [meant]
    return [datetime.fromisoformat(str(one)).replace(tzinfo=ZONE) for one in listed]


def _told(wish: Wish, offers: list[datetime]) -> str:
    starts = wish.starts or offers
    return f"{wish.kind}: " + ", ".join(f"{start:%a %d.%m. %H:%M}" for start in starts)


def _comes(case: Case, wish: Wish) -> bool:
    offers = case.diary.free(wish)
    if case.kind in ("refused", "nothing"):
        return wish.kind == (case.meant if case.kind == "refused" else "not_understood")
    if case.kind == "asks":
        return wish.kind == "ambiguous" and _read_back(wish) == _moments(case.meant)
    meant = _moments(case.meant)
    if case.kind == "exact":
        return wish.kind == "exact" and list(wish.starts) == meant
    return wish.usable and _offered(case.kind, meant, offers)


def _offered(kind: str, meant: list[datetime], offers: list[datetime]) -> bool:
    if kind == "offers":
        return offers == meant
    if kind == "first":
        return offers[:1] == meant
    if kind == "within":
        return bool(offers) and all(meant[0] <= start <= meant[1] for start in offers)
    return meant[0] in offers and all(abs(start - meant[0]) <= timedelta(hours=1) for start in offers)


def _read_back(wish: Wish) -> list[datetime]:
    return [one.starts[0] if one.starts else CLINIC.at(one.windows[0].first, 0) for one in wish.readings]


CASES = [_case(given) for given in GIVEN]


@pytest.mark.parametrize("case", CASES, ids=[case.text for case in CASES])
def test_a_wish_comes_to_the_times_its_author_meant(case: Case) -> None:
    assert case.kind in KINDS
    wish = case.diary.understand(case.text)
    assert _comes(case, wish), f"meant {case.kind} {case.meant}, came to {_told(wish, case.diary.free(wish))}"
