"""The collector of the server processes leaves alone what stays, and still finds what does not."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from bot.serving import garbage, web_server


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


class Ring:
    """Something that only the collector can remove."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.usefixtures("collector")
def test_what_is_there_is_looked_through_no_more_and_later_rings_are_still_removed() -> None:
    left = weakref.ref(Ring())
    garbage.settle()
    assert left() is None
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == garbage.YOUNG
    later = weakref.ref(Ring())
    gc.collect()
    assert later() is None


def test_the_web_process_settles_before_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for name in ("make_quiet", "end_with_supervisor"):
        monkeypatch.setattr(web_server, name, lambda *_: None)
    monkeypatch.setattr("bot.web.app.create_app", lambda settings: done.append("made"))
    monkeypatch.setattr(web_server.tracing, "of_web", lambda app: app)
    monkeypatch.setattr(web_server.garbage, "settle", lambda: done.append("settled"))
    monkeypatch.setattr(web_server.uvicorn, "run", lambda *_, **__: done.append("served"))
    web_server.main()
    assert done == ["made", "settled", "served"]
