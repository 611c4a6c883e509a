"""Libraries that a serving Rasa imports and never uses stay out of its process: less memory, a quicker start.

`import rasa.core.agent` alone pulls TensorFlow, JAX and Keras (to train classifiers this model does not have),
matplotlib (for evaluation reports) and the clients of every messenger and database Rasa supports. `leave_out(model)`
puts stand-ins in their place. A stand-in imports fine and refuses to be used, with a message that says how to get the
real thing. `mesoguide train` leaves most of them out too. Models with a TensorFlow component, and every other process
(`rasa train`, `rasa test` …), get the real libraries.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

# What is imported and not used by a server without TensorFlow components.
STAND_INS = frozenset(
    {
        "rasa.utils.tensorflow.callback",  # training progress
        "rasa.utils.tensorflow.data_generator",  # training batches
        "rasa.graph_components.validators.default_recipe_validator",  # checks before training; names every classifier
        "rasa.graph_components.validators.finetuning_validator",
        "rasa.nlu.test",  # evaluation reports: matplotlib
        "rasa.core.test",
        "rasa.core.channels.console",  # `rasa shell`
        "rasa.core.channels.telegram",
        "rasa.core.channels.twilio",
        "rasa.core.channels.twilio_voice",
        "rasa.core.channels.slack",
        "rasa.core.channels.webexteams",
        "rasa.core.channels.rocketchat",
        "rasa.core.channels.mattermost",
        "rasa.core.channels.facebook",
        "boto3",  # DynamoDB tracker store
        "pymongo",  # MongoDB tracker store
    }
)
_CHECKS = frozenset(name for name in STAND_INS if name.startswith("rasa.graph_components.validators"))
# Training checks the pipeline by the classes it may hold; of those built on TensorFlow the names are enough.
TRAINING_STAND_INS = (STAND_INS - _CHECKS) | {
    "rasa.nlu.classifiers.diet_classifier",
    "rasa.nlu.selectors.response_selector",
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer",
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer",
    "rasa.core.policies.ted_policy",
    "rasa.core.policies.unexpected_intent_policy",
}
# The actions read words with what the pipeline is built of, and learn nothing.
ACTIONS_STAND_INS = frozenset({"sklearn", "scipy", "onnxruntime", "spacy.cli"})
# Optional for those who ask for it in a try block; in this process it is as good as not installed.
HIDDEN = frozenset({"tensorflow"})
_TENSORFLOW_CLASSES = frozenset(
    "DIETClassifier ResponseSelector LanguageModelFeaturizer ConveRTFeaturizer TEDPolicy UnexpecTEDIntentPolicy".split()
)
_NEEDS_TENSORFLOW = (
    "diet_classifier",
    "response_selector",
    "lm_featurizer",
    "convert_featurizer",
    "ted_policy",
    "unexpected_intent_policy",
)


class LeftOut(RuntimeError):
    """Something left out of the serving process was used; the message names it and the way to have it."""


def leave_out(model: Path, channels: Iterable[str] = ()) -> bool:
    """Put the stand-ins in place, before Rasa is imported; False, and nothing done, when the model needs TensorFlow.
    `channels` are those of credentials.yml: Rasa's own among them stay."""
    if needs_tensorflow(model):
        return False
    sys.meta_path.insert(0, _Finder(STAND_INS - {f"rasa.core.channels.{name}" for name in channels}))
    return True


def leave_out_of_training(pipeline: Iterable[str]) -> bool:
    """Put the stand-ins of training in place; False, and nothing done, when one of those components, named as in
    config.yml, is built on TensorFlow."""
    if any(name.rpartition(".")[2] in _TENSORFLOW_CLASSES for name in pipeline):
        return False
    sys.meta_path.insert(0, _Finder(TRAINING_STAND_INS))
    return True


def leave_out_of_actions() -> None:
    """Put the stand-ins of the action server in place, before the actions are imported."""
    sys.meta_path.insert(0, _Finder(ACTIONS_STAND_INS))


def needs_tensorflow(model: Path) -> bool:
    """Whether a component of the trained model is built on TensorFlow. Raises OSError or tarfile.TarError."""
    with tarfile.open(model) as archive:
        for member in archive:
            if member.name.removeprefix("./") == "metadata.json":
                found = archive.extractfile(member)
                text = found.read().decode() if found else ""
                return any(name in text for name in _NEEDS_TENSORFLOW)
    return True


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for the names it is given and everything below them."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"{name} is left out of the serving process", name=name)
        if any(name == one or name.startswith(f"{one}.") for one in self._names):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


class _StandIn(ModuleType):
    """A module in which every name is a class that cannot be used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _unusable(f"{self.__name__}.{name}", name)


def _unusable(path: str, name: str) -> type:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise LeftOut(f"{path} is left out of the serving process; start it with MESOGUIDE_LEAN=off to use it")

    # As a channel it has a name nobody asks for, and credentials that refuse.
    named = classmethod(lambda cls: f"left out: {path}")
    return type(name, (), {"__new__": refuse, "name": named, "from_credentials": refuse, "__module__": path})
