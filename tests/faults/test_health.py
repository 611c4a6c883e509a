"""/healthz calls a part down that only half works; /readyz goes on without Redis."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from pathlib import Path

import aiohttp
import pytest

from bot.settings import Settings
from bot.web import health
from bot.web.health import Health
from tests.channels.website_server import free_port, sessions_at

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)


async def parts_of(health: Health) -> dict[str, str]:
    async with aiohttp.ClientSession() as client:
        return (await health.report(client, NOW))["parts"]


def installation(folder: Path, **more: object) -> Health:
    settings = Settings(rasa_port=free_port(), actions_port=free_port(), **more)  # type: ignore[arg-type]
    return Health(settings, sessions_at(folder / "test.db"))


async def test_a_database_that_reads_and_takes_no_change_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PART_SECONDS", 0.5)
    monkeypatch.setattr("bot.store.engine.BUSY_SECONDS", 0.1)
    one = installation(tmp_path)
    assert (await parts_of(one))["database"] == "ok"
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert (await parts_of(one))["database"] == "down"
    other.execute("ROLLBACK")
    assert (await parts_of(one))["database"] == "ok"


async def test_each_rasa_process_and_redis_are_parts_of_their_own(tmp_path: Path) -> None:
    one = installation(tmp_path, rasa_processes=2, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    down = {"rasa": "down", "rasa 2": "down", "actions": "down", "redis": "down"}
    assert await parts_of(one) == down | {"database": "ok"}
    assert set(one.seconds) == set(await parts_of(one))


@pytest.mark.parametrize("apart", [True, False])
async def test_the_actions_are_a_part_wherever_they_run(tmp_path: Path, apart: bool) -> None:
    one = installation(tmp_path, actions_apart=apart)
    assert await parts_of(one) == {"rasa": "down", "actions": "down", "database": "ok"}
