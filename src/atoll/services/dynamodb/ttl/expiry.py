"""Deletes items when they expire. docs: Developer Guide, "Using time to live".

AWS deletes them within a few days; here they go as soon as region time reaches their second, as deletions by the service: no capacity is
used, and a stream says who did it. What became due while the region was down goes when it is back.

Each table with time to live is looked after by a `Sweep`: one timer, at the first entry of the table's index. The index says all, so
nothing is lost with the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from atoll.kernel.clock import Timer
from atoll.kernel.context import Principal
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.keys import Key, between, under
from atoll.kernel.service import Host
from atoll.kernel.store.api import Reader, Transaction, Watch
from atoll.services.dynamodb.items.storage import read, replace
from atoll.services.dynamodb.store import Table, find_table
from atoll.services.dynamodb.ttl.entries import OLDEST, TABLES_PREFIX, index_prefix

log = logging.getLogger(__name__)

SLICE = 50
"""Items that one transaction deletes: some milliseconds."""
LOOK_ANYWAY = 15.0
"""Seconds of real time after which one looks though nothing hinted at a change."""


class Index(NamedTuple):
    """A table's index of expiry times."""

    account: str
    region: str
    incarnation: str
    id: str
    table: str

    @property
    def prefix(self) -> Key:
        """What the keys of its entries begin with."""
        return index_prefix(self.account, self.region, self.incarnation, self.id)


class Sweep:
    """Makes the items of one table expire."""

    def __init__(self, host: Host, index: Index) -> None:
        self._host = host
        self._index = index
        principal = Principal.service("dynamodb.amazonaws.com", index.account)
        self._ctx = host.context(
            "dynamodb", index.account, index.region, principal, f"expiry of items of {index.table}"
        )
        self._ctx.span.end()  # it lasts as long as the table: no sweep is a request of its own
        self._timer: Timer | None = None
        self._busy = asyncio.Lock()

    async def run(self) -> None:
        """Keeps the timer at the first entry, until cancelled; then the slice under way is still finished."""
        watch = self._host.kernel.store.watch(self._index.prefix)
        try:
            while True:
                await self.settle()
                await _hint(watch)
        finally:
            watch.close()
            async with self._busy:
                self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def settle(self) -> None:
        """Waits for what is under way, and sets the timer to the first entry."""
        async with self._busy:
            await self._arm()

    async def _arm(self) -> None:
        try:
            first = await self._host.kernel.store.read(self._first)
        except StoreUnavailable:
            log.exception("the expiry of items of %s cannot be read; it is tried again", self._index.table)
            return
        if self._timer is not None and self._timer.callback is not None and self._timer.when == first:
            return
        self._cancel()
        if first is not None:
            self._timer = self._host.kernel.clock.call_at(first, self._sweep, f"expiry of items of {self._index.table}")

    def _table(self, tx: Reader) -> Table | None:
        """The table, unless its time to live was disabled meanwhile, or it is gone."""
        table = find_table(tx, self._ctx, self._index.table)
        same = table is not None and (table.incarnation, table.ttl_index) == (self._index.incarnation, self._index.id)
        return table if same else None

    def _first(self, tx: Reader) -> int | None:
        prefix = self._index.prefix
        if self._table(tx) is None:
            return None
        return next((int(str(key[len(prefix)])) for key, _ in tx.scan(under(prefix), limit=1)), None)

    async def _sweep(self) -> None:
        """Deletes what has expired by now, slice by slice."""
        async with self._busy:
            now = self._ctx.clock.now()
            try:
                while await self._ctx.store.transact(lambda tx: self._expire(tx, now)):
                    pass
            except Exception:
                log.exception("items of %s have expired and cannot be deleted; it is tried again", self._index.table)
                return
            await self._arm()

    def _expire(self, tx: Transaction, now: float) -> bool:
        """Deletes a slice of what has expired. Returns whether there may be more."""
        prefix, ctx, table = self._index.prefix, self._ctx, self._table(tx)
        if table is None:
            return False
        due = [place for place, _ in tx.scan(between(prefix, (*prefix, int(now) + 1)), limit=SLICE)]
        for place in due:
            tx.delete(place)
            expires, *key = place[len(prefix) :]
            old = read(tx, ctx, table, tuple(key))
            if old is not None and int(str(expires)) >= now - OLDEST:
                replace(tx, ctx, table, tuple(key), old, None, now, expired=True)
        return len(due) == SLICE


class Expiry:
    """The sweeps of all tables of the region that have time to live."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._sweeps: dict[Index, tuple[Sweep, asyncio.Task[None]]] = {}
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Begins and ends sweeps as tables come and go, until cancelled."""
        watch = self._host.kernel.store.watch(TABLES_PREFIX)
        try:
            while True:
                await self._look()
                await _hint(watch)
        finally:
            watch.close()
            await self._end(set(self._sweeps))

    async def settle(self) -> str | None:
        """Sees to it that a timer stands at whatever expires next, so that a clock that moves on misses none (a `kernel.clock.Settler`)."""
        await self._look()
        for sweep, _ in list(self._sweeps.values()):
            await sweep.settle()
        return None

    async def _look(self) -> None:
        async with self._looking:
            try:
                there = await self._host.kernel.store.read(_listed)
            except StoreUnavailable:
                log.exception("the tables with time to live cannot be read; it is tried again")
                return
            await self._end(self._sweeps.keys() - there)
            for index in there - self._sweeps.keys():
                sweep = Sweep(self._host, index)
                self._sweeps[index] = sweep, asyncio.create_task(sweep.run(), name=f"expiry {index.table}")

    async def _end(self, indexes: set[Index]) -> None:
        ended = [task for _, task in map(self._sweeps.pop, indexes)]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


@asynccontextmanager
async def expiring(host: Host) -> AsyncIterator[None]:
    """Makes items expire as long as the context lasts."""
    expiry = Expiry(host)
    host.kernel.clock.settle_with(expiry.settle)
    task = asyncio.create_task(expiry.run(), name="expiry of items")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _listed(tx: Reader) -> set[Index]:
    return {
        Index(str(account), str(region), str(incarnation), str(index), raw.decode())
        for (*_, account, region, incarnation, index), raw in tx.scan(under(TABLES_PREFIX))
    }


async def _hint(watch: Watch) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK_ANYWAY):
            await watch.wait()
