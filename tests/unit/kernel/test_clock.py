"""The clock: region time moves forward only, and what waits for it happens in order."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from atoll.kernel.clock import Clock, ClockStuck
from atoll.kernel.region import open_kernel

HOUR = 3600.0


async def test_advance_fires_in_order_of_time(tmp_path: Path) -> None:
    clock, fired = Clock(), []
    start = clock.now()

    async def slow() -> None:
        await asyncio.sleep(0)
        fired.append("b")
        clock.call_at(clock.now() + 5, lambda: fired.append("b+5"), "nested")

    clock.call_at(start + 30, lambda: fired.append("c"), "c")
    clock.call_at(start + 20, slow, "b")
    clock.call_at(start + 10, lambda: fired.append("a"), "a")
    clock.call_at(start + 10, lambda: fired.append("a, second"), "a2")
    clock.call_at(start + HOUR, lambda: fired.append("too far"), "far")
    clock.call_at(start + 15, lambda: fired.append("cancelled"), "no").cancel()
    await clock.advance(60)
    assert fired == ["a", "a, second", "b", "b+5", "c"]
    assert 60 <= clock.now() - start < 65
    clock.close()


async def test_callbacks_and_sleepers_see_the_instant_they_waited_for() -> None:
    clock = Clock()
    start, woken = clock.now(), []

    async def tick() -> None:
        for _ in range(24):
            await clock.sleep(HOUR)
            woken.append(round((clock.now() - start) / HOUR, 3))

    ticking = asyncio.ensure_future(tick())
    await asyncio.sleep(0)
    await clock.advance(24 * HOUR + 1)
    assert woken == list(range(1, 25))
    await ticking
    clock.close()


async def test_what_is_left_after_an_advance_fires_when_due() -> None:
    clock, fired = Clock(), asyncio.Event()
    clock.call_at(clock.now() + 100.02, fired.set, "soon after")
    await clock.advance(100)
    assert not fired.is_set()
    await asyncio.wait_for(fired.wait(), 60)  # in 20 ms, not in 100 s
    clock.close()


async def test_a_callback_that_raises_does_not_stop_the_others() -> None:
    clock, fired = Clock(), asyncio.Event()
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context["exception"]))
    clock.call_at(clock.now(), lambda: 1 // 0, "bad")  # type: ignore[arg-type, return-value]
    clock.call_at(clock.now(), fired.set, "good")
    await asyncio.wait_for(fired.wait(), 60)
    assert [type(error) for error in errors] == [ZeroDivisionError]
    clock.close()


async def test_a_loop_at_one_instant_is_named() -> None:
    clock = Clock()

    def again() -> None:
        clock.call_at(clock.now(), again, "the culprit")

    again()
    with pytest.raises(ClockStuck, match="the culprit"):
        await clock.advance(60)
    clock.close()


async def test_many_timers_at_one_instant_are_no_loop() -> None:
    clock, fired = Clock(), []
    when = clock.now() + 10
    for n in range(3000):
        clock.call_at(when, lambda n=n: fired.append(n), "one of many")
    await clock.advance(20)
    assert fired == list(range(3000))
    clock.close()


async def test_time_never_goes_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with pytest.raises(ValueError):
        await clock.advance(-1)
    readings = [clock.now()]
    real = time.time
    for shift in (-2.0, -HOUR, -24 * HOUR, HOUR):
        monkeypatch.setattr(time, "time", lambda shift=shift: real() + shift)
        readings += [clock.now(), clock.now()]
    assert readings == sorted(readings)


async def test_time_goes_on_after_the_wall_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    clock.now()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - HOUR)
    await asyncio.wait_for(clock.sleep(0.02), 60)
    clock.close()


@pytest.mark.parametrize("shift", [0.0, -HOUR])
async def test_a_restart_begins_after_everything_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: float
) -> None:
    real = time.time
    latest, ahead = 0.0, 0.0
    for restart in range(3):
        monkeypatch.setattr(time, "time", lambda restart=restart: real() + shift * restart)
        kernel = await open_kernel(tmp_path / "data", "process")
        assert kernel.clock.now() > latest
        await kernel.advance(HOUR)
        ahead += HOUR
        assert kernel.clock.now() - real() >= ahead - 1
        await kernel.store.transact(lambda tx: tx.set(("000000000000", "", "x"), b""))
        latest = kernel.clock.now()
        await asyncio.wait_for(kernel.clock.sleep(0.01), 60)
        await kernel.close()


async def test_a_timer_that_fires_is_spent() -> None:
    """Whoever set it sees that it does not stand any more, though another thing is due at the same instant."""
    clock = Clock()
    spent = asyncio.get_running_loop().create_future()
    timer = clock.call_at(clock.now(), lambda: spent.set_result(timer.callback is None), "now")
    assert await asyncio.wait_for(spent, 60)
    clock.close()


async def test_what_comes_due_while_a_move_takes_its_time_is_done_as_well() -> None:
    clock, fired = Clock(), []
    slow = [0.3]

    async def settle() -> str | None:
        await asyncio.sleep(slow.pop() if slow else 0)
        return None

    clock.settle_with(settle)
    due = clock.now() + 0.2
    clock.call_at(due, lambda: fired.append("due"), "due")
    await clock.advance(0.1)
    assert clock.now() > due
    assert fired == ["due"]
    clock.close()
