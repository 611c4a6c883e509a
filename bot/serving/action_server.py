"""The action server process: `python -m bot.serving.action_server`. Loopback only."""

from __future__ import annotations

from bot.serving.quiet import make_quiet
from bot.settings import Settings


def main() -> None:
    """Serve the custom actions until told to stop."""
    make_quiet()
    settings = Settings.from_env()
    from rasa_sdk.endpoint import create_app

    app = create_app("bot.actions", cors_origins="")
    app.run("127.0.0.1", settings.actions_port, workers=1, access_log=False)


if __name__ == "__main__":
    main()
