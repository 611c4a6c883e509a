"""The Rasa process: `python -m bot.serving.rasa_server MODEL`. Loopback only, API behind RASA_TOKEN."""

from __future__ import annotations

import os
import sys

from bot.serving.quiet import make_quiet
from bot.settings import BOT, Settings


def main(model: str) -> None:
    """Serve one trained model until told to stop."""
    make_quiet()
    settings = Settings.from_env()
    import rasa.utils.log_utils
    from rasa.core.run import serve_application
    from rasa.core.utils import AvailableEndpoints

    rasa.utils.log_utils.configure_structlog()
    os.chdir(BOT)
    endpoints = AvailableEndpoints.read_endpoints(str(BOT / "endpoints.yml"))
    endpoints.action.url = settings.actions_url
    serve_application(
        model_path=model,
        interface="127.0.0.1",
        port=settings.rasa_port,
        credentials=str(BOT / "credentials.yml"),
        endpoints=endpoints,
        enable_api=bool(settings.rasa_token),
        auth_token=settings.rasa_token or None,
    )


if __name__ == "__main__":
    main(sys.argv[1])
