"""What every engine must do for many at once: isolation, durability, cancellation, watches. A part of `EngineConformance`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.kernel.store.support import ROOT, Opener, Refused, contents, write

from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.keys import under
from atoll.kernel.store.api import Reader, Store, Transaction


class ConcurrencyConformance:
    """Needs the fixtures `opener` and `store` of `EngineConformance`."""

    # Isolation and durability

    async def test_readers_see_whole_commits_only(self, store: Store) -> None:
        done = False

        def move(tx: Transaction, n: int) -> None:
            tx.clear_range(under((*ROOT, "part")))
            for part in range(30):
                tx.set((*ROOT, "part", part), b"%d" % n)
            tx.set((*ROOT, "latest"), b"%d" % n)

        async def run() -> None:
            nonlocal done
            for n in range(1, 60):
                await asyncio.gather(
                    store.transact(lambda tx, n=n: move(tx, n)), store.transact(lambda tx: tx.get(ROOT))
                )
                assert int(await store.read(lambda tx: tx.get((*ROOT, "latest"))) or b"0") >= n
            done = True

        def look(tx: Reader) -> tuple[list[bytes], bytes | None, list[bytes]]:
            once = [value for _, value in tx.scan(under((*ROOT, "part")))]
            latest = tx.get((*ROOT, "latest"))
            return once, latest, [value for _, value in tx.scan(under((*ROOT, "part")), reverse=True)]

        async def watch() -> None:
            known = 0
            while not done:
                once, latest, again = await store.read(look)
                assert once == again == ([latest] * 30 if latest else [])
                assert int(latest or b"0") >= known
                known = int(latest or b"0")
                await asyncio.sleep(0)

        await asyncio.gather(run(), watch(), watch())

    async def test_everything_is_there_after_reopening(self, opener: Opener) -> None:
        values = {(*ROOT, "k", n): b"%d" % n for n in range(300)}
        async with opener() as store:
            await write(store, values)
            forgotten = asyncio.ensure_future(store.transact(lambda tx: tx.set((*ROOT, "last"), b"")))
            await asyncio.sleep(0)
        async with opener() as store:
            assert await contents(store) == {**values, (*ROOT, "last"): b""}
        await forgotten

    async def test_a_cancelled_caller_leaves_all_or_nothing_and_the_rest_goes_on(self, store: Store) -> None:
        def pair(tx: Transaction, n: int) -> None:
            tx.set((*ROOT, n, "a"), b"")
            tx.set((*ROOT, n, "b"), b"")

        for ticks in range(6):
            calls = [asyncio.ensure_future(store.transact(lambda tx, n=n: pair(tx, n))) for n in range(10)]
            for _ in range(ticks):
                await asyncio.sleep(0)
            for call in calls[::2]:
                call.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            present = {key[-2:] for key in await contents(store)}
            for n, result in enumerate(results):
                assert ((n, "a") in present) == ((n, "b") in present)
                assert (n, "a") in present or isinstance(result, asyncio.CancelledError)
            await store.transact(lambda tx: tx.clear_range(under(ROOT)))

    async def test_a_closed_store_refuses(self, opener: Opener) -> None:
        async with opener() as store:
            await write(store, {(*ROOT, 1): b""})
        with pytest.raises(StoreUnavailable):
            await store.transact(lambda tx: None)
        with pytest.raises(StoreUnavailable):
            await store.read(lambda tx: None)

    # Watches

    async def test_a_watch_wakes_after_the_commit_it_tells_of(self, store: Store) -> None:
        watch = store.watch((*ROOT, "queue"))
        changes: list[tuple[Callable[[Transaction], None], Any]] = [
            (lambda tx: tx.set((*ROOT, "queue", 1), b"a"), [b"a"]),
            (lambda tx: tx.add((*ROOT, "queue", 2), 3), [b"a", b"3"]),
            (lambda tx: tx.append((*ROOT, "queue", "z"), b"b"), [b"b", b"a", b"3"]),
            (lambda tx: tx.delete((*ROOT, "queue", 1)), [b"b", b"3"]),
            (lambda tx: tx.clear_range(under(ROOT)), []),
        ]
        for change, expected in changes:
            waiting = asyncio.ensure_future(watch.wait())
            await store.transact(lambda tx: tx.set((*ROOT, "other"), b""))
            assert not waiting.done()
            await store.transact(change)
            await asyncio.wait_for(waiting, 60)
            found = await store.read(lambda tx: [value for _, value in tx.scan(under((*ROOT, "queue")))])
            assert found == expected
        watch.close()

    async def test_what_a_watch_tells_of_can_be_read_at_once(self, store: Store) -> None:
        """Also by one who read in the same tick before the commit, and was not waiting when it came."""
        watch = store.watch(ROOT)
        for n in range(50):
            call = asyncio.ensure_future(store.transact(lambda tx, n=n: tx.set((*ROOT, 1), b"%d" % n)))
            while True:
                await store.read(lambda tx: tx.get((*ROOT, 1)))
                if call.done():
                    break
                await asyncio.sleep(0)
            await asyncio.wait_for(watch.wait(), 60)
            assert await store.read(lambda tx: tx.get((*ROOT, 1))) == b"%d" % n

    async def test_a_watch_is_not_woken_by_what_failed(self, store: Store) -> None:
        def fail(tx: Transaction) -> None:
            tx.set((*ROOT, 1), b"")
            raise Refused

        watch = store.watch(ROOT)
        waiting = asyncio.ensure_future(watch.wait())
        with pytest.raises(Refused):
            await store.transact(fail)
        await store.transact(lambda tx: tx.set(("000000000000", "", "x"), b""))
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        watch.close()
