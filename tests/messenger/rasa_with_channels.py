"""Rasa as the installation serves it, but with a test's credentials: `python rasa_with_channels.py MODEL FILE`."""

from __future__ import annotations

import sys
from typing import Any


def main(model: str, credentials: str) -> None:
    """Serve until told to stop."""
    import rasa.core.run

    serve = rasa.core.run.serve_application

    def with_ours(**options: Any) -> None:
        serve(**{**options, "credentials": credentials})

    rasa.core.run.serve_application = with_ours
    from bot.serving import rasa_server

    rasa_server.main(model)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
