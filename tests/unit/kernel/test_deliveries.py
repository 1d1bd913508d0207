"""Deliveries: stored in the commit that promises them, run at least once, by region time, lines by turns."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel import deliveries
from atoll.kernel.clock import ClockStuck
from atoll.kernel.deliveries import Again, Delivery, Outcome, Owner, Policy
from atoll.kernel.keys import under
from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.reset import Reset
from atoll.kernel.tracing import Span

HOUR = 3600.0
ACCOUNT, OTHER = "1" * 12, "2" * 12
_numbers = itertools.count()


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[Kernel]:
    kernel = await open_kernel(tmp_path / "data", "process")
    yield kernel
    await kernel.close()


def run(kernel: Kernel, width: int = 64, **policies: Any) -> None:
    kernel.deliveries.run({f"test.{kind}": Policy(run, width) for kind, run in policies.items()}, context)


def context(delivery: Delivery) -> Any:
    return SimpleNamespace(span=Span("delivery", delivery.id))


def owner(name: str = "a", kind: str = "send", account: str = ACCOUNT) -> Owner:
    return Owner(account, "eu-west-1", f"test.{kind}", name)


async def send(kernel: Kernel, to: Owner, *payloads: str, after: float = 0.0) -> None:
    now = kernel.clock.now()
    promised = [
        Delivery(f"{next(_numbers):06d}", to, payload.encode(), enqueued=now, due=now + after) for payload in payloads
    ]

    def enqueue(tx: Any) -> None:
        for delivery in promised:
            deliveries.enqueue(tx, delivery)

    await kernel.store.transact(enqueue)


async def left(kernel: Kernel) -> int:
    """How many records of deliveries the store holds."""
    payloads = under((ACCOUNT, "eu-west-1", "deliveries"))
    return await kernel.store.read(lambda tx: sum(1 for s in (under(deliveries.PREFIX), payloads) for _ in tx.scan(s)))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def all_done(kernel: Kernel) -> None:
    async with asyncio.timeout(10):
        while await left(kernel):
            await asyncio.sleep(0.002)


async def test_what_is_promised_before_and_after_the_start_arrives_and_leaves_nothing(kernel: Kernel) -> None:
    seen: list[tuple[str, bytes]] = []

    async def take(_ctx: Any, delivery: Delivery) -> None:
        seen.append((delivery.owner.name, delivery.payload))

    await send(kernel, owner("a"), "1", "2")
    run(kernel, send=take)
    await send(kernel, owner("b"), "3")
    await all_done(kernel)
    assert sorted(seen) == [("a", b"1"), ("a", b"2"), ("b", b"3")]
    await until(lambda: not kernel.deliveries._lines)


async def test_a_transaction_that_fails_promises_nothing(kernel: Kernel) -> None:
    delivery = Delivery("x", owner(), b"", 0.0, 0.0)

    def broken(tx: Any) -> None:
        deliveries.enqueue(tx, delivery)
        raise ValueError

    with pytest.raises(ValueError):
        await kernel.store.transact(broken)
    assert await left(kernel) == 0


async def test_retries_happen_at_their_own_instants_and_the_clock_waits_for_them(kernel: Kernel) -> None:
    at: list[tuple[float, int, dict[str, Any]]] = []

    async def failing(_ctx: Any, delivery: Delivery) -> Outcome:
        await asyncio.sleep(0.005)
        at.append((kernel.clock.now(), delivery.attempts, delivery.state))
        return Again(60.0 * len(at), {"tries": len(at)}) if len(at) < 4 else None

    run(kernel, send=failing)
    await send(kernel, owner(), "x")
    await kernel.advance(0)
    assert len(at) == 1
    assert [name for _, name in kernel.clock.due(5)] == ["delivery test.send a"]
    await kernel.advance(59)
    assert len(at) == 1
    await kernel.advance(HOUR)
    assert await left(kernel) == 0
    assert [round(later[0] - earlier[0]) for earlier, later in itertools.pairwise(at)] == [60, 120, 180]
    assert [(attempts, state) for _, attempts, state in at] == [
        (0, {}), (1, {"tries": 1}), (2, {"tries": 2}), (3, {"tries": 3}),
    ]  # fmt: skip


async def test_what_follows_is_stored_with_the_outcome_and_waited_for(kernel: Kernel) -> None:
    seen: list[bytes] = []

    async def first(_ctx: Any, delivery: Delivery) -> Outcome:
        following = Delivery(delivery.id, owner(kind="last"), b"2", kernel.clock.now(), kernel.clock.now() + 5)
        return lambda tx: deliveries.enqueue(tx, following)

    async def last(_ctx: Any, delivery: Delivery) -> None:
        seen.append(delivery.payload)

    run(kernel, send=first, last=last)
    await send(kernel, owner(), "1")
    await kernel.advance(4)
    assert seen == []
    await kernel.advance(2)
    assert seen == [b"2"]
    assert await left(kernel) == 0


async def test_what_raises_is_logged_and_tried_again(kernel: Kernel, caplog: pytest.LogCaptureFixture) -> None:
    tries = 0

    async def flaky(_ctx: Any, _delivery: Delivery) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise RuntimeError("not yet")

    run(kernel, send=flaky)
    await send(kernel, owner(), "x")
    await kernel.advance(6.5)
    assert tries == 3
    await kernel.advance(1)
    assert tries == 4
    assert "a delivery (test.send a) failed; it is tried again" in caplog.text


async def test_an_attempt_that_was_interrupted_is_made_again_at_once(tmp_path: Path) -> None:
    seen: list[int] = []
    hanging = asyncio.Event()

    async def hang(_ctx: Any, delivery: Delivery) -> Outcome:
        seen.append(delivery.attempts)
        if len(seen) == 1:
            return Again(0)
        if len(seen) == 2:
            hanging.set()
            await asyncio.Event().wait()
        return None

    for _ in range(2):
        kernel = await open_kernel(tmp_path / "data", "process")
        if not seen:
            await send(kernel, owner(), "x")
            run(kernel, send=hang)
            await asyncio.wait_for(hanging.wait(), 60)
        else:
            run(kernel, send=hang)
            await all_done(kernel)
        await kernel.close()
    assert seen == [0, 1, 1]


async def test_lines_that_hang_do_not_hold_up_others(kernel: Kernel) -> None:
    seen: set[str] = set()
    hanging = 0

    async def take(_ctx: Any, delivery: Delivery) -> None:
        nonlocal hanging
        if delivery.owner.name.startswith("hang"):
            hanging += 1
            await asyncio.Event().wait()
        seen.add(delivery.owner.name)

    for n in range(12):  # more than may run at once
        await send(kernel, owner(f"hang{n}"), *["x"] * 80)
    run(kernel, send=take)
    await until(lambda: hanging >= 512)
    for n in range(20):
        await send(kernel, owner(f"quick{n}"), "x")
    await until(lambda: len(seen) == 20)


async def test_quick_ones_run_few_at_once_and_slow_ones_more_by_and_by(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.kernel.dispatcher.RAMP", 1000.0)  # on a busy machine the quick ones are slow, too
    most = running = 0

    async def take(_ctx: Any, delivery: Delivery) -> None:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await (asyncio.sleep(0) if delivery.owner.name == "quick" else asyncio.Event().wait())
        running -= 1

    run(kernel, width=20, send=take)
    await send(kernel, owner("quick"), *["x"] * 500)
    await all_done(kernel)
    assert most <= 8
    monkeypatch.setattr("atoll.kernel.dispatcher.RAMP", 0.02)
    await send(kernel, owner("slow"), *["x"] * 50)
    await until(lambda: running == 20)
    await asyncio.sleep(0.1)
    assert most == 20


async def test_what_is_held_up_by_its_own_line_waits_for_a_place_in_it(kernel: Kernel) -> None:
    """As many as a limit allows run; what the limit refused is not even delayed."""
    busy, done, refused = 0, 0, 0

    async def one_at_a_time(_ctx: Any, _delivery: Delivery) -> Outcome:
        nonlocal busy, done, refused
        if busy:
            refused += 1
            return Again(1000, hold=True)
        busy += 1
        await asyncio.sleep(0.001)
        busy -= 1
        done += 1
        return None

    run(kernel, send=one_at_a_time)
    await send(kernel, owner(), *["x"] * 200)
    await until(lambda: done == 200)
    await all_done(kernel)
    assert refused < 7 + 200 / 4 + 1


async def test_what_others_hold_up_is_tried_ever_later_and_the_line_with_it(kernel: Kernel) -> None:
    at: list[float] = []
    began = kernel.clock.now()

    async def throttled(_ctx: Any, delivery: Delivery) -> Outcome:
        if delivery.owner.name == "free":
            return None
        at.append(round(kernel.clock.now() - began))
        return Again(2.0**delivery.holds, hold=True) if kernel.clock.now() < began + 20 else None

    run(kernel, send=throttled)
    await send(kernel, owner(), *["x"] * 50)
    await kernel.advance(0)
    await send(kernel, owner("free"), "x")
    await kernel.advance(40)
    assert await left(kernel) == 0
    assert list(dict.fromkeys(at)) == [0, 1, 3, 7, 15, 31]
    assert len([one for one in at if one in (1, 3, 7, 15)]) == 4


async def test_a_line_can_be_taken_back(kernel: Kernel) -> None:
    seen: list[str] = []
    going = asyncio.Event()

    async def take(_ctx: Any, delivery: Delivery) -> Outcome:
        seen.append(delivery.owner.name)
        await going.wait()
        following = Delivery("f", owner("nobody"), b"", 0.0, 0.0)
        return Again(0) if delivery.owner.name == "again" else lambda tx: deliveries.enqueue(tx, following)

    run(kernel, width=1, send=take)
    for name in ("a", "again", "ab"):
        await send(kernel, owner(name), "1", "2")
    await until(lambda: len(seen) == 3)
    for name in ("a", "again"):
        await kernel.store.transact(lambda tx, name=name: deliveries.cancel(tx, owner(name)))
    await kernel.store.transact(lambda tx: deliveries.cancel(tx, owner("ab")))
    going.set()
    await all_done(kernel)
    assert sorted(seen) == ["a", "ab", "again"]


async def test_a_reset_takes_an_accounts_deliveries_and_no_others(kernel: Kernel) -> None:
    await send(kernel, owner(), "1", "2")
    await send(kernel, owner(account=OTHER), "3")
    await kernel.store.transact(lambda tx: Reset.of([]).account(tx, ACCOUNT))
    assert await left(kernel) == 2  # the entry and the note of the other; its payload lies in its account
    await kernel.store.transact(lambda tx: Reset.of([]).region(tx))
    assert await left(kernel) == 0


async def test_many_at_one_instant_are_no_loop_but_a_loop_is(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.kernel.clock.MAX_ROUNDS", 20)
    done = 0

    async def take(_ctx: Any, delivery: Delivery) -> Outcome:
        nonlocal done
        done += 1
        return Again(0) if delivery.owner.name == "again" else None

    run(kernel, send=take)
    await send(kernel, owner(), *["x"] * 1500, after=10)
    await kernel.advance(11)
    assert done == 1500
    await send(kernel, owner("again"), "x")
    with pytest.raises(ClockStuck, match=r"delivery test\.send again began 20 times at one instant"):
        await kernel.advance(HOUR)


@settings(max_examples=40, deadline=None)
@given(
    plans=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.lists(st.integers(0, 40), max_size=4)), max_size=12
    ),
    steps=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    restarts=st.sets(st.integers(0, 5)),
)
def test_each_attempt_is_made_once_at_its_instant(
    tmp_path_factory: pytest.TempPathFactory,
    plans: list[tuple[str, int, list[int]]],
    steps: list[int],
    restarts: set[int],
) -> None:
    """Against a model: a delivery is due, and due again after each of its delays. The clock moves in steps, the process now and then
    ends between them."""
    asyncio.run(_follow(tmp_path_factory.mktemp("data"), plans, steps, restarts))


async def _follow(path: Path, plans: list[tuple[str, int, list[int]]], steps: list[int], restarts: set[int]) -> None:
    kernel = await open_kernel(path, "process")
    start = kernel.clock.now() + 10
    made: list[tuple[int, int]] = []

    async def attempt(_ctx: Any, delivery: Delivery) -> Outcome:
        number = int(delivery.payload)
        made.append((round(kernel.clock.now() - start), number))
        delays = plans[number][2]
        return Again(float(delays[delivery.attempts])) if delivery.attempts < len(delays) else None

    for number, (name, due, _) in enumerate(plans):
        delivery = Delivery(f"d{number}", owner(name), b"%d" % number, start, start + due)
        await kernel.store.transact(lambda tx, delivery=delivery: deliveries.enqueue(tx, delivery))
    run(kernel, send=attempt)
    until_ = 0
    for n, step in enumerate(steps):
        if n in restarts:
            await kernel.close()
            kernel = await open_kernel(path, "process")
            run(kernel, send=attempt)
        until_ += step
        await kernel.advance(max(start + until_ + 0.4 - kernel.clock.now(), 0))
    late = round(kernel.clock.now() - start)
    expected = [
        (moment, number)
        for number, (_, due, delays) in enumerate(plans)
        for moment in itertools.accumulate(delays, initial=due)
        if moment <= until_
    ]
    await kernel.close()
    assert late >= until_
    slack = 2 * (len(restarts) + 1)
    assert [n for _, n in sorted(made, key=lambda one: one[1])] == [
        n for _, n in sorted(expected, key=lambda one: one[1])
    ]
    for number in range(len(plans)):
        pairs = zip((m for m, n in made if n == number), (m for m, n in expected if n == number), strict=True)
        assert all(0 <= at - due <= slack for at, due in pairs)
