"""What columns make of values: times on SQLite stand there as SQLAlchemy's own type writes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import DateTime
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.columns import UtcDateTime

SQLITE = sqlite.dialect()
WRITE, READ = UtcDateTime().bind_processor(SQLITE), UtcDateTime().result_processor(SQLITE, None)
ITS_OWN = DateTime().dialect_impl(SQLITE)
ZONES = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
YEARS = datetime(1, 1, 3), datetime(9999, 12, 29)


@given(st.datetimes(*YEARS, timezones=ZONES))
def test_a_time_is_written_and_read_as_by_the_type_underneath(moment: datetime) -> None:
    text = ITS_OWN.bind_processor(SQLITE)(moment.astimezone(timezone.utc).replace(tzinfo=None))
    assert WRITE(moment) == text
    assert READ(text) == moment
    assert READ(text).tzinfo is timezone.utc


def test_a_time_of_the_databases_own_has_no_fraction() -> None:
    assert READ("2026-11-02 09:30:00") == datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)


def test_nothing_stays_nothing() -> None:
    assert WRITE(None) is None
    assert READ(None) is None


@pytest.mark.parametrize("dialect", [SQLITE, postgresql.dialect()])
def test_a_time_without_zone_is_refused(dialect: object) -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().bind_processor(dialect)(datetime(2026, 1, 1))
