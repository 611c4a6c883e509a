"""Strategies: text as patients write it, with everything that breaks a parser strewn in."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = (
    "tomorrow", "next", "tuesday", "in", "two", "weeks", "at", "10", "10:30", "half past", "3.12.",
    "2026-12-03", "31.2.", "noon", "morning", "not", "or", "between", "and", "to", "after", "before",
    "the 1st", "feb 29", "99", "0", "-1", "1e9", "I am", "years old", "34", "my daughter is", "born in 1990",
    "12 months", "pregnant", "not pregnant", "diabetes", "cancer", "heart", "swelling", "can't breathe",
    "lips", "fever", "no", "yes", "maybe", "does it hurt", "?", "!", ",", ".", "@", "ana@example.org", "a@b",
    "+1 202 555 0188", "0049", "(202)", "ext. 5", "00000000000", "'", '"', "\\", "/", "/book_appointment", "{",
    "}", "{clinic_phone}", "%s", "<script>", "&amp;", "\n", "\t", "\r", "\x00", "\ud800", "\u202e", "\u200d",
    "\ufeff", "İ", "ß", "ﬁ", "٣", "𝟛", "½", "👩‍⚕️", "é", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
)  # fmt: skip
CHARACTERS = st.characters()  # every code point, halves of surrogate pairs too


def said(longest: int = 12) -> st.SearchStrategy[str]:
    """A message: pieces with or without spaces between them, or any characters at all."""
    pieces = st.lists(st.sampled_from(PIECES) | st.text(CHARACTERS, max_size=4), max_size=longest)
    return st.builds(str.join, st.sampled_from([" ", " ", ""]), pieces) | st.text(CHARACTERS, max_size=60)


def anything() -> st.SearchStrategy[object]:
    """Any JSON value."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | said(4)
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(said(1), inner, max_size=3), max_leaves=8
    )


def shaped(keys: tuple[str, ...], inner: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """A JSON object with some of these keys, whatever they hold."""
    return st.dictionaries(st.sampled_from(keys), inner, max_size=len(keys))
