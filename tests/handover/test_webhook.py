"""Bookings by webhook to a receiver that misbehaves: nothing is lost, nothing is booked twice, order is kept."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from bot.handover.adapters import check
from bot.handover.backoff import ATTEMPTS, PAUSES, pause_after
from bot.handover.webhook import WebhookTarget
from bot.handover.worker import Worker
from bot.store import deliveries
from bot.store.engine import Sessions, reading, unit_of_work
from tests.handover.clinic import SECRET, START, Clock, Desk, deliver, on_sqlite
from tests.handover.receivers import BookingSystem, Receiver

OTHER = "whsec_" + base64.b64encode(b"the secret that comes after it, newer").decode()


@pytest.fixture
def system(receiver: Receiver) -> BookingSystem:
    behind = BookingSystem()
    receiver.on_take = behind.take
    return behind


def target(receiver: Receiver, *secrets: str) -> WebhookTarget:
    return WebhookTarget(f"{receiver.url}/bookings", secrets or (SECRET,))


@pytest.mark.parametrize(
    "script",
    [
        ["ok"],
        [500, 503, 429, 404, 302],
        ["hang", "lost", "hang", "lost"],
        ["twice", "twice", "lost", 500, "twice"],
        [500] * (ATTEMPTS - 1),
    ],
    ids=["well", "fails", "hangs and drops", "answers twice", "all but the last attempt"],
)
async def test_every_change_arrives_once_and_in_order_whatever_the_receiver_does(  # noqa: PLR0913, PLR0917
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem, script: list[object]
) -> None:
    rows = [desk.ask("Kim"), desk.ask("Lee")]
    for row in rows:
        desk.set(row, "booked", "cancelled")
    receiver.script = script
    await deliver(sessions, clock, [target(receiver)])
    assert system.order == {row.reference: [0, 1, 2] for row in rows}
    assert len(system.events) == 6
    with reading(sessions) as session:
        assert deliveries.figures(session) == {"webhook": {"waiting": 0, "delivered": 6, "dead": 0}}


@on_sqlite
async def test_a_receiver_that_restarts_gets_what_it_missed(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    row = desk.ask()
    receiver.stop()
    worker = await deliver(sessions, clock, [target(receiver)], days=0.1)
    desk.set(row, "booked")
    assert system.events == {}
    receiver.start()
    await deliver(sessions, clock, [], worker=worker)
    assert system.order == {row.reference: [0, 1]}


async def test_of_two_workers_on_one_outbox_each_takes_what_the_other_has_not(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    import asyncio

    for number in range(12):
        desk.set(desk.ask(str(number)), "booked")
    workers = [Worker(sessions, [target(receiver)], clock) for _ in range(2)]
    await asyncio.gather(*(worker.drain() for worker in workers))
    await deliver(sessions, clock, [], worker=workers[0])
    assert receiver.asked == 24
    assert set(map(tuple, system.order.values())) == {(0, 1)}


async def test_a_worker_that_dies_after_sending_leaves_the_message_to_the_next_one(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    row = desk.ask()
    dying = Worker(sessions, [target(receiver)], clock)
    dying._note = lambda *arguments: None  # type: ignore[assignment,method-assign]
    await dying.drain()
    assert receiver.asked == 1
    await deliver(sessions, clock, [target(receiver)])
    assert receiver.asked == 2
    assert system.order == {row.reference: [0]}


@on_sqlite
async def test_after_ten_attempts_over_three_days_it_is_a_dead_letter_that_can_be_sent_again(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    desk.ask()
    receiver.script = [500] * 10
    before = clock.now
    await deliver(sessions, clock, [target(receiver)])
    assert receiver.asked == ATTEMPTS == 10
    assert timedelta(days=2.5) < clock.now - before < timedelta(days=4)
    with unit_of_work(sessions) as session:
        letter = deliveries.dead(session)[0]
        assert (letter.target, letter.kind, letter.attempts, letter.error) == (
            "webhook",
            "booking.created",
            10,
            "http 500",
        )
        assert deliveries.revive(session, letter.position, clock.now)
        session.commit()
    await deliver(sessions, clock, [target(receiver)])
    assert len(system.events) == 1


@on_sqlite
async def test_gone_switches_the_target_off_and_switching_it_on_sends_what_it_missed_in_order(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    row = desk.ask()
    receiver.script = [410]
    await deliver(sessions, clock, [target(receiver)])
    desk.set(row, "booked", "cancelled")
    await deliver(sessions, clock, [target(receiver)])
    assert receiver.asked == 1
    with unit_of_work(sessions) as session:
        assert deliveries.disabled(session) == {"webhook"}
        assert len(deliveries.dead(session)) == 3
        assert deliveries.enable(session, "webhook", clock.now) == 3
        session.commit()
    await deliver(sessions, clock, [target(receiver)])
    assert system.order == {row.reference: [0, 1, 2]}


@on_sqlite
async def test_what_waited_for_an_absent_receiver_leaves_as_soon_as_it_takes_something_again(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    rows = [desk.ask("Kim"), desk.ask("Lee"), desk.ask("Jo")]
    receiver.stop()
    worker = await deliver(sessions, clock, [target(receiver)], days=0.01)  # the third attempt is half an hour away
    with reading(sessions) as session:
        assert deliveries.failing(session) == {"webhook"}
    receiver.start()
    row = desk.ask("Max")
    await worker.drain()
    await worker.drain()
    assert set(system.order) == {one.reference for one in (*rows, row)}
    with reading(sessions) as session:
        assert deliveries.failing(session) == set()


@on_sqlite
async def test_a_change_that_a_receiver_refuses_is_not_hurried_by_others(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    desk.ask("Kim")
    receiver.script = [500]
    worker = Worker(sessions, [target(receiver)], clock)
    await worker.drain()
    desk.ask("Lee")
    await worker.drain()
    await worker.drain()
    assert receiver.asked == 2


@on_sqlite
async def test_one_target_that_fails_keeps_no_other_waiting(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, system: BookingSystem
) -> None:
    desk.ask()
    broken = WebhookTarget("http://127.0.0.1:9/nobody", (SECRET,))
    broken.name = "broken"
    await Worker(sessions, [broken, target(receiver)], clock).drain()
    assert len(system.events) == 1


@on_sqlite
async def test_a_signature_of_each_secret_is_sent_so_that_secrets_can_be_rotated(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    clock.now = datetime.now(timezone.utc)  # the receiver's library compares with the real time
    desk.ask()
    await Worker(sessions, [target(receiver, OTHER, SECRET)], clock).drain()
    ((_, headers, body),) = receiver.taken
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(body, headers)["type"] == "booking.created"
    assert headers["webhook-signature"].count("v1,") == 2


@on_sqlite
async def test_a_repeated_delivery_carries_the_same_id_and_a_new_timestamp(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    desk.ask()
    receiver.script = ["lost"]
    await deliver(sessions, clock, [target(receiver)])
    first, second = (headers for _, headers, _ in receiver.taken)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) > int(first["webhook-timestamp"])


@on_sqlite
async def test_a_target_that_asks_for_time_gets_it(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    desk.ask()
    receiver.script, receiver.headers = [429], {"retry-after": "3600"}
    before = clock.now
    await deliver(sessions, clock, [target(receiver)])
    assert clock.now - before == timedelta(hours=1)


@on_sqlite
async def test_without_targets_the_clinics_own_table_is_all_there_is_and_nothing_piles_up(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver
) -> None:
    desk.move(desk.ask(), START + timedelta(days=1))
    await deliver(sessions, clock, [])
    await deliver(sessions, clock, [target(receiver)])
    assert receiver.asked == 0


@given(attempt=st.integers(1, 9), id=st.uuids(), wish=st.none() | st.floats(0, 1e6))
def test_pauses_grow_are_spread_by_a_tenth_and_heed_a_wish_up_to_a_day(
    attempt: int, id: object, wish: float | None
) -> None:
    pause = pause_after(attempt, str(id), wish)
    assert pause is not None
    least = max(PAUSES[attempt - 1], min(wish or 0, 86400))
    assert least - 1e-3 <= pause.total_seconds() <= max(PAUSES[attempt - 1] * 1.1, least) + 1e-3
    assert pause_after(ATTEMPTS, str(id), wish) is None


def test_a_redirect_counts_as_not_taken() -> None:
    import httpx

    from bot.handover.adapters import NotTaken

    with pytest.raises(NotTaken, match="302"):
        check(httpx.Response(302, headers={"location": "http://elsewhere.example"}), datetime.now(timezone.utc))
