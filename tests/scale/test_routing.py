"""Which Rasa process a conversation goes to: always the same, and when that one is away, the next."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

from bot.channels.tokens import Tokens
from bot.web.rasas import conversation_of, order

FOUR = [f"http://127.0.0.1:{port}" for port in range(5005, 5009)]
CHATS = [f"conversation {number}" for number in range(2000)]


def test_conversations_are_spread_evenly() -> None:
    share = Counter(order(FOUR, chat)[0] for chat in CHATS)
    assert set(share) == set(FOUR)
    assert max(share.values()) < 1.25 * min(share.values())


def test_only_the_conversations_of_a_process_that_left_move() -> None:
    for chat in CHATS:
        before, after = order(FOUR, chat), order(FOUR[:3], chat)
        assert after == [address for address in before if address in FOUR[:3]]


def test_a_token_names_its_conversation_and_nonsense_does_not() -> None:
    token = Tokens("a secret", "website").issue("the chat", datetime.now(timezone.utc)).token
    assert conversation_of(f"Bearer {token}", "none") == "the chat"
    for wrong in ("", "Bearer", "Bearer a.b.c", "Bearer a.e30.c", "Basic eyJ", "Bearer ..", "Bearer a.W10.c"):
        assert conversation_of(wrong, "none") == "none"
