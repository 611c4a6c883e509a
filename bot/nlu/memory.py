"""What was worked out for the texts met last, kept for when they come again: "yes", "no", a pressed button."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from bot.store.forgetting import remembers

Result = TypeVar("Result")


class Memory(Generic[Result]):
    """The results of the last `size` texts. Safe to share between threads; forgets when a patient is erased."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[str, Result] = OrderedDict()
        self._lock = threading.Lock()
        remembers(self.forget)

    def forget(self) -> None:
        """Let go of the texts."""
        with self._lock:
            self._known.clear()

    def of(self, texts: Sequence[str], work_out: Callable[[list[str]], Sequence[Result]]) -> list[Result]:
        """One result a text; `work_out` is asked for those not known, each once. All texts of one call are kept,
        however many: training asks for the same ones several times.
        """
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            found.update(zip(missing, work_out(missing), strict=True))
        with self._lock:
            for text in texts:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > max(self._size, len(found)):
                self._known.popitem(last=False)
        return [found[text] for text in texts]
