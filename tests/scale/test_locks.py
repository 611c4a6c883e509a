"""The line in Redis: one at a time, in the order they came, and the dead do not hold it up."""

from __future__ import annotations

import asyncio

import pytest
from rasa.core.lock_store import LockError, LockStore
from rasa.utils.endpoints import EndpointConfig

from bot.serving.locks import RedisLocks
from bot.serving.rasa_server import endpoints
from bot.settings import SettingError, Settings


def store(url: str, lease_seconds: float = 6.0) -> RedisLocks:
    """A store as another process would have it: with connections of its own."""
    return RedisLocks(EndpointConfig(url=url), lease_seconds)


async def test_messages_are_worked_on_one_at_a_time_in_the_order_they_came(redis_url: str) -> None:
    stores = [store(redis_url) for _ in range(4)]
    inside, order = 0, []

    async def work(number: int) -> None:
        nonlocal inside
        async with stores[number % 4].lock("a conversation"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.003)
            order.append(number)
            inside -= 1

    tasks = []
    for number in range(30):
        tasks.append(asyncio.create_task(work(number)))
        await asyncio.sleep(0.002)
    await asyncio.gather(*tasks)
    assert order == list(range(30))


async def test_conversations_do_not_wait_for_each_other(redis_url: str) -> None:
    locks = store(redis_url)
    async with locks.lock("one"), locks.lock("another"):
        pass


async def test_the_line_goes_on_when_a_process_dies_in_it(redis_url: str) -> None:
    dead, alive = store(redis_url, lease_seconds=0.3), store(redis_url)
    await dead._enter("line:{c}", "ticket:{c}:", "dead")
    async with alive.lock("c", lock_lifetime=5):
        pass


async def test_a_process_that_works_long_keeps_its_place(redis_url: str) -> None:
    slow, next_one = store(redis_url, lease_seconds=0.3), store(redis_url)
    done = []

    async def waits() -> None:
        async with next_one.lock("long"):
            done.append("next")

    async with slow.lock("long"):
        task = asyncio.create_task(waits())
        await asyncio.sleep(1.0)
        done.append("slow")
    await task
    assert done == ["slow", "next"]


async def test_an_error_inside_leaves_the_line_free(redis_url: str) -> None:
    locks = store(redis_url)
    with pytest.raises(ZeroDivisionError):
        async with locks.lock("c2"):
            raise ZeroDivisionError
    async with locks.lock("c2", lock_lifetime=1):
        pass


async def test_a_message_that_waits_too_long_is_given_up(redis_url: str) -> None:
    async with store(redis_url).lock("kept"):
        with pytest.raises(LockError):
            async with store(redis_url).lock("kept", lock_lifetime=0.2):
                pass


async def test_without_redis_messages_are_worked_on_in_order_inside_the_process() -> None:
    locks, order = store("redis://127.0.0.1:1/0"), []

    async def work(number: int) -> None:
        async with locks.lock("c"):
            order.append(f"{number} begins")
            await asyncio.sleep(0.01)
            order.append(f"{number} ends")

    await asyncio.gather(*(work(number) for number in range(3)))
    assert order == [f"{number} {what}" for number in range(3) for what in ("begins", "ends")]


def test_rasa_takes_the_line_from_the_settings(redis_url: str) -> None:
    found = endpoints(Settings(redis_url=redis_url))
    assert isinstance(LockStore.create(found.lock_store), RedisLocks)
    assert endpoints(Settings()).lock_store is None


@pytest.mark.parametrize(("value", "says"), [("0", "1 to 64"), ("65", "1 to 64"), ("many", "1 to 64")])
def test_a_number_of_processes_that_cannot_work_is_refused(value: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        Settings.from_env({"RASA_PROCESSES": value})
