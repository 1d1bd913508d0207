"""Polls a stream for one mapping: its shards, a parent before its children, and of each so many lanes side by side as the mapping's
ParallelizationFactor says. docs: Lambda developer guide, "Process DynamoDB records with Lambda".
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import msgspec

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError
from atoll.kernel.keys import under
from atoll.kernel.service import Host
from atoll.kernel.store.api import Reader, Transaction, Watch
from atoll.kernel.tracing import Span
from atoll.services.lambda_.errors import ResourceNotFoundException
from atoll.services.lambda_.event_sources import dynamodb, store
from atoll.services.lambda_.event_sources.batches import backoff
from atoll.services.lambda_.event_sources.delivery import Session
from atoll.services.lambda_.event_sources.rest import Rest
from atoll.services.lambda_.event_sources.shard_lane import Lane
from atoll.services.lambda_.roles import SERVICE_HOST

log = logging.getLogger(__name__)

LOOK_ANYWAY = 60.0
"""Seconds of real time after which one looks though nothing hinted at a record: as another node's writes would not."""

TROUBLE_MOST = 10.0
"""Seconds of real time between two tries to read what cannot be read: only somebody's doing changes that, not time."""


class StreamPoller:
    """The poller of one mapping."""

    def __init__(self, host: Host, mapping: store.Mapping, reads: asyncio.Semaphore) -> None:
        self.mapping = mapping
        self.reads = reads
        self.session = Session(mapping)
        self.stopping = False
        self.partition = ""
        self._host = host
        self._ctx = self.traced()
        self._ctx.span.end()  # it lasts as long as the mapping: what it does has traces of its own
        self._rest = Rest(host.kernel.clock)
        self._lanes: dict[tuple[str, int], tuple[Lane, asyncio.Task[None]]] = {}
        self._done: set[tuple[str, int]] = set()
        self._result: str | None = None

    @property
    def at_rest(self) -> bool:
        """Whether it and its lanes wait for records or a later region time."""
        return self._rest.resting and all(lane.rest.resting and not task.done() for lane, task in self._lanes.values())

    def stop(self) -> None:
        """Has it end after the invocations that run."""
        self.stopping = True
        self._wake()

    def traced(self) -> Context:
        """A context for a piece of work that people shall see."""
        principal = Principal.service(SERVICE_HOST, self.mapping.account, source_arn=self.mapping.arn)
        name = f"event source mapping {self.mapping.uuid}"
        return self._host.context("lambda", self.mapping.account, self.mapping.region, principal, name)

    def quiet(self) -> Context:
        """A context for work that leaves no trace."""
        return self._ctx.derive(span=Span("poll", self._ctx.request_id))

    async def reader(self) -> Context:
        """A context to read the stream with, as the function's role. Raises as `Session.principal` does."""
        ctx = self.quiet()
        return ctx.derive(principal=await self.session.principal(ctx))

    async def run(self) -> None:
        """Polls until it is stopped."""
        raw = await self._ctx.store.read(lambda tx: tx.get(dynamodb.stream_key(self.mapping.source)))
        watch = self._ctx.store.watch(dynamodb.watched(self.mapping.source, raw))
        watching = asyncio.create_task(self._wake_on(watch), name=f"records of {self.mapping.source}")
        try:
            await self._follow_shards()
        finally:
            watching.cancel()
            watch.close()
            tasks = [task for _, task in self._lanes.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def note(self, result: str) -> None:
        """Says what came of the last records, where it is something else than before."""
        if result != self._result:
            self._result = result
            await self._ctx.store.transact(lambda tx: store.put_result(tx, self.mapping, result))

    async def trouble(self, error: ServiceError, rest: Rest, failed: int) -> None:
        """The stream could not be read, or the function is not there: says so, and waits before the next try."""
        if isinstance(error, ResourceNotFoundException):
            await self.note(f"PROBLEM: {error.message}")
        else:
            await self.note(f"PROBLEM: {dynamodb.trouble(self.mapping.source, error)}")
        await rest.wall(min(backoff(failed), TROUBLE_MOST))

    async def _follow_shards(self) -> None:
        failed = 0
        while not self.stopping:
            try:
                description = await dynamodb.describe(await self.reader(), self.mapping.source)
            except ServiceError as error:
                failed += 1
                await self.trouble(error, self._rest, failed)
                continue
            failed, self.partition = 0, description.partition
            ended = await self._adopt(description.shards)
            known = {shard.id for shard in description.shards}
            for shard in description.shards:
                if shard.id not in ended and (shard.parent not in known or shard.parent in ended):
                    self._begin(shard.id)
            await self._rest.until(None)
        await asyncio.gather(*(task for _, task in self._lanes.values()))

    async def _adopt(self, shards: Sequence[dynamodb.Shard]) -> set[str]:
        """Fits the stored places to the shards that there are and to the number of lanes. Returns which shards are done."""
        lanes, known = self.mapping.settings["ParallelizationFactor"], {shard.id for shard in shards}

        def adopt(tx: Transaction) -> set[str]:
            if store.find(tx, self.mapping.account, self.mapping.region, self.mapping.uuid) is None:
                return known
            return {
                shard for shard in _shards_with_places(tx, self.mapping) if _fit(tx, self.mapping, shard, lanes, known)
            }

        return await self._ctx.store.transact(adopt)

    def _begin(self, shard: str) -> None:
        for number in range(self.mapping.settings["ParallelizationFactor"]):
            if (shard, number) not in self._lanes and (shard, number) not in self._done:
                lane = Lane(self, shard, number)
                task = asyncio.create_task(self._run(lane), name=f"{self.mapping.uuid} {shard} {number}")
                self._lanes[shard, number] = (lane, task)

    async def _run(self, lane: Lane) -> None:
        """Runs a lane to its shard's end; then children may begin."""
        while not self.stopping:
            try:
                await lane.run()
                break
            except Exception:
                log.exception("event source mapping %s failed; it is tried again", self.mapping.uuid)
                await lane.rest.wall(TROUBLE_MOST)
        del self._lanes[lane.shard, lane.number]
        self._done.add((lane.shard, lane.number))
        self._rest.wake()

    async def _wake_on(self, watch: Watch) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_ANYWAY):
                    await watch.wait()
            for lane, _ in self._lanes.values():
                lane.rest.hint()

    def _wake(self) -> None:
        self._rest.wake()
        for lane, _ in self._lanes.values():
            lane.rest.wake()


