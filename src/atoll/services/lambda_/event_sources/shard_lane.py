"""A lane of a shard: reads it in order, keeps the records that are its own, and runs the function on them batch by batch.

A batch is done before the next one begins, and a place is stored only when all before it is done: after a crash records come again, none
is left out. docs: Lambda developer guide, "Process DynamoDB records with Lambda".
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.errors import ServiceError
from atoll.kernel.store.api import Transaction
from atoll.services.lambda_.event_sources import batches, dynamodb, store
from atoll.services.lambda_.event_sources.attempts import Attempts
from atoll.services.lambda_.event_sources.batches import Record
from atoll.services.lambda_.event_sources.filters import patterns, wanted
from atoll.services.lambda_.event_sources.rest import Rest
from atoll.services.lambda_.event_sources.windows import Windows

if TYPE_CHECKING:
    from atoll.services.lambda_.event_sources.stream_poller import StreamPoller

PAGE = 100
"""Records that are read at once: more would hold the event loop."""
LARGE = 200_000
"""Bytes of a page after which there may be more: it ends below 1 MB, and one record has up to 800 KB."""


class Lane:
    """One of the lanes of a shard. `rest` shows whether it waits."""

    def __init__(self, poller: StreamPoller, shard: str, number: int) -> None:
        self.poller = poller
        self.mapping = poller.mapping
        self.clock = poller.quiet().clock
        self.shard = shard
        self.number = number
        self.rest = Rest(self.clock)
        self._filters = patterns(self.mapping.settings.get("FilterCriteria"))
        self.attempts = Attempts(self)
        self._windows = Windows(self)
        self._begin(store.Place())

    def _begin(self, place: store.Place) -> None:
        self.place = place
        self._waiting: deque[Record] = deque()
        self._waiting_since = 0.0
        self._iterator = place.iterator
        self._read_up_to = place.after
        self._skip_before = 0.0
        self._at_end = False

    @property
    def stopping(self) -> bool:
        """Whether the mapping's poller was told to stop."""
        return self.poller.stopping

    async def run(self) -> None:
        """Processes the shard from its stored place to its end, or until the poller stops."""
        ctx = self.poller.quiet()
        raw = await ctx.store.read(lambda tx: tx.get(self._key()))
        self._begin(store.PLACES.decode(raw) if raw is not None else store.Place())
        while not self.stopping and not self.place.ended:
            more = not self._at_end and await self._read()
            count = self._ready(more)
            if count:
                records = [self._waiting.popleft() for _ in range(count)]
                self._waiting_since = self.clock.now()
                await self._windows.process(records) if self._windows.seconds else await self.attempts.process(records)
            elif not more:
                await self._wait()

    async def advance(self, number: str, window: store.Window | None = None) -> None:
        """All up to this sequence number is done."""
        await self._save(msgspec.structs.replace(self.place, after=number, iterator="", window=window))

    def _ready(self, more: bool) -> int:
        """How many of the waiting records are a batch that is due, 0 where it is not."""
        if not self._waiting:
            return 0
        size = self.mapping.settings["BatchSize"]
        waiting = list(self._waiting)
        count = self._windows.limit(waiting, batches.fitting(waiting, size))
        full = count == size or count < len(waiting) or self._at_end
        return count if full or (not more and self.clock.now() >= self._due()) else 0

    def _due(self) -> float:
        """When the waiting records are a batch though there might be more."""
        due: float = self._waiting_since + self.mapping.settings["MaximumBatchingWindowInSeconds"]
        return min([due, *self._windows.due(self._waiting)])

    async def _wait(self) -> None:
        """Nothing is due: the place is kept, then one waits."""
        ends = self._windows.end()
        if ends and not self._waiting and (self._at_end or self.clock.now() >= ends[0]):
            await self._windows.close()
            return
        if self._at_end:
            await self._save(store.Place(after=self._read_up_to, ended=True))
            return
        if not self._waiting and self._read_up_to != self.place.after:
            await self.advance(self._read_up_to, self.place.window)
        times = [self._due()] if self._waiting else ends
        await self.rest.until(min(times, default=None), f"batch of event source mapping {self.mapping.uuid}")

    async def _read(self) -> bool:
        """Reads a page, and says whether there may be another one. Failures are told and waited for."""
        if len(self._waiting) >= self.mapping.settings["BatchSize"]:
            return True
        failed = 0
        while not self.stopping:
            try:
                async with self.poller.reads:
                    return await self._read_page()
            except ServiceError as error:
                failed += 1
                if error.code in ("ExpiredIteratorException", "TrimmedDataAccessException"):
                    self._iterator = ""
                    if error.code == "TrimmedDataAccessException":
                        self._read_up_to = ""
                else:
                    await self.poller.trouble(error, self.rest, failed)
        return False

    async def _read_page(self) -> bool:
        ctx = await self.poller.reader()
        arn = self.mapping.source
        if not self._iterator:
            kind = "AFTER_SEQUENCE_NUMBER" if self._read_up_to else "TRIM_HORIZON"
            self._skip_before = float(int(self.place.since))
            self._iterator = await dynamodb.iterator(ctx, arn, self.shard, kind, self._read_up_to)
        lanes = self.mapping.settings["ParallelizationFactor"]
        page = await dynamodb.page(ctx, arn, self._iterator, PAGE, self.poller.partition, lanes)
        own = [record for lane, record in page.records if lane == self.number and record.at >= self._skip_before]
        if self._filters and own:
            own = await asyncio.to_thread(lambda: [one for one in own if wanted(self._filters, one.event)])
        if own and not self._waiting:
            self._waiting_since = self.clock.now()
        self._waiting += own
        self._iterator, self._at_end = page.following or "", page.following is None
        if page.records:
            self._read_up_to = page.records[-1][1].number
        size = sum(len(record.event) for _, record in page.records)
        return len(page.records) == PAGE or size > LARGE

    def _key(self) -> Any:
        return store.place_key(self.mapping, self.shard, self.mapping.settings["ParallelizationFactor"], self.number)

    async def _save(self, place: store.Place) -> None:
        mapping = self.mapping

        def save(tx: Transaction) -> None:
            if store.find(tx, mapping.account, mapping.region, mapping.uuid) is not None:
                tx.set(self._key(), store.PLACES.encode(place))

        self.place = place
        await self.poller.quiet().store.transact(save)
