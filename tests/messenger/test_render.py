"""A line of the transcript within Messenger's limits: nothing is dropped, nothing is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.messenger.render import PAGE, asked_page, next_page, render, shorten, split
from bot.channels.messenger.words import Paging

from .graph import _check_message

PAGING = Paging(more="More …", next="There is also:", choose="Please choose:")
SENTENCE = "This is one sentence of the leaflet. "


def buttons(number: int) -> list[dict[str, str]]:
    return [{"title": f"Choice {n}", "payload": f"/c{n}"} for n in range(number)]


def test_a_text_without_buttons_is_a_text() -> None:
    assert render("m", "Hello.", [], PAGING) == [{"text": "Hello."}]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_up_to_three_buttons_are_a_button_template(number: int) -> None:
    [message] = render("m", "Hello.", buttons(number), PAGING)
    payload = message["attachment"]["payload"]
    assert payload["template_type"] == "button"
    assert [one["payload"] for one in payload["buttons"]] == [f"/c{n}" for n in range(number)]


@pytest.mark.parametrize("number", [4, 12, 13])
def test_four_to_thirteen_buttons_are_quick_replies(number: int) -> None:
    [message] = render("m", "Hello.", buttons(number), PAGING)
    assert [one["payload"] for one in message["quick_replies"]] == [f"/c{n}" for n in range(number)]


def test_more_than_thirteen_are_paged() -> None:
    [message] = render("id-1", "Hello.", buttons(14), PAGING)
    assert len(message["quick_replies"]) == 13
    assert message["quick_replies"][-1]["payload"] == f"{PAGE}id-1:1"
    assert asked_page(f"{PAGE}id-1:1") == ("id-1", 1)
    page = next_page("id-1", buttons(14), 1, PAGING)
    assert page is not None
    assert [one["payload"] for one in page["quick_replies"]] == ["/c12", "/c13"]
    assert next_page("id-1", buttons(14), 2, PAGING) is None


@pytest.mark.parametrize("payload", ["more:", "more:x", "more:x:y", "more::1", "/ask_pain", ""])
def test_only_a_page_is_a_page(payload: str) -> None:
    assert asked_page(payload) is None


def test_a_long_text_is_split_at_sentences() -> None:
    parts = split(SENTENCE * 100, 2000)
    assert len(parts) == 2
    assert all(len(part) <= 2000 and part.endswith(".") for part in parts)
    assert " ".join(parts) == (SENTENCE * 100).strip()


def test_a_text_too_long_for_a_template_keeps_its_buttons_at_the_end() -> None:
    messages = render("m", SENTENCE * 60, buttons(3), PAGING)
    assert all("text" in message for message in messages[:-1])
    assert len(messages[-1]["attachment"]["payload"]["text"]) <= 640


def test_buttons_without_words_get_some() -> None:
    [message] = render("m", "", buttons(2), PAGING)
    assert message["attachment"]["payload"]["text"] == PAGING.choose


def test_a_long_title_is_shortened_and_stands_in_full_in_the_text() -> None:
    title = "Monday 9 March at half past four"
    [message] = render("m", "When?", [{"title": title, "payload": "/x"}], PAGING)
    payload = message["attachment"]["payload"]
    assert payload["buttons"][0]["title"] == "Monday 9 March at…"
    assert title in payload["text"]


@given(st.text(max_size=80))
def test_no_title_is_longer_than_twenty(title: str) -> None:
    assert len(shorten(title)) <= 20


@given(st.text(alphabet=st.sampled_from("ab .!?\n…äß"), max_size=6000), st.integers(0, 40))
def test_whatever_is_said_keeps_metas_limits_and_loses_no_word(text: str, number: int) -> None:
    messages = render("m", text, buttons(number), PAGING)
    told = "".join(_shown(message) for message in messages)
    if text.strip():
        assert "".join(told.split()) == "".join(text.split())
    for message in messages:
        if text.strip() or number:
            _check_message(message)


def _shown(message: dict[str, object]) -> str:
    return str(message["text"] if "text" in message else message["attachment"]["payload"]["text"])  # type: ignore[index]
