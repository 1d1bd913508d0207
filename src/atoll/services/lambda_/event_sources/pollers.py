"""The pollers of all mappings: one per mapping that is enabled and whose source is polled. Each works by itself; none is slowed by others.

A mapping that changes gets a new poller once the old one has finished what it was at; so does one whose account is emptied end. Where a
poller is in its source is stored: a restart, or a crash, begins there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.keys import under
from atoll.kernel.service import Host
from atoll.kernel.store.api import Reader, Watch
from atoll.services.lambda_.event_sources import store
from atoll.services.lambda_.event_sources.sources import DYNAMODB, kind_of
from atoll.services.lambda_.event_sources.stream_poller import StreamPoller
from atoll.services.lambda_.running import Running, open_running

log = logging.getLogger(__name__)

READS = 8
"""How many pollers read their sources at once. Their functions run beside each other, up to the account's limit."""
LOOK_ANYWAY = 15.0
"""Seconds of real time after which one looks though nothing hinted at a change."""
GLANCE = 0.001
"""Seconds of real time between two looks whether the pollers rest."""


class Poller(Protocol):
    """Feeds one mapping's function. A kind of source is polled once a class of these stands in POLLERS."""

    @property
    def at_rest(self) -> bool:
        """Whether it waits: for its source, or for a later region time."""

    async def run(self) -> None:
        """Polls until it is stopped."""

    def stop(self) -> None:
        """Has it end as soon as the invocation that runs is done."""


POLLERS: Mapping[str, Callable[[Host, store.Mapping, asyncio.Semaphore], Poller]] = {DYNAMODB.name: StreamPoller}
"""What polls a kind of source, by its name."""


class Pollers:
    """Keeps the pollers as the stored mappings say."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reads = asyncio.Semaphore(READS)
        self._running: dict[str, tuple[str, Poller, asyncio.Task[None]]] = {}
        self._changing = asyncio.Lock()

    async def run(self) -> None:
        """Follows the stored mappings until cancelled; then the pollers are, too."""
        watch = self._host.kernel.store.watch(store.INDEX)
        try:
            await self._host.assembled.wait()
            while True:
                await self._follow()
                await _hint(watch)
        finally:
            watch.close()
            tasks = [task for _, _, task in self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> str | None:
        """Waits until every poller waits for its source or a later time (a `kernel.clock.Settler`)."""
        if not self._host.assembled.is_set():
            return None
        await self._follow()
        if self._running:
            await self._host.kernel.clock.wall_sleep(GLANCE)  # lets hints of what was just committed arrive
        busy = [uuid for uuid, (_, poller, _) in self._running.items() if not poller.at_rest]
        while any(not poller.at_rest for _, poller, _ in self._running.values()):
            await self._host.kernel.clock.wall_sleep(GLANCE)
        return f"event source mapping {busy[0]}" if busy else None

    async def _follow(self) -> None:
        async with self._changing:
            try:
                stored = await self._host.kernel.store.read(_stored)
            except StoreUnavailable:
                log.exception("the event source mappings cannot be read; it is tried again")
                return
            for uuid, (revision, poller, _) in self._running.items():
                if uuid not in stored or stored[uuid].revision != revision:
                    poller.stop()
            for uuid, mapping in stored.items():
                if uuid not in self._running:
                    self._start(mapping)

    def _start(self, mapping: store.Mapping) -> None:
        make = POLLERS.get(kind_of(mapping.source).name)
        if not mapping.enabled or make is None:
            return
        poller = make(self._host, mapping, self._reads)
        task = asyncio.create_task(self._poll(mapping.uuid, poller), name=f"event source mapping {mapping.uuid}")
        self._running[mapping.uuid] = (mapping.revision, poller, task)

    async def _poll(self, uuid: str, poller: Poller) -> None:
        try:
            await poller.run()
        except Exception:
            log.exception("the poller of the event source mapping %s failed; it begins anew", uuid)
            await self._host.kernel.clock.wall_sleep(1.0)
        finally:
            del self._running[uuid]
        await self._follow()


def _stored(tx: Reader) -> dict[str, store.Mapping]:
    """Every mapping of the region by its UUID."""
    found = {}
    for at, _ in tx.scan(under(store.INDEX)):
        account, region, uuid = (str(part) for part in at[len(store.INDEX) :])
        mapping = store.find(tx, account, region, uuid)
        if mapping is not None:
            found[uuid] = mapping
    return found


async def _hint(watch: Watch) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK_ANYWAY):
            await watch.wait()


@asynccontextmanager
async def open_polling(host: Host) -> AsyncIterator[Running]:
    """The service's runtime, and beside it what feeds functions from their event sources."""
    async with open_running(host) as running:
        pollers = Pollers(host)
        host.kernel.clock.settle_with(pollers.settle)
        following = asyncio.create_task(pollers.run(), name="event source mappings")
        try:
            yield running
        finally:
            following.cancel()
            await asyncio.wait([following])
