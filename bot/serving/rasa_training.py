"""`rasa train`, without the ten seconds of importing TensorFlow where the pipeline does not use it.

Run by training.py as a process of its own, with the arguments of `rasa train`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ruamel.yaml import YAML

from bot.serving.left_out import leave_out_of_training


def main(arguments: list[str]) -> None:
    """Train by Rasa's own command, in the current folder."""
    config = YAML(typ="safe").load(Path("config.yml"))
    leave_out_of_training(one["name"] for part in ("pipeline", "policies") for one in config.get(part) or ())
    from rasa.__main__ import main as rasa

    sys.argv = ["rasa", "train", *arguments]
    rasa()


if __name__ == "__main__":
    main(sys.argv[1:])
