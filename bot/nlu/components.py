"""The pipeline of config.yml as Rasa graph components. What they do is in the modules they import; this only wires it.

Order: MessageReader, SentenceEncoderFeaturizer, ClinicalEntities, MessageIntentClassifier, DangerGuard.
"""

from __future__ import annotations

from typing import Any, Dict, List, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT, TEXT_TOKENS
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.danger import INTENTS
from bot.nlu.encoders import load_encoder
from bot.nlu.guard_model import GuardModel, Opinion
from bot.nlu.intent_model import Guess, IntentModel, Options
from bot.nlu.language import DEFAULT
from bot.nlu.memory import Memory
from bot.nlu.parser import ENCODER, FOREIGN, hear, train_foreign, train_guard, train_intents
from bot.nlu.understanding import Classified, Understanding, load_understanding

PAYLOAD = "/"
OPINIONS = "opinions"  # what the classifier thinks of the message and of each of its questions; for the guard
REMEMBERED = 512  # texts whose guess and opinions are kept; some 7 kB each
TYPES = DefaultV1Recipe.ComponentType


def _texts(messages: List[Message]) -> List[Message]:
    """The messages a patient typed; payloads of buttons are left to Rasa."""
    return [m for m in messages if m.get(TEXT) and not m.get(TEXT).startswith(PAYLOAD)]


class _Wired(GraphComponent):
    """A component that needs no training: settings, and what is shared by all components of one vocabulary."""

    def __init__(self, config: Dict[Text, Any]) -> None:
        self._config = config
        self._shared: Understanding = load_understanding(config.get("vocabulary"))

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> GraphComponent:
        return cls(config)

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"vocabulary": None}


@DefaultV1Recipe.register(TYPES.MESSAGE_TOKENIZER, is_trainable=False)
class MessageReader(_Wired):
    """Reads each message once: words for the other components, tokens for Rasa, the language."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        for message in training_data.training_examples:
            if message.get(TEXT):
                message.set(TEXT_TOKENS, self._tokens(message.get(TEXT)))
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if message.get(TEXT):
                message.set(TEXT_TOKENS, self._tokens(message.get(TEXT)))
        for message in _texts(messages):
            message.set("language", self._shared.language_of(message.get(TEXT)), add_to_output=True)
        return messages

    def _tokens(self, text: Text) -> List[Token]:
        places = dict.fromkeys(self._shared.read(text).doc.user_data["places"])
        return [Token(text[start:end], start, end) for start, end in places]


@DefaultV1Recipe.register(TYPES.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoderFeaturizer(_Wired):
    """One dense vector a message, from the encoder named in `encoder`. `training`: whether training examples get one
    too; a component of Rasa's own that learns from features needs them, ours take what they need from the encoder."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"vocabulary": None, "encoder": ENCODER, "training": False}

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        if self._config["training"]:
            self._featurize(training_data.training_examples)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        self._featurize(_texts(messages))
        return messages

    def _featurize(self, messages: List[Message]) -> None:
        read = [message for message in messages if message.get(TEXT)]
        if not read:
            return
        texts = [self._shared.normal(message.get(TEXT)) for message in read]
        encoder = load_encoder(self._config["encoder"])
        for message, vector in zip(read, encoder.encode(texts), strict=True):
            features = Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, self._config["encoder"])
            message.add_features(features)


@DefaultV1Recipe.register(TYPES.ENTITY_EXTRACTOR, is_trainable=False)
class ClinicalEntities(_Wired):
    """Treatments, concerns, age and screening facts, with what is said about them and about whom."""

    def process(self, messages: List[Message]) -> List[Message]:
        for message in _texts(messages):
            english = self._shared.language_of(message.get(TEXT)) == DEFAULT
            message.set("entities", self._shared.entities(message.get(TEXT)) if english else [], add_to_output=True)
        return messages


