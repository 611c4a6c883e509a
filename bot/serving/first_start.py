"""What an installation needs once before its processes start: tables, and in a demo somebody who may open the desk."""

from __future__ import annotations

from datetime import datetime

from bot.settings import Settings
from bot.store import staff
from bot.store.engine import unit_of_work
from bot.store.opening import open_store

DEMO_ADMIN = "desk@example.org"


def prepare(settings: Settings, now: datetime) -> bool:
    """Bring the database up to date; True when the demo's desk account is DEMO_ADMIN with MESOGUIDE_DESK_PASSWORD."""
    sessions = open_store(settings)
    if settings.production:
        return False
    with unit_of_work(sessions) as session:
        if not staff.anybody(session):
            staff.create_admin(session, DEMO_ADMIN, "Demo Desk", settings.desk_password, now)
            session.commit()
        return staff.find(session, DEMO_ADMIN) is not None
