"""The front desk's web app, mounted under /desk by the public app.

`create_router(settings, sessions)` gives the pages, `lifespan(router)` runs what works beside them: the live feed,
the tracker's notes, the grouping of questions, alerts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.desk.build import create_router as create_router
    from bot.desk.tasks import lifespan as lifespan

_WHERE = {"create_router": "bot.desk.build", "lifespan": "bot.desk.tasks"}


def __getattr__(name: str) -> Any:
    """Load FastAPI and the pages only when somebody asks for them."""
    if name not in _WHERE:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