@DefaultV1Recipe.register(TYPES.INTENT_CLASSIFIER, is_trainable=True)
class MessageIntentClassifier(_Wired):
    """Calibrated intent probabilities, a ranking, and the decision that a message is out of scope."""

    def __init__(
        self, config: Dict[Text, Any], storage: ModelStorage, resource: Resource, model: IntentModel | None = None
    ) -> None:
        super().__init__(config)
        self._storage, self._resource, self._model = storage, resource, model
        self._foreign_model: IntentModel | None = None
        self._known: Memory[Guess] = Memory(REMEMBERED)

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"vocabulary": None, "encoder": ENCODER, "ranking_length": 10, **vars(Options())}

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MessageIntentClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        examples = [m for m in training_data.intent_examples if m.get(INTENT) and m.get(TEXT)]
        options = Options(**{name: self._config[name] for name in vars(Options())})
        pairs = [(message.get(TEXT), message.get(INTENT)) for message in examples]
        self._model = train_intents(pairs, self._config["encoder"], options, self._shared)
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
            if self._shared.has_foreign_answers:
                (folder / FOREIGN).mkdir()
                train_foreign(pairs, options).save(folder / FOREIGN)
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> MessageIntentClassifier:
        with model_storage.read_from(resource) as folder:
            classifier = cls(config, model_storage, resource, IntentModel.load(folder))
            if (folder / FOREIGN).exists():
                classifier._foreign_model = IntentModel.load(folder / FOREIGN)
            return classifier

    def process(self, messages: List[Message]) -> List[Message]:
        """Set `intent`, `intent_ranking` and `questions`; messages that already have an intent are left alone."""
        for message in _texts(messages):
            if message.get(INTENT) and message.get(INTENT).get("name"):
                continue
            parse = self._classify(message.get(TEXT), message.get("entities") or [])
            message.set(INTENT, parse.intent, add_to_output=True)
            message.set("intent_ranking", parse.ranking[: self._config["ranking_length"]], add_to_output=True)
            message.set("questions", parse.questions, add_to_output=True)
            message.set(OPINIONS, parse.opinions)
        return messages

    def _classify(self, text: Text, entities: List[Dict[Text, Any]]) -> Classified:
        language = self._shared.language_of(text)
        if language == DEFAULT:
            return self._shared.classify(text, entities, self._guess)
        answered = self._foreign_model and self._shared.languages[language].answers
        guess = self._foreign_model.guess([text], load_encoder(FOREIGN).encode([text]))[0] if answered else None
        return self._shared.foreign(text, guess)

    def _guess(self, texts: List[Text]) -> List[Guess]:
        normal = [self._shared.normal(text) for text in texts]
        encoder = load_encoder(self._config["encoder"])
        return self._known.of(normal, lambda new: self._model.guess(new, encoder.encode(new)))


@DefaultV1Recipe.register(TYPES.INTENT_CLASSIFIER, is_trainable=True)
class DangerGuard(_Wired):
    """Has the last word: a warning sign that is there now decides the intent, whatever else was said."""

    def __init__(
        self, config: Dict[Text, Any], storage: ModelStorage, resource: Resource, guard: GuardModel | None = None
    ) -> None:
        super().__init__(config)
        self._storage, self._resource, self._guard = storage, resource, guard
        self._known: Memory[List[Opinion]] = Memory(REMEMBERED)

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"vocabulary": None, "encoder": ENCODER}

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DangerGuard:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        pairs = [(m.get(TEXT), m.get(INTENT)) for m in training_data.intent_examples if m.get(INTENT) and m.get(TEXT)]
        self._guard = train_guard(pairs, self._config["encoder"], self._shared)
        with self._storage.write_to(self._resource) as folder:
            self._guard.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> DangerGuard:
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, GuardModel.load(folder))

    def process(self, messages: List[Message]) -> List[Message]:
        for message in _texts(messages):
            text = message.get(TEXT)
            (heard,) = self._known.of([text], self._hear)
            alarm = self._shared.alarm(text, message.get(OPINIONS) or [], heard)
            message.set("danger", {"level": alarm.level, "sign": alarm.sign} if alarm else None, add_to_output=True)
            if alarm:
                message.set(INTENT, {"name": INTENTS[alarm.level], "confidence": 1.0}, add_to_output=True)
        return messages

    def _hear(self, texts: List[Text]) -> List[List[Opinion]]:
        return [hear(self._guard, self._shared, self._config["encoder"], text) for text in texts]
