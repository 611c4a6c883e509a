"""The web process: `python -m bot.serving.web_server`. The only one that may listen beyond loopback."""

from __future__ import annotations

import uvicorn

from bot.clinic.content import ContentError
from bot.serving import garbage, tracing
from bot.serving.orphans import end_with_supervisor
from bot.serving.quiet import make_quiet
from bot.serving.secrets import settings_of_process
from bot.settings import SettingError


def main() -> None:
    """Serve the public app until told to stop."""
    make_quiet("web")
    end_with_supervisor()
    settings = settings_of_process()
    from bot.serving.content_live import NotApproved
    from bot.web.app import create_app

    try:
        app = tracing.of_web(create_app(settings))
    except (SettingError, ContentError, NotApproved) as error:
        raise SystemExit(str(error)) from None
    garbage.settle()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # the lines of bot/logs.py
        access_log=False,
        timeout_graceful_shutdown=2,
        ws="none",  # no web sockets here; the release Rasa pins is older than uvicorn expects
    )


if __name__ == "__main__":
    main()
