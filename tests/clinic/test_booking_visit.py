"""References are found in whatever a patient types around them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking.reference import find_reference


@given(around=st.text(alphabet=st.characters(blacklist_categories=("L", "N", "Cs", "Pc")), max_size=9))
def test_a_reference_is_found_within_whatever_surrounds_it(around: str) -> None:
    assert find_reference(f"{around} mg-7k4p2q {around}") == "MG-7K4P2Q"


def test_a_bare_reference_counts_only_where_it_was_asked_for() -> None:
    assert find_reference("7k4p2q") == ""
    assert find_reference("7k4p2q", bare=True) == "MG-7K4P2Q"
    assert find_reference("please", bare=True) == ""