def _shards_with_places(tx: Reader, mapping: store.Mapping) -> list[str]:
    rows = tx.scan(under(store.places_prefix(mapping)))
    return sorted({str(at[len(store.places_prefix(mapping))]) for at, _ in rows})


def _fit(tx: Transaction, mapping: store.Mapping, shard: str, lanes: int, known: set[str]) -> bool:
    """Makes the places of a shard those of so many lanes: each begins where the last of the former was. Returns whether it is done."""
    prefix = (*store.places_prefix(mapping), shard)
    found = {at[len(prefix) :]: store.PLACES.decode(raw) for at, raw in tx.scan(under(prefix))}
    if shard not in known:
        tx.clear_range(under(prefix))
        return True
    if all(at[0] == lanes for at in found):
        return len(found) == lanes and all(place.ended for place in found.values())
    complete = any(len(found) >= int(str(at[0])) for at in found)
    last = min(found.values(), key=_progress) if complete else store.Place()
    tx.clear_range(under(prefix))
    for lane in range(lanes):
        tx.set(
            store.place_key(mapping, shard, lanes, lane),
            store.PLACES.encode(msgspec.structs.replace(last, window=None)),
        )
    return last.ended


def _progress(place: store.Place) -> tuple[bool, int]:
    return place.ended, int(place.after or 0)
