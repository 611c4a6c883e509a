"""`rasa train`, without the ten seconds of importing TensorFlow where the pipeline does not use it.

Run by training.py as a process of its own, with the arguments of `rasa train`.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.serving.left_out import leave_out_of_training


def _fingerprint(message: Any) -> str:
    """What Rasa compares messages by. Its own is of their JSON, and of their features, anew at each of its many merges
    of the examples: a tenth of a training. The cache between trainings, which needs it too, is not used (`--force`)."""
    if message._cached_fingerprint is None:
        said = repr(sorted(message.data.items(), key=lambda item: str(item[0])))
        message._cached_fingerprint = hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()
    return str(message._cached_fingerprint)


def main(arguments: list[str]) -> None:
    """Train by Rasa's own command, in the current folder."""
    config = YAML(typ="safe").load(Path("config.yml"))
    leave_out_of_training(one["name"] for part in ("pipeline", "policies") for one in config.get(part) or ())
    from rasa.__main__ import main as rasa
    from rasa.shared.nlu.training_data.message import Message

    Message.fingerprint = _fingerprint
    sys.argv = ["rasa", "train", *arguments]
    rasa()


if __name__ == "__main__":
    main(sys.argv[1:])
