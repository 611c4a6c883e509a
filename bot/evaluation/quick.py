"""`python -m bot.evaluation.quick MODEL HELDOUT`: the two figures a model must hold to go live, as one line of JSON.

Signs of danger and intents only; `mesoguide evaluate` measures everything.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path

from bot.evaluation import heldout, measures
from bot.evaluation.runner import parser_of
from bot.serving.quiet import make_quiet


def main(model: Path, folder: Path) -> None:
    """Measure and print."""
    make_quiet()
    held = heldout.load(folder)
    parse = lru_cache(maxsize=None)(parser_of(model))
    found = measures.danger(parse, held.danger, held.near_misses).figures
    found |= measures.intents(parse, held.intents)[0].figures
    print(json.dumps({name: found[name] for name in ("danger_caught", "intents_accuracy")}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
