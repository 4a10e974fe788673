import asyncio
import threading
from datetime import UTC, datetime, timedelta

from core.clock import ManualClock, SystemClock
from tests.support.machine import Machine

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock(START)
    assert (clock.now(), clock.monotonic()) == (START, 0)
    clock.advance(timedelta(minutes=15))
    assert (clock.now(), clock.monotonic()) == (START + timedelta(minutes=15), 900)


async def test_sleepers_wake_in_order_and_only_when_due() -> None:
    clock = ManualClock(START)
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(timedelta(seconds=seconds))
        woken.append(seconds)

    tasks = [asyncio.ensure_future(sleeper(s)) for s in (30, 10, 20)]
    while len(clock._sleepers) < 3:
        await _turn()
    clock.advance(timedelta(seconds=9))
    await _turn()
    assert woken == []
    clock.advance(timedelta(seconds=11))
    await _turn()
    assert woken == [10, 20]
    clock.advance(timedelta(seconds=10))
    await asyncio.gather(*tasks)
    assert woken == [10, 20, 30]


async def test_a_cancelled_sleeper_disturbs_nobody() -> None:
    clock = ManualClock(START)
    task = asyncio.ensure_future(clock.sleep(timedelta(seconds=1)))
    while not clock._sleepers:
        await _turn()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    clock.advance(timedelta(seconds=2))
    assert task.cancelled()


async def test_no_time_to_sleep_returns_at_once() -> None:
    await asyncio.wait_for(ManualClock(START).sleep(timedelta(0)), timeout=5)


def test_waiting_on_a_manual_clock_advances_it() -> None:
    clock, event = ManualClock(START), threading.Event()
    assert not clock.wait(event, timedelta(seconds=5))
    assert clock.monotonic() == 5
    event.set()
    assert clock.wait(event, timedelta(seconds=5))
    assert clock.monotonic() == 5


def test_the_system_clock_is_aware_never_falls_and_knows_no_step() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.tzinfo is UTC
    assert first <= second
    assert abs(clock.step()) < timedelta(seconds=2)


def test_a_step_of_the_machine_moves_now_only_once_it_is_accepted() -> None:
    machine = Machine(START)
    clock = SystemClock(machine.wall, machine.ticks, machine.boot)
    for hours in (1, -1):
        before = clock.now()
        machine.step(timedelta(hours=hours))
        assert (clock.now(), clock.step()) == (before, timedelta(hours=hours))
        machine.run(timedelta(seconds=5))
        assert clock.now() == before + timedelta(seconds=5)
        clock.reanchor()
        assert clock.now() == before + timedelta(hours=hours, seconds=5)
        assert clock.step() == timedelta(0)


def test_clocks_of_one_boot_may_count_from_the_same_anchor() -> None:
    machine = Machine(START)
    first = SystemClock(machine.wall, machine.ticks, machine.boot)
    machine.step(timedelta(hours=1))
    second = SystemClock(machine.wall, machine.ticks, machine.boot)
    assert second.adopt(first.anchor)
    assert second.now() == first.now() == START
    machine.restart()
    third = SystemClock(machine.wall, machine.ticks, machine.boot)
    assert not third.adopt(first.anchor)
    assert third.now() == machine.wall()


def test_the_system_clock_tells_whether_the_event_was_set() -> None:
    clock, event = SystemClock(), threading.Event()
    assert not clock.wait(event, timedelta(milliseconds=1))
    event.set()
    assert clock.wait(event, timedelta(seconds=60))


async def _turn() -> None:
    """Let every task that can run do so."""
    for _ in range(5):
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turn.set_result, None)
        await turn
