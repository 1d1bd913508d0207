"""What every engine must do. An engine's test module subclasses `EngineConformance` and says how to open one.

Only what `kernel/store/api.py` promises is asked for here; how an engine fails or checkpoints is asked in its own tests.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.unit.kernel.store.conformance_concurrency import ConcurrencyConformance
from tests.unit.kernel.store.support import ROOT, Opener, Refused, contents, numbers, state, write

from atoll.kernel.keys import Key, Range, between, pack, under
from atoll.kernel.store.api import Store, Transaction, counter

EVERY_TYPE: list[Key] = [
    (),
    (None,),
    (None, 0),
    (b"",),
    (b"\x00",),
    (b"\x00\x00",),
    (b"\x00\xff",),
    (b"\xff",),
    ("",),
    ("\x00",),
    ("a",),
    ("a", None),
    ("a", b""),
    ("a", 1),
    ("a\x00",),
    ("aa",),
    ("\uffff",),
    ("\U00010000",),
    ((),),
    ((None,),),
    ((None, "x"),),
    (("a",), "b"),
    (("a", "b"),),
    (-(1 << 100),),
    (-(1 << 64),),
    (-256,),
    (-255,),
    (-1,),
    (0,),
    (1,),
    (255,),
    (256,),
    (1 << 64,),
    (1 << 100,),
    (float("-inf"),),
    (-1.5,),
    (0.0,),
    (1e-300,),
    (1.5,),
    (float("inf"),),
    (False,),
    (True,),
]
"""Keys in their order."""


class EngineConformance(ConcurrencyConformance):
    """The suite. `opener` is a fixture of the subclass."""

    @pytest.fixture
    async def store(self, opener: Opener) -> AsyncIterator[Store]:
        async with opener() as store:
            yield store

    # Reading

    async def test_every_type_of_key_is_kept_in_order(self, store: Store) -> None:
        for i, key in reversed(list(enumerate(EVERY_TYPE))):
            await write(store, {(*ROOT, *key): b"%d" % i})
        everything = Range(pack(ROOT), pack((*ROOT[:-1], "tesu")))
        rows = await store.read(lambda tx: list(tx.scan(everything)))
        assert rows == [((*ROOT, *key), b"%d" % i) for i, key in enumerate(EVERY_TYPE)]
        assert await store.read(lambda tx: list(tx.scan(everything, reverse=True))) == rows[::-1]
        for i, key in enumerate(EVERY_TYPE):
            assert await store.read(lambda tx, key=key: tx.get((*ROOT, *key))) == b"%d" % i

    async def test_ranges_limits_and_directions(self, store: Store) -> None:
        await write(store, {(*ROOT, n): b"%d" % n for n in range(100)})
        for start, end in [(0, 100), (10, 20), (20, 10), (99, 200), (200, 300), (-5, 3)]:
            inside = [n for n in range(100) if start <= n < end]
            span = between((*ROOT, start), (*ROOT, end))
            for limit in (None, 0, 1, 15, 16, 17, 1000):
                assert await numbers(store, span, limit=limit) == inside[:limit]
                assert await numbers(store, span, limit=limit, reverse=True) == inside[::-1][:limit]

    async def test_pages_follow_each_other(self, store: Store) -> None:
        await write(store, {(*ROOT, n): b"" for n in range(40)})
        for reverse in (False, True):
            span, seen = under(ROOT), []
            while page := await store.read(
                lambda tx, s=span, r=reverse: [k for k, _ in tx.scan(s, limit=7, reverse=r)]
            ):
                seen += page
                span = span.before(page[-1]) if reverse else span.past(page[-1])
            assert [key[-1] for key in seen] == sorted(range(40), reverse=reverse)

    async def test_a_scan_longer_than_any_fetch(self, store: Store) -> None:
        await write(store, {(*ROOT, n): b"x" * 50 for n in range(5000)})
        assert await numbers(store, under(ROOT)) == list(range(5000))
        assert await numbers(store, under(ROOT), limit=4321, reverse=True) == list(range(4999, 678, -1))

    async def test_values_are_any_bytes(self, store: Store) -> None:
        values = {(*ROOT, n): value for n, value in enumerate([b"", b"\x00", b"\xff" * 3, b"x" * 3_000_000])}
        await write(store, values)
        assert await contents(store) == values

    # Transactions

    async def test_the_result_comes_back(self, store: Store) -> None:
        assert await store.transact(lambda tx: tx.set((*ROOT, 1), b"a") or "done") == "done"
        assert await store.transact(lambda tx: tx.get((*ROOT, 1))) == b"a"
        assert await store.read(lambda tx: tx.get((*ROOT, 2))) is None

    async def test_a_throwing_function_leaves_nothing_and_its_batch_goes_on(self, store: Store) -> None:
        def good(tx: Transaction, n: int) -> int:
            tx.set((*ROOT, "good", n), b"%d" % n)
            tx.add((*ROOT, "count"), 1)
            return n

        def bad(tx: Transaction, n: int) -> None:
            tx.set((*ROOT, "bad", n), b"")
            tx.clear_range(under((*ROOT, "good")))
            tx.add((*ROOT, "count"), 100)
            tx.append((*ROOT, "log"), b"")
            raise Refused(n)

        calls = [store.transact(lambda tx, n=n: (bad if n % 3 else good)(tx, n)) for n in range(30)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [str(result) for result in results] == [str(n) for n in range(30)]
        assert [isinstance(result, Refused) for result in results] == [bool(n % 3) for n in range(30)]
        assert await contents(store) == {
            (*ROOT, "count"): b"10",
            **{(*ROOT, "good", n): b"%d" % n for n in range(0, 30, 3)},
        }

    @pytest.mark.parametrize("value", ["text", 5, None, bytearray(b"x"), memoryview(b"x")])
    async def test_a_value_that_is_not_bytes_is_its_callers_error(self, store: Store, value: Any) -> None:
        results = await asyncio.gather(
            store.transact(lambda tx: tx.set((*ROOT, 1), value)),
            store.transact(lambda tx: tx.append(ROOT, value)),
            store.transact(lambda tx: tx.set((*ROOT, 2), b"kept")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [TypeError, TypeError, type(None)]
        assert await contents(store) == {(*ROOT, 2): b"kept"}

    async def test_transactions_of_one_tick_see_each_other_in_order(self, store: Store) -> None:
        def push(tx: Transaction, n: int) -> bytes:
            value = (tx.get((*ROOT, "all")) or b"") + b"%d," % n
            tx.set((*ROOT, "all"), value)
            tx.set((*ROOT, "item", n), b"")
            assert len(list(tx.scan(under((*ROOT, "item"))))) == value.count(b",")
            return value

        results = await asyncio.gather(*(store.transact(lambda tx, n=n: push(tx, n)) for n in range(20)))
        assert results[-1] == b"".join(b"%d," % n for n in range(20))
        assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(results))

    async def test_a_transaction_reads_its_own_writes(self, store: Store) -> None:
        await write(store, {(*ROOT, n): b"old" for n in range(6)} | {(*ROOT, "count"): b"40"})

        def look(tx: Transaction) -> list[Any]:
            seen: list[Any] = []
            tx.set((*ROOT, 1), b"new")
            tx.set((*ROOT, 9), b"new")
            tx.delete((*ROOT, 2))
            seen += [tx.get((*ROOT, 1)), tx.get((*ROOT, 2)), state(tx)]
            tx.clear_range(between((*ROOT, 0), (*ROOT, 5)))
            tx.set((*ROOT, 3), b"after")
            tx.add((*ROOT, 4), 7)
            tx.add((*ROOT, "count"), 2)
            tx.add((*ROOT, "fresh"), -1)
            seen += [tx.get((*ROOT, key)) for key in (0, 3, 4, "count", "fresh")]
            return [*seen, state(tx), state(tx, reverse=True), state(tx, limit=3)]

        end = [("count", b"42"), ("fresh", b"-1"), (3, b"after"), (4, b"7"), (5, b"old"), (9, b"new")]
        before = [("count", b"40"), (0, b"old"), (1, b"new"), (3, b"old"), (4, b"old"), (5, b"old"), (9, b"new")]
        assert await store.transact(look) == [
            b"new",
            None,
            before,
            *(None, b"after", b"7", b"42", b"-1"),
            *(end, end[::-1], end[:3]),
        ]
        assert await store.read(state) == end

    async def test_a_scan_shows_its_range_as_it_was_when_it_began(self, store: Store) -> None:
        await write(store, {(*ROOT, n): b"" for n in range(40)})

        def sweep(tx: Transaction) -> list[int]:
            tx.set((*ROOT, 40), b"")
            seen = []
            for key, _ in tx.scan(under(ROOT)):
                seen.append(key[-1])
                tx.delete(key)
                tx.delete((*ROOT, 40))
                tx.set((*ROOT, 1000), b"")
                tx.clear_range(between((*ROOT, 30), (*ROOT, 39)))
            return seen

        assert await store.transact(sweep) == list(range(41))
        assert await store.read(state) == [(1000, b"")]

    async def test_counters(self, store: Store) -> None:
        def each(tx: Transaction, n: int) -> None:
            tx.add((*ROOT, "sum"), n)
            tx.add((*ROOT, "sum"), -1)
            tx.add((*ROOT, "large"), 1 << 62)

        await asyncio.gather(*(store.transact(lambda tx, n=n: each(tx, n)) for n in range(50)))
        await store.transact(lambda tx: (tx.set((*ROOT, "set"), b"5"), tx.add((*ROOT, "set"), 3)))
        await store.transact(lambda tx: (tx.delete((*ROOT, "sum")), tx.add((*ROOT, "sum"), 8)))
        totals = [await store.read(lambda tx, k=k: counter(tx.get((*ROOT, k)))) for k in ("sum", "large", "set", "no")]
        assert totals == [8, 50 << 62, 8, 0]

    async def test_adding_to_what_is_no_number_is_its_callers_error(self, store: Store) -> None:
        await write(store, {(*ROOT, "text"): b"abc"})

        def spoil(tx: Transaction) -> None:
            tx.set((*ROOT, "beside"), b"")
            tx.add((*ROOT, "text"), 1)

        results = await asyncio.gather(
            store.transact(spoil), store.transact(lambda tx: tx.set((*ROOT, "good"), b"")), return_exceptions=True
        )
        assert isinstance(results[0], ValueError)
        assert results[1] is None
        assert await store.read(state) == [("good", b""), ("text", b"abc")]

    async def test_appends_lie_in_commit_order(self, store: Store) -> None:
        log: Key = (*ROOT, "log")

        def push(tx: Transaction, writer: int, n: int) -> None:
            if n % 5 == 4:
                tx.append(log, b"never")
                raise Refused
            tx.append(log, b"%d:%d:first" % (writer, n))
            tx.append((*ROOT, "other"), b"")
            tx.append(log, b"%d:%d:second" % (writer, n))
            assert all(value != b"%d:%d:first" % (writer, n) for _, value in tx.scan(under(log), limit=5, reverse=True))

        acknowledged: list[bytes] = []

        async def run(writer: int) -> None:
            for n in range(20):
                try:
                    await store.transact(lambda tx, n=n: push(tx, writer, n))
                except Refused:
                    continue
                acknowledged.append(b"%d:%d:first" % (writer, n))

        await asyncio.gather(*(run(writer) for writer in range(8)))
        rows = await store.read(lambda tx: list(tx.scan(under(log))))
        values = [value for _, value in rows]
        assert [key[-1] for key, _ in rows] == sorted({key[-1] for key, _ in rows})
        assert [value for value in values if value.endswith(b"first")] == acknowledged
        for first, second in zip(values[::2], values[1::2], strict=True):
            assert second == first.replace(b"first", b"second")

    async def test_appends_go_on_after_a_restart(self, opener: Opener) -> None:
        for n in range(3):
            async with opener() as store:
                await store.transact(lambda tx, n=n: tx.append((*ROOT, "log"), b"%d" % n))
        async with opener() as store:
            await store.transact(lambda tx: tx.clear_range(under(ROOT)))
        async with opener() as store:
            before = await store.transact(lambda tx: list(tx.scan(under(ROOT))))
            await asyncio.gather(
                *(store.transact(lambda tx, n=n: tx.append((*ROOT, "log"), b"%d" % n)) for n in (3, 4))
            )
            rows = await store.read(lambda tx: list(tx.scan(under(ROOT))))
        assert before == []
        assert [value for _, value in rows] == [b"3", b"4"]
        assert int(str(rows[0][0][-1])) > 3  # also greater than what was there once
