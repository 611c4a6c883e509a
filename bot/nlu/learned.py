"""Finds the desk's approved answers at run time: no training, no restart. It adds what it found and decides one thing:
that a message with an answer of the desk and no safe place elsewhere is asked of the answers and not of the small talk.

In config.yml, after the intent classifier and the danger guard:
  - name: bot.nlu.learned.LearnedAnswers
    encoder: minilm
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Dict, List, Optional, Text

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.clinic.desk.learned import Wording, match
from bot.nlu.encoders import load_encoder
from bot.store.engine import Sessions, reading
from bot.store.forgetting import remembers

log = logging.getLogger(__name__)

KEY = "learned"
ROUTE = "out_of_scope"  # its rule asks the desk's answers first
LOOK_EVERY_SECONDS = 0.5


class Catalogue:
    """The wordings of the live answers in memory, read again when the store says that they changed."""

    def __init__(self, sessions: Sessions, encoder: str) -> None:
        self._sessions, self._name = sessions, encoder
        self._version: Optional[tuple[int, int]] = None
        self._looked = float("-inf")
        self._lock = threading.Lock()
        self.wordings: List[Wording] = []
        self.vectors = np.zeros((0, 1), dtype=np.float32)
        remembers(self.forget)

    def forget(self) -> None:
        """Read the wordings again, without those that were erased."""
        self._version, self._looked = None, float("-inf")
        self.refresh()

    def refresh(self) -> None:
        """Look, at most twice a second, whether something changed; a database that is away changes nothing."""
        with self._lock:
            if time.monotonic() - self._looked < LOOK_EVERY_SECONDS:
                return
            self._looked = time.monotonic()
            try:
                self._read()
            except Exception as error:
                log.warning("the desk's answers cannot be read: %s", type(error).__name__)

    def _read(self) -> None:
        from bot.store import answers_learned

        with reading(self._sessions) as session:
            version = answers_learned.version(session)
            if version == self._version:
                return
            wordings, vectors = answers_learned.catalogue(session, self._name)
        missing = [wording.text for wording, vector in zip(wordings, vectors, strict=True) if vector is None]
        made = iter(load_encoder(self._name).encode(missing)) if missing else iter(())
        rows = [next(made) if vector is None else vector for vector in vectors]
        self.wordings, self.vectors = wordings, np.array(rows, dtype=np.float32)
        self._version = version


def annotate(message: Message, wordings: List[Wording], vectors: np.ndarray, vector: np.ndarray) -> None:
    """Set `learned` on a message that one of the desk's answers fits, and send it there."""
    intent = message.get(INTENT) or {}
    name, confidence = str(intent.get("name") or ""), float(intent.get("confidence") or 0.0)
    if message.get("danger"):
        return
    found = match(vector, name, confidence, wordings, vectors)
    if found is None:
        return
    said = {"id": found.answer_id, "score": round(found.score, 3), "instead": found.instead}
    message.set(KEY, said, add_to_output=True)
    if not name.startswith("ask_"):
        message.set(INTENT, {**intent, "name": ROUTE}, add_to_output=True)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class LearnedAnswers(GraphComponent):
    """Adds `learned: {"id", "score", "instead"}` to a message that asks for an answer of the desk."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"encoder": "minilm"}

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "LearnedAnswers":
        return cls(config)

    def __init__(self, config: Dict[Text, Any], catalogue: Optional[Catalogue] = None) -> None:
        self._encoder = str(config.get("encoder", "minilm"))
        self._catalogue = catalogue
        self._failing = ""

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of this process's store, opened at the first message."""
        if self._catalogue is None:
            from bot.settings import Settings
            from bot.store.opening import open_store

            self._catalogue = Catalogue(open_store(Settings.from_env()), self._encoder)
        return self._catalogue

    def process(self, messages: List[Message]) -> List[Message]:
        """Look each typed message up; whatever fails here leaves the message as it was."""
        for message in messages:
            text = message.get(TEXT)
            if not text or text.startswith("/"):
                continue
            try:
                self._look_up(message, text)
                self._failing = ""
            except Exception as error:
                self._say_once(type(error).__name__)
        return messages

    def _say_once(self, error: Text) -> None:
        """One line when it begins to fail, and not one for every message."""
        if self._failing != error:
            log.warning("the desk's answers were not looked up: %s", error)
        self._failing = error

    def _look_up(self, message: Message, text: Text) -> None:
        self.catalogue.refresh()
        if self.catalogue.wordings:
            vector = load_encoder(self._encoder).encode([text])[0]
            annotate(message, self.catalogue.wordings, self.catalogue.vectors, vector)
