"""Tumbling windows: records of the same span of time share a state, which the function hands on from one invocation to the next.

docs: Lambda developer guide, "Implementing stateful DynamoDB stream processing in Lambda" (with-ddb-windows).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.services.lambda_.event_sources import batches, store
from atoll.services.lambda_.event_sources.batches import Answer, Record
from atoll.services.lambda_.moments import zulu

if TYPE_CHECKING:
    from atoll.services.lambda_.event_sources.shard_lane import Lane

MOST_STATE = 1 << 20
"""Bytes of a state; a larger one ends the window early."""


EMPTY = b"{}"


class _Answered(msgspec.Struct):
    """What counts of a function's answer."""

    state: msgspec.Raw = msgspec.Raw(EMPTY)


class Windows:
    """The tumbling windows of one lane; `seconds` is 0 where the mapping has none."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.seconds: int = lane.mapping.settings["TumblingWindowInSeconds"]
        self._state = EMPTY
        self._start = 0

    def limit(self, waiting: Sequence[Record], count: int) -> int:
        """How many of the first `count` records are of the first one's window."""
        if not self.seconds:
            return count
        start = batches.window_of(waiting[0], self.seconds)
        starts = [batches.window_of(record, self.seconds) for record in waiting[:count]]
        return next((place for place, other in enumerate(starts) if other != start), count)

    def size(self) -> int:
        """Bytes of the state that the next event has."""
        window = self._lane.place.window
        return len(window.state) if window is not None else 0

    def due(self, waiting: Sequence[Record]) -> list[float]:
        """When waiting records must be processed because their window ends."""
        if not self.seconds or not waiting:
            return []
        return [float(batches.window_of(waiting[0], self.seconds) + self.seconds)]

    def end(self) -> list[float]:
        """When the open window ends, if one is open."""
        window = self._lane.place.window
        return [float(window.start + self.seconds)] if window is not None else []

    async def process(self, records: Sequence[Record]) -> None:
        """Runs the function on records of one window, after the final invocation of the one before."""
        window, start = self._lane.place.window, batches.window_of(records[0], self.seconds)
        if window is not None and window.start != start:
            await self.close()
            window = None
        if self._lane.stopping:
            return
        self._start, self._state = start, window.state if window is not None else EMPTY
        await self._lane.attempts.process(records, self)
        if len(self._state) > MOST_STATE:
            await self.close(early=True)

    def adds(self, *, final: bool = False, early: bool = False) -> dict[str, Any]:
        """What an event has beside its records."""
        return {
            "window": {"start": zulu(self._start, "seconds"), "end": zulu(self._start + self.seconds, "seconds")},
            "state": msgspec.Raw(self._state),
            "shardId": self._lane.shard,
            "eventSourceARN": self._lane.mapping.source,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": early,
        }

    def took(self, answer: Answer) -> store.Window:
        """The window after the function gave this answer."""
        try:
            given = msgspec.json.decode(answer.payload, type=_Answered).state
            self._state = bytes(given) if str(given, "utf-8") != "null" else EMPTY
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            self._state = EMPTY
        return store.Window(self._start, self._state)

    async def close(self, *, early: bool = False) -> None:
        """The final invocation of the open window, which has no records: tried again as any other, then left."""
        window = self._lane.place.window
        assert window is not None
        self._start, self._state = window.start, window.state
        await self._lane.attempts.finish(self.adds(final=True, early=early))
        if not self._lane.stopping:
            await self._lane.advance(self._lane.place.after)
